//! Every answer of every receiver, and what it means.

use super::*;

const URL: &str = "https://hooks.slack.com/services/T0000000A/B0000000B/XXXXXXXXXXXXXXXXXXXXXXXX";

/// The outcome in one word and its failure's word.
fn brief(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { .. } => "delivered".to_owned(),
        Outcome::Retry { failure, .. } => format!("retry {failure}"),
        Outcome::Refused { failure, .. } => format!("refused {failure}"),
        Outcome::Broken { failure, .. } => format!("broken {failure}"),
    }
}

#[track_caller]
fn check(status: u16, body: &str, end: BodyEnd, slack: &str, webhook: &str) {
    let endpoint = Endpoint::parse("ops", URL, false).unwrap();
    let answer = Answer {
        status,
        retry_after: Some(Duration::from_secs(7)),
        location: Some("https://evil.example/T0000000A".to_owned()),
        body: body.as_bytes().to_vec(),
        end,
    };
    for (receiver, want) in [(Receiver::Slack, slack), (Receiver::Webhook, webhook)] {
        let outcome = classify(receiver, &endpoint, &answer);
        assert_eq!(brief(&outcome), want, "{receiver:?} {status} {body:?} {end:?}");
        assert!(!outcome.detail().contains("T0000000A"), "{outcome:?}");
        assert!(outcome.detail().contains("hooks.slack.com"), "{outcome:?}");
    }
}

#[test]
fn every_answer_has_one_meaning() {
    use BodyEnd::{Complete, Cut, Failed, TimedOut};
    #[rustfmt::skip]
    let cases = [
        // status, body, how it ended                          Slack                 webhook
        (200, "ok",                                 Complete,  "delivered",          "delivered"),
        (200, "ok\n",                               Complete,  "retry server",       "delivered"),
        (200, "",                                   Complete,  "retry server",       "delivered"),
        (200, "<html>log in</html>",                Complete,  "retry server",       "delivered"),
        (200, "ok",                                 Cut,       "retry server",       "delivered"),
        (200, "ok",                                 TimedOut,  "retry timeout",      "delivered"),
        (200, "",                                   Failed,    "retry io",           "delivered"),
        (200, "invalid_blocks",                     Complete,  "refused payload",    "delivered"),
        (200, r#"{"ok":true}"#,                     Complete,  "retry server",       "delivered"),
        (200, r#"{"ok":false,"error":"no_service"}"#, Complete, "broken client",     "delivered"),
        (202, "ok",                                 Complete,  "retry server",       "delivered"),
        (204, "",                                   Complete,  "retry server",       "delivered"),
        (301, "",                                   Complete,  "broken client",      "broken client"),
        (304, "",                                   Complete,  "broken client",      "broken client"),
        (307, "moved",                              Complete,  "broken client",      "broken client"),
        (400, "invalid_payload",                    Complete,  "refused payload",    "refused payload"),
        (400, "invalid_token",                      Complete,  "broken auth",        "refused payload"),
        (400, "user_not_found",                     Complete,  "broken client",      "refused payload"),
        (400, "",                                   Failed,    "refused payload",    "refused payload"),
        (401, "",                                   Complete,  "broken auth",        "broken auth"),
        (403, "action_prohibited",                  Complete,  "broken auth",        "broken auth"),
        (403, "invalid_token",                      Complete,  "broken auth",        "broken auth"),
        (404, "channel_not_found",                  Complete,  "broken client",      "broken client"),
        (404, "no_team",                            Complete,  "broken client",      "broken client"),
        (405, "",                                   Complete,  "broken client",      "broken client"),
        (408, "",                                   Complete,  "retry timeout",      "retry timeout"),
        (410, "channel_is_archived",                Complete,  "broken client",      "broken client"),
        (413, "",                                   Complete,  "refused payload",    "refused payload"),
        (415, "",                                   Complete,  "broken client",      "broken client"),
        (422, "",                                   Complete,  "refused payload",    "refused payload"),
        (425, "",                                   Complete,  "retry server",       "retry server"),
        (429, "",                                   Complete,  "retry rate_limited", "retry rate_limited"),
        (500, "rollup_error",                       Complete,  "retry server",       "retry server"),
        (500, "no_service",                         Complete,  "broken client",      "retry server"),
        (502, "",                                   Complete,  "retry server",       "retry server"),
        (503, "",                                   TimedOut,  "retry server",       "retry server"),
        (504, "",                                   Complete,  "retry server",       "retry server"),
        (599, "",                                   Complete,  "retry server",       "retry server"),
        (600, "",                                   Complete,  "retry server",       "retry server"),
        (101, "",                                   Complete,  "retry server",       "retry server"),
    ];
    for (status, body, end, slack, webhook) in cases {
        check(status, body, end, slack, webhook);
    }
}

#[test]
fn a_pause_is_read_as_seconds_or_date_and_capped() {
    let now: Timestamp = "2025-07-05T10:00:00Z".parse().unwrap();
    #[rustfmt::skip]
    let cases = [
        ("0",                                  Some(0)),
        (" 30 ",                               Some(30)),
        ("3600",                               Some(3600)),
        ("86400",                              Some(3600)),
        ("99999999999999999999999999",         Some(3600)),
        ("Sat, 05 Jul 2025 10:02:00 GMT",      Some(120)),
        ("Sat, 05 Jul 2025 09:00:00 GMT",      Some(0)),
        ("Sun, 06 Jul 2025 10:00:00 GMT",      Some(3600)),
        ("-1",                                 None),
        ("soon",                               None),
        ("",                                   None),
    ];
    for (value, want) in cases {
        assert_eq!(retry_after(value, now), want.map(Duration::from_secs), "{value:?}");
    }
}
