//! The body against its published schema, the signature against the specification's vector, and the
//! limits.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::channel::examples;
use crate::channel::test_notification;

/// The published schema.
const SCHEMA: &str = include_str!("../../../docs/schema/webhook.json");

/// The published description.
const PAGE: &str = include_str!("../../../docs/webhook.md");

/// Validates the subset of JSON Schema that ours is written in, and refuses any other keyword. Keys
/// that the schema does not name are faults here, though receivers must accept them.
fn faults(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().expect("schemas are objects") {
        let fault = |what: String| vec![format!("{path}: {what}")];
        found.extend(match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" | "$defs" | "format" => Vec::new(),
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                faults(root, root.pointer(pointer).expect("a definition"), value, path)
            }
            "type" if is(value, rule) => Vec::new(),
            "const" if value == rule => Vec::new(),
            "type" | "const" => fault(format!("{value} is not {rule}")),
            "enum" if rule.as_array().unwrap().contains(value) => Vec::new(),
            "enum" => fault(format!("{value} is none of {rule}")),
            "minimum" if value.as_f64() >= rule.as_f64() => Vec::new(),
            "minimum" => fault(format!("{value} is below {rule}")),
            "maxItems"
                if value.as_array().is_none_or(|it| it.len() as u64 <= rule.as_u64().unwrap()) =>
            {
                Vec::new()
            }
            "maxItems" => fault("too many items".to_owned()),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .filter(|key| value.get(key.as_str().unwrap()).is_none())
                .flat_map(|key| fault(format!("{key} is missing")))
                .collect(),
            "properties" => value
                .as_object()
                .into_iter()
                .flatten()
                .flat_map(|(key, it)| match rule.get(key) {
                    Some(schema) => faults(root, schema, it, &format!("{path}.{key}")),
                    None => fault(format!("`{key}` is not in the schema")),
                })
                .collect(),
            "additionalProperties" => value
                .as_object()
                .into_iter()
                .flatten()
                .flat_map(|(key, it)| faults(root, rule, it, &format!("{path}.{key}")))
                .collect(),
            "items" => value
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
                .flat_map(|(at, it)| faults(root, rule, it, &format!("{path}[{at}]")))
                .collect(),
            "oneOf" => {
                let each: Vec<Vec<String>> = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|schema| faults(root, schema, value, path))
                    .collect();
                match each.iter().filter(|it| it.is_empty()).count() {
                    1 => Vec::new(),
                    fits => fault(format!("{fits} alternatives fit: {each:?}")),
                }
            }
            other => panic!("{path}: keyword `{other}` is not checked"),
        });
    }
    found
}

fn is(value: &Value, types: &Value) -> bool {
    let one = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("type `{other}` is not checked"),
    };
    match types {
        Value::Array(several) => several.iter().any(|it| one(it.as_str().unwrap())),
        single => one(single.as_str().unwrap()),
    }
}

#[track_caller]
fn check(case: &str, notifications: &[Notification]) -> Vec<Value> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let documents = [false, true].map(|minimal| {
        let body = body(&Message { minimal, ..examples::message(notifications) });
        assert!(body.len() <= BODY_BYTES_MAX, "{case}: {} bytes", body.len());
        let document: Value = serde_json::from_slice(&body).unwrap();
        let faults = faults(&schema, &schema, &document, "$");
        assert_eq!(faults, [""; 0], "{case}, minimal: {minimal}: {document:#}");
        document
    });
    documents.to_vec()
}

#[test]
fn bodies_are_as_published() {
    let now = examples::time("2025-07-05T10:00:00Z");
    #[rustfmt::skip]
    let cases = [
        ("opened",   vec![examples::opened()]),
        ("changed",  vec![examples::changed()]),
        ("reminder", vec![examples::reminder()]),
        ("resolved", vec![examples::resolved()]),
        ("parked",   vec![examples::parked()]),
        ("hostile",  vec![examples::hostile()]),
        ("failing",  vec![examples::failing()]),
        ("test",     vec![test_notification(now)]),
        ("digest",   vec![examples::changed(), examples::failing()]),
        ("many_5000", vec![examples::many(5_000)]),
    ];
    for (case, notifications) in cases {
        let mut documents = check(case, &notifications);
        // As many as fit are listed; a person reads two of them.
        let findings = documents[0].pointer_mut("/data/findings").and_then(Value::as_array_mut);
        if let Some(findings) = findings.filter(|it| it.len() > 100) {
            let more = findings.split_off(2).len();
            findings.push(format!("and {more} more").into());
        }
        insta::assert_json_snapshot!(case, documents[0]);
    }
}

#[test]
fn the_schema_finds_faults() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let good: Value =
        serde_json::from_slice(&body(&examples::message(&[examples::changed()]))).unwrap();
    let broken = |path: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        !faults(&schema, &schema, &bad, "$").is_empty()
    };
    #[rustfmt::skip]
    let cases = [
        ("/type",               json!("incident.exploded")),
        ("/version",            json!(2)),
        ("/data",               json!({})),
        ("/data/findings",      json!([{ "kind": "unexpected_table" }])),
        ("/data/findings_total", json!(-1)),
        ("/data/labels",        json!({ "a": 1 })),
        ("/data/resolved_at",   json!(7)),
    ];
    for (path, value) in cases {
        assert!(broken(path, value.clone()), "{path} = {value} passes");
    }
}

/// Every key of the schema is explained on the page.
#[test]
fn the_page_names_every_key() {
    fn keys(schema: &Value, into: &mut BTreeSet<String>) {
        if let Some(object) = schema.as_object() {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                into.extend(properties.keys().cloned());
            }
            object.values().for_each(|it| keys(it, into));
        }
        schema.as_array().into_iter().flatten().for_each(|it| keys(it, into));
    }
    let mut all = BTreeSet::new();
    keys(&serde_json::from_str(SCHEMA).unwrap(), &mut all);
    assert!(all.len() > 20, "{all:?}");
    let silent: Vec<_> = all.iter().filter(|key| !PAGE.contains(&format!("`{key}`"))).collect();
    assert!(silent.is_empty(), "not on the page: {silent:?}");
}

#[test]
fn bodies_are_bounded_and_say_what_they_left_out() {
    let documents = check("50,000 tables", &[examples::many(50_000)]);
    let data = &documents[0]["data"];
    assert_eq!(data["findings_total"], 50_000);
    assert_eq!(data["findings_truncated"], true);
    assert_eq!(data["findings"].as_array().unwrap().len(), 200);
    assert_eq!(documents[1]["data"]["findings"], json!([]));
    assert_eq!(documents[1]["data"]["findings_truncated"], true);

    let whole = &check("21 tables", &[examples::opened()])[0]["data"];
    assert_eq!(whole["findings_truncated"], false);
    assert_eq!(whole["findings"].as_array().unwrap().len(), 21);

    let digest = &check("1,000 incidents", &vec![examples::many(50_000); 1000])[0]["data"];
    assert_eq!(digest["notifications_total"], 1000);
    assert_eq!(digest["notifications_truncated"], true);
    assert!(digest["notifications"].as_array().unwrap().len() > 20, "{digest}");

    for words in ["\u{1b}", "\\\"", "\u{e0001}", "🔴", "", "x"] {
        check(words, &[examples::saying(&words.repeat(9000))]);
        check(words, &vec![examples::saying(&words.repeat(9000)); 7]);
    }
}

#[test]
fn an_attempt_repeated_has_the_same_bytes() {
    let notification = examples::resolved();
    let first = body(&examples::message(std::slice::from_ref(&notification)));
    assert_eq!(first, body(&examples::message(&[notification])));
    let document: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(document["timestamp"], "2025-07-05T12:10:05Z");
}

/// The vector that the Standard Webhooks reference libraries share.
#[test]
fn the_signature_is_that_of_the_specification() {
    let sign = |secret: &str| {
        signature(
            &Secret::new(secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        )
    };
    let want = Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned());
    assert_eq!(sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), want);
    assert_eq!(sign("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), want);
    assert_ne!(sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"), want);
    for no_key in ["", "whsec_", "whsec_not base64!", "hunter2!"] {
        assert_eq!(sign(no_key), None, "{no_key}");
    }
}

#[test]
fn headers_are_those_of_standard_webhooks() {
    let id = Uuid::from_u128(7);
    let now = examples::time("2025-07-05T10:00:00.9Z");
    let unsigned = headers(id, now, b"{}", &[]).unwrap();
    assert_eq!(
        unsigned,
        [
            ("webhook-id", "00000000-0000-0000-0000-000000000007".to_owned()),
            ("webhook-timestamp", "1751709600".to_owned()),
        ]
    );
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let signed = headers(id, now, b"{}", std::slice::from_ref(&secret)).unwrap();
    assert_eq!(signed[2].0, "webhook-signature");
    assert!(signed[2].1.starts_with("v1,"));
    // While a secret is rotated, receivers with either one can verify.
    let other = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx");
    let both = headers(id, now, b"{}", &[secret.clone(), other.clone()]).unwrap();
    let alone = headers(id, now, b"{}", &[other]).unwrap();
    assert_eq!(both[2].1, format!("{} {}", signed[2].1, alone[2].1));
    assert_eq!(headers(id, now, b"{}", &[Secret::new("?")]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_words_break_the_body(words in any::<String>(), times in 1usize..300, copies in 1usize..9) {
        check("any words", &vec![examples::saying(&words.repeat(times)); copies]);
    }
}
