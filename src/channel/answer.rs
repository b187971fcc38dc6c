//! What an answer means for the delivery: one table for every receiver.
//!
//! Slack says what is wrong with a word in the body and is not consistent about the status beside
//! it, so its words decide first; every other receiver is read by its status alone. Retryability is
//! data: nothing after this module looks at a status code again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::Failure;
use super::Outcome;
use super::endpoint::Endpoint;
use crate::backoff::RETRY_AFTER_MAX;

/// Whose conventions an answer follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// Slack incoming webhooks: success is status 200 with the body `ok`.
    Slack,
    /// Standard Webhooks: success is any 2xx.
    Webhook,
}

/// How reading the body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyEnd {
    Complete,
    /// Longer than [`super::ANSWER_BYTES_MAX`]; the rest was not read.
    Cut,
    TimedOut,
    /// The connection broke inside it.
    Failed,
}

/// What a receiver answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Already capped.
    pub(super) retry_after: Option<Duration>,
    /// The `Location` header.
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) end: BodyEnd,
}

/// What one of Slack's words means.
#[derive(Clone, Copy)]
enum Word {
    Broken(Failure, &'static str),
    Refused,
    Retry(Failure),
}

const NEW_WEBHOOK: &str = "the webhook is gone: create a new one in Slack and configure its URL";
const NEW_CHANNEL: &str = "the Slack channel is gone: point the webhook at another one";
const ASK_ADMIN: &str = "a Slack administrator has forbidden it";

/// Slack's words, wherever they stand: those of its changelog of 2016-05-17 on webhook errors, and
/// others that its users report.
#[rustfmt::skip]
const SLACK_WORDS: &[(&str, Word)] = &[
    ("invalid_token",         Word::Broken(Failure::Auth,   NEW_WEBHOOK)),
    ("token_revoked",         Word::Broken(Failure::Auth,   NEW_WEBHOOK)),
    ("no_service",            Word::Broken(Failure::Client, NEW_WEBHOOK)),
    ("no_service_id",         Word::Broken(Failure::Client, NEW_WEBHOOK)),
    ("no_active_hooks",       Word::Broken(Failure::Client, NEW_WEBHOOK)),
    ("no_team",               Word::Broken(Failure::Client, "the Slack workspace is gone")),
    ("team_disabled",         Word::Broken(Failure::Client, "the Slack workspace is disabled")),
    ("channel_not_found",     Word::Broken(Failure::Client, NEW_CHANNEL)),
    ("channel_is_archived",   Word::Broken(Failure::Client, NEW_CHANNEL)),
    ("user_not_found",        Word::Broken(Failure::Client, "the Slack user it writes to is gone")),
    ("action_prohibited",     Word::Broken(Failure::Auth,   ASK_ADMIN)),
    ("posting_to_general_channel_denied", Word::Broken(Failure::Auth, ASK_ADMIN)),
    ("invalid_payload",       Word::Refused),
    ("invalid_blocks",        Word::Refused),
    ("invalid_blocks_format", Word::Refused),
    ("msg_blocks_too_long",   Word::Refused),
    ("msg_too_long",          Word::Refused),
    ("no_text",               Word::Refused),
    ("missing_text_or_fallback_or_attachments", Word::Refused),
    ("too_many_attachments",  Word::Refused),
    ("rate_limited",          Word::Retry(Failure::RateLimited)),
    ("ratelimited",           Word::Retry(Failure::RateLimited)),
    ("rollup_error",          Word::Retry(Failure::Server)),
];

/// Decides what `answer` means. The detail is for operators and holds nothing of the URL but its host.
pub(super) fn classify(receiver: Receiver, endpoint: &Endpoint, answer: &Answer) -> Outcome {
    let host = endpoint.host();
    let shown = endpoint.shown(&answer.body);
    let said = if shown.is_empty() { "an empty answer" } else { &shown };
    let status = answer.status;
    let detail = format!("HTTP {status} from {host}: {said}");
    let after = answer.retry_after;
    let broken =
        |failure, advice: &str| Outcome::Broken { failure, detail: format!("{detail} ({advice})") };

    if receiver == Receiver::Slack {
        match slack_word(&answer.body) {
            Some(Word::Broken(failure, advice)) => return broken(failure, advice),
            Some(Word::Refused) => return Outcome::Refused { failure: Failure::Payload, detail },
            Some(Word::Retry(failure)) => return Outcome::Retry { failure, detail, after },
            None => {}
        }
    }
    match status {
        200..=299 => match (receiver, answer.end) {
            (Receiver::Webhook, _) => Outcome::Delivered { answer: detail },
            (Receiver::Slack, BodyEnd::Complete) if status == 200 && answer.body == b"ok" => {
                Outcome::Delivered { answer: detail }
            }
            (Receiver::Slack, BodyEnd::TimedOut) => Outcome::Retry {
                failure: Failure::Timeout,
                detail: format!("{detail} (the answer did not end in time)"),
                after,
            },
            (Receiver::Slack, BodyEnd::Failed) => Outcome::Retry {
                failure: Failure::Io,
                detail: format!("{detail} (the connection broke inside the answer)"),
                after,
            },
            (Receiver::Slack, BodyEnd::Complete | BodyEnd::Cut) => Outcome::Retry {
                failure: Failure::Server,
                detail: format!("{detail} (Slack answers `ok`; this may be a proxy)"),
                after,
            },
        },
        300..=399 => {
            let to = answer.location.as_deref().map(|it| endpoint.points_to(it));
            let to = to.as_deref().unwrap_or("nowhere");
            Outcome::Broken {
                failure: Failure::Client,
                detail: format!(
                    "HTTP {status} from {host}: a redirect to {to}; redirects are not followed, so \
                     configure the final URL"
                ),
            }
        }
        401 | 403 | 407 => broken(Failure::Auth, "the receiver does not let us in: check its URL"),
        404 => broken(Failure::Client, "nothing listens under this URL: check it"),
        410 => broken(Failure::Client, "the receiver says that it is gone for good"),
        400 | 413 | 422 => Outcome::Refused { failure: Failure::Payload, detail },
        408 => Outcome::Retry { failure: Failure::Timeout, detail, after },
        425 => Outcome::Retry { failure: Failure::Server, detail, after },
        429 => Outcome::Retry { failure: Failure::RateLimited, detail, after },
        402..=499 => {
            broken(Failure::Client, "the receiver does not take such requests: check its URL")
        }
        _ => Outcome::Retry { failure: Failure::Server, detail, after },
    }
}

/// The word in the body: alone, or as `error` of a JSON object.
fn slack_word(body: &[u8]) -> Option<Word> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let word = json.as_ref().and_then(|it| it.get("error")).and_then(|it| it.as_str());
    let word = word.unwrap_or(text);
    SLACK_WORDS.iter().find(|(known, _)| *known == word).map(|(_, means)| *means)
}

/// Reads `Retry-After`: whole seconds or an HTTP date. A date in the past is zero. `None` where it is
/// neither; never more than [`RETRY_AFTER_MAX`].
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit()) {
        // More digits than fit are a long wait all the same.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let at = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
        Duration::try_from(now.duration_until(at)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str =
        "https://hooks.slack.com/services/T0000000A/B0000000B/XXXXXXXXXXXXXXXXXXXXXXXX";

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
}
