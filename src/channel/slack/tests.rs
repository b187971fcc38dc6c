//! What people see, as snapshots; and that nothing breaks Slack's limits or acts in it.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::channel::escape;
use crate::channel::examples;
use crate::channel::test_notification;
use crate::channel::text::as_seen;
use crate::notification::Notification;

/// What rich text and headers may be made of.
const TYPES: [&str; 10] = [
    "header",
    "plain_text",
    "rich_text",
    "rich_text_section",
    "rich_text_list",
    "rich_text_preformatted",
    "text",
    "context",
    "divider",
    "link",
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
        let message = Message { minimal, ..examples::message(notifications) };
        let payload = render(&message, SlackFormat::Blocks);
        assert_eq!(faults(&payload), [""; 0], "{case}, minimal: {minimal}");
        assert_eq!(payload.get("blocks").is_none(), minimal || notifications.is_empty(), "{case}");
        let payload = render(&message, SlackFormat::Attachments);
        assert_eq!(attachment_faults(&payload), [""; 0], "{case}, minimal: {minimal}");
    }
}

/// What a receiver of attachments would refuse or act on.
fn attachment_faults(payload: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, value: &Value, max: usize| {
        let Some(text) = value.as_str() else { return };
        let length = text.encode_utf16().count();
        if length > max {
            faults.push(format!("{what} has {length} characters"));
        }
        if text.contains(['<', '>']) {
            faults.push(format!("{what} holds raw markup: {text}"));
        }
        if what != "fallback" {
            faults.extend(examples::acts_in_markdown(text).map(|it| format!("{what}: {it}")));
        }
    };
    check("text", &payload["text"], 16_383);
    for attachment in payload["attachments"].as_array().into_iter().flatten() {
        check("fallback", &attachment["fallback"], 1000);
        check("title", &attachment["title"], 1024);
        check("attachment", &attachment["text"], 7900);
        check("footer", &attachment["footer"], 1000);
    }
    faults
}

fn seen(message: &Message<'_>) -> String {
    as_seen(&render(message, SlackFormat::Blocks))
}

#[test]
fn messages_read_well() {
    let now = examples::time("2025-07-05T10:00:00Z");
    #[rustfmt::skip]
    let cases = [
        ("opened",     vec![examples::opened()]),
        ("changed",    vec![examples::changed()]),
        ("reminder",   vec![examples::reminder()]),
        ("resolved",   vec![examples::resolved()]),
        ("failing",    vec![examples::failing()]),
        ("parked",     vec![examples::parked()]),
        ("test",       vec![test_notification(now)]),
        ("hostile",    vec![examples::hostile()]),
        ("many_5000",  vec![examples::many(5_000)]),
        ("many_50000", vec![examples::many(50_000)]),
        ("digest",     examples::apart(vec![examples::opened(), examples::failing(), examples::resolved(), examples::hostile()])),
        ("storm",      examples::storm(500)),
    ];
    for (case, notifications) in cases {
        check(case, &notifications);
        let payload = render(&examples::message(&notifications), SlackFormat::Blocks);
        let minimal = seen(&examples::minimal(&notifications));
        let seen = format!("{}\n\n=== as text only ===\n{minimal}", as_seen(&payload));
        insta::assert_snapshot!(format!("{case}_seen"), seen);
        insta::assert_json_snapshot!(case, payload);
        let payload = render(&examples::message(&notifications), SlackFormat::Attachments);
        insta::assert_json_snapshot!(format!("{case}_attachments"), payload);
    }
}

/// A route's mention is the one text that may act, and it stands alone.
#[test]
fn a_route_mentions_and_links_and_nothing_else_does() {
    let one =
        [Notification { database: "<!here>".to_owned(), ..examples::routed("<!subteam^S1>") }];
    let message = Message { look: &examples::ZURICH, ..examples::message(&one) };
    let mut payload = render(&message, SlackFormat::Blocks);
    insta::assert_json_snapshot!("routed", payload);
    insta::assert_json_snapshot!("routed_attachments", render(&message, SlackFormat::Attachments));

    let mention = payload["blocks"].as_array_mut().unwrap().remove(1);
    assert_eq!(mention["text"], json!({ "type": "mrkdwn", "text": "<!subteam^S1>" }));
    let text = payload["text"].as_str().unwrap().strip_prefix("<!subteam^S1>\n").unwrap();
    payload["text"] = text.into();
    assert_eq!(faults(&payload), [""; 0]);

    // Nobody is called for what is over, and twice by nobody.
    let over = Notification { told: one[0].told.clone(), ..examples::resolved() };
    assert!(!render(&examples::message(&[over]), SlackFormat::Blocks).to_string().contains("S1"));
    let many = [one[0].clone(), one[0].clone()];
    let payload = render(&examples::message(&many), SlackFormat::Blocks).to_string();
    assert_eq!(payload.matches("S1").count(), 2, "once in the text, once in the blocks: {payload}");
}

/// The plainest form for Mattermost breaks up what names would link to, and none of our own links.
#[test]
fn our_own_links_stay_whole_where_names_are_broken_up() {
    let one = [Notification {
        headline: "https://evil.example/: 1 table".to_owned(),
        ..examples::routed("@channel")
    }];
    let message = Message { look: &examples::ZURICH, ..examples::minimal(&one) };
    let text = render(&message, SlackFormat::Attachments)["text"].as_str().unwrap().to_owned();
    assert!(
        text.contains("\nIncident: https://warden.example/drift/incidents/SW-1001\n"),
        "{text}"
    );
    assert!(text.contains("\nRunbook: https://wiki.example/drift?a=1&b=(2)\n"), "{text}");
    assert!(!text.contains("https://evil"), "{text}");
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
        let seen = seen(&examples::message(&[one]));
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
            let one = std::slice::from_ref(&one);
            let seen = seen(&Message { minimal, ..examples::message(one) });
            assert!(seen.contains(&format!("{total} unexpected tables")), "{seen}");
            assert!(seen.contains("SW-1001"), "{seen}");
            let left = total - if minimal { 5 } else { 10 };
            assert!(seen.contains(&format!("and {left} more")), "{seen}");
        }
        let both = examples::apart(vec![one.clone(), one]);
        let digest = seen(&examples::message(&both));
        assert!(digest.contains(&format!("and {} more", total - brief::PART_NAMES)), "{digest}");
        assert!(digest.contains("schemawarden deliveries show 00000000-"), "{digest}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_words_break_a_limit(words in any::<String>(), times in 1usize..400, copies in 1usize..30) {
        let notification = examples::saying(&words.repeat(times));
        let all = vec![notification.clone(); copies];
        for minimal in [false, true] {
            let message = Message { minimal, ..examples::message(&all) };
            let payload = render(&message, SlackFormat::Blocks);
            prop_assert_eq!(faults(&payload), Vec::<String>::new());
            prop_assert!(as_seen(&payload).chars().all(|c| c == '\n' || !c.is_control()));
            let payload = render(&message, SlackFormat::Attachments);
            prop_assert_eq!(attachment_faults(&payload), Vec::<String>::new());
        }
    }
}
