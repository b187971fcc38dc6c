//! The alert rules and the dashboard under `deploy/`: each expression is taken apart and held against what a real daemon
//! tells, and each says what it has to.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::expression::Expression;
use super::scraped::Scraped;

/// What has to wake somebody, whatever else does.
const ALERTS: [&str; 8] = [
    "Absent",
    "AuditsOverdue",
    "ChannelParked",
    "ConfigInconsistent",
    "FailedReload",
    "FailedToSend",
    "OutboxStuck",
    "StateFailing",
];

/// Metrics of which no rule and no panel has to speak: for a person who looks at one process or one database.
const FOR_PEOPLE: [&str; 4] = [
    "schemawarden_config_last_reload_success_timestamp_seconds",
    "schemawarden_database_findings",
    "schemawarden_database_last_success_timestamp_seconds",
    "schemawarden_unexpected_tables",
];

/// Holds all of `deploy/` that asks for metrics against `scraped`.
pub(super) fn check(scraped: &Scraped) {
    let mut asked = rules(scraped);
    asked.extend(panels(scraped));
    let unasked = scraped.families.keys().filter(|it| !asked.contains(*it));
    let unasked: Vec<_> = unasked.filter(|it| !FOR_PEOPLE.contains(&it.as_str())).collect();
    assert!(unasked.is_empty(), "neither a rule nor a panel asks for {unasked:?}");
}

fn text(file: &str) -> String {
    let path = format!("{}/deploy/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Takes an expression apart, and holds it against `scraped`; adds what it asks for.
fn ask(place: &str, said: &Value, scraped: &Scraped, asked: &mut BTreeSet<String>) -> Expression {
    let said = said.as_str().unwrap_or_else(|| panic!("{place}: no expression"));
    let expression =
        Expression::read(said).unwrap_or_else(|error| panic!("{place}: {error}: {said}"));
    let unmet = expression.unmet(scraped);
    assert!(unmet.is_empty(), "{place}: {unmet:?}: {said}");
    assert!(!expression.selectors.is_empty(), "{place}: asks for nothing: {said}");
    asked.extend(expression.selectors.iter().filter_map(|it| scraped.family(&it.name)));
    expression
}

fn rules(scraped: &Scraped) -> BTreeSet<String> {
    let file: Value = serde_yaml::from_str(&text("prometheus/alerts.yaml")).expect("YAML");
    let (mut asked, mut alerts) = (BTreeSet::new(), BTreeSet::new());
    for group in file["groups"].as_array().expect("groups") {
        for rule in group["rules"].as_array().expect("rules") {
            let name = rule["alert"].as_str().expect("a name");
            let expression = ask(name, &rule["expr"], scraped, &mut asked);
            let severity = rule["labels"]["severity"].as_str().unwrap_or_default();
            assert!(["critical", "warning"].contains(&severity), "{name}: {severity}");
            for key in ["summary", "description"] {
                let said = rule["annotations"][key].as_str().unwrap_or_default();
                assert!(!said.is_empty(), "{name}: no {key}");
                for label in placeholders(said, "$labels.") {
                    assert!(expression.result.contains(label), "{name}: no label `{label}`");
                }
            }
            let known = ["alert", "expr", "for", "labels", "annotations"];
            let keys = rule.as_object().expect("a rule").keys();
            assert!(keys.clone().all(|it| known.contains(&it.as_str())), "{name}: {keys:?}");
            let short = name.strip_prefix("Schemawarden").expect("our name").to_owned();
            assert!(alerts.insert(short), "twice: {name}");
        }
    }
    let missing: Vec<_> = ALERTS.iter().filter(|it| !alerts.contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    asked
}

fn panels(scraped: &Scraped) -> BTreeSet<String> {
    let board: Value = serde_json::from_str(&text("grafana/schemawarden.json")).expect("JSON");
    let (mut asked, mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for panel in board["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}: its id is taken");
        let grid = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        assert!(grid("x") + grid("w") <= 24, "{title}: too wide");
        for x in grid("x")..grid("x") + grid("w") {
            for y in grid("y")..grid("y") + grid("h") {
                assert!(taken.insert((x, y)), "{title}: its place is taken");
            }
        }
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            let expression = ask(title, &target["expr"], scraped, &mut asked);
            for label in placeholders(target["legendFormat"].as_str().unwrap_or_default(), "") {
                assert!(expression.result.contains(label), "{title}: no label `{label}`");
            }
            let of_time = |it: &str| it.contains("_seconds");
            if expression.selectors.iter().all(|it| of_time(&it.name)) {
                assert_eq!(unit, Some("s"), "{title}: seconds, shown as {unit:?}");
            }
        }
    }
    asked
}

/// The names in `{{ … }}` that begin with `prefix`, without it.
fn placeholders<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let inside = text.split("{{").skip(1).filter_map(|it| Some(it.split_once("}}")?.0.trim()));
    inside.filter_map(|it| it.strip_prefix(prefix)).collect()
}
