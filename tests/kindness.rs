//! Kind to the audited servers: what a server sees of us when it is well, when it hangs, when it is down, and when it
//! comes back. Told from the server's side, by a front that counts ([`front`]), before a real PostgreSQL.

mod front;

use serde_json::Value;

use self::front::Front;
use self::front::Mood;
use crate::support::daemon::TestDaemon;
use crate::support::daemon::message;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::create_tables;
use crate::support::postgres::TestDatabase;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Several names for one database, on purpose.
const TWINS: &str = ", severity: { same_database: info }";

/// A database with the four tables, and the role that audits it.
struct Audited {
    database: TestDatabase<'static>,
    role: crate::support::postgres::Role,
}

impl Audited {
    async fn create() -> Self {
        let database = TestDatabase::create("central").await;
        create_tables(&database, &CENTRAL).await;
        let role = database.create_role("auditor").await;
        Self { database, role }
    }

    /// Its URL through a port.
    fn url_at(&self, port: u16) -> String {
        self.database.url_at(&self.role, "127.0.0.1", port)
    }

    /// Sessions of the auditing role that the server has.
    async fn sessions(&self) -> String {
        let role = &self.role.name;
        let sql = format!("select count(*) from pg_stat_activity where usename = '{role}'");
        self.database.one(&sql).await
    }
}

fn named(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|it| format!("{prefix}{it}")).collect()
}

/// Every incident of this kind, resolved or not.
async fn incidents(daemon: &TestDaemon, kind: &str) -> Vec<Value> {
    let answer = daemon.ask("incidents?state=all").await;
    let all = answer["incidents"].as_array().expect("a list");
    all.iter().filter(|it| it["kind"] == kind).cloned().collect()
}

async fn metric(daemon: &TestDaemon, name: &str) -> Option<f64> {
    let (_, text) = daemon.get("/metrics").await;
    let line = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// A server that is down is left alone but for one probe at a time; its databases say so; it is one incident; and when
/// it answers again, all of them are audited.
#[tokio::test]
async fn a_server_that_does_not_answer_is_probed_and_left_alone() {
    let front = Front::open().await;
    let central = Audited::create().await;
    let names = named("db", 6);
    let mut config = ConfigText::new()
        .every("1s")
        .limits("{ connect_timeout: 300ms, audit_deadline: 3s, per_server_rate: 200 }");
    for name in &names {
        config = config.database_with(name, &central.url_at(front.port()), "central", TWINS);
    }
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    for name in &names {
        daemon.wait_for_verdict(name, "clean").await;
    }
    assert_eq!(metric(&daemon, "schemawarden_circuits_open").await, Some(0.0));

    front.set(Mood::Silent);
    let is_open =
        |it: &Value| message(it).contains("circuit of server") && message(it).contains("is open");
    daemon.wait_for_log("the circuit opens", is_open).await;
    // What was on its way when it opened ends within its deadline; from then on it is one at a time.
    until("the last of them have ended", || async { (front.now() <= 1).then_some(()) }).await;
    front.forget();
    assert_eq!(metric(&daemon, "schemawarden_circuits_open").await, Some(1.0));
    let incident = until("one incident of the server", || async {
        incidents(&daemon, "server_unreachable").await.pop()
    })
    .await;
    for name in &names {
        let row = until("it says why it was not connected to", || async {
            let row = daemon.row(name).await;
            let reason = row["reason"].as_str().unwrap_or_default().to_owned();
            reason.contains("did not answer").then_some(row)
        })
        .await;
        assert_eq!(row["verdict"], "unknown", "{row:#}");
        assert!(row["reason"].as_str().is_some_and(|it| it.contains("probed again at")), "{row:#}");
        // It says so at each of its ticks, without a connection.
        daemon.wait_for_audits(name, 2).await;
    }
    for page in ["/about", "/databases/db3"] {
        let (_, body) = daemon.get(page).await;
        assert!(body.contains("circuit open"), "{page}");
    }
    let row = daemon.row("db3").await;
    let circuit = &row["circuit"];
    assert!(circuit["failures"].as_u64().is_some_and(|it| it >= 5), "{circuit}");
    for at in ["opened_at", "since", "probe_at"] {
        assert!(circuit[at].is_string(), "{at}: {circuit}");
    }
    let probes = front.accepted().len();
    assert!(front.most() <= 1, "{} connections at one time", front.most());
    assert!((1..=6).contains(&probes), "{probes} probes");
    // A person who asks is not shut out.
    let asked = daemon.post("databases/db5/audit", &serde_json::json!({})).await.expect(200);
    assert!(asked.to_string().contains("timed out"), "{asked:#}");

    front.set(Mood::Well);
    let is_closed = |it: &Value| message(it).contains("is closed: it answers again");
    daemon.wait_for_log("the circuit closes", is_closed).await;
    for name in &names {
        daemon.wait_for_verdict(name, "clean").await;
    }
    assert_eq!(metric(&daemon, "schemawarden_circuits_open").await, Some(0.0));
    assert_eq!(daemon.row("db3").await["circuit"], Value::Null);
    let all = incidents(&daemon, "server_unreachable").await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!((&all[0]["id"], &all[0]["state"]), (&incident["id"], &Value::from("resolved")));
    let failing = incidents(&daemon, "audit_failing").await;
    assert!(failing.iter().all(|it| it["state"] == "resolved"), "{failing:#?}");
}

/// Databases that hang on a server that is well hold one of its places, and none of the others is kept waiting for
/// them: nor is the server held for dead.
#[tokio::test]
async fn databases_that_hang_keep_nobody_waiting() {
    let front = Front::open().await;
    let (well, hung) = (Audited::create().await, Audited::create().await);
    front.set(Mood::HangsFor(hung.database.name().to_owned()));
    let (quick, slow) = (named("quick", 9), named("slow", 3));
    let mut config = ConfigText::new().every("1s").limits(
        "{ concurrency: 4, per_server: 4, per_server_rate: 200, connect_timeout: 500ms, audit_deadline: 3s }",
    );
    for name in &quick {
        config = config.database_with(name, &well.url_at(front.port()), "central", TWINS);
    }
    for name in &slow {
        config = config.database_with(name, &hung.url_at(front.port()), "central", TWINS);
    }
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    // From the second time on it is known who hangs.
    for name in &slow {
        // Not by its verdict: that is unknown before the first audit, too.
        daemon.wait_for_audits(name, 0).await;
    }
    until("the first of them have ended", || async { (front.hanging() <= 1).then_some(()) }).await;
    front.forget();
    for name in &quick {
        daemon.wait_for_verdict(name, "clean").await;
        daemon.wait_for_audits(name, 2).await;
    }
    for name in &slow {
        daemon.wait_for_audits(name, 1).await;
    }
    // One place of four is for those who hang; one more may be seen to be leaving it.
    assert!(front.most_hanging() < slow.len(), "{} hang at one time", front.most_hanging());
    assert_eq!(metric(&daemon, "schemawarden_circuits_open").await, Some(0.0));
    assert_eq!(incidents(&daemon, "server_unreachable").await, Vec::<Value>::new());
    daemon.sigterm().await;
    assert!(!daemon.has_logged("circuit of server"));
}

/// All databases of a server are due at once: it sees them one after the other, and afterwards nobody.
#[tokio::test]
async fn connections_to_one_server_keep_their_rate_and_none_stays() {
    const RATE: usize = 5;
    let front = Front::open().await;
    let central = Audited::create().await;
    let names = named("db", 12);
    let mut config = ConfigText::new().limits(&format!(
        "{{ per_server: 12, per_server_rate: {RATE}, audit_deadline: 3s, connect_timeout: 2s }}"
    ));
    for name in &names {
        config = config.database_with(name, &central.url_at(front.port()), "central", TWINS);
    }
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    for name in &names {
        daemon.wait_for_verdict(name, "clean").await;
    }
    let accepted = front.accepted();
    assert_eq!(accepted.len(), names.len(), "one connection for each audit");
    // Counted at the receiver, where a connection may arrive late and so nearer to the next: one more fits.
    for (first, at) in accepted.iter().enumerate() {
        let within =
            accepted[first..].iter().filter(|it| it.duration_since(*at).as_millis() < 1000);
        let count = within.count();
        assert!(count <= RATE + 1, "{count} within a second of connection {first}");
    }
    until("no session stays", || async {
        (front.now() == 0 && central.sessions().await == "0").then_some(())
    })
    .await;
    assert_eq!(front.accepted().len(), names.len(), "nobody came back before the next tick");
}

/// A fleet that is due at one instant waits in a list; whoever is asked for by a person waits for nobody's turn.
#[tokio::test]
async fn who_is_asked_for_waits_for_nobodys_turn() {
    const DATABASES: usize = 60;
    let front = Front::open().await;
    let central = Audited::create().await;
    // At two connections a second, one round of all takes half a minute.
    let mut config = ConfigText::new()
        .every("1h")
        .limits("{ per_server: 1, per_server_rate: 2, audit_deadline: 10s }");
    let names = named("db", DATABASES);
    for name in &names {
        config = config.database_with(name, &central.url_at(front.port()), "central", TWINS);
    }
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_log("all are registered", |it| message(it).contains("registered 60")).await;
    let asked = names.last().expect("there are some");
    let answer = daemon.post(&format!("databases/{asked}/audit"), &serde_json::json!({})).await;
    let answer = answer.expect(200);
    assert_eq!(answer["report"]["verdict"], "clean", "{answer:#}");
    let (_, health) = daemon.get("/healthz").await;
    let health: Value = serde_json::from_str(&health).expect("JSON");
    let waiting = health["verdicts"]["not_audited"].as_u64().expect("a number");
    assert!(waiting > 30, "{health:#}");
    // It is one audit all the same: none of the others is lost, and none is made twice.
    assert!(front.accepted().len() < DATABASES / 2, "{} connections", front.accepted().len());
}
