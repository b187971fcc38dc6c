//! The life of an incident: open, acknowledged, released, flapping, resolved, removed; each told once.

use serde_json::json;

use super::api;
use super::ear::Ear;
use super::setup::PROMPT;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use super::setup::reload;
use crate::support::fixtures::central;

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().database("central", url, "central", "").hook("ops", &ear.receiver)
}

/// A route that reminds each two seconds.
fn reminding() -> String {
    format!("to: [ops], {PROMPT}, repeat_interval: 2s")
}

#[tokio::test]
async fn an_acknowledged_incident_is_quiet_until_it_grows_and_its_end_is_told() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).route(&reminding()).start().await;
    create(&database, &["tmp_a"]).await;
    let opened = ear.next().await;
    opened.is("incident.opened", "drift", "new_findings").says("tmp_a");
    let id = opened.id();
    ear.next().await.is("incident.reminder", "drift", "repeat_interval").says("tmp_a");

    let run = daemon.workspace().run(&["incidents", "ack", &id, "--note", "looking at it"]).await;
    run.ended(0).says(&id);
    // One may have been on its way. After it there is none, for twice the interval.
    let under_way = ear.all_until(daemon.wait_for_audits("central", 1)).await;
    assert!(under_way.len() <= 1, "{under_way:#?}");
    ear.quiet_until(daemon.wait_for_audits("central", 5)).await;
    let shown = daemon.workspace().run(&["incidents", "show", &id]).await;
    shown.ended(0).says("looking at it").says("local").says("acknowledged");

    create(&database, &["tmp_b"]).await;
    let changed = ear.next().await;
    changed.is("incident.changed", "drift", "new_findings").says("tmp_b");
    assert_eq!(changed.id(), id);
    // Open again, so it reminds again.
    ear.next().await.is("incident.reminder", "drift", "repeat_interval");
    drop_tables(&database, &["tmp_a", "tmp_b"]).await;
    let resolved = loop {
        let next = ear.next().await;
        if next.event != "incident.reminder" {
            break next;
        }
    };
    resolved.is("incident.resolved", "drift", "all_findings_gone");
    assert_eq!(resolved.id(), id);
    ear.quiet_until(daemon.wait_for_audits("central", 4)).await;
}

#[tokio::test]
async fn a_released_incident_reminds_again() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).route(&reminding()).start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    daemon.workspace().run(&["incidents", "ack", &id]).await.ended(0);
    let under_way = ear.all_until(daemon.wait_for_audits("central", 1)).await;
    assert!(under_way.len() <= 1, "{under_way:#?}");
    ear.quiet_until(daemon.wait_for_audits("central", 4)).await;
    daemon.workspace().run(&["incidents", "release", &id]).await.ended(0);
    ear.next().await.is("incident.reminder", "drift", "repeat_interval");
}

#[tokio::test]
async fn acknowledging_what_is_not_there_or_over_is_said_and_fails() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    let workspace = daemon.workspace();
    workspace.run(&["incidents", "ack", "SW-4711"]).await.ended(2).says("SW-4711");
    workspace.run(&["incidents", "show", "SW-4711"]).await.ended(2).says("SW-4711");
    workspace.run(&["incidents", "ack", "Musician"]).await.ended(2).says("Musician");
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    drop_tables(&database, &["tmp_a"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    workspace.run(&["incidents", "ack", &id]).await.ended(2).says("resolved");
    let path = format!("/api/v1/incidents/{id}/ack");
    let answer = api::post(&daemon, &path, &json!({"note": "late"})).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

/// At the default `flap_window` of ten minutes.
#[tokio::test]
async fn a_drift_that_comes_and_goes_is_one_incident_and_three_messages() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    drop_tables(&database, &["tmp_a"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    create(&database, &["tmp_a"]).await;
    let changed = ear.next().await;
    changed.is("incident.changed", "drift", "flapping").says("tmp_a");
    assert_eq!(changed.id(), id);
    for _ in 0..2 {
        drop_tables(&database, &["tmp_a"]).await;
        ear.quiet_until(daemon.wait_for_verdict("central", "clean")).await;
        create(&database, &["tmp_a"]).await;
        ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    }
    // What was never seen is no flapping.
    create(&database, &["tmp_other"]).await;
    let grown = ear.next().await;
    grown.is("incident.changed", "drift", "new_findings").says("tmp_other");
    assert_eq!(grown.id(), id);
}

#[tokio::test]
async fn a_flapping_incident_resolves_after_a_clean_flap_window() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).defaults("flap_window: 5s").start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    drop_tables(&database, &["tmp_a"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    create(&database, &["tmp_a"]).await;
    ear.next().await.is("incident.changed", "drift", "flapping");
    drop_tables(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "clean")).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    let resolved = ear.next().await;
    resolved.is("incident.resolved", "drift", "all_findings_gone");
    assert_eq!(resolved.id(), id);
    // Long enough after it, a drift is another incident.
    ear.quiet_until(daemon.wait_for_audits("central", 7)).await;
    create(&database, &["tmp_a"]).await;
    let second = ear.next().await;
    second.is("incident.opened", "drift", "new_findings");
    assert_ne!(second.id(), id);
}

#[tokio::test]
async fn flap_window_zero_makes_each_return_an_incident() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let _daemon = setup(&url, &ear).defaults("flap_window: 0s").start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    drop_tables(&database, &["tmp_a"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    create(&database, &["tmp_a"]).await;
    let second = ear.next().await;
    second.is("incident.opened", "drift", "new_findings");
    assert_ne!(second.id(), id);
}

#[tokio::test]
async fn an_incident_whose_database_leaves_closes_with_that_reason() {
    let (database, url) = central().await;
    let (_other, other_url) = central().await;
    let mut ear = Ear::open();
    let both = setup(&url, &ear).database("other", &other_url, "central", "");
    let one = Setup::new().database("other", &other_url, "central", "").hook("ops", &ear.receiver);
    let mut daemon = both.start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    // The port is another one, and that asks for a restart: only what differs matters here.
    daemon.sigterm().await;
    daemon.workspace().rewrite("config.yaml", &one.to_string());
    daemon.restart().await;
    let closed = ear.next().await;
    closed.is("incident.resolved", "drift", "database_removed");
    assert_eq!(closed.id(), id);
    let shown = daemon.workspace().run(&["incidents", "show", &id]).await;
    shown.ended(0).says("database_removed");
    ear.quiet_until(daemon.wait_for_audits("other", 2)).await;
}

#[tokio::test]
async fn an_incident_whose_database_leaves_in_a_reload_closes_too() {
    let (database, url) = central().await;
    let (_other, other_url) = central().await;
    let mut ear = Ear::open();
    let one = Setup::new().database("other", &other_url, "central", "").hook("ops", &ear.receiver);
    let both = one.clone().database("central", &url, "central", "");
    let mut daemon = both.start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    reload(&mut daemon, &one).await;
    let closed = ear.next().await;
    closed.is("incident.resolved", "drift", "database_removed");
    assert_eq!(closed.id(), id);
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_keeps_what_people_did() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let repeat = format!("to: [ops], {PROMPT}, repeat_interval: 3s");
    let mut daemon = setup(&url, &ear).route(&repeat).start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    daemon.workspace().run(&["incidents", "ack", &id]).await.ended(0);
    for kills in [true, false] {
        daemon.wait_for_an_empty_outbox().await;
        if kills {
            daemon.kill9().await;
        } else {
            daemon.sigterm().await;
        }
        daemon.restart().await;
        ear.quiet_until(daemon.wait_for_audits("central", 4)).await;
    }
    drop_tables(&database, &["tmp_a"]).await;
    let resolved = ear.next().await;
    resolved.is("incident.resolved", "drift", "all_findings_gone");
    assert_eq!(resolved.id(), id);
}
