//! The JSON Schema says what the reader takes.

use super::*;

#[test]
fn the_schema_describes_every_key_and_refuses_others() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let keys: Vec<_> = properties.keys().map(String::as_str).collect();
    let want = [
        "description",
        "enums",
        "event_triggers",
        "extends",
        "extensions",
        "forbid",
        "foreign_tables",
        "from",
        "functions",
        "ignore",
        "known",
        "manifest",
        "materialized_views",
        "presets",
        "schemas",
        "sequences",
        "severity",
        "tables",
        "views",
    ];
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, want);
    for key in keys {
        let described = properties[key]["description"].as_str();
        assert!(described.is_some_and(|it| it.len() > 20), "{key}: {:?}", properties[key]);
    }
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["manifest"]));
    let relation = &schema["$defs"]["Relation"]["properties"];
    let keys: Vec<_> = relation.as_object().unwrap().keys().map(String::as_str).collect();
    let want = [
        "checks",
        "columns",
        "definition",
        "exclusions",
        "foreign_keys",
        "grants",
        "indexes",
        "key",
        "match",
        "optional",
        "owner",
        "partition_key",
        "policies",
        "primary_key",
        "rls",
        "rows",
        "triggers",
        "unique",
        "unlogged",
    ];
    let mut sorted = keys;
    sorted.sort_unstable();
    assert_eq!(sorted, want);
}
