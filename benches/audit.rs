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
//! audit statements VERSION                 the same of an audit at full depth, for psql
//! audit depth URL MANIFEST                 reads the database at full depth, and compares it
//! audit state URL MANIFEST                  audits with a memory of the storage beside audits without
//! audit compare                            the pure comparison of 1,000 to 100,000 tables of 10 columns
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;
use schemawarden::audit::Before;
use schemawarden::audit::Goldens;
use schemawarden::audit::Means;
use schemawarden::audit::Slots;
use schemawarden::audit::Twins;
use schemawarden::audit::audit;
use schemawarden::circuit::Purpose;
use schemawarden::clock::Clock;
use schemawarden::compare::Accepted;
use schemawarden::compare::compare;
use schemawarden::config::Database;
use schemawarden::config::Limits;
use schemawarden::deploy::Force;
use schemawarden::introspect;
use schemawarden::introspect::Environment;
use schemawarden::manifest;
use schemawarden::manifest::Depth;
use schemawarden::manifest::Manifest;
use schemawarden::manifest::Manifests;
use schemawarden::policy::Policy;
use schemawarden::report::Verdict;
use schemawarden::reset;
use schemawarden::reset::Known;
use schemawarden::reset::Now;
use schemawarden::reset::Thresholds;
use schemawarden::schema::Catalog;
use schemawarden::schema::Column;
use schemawarden::schema::Definitions;
use schemawarden::schema::Name;
use schemawarden::schema::Relation;
use schemawarden::schema::RelationKind;
use schemawarden::schema::RelationName;
use schemawarden::schema::Session;
use schemawarden::schema::Table;
use schemawarden::schema::Wanted;
use schemawarden::store::AuditCommit;
use schemawarden::store::Store;
use tokio_util::sync::CancellationToken;

/// Turns of each loop. Odd, so that the median is a turn that happened.
const TURNS: usize = 9;
/// The same of audits with and without a memory, whose difference is small.
const STATE_TURNS: usize = 61;

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
        ["statements", version] => {
            let limits = Limits::default();
            let parts = Depth::Full.parts();
            for it in introspect::messages(&limits, limits.audit_deadline, &parts, version) {
                println!("{it};");
            }
        }
        ["depth", url, path] => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(depth(url, Path::new(path)));
        }
        ["state", url, path] => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(state(url, Path::new(path)));
        }
        ["compare"] => [1_000, 10_000, 100_000].into_iter().for_each(compare_tables),
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

/// Reads at full depth what `manifest` wants, and compares it.
async fn depth(url: &str, path: &Path) {
    let manifest = manifest::load(path, today()).expect("the manifest loads");
    let database = Database::unregistered(url, false, Arc::new(manifest)).expect("the URL parses");
    let (environment, wanted) = (Environment::new(|_| None), database.manifest.wanted());
    let mut turns = Vec::new();
    for _ in 0..=2 * TURNS {
        let began = Instant::now();
        let read = introspect::read(&database.connection, &database.limits, &environment, &wanted);
        let catalog = read.await.expect("it can be read");
        assert_eq!(catalog.doubt(), None);
        let findings = findings(&database.manifest, &catalog);
        turns.push(began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(findings, 0, "the manifest is the database's own");
    }
    // The first is a warm-up.
    turns.remove(0);
    println!("connect, read at full depth, compare, disconnect: median {:.1} ms", median(turns));
}

/// Audits in turns without a memory and with one, which is parsed before and written out after each as the
/// state has it. Then the rule alone: parse and judge, and write out where something changed.
async fn state(url: &str, path: &Path) {
    let manifest = Arc::new(manifest::load(path, today()).expect("the manifest loads"));
    let database = Database::unregistered(url, false, Arc::clone(&manifest)).expect("a URL");
    let database = Arc::new(database);
    let manifests = Manifests::from([(manifest.name.clone(), Arc::clone(&manifest))]);
    let environment = Environment::new(|_| None);
    let limits = Limits { per_server_rate: 10_000, ..Limits::default() };
    let (slots, goldens) = (Slots::new(&limits), Goldens::default());
    let (twins, never) = (Twins::default(), CancellationToken::new());
    let force = Force::of(Arc::clone(&manifest));
    let mut known = String::new();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for turn in 0..=STATE_TURNS {
        for remembers in [false, true] {
            let began = Instant::now();
            let before = Known::from_json(&known);
            let before = Before { known: before.as_ref(), ..Before::NOTHING };
            let before = if remembers { before } else { Before::NOTHING };
            let means = Means {
                environment: &environment,
                slots: &slots,
                goldens: &goldens,
                twins: remembers.then_some(&twins),
                clock: &Clock::System,
                shutdown: &never,
                purpose: Purpose::Audit,
            };
            let audited = audit(&database, &force, &manifests, async || Some(before), means).await;
            let concluded = audited.expect("nobody shuts down").concluded;
            assert_eq!(concluded.report.verdict, Verdict::Clean, "{:?}", concluded.report.reason);
            if let Some(it) = concluded.known {
                known = it.to_json();
            }
            let took = began.elapsed().as_secs_f64() * 1000.0;
            // The first is a warm-up, and learns.
            if turn > 0 {
                if remembers { with.push(took) } else { without.push(took) }
            }
        }
    }
    let (without, with) = (median(without), median(with));
    let mut rule = Vec::new();
    let wanted = Wanted { imprint: true, ..Wanted::relations() };
    let read = introspect::read(&database.connection, &database.limits, &environment, &wanted);
    let imprint = read.await.expect("it can be read").definitions.imprint;
    let imprint = imprint.expect("it was wanted").expect("it can be read");
    let at = Clock::System.now();
    for _ in 0..TURNS {
        let began = Instant::now();
        let before = Known::from_json(&known).expect("it was written out");
        let now = Now {
            imprint: &imprint,
            watched: &|_| true,
            is_there: &|_| true,
            pin: None,
            last_complete_at: None,
            at,
        };
        let judged = reset::judge(Some(&before), &now, &Thresholds::default());
        assert_eq!(judged.findings, []);
        // Written out at most every ten minutes, where nothing happened.
        let _ = std::hint::black_box(judged.changed.then(|| judged.known.to_json()));
        rule.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let rule = median(rule);
    println!(
        "{} tables: audit without a memory {without:.2} ms, with {with:.2} ms ({:+.1} %); of that the \
         comparison {rule:.2} ms ({:.1} %); {} bytes of state",
        imprint.tables.len(),
        (with / without - 1.0) * 100.0,
        rule / without * 100.0,
        known.len()
    );
}

/// Compares `tables` tables of 10 columns with a manifest that declares all of them.
fn compare_tables(tables: usize) {
    let mut definitions = Definitions { tell: Depth::Full.parts(), ..Definitions::default() };
    let mut relations = Vec::new();
    for n in 0..tables {
        let name = RelationName::new("public", format!("t{n:06}").as_str());
        let columns = (0..10).map(|it| Column::new(format!("c{it}").as_str(), "integer"));
        let table = Table { columns: columns.collect(), ..Table::default() };
        definitions.tables.insert((RelationKind::Table, name.clone()), table);
        relations.push(Relation {
            name,
            kind: RelationKind::Table,
            owner: Name::from("o"),
            unlogged: false,
            partitions: 0,
            hidden_from_information_schema: false,
        });
    }
    let catalog = Catalog {
        relations,
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions,
    };
    // A file that lists as many would be larger than a manifest may be.
    let text = "manifest: m\nfrom: { database: golden, depth: columns }\n";
    let manifest = manifest::read(Path::new("m.yaml"), text, today()).expect("ours");
    let manifest = manifest.completed(&catalog);
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let began = Instant::now();
        assert_eq!(findings(&manifest, &catalog), 0);
        turns.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    println!("compare {tables:7} tables of 10 columns: median {:8.2} ms", median(turns));
}

fn findings(manifest: &Manifest, catalog: &Catalog) -> usize {
    let accepted = Accepted { known: &[], severities: &BTreeMap::new() };
    compare(manifest, &accepted, catalog, today()).findings.len()
}

fn today() -> jiff::civil::Date {
    Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date()
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
    goldens: Goldens,
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
        let limits = Limits {
            concurrency,
            per_server: concurrency,
            // What is measured is the work, not our patience.
            per_server_rate: 10_000,
            ..Limits::default()
        };
        Self {
            databases,
            manifests,
            environment: Environment::new(|_| None),
            slots: Slots::new(&limits),
            goldens: Goldens::default(),
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
                    async || Some(Before::NOTHING),
                    Means {
                        environment: &self.environment,
                        slots: &self.slots,
                        goldens: &self.goldens,
                        twins: None,
                        clock: &Clock::System,
                        shutdown: never,
                        purpose: Purpose::Audit,
                    },
                );
                let report = report.await.expect("nobody shuts down").concluded.report;
                assert_eq!(report.verdict, Verdict::Drifted, "{:?}", report.reason);
                assert_eq!(report.findings.len(), 21);
                let audit = AuditCommit {
                    report: Arc::new(report),
                    now: Clock::System.now(),
                    labels: BTreeMap::new(),
                    server: database.server(),
                    life: database.life,
                    policy: Arc::new(Policy::of_channels(["ops".to_owned()])),
                    known: None,
                    known_version: None,
                    residence: None,
                    turn: None,
                    next_due: Clock::System.now(),
                    deferred: false,
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
