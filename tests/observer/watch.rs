//! `watch: true`: the observer's call makes an audit at once. Every schedule here is one hour.

use std::time::Duration;

use super::Observed;
use crate::support::daemon::TestDaemon;
use crate::support::daemon::message;
use crate::support::fixtures;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Commands that come at once.
const STORM: usize = 40;

/// Audits that a storm may cause: one at once, and one more for each second that it lasts.
const AUDITS_MAX: usize = 6;

impl Observed {
    fn watched(&self, receiver: &Receiver) -> ConfigText {
        ConfigText::new()
            .database_with("central", &self.url(), "central", ", watch: true")
            .slack(&receiver.url())
    }

    /// Connections of the auditor that listen.
    fn listening(&self) -> String {
        format!(
            "from pg_stat_activity where usename = '{}' and state = 'idle' and datname = current_database() \
             and xact_start is null",
            self.auditor.name
        )
    }
}

async fn listens(daemon: &mut TestDaemon) {
    daemon.wait_for_log("it listens", |it| message(it).starts_with("listening to `central`")).await;
}

#[tokio::test]
async fn a_change_is_told_long_before_the_next_tick() {
    let it = Observed::new().await;
    let mut receiver = Receiver::start();
    let mut daemon = TestDaemon::start(fixtures::workspace(&it.watched(&receiver))).await;
    listens(&mut daemon).await;
    daemon.wait_for_verdict("central", "clean").await;
    it.migrate("create table tmp_import ()").await;
    assert!(receiver.next().await.text().contains("tmp_import"));
    it.migrate("drop table tmp_import").await;
    assert!(receiver.next().await.text().contains("resolved"));
    let (status, took) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    let left = format!("select count(*) {}", it.listening());
    assert_eq!(it.database.one(&left).await, "0");
}

#[tokio::test]
async fn a_connection_that_is_lost_comes_back_and_misses_nothing() {
    let it = Observed::new().await;
    let mut receiver = Receiver::start();
    let mut daemon = TestDaemon::start(fixtures::workspace(&it.watched(&receiver))).await;
    listens(&mut daemon).await;
    daemon.wait_for_verdict("central", "clean").await;
    // In one statement, so that nothing can be heard in between.
    let kill = format!(
        "create table tmp_meanwhile (); select count(pg_terminate_backend(pid)) {}",
        it.listening()
    );
    it.database.execute(&format!("begin; {kill}; commit")).await;
    let lost = |it: &serde_json::Value| message(it).starts_with("nothing is heard of `central`");
    daemon.wait_for_log("it is lost", lost).await;
    listens(&mut daemon).await;
    assert!(receiver.next().await.text().contains("tmp_meanwhile"));
    it.migrate("create table tmp_after ()").await;
    assert!(receiver.next().await.text().contains("tmp_after"));
}

#[tokio::test]
async fn a_storm_of_changes_is_gathered() {
    let it = Observed::new().await;
    let mut receiver = Receiver::start();
    let mut daemon = TestDaemon::start(fixtures::workspace(&it.watched(&receiver))).await;
    listens(&mut daemon).await;
    daemon.wait_for_verdict("central", "clean").await;
    let audits = |answer: serde_json::Value| answer["audits"].as_array().map_or(0, Vec::len);
    let before = audits(daemon.ask("audits?database=central").await);
    let client = it.migrator_named("prisma").await;
    for number in 0..STORM {
        client.0.batch_execute(&format!("create table t{number} ()")).await.expect("it may");
    }
    client.0.batch_execute("create table a_last ()").await.expect("it may");
    loop {
        if receiver.next().await.text().contains("a_last") {
            break;
        }
    }
    let after = audits(daemon.ask("audits?database=central").await);
    assert!(after > before, "{before} {after}");
    assert!(after - before <= AUDITS_MAX, "{} audits", after - before);
}

#[tokio::test]
async fn a_reload_begins_and_ends_watching() {
    let it = Observed::new().await;
    let mut receiver = Receiver::start();
    let watched = it.watched(&receiver).to_string();
    let mut daemon = TestDaemon::start(fixtures::workspace(&it.watched(&receiver))).await;
    listens(&mut daemon).await;
    daemon.workspace().rewrite("config.yaml", &watched.replace(", watch: true", ""));
    daemon.sighup();
    let none = format!("select count(*) {}", it.listening());
    until("nobody listens", || async { (it.database.one(&none).await == "0").then_some(()) }).await;
    daemon.workspace().rewrite("config.yaml", &watched);
    daemon.sighup();
    listens(&mut daemon).await;
    it.migrate("create table tmp_import ()").await;
    assert!(receiver.next().await.text().contains("tmp_import"));
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_refused_and_the_schedule_goes_on() {
    let it = Observed::new().await;
    let mut receiver = Receiver::start();
    let bouncer = PgBouncer::start(Cluster::shared(), &it.auditor, 2).await;
    let url = it.database.url_at(&it.auditor, "127.0.0.1", bouncer.port());
    let config = ConfigText::new()
        .every("1s")
        .database_with("central", &url, "central", ", watch: true")
        .slack(&receiver.url());
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    let refused = |it: &serde_json::Value| message(it).contains("a pooler in transaction mode");
    daemon.wait_for_log("it cannot watch", refused).await;
    daemon.wait_for_verdict("central", "clean").await;
    it.migrate("create table tmp_import ()").await;
    assert!(receiver.next().await.text().contains("tmp_import"));
}
