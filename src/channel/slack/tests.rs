//! What people see, as snapshots; and that nothing breaks Slack's limits or acts in it.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::channel::examples;
use crate::channel::test_notification;
use crate::channel::text::as_seen;

/// What rich text and headers may be made of.
const TYPES: [&str; 9] = [
    "header",
    "plain_text",
    "rich_text",
    "rich_text_section",
    "rich_text_list",
    "rich_text_preformatted",
    "text",
    "context",
    "divider",
];

/// Walks a payload and says what Slack would refuse or act on.
fn faults(payload: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let text = payload["text"].as_str().unwrap_or_default();
    let length = text.encode_utf16().count();
    if !(1..TEXT_MAX).contains(&length) {
        faults.push(format!("text has {length} characters"));
    }
    let unescaped = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
    if unescaped.contains(['<', '>', '&']) {
        faults.push(format!("text holds raw markup: {text}"));
    }
    for (key, want) in [("mrkdwn", false), ("link_names", false), ("unfurl_links", false)] {
        if payload[key] != want {
            faults.push(format!("{key} is {}", payload[key]));
        }
    }
    let blocks = payload["blocks"].as_array().cloned().unwrap_or_default();
    if blocks.len() > 50 {
        faults.push(format!("{} blocks", blocks.len()));
    }
    let chars = serde_json::to_string(&blocks).unwrap().encode_utf16().count();
    if chars > BLOCKS_CHARS_MAX {
        faults.push(format!("blocks have {chars} characters"));
    }
    for block in &blocks {
        walk(block, &mut faults);
        if block["type"] == "header" {
            let length = block["text"]["text"].as_str().unwrap().encode_utf16().count();
            if length > 150 {
                faults.push(format!("header has {length} characters"));
            }
        }
        if block["elements"].as_array().is_some_and(Vec::is_empty) {
            faults.push("an empty block".to_owned());
        }
    }
    faults
}

/// Every object with a `type` is one of ours; every text is short, not empty and cannot act.
fn walk(value: &Value, faults: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|it| walk(it, faults)),
        Value::Object(object) => {
            let kind = object.get("type").and_then(Value::as_str).unwrap_or("none");
            if !TYPES.contains(&kind) && object.contains_key("type") {
                faults.push(format!("type {kind}"));
            }
            if let Some(text) = object.get("text").and_then(Value::as_str) {
                let length = text.encode_utf16().count();
                if !(1..=3000).contains(&length) {
                    faults.push(format!("a text of {length} characters"));
                }
                let line = text.replace('\n', "");
                if crate::channel::escape::seen(&line) != line {
                    faults.push(format!("a text that acts: {text:?}"));
                }
            }
            object.values().for_each(|it| walk(it, faults));
        }
        _ => {}
    }
}

#[track_caller]
fn check(case: &str, notifications: &[Notification]) {
    for minimal in [false, true] {
        let payload = render(notifications, minimal);
        assert_eq!(faults(&payload), [""; 0], "{case}, minimal: {minimal}");
        assert_eq!(payload.get("blocks").is_none(), minimal || notifications.is_empty(), "{case}");
    }
}

#[test]
fn messages_read_well() {
    let now = examples::time("2025-07-05T10:00:00Z");
    let hostile: Vec<_> =
        examples::HOSTILE.iter().map(|it| examples::finding("unexpected_table", it)).collect();
    let hostile = Notification {
        database: "<!channel>".to_owned(),
        headline: "12 tables that should not be there".to_owned(),
        findings_total: hostile.len(),
        findings: hostile,
        ..examples::opened()
    };
    #[rustfmt::skip]
    let cases = [
        ("opened",     vec![examples::opened()]),
        ("changed",    vec![examples::changed()]),
        ("resolved",   vec![examples::resolved()]),
        ("failing",    vec![examples::failing()]),
        ("test",       vec![test_notification(now)]),
        ("hostile",    vec![hostile.clone()]),
        ("many_50000", vec![examples::many(50_000)]),
        ("digest",     vec![examples::opened(), examples::failing(), examples::resolved(), hostile]),
    ];
    for (case, notifications) in cases {
        check(case, &notifications);
        let payload = render(&notifications, false);
        let minimal = as_seen(&render(&notifications, true));
        let seen = format!("{}\n\n=== as text only ===\n{minimal}", as_seen(&payload));
        insta::assert_snapshot!(format!("{case}_seen"), seen);
        insta::assert_json_snapshot!(case, payload);
    }
}

#[test]
fn limits_hold_for_what_a_database_can_hold() {
    #[rustfmt::skip]
    let cases = [
        ("nothing",          vec![]),
        ("5,000 tables",     vec![examples::many(5_000)]),
        ("50,000 tables",    vec![examples::many(50_000)]),
        ("2 × 50,000",       vec![examples::many(50_000); 2]),
        ("500 incidents",    vec![examples::many(50_000); 500]),
        ("empty words",      vec![examples::saying("")]),
        ("one space",        vec![examples::saying(" ")]),
        ("controls",         vec![examples::saying(&"\u{1b}".repeat(5000))]),
        ("tags",             vec![examples::saying(&"\u{e0001}".repeat(5000))]),
        ("markup",           vec![examples::saying(&"<&>".repeat(5000))]),
        ("backslashes",      vec![examples::saying(&"\\\"".repeat(5000)); 40]),
        ("emoji",            vec![examples::saying(&"🔴".repeat(5000)); 40]),
    ];
    for (case, notifications) in cases {
        check(case, &notifications);
    }
}

#[test]
fn every_name_is_shown_and_none_acts() {
    for name in examples::HOSTILE {
        let one = Notification {
            findings: vec![examples::finding("unexpected_table", name)],
            findings_total: 1,
            ..examples::opened()
        };
        check(name, std::slice::from_ref(&one));
        let seen = as_seen(&render(&[one], false));
        let spelling = escape::seen(name);
        assert!(seen.contains(&format!("  • {spelling}\n")), "{spelling}: {seen}");
    }
}

#[test]
fn the_number_of_findings_and_the_id_are_never_lost() {
    for total in [201, 5_000, 50_000] {
        let mut one = examples::many(total);
        one.headline = format!("{}: {total} tables", "central".repeat(100));
        one.database = "central".repeat(100);
        for minimal in [false, true] {
            let seen = as_seen(&render(std::slice::from_ref(&one), minimal));
            assert!(seen.contains(&format!("{total} unexpected tables")), "{seen}");
            assert!(seen.contains("SW-1001"), "{seen}");
            let left = total - if minimal { 5 } else { 10 };
            assert!(seen.contains(&format!("and {left} more")), "{seen}");
        }
        let digest = as_seen(&render(&[one.clone(), one], false));
        assert!(digest.contains(&format!("and {} more", total - PART_NAMES)), "{digest}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_words_break_a_limit(words in any::<String>(), times in 1usize..400, copies in 1usize..30) {
        let notification = examples::saying(&words.repeat(times));
        for minimal in [false, true] {
            let payload = render(&vec![notification.clone(); copies], minimal);
            prop_assert_eq!(faults(&payload), Vec::<String>::new());
            prop_assert!(as_seen(&payload).chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
