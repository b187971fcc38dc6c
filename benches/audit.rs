//! How much of the speed of light an audit reaches. Run by `benches/run.sh`, which starts the server.
//!
//! Not a test: figures, side by side with their reference, in one run. The bare loop connects, sends
//! the very message of an audit, reads the answer to its end, and disconnects. The full loop is what
//! the daemon does: introspect, compare, diagnose, conclude, and commit to SQLite. The two take
//! turns, so that the noise of the machine meets both alike.
//!
//! ```text
//! audit statement                          prints the audit's one message, for psql and pgbench
//! audit throughput TEMPLATE N CONCURRENCY  TEMPLATE is a URL in which {n} is 0 to N-1
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;
use schemawarden::audit::Provisioning;
use schemawarden::audit::Slots;
use schemawarden::audit::audit;
use schemawarden::clock::Clock;
use schemawarden::config::Database;
use schemawarden::config::Limits;
use schemawarden::deploy::Force;
use schemawarden::introspect;
use schemawarden::introspect::Environment;
use schemawarden::manifest;
use schemawarden::manifest::Manifests;
use schemawarden::policy::Policy;
use schemawarden::report::Verdict;
use schemawarden::store::AuditCommit;
use schemawarden::store::Store;
use tokio_util::sync::CancellationToken;

/// Turns of each loop. Odd, so that the median is a turn that happened.
const TURNS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["statement"] => print!("{}", message()),
        ["throughput", template, n, concurrency] => {
            let (n, concurrency) =
                (n.parse().expect("N"), concurrency.parse().expect("CONCURRENCY"));
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(throughput(template, n, concurrency));
        }
        // `cargo bench` and `cargo test --benches` run this without arguments.
        _ => println!("run benches/run.sh: it starts the server that this measures"),
    }
}

async fn throughput(template: &str, n: usize, concurrency: usize) {
    let urls: Vec<String> = (0..n).map(|it| template.replace("{n}", &it.to_string())).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::new(&urls, concurrency, folder.path());
    bare(&urls, concurrency).await;
    fleet.audit_all(concurrency).await;

    let (mut bare_turns, mut full_turns) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        bare_turns.push(rate(n, bare(&urls, concurrency).await));
        full_turns.push(rate(n, fleet.audit_all(concurrency).await));
    }
    fleet.store.close().await.expect("the state closes");
    let (bare, full) = (median(bare_turns), median(full_turns));
    println!("bare loop  {bare:8.0} databases/s   (connect, send the message, read, disconnect)");
    println!(
        "full audit {full:8.0} databases/s   (and compare, diagnose, conclude, commit to SQLite)"
    );
    println!("ratio      {:8.3}", full / bare);
}

/// What an audit sends.
fn message() -> String {
    let limits = Limits::default();
    introspect::message(&limits, limits.audit_deadline)
}

/// The reference: nothing but the exchange.
async fn bare(urls: &[String], concurrency: usize) -> Duration {
    let message = message();
    let began = Instant::now();
    stream::iter(urls)
        .for_each_concurrent(concurrency, |url| {
            let message = message.as_str();
            async move {
                let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
                let (client, connection) = connected.expect("the server answers");
                let (answer, _) = tokio::join!(
                    async move { client.simple_query(message).await.map(|it| it.len()) },
                    connection
                );
                assert!(answer.expect("the message is answered") > 25);
            }
        })
        .await;
    began.elapsed()
}

/// What the daemon holds.
struct Fleet {
    databases: Vec<Arc<Database>>,
    manifests: Manifests,
    environment: Environment,
    slots: Slots,
    store: Store,
}

impl Fleet {
    fn new(urls: &[String], concurrency: usize, folder: &Path) -> Self {
        let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (manifests, _) = manifest::load_folder(Path::new("expected-schemas"), today)
            .expect("our manifests load");
        // The bench's databases hold all 25 tables: 21 are foreign to central.
        let central = Arc::clone(&manifests["central"]);
        let databases = urls
            .iter()
            .enumerate()
            .map(|(n, url)| {
                let mut database = Database::unregistered(url, false, Arc::clone(&central))
                    .expect("the URL parses");
                database.name = format!("bench{n}");
                Arc::new(database)
            })
            .collect();
        let limits = Limits { concurrency, per_server: concurrency, ..Limits::default() };
        Self {
            databases,
            manifests,
            environment: Environment::new(|_| None),
            slots: Slots::new(&limits),
            store: Store::open_sqlite(&folder.join("state.db"), Clock::System.now())
                .expect("a state"),
        }
    }

    async fn audit_all(&self, concurrency: usize) -> Duration {
        let never = &CancellationToken::new();
        let began = Instant::now();
        stream::iter(&self.databases)
            .for_each_concurrent(concurrency, |database| async move {
                let force = Force::of(Arc::clone(&database.manifest));
                let report = audit(
                    database,
                    &force,
                    &self.manifests,
                    Provisioning::Done,
                    &self.environment,
                    &self.slots,
                    &Clock::System,
                    never,
                );
                let report = report.await.expect("nobody shuts down");
                assert_eq!(report.verdict, Verdict::Drifted, "{:?}", report.reason);
                assert_eq!(report.findings.len(), 21);
                let audit = AuditCommit {
                    report: Arc::new(report),
                    now: Clock::System.now(),
                    labels: BTreeMap::new(),
                    server: database.server(),
                    life: database.life,
                    policy: Arc::new(Policy::of_channels(["ops".to_owned()])),
                };
                self.store.commit_audit(audit).await.expect("it commits");
            })
            .await;
        began.elapsed()
    }
}

fn rate(n: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred databases")]
    let n = n as f64;
    n / took.as_secs_f64()
}

fn median(mut turns: Vec<f64>) -> f64 {
    turns.sort_by(f64::total_cmp);
    turns[turns.len() / 2]
}
