//! The pushed alerts and the webhook of version 4, their limits, and that an alert keeps its labels.

use super::*;
use crate::channel::examples;

fn hook(message: &Message<'_>) -> Value {
    serde_json::from_slice(&webhook(message, "ops")).unwrap()
}

fn pushed(notifications: &[Notification], minimal: bool) -> Value {
    let now = examples::time("2025-07-05T12:10:06Z");
    let ends_in = lives(Duration::from_mins(1));
    serde_json::from_slice(&push(notifications, &examples::ZURICH, now, ends_in, minimal)).unwrap()
}

#[test]
fn bodies_read_well() {
    for (case, notifications) in examples::cases() {
        let few = &notifications[..notifications.len().min(2)];
        insta::assert_json_snapshot!(case, hook(&examples::message(few)));
        insta::assert_json_snapshot!(format!("{case}_pushed"), pushed(few, false));
    }
}

#[test]
fn limits_hold_and_nothing_acts() {
    for notifications in examples::extremes() {
        for minimal in [false, true] {
            let message = Message { minimal, ..examples::message(&notifications) };
            let bytes = webhook(&message, "ops");
            assert!(bytes.len() <= BODY_BYTES_MAX, "{} bytes", bytes.len());
            let body = hook(&message);
            let listed = body["alerts"].as_array().unwrap().len();
            let left_out = body["truncatedAlerts"].as_u64().unwrap();
            assert_eq!(listed as u64 + left_out, notifications.len() as u64);
            let text = format!("{body}{}", pushed(&notifications, minimal));
            for syntax in ["<!", "<@", "<h", "@here", "@channel"] {
                assert!(!text.contains(syntax), "{syntax} in {text}");
            }
        }
    }
}

#[test]
fn an_alert_is_the_same_from_its_start_to_its_end() {
    let alerts =
        [examples::opened(), examples::changed(), examples::reminder(), examples::resolved()];
    let all = pushed(&alerts, false);
    let labels: Vec<&Value> = all.as_array().unwrap().iter().map(|it| &it["labels"]).collect();
    assert!(labels.iter().all(|it| *it == labels[0]), "{labels:?}");
    assert_eq!(all[0]["endsAt"], "2025-07-05T12:14:06Z");
    assert_eq!(all[3]["endsAt"], "2025-07-05T12:10:05Z");
    assert_eq!(all[0]["startsAt"], all[3]["startsAt"]);
}

#[test]
fn label_names_are_those_of_prometheus() {
    for (key, want) in [("team", "team"), ("a-b.c", "a_b_c"), ("9lives", "_9lives"), ("ü", "_")] {
        assert_eq!(label_name(key), want);
    }
    assert_eq!(alert_name("wrong_database"), "SchemawardenWrongDatabase");
}
