//! The daemon as a process: signals, reloads, a second one beside it, a full disk.

use std::time::Duration;

use crate::support::daemon::TestDaemon;
use crate::support::daemon::field;
use crate::support::daemon::message;
use crate::support::disk::SmallDisk;
use crate::support::fake_server::Behaviour;
use crate::support::fake_server::FakeServer;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;
use crate::support::fixtures::workspace;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// SIGTERM ends the daemon within this, whatever hangs.
const STOPPED: Duration = Duration::from_secs(10);

/// Longest wait for a message that has to be sent a second time.
const NEXT_ATTEMPT: Duration = Duration::from_secs(45);

/// The signing key of these tests, as Standard Webhooks spells it.
const SIGNING_SECRET: &str = "whsec_c2NoZW1hd2FyZGVuLXNpZ25pbmcta2V5";

#[tokio::test]
async fn health_does_not_depend_on_any_database() {
    let config = ConfigText::new().database("central", NOWHERE, "central").every("1s");
    let daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "unknown").await;
    for path in ["/livez", "/readyz", "/readyz?verbose", "/healthz"] {
        assert_eq!(daemon.get(path).await.0, 200, "{path}");
    }
    let (_, body) = daemon.get("/healthz").await;
    let counts: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert!(counts.to_string().contains("unknown"), "{counts}");
    assert!(!body.contains("hunter2"), "{body}");
    assert_eq!(daemon.get("/nowhere").await.0, 404);
}

#[tokio::test]
async fn a_second_daemon_on_the_same_state_ends_with_2_and_names_the_first() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let daemon = TestDaemon::start(workspace(&config)).await;
    let second = daemon.workspace().run(&["run"]).await;
    second.ended(2).says(&daemon.pid().to_string()).says("schemawarden.db");
    assert_eq!(daemon.get("/livez").await.0, 200, "the first goes on");
}

/// A lock that outlives its holder would keep a daemon down after a power cut.
#[tokio::test]
async fn a_killed_daemon_leaves_no_lock_behind() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    daemon.kill9().await;
    daemon.restart().await;
}

#[tokio::test]
async fn sigterm_ends_it_with_0_in_time_while_a_database_and_a_receiver_hang() {
    let (database, url) = central().await;
    fixtures::create_tables(&database, &["tmp_import"]).await;
    let mut hung = FakeServer::start(Behaviour::Silent);
    let mut receiver = Receiver::start();
    receiver.otherwise(Answer::Hang);
    let hung_url =
        format!("postgres://auditor:hunter2@127.0.0.1:{}/central?sslmode=disable", hung.port());
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("sco", &hung_url, "orchestra")
        .limits("{ connect_timeout: 60s, audit_deadline: 60s }")
        .slack(&receiver.url());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    hung.next_accepted().await;
    receiver.next().await;
    let (status, took) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < STOPPED, "it took {took:?}");
}

#[tokio::test]
async fn sigterm_ends_an_idle_daemon_at_once() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    let (status, took) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
    // Nothing is waited for: neither 5 s for audits nor 3 s for deliveries.
    assert!(took < Duration::from_secs(3), "it took {took:?}");
}

#[tokio::test]
async fn sighup_with_a_bad_config_keeps_the_old_one_and_says_why() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let config =
        ConfigText::new().database("central", &url, "central").every("1s").slack(&receiver.url());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;

    let good = config.to_string();
    for (case, bad, word) in [
        ("a key", good.replace("databases:", "databasse:"), "databasse"),
        ("no YAML", "{".to_owned(), "config.yaml"),
        ("nothing", String::new(), "config.yaml"),
        ("a manifest", good.replace("manifest: central", "manifest: centrall"), "centrall"),
    ] {
        daemon.workspace().rewrite("config.yaml", &bad);
        daemon.sighup();
        let what = format!("the reload is refused: {case}");
        daemon
            .wait_for_log(&what, |line| line["level"] == "ERROR" && line.to_string().contains(word))
            .await;
        assert_eq!(daemon.get("/readyz").await.0, 200, "{case}");
    }
    // A manifest that cannot be read is no reason to forget the one that was.
    daemon.workspace().rewrite("config.yaml", &good);
    daemon.workspace().rewrite("expected-schemas/central.yaml", "tables: {");
    daemon.sighup();
    daemon
        .wait_for_log("the manifest is refused", |line| {
            line["level"] == "ERROR" && line.to_string().contains("central.yaml")
        })
        .await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    // The old one still works, to the end of the line.
    fixtures::create_tables(&database, &["tmp_import"]).await;
    assert!(receiver.next().await.text().contains("tmp_import"));
}

#[tokio::test]
async fn sighup_with_a_good_config_takes_it() {
    let (_central, url) = central().await;
    let (sco, sco_url) = central().await;
    let mut receiver = Receiver::start();
    let one =
        ConfigText::new().database("central", &url, "central").every("1s").slack(&receiver.url());
    let mut daemon = TestDaemon::start(workspace(&one)).await;
    daemon.wait_for_verdict("central", "clean").await;
    let two = one.database("sco", &sco_url, "central");
    daemon.workspace().rewrite("config.yaml", &two.to_string());
    daemon.sighup();
    daemon.wait_for_verdict("sco", "clean").await;
    fixtures::create_tables(&sco, &["tmp_import"]).await;
    let request = receiver.next().await;
    assert!(request.text().contains("sco"), "{}", request.text());
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn it_listens_beyond_loopback_with_a_token_of_somebodys_only() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central").to_string();
    let config = config.replace("127.0.0.1:0", "0.0.0.0:0");
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    workspace.run(&["run"]).await.ended(2).says("http.listen");
}

/// A daemon whose state is on a small disk, with an incident that was opened and told; the disk is
/// full. The last is the id of that incident.
async fn daemon_on_a_full_disk(
    url: &str,
    database: &TestDatabase<'_>,
    receiver: &mut Receiver,
) -> (TestDaemon, SmallDisk, serde_json::Value) {
    let disk = SmallDisk::mount(4);
    let config = ConfigText::new()
        .database("central", url, "central")
        .every("1s")
        .state(&disk.path().join("schemawarden.db"))
        .webhook(&receiver.url(), SIGNING_SECRET);
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    fixtures::create_tables(database, &["tmp_before"]).await;
    let opened = receiver.next().await.json();
    assert_eq!(opened["type"], "incident.opened");
    // It arrived before that was on disk; a disk that is full now would make it come again.
    daemon.wait_for_an_empty_outbox().await;
    disk.fill();
    daemon
        .wait_for_log("the state cannot be written", |line| {
            line["level"] == "ERROR" && message(line).contains("the state cannot be written")
        })
        .await;
    daemon.wait_for_status("/readyz", 503).await;
    (daemon, disk, opened["data"]["incident"].clone())
}

/// Waits for the log of an audit with so many findings. The API reads the state, which stands still
/// while nothing can be written.
async fn audit_ends(daemon: &mut TestDaemon, findings: u64) {
    let what = format!("an audit with {findings} findings");
    daemon
        .wait_for_log(&what, |line| {
            field(line, "verdict") == "drifted" && field(line, "findings") == findings
        })
        .await;
}

/// What is seen only while nothing can be written is told once there is room, and what was told
/// before goes on.
#[tokio::test]
async fn a_full_disk_stops_no_audit_and_what_they_saw_is_told_when_there_is_room() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let (mut daemon, disk, incident) = daemon_on_a_full_disk(&url, &database, &mut receiver).await;

    // A table that comes and goes meanwhile: audits go on, or nobody would know of it.
    let meanwhile = async {
        fixtures::create_tables(&database, &["tmp_during"]).await;
        audit_ends(&mut daemon, 2).await;
        database.execute("drop table tmp_during").await;
        audit_ends(&mut daemon, 1).await;
    };
    // An incident change is on disk before anything is sent.
    receiver.expect_nothing_until(meanwhile).await;
    assert_eq!(daemon.get("/readyz").await.0, 503);
    assert_eq!(daemon.get("/livez").await.0, 200, "a restart would mend nothing");

    disk.free();
    daemon.wait_for_status("/readyz", 200).await;
    let changed = receiver.next_within(NEXT_ATTEMPT).await;
    assert!(changed.text().contains("tmp_during"), "{}", changed.text());
    assert_eq!(changed.json()["type"], "incident.changed");
    assert_eq!(changed.json()["data"]["incident"], incident);
    database.execute("drop table tmp_before").await;
    let resolved = receiver.next_within(NEXT_ATTEMPT).await.json();
    assert_eq!(
        (&resolved["type"], &resolved["data"]["incident"]),
        (&"incident.resolved".into(), &incident)
    );
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

/// What was acknowledged outlives a full disk and the death of the daemon on it.
#[tokio::test]
async fn a_daemon_that_is_killed_on_a_full_disk_has_forgotten_nothing_that_it_told() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let (mut daemon, disk, incident) = daemon_on_a_full_disk(&url, &database, &mut receiver).await;
    daemon.kill9().await;
    disk.free();
    daemon.restart().await;
    // It is not news.
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    database.execute("drop table tmp_before").await;
    let resolved = receiver.next_within(NEXT_ATTEMPT).await.json();
    assert_eq!(
        (&resolved["type"], &resolved["data"]["incident"]),
        (&"incident.resolved".into(), &incident)
    );
}
