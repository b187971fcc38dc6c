//! `/metrics` of the real daemon: what it tells, that its names keep to Prometheus's rules, that it is bounded,
//! and that each rule and panel under `deploy/` asks for something that is there.

mod deployed;
mod expression;
mod scraped;
mod suppressed;

use self::scraped::Scraped;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Nobody listens there.
const NOWHERE: &str = "postgres://auditor@127.0.0.1:9/nowhere";

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[tokio::test]
async fn it_tells_what_happens() {
    let (database, url) = fixtures::central().await;
    let (mut receiver, monitor) = (Receiver::start(), Receiver::start());
    // Each message is tried again, so that both counters have something.
    receiver.script([Answer::status(500, "no"), Answer::status(500, "no")]);
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("gone", NOWHERE, "central")
        .every("1s")
        .more("metrics: { per_database: true }")
        .more(&format!("heartbeat: {{ url: \"{}\", every: 1s }}", monitor.url()))
        .slack(&receiver.url());
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    daemon.wait_for_verdict("gone", "unknown").await;
    database.execute("create table stray (id int)").await;
    daemon.wait_for_verdict("central", "drifted").await;
    while !receiver.next().await.text().contains("stray") {}
    let arrived = "notifications_total{channel=\"ops\",type=\"incident.opened\"}";
    let heartbeat = "heartbeat_last_success_timestamp_seconds";
    let scraped = until("the message and the heartbeat are counted", || async {
        let scraped = Scraped::of(&daemon).await;
        (scraped.find(arrived).is_some() && scraped.find(heartbeat).is_some()).then_some(scraped)
    })
    .await;
    assert!(scraped.get(heartbeat) > 1.7e9);
    // What is there is documented.
    let (_, text) = daemon.get("/metrics").await;
    let names = text.lines().filter_map(|it| it.strip_prefix("# TYPE ")?.split(' ').next());
    let unsaid: Vec<&str> = names
        .filter(|it| !include_str!("../docs/metrics.md").contains(&format!("`{it}")))
        .collect();
    assert_eq!(unsaid, Vec::<&str>::new());
    assert!(same(scraped.get("databases{verdict=\"drifted\"}"), 1.0));
    assert!(same(scraped.get("databases{verdict=\"unknown\"}"), 1.0));
    assert!(scraped.get("audits_total{result=\"clean\"}") >= 1.0);
    assert!(scraped.get("audits_total{result=\"drifted\"}") >= 1.0);
    assert!(scraped.get("audits_total{result=\"unknown\"}") >= 1.0);
    assert!(scraped.get("audit_duration_seconds_count") >= 3.0);
    assert!(same(scraped.get("incidents_open{kind=\"drift\"}"), 1.0));
    assert!(same(scraped.get("incident_transitions_total{kind=\"drift\",to=\"opened\"}"), 1.0));
    assert!(scraped.get(arrived) >= 1.0);
    let failed =
        "notifications_failed_total{channel=\"ops\",type=\"incident.opened\",reason=\"server\"}";
    assert!(scraped.get(failed) >= 1.0);
    assert!(scraped.get("notification_latency_seconds_count") >= 1.0);
    assert!(same(scraped.get("channel_parked{channel=\"ops\"}"), 0.0));
    assert!(same(scraped.get("database_findings{database=\"central\"}"), 1.0));
    assert!(same(scraped.get("unexpected_tables{database=\"central\"}"), 1.0));
    // It was never read: how many are there is not known, so it is not 0.
    assert_eq!(scraped.find("unexpected_tables{database=\"gone\"}"), None);
    assert!(scraped.get("database_last_success_timestamp_seconds{database=\"central\"}") > 1.7e9);
    for yes in ["replica_up", "state_ok", "config_last_reload_successful"] {
        assert!(same(scraped.get(yes), 1.0), "{yes}");
    }
    assert!(scraped.get("config_last_reload_success_timestamp_seconds") > 1.7e9);
    assert!(!scraped.samples.keys().any(|it| it.contains("stray")), "the name of a table");
    deployed::check(&scraped);
    // A reload that is refused is told.
    let hash = scraped.get("config_hash");
    daemon.workspace().rewrite("config.yaml", "databases: [");
    daemon.sighup();
    until("the refusal is told", || async {
        let scraped = Scraped::of(&daemon).await;
        (same(scraped.get("config_last_reload_successful"), 0.0)
            && same(scraped.get("config_hash"), hash))
        .then_some(())
    })
    .await;
}

/// What a person ends is counted like what ends by itself: otherwise opened less resolved is not what is open.
#[tokio::test]
async fn what_a_person_ends_is_counted() {
    let (database, url) = fixtures::central().await;
    database
        .execute("insert into \"User\" values (1); insert into \"Customer\" values (1); analyze")
        .await;
    let config = ConfigText::new().database("central", &url, "central").every("1s");
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_audits("central", 2).await;
    database
        .execute(&format!(
            "drop table {0}; {1}",
            CENTRAL.map(|it| format!("\"{it}\"")).join(", "),
            CENTRAL.map(|it| format!("create table \"{it}\" (id bigint primary key);")).concat()
        ))
        .await;
    let count = |scraped: &Scraped, to: &str| {
        let series = format!("incident_transitions_total{{kind=\"reset\",to=\"{to}\"}}");
        scraped.find(&series).unwrap_or(0.0)
    };
    until("the reset is told", || async {
        (count(&Scraped::of(&daemon).await, "opened") > 0.0).then_some(())
    })
    .await;
    let body = serde_json::json!({ "reason": "restored" });
    daemon.post("databases/central/accept-reset", &body).await.expect(200);
    let scraped = Scraped::of(&daemon).await;
    assert!(same(count(&scraped, "resolved"), 1.0), "{scraped:#?}");
    assert!(same(scraped.get("incidents_open{kind=\"reset\"}"), 0.0));
}

/// However many databases there are, and whatever they are called.
#[tokio::test]
async fn it_is_bounded() {
    let mut counts = Vec::new();
    for many in [1, 10_000] {
        let mut config = ConfigText::new();
        for nth in 0..many {
            config = config.database(&format!("tenant-{nth}"), NOWHERE, "central");
        }
        let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
        daemon.wait_for_verdict("tenant-0", "unknown").await;
        let scraped = Scraped::of(&daemon).await;
        assert!(!scraped.samples.keys().any(|it| it.contains("tenant")), "{scraped:?}");
        assert!(scraped.samples.len() < 400, "{scraped:?}");
        let all: f64 = scraped
            .samples
            .iter()
            .filter(|(it, _)| it.contains("_databases{"))
            .map(|(_, it)| it)
            .sum();
        assert!(same(all, f64::from(many)), "{scraped:?}");
        // Which transitions there were, and what was told of them, is a matter of time.
        let of_time = |it: &&String| {
            ["incident_transitions", "notifications_"].iter().any(|part| it.contains(part))
        };
        counts.push(scraped.samples.keys().filter(|it| !of_time(it)).count());
    }
    assert_eq!(counts[0], counts[1], "{counts:?}");
}
