//! What a restart, a reload and a clock do to what is registered.

use rusqlite::Connection;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;

/// A year in milliseconds, the unit of times in the state.
const YEAR: i64 = 365 * 24 * 60 * 60 * 1000;

/// The clock was ahead when the last audit ran, and is right again: the daemon must not wait for the
/// day that the state speaks of.
#[tokio::test]
async fn an_audit_from_the_future_does_not_stop_audits() {
    let (_database, url) = fixtures::central().await;
    let config = ConfigText::new().database("central", &url, "central").every("1h");
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));

    let state =
        Connection::open(daemon.workspace().path().join("schemawarden.db")).expect("a state");
    let moved =
        state.execute("update databases set last_complete_at = last_complete_at + ?1", [YEAR]);
    assert_eq!(moved.expect("it is writable"), 1);
    drop(state);

    daemon.restart().await;
    daemon
        .wait_for_log("an audit after the restart", |it| {
            it["message"] == "audited `central`: clean"
        })
        .await;
}

/// Nobody would ever resolve the incident of a database that is not audited any more.
#[tokio::test]
async fn an_incident_ends_when_its_database_leaves_the_config() {
    let (database, url) = fixtures::central().await;
    fixtures::create_tables(&database, &["tmp_import"]).await;
    let mut receiver = Receiver::start();
    let with = |name: &str| {
        ConfigText::new()
            .database(name, &url, "central")
            .every("1h")
            .webhook(&receiver.url(), "whsec_c2NoZW1hd2FyZGVuLXNpZ25pbmcta2V5")
    };
    let (before, after) = (with("central"), with("renamed"));
    let mut daemon = TestDaemon::start(fixtures::workspace(&before)).await;
    let opened = receiver.next().await.json();
    assert_eq!(opened["type"], "incident.opened");

    daemon.workspace().rewrite("config.yaml", &after.to_string());
    daemon.sighup();
    let mut told = [receiver.next().await.json(), receiver.next().await.json()];
    told.sort_by_key(|it| it["type"].to_string());
    assert_eq!(told[0]["type"], "incident.opened");
    assert_eq!(told[0]["data"]["database"], "renamed");
    assert_eq!(told[1]["type"], "incident.resolved");
    assert_eq!(told[1]["data"]["reason"], "database_removed");
    assert_eq!(told[1]["data"]["incident"], opened["data"]["incident"]);
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}
