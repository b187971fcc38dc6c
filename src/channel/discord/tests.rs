//! The messages as Discord gets them, its limits, and that nothing but a route's mention notifies.

use super::*;
use crate::channel::examples;

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |it| it.encode_utf16().count())
}

#[test]
fn messages_read_well() {
    for (case, notifications) in examples::cases() {
        insta::assert_json_snapshot!(case, payload(&examples::message(&notifications)));
    }
    let one = [examples::routed("<@&42> <@7>")];
    let message = Message { look: &examples::ZURICH, ..examples::message(&one) };
    insta::assert_json_snapshot!("routed", payload(&message));
}

#[test]
fn limits_hold_and_nothing_acts() {
    for notifications in examples::extremes() {
        for minimal in [false, true] {
            let payload = payload(&Message { minimal, ..examples::message(&notifications) });
            let embed = &payload["embeds"][0];
            assert!(length(&payload["content"]) <= CONTENT_MAX);
            let parts = [&embed["title"], &embed["description"], &embed["footer"]["text"]];
            let limits = [EMBED_TITLE_MAX, DESCRIPTION_MAX, FOOTER_MAX];
            for (part, limit) in parts.into_iter().zip(limits) {
                assert!(length(part) <= limit, "{part}");
            }
            assert!(parts.into_iter().map(length).sum::<usize>() <= EMBEDS_MAX, "{embed}");
            assert!(length(&payload["content"]) + length(&embed["title"]) > 0, "{payload}");
            let nobody = json!({ "parse": [], "users": [], "roles": [] });
            assert_eq!(payload["allowed_mentions"], nobody);
            for text in [&payload["content"], &embed["title"], &embed["description"]] {
                let text = text.as_str().unwrap_or_default();
                assert_eq!(examples::acts_in_markdown(text), None);
            }
        }
    }
}

#[test]
fn our_own_links_stay_whole_where_names_are_broken_up() {
    let mut one = examples::routed("<@7>");
    one.headline = "https://evil.example/: 1 table".to_owned();
    let one = [one];
    let message = Message { look: &examples::ZURICH, ..examples::minimal(&one) };
    let payload = payload(&message);
    let text = payload["content"].as_str().unwrap();
    assert!(
        text.contains("\nIncident: https://warden.example/drift/incidents/SW-1001\n"),
        "{text}"
    );
    assert!(text.contains("\nRunbook: https://wiki.example/drift?a=1&b=(2)\n"), "{text}");
    assert!(!text.contains("https://evil"), "{text}");
}

/// What to look each incident up by is in a digest, too.
#[test]
fn a_digest_has_the_ids() {
    let payload = payload(&examples::message(&examples::storm(31)));
    let text = payload["embeds"][0]["description"].as_str().unwrap();
    for part in ["SW-2000 to SW-2030", "SW-1002", "Since 2025-07-05 10:00:00 UTC", "Owner: role"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn only_the_mentioned_are_notified() {
    #[rustfmt::skip]
    let cases = [
        ("",               json!({ "parse": [], "users": [], "roles": [] })),
        ("<@7> <@!8>",     json!({ "parse": [], "users": ["7", "8"], "roles": [] })),
        ("<@&42>",         json!({ "parse": [], "users": [], "roles": ["42"] })),
        ("@here",          json!({ "parse": ["everyone"], "users": [], "roles": [] })),
        ("<@x> @heretic",  json!({ "parse": [], "users": [], "roles": [] })),
    ];
    for (mention, want) in cases {
        assert_eq!(allowed(mention), want, "{mention}");
    }
}
