//! Deploys and the brake on real databases: what is told meanwhile, and what is not.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use schemawarden::audit::Slots;
use schemawarden::clock::Clock;
use schemawarden::config;
use schemawarden::config::Config;
use schemawarden::demand;
use schemawarden::health::Health;
use schemawarden::incident::Incident;
use schemawarden::introspect::Environment;
use schemawarden::manifest::Manifest;
use schemawarden::manifest::load;
use schemawarden::scheduler::Scheduler;
use schemawarden::schema::RelationName;
use schemawarden::store::BeginDeploy;
use schemawarden::store::Deploy;
use schemawarden::store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::manifest;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

const OLD: [&str; 3] = ["A", "B", "C"];
/// Two more and one less.
const NEW: [&str; 4] = ["A", "B", "D", "E"];
/// The migration from the one to the other.
const MIGRATION: &str =
    "begin; create table \"D\" (); create table \"E\" (); drop table \"C\"; commit";

async fn holding(tables: &[&str]) -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("shop").await;
    create_tables(&database, tables).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

/// The scheduler with a real state, a real clock and real databases; deploys are begun as the API
/// begins them.
struct Watched {
    workspace: Workspace,
    publish: watch::Sender<Arc<Config>>,
    store: Store,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Watched {
    /// One database `shop`, held to [`OLD`], audited each `every`.
    async fn start(url: &str, every: &str) -> Self {
        let config = ConfigText::new().database("shop", url, "shop").every(every);
        let workspace = Workspace::new().manifest("shop", &manifest("shop", &OLD)).config(&config);
        Self::run(workspace).await
    }

    async fn run(workspace: Workspace) -> Self {
        let now = Clock::System.now();
        let config = Arc::new(read(&workspace));
        let store =
            Store::open_sqlite(&workspace.path().join("schemawarden.db"), now).expect("a state");
        let slots = Arc::new(watch::Sender::new(Arc::new(Slots::new(&config.limits))));
        let (publish, current) = watch::channel(config);
        let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
        let scheduler = Scheduler {
            slots,
            config: current,
            store: store.clone(),
            health: Health::new(),
            clock: Clock::System,
            environment: Arc::new(Environment::default()),
            tracker: tracker.clone(),
            shutdown: shutdown.clone(),
            abort: CancellationToken::new(),
        };
        let (_, demands) = demand::queue();
        tracker.spawn(scheduler.run(demands));
        let watched = Self { workspace, publish, store, shutdown, tracker };
        until("it was audited", || async { watched.store.database_state("shop").await.ok()? })
            .await;
        watched
    }

    async fn restart(self) -> Self {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        self.store.close().await.expect("the state closes");
        Self::run(self.workspace).await
    }

    /// The file says this from now on.
    fn reload(&self, tables: &[&str]) {
        self.workspace.rewrite("expected-schemas/shop.yaml", &manifest("shop", tables));
        self.publish.send_replace(Arc::new(read(&self.workspace)));
    }

    async fn begin(&self, length: SignedDuration) -> Deploy {
        let path = self.workspace.rewrite("new.yaml", &manifest("shop", &NEW));
        let now = Clock::System.now();
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let configured = Arc::clone(&self.publish.borrow().databases[0].manifest);
        let begin = BeginDeploy {
            databases: vec![("shop".to_owned(), configured)],
            manifest: Arc::new(load(&path, today).expect("our own manifest")),
            reference: "3f2a9c1".to_owned(),
            author: "ci".to_owned(),
            until: now + length,
            max: Duration::from_hours(4),
            now,
        };
        self.store.begin_deploy(begin).await.expect("it begins")
    }

    /// Waits for an audit that began after now, and whose report `is_it`.
    async fn audited(
        &self,
        what: &str,
        is_it: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let asked = Clock::System.now();
        until(what, || async {
            let state = self.store.database_state("shop").await.ok()??;
            let report = self.store.last_report("shop").await.ok()??;
            (state.audited_at >= asked && is_it(&report)).then_some(report)
        })
        .await
    }

    /// Waits for a report that `is_it`, whenever its audit began.
    async fn reported(
        &self,
        what: &str,
        is_it: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        until(what, || async {
            self.store.last_report("shop").await.ok()?.filter(|report| is_it(report))
        })
        .await
    }

    async fn open(&self) -> Vec<Incident> {
        self.store.open_incidents().await.expect("the state")
    }

    /// That nobody was told anything, ever.
    async fn assert_quiet(&self) {
        assert_eq!(self.open().await, []);
        let outbox = self.store.outbox_status(Clock::System.now()).await.expect("the state");
        assert_eq!(outbox.pending, 0, "{outbox:?}");
    }
}

fn read(workspace: &Workspace) -> Config {
    let path = workspace.path().join("config.yaml");
    config::load(&path, &|_| None, Clock::System.now())
        .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

/// Of the manifest that lists these tables.
fn hash(tables: &[&str]) -> String {
    let names = tables.iter().map(|it| RelationName::new("public", *it));
    Manifest::of_tables("shop", names).hash
}

fn clean(report: &serde_json::Value) -> bool {
    report["verdict"] == "clean"
}

const HALF_AN_HOUR: SignedDuration = SignedDuration::from_mins(30);

#[tokio::test]
async fn a_migration_and_then_the_manifest_inside_a_window_tell_nobody() {
    let (database, url) = holding(&OLD).await;
    let watched = Watched::start(&url, "1s").await;
    let deploy = watched.begin(HALF_AN_HOUR).await;
    // At once: the migration does not wait for the scheduler to hear of it.
    database.execute(MIGRATION).await;
    let report = watched.audited("an audit in the window", |_| true).await;
    assert!(clean(&report), "{report:#}");
    assert_eq!(report["evidence"]["deploy"], deploy.id);
    assert_eq!(report["evidence"]["manifest_ref"], "3f2a9c1");
    watched.store.end_deploy(deploy.id, false, Clock::System.now()).await.unwrap();
    let new = hash(&NEW);
    let report = watched
        .audited("the new manifest is enforced", |it| {
            it["evidence"]["manifest_hash"] == new.as_str()
        })
        .await;
    assert!(clean(&report) && report["evidence"]["deploy"].is_null(), "{report:#}");
    // The file follows.
    watched.reload(&NEW);
    watched.audited("an audit with the file", |_| true).await;
    watched.assert_quiet().await;
    // And back: without a deploy, it is told.
    watched.reload(&OLD);
    watched.audited("drift", |it| it["verdict"] == "drifted").await;
    assert_eq!(watched.open().await.len(), 1);
}

#[tokio::test]
async fn a_manifest_and_then_the_migration_inside_a_window_tell_nobody() {
    let (database, url) = holding(&OLD).await;
    let watched = Watched::start(&url, "1s").await;
    let deploy = watched.begin(HALF_AN_HOUR).await;
    watched.reload(&NEW);
    let report = watched.audited("an audit with the new file", |_| true).await;
    assert!(clean(&report), "{report:#}");
    // In the middle of it all, a restart.
    let watched = watched.restart().await;
    database.execute("create table \"D\" ()").await;
    let report = watched.audited("an audit half way", |_| true).await;
    assert!(clean(&report), "{report:#}");
    database.execute("create table \"E\" (); drop table \"C\"").await;
    watched.store.end_deploy(deploy.id, false, Clock::System.now()).await.unwrap();
    let report =
        watched.audited("an audit after the end", |it| it["evidence"]["deploy"].is_null()).await;
    assert!(clean(&report), "{report:#}");
    watched.assert_quiet().await;
}

#[tokio::test]
async fn a_foreign_table_is_told_at_once_and_what_was_not_migrated_at_the_end() {
    let (database, url) = holding(&OLD).await;
    // An hour between two audits: what follows comes at once or not in time.
    let watched = Watched::start(&url, "1h").await;
    let deploy = watched.begin(HALF_AN_HOUR).await;
    watched
        .reported("the window opens with an audit", |it| it["evidence"]["deploy"] == deploy.id)
        .await;
    watched.assert_quiet().await;
    database.execute("create table \"Foreign\" ()").await;
    watched.store.end_deploy(deploy.id, false, Clock::System.now()).await.unwrap();
    let report = watched.reported("the end", |it| it["evidence"]["deploy"].is_null()).await;
    let mut names: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|it| it["name"].to_string()).collect();
    names.sort();
    assert_eq!(names, ["\"C\"", "\"D\"", "\"E\"", "\"Foreign\""]);
    // A second window over the old state: only the stranger is left.
    let (second, url) = holding(&OLD).await;
    let watched = Watched::start(&url, "1s").await;
    watched.begin(HALF_AN_HOUR).await;
    second.execute(MIGRATION).await;
    second.execute("create table \"Foreign\" ()").await;
    let report = watched.audited("the foreign table", |it| it["verdict"] == "drifted").await;
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(watched.open().await[0].fingerprints.len(), 1);
}

#[tokio::test]
async fn times_end_enforces_the_new_manifest_and_a_rollback_the_old_one() {
    let (database, url) = holding(&OLD).await;
    let watched = Watched::start(&url, "1h").await;
    watched.begin(SignedDuration::from_secs(2)).await;
    // Nobody migrates: at its end the new manifest is enforced, at once.
    let new = hash(&NEW);
    let report = watched
        .reported("the end", |it| {
            it["evidence"]["manifest_hash"] == new.as_str() && it["evidence"]["deploy"].is_null()
        })
        .await;
    assert_eq!(report["verdict"], "drifted");
    assert_eq!(report["evidence"]["manifest_ref"], "3f2a9c1");
    until("the store has noted it", || async {
        let deploys = watched.store.deploys(true, Clock::System.now()).await.ok()?;
        deploys[0].ended_at.filter(|it| *it == deploys[0].ends_at)
    })
    .await;
    // It stays so over a restart, while the file says what it said.
    let watched = watched.restart().await;
    assert_eq!(watched.open().await.len(), 1);
    database.execute(MIGRATION).await;
    let again = watched.begin(HALF_AN_HOUR).await;
    watched.reported("clean", |it| it["evidence"]["deploy"] == again.id && clean(it)).await;
    watched.store.end_deploy(again.id, true, Clock::System.now()).await.unwrap();
    watched
        .reported("rolled back to the one before", |it| {
            it["evidence"]["deploy"].is_null() && clean(it)
        })
        .await;
    assert_eq!(watched.open().await, []);
}

/// Twelve registered databases, three of which hold `X`; `wide` allows it, `narrow` does not.
struct Fleet {
    plain: String,
    odd: String,
    strange: TestDatabase<'static>,
    strange_url: String,
    receiver: Receiver,
}

const SECRET: &str = "whsec_c2NoZW1hd2FyZGVuLXNpZ25pbmcta2V5";

fn wide() -> String {
    "manifest: shop\ntables: { A: { }, X: { optional: true } }\n".to_owned()
}

fn narrow() -> String {
    manifest("shop", &["A"])
}

impl Fleet {
    async fn new() -> Self {
        let (_, plain) = holding(&["A"]).await;
        let (_, odd) = holding(&["A", "X"]).await;
        let (strange, strange_url) = holding(&["A", "X"]).await;
        Self { plain, odd, strange, strange_url, receiver: Receiver::start() }
    }

    /// So many databases, of which so many hold `X`.
    async fn daemon(&self, databases: usize, odd: usize) -> TestDaemon {
        let mut config = ConfigText::new().every("1s").webhook(&self.receiver.url(), SECRET);
        for n in 0..databases {
            let url = match n {
                0 => &self.strange_url,
                n if n < odd => &self.odd,
                _ => &self.plain,
            };
            let twins = ", severity: { same_database: info }";
            config = config.database_with(&format!("db{n:02}"), url, "shop", twins);
        }
        let workspace = Workspace::new().manifest("shop", &wide()).config(&config);
        let daemon = TestDaemon::start(workspace).await;
        for n in 0..databases {
            daemon.wait_for_verdict(&format!("db{n:02}"), "clean").await;
        }
        daemon
    }

    async fn told(&mut self) -> (String, serde_json::Value) {
        let json = self.receiver.next().await.json();
        let (step, data) = (json["type"].as_str().unwrap_or_default(), &json["data"]);
        let kind = data["incident_kind"].as_str().unwrap_or_default();
        (format!("{step} {kind} {}", data["reason"].as_str().unwrap_or_default()), data.clone())
    }
}

fn change(daemon: &TestDaemon, manifest: &str) {
    daemon.workspace().rewrite("expected-schemas/shop.yaml", manifest);
    daemon.sighup();
}

#[tokio::test]
async fn a_changed_manifest_under_which_three_of_twelve_drift_is_told_once_and_held() {
    let mut fleet = Fleet::new().await;
    let mut daemon = fleet.daemon(12, 3).await;
    // A change that comes with a restart is one, too.
    daemon.sigterm().await;
    daemon.workspace().rewrite("expected-schemas/shop.yaml", &narrow());
    daemon.restart().await;
    let (told, data) = fleet.told().await;
    assert_eq!(told, "incident.opened manifest_suspect manifest_changed");
    assert_eq!(data["manifest"], "shop");
    for n in 0..3 {
        daemon.wait_for_verdict(&format!("db{n:02}"), "drifted").await;
    }
    let row = daemon.row("db00").await;
    assert_eq!(row["verdict"], "drifted", "{row:#}");
    fleet.receiver.expect_nothing_until(daemon.wait_for_audits("db02", 2)).await;

    fleet.strange.execute("create table \"Foreign\" ()").await;
    let (told, data) = fleet.told().await;
    assert_eq!(told, "incident.opened drift new_findings");
    assert_eq!((&data["database"], data["findings_total"].as_u64()), (&"db00".into(), Some(1)));

    change(&daemon, &wide());
    assert_eq!(fleet.told().await.0, "incident.resolved manifest_suspect manifest_changed");
    daemon.wait_for_verdict("db01", "clean").await;
    fleet.receiver.expect_nothing_until(daemon.wait_for_audits("db01", 1)).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn two_of_twelve_and_nine_in_all_are_told_as_usual() {
    for (databases, odd) in [(12, 2), (9, 3)] {
        let mut fleet = Fleet::new().await;
        let daemon = fleet.daemon(databases, odd).await;
        change(&daemon, &narrow());
        let mut names = Vec::new();
        for _ in 0..odd {
            let (told, data) = fleet.told().await;
            assert_eq!(told, "incident.opened drift new_findings", "{databases}");
            names.push(data["database"].to_string());
        }
        names.sort();
        assert_eq!(names, (0..odd).map(|n| format!("\"db{n:02}\"")).collect::<Vec<_>>());
        fleet.receiver.expect_nothing_until(daemon.wait_for_audits("db01", 1)).await;
    }
}
