//! One relation with what is declared of it, as YAML that reads like a person's: a key a line, a
//! column a line, a constraint a line.

use std::fmt::Write as _;

use serde_json::Map;
use serde_json::Value;

use super::scalar;

/// The order in which a table is told; what is not among them follows.
const ORDER: [&str; 18] = [
    "optional",
    "columns",
    "match",
    "primary_key",
    "key",
    "unique",
    "foreign_keys",
    "checks",
    "exclusions",
    "indexes",
    "triggers",
    "rls",
    "policies",
    "owner",
    "grants",
    "partition_key",
    "unlogged",
    "rows",
];

/// Writes `name`, a scalar already, and what is declared of it.
pub(super) fn entry(out: &mut String, name: &str, mut declared: Map<String, Value>) {
    if declared.is_empty() {
        let _ = writeln!(out, "  {name}: {{}}");
        return;
    }
    let _ = writeln!(out, "  {name}:");
    let mut keys: Vec<String> = declared.keys().cloned().collect();
    let place = |key: &String| ORDER.iter().position(|it| it == key).unwrap_or(ORDER.len());
    keys.sort_by_key(place);
    for key in keys {
        let Some(value) = declared.remove(&key) else { continue };
        match value {
            Value::Object(map) if !map.is_empty() && key != "primary_key" && key != "rows" => {
                let _ = writeln!(out, "    {key}:");
                for (name, value) in map {
                    let _ = writeln!(out, "      {}: {}", scalar(&name), inline(&value, true));
                }
            }
            // One column name a line would be long; a constraint a line is not.
            Value::Array(items)
                if !items.is_empty()
                    && (items.iter().any(|it| !it.is_string()) || key == "checks") =>
            {
                let _ = writeln!(out, "    {key}:");
                for item in &items {
                    let _ = writeln!(out, "      - {}", inline(item, true));
                }
            }
            // A query reads best as it was written.
            Value::String(text) if is_block(&text) => {
                let _ = writeln!(out, "    {key}: |-");
                for line in text.lines() {
                    let _ = writeln!(out, "      {line}");
                }
            }
            value => {
                let _ = writeln!(out, "    {key}: {}", inline(&value, true));
            }
        }
    }
}

/// A value on one line. `alone`: not inside `[ ]` or `{ }`, where more could be mistaken.
pub(super) fn inline(value: &Value, alone: bool) -> String {
    match value {
        Value::String(text) if alone && reads_plain(text) => text.clone(),
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|it| inline(it, false)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let items: Vec<String> = map
                .iter()
                .map(|(key, it)| format!("{}: {}", scalar(key), inline(it, false)))
                .collect();
            if items.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", items.join(", ")) }
        }
        other => other.to_string(),
    }
}

/// Lines that a block of YAML (`|-`) gives back as they are.
fn is_block(text: &str) -> bool {
    let whole = |line: &str| !line.is_empty() && line.chars().all(super::can_stand);
    text.contains('\n')
        && !text.starts_with([' ', '\t'])
        && !text.ends_with('\n')
        && text.split('\n').all(whole)
}

/// Several words that no reader takes for anything but this text: `timestamp(3) without time zone`.
fn reads_plain(text: &str) -> bool {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')' | ' ' | ',' | '.');
    text.contains(' ')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_reads_like_a_person_wrote_it() {
        let Value::Object(declared) = json!({
            "columns": { "id": "text not null", "no": "integer", "at": "timestamp(3) without time zone default now()" },
            "primary_key": { "name": "User_pkey", "columns": ["id"] },
            "unique": [["email"], { "name": "u", "columns": ["a", "b"] }],
            "checks": ["a > 0"],
            "indexes": [],
            "unlogged": false,
            "key": ["A", "B"],
        }) else {
            unreachable!("it is a map")
        };
        let mut out = String::new();
        entry(&mut out, "User", declared);
        insta::assert_snapshot!(out, @r#"
        User:
          columns:
            at: timestamp(3) without time zone default now()
            id: text not null
            'no': integer
          primary_key: { columns: [id], name: User_pkey }
          key: [A, B]
          unique:
            - [email]
            - { columns: [a, b], name: u }
          checks:
            - 'a > 0'
          indexes: []
          unlogged: false
        "#);
    }
}
