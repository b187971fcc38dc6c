//! The commands that ask the daemon: what they show, and how they end.

use serde_json::Value;

use super::api;
use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().every("1h").database("central", url, "central", "").hook("ops", &ear.receiver)
}

/// Hourly audits; the command does not wait for the tick, and ends as `check` does.
#[tokio::test]
async fn audit_asks_the_daemon_to_look_now() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).database("gone", NOWHERE, "central", "").start().await;
    daemon.wait_for_verdict("central", "clean").await;
    daemon.wait_for_verdict("gone", "unknown").await;
    let workspace = daemon.workspace();
    workspace.run(&["audit", "central"]).await.ended(0).says("clean");
    create(&database, &["tmp_a"]).await;
    workspace.run(&["audit", "central"]).await.ended(1).says("tmp_a");
    ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_a");
    let run = workspace.run(&["audit", "central", "--format", "json"]).await;
    let report: Value = serde_json::from_str(&run.ended(1).stdout).expect("one JSON document");
    assert!(report.to_string().contains("unexpected_table"), "{report:#}");
    workspace.run(&["audit", "gone"]).await.ended(2).says("gone");
    workspace.run(&["audit", "centrall"]).await.ended(2).says("centrall");
    drop_tables(&database, &["tmp_a"]).await;
    workspace.run(&["audit", "central"]).await.ended(0);
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    let audits = api::get(&daemon, "/api/v1/audits?database=central").await;
    assert!(audits.to_string().contains("clean"), "{audits:#}");
}

#[tokio::test]
async fn incidents_are_listed_and_shown_with_their_trail() {
    let (database, url) = central().await;
    create(&database, &["tmp_a", "esc\u{1b}[31m<!channel>"]).await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    let id = ear.next().await.id();
    let workspace = daemon.workspace();
    let listed = workspace.run(&["incidents", "list"]).await;
    listed.ended(0).says(&id).says("central").says("drift").says("open");
    let shown = workspace.run(&["incidents", "show", &id]).await;
    shown.ended(0).says(&id).says("tmp_a").says("opened").says("new_findings");
    for run in [&listed, &shown] {
        assert!(!run.stdout.contains('\u{1b}'), "an escape sequence came through: {run:?}");
    }
    let run = workspace.run(&["incidents", "list", "--format", "json"]).await;
    let json: Value = serde_json::from_str(&run.ended(0).stdout).expect("one JSON document");
    assert!(json.to_string().contains(&id), "{json:#}");
    let one = api::get(&daemon, &format!("/api/v1/incidents/{id}")).await;
    assert!(one.to_string().contains("new_findings"), "{one:#}");
    // A misspelt name must not read as "all is well".
    let (status, body) = daemon.get("/api/v1/incidents?state=open&database=other").await;
    assert!(status == 404 && body.contains("other"), "{status} {body}");
    let (status, body) = daemon.get("/api/v1/incidents?state=opne").await;
    assert!(status == 400 && body.contains("open"), "{status} {body}");
    let (status, _) = daemon.get("/api/v1/incidents/SW-4711").await;
    assert_eq!(status, 404);

    drop_tables(&database, &["tmp_a", "esc\u{1b}[31m<!channel>"]).await;
    workspace.run(&["audit", "central"]).await.ended(0);
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    let shown = workspace.run(&["incidents", "show", &id]).await;
    shown.ended(0).says("resolved").says("all_findings_gone");
}

#[tokio::test]
async fn deliveries_are_listed_and_shown() {
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    let request = ear.receiver.next().await;
    let told = super::ear::taken_apart(&request);
    let id = request.header("webhook-id").to_owned();
    daemon.wait_for_an_empty_outbox().await;
    let workspace = daemon.workspace();
    workspace.run(&["deliveries", "list"]).await.ended(0).says("ops").says("delivered");
    let shown = workspace.run(&["deliveries", "show", &id]).await;
    shown.ended(0).says("ops").says(&told[0].id()).says("central").says("incident.opened");
    let only = workspace.run(&["deliveries", "list", "--state", "pending"]).await;
    assert!(!only.ended(0).stdout.contains(&id), "{}", only.stdout);
    workspace.run(&["deliveries", "show", "nonsense"]).await.ended(2).says("nonsense");
    let json = workspace.run(&["deliveries", "list", "--format", "json"]).await;
    let _document: Value = serde_json::from_str(&json.ended(0).stdout).expect("one JSON document");
    assert!(json.stdout.contains(&id), "{}", json.stdout);
    // Where messages go is a secret.
    assert!(!json.stdout.contains("services"), "{}", json.stdout);
}
