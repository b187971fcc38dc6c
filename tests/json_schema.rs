//! The JSON Schemas that editors use: committed as the program prints them, and every file that we
//! ship keeps to them.
//!
//! The check is by keys and words, as much as an editor underlines: types, unknown and missing keys,
//! closed lists of values.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::workspace::Workspace;

async fn printed(of: &str) -> Value {
    let run = Workspace::new().run(&["json-schema", of]).await;
    serde_json::from_str(&run.ended(0).stdout).expect("one JSON document")
}

fn shipped(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML")
}

/// What keeps `value` from being as `schema` says, with the way to it.
fn wrong(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/$defs/").expect("a local definition");
        return wrong(root, &root["$defs"][name], value, at);
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(branches) = schema[word].as_array() {
            let mut failed = Vec::new();
            for branch in branches {
                match wrong(root, branch, value, at) {
                    none if none.is_empty() => return none,
                    some => failed.extend(some),
                }
            }
            return failed;
        }
    }
    let mut found = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(it) if it.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let fits = |it: &Value| *it == kind || (kind == "integer" && *it == "number");
    if !kinds.is_empty() && !kinds.iter().any(fits) {
        found.push(format!("{at}: {kind}, not {kinds:?}"));
    }
    let refused_word = schema["enum"].as_array().is_some_and(|words| !words.contains(value));
    if refused_word || schema.get("const").is_some_and(|it| it != value) {
        found.push(format!("{at}: {value} is no word of it"));
    }
    if let Some(object) = value.as_object() {
        for (key, value) in object {
            let at = format!("{at}.{key}");
            let more = &schema["additionalProperties"];
            match schema["properties"].get(key) {
                None if *more == Value::Bool(false) => found.push(format!("{at}: unknown key")),
                own => found.extend(wrong(root, own.unwrap_or(more), value, &at)),
            }
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(key.as_str().expect("a name")) {
                found.push(format!("{at}: no key {key}"));
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(wrong(root, &schema["items"], item, &format!("{at}[{index}]")));
    }
    found
}

#[tokio::test]
async fn the_committed_schemas_are_what_the_program_prints() {
    for of in ["config", "manifest", "known"] {
        let printed = Workspace::new().run(&["json-schema", of]).await;
        let path = format!("docs/schema/{of}.json");
        assert!(
            shipped(&path) == printed.ended(0).stdout,
            "{path} is stale: cargo run -- json-schema {of} > {path}"
        );
    }
}

#[tokio::test]
async fn every_file_that_we_ship_keeps_to_its_schema_and_points_to_it() {
    for (file, of, pointer) in [
        ("config.example.yaml", "config", "docs/schema/config.json"),
        ("expected-schemas/central.yaml", "manifest", "../docs/schema/manifest.json"),
        ("expected-schemas/orchestra.yaml", "manifest", "../docs/schema/manifest.json"),
    ] {
        let text = shipped(file);
        let first = text.lines().next().expect("a line");
        assert_eq!(first, format!("# yaml-language-server: $schema={pointer}"), "{file}");
        let schema = printed(of).await;
        assert_eq!(wrong(&schema, &schema, &yaml(&text), file), [""; 0]);
    }
}

/// What follows the line `lead` in the example's comments, as YAML.
fn commented(text: &str, lead: &str) -> Value {
    let (_, rest) = text.split_once(lead).unwrap_or_else(|| panic!("no {lead:?}"));
    let entry: String = rest
        .lines()
        .map(str::trim_start)
        .skip_while(|it| it.is_empty() || *it == "#")
        .take_while(|it| it.starts_with('#'))
        .map(|it| it.strip_prefix('#').expect("a comment"))
        .fold(String::new(), |all, line| all + line.strip_prefix(' ').unwrap_or(line) + "\n");
    yaml(&entry)
}

/// The example's keys that are commented out are keys too, and all of them are there.
#[tokio::test]
async fn what_the_example_comments_out_keeps_to_the_schema() {
    let text = shipped("config.example.yaml");
    let schema = printed("config").await;
    let keys = |of: &str| -> Vec<String> {
        schema["$defs"][of]["properties"].as_object().expect("keys").keys().cloned().collect()
    };
    let entries = |value: &Value| match value {
        Value::Array(entries) => entries.clone(),
        Value::Object(entries) => entries.values().cloned().collect(),
        other => vec![other.clone()],
    };
    for (lead, section, of) in [
        ("# Every key that a database may have:\n", "databases", "Database"),
        ("# Every type of channel, and every key that it may have:\n", "channels", "Channel"),
        ("# Every key that a route may have:\n", "routes", "Route"),
        ("docs/discovery.md says more.\n", "", "Discover"),
        ("wall-clock times of the zone.\n", "", "Maintenance"),
        ("Default: everywhere.\n", "", "Networks"),
        ("else with /fail behind.\n", "", "Heartbeat"),
    ] {
        let mut found = commented(&text, lead);
        let place = if section.is_empty() { &schema } else { &schema["properties"][section] };
        if section.is_empty() {
            // A whole section; the rest of a config is not here.
            let config = Value::Object(found.as_object().expect("a section").clone());
            let wrong = wrong(&schema, place, &config, of);
            assert_eq!(wrong, [format!("{of}: no key \"databases\"")]);
            found = config.as_object().expect("a section").values().next().expect("one").clone();
        } else {
            assert_eq!(wrong(&schema, place, &found, section), [""; 0]);
        }
        let all = if of == "Networks" || of == "Heartbeat" { vec![found] } else { entries(&found) };
        for key in keys(of) {
            let said = all.iter().any(|it| it.get(&key).is_some());
            // What is said in a comment beside another key, or above for real.
            let beside =
                ["url", "url_file", "insecure", "token_file", "password"].contains(&key.as_str());
            assert!(said || beside, "the example lacks `{key}` of {of}");
        }
    }
}

#[tokio::test]
async fn a_schema_refuses_what_is_wrong() {
    let (config, manifest) = (printed("config").await, printed("manifest").await);
    for (schema, text, word) in [
        (&manifest, "{manifest: a, tables: [b], veiws: []}", "veiws: unknown key"),
        (&manifest, "{tables: [b]}", "no key \"manifest\""),
        (&manifest, "{manifest: a, tables: {b: {optinal: true}}}", "optinal: unknown key"),
        (&manifest, "{manifest: a, tables: [b], presets: [supabse]}", "supabse"),
        (&manifest, "{manifest: a, tables: [b], severity: {unexpected_table: fatal}}", "fatal"),
        (&config, "{databases: [{name: a, url: b, manifest: c, shedule: {}}]}", "shedule: unknown"),
        (&config, "{databases: [{name: a, url: b}]}", "no key \"manifest\""),
        (&config, "{databases: [], limits: {concurrency: many}}", "concurrency"),
    ] {
        let found = wrong(schema, schema, &yaml(text), "");
        assert!(found.iter().any(|it| it.contains(word)), "{text}: {found:?}");
    }
}
