//! The state of a hundred thousand databases after thirty days of hourly audits: its size, and what a commit takes.
//!
//! The first audit of each is committed through the library, so that everything is as the daemon writes it; the rows
//! of history are multiplied from these by SQL, in the documented schema.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::SignedDuration;
use jiff::Timestamp;
use rusqlite::Connection;
use schemawarden::clock::Clock;
use schemawarden::finding::Finding;
use schemawarden::finding::FindingKind;
use schemawarden::finding::ObjectKind;
use schemawarden::incident::Life;
use schemawarden::policy::Policy;
use schemawarden::report::Evidence;
use schemawarden::report::Report;
use schemawarden::report::Verdict;
use schemawarden::schema::RelationName;
use schemawarden::store::AuditCommit;
use schemawarden::store::Store;
use tokio::task::JoinSet;

use super::Scene;
use super::plan;
use super::process;
use super::row;

const DATABASES: usize = 100_000;
const HOURS: i64 = 30 * 24;
/// Commits under way at one time while the state is filled: the writer gathers them.
const TOGETHER: usize = 5_000;
/// Commits that are measured: each opens or resolves an incident, so each is on disk before it is answered.
const MEASURED: usize = 2_000;
/// Audits a second that find nothing new meanwhile: a hundred thousand an hour.
const BESIDE: u32 = 28;
/// Between two of those that are measured.
const APART: Duration = Duration::from_millis(25);

/// Fills the state, and commits to it.
pub(crate) async fn measure(scene: &Scene) {
    let path = scene.folder.join("state.db");
    let now = Clock::System.now();
    let began = Instant::now();
    let store = Store::open_sqlite(&path, now).expect("a state");
    let policy = Arc::new(Policy::of_channels(["ops".to_owned()]));
    let first = now - SignedDuration::from_hours(HOURS);
    let commits = (0..DATABASES).map(|number| {
        let commit = audit(number, first, false, &policy);
        let store = store.clone();
        async move { store.commit_audit(commit).await.map(drop).expect("it commits") }
    });
    stream::iter(commits).buffer_unordered(TOGETHER).collect::<Vec<_>>().await;
    store.close().await.expect("the state closes");
    println!("  the first audits: {:.0} s, {}", began.elapsed().as_secs_f64(), size(&path));
    let began = Instant::now();
    multiply(&path);
    println!("  history: {:.0} s", began.elapsed().as_secs_f64());
    row(&format!("the state of {DATABASES} databases, 30 days of hourly audits"), "", &size(&path));

    let began = Instant::now();
    let store = Store::open_sqlite(&path, now).expect("a state");
    row("opening it", "", &format!("{:.2} s", began.elapsed().as_secs_f64()));
    let mut beside = JoinSet::new();
    beside.spawn(audits_beside(store.clone(), Arc::clone(&policy)));
    let mut took = Vec::new();
    for turn in 0..MEASURED {
        // Two turns of one database: its incident opens, and is resolved.
        let drifts = turn % 2 == 0;
        let commit = audit(turn / 2, Clock::System.now(), drifts, &policy);
        let began = Instant::now();
        let receipt = store.commit_audit(commit).await.expect("it commits");
        took.push(began.elapsed());
        assert!(receipt.durable && !receipt.transitions.is_empty(), "{receipt:?}");
        tokio::time::sleep(APART).await;
    }
    beside.abort_all();
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    let said = format!(
        "p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms; load average {}",
        at(50),
        at(99),
        at(100),
        process::load()
    );
    row("a commit that changes an incident, 28 other audits a second", "p99 < 20 ms", &said);
    let began = Instant::now();
    let states = store.database_states().await.expect("it answers").len();
    let said = format!("{:.2} s for {states}", began.elapsed().as_secs_f64());
    row("reading what is known of every database, as a start does", "", &said);
    store.close().await.expect("the state closes");
}

/// What a fleet without trouble commits: nothing that changes.
async fn audits_beside(store: Store, policy: Arc<Policy>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1) / BESIDE);
    for number in (MEASURED..DATABASES).cycle() {
        tick.tick().await;
        let commit = audit(number, Clock::System.now(), false, &policy);
        store.commit_audit(commit).await.expect("it commits");
    }
}

/// One audit an hour of each database, as so many rows in the order in which they would have come.
fn multiply(path: &Path) {
    let connection = Connection::open(path).expect("our own state");
    // Thrown away when it fails; the daemon's own settings hold when it is opened again.
    let indexes = [
        "create index audits_of_database on audits (database_id, at)",
        "create index audits_by_time on audits (at)",
    ];
    let fill = format!(
        "pragma journal_mode = off; pragma synchronous = off; pragma temp_store = memory;
         pragma cache_size = -1000000;
         drop index audits_of_database; drop index audits_by_time;
         create temp table seed as select * from audits;
         insert into audits (database_id, at, verdict, complete, duration_us, findings, counting,
             report_hash, reason, relations)
           with recursive hour(n) as (select 1 union all select n + 1 from hour where n < {HOURS} - 1)
           select a.database_id, a.at + hour.n * 3600000 + a.database_id * 3, a.verdict, a.complete,
             a.duration_us + (a.database_id * 7 + hour.n * 13) % 5000, a.findings, a.counting,
             a.report_hash, a.reason, a.relations
           from hour cross join seed a;
         {};
         {};
         pragma journal_mode = wal;",
        indexes[0], indexes[1]
    );
    connection.execute_batch(&fill).expect("the documented schema");
}

fn size(path: &Path) -> String {
    let bytes = std::fs::metadata(path).expect("our own file").len();
    let connection = Connection::open(path).expect("our own state");
    let rows: i64 = connection
        .query_row("select count(*) from audits", [], |row| row.get(0))
        .expect("the documented schema");
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    let (gibibytes, each) = (bytes as f64 / 1024.0_f64.powi(3), bytes as f64 / rows.max(1) as f64);
    format!("{gibibytes:.2} GiB, {rows} audits, {each:.0} bytes each")
}

fn audit(number: usize, at: Timestamp, drifts: bool, policy: &Arc<Policy>) -> AuditCommit {
    let found = || {
        let name = RelationName::new("public", "tmp_import");
        let message = "table `tmp_import` is not in manifest `everything`".to_owned();
        Finding::new(FindingKind::UnexpectedTable, ObjectKind::Table, Some(name), message)
    };
    let report = Report {
        database: plan::name(number),
        manifest: "everything".to_owned(),
        verdict: if drifts { Verdict::Drifted } else { Verdict::Clean },
        reason: None,
        findings: drifts.then(found).into_iter().collect(),
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: at,
            duration: Duration::from_micros(62_340),
            server_version: Some("15.18".to_owned()),
            role: Some("auditor".to_owned()),
            relations: Some(plan::TABLES.len()),
            hidden_from_information_schema: Some(plan::TABLES.len()),
            left_out: BTreeMap::new(),
            manifest_hash: "0123456789abcdef0123456789abcdef".to_owned(),
            manifest_ref: None,
            deploy: None,
            unreachable: false,
            complete: true,
        },
    };
    AuditCommit {
        report: Arc::new(report),
        now: at,
        labels: BTreeMap::new(),
        server: format!("127.0.0.1:{}", 20_000 + number % 300),
        life: Life { flap_window: Duration::ZERO, ..Life::default() },
        policy: Arc::clone(policy),
        known: None,
        known_version: None,
        residence: None,
        turn: None,
        next_due: at,
        deferred: false,
    }
}
