//! What an answer means for the delivery: one table for every receiver.
//!
//! Some receivers say what is wrong with a word in the body and are not consistent about the status
//! beside it, so their words decide first (see [`words`]); for the rest the status decides. Retryability
//! is data: nothing after this module looks at a status code again.

mod smtp;
mod words;

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::Failure;
use super::Outcome;
use super::endpoint::Endpoint;
use crate::backoff::RETRY_AFTER_MAX;

use words::Word;

pub(super) use smtp::SmtpStep;
pub(super) use smtp::classify_smtp;

/// Whose conventions an answer follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    /// Slack incoming webhooks: success is status 200 with the body `ok`.
    Slack,
    /// Mattermost says `ok` too, Rocket.Chat says it in JSON.
    SlackLike,
    /// Standard Webhooks: success is any 2xx.
    Webhook,
    /// Success is 202 with a JSON body; a wrong key is a 400 like a wrong event.
    PagerDuty,
    /// Success is 202, before the workflow has run.
    Teams,
    /// Success is 200 with the message, since we ask to wait for it, or 204.
    Discord,
    /// Success is 200.
    Alertmanager,
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

/// Decides what `answer` means. The detail is for operators and holds nothing of the URL but its host.
pub(super) fn classify(receiver: Receiver, endpoint: &Endpoint, answer: &Answer) -> Outcome {
    let host = endpoint.host();
    let shown = endpoint.shown(&answer.body);
    let said = if shown.is_empty() { "an empty answer" } else { &shown };
    let status = answer.status;
    let detail = format!("HTTP {status} from {host}: {said}");
    let after = answer.retry_after.or_else(|| words::pause(receiver, &answer.body));
    let broken =
        |failure, advice: &str| Outcome::Broken { failure, detail: format!("{detail} ({advice})") };

    match words::word(receiver, &answer.body) {
        Some(Word::Broken(failure, advice)) => return broken(failure, advice),
        Some(Word::Refused) => return Outcome::Refused { failure: Failure::Payload, detail },
        Some(Word::Retry(failure)) => return Outcome::Retry { failure, detail, after },
        None => {}
    }
    match status {
        200..=299 => taken(receiver, answer, detail, after),
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

/// What a 2xx means: most receivers have taken the message, those with words of their own must say so.
fn taken(receiver: Receiver, answer: &Answer, detail: String, after: Option<Duration>) -> Outcome {
    let said = match receiver {
        Receiver::Webhook | Receiver::PagerDuty | Receiver::Discord | Receiver::Alertmanager => {
            return Outcome::Delivered { answer: detail, missed: None };
        }
        Receiver::Teams => {
            let answer = format!("{detail} (accepted; whether its workflow posts it is not known)");
            return Outcome::Delivered { answer, missed: None };
        }
        Receiver::Slack => answer.status == 200 && answer.body == b"ok",
        Receiver::SlackLike => words::says_ok(&answer.body),
    };
    match answer.end {
        BodyEnd::Complete if said => Outcome::Delivered { answer: detail, missed: None },
        BodyEnd::TimedOut => Outcome::Retry {
            failure: Failure::Timeout,
            detail: format!("{detail} (the answer did not end in time)"),
            after,
        },
        BodyEnd::Failed => Outcome::Retry {
            failure: Failure::Io,
            detail: format!("{detail} (the connection broke inside the answer)"),
            after,
        },
        BodyEnd::Complete | BodyEnd::Cut => Outcome::Retry {
            failure: Failure::Server,
            detail: format!("{detail} (such receivers answer `ok`; this may be a proxy)"),
            after,
        },
    }
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
mod tests;
