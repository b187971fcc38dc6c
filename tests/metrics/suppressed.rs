//! What nobody was told of is counted by its reason: otherwise a silence that hides everything looks like a quiet week.

use jiff::ToSpan as _;
use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::json;

use super::scraped::Scraped;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Nobody listens there.
const NOWHERE: &str = "postgres://auditor@127.0.0.1:9/nowhere";

async fn until_counted(daemon: &TestDaemon, reason: &str, count: f64) -> Scraped {
    let series = format!("notifications_suppressed_total{{reason=\"{reason}\"}}");
    until(&format!("{series} is {count}"), || async {
        let scraped = Scraped::of(daemon).await;
        (scraped.get(&series) >= count).then_some(scraped)
    })
    .await
}

#[tokio::test]
async fn what_a_silence_keeps_back_and_what_is_known_already() {
    let (database, url) = fixtures::central().await;
    let mut receiver = Receiver::start();
    let config =
        ConfigText::new().database("central", &url, "central").every("1s").slack(&receiver.url());
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    database.execute("create table stray (id int)").await;
    while !receiver.next().await.text().contains("stray") {}
    let scraped = Scraped::of(&daemon).await;
    for reason in ["silence", "maintenance", "inhibited", "acknowledged", "dedup"] {
        let series = format!("notifications_suppressed_total{{reason=\"{reason}\"}}");
        assert_eq!(scraped.find(&series), Some(0.0), "{reason}");
    }
    let body =
        json!({ "match": { "database": ["central"] }, "reason": "a migration", "for": "1h" });
    let made = daemon.post("silences", &body).await.expect(201);
    database.execute("create table second (id int)").await;
    until_counted(&daemon, "silence", 1.0).await;
    database.execute("drop table second").await;
    daemon.wait_for_audits("central", 2).await;
    // Whoever was told of the first has nothing more to hear.
    let path = format!("silences/{}/expire", made["silence"]["id"]);
    daemon.post(&path, &json!({})).await.expect(200);
    let scraped = until_counted(&daemon, "dedup", 1.0).await;
    assert_eq!(scraped.find("notifications_suppressed_total{reason=\"silence\"}"), Some(1.0));
    assert_eq!(scraped.find("notifications_suppressed_total{reason=\"maintenance\"}"), Some(0.0));
    let told = "notifications_total{channel=\"ops\",type=\"incident.changed\"}";
    assert_eq!(scraped.find(told), None);
}

/// Two databases on a server that is gone: it is told once, of the server, and not of each of them.
#[tokio::test]
async fn what_a_window_keeps_back_and_what_the_server_tells() {
    let (database, url) = fixtures::central().await;
    let receiver = Receiver::start();
    let hour = |hours: i64| {
        let now = Zoned::now().with_time_zone(TimeZone::UTC);
        now.checked_add(hours.hours()).expect("a time").strftime("%Y-%m-%dT%H:%M").to_string()
    };
    let window = format!(
        "maintenance:\n  - {{ name: move, match: {{ database: central }}, timezone: UTC, \
         once: {{ from: \"{}\", to: \"{}\" }} }}",
        hour(-1),
        hour(2),
    );
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("gone", NOWHERE, "central")
        .database("away", NOWHERE, "central")
        .every("1s")
        .more(&window)
        .slack(&receiver.url());
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    database.execute("create table stray (id int)").await;
    until_counted(&daemon, "maintenance", 1.0).await;
    until_counted(&daemon, "inhibited", 2.0).await;
    // One exposition reads what is open before it reads the counters, so both are told by the next one at the
    // latest.
    let scraped = Scraped::of(&daemon).await;
    assert_eq!(scraped.find("incidents_open{kind=\"server_unreachable\"}"), Some(1.0));
    assert_eq!(scraped.find("incidents_open{kind=\"audit_failing\"}"), Some(0.0));
    // Each once, however often they fail after that.
    daemon.wait_for_audits("gone", 2).await;
    let scraped = Scraped::of(&daemon).await;
    assert_eq!(scraped.find("notifications_suppressed_total{reason=\"inhibited\"}"), Some(2.0));
}
