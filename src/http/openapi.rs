//! `/openapi.json`: the API for programs, in `OpenAPI` 3.1, written from the table that routes it
//! ([`super::routes`]) and from the types that answer ([`super::answers`]).

mod schemas;

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::answer;
use super::answers::problem::Problem;
use super::operation::Content;
use super::operation::Operation;
use super::operation::Parameter;
use super::operation::Place;
use super::operation::Reply;
use super::operation::Role;
use super::routes;
use super::session;

use schemas::Schemas;

/// It never changes while the process lives.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document(&routes::operations()));

/// The document.
pub(super) async fn serve() -> Response {
    answer(StatusCode::OK, described())
}

/// The same, for the page that words it.
pub(super) fn described() -> &'static Value {
    &DOCUMENT
}

fn document(operations: &[Operation]) -> Value {
    let mut schemas = Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for it in operations {
        if !tags.contains(&it.tag) {
            tags.push(it.tag);
        }
        let path = paths.entry(it.path).or_insert_with(|| json!({}));
        path[it.method.word().to_lowercase()] = operation(it, &mut schemas);
    }
    // Errors refer to it by name.
    schemas.answer(schemars::SchemaGenerator::subschema_for::<Problem>);
    let tags: Vec<Value> = tags.into_iter().map(|it| json!({ "name": it })).collect();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Schemawarden",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Which databases hold tables that they should not have, since when, and who was told",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The daemon that served this document" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.taken(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `http.tokens`, or the one that the daemon makes.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": session::COOKIE,
                    "description": "A browser that has signed in; for reading.",
                },
            },
        },
    })
}

/// What holds for all of it.
const ABOUT: &str = "\
Whoever may read may ask every GET; what changes something needs a token that may operate, and a JSON body. \
On loopback reading needs no token.

Lists that take `limit` come in pages: so many rows at most, `more` says whether there are more, and `next` is \
what `after` has to say for the page that follows. A walk through the pages sees each row once while others \
come and go. The others are whole.

Errors are `application/problem+json` with a `detail` for people. A parameter or a key that is not known is \
an error: a misspelt filter must not answer with everything, or with nothing.

Instants are in UTC. A field that may be unknown is null, not absent. Names from databases have characters \
that could act made visible (`\\u{202e}`, `\\x1b`, `\\xff`). Fields may be added to answers; none is renamed, \
removed or given another meaning within `v1`.";

fn operation(it: &Operation, schemas: &mut Schemas) -> Value {
    let mut said = json!({
        "operationId": it.id,
        "tags": [it.tag],
        "summary": it.summary,
        "responses": responses(&it.all_replies(), schemas),
        "security": security(it.role),
    });
    if !it.about.is_empty() {
        said["description"] = it.about.into();
    }
    if !it.parameters.is_empty() {
        said["parameters"] = it.parameters.iter().map(parameter).collect();
    }
    if let Some(body) = &it.body {
        let example: Value = serde_json::from_str(body.example).unwrap_or_default();
        said["requestBody"] = json!({
            "required": true,
            "content": {
                "application/json": { "schema": schemas.body(body.shape), "example": example },
            },
        });
    }
    said
}

/// Any one of these is enough; `{}` is nobody in particular.
fn security(role: Role) -> Value {
    match role {
        Role::Anybody => json!([]),
        Role::Read => json!([{}, { "bearer": [] }, { "session": [] }]),
        Role::Operate => json!([{ "bearer": [] }]),
    }
}

fn parameter(it: &Parameter) -> Value {
    let of_path = it.place == Place::Path;
    let mut said = json!({
        "name": it.name,
        "in": if of_path { "path" } else { "query" },
        "required": of_path,
        "description": it.meaning,
        "schema": it.schema,
    });
    if !it.example.is_empty() {
        said["example"] = match it.example.parse::<u64>() {
            Ok(number) if it.schema["type"] == "integer" => number.into(),
            _ => it.example.into(),
        };
    }
    said
}

/// One description for each status; an answer and a problem may share one.
fn responses(replies: &[Reply], schemas: &mut Schemas) -> Value {
    let mut said: Map<String, Value> = Map::new();
    for it in replies {
        let (media, schema) = match it.content {
            Content::Json(shape) => ("application/json", schemas.answer(shape)),
            Content::Text(media) => (media, json!({ "type": "string" })),
            Content::Problem => ("application/problem+json", json!({ "$ref": PROBLEM })),
        };
        let response = said
            .entry(it.status.to_string())
            .or_insert_with(|| json!({ "description": "", "content": {} }));
        let before = response["description"].as_str().unwrap_or_default();
        if !before.contains(it.meaning) {
            let between = if before.is_empty() { "" } else { " " };
            response["description"] = format!("{before}{between}{}", it.meaning).into();
        }
        response["content"][media] = json!({ "schema": schema });
    }
    Value::Object(said)
}

/// Where the one description of errors is.
const PROBLEM: &str = "#/components/schemas/Problem";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every value under `key`, at any depth.
    fn under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
        match value {
            Value::Array(list) => list.iter().for_each(|it| under(it, key, found)),
            Value::Object(map) => {
                found.extend(map.get(key));
                map.values().for_each(|it| under(it, key, found));
            }
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = described();
        let mut references = Vec::new();
        under(document, "$ref", &mut references);
        let mut used = BTreeSet::new();
        for it in references {
            let name = it.as_str().and_then(|it| it.strip_prefix("#/components/schemas/"));
            let name = name.unwrap_or_else(|| panic!("{it} leads elsewhere"));
            assert!(document["components"]["schemas"][name].is_object(), "no schema {name}");
            used.insert(name);
        }
        let all = document["components"]["schemas"].as_object().unwrap();
        for name in all.keys() {
            assert!(used.contains(name.as_str()), "nothing refers to {name}");
        }
    }

    #[test]
    fn every_field_says_what_it_means() {
        for (name, schema) in described()["components"]["schemas"].as_object().unwrap() {
            assert!(schema["description"].is_string(), "{name} says nothing");
            for (field, it) in schema["properties"].as_object().into_iter().flatten() {
                assert!(it["description"].is_string(), "{field} of {name} says nothing");
            }
        }
    }

    #[test]
    fn what_changes_something_needs_a_token_and_a_body() {
        for (path, ways) in described()["paths"].as_object().unwrap() {
            for (method, it) in ways.as_object().unwrap() {
                let open = it["security"].as_array().unwrap().contains(&json!({}));
                let probe = it["security"] == json!([]);
                assert_eq!(open || probe, method == "get", "{method} {path}");
                assert_eq!(it["requestBody"]["required"] == true, method == "post", "{path}");
                if method == "post" {
                    let content = &it["requestBody"]["content"]["application/json"];
                    assert!(content["example"].is_object(), "{path} has no example");
                    assert!(it["responses"]["415"].is_object(), "{path}");
                }
                let status = it["responses"]["503"].is_object();
                assert!(status || !path.starts_with("/api/"), "{method} {path}");
            }
        }
    }
}
