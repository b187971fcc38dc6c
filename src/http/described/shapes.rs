//! JSON Schemas in words.

use maud::Markup;
use maud::html;
use serde_json::Value;

use crate::http::screen::pages::list::head;
use crate::http::screen::pages::list::wide;

/// Where schemas with a name are.
const NAMED: &str = "#/components/schemas/";

/// Every schema with a name, with its fields.
pub(super) fn all(schemas: &Value) -> Markup {
    html! {
        h2 { "Types" }
        @for (name, schema) in schemas.as_object().into_iter().flatten() {
            section.panel id={ "type-" (name) } {
                h3 { (name) }
                p { (super::ticks(schema["description"].as_str().unwrap_or_default())) }
                @match fields(name, schema) {
                    Some(fields) => (fields),
                    None => p { (spelled(schema)) },
                }
            }
        }
    }
}

/// The fields of an object; `None` where it has none.
fn fields(name: &str, schema: &Value) -> Option<Markup> {
    let fields = schema["properties"].as_object().filter(|it| !it.is_empty())?;
    let needed: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let table = html! {
        table.list {
            (head(["Field", "Value", "Meaning"]))
            tbody {
                @for (name, it) in fields {
                    tr {
                        th scope="row" {
                            code { (name) }
                            @if !needed.contains(&name.as_str()) { " " span.muted { "may be absent" } }
                        }
                        td { (spelled(it)) }
                        td { (super::ticks(it["description"].as_str().unwrap_or_default())) }
                    }
                }
            }
        }
    };
    Some(wide(&format!("fields of {name}"), &table))
}

/// A schema in a few words, with links to those that have a name.
pub(super) fn spelled(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.strip_prefix(NAMED)) {
        return html! { a href={ "#type-" (name) } { (name) } };
    }
    for any in ["anyOf", "oneOf"] {
        if let Some(branches) = schema[any].as_array() {
            return html! {
                @for (index, it) in branches.iter().enumerate() {
                    @if index > 0 { " or " }
                    (spelled(it))
                }
            };
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return html! {
            @for (index, it) in words.iter().enumerate() {
                @if index > 0 { ", " }
                code { (it.as_str().map_or_else(|| it.to_string(), str::to_owned)) }
            }
        };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return html! { "anything" },
    };
    html! {
        @for (index, kind) in kinds.iter().enumerate() {
            @if index > 0 { " or " }
            (one(kind, schema))
        }
    }
}

fn one(kind: &str, schema: &Value) -> Markup {
    html! {
        @match kind {
            "array" => {
                @if schema["items"].is_object() { "list of " (spelled(&schema["items"])) }
                @else { "list" }
            }
            "object" if schema["additionalProperties"].is_object() => {
                "object, each value " (spelled(&schema["additionalProperties"]))
            }
            "string" => {
                @match schema["format"].as_str() {
                    Some("date-time") => "instant",
                    Some(format) => (format),
                    None => "text",
                }
            }
            "integer" => {
                "whole number"
                @if let (Some(least), Some(most)) = (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
                    @if most < i64::MAX as u64 { " from " (least) " to " (most) }
                }
            }
            "boolean" => "true or false",
            other => (other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_spelt_in_words() {
        for (schema, want) in [
            (
                json!({ "$ref": "#/components/schemas/Database" }),
                "<a href=\"#type-Database\">Database</a>",
            ),
            (json!({ "type": ["string", "null"] }), "text or null"),
            (json!({ "type": "string", "format": "date-time" }), "instant"),
            (json!({ "type": "array", "items": { "type": "integer" } }), "list of whole number"),
            (json!({ "enum": ["a", "<b>"] }), "<code>a</code>, <code>&lt;b&gt;</code>"),
            (json!({ "type": "integer", "minimum": 1, "maximum": 9 }), "whole number from 1 to 9"),
            (
                json!({ "anyOf": [{ "type": "boolean" }, { "type": "null" }] }),
                "true or false or null",
            ),
            (json!(true), "anything"),
        ] {
            assert_eq!(spelled(&schema).into_string(), want, "{schema}");
        }
    }
}
