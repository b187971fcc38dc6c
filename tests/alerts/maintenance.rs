//! Maintenance windows of the config: they mute as silences do, by the clock of a zone.

use jiff::ToSpan;
use jiff::Zoned;
use jiff::tz::TimeZone;

use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use super::setup::reload;
use crate::support::fixtures::central;

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().database("central", url, "central", "").hook("ops", &ear.receiver)
}

/// A zone's wall clock so many hours from now.
fn wall_clock(zone: &str, hours: i64) -> Zoned {
    let now = Zoned::now().with_time_zone(TimeZone::get(zone).expect("an IANA zone"));
    now.checked_add(hours.hours()).expect("a time")
}

fn once(zone: &str, from: i64, to: i64) -> String {
    let spelled = |hours| wall_clock(zone, hours).strftime("%Y-%m-%dT%H:%M").to_string();
    let (from, to) = (spelled(from), spelled(to));
    format!(
        "maintenance:\n  - {{ name: move, match: {{ database: \"cent*\" }}, \
         once: {{ from: \"{from}\", to: \"{to}\" }}, timezone: {zone} }}"
    )
}

/// All days, two hours before now to two hours after: across midnight where that is so.
fn weekly(zone: &str) -> String {
    let spelled = |hours| wall_clock(zone, hours).strftime("%H:%M").to_string();
    let (from, to) = (spelled(-2), spelled(2));
    format!(
        "maintenance:\n  - {{ name: daily, match: {{ database: central }}, timezone: {zone}, \
         weekly: {{ days: [mon, tue, wed, thu, fri, sat, sun], from: \"{from}\", to: \"{to}\" }} }}"
    )
}

#[tokio::test]
async fn a_window_that_covers_now_mutes_and_its_end_tells() {
    for window in [once("America/New_York", -1, 1), weekly("Asia/Kolkata")] {
        let (database, url) = central().await;
        let mut ear = Ear::open();
        let setup = setup(&url, &ear);
        let mut daemon = setup.clone().more(&window).start().await;
        create(&database, &["tmp_a"]).await;
        ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
        ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
        let name = if window.contains("name: move") { "move" } else { "daily" };
        let by = format!("maintenance window `{name}`");
        let workspace = daemon.workspace();
        workspace.run(&["silence", "list"]).await.ended(0).says(&by).says("is open until");
        workspace.run(&["incidents", "show", "1001"]).await.ended(0).says(&by);
        let (_, health) = daemon.get("/healthz").await;
        assert!(health.contains(&format!("\"name\":\"{name}\"")), "{health}");
        reload(&mut daemon, &setup).await;
        let told = ear.next().await;
        told.says("maintenance_ended").says(&format!("Told now because {by} has ended."));
        assert_eq!(told.event, "incident.opened", "{window}: {told:#?}");
        told.says("tmp_a");
    }
}

/// The same wall clock in another zone is another time; and a window for others mutes nobody else.
#[tokio::test]
async fn a_window_that_does_not_cover_now_or_us_mutes_nothing() {
    let elsewhere = weekly("UTC").replace("database: central", "database: other");
    for window in [once("UTC", 1, 3), once("UTC", -3, -1), elsewhere] {
        let (database, url) = central().await;
        create(&database, &["tmp_a"]).await;
        let mut ear = Ear::open();
        let _daemon = setup(&url, &ear).more(&window).start().await;
        ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_a");
    }
    let shifted = once("UTC", -1, 1).replace("timezone: UTC", "timezone: Asia/Tokyo");
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let mut ear = Ear::open();
    let _daemon = setup(&url, &ear).more(&shifted).start().await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_a");
}
