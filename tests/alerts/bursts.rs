//! Many at once: the first leaves at once, the rest are gathered; a storm is a few messages from which
//! everything can be reached; and what waits in a group outlives the daemon.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use super::setup::numbered;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::central;
use crate::support::workspace::Workspace;

/// How many databases are a storm here; `scripts/soak.sh` says more.
fn storm() -> usize {
    let said = std::env::var_os("SCHEMAWARDEN_STORM");
    said.map_or(100, |it| {
        it.to_str().and_then(|it| it.parse().ok()).expect("SCHEMAWARDEN_STORM is a number")
    })
}

#[tokio::test]
async fn the_first_leaves_at_once_and_the_rest_are_gathered() {
    let (database, url) = central().await;
    let (early, early_url) = central().await;
    let mut ear = Ear::open();
    let daemon = Setup::new()
        .many(6, &url, "central", "")
        .database("early", &early_url, "central", "")
        .hook("ops", &ear.receiver)
        .route("to: [ops], group_by: [manifest], group_wait: 3s, group_interval: 5s")
        .start()
        .await;
    for number in 1..=6 {
        ear.quiet_until(daemon.wait_for_verdict(&numbered(number), "clean")).await;
    }
    create(&early, &["tmp_a"]).await;
    let first = ear.message().await;
    assert_eq!(first.len(), 1, "{first:#?}");
    first[0].is("incident.opened", "drift", "new_findings").says("\"early\"");
    let at = Instant::now();
    create(&database, &["tmp_b"]).await;
    let gathered = ear.message().await;
    assert!(at.elapsed() > Duration::from_secs(1), "not gathered: {:?}", at.elapsed());
    let databases: BTreeSet<&str> = gathered.iter().map(|it| it.text("database")).collect();
    assert_eq!(databases.len(), 6, "{gathered:#?}");
    drop_tables(&database, &["tmp_b"]).await;
    let resolved = ear.message().await;
    assert_eq!(resolved.len(), 6, "{resolved:#?}");
    for told in &resolved {
        told.is("incident.resolved", "drift", "all_findings_gone");
    }
}

/// Groups are apart: one that waits holds no other back.
#[tokio::test]
async fn a_group_by_database_gathers_nothing_of_another() {
    let (one, one_url) = central().await;
    let (two, two_url) = central().await;
    let mut ear = Ear::open();
    let _daemon = Setup::new()
        .database("one", &one_url, "central", "")
        .database("two", &two_url, "central", "")
        .hook("ops", &ear.receiver)
        .route("to: [ops], group_by: [database], group_wait: 30s, group_interval: 1m")
        .start()
        .await;
    create(&one, &["tmp_a"]).await;
    ear.next().await.says("\"one\"");
    create(&two, &["tmp_a"]).await;
    let second = super::ear::taken_apart(&ear.raw_within(Duration::from_secs(15)).await);
    second[0].is("incident.opened", "drift", "new_findings").says("\"two\"");
}

#[tokio::test]
async fn what_waits_in_a_group_is_told_after_a_kill() {
    let (one, one_url) = central().await;
    let (two, two_url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = Setup::new()
        .database("one", &one_url, "central", "")
        .database("two", &two_url, "central", "")
        .hook("ops", &ear.receiver)
        .route("to: [ops], group_by: [manifest], group_wait: 8s, group_interval: 10s")
        .start()
        .await;
    create(&one, &["tmp_a"]).await;
    ear.next().await.says("\"one\"");
    // Or what was told before the kill may be told again.
    daemon.wait_for_an_empty_outbox().await;
    daemon.wait_for_verdict("two", "clean").await;
    create(&two, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("two", "drifted")).await;
    daemon.kill9().await;
    daemon.restart().await;
    let second = ear.message().await;
    assert_eq!(second.len(), 1, "{second:#?}");
    second[0].is("incident.opened", "drift", "new_findings").says("\"two\"");
    ear.quiet_until(daemon.wait_for_audits("two", 3)).await;
}

#[tokio::test]
async fn a_storm_is_told_in_few_messages_and_all_of_it_can_be_reached() {
    let (database, url) = central().await;
    create(&database, &["tmp_a", "tmp_b"]).await;
    let mut ear = Ear::open();
    let storm = storm();
    let setup = Setup::new()
        .every("1h")
        .many(storm, &url, "central", "")
        .hook("ops", &ear.receiver)
        .route("to: [ops], group_wait: 10s, group_interval: 30s");
    let daemon = setup.start().await;
    // A digest shows as many as fit, and says how many there are.
    let (mut total, mut messages) = (0, 0);
    while total < storm as u64 {
        let message = ear.receiver.next().await.json();
        total += message["data"]["notifications_total"].as_u64().unwrap_or(1);
        messages += 1;
        assert!(messages <= 5, "{messages} messages and {total} told");
    }
    assert_eq!(total, storm as u64, "each once");
    // For `scripts/soak.sh`, whose answer this is.
    eprintln!("{storm} databases, {messages} messages");

    daemon.wait_for_an_empty_outbox().await;
    let workspace = daemon.workspace();
    let reached = reached(workspace, &daemon).await;
    assert_eq!(reached.len(), storm, "{reached:?}");
}

/// Every incident that `deliveries show` names for any delivery.
async fn reached(workspace: &Workspace, daemon: &TestDaemon) -> BTreeSet<String> {
    let list = super::api::get(daemon, "/api/v1/deliveries").await;
    let mut reached = BTreeSet::new();
    for id in uuids(&list.to_string()) {
        let shown = workspace.run(&["deliveries", "show", &id]).await;
        shown.ended(0).says(&id);
        let words = shown.stdout.split(|it: char| !it.is_alphanumeric() && it != '-');
        reached.extend(words.filter(|it| it.starts_with("SW-")).map(str::to_owned));
    }
    reached
}

/// Every UUID in a text.
fn uuids(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| !it.is_ascii_hexdigit() && it != '-');
    let is_uuid = |it: &&str| it.len() == 36 && it.matches('-').count() == 4;
    words.filter(is_uuid).map(str::to_owned).collect()
}

/// A digest says the cause once, and how to reach the rest.
#[tokio::test]
async fn a_digest_on_slack_names_the_cause_and_the_first_databases() {
    let (database, url) = central().await;
    create(&database, &["tmp_a", "tmp_b"]).await;
    let mut slack = crate::support::receiver::Receiver::start();
    let channel = format!("{{ type: slack, url: \"{}\" }}", slack.url());
    let _daemon = Setup::new()
        .every("1h")
        .many(100, &url, "central", "")
        .channel("ops", &channel)
        .route("to: [ops], group_wait: 15s, group_interval: 30s")
        .start()
        .await;
    let first = slack.next().await.text().to_owned();
    let digest = if first.contains("deliveries show") {
        first
    } else {
        slack.next().await.text().to_owned()
    };
    assert!(digest.contains("deliveries show"), "{digest}");
    assert!(digest.contains("manifest `central`"), "{digest}");
    assert!(digest.contains("databases"), "{digest}");
    assert!(digest.contains("`p"), "{digest}");
}
