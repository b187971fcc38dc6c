//! Who is told, how often and where, by the real daemon with real receivers.

use std::time::Duration;
use std::time::Instant;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::workspace;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::receiver::Request;
use crate::support::workspace::ConfigText;

async fn clean_central() -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

fn webhook(receiver: &Receiver) -> String {
    format!("{{ type: webhook, url: \"{}\" }}", receiver.url())
}

#[track_caller]
fn said(request: &Request) -> (String, String) {
    let body = request.json();
    let word = |it: &serde_json::Value| it.as_str().unwrap_or_default().to_owned();
    (word(&body["type"]), word(&body["data"]["incident_kind"]))
}

fn words(kind: &str, about: &str) -> (String, String) {
    (kind.to_owned(), about.to_owned())
}

/// Two receivers are ill, one hangs and one fails: the third hears as if they were not there.
#[tokio::test]
async fn an_ill_receiver_delays_no_other() {
    let (database, url) = clean_central().await;
    let (hanging, failing, mut healthy) = (Receiver::start(), Receiver::start(), Receiver::start());
    hanging.otherwise(Answer::Hang);
    failing.otherwise(Answer::status(500, "no"));
    let config = ConfigText::new()
        .database("central", &url, "central")
        .every("1s")
        .without_ops()
        .channel("hanging", &webhook(&hanging))
        .channel("failing", &webhook(&failing))
        .channel("healthy", &webhook(&healthy));
    let daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    for table in ["tmp_a", "tmp_b"] {
        let began = Instant::now();
        fixtures::create_tables(&database, &[table]).await;
        let opened = healthy.next().await;
        assert_eq!(said(&opened), words("incident.opened", "drift"));
        database.execute(&format!("drop table {table}")).await;
        let resolved = healthy.next().await;
        assert_eq!(said(&resolved), words("incident.resolved", "drift"));
        // Two audits and two sends; a send that hangs takes 15 s.
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

/// A channel that its receiver calls wrong is trouble of its own: told on the other channel, shown by
/// the probes, and over once a message has arrived.
#[tokio::test]
async fn a_broken_channel_is_told_of_on_another() {
    let (database, url) = clean_central().await;
    let (mut broken, mut other) = (Receiver::start(), Receiver::start());
    broken.script([Answer::status(410, "gone")]);
    let config = ConfigText::new()
        .database("central", &url, "central")
        .every("1s")
        .channel("ops", &webhook(&broken))
        .channel("pager", &webhook(&other))
        .routes("  - { to: [ops], group_wait: 0s, group_interval: 0s }");
    let daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    fixtures::create_tables(&database, &["tmp_import"]).await;
    let lost = broken.next().await;
    let parked = other.next().await;
    assert_eq!(said(&parked), words("incident.opened", "channel_parked"));
    let (status, body) = daemon.get("/readyz?verbose").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("[!]channel ops is parked since 2"), "{body}");
    let (_, body) = daemon.get("/healthz").await;
    let health: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(health["parked"][0]["channel"], "ops", "{body}");
    broken.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;

    daemon.sighup();
    let again = broken.next().await;
    assert_eq!(again.header("webhook-id"), lost.header("webhook-id"));
    let over = other.next().await;
    assert_eq!(said(&over), words("incident.resolved", "channel_parked"));
    let (_, body) = daemon.get("/readyz?verbose").await;
    assert!(!body.contains("parked"), "{body}");
}

/// What comes after the first message of a group is gathered: two databases, one digest.
#[tokio::test]
async fn what_follows_the_first_is_gathered() {
    let mut databases = Vec::new();
    let mut receiver = Receiver::start();
    let mut config = ConfigText::new()
        .every("1s")
        .channel("ops", &webhook(&receiver))
        .routes("  - { to: [ops], group_wait: 4s, group_interval: 1m }");
    for name in ["one", "two", "three"] {
        let (database, url) = clean_central().await;
        config = config.database(name, &url, "central");
        databases.push(database);
    }
    let daemon = TestDaemon::start(workspace(&config)).await;
    for name in ["one", "two", "three"] {
        daemon.wait_for_verdict(name, "clean").await;
    }
    fixtures::create_tables(&databases[0], &["tmp_import"]).await;
    let first = receiver.next().await;
    for database in &databases[1..] {
        fixtures::create_tables(database, &["tmp_import"]).await;
    }
    let digest = receiver.next().await;
    assert!(digest.at.duration_since(first.at) >= Duration::from_secs(3));
    for name in ["two", "three"] {
        assert!(digest.text().contains(name), "{}", digest.text());
    }
    receiver.expect_nothing_until(daemon.wait_for_audits("one", 2)).await;
}
