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

#[test]
fn receivers_with_words_of_their_own_are_understood() {
    use Receiver::{Alertmanager, Discord, PagerDuty, SlackLike, Teams};

    let gone = r#"{"id":"web.incoming_webhook.invalid.app_error","message":"Invalid webhook."}"#;
    let key = r#"{"status":"invalid event","errors":["Invalid routing key"]}"#;
    let event = r#"{"status":"invalid event","errors":["'summary' is missing"]}"#;
    let off = r#"{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"x"}}"#;
    let shape = r#"{"error":{"code":"TriggerInputSchemaMismatch"}}"#;
    let failed = "Webhook message delivery failed with error: 429";
    #[rustfmt::skip]
    let cases = [
        (SlackLike,    200, "ok",                                      "delivered"),
        (SlackLike,    200, r#"{"success":true}"#,                     "delivered"),
        (SlackLike,    200, "<html>",                                  "retry server"),
        (SlackLike,    400, gone,                                      "broken client"),
        (SlackLike,    400, r#"{"success":false,"error":"invalid-channel"}"#, "broken client"),
        (SlackLike,    400, r#"{"id":"api.other"}"#,                   "refused payload"),
        (SlackLike,    403, "invalid_token",                           "broken auth"),
        (PagerDuty,    202, r#"{"status":"success"}"#,                 "delivered"),
        (PagerDuty,    400, key,                                       "broken auth"),
        (PagerDuty,    400, event,                                     "refused payload"),
        (PagerDuty,    429, "",                                        "retry rate_limited"),
        (PagerDuty,    503, "",                                        "retry server"),
        (Teams,        202, "",                                        "delivered"),
        (Teams,        200, failed,                                    "retry server"),
        (Teams,        400, off,                                       "broken client"),
        (Teams,        400, shape,                                     "refused payload"),
        (Teams,        413, "",                                        "refused payload"),
        (Discord,      204, "",                                        "delivered"),
        (Discord,      200, r#"{"id":"1"}"#,                           "delivered"),
        (Discord,      400, r#"{"code":50035}"#,                       "refused payload"),
        (Discord,      401, r#"{"code":50027}"#,                       "broken auth"),
        (Discord,      404, r#"{"code":10015}"#,                       "broken client"),
        (Discord,      429, r#"{"retry_after":0.5}"#,                  "retry rate_limited"),
        (Alertmanager, 200, "",                                        "delivered"),
        (Alertmanager, 400, "bad labels",                              "refused payload"),
        (Alertmanager, 401, "",                                        "broken auth"),
        (Alertmanager, 503, "",                                        "retry server"),
    ];
    let endpoint = Endpoint::parse("ops", URL, false).unwrap();
    for (receiver, status, body, want) in cases {
        let body = body.as_bytes().to_vec();
        let answer =
            Answer { status, retry_after: None, location: None, body, end: BodyEnd::Complete };
        let outcome = classify(receiver, &endpoint, &answer);
        assert_eq!(brief(&outcome), want, "{receiver:?} {status}: {outcome:?}");
        if let Outcome::Retry { after, .. } = outcome {
            let pause = (receiver == Discord).then(|| Duration::from_millis(500));
            assert_eq!(after, pause, "{receiver:?} {status}");
        }
    }
}

#[test]
fn replies_of_mail_servers_are_understood() {
    use SmtpStep::{Data, Greeting, Login, Recipient, Sender, Tls};

    #[rustfmt::skip]
    let cases = [
        (Greeting,  None,      true,  "retry timeout"),
        (Greeting,  None,      false, "retry io"),
        (Greeting,  Some(421), false, "retry server"),
        (Greeting,  Some(554), false, "broken client"),
        (Tls,       None,      false, "retry io"),
        (Login,     Some(454), false, "retry server"),
        (Login,     Some(535), false, "broken auth"),
        (Sender,    Some(530), false, "broken auth"),
        (Sender,    Some(550), false, "broken client"),
        (Recipient, Some(450), false, "retry server"),
        (Recipient, Some(550), false, "broken client"),
        (Data,      Some(452), false, "retry server"),
        (Data,      Some(552), false, "refused payload"),
        (Data,      Some(554), false, "refused payload"),
    ];
    for (step, code, timed_out, want) in cases {
        let outcome = classify_smtp(step, "mail.example", code, timed_out, "no");
        assert_eq!(brief(&outcome), want, "{step:?} {code:?}");
        assert!(outcome.detail().contains("mail.example"), "{outcome:?}");
    }
}
