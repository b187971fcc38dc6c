//! When a delivery that failed is tried again, as a pure rule.
//!
//! Exponential with jitter, so that a receiver that comes back is not met by every delivery at once;
//! `Retry-After` is honoured, so that a receiver that asks for rest gets it; and there is an end, so
//! that a message nobody can take becomes loud instead of eternal.

use std::time::Duration;

use jiff::Timestamp;

/// The wait after the first failure.
pub const FIRST: Duration = Duration::from_secs(5);
/// The longest wait between two attempts that nobody asked for.
pub const LONGEST: Duration = Duration::from_hours(1);
/// A receiver may ask for at most this much rest.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// No wait that [`next`] returns is longer.
pub const WAIT_MAX: Duration = Duration::from_hours(1);
const _: () = assert!(
    LONGEST.as_nanos() <= WAIT_MAX.as_nanos() && RETRY_AFTER_MAX.as_nanos() <= WAIT_MAX.as_nanos()
);
/// A delivery older than this is not tried again.
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(72);

/// One attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failed {
    /// Its number; the first attempt is 1.
    pub attempt: u32,
    /// When the delivery was created.
    pub created_at: Timestamp,
    /// When the attempt ended.
    pub now: Timestamp,
    /// What the receiver asked for (`Retry-After`), if it did.
    pub retry_after: Option<Duration>,
    /// Between 0 and 1: how much of the random half of the wait to take. Other values are clamped.
    pub jitter: f64,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again then.
    At(Timestamp),
    /// The delivery had [`GIVE_UP_AFTER`] and did not arrive.
    GiveUp,
}

/// Says when to try again.
///
/// The wait is [`FIRST`] doubled for each further failure up to [`LONGEST`], of which one half is
/// fixed and the other multiplied by `jitter`. A wait that would pass the end of the delivery's time
/// is cut to it, so that the last attempt is made at the end and not long before. `Retry-After`, at
/// most [`RETRY_AFTER_MAX`], is a lower bound on the result, even beyond that end.
#[must_use]
pub fn next(failed: &Failed) -> Next {
    let end = later(failed.created_at, GIVE_UP_AFTER);
    if failed.now >= end {
        return Next::GiveUp;
    }
    let at = later(failed.now, wait(failed.attempt, failed.jitter)).min(end);
    match failed.retry_after {
        Some(after) => Next::At(at.max(later(failed.now, after.min(RETRY_AFTER_MAX)))),
        None => Next::At(at),
    }
}

/// The wait after failure number `attempt`.
fn wait(attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    let full = FIRST.saturating_mul(factor).min(LONGEST);
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
    full.mul_f64(0.5 + jitter / 2.0)
}

/// `at` plus `by`, or the end of representable time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits in seconds: `-1` is giving up.
    #[track_caller]
    fn check(
        case: &str,
        attempt: u32,
        age_s: i64,
        retry_after_s: Option<u64>,
        jitter: f64,
        want_s: i64,
    ) {
        let now = Timestamp::from_second(1_750_000_000).unwrap();
        let failed = Failed {
            attempt,
            created_at: Timestamp::from_second(1_750_000_000 - age_s).unwrap(),
            now,
            retry_after: retry_after_s.map(Duration::from_secs),
            jitter,
        };
        let got = match next(&failed) {
            Next::At(at) => at.as_second() - now.as_second(),
            Next::GiveUp => -1,
        };
        assert_eq!(got, want_s, "{case}");
    }

    #[test]
    fn waits_grow_and_end() {
        const HOUR: i64 = 3600;
        #[rustfmt::skip]
        let cases = [
            // case                          attempt age        asked        jitter want
            ("first",                        1,  0,             None,        1.0,   5),
            ("first, least jitter",          1,  0,             None,        0.0,   2),
            ("second doubles",               2,  5,             None,        1.0,   10),
            ("fifth",                        5,  100,           None,        1.0,   80),
            ("capped at an hour",            20, HOUR,          None,        1.0,   HOUR),
            ("capped, least jitter",         20, HOUR,          None,        0.0,   HOUR / 2),
            ("huge attempt number",          u32::MAX, HOUR,    None,        1.0,   HOUR),
            ("number 0 is as 1",             0,  0,             None,        1.0,   5),
            ("asked for more",               1,  0,             Some(90),    1.0,   90),
            ("asked for less",               6,  0,             Some(1),     1.0,   160),
            ("asked for too much",           1,  0,             Some(86_400), 1.0,  HOUR),
            ("jitter out of range",          1,  0,             None,        7.0,   5),
            ("jitter is no number",          1,  0,             None,        f64::NAN, 5),
            ("last attempt at the end",      90, 72 * HOUR - 60, None,       1.0,   60),
            ("asked for rest past the end",  90, 72 * HOUR - 60, Some(120),  1.0,   120),
            ("72 h are over",                90, 72 * HOUR,     None,        1.0,   -1),
            ("over, whatever was asked",     90, 73 * HOUR,     Some(10),    1.0,   -1),
        ];
        for (case, attempt, age, asked, jitter, want) in cases {
            check(case, attempt, age, asked, jitter, want);
        }
    }

    #[test]
    fn a_clock_that_jumped_back_delays_and_does_not_give_up() {
        check("created in the future", 1, -3600, None, 1.0, 5);
    }
}
