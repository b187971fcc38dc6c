//! The cards as Teams gets them; nothing dynamic is where Markdown is read.

use super::*;
use crate::channel::examples;

fn card(message: &Message<'_>) -> Value {
    serde_json::from_slice(&body(message)).unwrap()
}

/// Texts of every `TextBlock`: those are parsed.
fn parsed<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    if value["type"] == "TextBlock" {
        into.extend(value["text"].as_str());
    }
    value.as_object().into_iter().flat_map(|it| it.values()).for_each(|it| parsed(it, into));
    value.as_array().into_iter().flatten().for_each(|it| parsed(it, into));
}

#[test]
fn cards_read_well() {
    for (case, notifications) in examples::cases() {
        insta::assert_json_snapshot!(case, card(&examples::message(&notifications)));
    }
    let one = [examples::routed("Jane Doe <jane@example.com>, on call")];
    let message = Message { look: &examples::ZURICH, ..examples::message(&one) };
    let card = card(&message);
    insta::assert_json_snapshot!("routed", card);
    let mut texts = Vec::new();
    parsed(&card, &mut texts);
    assert_eq!(texts, ["<at>Jane Doe</at>, on call"]);
}

#[test]
fn limits_hold_and_nothing_is_parsed() {
    for notifications in examples::extremes() {
        for minimal in [false, true] {
            let message = Message { minimal, ..examples::message(&notifications) };
            let bytes = body(&message);
            assert!(bytes.len() <= BODY_BYTES_MAX, "{} bytes", bytes.len());
            let card = card(&message);
            let mut texts = Vec::new();
            parsed(&card, &mut texts);
            assert!(texts.is_empty(), "{texts:?}");
        }
    }
}

/// A card with an empty entity is refused as a whole.
#[test]
fn what_teams_cannot_mention_is_left_out() {
    let id = "0197f0a1-0000-7000-8000-000000000007";
    let by_id = format!("Jane <{id}>");
    let at = |id: &str| json!([{ "type": "mention", "text": "<at>Jane</at>", "mentioned": { "id": id, "name": "Jane" } }]);
    #[rustfmt::skip]
    let cases = [
        ("<!here>",                        vec![],                             json!(null)),
        ("<@42> @everyone",                vec![],                             json!(null)),
        ("@here",                          vec![],                             json!(null)),
        ("< jane@example.com>",            vec![],                             json!(null)),
        ("Jane <jane@example.com>",        vec!["<at>Jane</at>"],              at("jane@example.com")),
        (&by_id,                           vec!["<at>Jane</at>"],              at(id)),
        ("<!here>, Jane <jane@example.com>, on call", vec!["<at>Jane</at>, on call"], at("jane@example.com")),
    ];
    for (mention, texts, entities) in cases {
        let one = [examples::routed(mention)];
        let card = card(&examples::message(&one));
        let mut found = Vec::new();
        parsed(&card, &mut found);
        assert_eq!(found, texts, "{mention}");
        assert_eq!(card["attachments"][0]["content"]["msteams"]["entities"], entities, "{mention}");
        assert!(!card.to_string().contains("<at></at>"), "{mention}");
    }
}
