//! `/metrics` of the real daemon: what it tells, that its names keep to Prometheus's rules, that it is bounded,
//! and that each rule and panel under `deploy/` asks for something that is there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Nobody listens there.
const NOWHERE: &str = "postgres://auditor@127.0.0.1:9/nowhere";

/// What a scraper reads: the families with their types, and the samples.
#[derive(Debug)]
struct Scraped {
    families: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Scraped {
    /// Reads the text format as Prometheus does, and holds it to the rules of its linter.
    fn read(text: &str) -> Self {
        let mut families = BTreeMap::new();
        let mut samples = BTreeMap::new();
        let mut help = BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, said) = rest.split_once(' ').expect("a text");
                assert!(!said.is_empty() && help.insert(name.to_owned()), "{line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(help.contains(name), "no help: {line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(name.starts_with("schemawarden_"), "{line}");
                let plain = |it: char| it.is_ascii_lowercase() || it == '_';
                assert!(name.chars().all(plain), "{line}");
                assert!(
                    !["_ms", "_milliseconds", "_minutes", "_bytes_total"]
                        .iter()
                        .any(|it| name.ends_with(it)),
                    "{line}"
                );
                assert!(families.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let name = series.split('{').next().expect("a name");
                let family = ["_bucket", "_sum", "_count"]
                    .iter()
                    .filter_map(|it| name.strip_suffix(it))
                    .find(|it| families.get(*it).is_some_and(|it| it == "histogram"))
                    .unwrap_or(name);
                assert!(families.contains_key(family), "a sample without a type: {line}");
                let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
            }
        }
        Self { families, samples }
    }

    async fn of(daemon: &TestDaemon) -> Self {
        let (status, text) = daemon.get("/metrics").await;
        assert_eq!(status, 200, "{text}");
        Self::read(&text)
    }

    fn get(&self, series: &str) -> f64 {
        let found = self.samples.get(&format!("schemawarden_{series}"));
        *found.unwrap_or_else(|| panic!("{series}: {self:#?}"))
    }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[tokio::test]
async fn it_tells_what_happens() {
    let (database, url) = fixtures::central().await;
    let mut receiver = Receiver::start();
    // Each message is tried again, so that both counters have something.
    receiver.script([Answer::status(500, "no"), Answer::status(500, "no")]);
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("gone", NOWHERE, "central")
        .every("1s")
        .more("metrics: { per_database: true }")
        .slack(&receiver.url());
    let daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    daemon.wait_for_verdict("gone", "unknown").await;
    database.execute("create table stray (id int)").await;
    daemon.wait_for_verdict("central", "drifted").await;
    while !receiver.next().await.text().contains("stray") {}
    let arrived = "notifications_total{channel=\"ops\",type=\"incident.opened\"}";
    let scraped = until("the message is counted", || async {
        let scraped = Scraped::of(&daemon).await;
        scraped.samples.contains_key(&format!("schemawarden_{arrived}")).then_some(scraped)
    })
    .await;
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
    assert!(scraped.get("database_last_success_timestamp_seconds{database=\"central\"}") > 1.7e9);
    for yes in ["replica_up", "state_ok", "config_last_reload_successful"] {
        assert!(same(scraped.get(yes), 1.0), "{yes}");
    }
    assert!(scraped.get("config_last_reload_success_timestamp_seconds") > 1.7e9);
    assert!(!scraped.samples.keys().any(|it| it.contains("stray")), "the name of a table");
    rules_and_panels_ask_for_what_is_there(&scraped);
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
        let series =
            format!("schemawarden_incident_transitions_total{{kind=\"reset\",to=\"{to}\"}}");
        scraped.samples.get(&series).copied().unwrap_or(0.0)
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
    for many in [1, 400] {
        let mut config = ConfigText::new();
        for nth in 0..many {
            config = config.database(&format!("tenant-{nth}"), NOWHERE, "central");
        }
        let workspace: Workspace = fixtures::workspace(&config);
        let daemon = TestDaemon::start(workspace).await;
        daemon.wait_for_verdict("tenant-0", "unknown").await;
        let scraped = Scraped::of(&daemon).await;
        assert!(!scraped.samples.keys().any(|it| it.contains("tenant")), "{scraped:?}");
        let labelled = scraped.samples.keys().filter(|it| !it.contains("incident_transitions"));
        counts.push(labelled.count());
    }
    assert!(counts.iter().all(|it| *it < 400), "{counts:?}");
    assert_eq!(counts[0], counts[1], "{counts:?}");
}

/// Every metric that a rule or a panel names is one that a daemon tells.
fn rules_and_panels_ask_for_what_is_there(scraped: &Scraped) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/");
    let mut asked = BTreeSet::new();
    for file in ["prometheus/alerts.yaml", "grafana/schemawarden.json"] {
        let text = fs::read_to_string(format!("{root}{file}")).expect(file);
        for (at, _) in text.match_indices("schemawarden_") {
            let name: String =
                text[at..].chars().take_while(|it| it.is_ascii_lowercase() || *it == '_').collect();
            let mut parts =
                ["_bucket", "_sum", "_count"].iter().filter_map(|it| name.strip_suffix(it));
            let family = parts.find(|it| scraped.families.contains_key(*it)).unwrap_or(&name);
            assert!(scraped.families.contains_key(family), "{file}: `{name}` is not told");
            asked.insert(family.to_owned());
        }
    }
    assert!(asked.len() > 12, "{asked:?}");
    let rules: serde_json::Value = serde_yaml::from_str(
        &fs::read_to_string(format!("{root}prometheus/alerts.yaml")).expect("rules"),
    )
    .expect("YAML");
    let rules = rules["groups"][0]["rules"].as_array().expect("rules");
    for rule in rules {
        for key in ["alert", "expr", "labels", "annotations"] {
            assert!(!rule[key].is_null(), "{rule}: {key}");
        }
    }
    let text = fs::read_to_string(format!("{root}grafana/schemawarden.json")).expect("a dashboard");
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(dashboard["panels"].as_array().is_some_and(|it| it.len() > 6));
}
