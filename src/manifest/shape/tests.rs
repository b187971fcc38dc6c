//! The JSON Schema says what the reader takes.

use super::*;

#[test]
fn the_schema_describes_every_key_and_refuses_others() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let keys: Vec<_> = properties.keys().map(String::as_str).collect();
    let want = [
        "description",
        "extends",
        "forbid",
        "foreign_tables",
        "ignore",
        "known",
        "manifest",
        "materialized_views",
        "presets",
        "schemas",
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
    assert_eq!(relation.as_object().unwrap().keys().collect::<Vec<_>>(), ["optional"]);
}
