//! A state of ten thousand databases, as it is after a day: some drifted, some out of reach, most well. The
//! browser tests (`tests/screen_live/crowd.rs`) look at the same fleet.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::SignedDuration;
use jiff::Timestamp;
use schemawarden::clock::Clock;
use schemawarden::config;
use schemawarden::config::Database;
use schemawarden::finding::Finding;
use schemawarden::finding::FindingKind;
use schemawarden::finding::ObjectKind;
use schemawarden::policy::Policy;
use schemawarden::report::Evidence;
use schemawarden::report::Report;
use schemawarden::report::Verdict;
use schemawarden::schema::RelationName;
use schemawarden::store::AuditCommit;
use schemawarden::store::Store;

pub(crate) const DATABASES: usize = 10_000;
/// Of these, each with an open incident.
pub(crate) const DRIFTED: usize = 500;
/// One of so many is ill, spread over all servers and teams: the first 500 are drifted, of the others it
/// could not be told.
const ILL: usize = 17;
/// Between two audits of a database.
const HOURS: usize = 3;
const SERVERS: usize = 40;
/// Commits under way at one time: the writer gathers them.
const TOGETHER: usize = 2_000;

const TABLES: [&str; 6] = ["Musician", "Concert", "Rehearsal", "Payment", "Venue", "Setting"];

/// The name of one of them.
pub(crate) fn name(number: usize) -> String {
    format!("orchestra-{number:05}")
}

/// Writes config, manifests and state into `folder`, with so many audits of each database up to now, and a
/// channel that leads to `receiver`. How long the state took.
pub(crate) async fn write(folder: &Path, receiver: &str, audits: usize) -> Duration {
    let manifests = folder.join("expected-schemas");
    std::fs::create_dir_all(&manifests).expect("our own folder");
    for (name, tables) in
        [("central", "[Orchestra, User, Customer, SystemLog]"), ("orchestra", "[Section]")]
    {
        let text = format!("manifest: {name}\ntables: {tables}\n");
        std::fs::write(manifests.join(format!("{name}.yaml")), text).expect("our own file");
    }
    let path = folder.join("config.yaml");
    std::fs::write(&path, text(receiver)).expect("our own file");
    let now = Clock::System.now();
    let config = config::load(&path, &|_| None, now);
    let config = config.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let began = Instant::now();
    let store = Store::open_sqlite(&folder.join("schemawarden.db"), now).expect("a state");
    let policy = Arc::new(Policy::of_channels([]));
    for back in (0..audits).rev() {
        let hours = i64::try_from(back * HOURS).expect("some days");
        let at = now - SignedDuration::from_hours(hours);
        let commits = config.databases.iter().enumerate().map(|(number, database)| {
            let commit = audit(database, number, back, at, &policy);
            let store = store.clone();
            async move { store.commit_audit(commit).await.map(drop).expect("it commits") }
        });
        stream::iter(commits).buffer_unordered(TOGETHER).collect::<Vec<_>>().await;
    }
    store.close().await.expect("the state closes");
    began.elapsed()
}

/// Nobody is asked again within the week: where these databases are, nobody listens.
fn text(receiver: &str) -> String {
    let mut text = "defaults: { schedule: { every: 168h } }\n\
        limits: { connect_timeout: 1s, audit_deadline: 2s }\n\
        http: { listen: '127.0.0.1:0' }\n\
        routes: [{ to: [ops] }]\n\
        databases:\n"
        .to_owned();
    for number in 0..DATABASES {
        let manifest = if number == 0 { "central" } else { "orchestra" };
        let team = ["red", "green", "blue", "white"][number % 4];
        writeln!(
            text,
            "  - {{ name: {}, url: 'postgres://auditor@127.0.0.1:9/o{number}', manifest: {manifest}, \
             server: db-{:02}.example.com, labels: {{ team: {team} }} }}",
            name(number),
            number % SERVERS
        )
        .expect("a String");
    }
    writeln!(text, "channels: {{ ops: {{ type: webhook, url: '{receiver}' }} }}")
        .expect("a String");
    text
}

/// What became of one of them so many audits ago: they began to drift at different hours.
fn verdict(number: usize, back: usize) -> Verdict {
    let drifted = back <= number % 4;
    match number % ILL {
        1 if number / ILL < DRIFTED && drifted => Verdict::Drifted,
        // Once only: what was never read completely is read again at each start.
        1 if number / ILL >= DRIFTED && back == 0 => Verdict::Unknown,
        _ => Verdict::Clean,
    }
}

fn audit(
    database: &Database,
    number: usize,
    back: usize,
    at: Timestamp,
    policy: &Arc<Policy>,
) -> AuditCommit {
    let verdict = verdict(number, back);
    let tables = if verdict == Verdict::Drifted { 1 + number % TABLES.len() } else { 0 };
    let known = verdict != Verdict::Unknown;
    let report = Report {
        database: database.name.clone(),
        manifest: database.manifest.name.clone(),
        verdict,
        reason: (!known).then(|| "connection refused (os error 111)".to_owned()),
        findings: TABLES[..tables].iter().map(|it| unexpected(it)).collect(),
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: at,
            duration: Duration::from_micros(7_940),
            server_version: known.then(|| "15.18".to_owned()),
            role: known.then(|| "auditor".to_owned()),
            relations: known.then_some(21 + tables),
            hidden_from_information_schema: known.then_some(21 + tables),
            left_out: std::collections::BTreeMap::new(),
            manifest_hash: database.manifest.hash.clone(),
            manifest_ref: None,
            deploy: None,
            unreachable: !known,
            complete: known,
        },
    };
    AuditCommit {
        report: Arc::new(report),
        now: at,
        labels: database.labels.clone(),
        server: database.server(),
        life: database.life,
        policy: Arc::clone(policy),
        known: None,
        known_version: None,
        residence: None,
        turn: None,
        next_due: at,
        deferred: false,
    }
}

fn unexpected(table: &str) -> Finding {
    let message = format!("table `{table}` is not in manifest `orchestra`");
    let name = RelationName::new("public", table);
    Finding::new(FindingKind::UnexpectedTable, ObjectKind::Table, Some(name), message)
}
