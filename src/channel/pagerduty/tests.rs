//! The events as PagerDuty gets them, and what begins and ends an alert.

use super::*;
use crate::channel::examples;
use crate::notification::Thread;

fn event(message: &Message<'_>) -> Value {
    serde_json::from_slice(&body(message, &Secret::new("R0UT1NGKEY"))).unwrap()
}

#[test]
fn events_read_well() {
    for (case, notifications) in examples::cases() {
        insta::assert_json_snapshot!(case, event(&examples::message(&notifications)));
    }
    let one = [examples::routed("@nobody")];
    let message = Message { look: &examples::ZURICH, ..examples::message(&one) };
    insta::assert_json_snapshot!("routed", event(&message));
}

#[test]
fn limits_hold() {
    for notifications in examples::extremes() {
        for minimal in [false, true] {
            let message = Message { minimal, ..examples::message(&notifications) };
            assert!(body(&message, &Secret::new("key")).len() <= BODY_BYTES_MAX);
            let event = event(&message);
            let length = |text: &Value| text.as_str().unwrap().chars().count();
            assert!((1..=SUMMARY_MAX).contains(&length(&event["payload"]["summary"])), "{event}");
            assert!((1..=DEDUP_KEY_MAX).contains(&length(&event["dedup_key"])), "{event}");
            let severity = event["payload"]["severity"].as_str().unwrap();
            assert!(["critical", "warning", "info"].contains(&severity), "{event}");
        }
    }
}

#[test]
fn an_alert_ends_with_the_last_incident_of_its_thread() {
    let thread = |open| Thread { key: "SW-1000".to_owned(), open };
    #[rustfmt::skip]
    let cases = [
        (examples::opened(),   None,            "trigger", "schemawarden:SW-1001"),
        (examples::resolved(), None,            "resolve", "schemawarden:SW-1001"),
        (examples::opened(),   Some(thread(3)), "trigger", "schemawarden:SW-1000"),
        (examples::resolved(), Some(thread(2)), "trigger", "schemawarden:SW-1000"),
        (examples::resolved(), Some(thread(0)), "resolve", "schemawarden:SW-1000"),
    ];
    for (one, thread, action, key) in cases {
        let one = [one];
        let message = Message { thread: thread.as_ref(), ..examples::message(&one) };
        let event = event(&message);
        assert_eq!((&event["event_action"], &event["dedup_key"]), (&action.into(), &key.into()));
    }
}

/// What opened and resolved while it was gathered is over: nothing else would ever end the alert.
#[test]
fn an_alert_that_is_over_when_it_is_told_ends() {
    let both = [examples::opened(), examples::resolved()];
    let thread = Thread { key: "SW-1001".to_owned(), open: 0 };
    for thread in [None, Some(&thread)] {
        let message = Message { thread, ..examples::message(&both) };
        assert_eq!(event(&message)["event_action"], "resolve");
    }
}
