//! `confirm: N`: an incident opens when N audits in a row saw it, and the next one comes early.

use std::time::Duration;

use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;

/// The next audit after a suspicious one comes much earlier than the next tick of an hourly schedule.
const EARLY: Duration = Duration::from_secs(40);

fn setup(url: &str, ear: &Ear, more: &str) -> Setup {
    Setup::new().every("1h").database("central", url, "central", more).hook("ops", &ear.receiver)
}

#[tokio::test]
async fn a_second_audit_comes_early_and_confirms() {
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear, "confirm: 2").start().await;
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    let opened = super::ear::taken_apart(&ear.raw_within(EARLY).await);
    opened[0].is("incident.opened", "drift", "new_findings").says("tmp_a");
}

#[tokio::test]
async fn what_is_gone_at_the_second_audit_is_told_to_nobody() {
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear, "").defaults("confirm: 2").start().await;
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    drop_tables(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "clean")).await;
    // Seen once, then not, then once: that is no second sight in a row.
    create(&database, &["tmp_a"]).await;
    let run = daemon.workspace().run(&["audit", "central"]).await;
    run.ended(1).says("tmp_a").says("not confirmed");
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    let opened = super::ear::taken_apart(&ear.raw_within(EARLY).await);
    opened[0].is("incident.opened", "drift", "new_findings");
}

/// The main alarm is never late: by default one audit is enough.
#[tokio::test]
async fn by_default_the_first_audit_opens() {
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let mut ear = Ear::open();
    let _daemon = setup(&url, &ear, "").start().await;
    let opened = super::ear::taken_apart(&ear.raw_within(Duration::from_secs(10)).await);
    opened[0].is("incident.opened", "drift", "new_findings");
}

/// Three failed audits are `audit_failing`; on an hourly schedule they do not take three hours.
#[tokio::test]
async fn a_failure_is_confirmed_early_too() {
    let mut ear = Ear::open();
    let _daemon = setup(NOWHERE, &ear, "confirm_failing: 2").start().await;
    let opened = super::ear::taken_apart(&ear.raw_within(Duration::from_secs(55)).await);
    opened[0].is("incident.opened", "audit_failing", "audits_failed");
}
