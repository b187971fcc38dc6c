//! The bodies of requests that change something, as the document describes them. They are read key by key
//! ([`super::body`]), so that each mistake is answered in words; a test holds the two to each other.
#![expect(dead_code, reason = "describes what the handlers take out of a body")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::answers::words::KindWord;
use super::answers::words::SeverityWord;

/// No key at all: `{}`, or nothing.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Who has it in hand says so.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledge {
    /// What to tell others of it, one line.
    #[serde(default)]
    #[schemars(length(max = 500), schema_with = "line_or_null")]
    note: Option<String>,
}

/// Why something is taken as it is.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// Stands in the audit trail, for whoever asks later: one line.
    #[schemars(length(max = 500), schema_with = "line")]
    reason: String,
}

/// A new silence. It needs an end: `for` or `ends_at`, at most 90 days ahead.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = either("for", "ends_at")))]
pub(super) struct AddSilence {
    /// What to silence.
    r#match: Match,
    /// Why: one line.
    #[schemars(length(max = 500), schema_with = "line")]
    reason: String,
    /// How long, from now on: `30m`, `2h`, `1d12h`.
    #[serde(default)]
    #[schemars(schema_with = "length_of_time")]
    r#for: Option<String>,
    /// Until when: an instant like `2026-12-01T18:00:00Z`.
    #[schemars(extend("format" = "date-time"))]
    ends_at: Option<String>,
}

/// What a silence is about: all of these have to hold, and one of the values of each. `*` and `?` stand
/// for anything.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SilenceMatch", extend("minProperties" = 1))]
#[expect(clippy::zero_sized_map_values, reason = "it stands for a schema, and holds nothing")]
pub(super) struct Match {
    /// Names of databases.
    #[serde(default)]
    database: OneOrMany<String>,
    /// Names of manifests.
    #[serde(default)]
    manifest: OneOrMany<String>,
    /// Labels and their values.
    #[serde(default)]
    #[schemars(extend("minProperties" = 1, "maxProperties" = 100))]
    labels: BTreeMap<String, OneOrMany<String>>,
    /// Kinds of incidents.
    #[serde(default)]
    kind: OneOrMany<KindWord>,
    /// Severities.
    #[serde(default)]
    severity: OneOrMany<SeverityWord>,
    /// Tables: only incidents whose new findings are all about such ones.
    #[serde(default)]
    table: OneOrMany<String>,
}

/// One value, or a list of them.
#[derive(Debug)]
struct OneOrMany<T>(PhantomData<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut one = generator.subschema_for::<T>();
        if one.get("type").is_some_and(|it| it == "string") {
            one.insert("minLength".to_owned(), 1.into());
            one.insert("maxLength".to_owned(), 300.into());
        }
        let many = json!({ "type": "array", "items": one, "minItems": 1, "maxItems": 100 });
        json_schema!({ "anyOf": [one, many] })
    }
}

/// What a silence or a maintenance window is about: all of these have to hold, and one of the values of
/// each. What is absent is any.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "Matched")]
pub(super) struct Matched {
    /// Names of databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<Vec<String>>,
    /// Names of manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Vec<String>>,
    /// Labels and their values.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, Vec<String>>>,
    /// Kinds of incidents.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Vec<KindWord>>,
    /// Severities.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Vec<SeverityWord>>,
    /// Tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<Vec<String>>,
}

/// A new deploy window. It needs databases (`databases` or `select`), a manifest (`manifest` or
/// `manifest_resolved`) and an end (`for` or `ends_at`).
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = [
    { "oneOf": either("databases", "select") },
    { "oneOf": either("manifest", "manifest_resolved") },
    { "oneOf": either("for", "ends_at") },
]))]
pub(super) struct BeginDeploy {
    /// Names of registered databases.
    #[schemars(length(min = 1, max = 10_000))]
    databases: Option<Vec<String>>,
    /// Labels that must all hold, instead of names.
    #[schemars(extend("minProperties" = 1))]
    select: Option<BTreeMap<String, String>>,
    /// The manifest that the deploy brings: the text of a file in YAML that extends no other.
    manifest: Option<String>,
    /// The same with everything that it extends, as `schemawarden deploy begin` sends it.
    manifest_resolved: Option<Map<String, Value>>,
    /// The manifest has another name than the databases are registered with, and that is meant.
    rename_manifest: Option<bool>,
    /// What the pipeline calls this deploy: a commit, a ticket.
    #[schemars(length(max = 200), schema_with = "line")]
    r#ref: String,
    /// How long the window is, from now on: `30m`, `2h`.
    #[serde(default)]
    #[schemars(schema_with = "length_of_time")]
    r#for: Option<String>,
    /// Until when: an instant like `2026-12-01T18:00:00Z`.
    #[schemars(extend("format" = "date-time"))]
    ends_at: Option<String>,
}

/// How a deploy ended.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndDeploy {
    /// It was rolled back: the manifest from before holds. Not said, the new one does.
    rolled_back: Option<bool>,
}

/// What to try again: a channel, or one delivery.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = either("channel", "delivery")))]
pub(super) struct Retry {
    /// Everything that waits for this channel, and what was given up there and is still news.
    #[serde(default)]
    #[schemars(length(max = 500), schema_with = "line_or_null")]
    channel: Option<String>,
    /// This delivery, by its id.
    #[schemars(extend("format" = "uuid"))]
    delivery: Option<String>,
}

/// Exactly one of two keys has to have a value; null is none.
fn either(one: &str, other: &str) -> Value {
    let only = |this: &str, not: &str| {
        json!({
            "required": [this],
            "properties": { this: { "not": { "type": "null" } }, not: { "type": "null" } },
        })
    };
    json!([only(one, other), only(other, one)])
}

/// What no line of text holds: characters that control something, are invisible or break lines, as
/// [`crate::schema::visible`] would have to spell them.
const NOT_IN_A_LINE: &str = concat!(
    r"\u0000-\u001F\u007F-\u00A0\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u115F\u1160\u1680",
    r"\u17B4\u17B5\u180B-\u180F\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\u3164\uE000-\uF8FF",
    r"\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB",
    // Beyond 16 bits, dialects of patterns agree on nothing but the characters themselves.
    "\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}\u{F0000}-\u{10FFFF}",
);

/// One line of text that is more than blanks.
fn line(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^ *[^ {NOT_IN_A_LINE}][^{NOT_IN_A_LINE}]*$") })
}

fn line_or_null(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = line(generator);
    schema.insert("type".to_owned(), json!(["string", "null"]));
    schema
}

/// `30m`, `1d12h`.
fn length_of_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": "^( *[0-9]+ *(ms|s|m|h|d|w))+ *$" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::visible;

    #[test]
    fn the_pattern_of_a_line_is_what_is_harmless() {
        let schema = Value::from(line(&mut SchemaGenerator::default()));
        let pattern = jsonschema::validator_for(&schema).unwrap();
        let astral = ["\u{1D172}\u{1D17B}\u{1F600}", "\u{E0000}\u{E0FFF}\u{F0000}\u{10FFFF}"];
        let all = ('\0'..='\u{FFFF}').chain(astral.iter().flat_map(|it| it.chars()));
        for it in all.filter(|it| *it != '\\') {
            // Between letters: what stands around a line is taken off.
            let text = format!("a{it}b");
            let harmless = visible(text.as_bytes()) == text;
            assert_eq!(pattern.is_valid(&Value::from(text)), harmless, "{:x}", u32::from(it));
        }
        for (text, fine) in [("", false), (" ", false), (" a b ", true), ("C:\\x", true)] {
            assert_eq!(pattern.is_valid(&Value::from(text)), fine, "{text:?}");
        }
    }

    /// What a schema of its own describes is optional all the same.
    #[test]
    fn what_may_be_left_out_is_not_required() {
        let generator = SchemaGenerator::default();
        let required = |schema: Schema| Value::from(schema)["required"].clone();
        for (schema, want) in [
            (generator.clone().into_root_schema_for::<Acknowledge>(), Value::Null),
            (generator.clone().into_root_schema_for::<AddSilence>(), json!(["match", "reason"])),
            (generator.clone().into_root_schema_for::<BeginDeploy>(), json!(["ref"])),
            (generator.clone().into_root_schema_for::<EndDeploy>(), Value::Null),
            (generator.into_root_schema_for::<Retry>(), Value::Null),
        ] {
            assert_eq!(required(schema), want);
        }
    }

    #[test]
    fn either_of_two_keys_is_one_of_them() {
        let schema = json!({ "oneOf": either("a", "b") });
        let schema = jsonschema::validator_for(&schema).unwrap();
        for (body, fine) in [
            (json!({ "a": 1 }), true),
            (json!({ "b": 1, "a": null }), true),
            (json!({ "a": 1, "b": 2 }), false),
            (json!({ "a": null }), false),
            (json!({}), false),
        ] {
            assert_eq!(schema.is_valid(&body), fine, "{body}");
        }
    }
}
