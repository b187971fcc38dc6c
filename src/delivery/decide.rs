//! What an outcome means for a delivery, as a pure rule.

use std::time::Duration;

use jiff::Timestamp;

use crate::backoff;
use crate::backoff::Failed;
use crate::backoff::Next;
use crate::channel::Outcome;
use crate::store::AttemptEnd;
use crate::store::Claimed;

/// A channel that is wrong is tried again this often: a person may have mended it.
pub(super) const BROKEN_RETRY: Duration = Duration::from_hours(1);

/// Says how an attempt ended.
///
/// A refused payload is sent once more, at once, in its minimal form; one that is refused in that form
/// too is abandoned, since what comes after it would wait for nothing. A channel that is broken is
/// tried hourly; anything else follows [`backoff`]: the receiver may have been wrong for a moment, and
/// an alert must outlive that. Whatever has not arrived after [`backoff::GIVE_UP_AFTER`] is abandoned.
pub(super) fn decide(
    outcome: &Outcome,
    claimed: &Claimed,
    now: Timestamp,
    jitter: f64,
) -> AttemptEnd {
    let (failure, detail, retry_after, minimal) = match outcome {
        Outcome::Delivered { answer, missed } => {
            let failure = missed.map(|it| it.word().to_owned());
            return AttemptEnd::Delivered { answer: answer.clone(), failure };
        }
        Outcome::Refused { failure, detail } if !claimed.minimal => {
            let (failure, detail) = (failure.word().to_owned(), detail.clone());
            return AttemptEnd::Again { due_at: now, minimal: true, failure, detail };
        }
        Outcome::Refused { failure, detail } => {
            let detail = format!("{detail} (its shortest form was refused too)");
            return AttemptEnd::Abandoned { failure: failure.word().to_owned(), detail };
        }
        Outcome::Retry { failure, detail, after } => (failure, detail, *after, claimed.minimal),
        Outcome::Broken { failure, detail } => {
            (failure, detail, Some(BROKEN_RETRY), claimed.minimal)
        }
    };
    let failed = Failed {
        attempt: claimed.attempt,
        created_at: claimed.created_at,
        now,
        retry_after,
        jitter,
    };
    let failure = failure.word().to_owned();
    match backoff::next(&failed) {
        Next::At(due_at) => AttemptEnd::Again { due_at, minimal, failure, detail: detail.clone() },
        Next::GiveUp => {
            let hours = backoff::GIVE_UP_AFTER.as_secs() / 3600;
            let detail = format!("{detail} (given up after {hours} h)");
            AttemptEnd::Abandoned { failure, detail }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;
    use crate::channel::Failure;

    /// `delivered`, `+SECONDS`, `+SECONDS minimal` or `abandoned`.
    #[track_caller]
    fn check(case: &str, outcome: &Outcome, attempt: u32, age_h: i64, minimal: bool, want: &str) {
        let now = Timestamp::from_second(1_750_000_000).unwrap();
        let claimed = Claimed {
            id: Uuid::nil(),
            channel: "ops".to_owned(),
            created_at: now - SignedDuration::from_hours(age_h),
            attempt,
            minimal,
            notifications: Vec::new(),
            thread: None,
            epoch: 1,
        };
        let got = match decide(outcome, &claimed, now, 1.0) {
            AttemptEnd::Delivered { .. } => "delivered".to_owned(),
            AttemptEnd::Abandoned { .. } => "abandoned".to_owned(),
            AttemptEnd::Again { due_at, minimal, .. } => {
                let seconds = due_at.duration_since(now).as_secs();
                format!("+{seconds}{}", if minimal { " minimal" } else { "" })
            }
        };
        assert_eq!(got, want, "{case}");
    }

    #[test]
    fn outcomes_lead_somewhere() {
        let detail = || "because".to_owned();
        let delivered = Outcome::Delivered { answer: "ok".to_owned(), missed: None };
        let server = Outcome::Retry { failure: Failure::Server, detail: detail(), after: None };
        let after = Some(Duration::from_secs(90));
        let limited = Outcome::Retry { failure: Failure::RateLimited, detail: detail(), after };
        let refused = Outcome::Refused { failure: Failure::Payload, detail: detail() };
        let broken = Outcome::Broken { failure: Failure::Auth, detail: detail() };
        #[rustfmt::skip]
        let cases = [
            // case                      outcome     attempt age_h minimal want
            ("arrived",                  &delivered, 1,      0,    false,  "delivered"),
            ("arrived late",             &delivered, 90,     99,   true,   "delivered"),
            ("trouble",                  &server,    1,      0,    false,  "+5"),
            ("trouble again",            &server,    3,      1,    false,  "+20"),
            ("trouble for too long",     &server,    90,     72,   false,  "abandoned"),
            ("asked for rest",           &limited,   1,      0,    false,  "+90"),
            ("refused",                  &refused,   1,      0,    false,  "+0 minimal"),
            ("refused, minimal as well", &refused,   2,      0,    true,   "abandoned"),
            ("refused, late",            &refused,   9,      72,   false,  "+0 minimal"),
            ("broken",                   &broken,    1,      0,    false,  "+3600"),
            ("broken for too long",      &broken,    70,     72,   false,  "abandoned"),
        ];
        for (case, outcome, attempt, age_h, minimal, want) in cases {
            check(case, outcome, attempt, age_h, minimal, want);
        }
    }
}
