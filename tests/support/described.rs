//! The daemon's own description of its API, and real answers held against it.
//!
//! Every answer that a test gets from the API goes through here ([`super::api`]), so that the document is
//! proven by whatever any test does, and not by examples that were chosen for it. Schemas are closed before
//! they are compared: a field that is not described is as wrong as one that is missing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use jsonschema::Validator;
use serde_json::Value;
use serde_json::json;
use tokio::sync::OnceCell;

use super::http::Got;
use super::http::exchange;
use super::http::header;

/// The document, the same for every daemon of this program.
static DOCUMENT: OnceCell<Described> = OnceCell::const_new();

/// What the daemon says of itself.
pub(crate) struct Described {
    document: Value,
    /// Its components, where every object has the described fields and no others.
    closed: Value,
    /// By schema.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One answer as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came<'a> {
    pub(crate) method: &'a str,
    /// From the root, with its query.
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: &'a str,
    pub(crate) body: &'a str,
}

/// The document of the daemon at `address`.
pub(crate) async fn described(address: SocketAddr, token: Option<String>) -> &'static Described {
    DOCUMENT
        .get_or_init(|| async {
            let headers =
                token.map_or_else(String::new, |it| format!("Authorization: Bearer {it}\r\n"));
            let (status, _, body) = raw(address, "GET", "/openapi.json", &headers, "").await;
            assert_eq!(status, 200, "{body}");
            Described::new(serde_json::from_str(&body).expect("JSON"))
        })
        .await
}

impl Described {
    fn new(document: Value) -> Self {
        let mut closed = document["components"].clone();
        close(&mut closed);
        Self { document, closed, validators: Mutex::default() }
    }

    /// The document.
    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// The pattern of a path without its query.
    fn pattern(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let pieces: Vec<&str> = path.split('/').collect();
        let fits = |pattern: &str| {
            let pattern: Vec<&str> = pattern.split('/').collect();
            let open = |it: &&str| it.starts_with('{');
            let same = pattern.len() == pieces.len()
                && pattern.iter().zip(&pieces).all(|(a, b)| a == b || (open(a) && !b.is_empty()));
            same.then(|| pattern.iter().filter(|it| open(it)).count())
        };
        let all = self.document["paths"].as_object().expect("paths").keys();
        // As a router does: what is spelt out goes before what is left open.
        all.filter_map(|it| Some((fits(it)?, it))).min().map(|(_, it)| it.as_str())
    }

    /// The id of the operation that an answer is of.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&str> {
        let way = &self.document["paths"][self.pattern(path)?][method.to_lowercase()];
        way["operationId"].as_str()
    }

    /// Panics unless the answer is one of those that are described.
    #[track_caller]
    pub(crate) fn hold(&self, it: Came<'_>) {
        let Came { method, path, status, head, body } = it;
        let at = format!("{method} {path}: {status}");
        let kind = header(head, "content-type").unwrap_or_default();
        let media = kind.split(';').next().unwrap_or_default().trim();
        let ways = self.pattern(path).map(|it| &self.document["paths"][it]);
        let way = ways.map_or(&Value::Null, |it| &it[method.to_lowercase()]);
        if way.is_null() {
            // No such path, no such method, or nobody who may ask: all of them problems.
            assert!(status >= 400, "{at} is described nowhere:\n{head}\n{body}");
            assert_eq!(media, "application/problem+json", "{at}:\n{head}\n{body}");
            return;
        }
        let response = &way["responses"][status.to_string()];
        assert!(response.is_object(), "{at} is not described:\n{head}\n{body}");
        let schema = &response["content"][media]["schema"];
        assert!(!schema.is_null(), "{at} as {kind} is not described:\n{head}\n{body}");
        if !media.ends_with("json") {
            return;
        }
        let value: Value = serde_json::from_str(body).unwrap_or_else(|it| panic!("{at}: {it}"));
        let validator = self.validator(schema);
        let wrong: Vec<String> = validator
            .iter_errors(&value)
            .map(|it| format!("{}: {it}", it.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{at} is not as described:\n{}\n{value:#}", wrong.join("\n"));
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().expect("nothing panics under it");
        let made = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut root = schema.clone();
            close(&mut root);
            root["components"] = self.closed.clone();
            let options = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(true);
            Arc::new(options.build(&root).expect("a JSON Schema"))
        });
        Arc::clone(made)
    }
}

/// Lets every object have the fields that are described, and no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(close),
        Value::Object(map) => {
            if map.get("properties").is_some_and(Value::is_object)
                && map.get("type") == Some(&json!("object"))
                && !map.contains_key("additionalProperties")
            {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            map.values_mut().for_each(close);
        }
        _ => {}
    }
}

/// One request, and what came: status, head, body.
pub(crate) async fn raw(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let Got { status, head, body, .. } = exchange(address, None, &request).await;
    (status, head, body)
}
