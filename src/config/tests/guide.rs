//! The YAML of `docs/alerts.md` is what it says: good configs, without a warning.

use super::*;

#[test]
fn every_example_of_the_guide_is_a_good_config() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md");
    let guide = fs::read_to_string(path).unwrap();
    let examples: Vec<&str> = guide
        .split("```yaml\n")
        .skip(1)
        .map(|it| it.split_once("```").expect("an end").0)
        .collect();
        let env = |name: &str| {
        Some(match name {
            "WEBHOOK_SECRET" => KEY.to_owned(),
            "PAGERDUTY_KEY" => "0123456789abcdef0123456789abcdef".to_owned(),
            name if name.ends_with("DATABASE_URL") => "postgres://a:x@db.example.com/d".to_owned(),
            _ => "https://receiver.example.com/x".to_owned(),
        })
    };
    let (files, examples): (Vec<&str>, Vec<&str>) =
        examples.into_iter().partition(|it| it.starts_with("# known.yaml\n"));
    assert_eq!(examples.len(), 7);
    for example in examples {
        let folder = Folder::new();
        for file in &files {
            folder.put("known.yaml", file);
        }
        folder.put("c.yaml", example);
        let path = folder.0.path().join("c.yaml");
        let now: Timestamp = "2025-07-05T10:00:00Z".parse().unwrap();
        let config = load(&path, &env, now).unwrap_or_else(|it| panic!("{it:?}\n{example}"));
        assert!(config.require_delivery().is_empty(), "{example}");
        assert_eq!(folder.words(&config.warnings), [""; 0], "{example}");
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
