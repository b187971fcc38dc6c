//! A manifest that would open incidents on many databases at once is told as one `manifest_suspect`.

use super::ear::Ear;
use super::setup::Setup;
use super::setup::central_manifest;
use super::setup::changed_manifest;
use super::setup::create;
use super::setup::drop_tables;
use super::setup::numbered;
use super::setup::read_again;
use crate::screen::visitor::Visitor;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::central;

/// More than the ten databases that the brake needs.
const COUNT: usize = 12;

/// The daemon with [`COUNT`] clean databases.
async fn start(url: &str, ear: &mut Ear, count: usize) -> TestDaemon {
    let route = "to: [ops], group_wait: 1s, group_interval: 2s";
    let setup = Setup::new().every("2s").many(count, url, "central", "").route(route);
    let daemon = setup.hook("ops", &ear.receiver).start().await;
    for number in 1..=count {
        ear.quiet_until(daemon.wait_for_verdict(&numbered(number), "clean")).await;
    }
    daemon
}

async fn change_manifest(daemon: &mut TestDaemon, text: &str) {
    daemon.workspace().rewrite("expected-schemas/central.yaml", text);
    read_again(daemon).await;
}

async fn audits(daemon: &TestDaemon, count: usize) {
    daemon.wait_for_audits(&numbered(1), count).await;
    daemon.wait_for_audits(&numbered(COUNT), 1).await;
}

#[tokio::test]
async fn a_changed_manifest_is_one_suspect_until_it_is_released() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&url, &mut ear, COUNT).await;
    change_manifest(&mut daemon, &changed_manifest(&["SystemLog"], &[])).await;
    let suspect = ear.next().await;
    assert_eq!(suspect.event, "incident.opened", "{suspect:#?}");
    assert_eq!(suspect.text("incident_kind"), "manifest_suspect", "{suspect:#?}");
    suspect.says("central").says("manifests release central");
    ear.quiet_until(audits(&daemon, 3)).await;
    let states = daemon.workspace().run(&["manifests", "list"]).await;
    states.ended(0).says("central");

    // Anything else alerts.
    create(&database, &["tmp_a"]).await;
    let mut drifted = std::collections::BTreeSet::new();
    while drifted.len() < COUNT {
        let told = ear.next().await;
        told.is("incident.opened", "drift", "new_findings").says("tmp_a");
        told.says_nothing_of("SystemLog");
        drifted.insert(told.text("database").to_owned());
    }

    let at = format!("/incidents/{}", suspect.id());
    let visitor = Visitor::signed_in(&daemon).await;
    let (path, page) = visitor.act(&at, "/manifests/central/release", &[]).await;
    assert_eq!(path, format!("{at}?done=manifest_released"));
    page.says(&["Released: what was held back counts"]);
    daemon.workspace().run(&["manifests", "release", "central"]).await.ended(2).says("is held");
    let mut changed = std::collections::BTreeSet::new();
    let mut released = false;
    while changed.len() < COUNT || !released {
        let told = ear.next().await;
        if told.text("incident_kind") == "manifest_suspect" {
            told.is("incident.resolved", "manifest_suspect", "manifest_released");
            assert_eq!(told.id(), suspect.id());
            released = true;
        } else {
            told.is("incident.changed", "drift", "new_findings").says("SystemLog");
            changed.insert(told.text("database").to_owned());
        }
    }
    drop_tables(&database, &["tmp_a", "SystemLog"]).await;
    for _ in 0..COUNT {
        ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    }
}

#[tokio::test]
async fn the_next_change_takes_the_suspect_back() {
    let (_database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&url, &mut ear, COUNT).await;
    change_manifest(&mut daemon, &changed_manifest(&["SystemLog"], &[])).await;
    let suspect = ear.next().await;
    assert_eq!(suspect.text("incident_kind"), "manifest_suspect", "{suspect:#?}");
    // A restart while it waits is no news and no release.
    daemon.wait_for_an_empty_outbox().await;
    daemon.kill9().await;
    daemon.restart().await;
    ear.quiet_until(audits(&daemon, 2)).await;
    change_manifest(&mut daemon, &central_manifest()).await;
    let resolved = ear.next().await;
    resolved.is("incident.resolved", "manifest_suspect", "manifest_changed");
    assert_eq!(resolved.id(), suspect.id());
    ear.quiet_until(audits(&daemon, 3)).await;
    for number in 1..=COUNT {
        assert_eq!(daemon.row(&numbered(number)).await["verdict"], "clean");
    }
}

/// A change that is right for every database is no news; a drift after it is told as ever.
#[tokio::test]
async fn a_change_that_fits_is_taken_quietly() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&url, &mut ear, COUNT).await;
    let optional = format!("{}ignore: [\"tmp_*\"]\n", central_manifest());
    change_manifest(&mut daemon, &optional).await;
    ear.quiet_until(audits(&daemon, 3)).await;
    create(&database, &["tmp_a"]).await;
    ear.quiet_until(audits(&daemon, 3)).await;
    create(&database, &["Musician"]).await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("Musician");
}

/// Below ten databases there is no brake: a changed manifest is enforced at once.
#[tokio::test]
async fn a_manifest_of_three_databases_is_enforced_at_once() {
    let (_database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&url, &mut ear, 3).await;
    change_manifest(&mut daemon, &changed_manifest(&["SystemLog"], &[])).await;
    for _ in 0..3 {
        ear.next().await.is("incident.opened", "drift", "new_findings").says("SystemLog");
    }
}
