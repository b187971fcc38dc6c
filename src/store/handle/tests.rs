//! The state on real files: what is on disk when, and what a kill leaves.

mod file;
mod on_a_file;
mod on_a_server;
mod server;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;

use super::*;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::incident::Life;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::schema::RelationName;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::Claimed;
use crate::store::Paces;

const LEASE: Duration = Duration::from_mins(1);

/// Where a state is.
trait Place {
    fn new() -> Self;
    fn open(&self, now: Timestamp, pace: Pace) -> Handle;
    /// A connection of somebody else.
    fn connect(&self) -> Connection;
}

/// A state of its own, and the time of those who open it.
struct BenchOn<P> {
    place: P,
    now: std::cell::Cell<Timestamp>,
}

impl<P: Place> BenchOn<P> {
    fn new() -> Self {
        let now = Timestamp::from_second(1_750_000_000).unwrap();
        Self { place: P::new(), now: std::cell::Cell::new(now) }
    }

    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn open(&self) -> Handle {
        self.place.open(self.now(), Pace::default())
    }

    /// Batches and retries wait `ms`.
    fn open_paced(&self, group_commit_ms: u64, retry_ms: u64) -> Handle {
        let pace = Pace {
            group_commit: Duration::from_millis(group_commit_ms),
            retry: Duration::from_millis(retry_ms),
            tick: Duration::from_millis(10),
        };
        self.place.open(self.now(), pace)
    }

    fn pass(&self, seconds: i64) {
        self.now.set(self.now() + SignedDuration::from_secs(seconds));
    }

    /// What another process would see now.
    fn count(&self, table: &str) -> i64 {
        let connection = self.place.connect();
        let sql = format!("select count(*) from {table}");
        aside(move || connection.query_row(&sql, (), |row| row.get(0)).unwrap())
    }

    /// An audit of `database` that finds these unexpected tables; `?` is one that could not tell.
    fn audit(&self, database: &str, tables: &str) -> AuditCommit {
        let unknown = tables == "?";
        let findings: Vec<Finding> = tables
            .split_whitespace()
            .filter(|_| !unknown)
            .map(|name| {
                let message = format!("unexpected table `{name}`");
                let name = RelationName::new("public", name);
                Finding::new(FindingKind::UnexpectedTable, ObjectKind::Table, Some(name), message)
            })
            .collect();
        let report = Report {
            database: database.to_owned(),
            manifest: "central".to_owned(),
            verdict: match (unknown, findings.is_empty()) {
                (true, _) => Verdict::Unknown,
                (false, true) => Verdict::Clean,
                (false, false) => Verdict::Drifted,
            },
            reason: unknown.then(|| "connection refused".to_owned()),
            findings,
            diagnoses: Vec::new(),
            evidence: Evidence {
                audited_at: self.now(),
                duration: Duration::from_micros(7_940),
                server_version: Some("15.18".to_owned()),
                role: Some("auditor".to_owned()),
                relations: (!unknown).then_some(4),
                hidden_from_information_schema: (!unknown).then_some(4),
                left_out: BTreeMap::new(),
                manifest_hash: "0123456789abcdef".to_owned(),
                manifest_ref: None,
                deploy: None,
                unreachable: false,
                complete: !unknown,
            },
        };
        AuditCommit {
            report: Arc::new(report),
            now: self.now(),
            labels: BTreeMap::new(),
            server: "db.example:5432".to_owned(),
            life: Life::default(),
            policy: policy(&["ops"]),
            known: None,
            known_version: None,
            residence: None,
            turn: None,
            next_due: self.now(),
            deferred: false,
        }
    }

    async fn claim(&self, store: &Handle) -> Vec<Claimed> {
        store.claim(self.now(), LEASE, Vec::new(), Paces::new()).await.unwrap().deliveries
    }

    fn attempt(&self, claimed: &Claimed, end: AttemptEnd) -> Attempt {
        Attempt {
            delivery: claimed.id,
            epoch: claimed.epoch,
            number: claimed.attempt,
            at: self.now(),
            duration: Duration::from_millis(120),
            end,
            broken: false,
            policy: policy(&["ops"]),
        }
    }

    /// Claims the one due delivery and records it as delivered; returns its first headline.
    async fn deliver(&self, store: &Handle) -> String {
        let claimed = self.claim(store).await;
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
        store.record_attempt(self.attempt(&claimed[0], end)).await.unwrap();
        claimed[0].notifications[0].headline.clone()
    }
}

fn steps(receipt: &Receipt) -> Vec<String> {
    let step = |it: &super::super::TransitionRecord| {
        format!("{} {} {}", it.incident, it.step.word(), it.kind.word())
    };
    receipt.transitions.iter().map(step).collect()
}

/// Everything to these channels, at once.
fn policy(channels: &[&str]) -> Arc<Policy> {
    Arc::new(Policy::of_channels(channels.iter().map(|it| (*it).to_owned())))
}

/// Runs what blocks beside the test's runtime.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|it| it.spawn(work).join().expect("no panic"))
}
