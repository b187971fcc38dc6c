//! The YAML of `docs/alerts.md`, `docs/config.md`, `docs/discovery.md`, `docs/resets.md` and `docs/servers.md` is what it says: good configs, without a warning.
//! And every key there is stands in a guide.

use super::*;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(path).unwrap()
}

/// Loads every example of a page; one that begins with `# known.yaml` is a file for `known_file`.
#[track_caller]
fn good(name: &str, examples: usize) {
    let page = page(name);
    let blocks = page.split("```yaml\n").skip(1);
    let blocks = blocks.map(|it| it.split_once("```").expect("an end").0);
    let (files, configs): (Vec<&str>, Vec<&str>) =
        blocks.partition(|it| it.starts_with("# known.yaml\n"));
    assert_eq!(configs.len(), examples, "{name}");
    let env = |name: &str| {
        Some(match name {
            "WEBHOOK_SECRET" => KEY.to_owned(),
            "PAGERDUTY_KEY" | "CI_TOKEN" => "0123456789abcdef0123456789abcdef".to_owned(),
            name if name.ends_with("DATABASE_URL") => "postgres://a:x@db.example.com/d".to_owned(),
            _ => "https://receiver.example.com/x".to_owned(),
        })
    };
    for example in configs {
        let folder = Folder::new();
        for file in &files {
            folder.put("known.yaml", file);
        }
        folder.put("secrets/auditor", "hunter2\n");
        folder.put("secrets/state.key", &"ab".repeat(32));
        for token in ["secrets/alice", "secrets/wall"] {
            folder.put(token, &"ab".repeat(32));
        }
        super::access::put_certificate(&folder);
        folder.put("tenants/sco.yaml", "databases: []\n");
        folder.put("c.yaml", example);
        let path = folder.0.path().join("c.yaml");
        let now: Timestamp = "2025-07-05T10:00:00Z".parse().unwrap();
        let config = load(&path, &env, now).unwrap_or_else(|it| panic!("{it:?}\n{example}"));
        // Those that are about what comes before a channel leave channels out, as `check` may.
        assert!(config.channels.is_empty() || config.require_delivery().is_empty(), "{example}");
        assert_eq!(folder.words(&config.warnings), [""; 0], "{example}");
    }
}

#[test]
fn every_example_of_the_guides_is_a_good_config() {
    good("access.md", 4);
    good("alerts.md", 7);
    good("config.md", 10);
    good("discovery.md", 3);
    good("resets.md", 2);
    good("servers.md", 1);
}

#[test]
fn every_key_stands_in_the_guide_of_the_configuration() {
    let page = page("config.md");
    for key in every_key() {
        let spelled = [format!("`{key}`"), format!(".{key}`"), format!("{key}:")];
        assert!(spelled.iter().any(|it| page.contains(it)), "`{key}` is not in docs/config.md");
    }
}

/// An editor shows the description of a key: each has one.
#[test]
fn every_key_is_described_in_the_schema() {
    fn bare(schema: &serde_json::Value, into: &mut Vec<String>) {
        match schema {
            serde_json::Value::Object(members) => {
                let properties = members.get("properties").and_then(|it| it.as_object());
                for (key, it) in properties.into_iter().flatten() {
                    if it["description"].as_str().is_none_or(str::is_empty) {
                        into.push(key.clone());
                    }
                }
                members.values().for_each(|it| bare(it, into));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|it| bare(it, into)),
            _ => {}
        }
    }
    for schema in [shape_schema(), known_schema(), crate::manifest::schema()] {
        let mut without = Vec::new();
        bare(&schema, &mut without);
        assert_eq!(without, [""; 0], "{}", schema["title"]);
    }
}

/// What the guide says of the second example: who hears of what.
#[test]
fn the_guide_s_routes_lead_where_it_says() {
    let text = "databases: [{name: scoso, url: \"host=/tmp\", manifest: orchestra, labels: {team: blue}}]\n\
                channels: {ops: {type: slack, url: \"${SLACK}\"}, team-red: {type: slack, url: \"${SLACK}\"}}\n\
                routes: [{match: {kind: drift}, to: [\"team-{labels.team}\"], fallback: [ops]}, {to: [ops]}]\n";
    let config = Folder::new().load(text).unwrap();
    let heard = |team: &str| {
        let labels = [("team".to_owned(), team.to_owned())].into();
        let facts = crate::route::Facts {
            database: Some("scoso"),
            manifest: Some("orchestra"),
            labels: &labels,
            kind: crate::incident::IncidentKind::Drift,
            severity: Severity::Critical,
            incident: "SW-1001",
        };
        let all = config.policy.destinations(&facts);
        all.into_iter().map(|it| it.channel).collect::<Vec<_>>()
    };
    assert_eq!(
        (heard("red"), heard("blue")),
        (vec!["team-red".to_owned()], vec!["ops".to_owned()])
    );
}
