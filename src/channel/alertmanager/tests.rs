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

/// `SEVERITY STATUS` of each alert, the statuses of a push by its end.
fn severities(alerts: &Value) -> Vec<String> {
    let now = "2025-07-05T12:10:06Z";
    let word = |it: &Value| {
        let ended = it["endsAt"].as_str().is_some_and(|it| it < now);
        let pushed = if ended { "resolved" } else { "firing" };
        let status = it["status"].as_str().unwrap_or(pushed);
        format!("{} {status}", it["labels"]["severity"].as_str().unwrap())
    };
    alerts.as_array().unwrap().iter().map(word).collect()
}

/// The severity is a label, and so a part of what an alert is known by.
#[test]
fn what_was_told_with_another_severity_is_ended() {
    let until = examples::time("2025-07-05T12:10:05Z");
    let first = examples::opened();
    let mild = Notification {
        severity: "warning".to_owned(),
        former_severities: first.severities_before("warning", until),
        ..examples::changed()
    };
    let over = Notification {
        severity: "warning".to_owned(),
        former_severities: mild.severities_before("warning", until),
        ..examples::resolved()
    };
    assert_eq!(over.former_severities, mild.former_severities);
    let begun = pushed(std::slice::from_ref(&first), false)[0].clone();
    #[rustfmt::skip]
    let cases = [
        (first,         vec!["critical firing"]),
        (mild.clone(),  vec!["critical resolved", "warning firing"]),
        (over.clone(),  vec!["critical resolved", "warning resolved"]),
    ];
    for (it, want) in cases {
        let it = [it];
        let body = hook(&examples::message(&it));
        assert_eq!(severities(&body["alerts"]), want);
        let again = pushed(&it, false);
        assert_eq!(severities(&again), want);
        // The one that is ended is the one that was begun.
        assert_eq!(again[0]["labels"], begun["labels"]);
        assert_eq!(again[0]["startsAt"], begun["startsAt"]);
    }
    // Back at the first one, which is not ended any more, and after the end nothing is left to end.
    let worse = mild.severities_before("critical", until);
    assert_eq!(worse.iter().map(|it| it.severity.as_str()).collect::<Vec<_>>(), ["warning"]);
    assert_eq!(over.severities_before("critical", until), []);
}

#[test]
fn label_names_are_those_of_prometheus() {
    for (key, want) in [("team", "team"), ("a-b.c", "a_b_c"), ("9lives", "_9lives"), ("ü", "_")] {
        assert_eq!(label_name(key), want);
    }
    assert_eq!(alert_name("wrong_database"), "SchemawardenWrongDatabase");
}
