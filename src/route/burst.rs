//! When a group sends what waits in it: the first notification at once, what follows gathered.
//!
//! ```text
//! notification ─► sent at once ─► gathered for group_wait ─► gathered for group_interval ─► …
//!       ▲                                                                  │
//!       └──────────────── nothing came for that long ◄─────────────────────┘
//! ```

use std::time::Duration;

use jiff::Timestamp;

/// A clock may be set back by this much before what it wrote is taken for a time of another clock.
const STEP_MAX: Duration = Duration::from_mins(1);

/// The last message of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    pub at: Timestamp,
    /// Its number in its burst; the first is 1.
    pub number: u32,
}

/// What waits in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gathering {
    /// When the oldest notification that waits was made.
    pub oldest: Timestamp,
    /// Of its route.
    pub wait: Duration,
    /// Of its route.
    pub interval: Duration,
}

/// Says when what waits is sent, and which message of its burst that is.
///
/// A group that was quiet for its interval sends at once and begins a burst. What comes after the
/// first message of a burst leaves `wait` after that one; what comes later, `interval` after the
/// message before.
#[must_use]
pub fn flush_at(last: Option<Flushed>, gathering: &Gathering, now: Timestamp) -> Flushed {
    let Gathering { oldest, wait, interval } = *gathering;
    let at_once = Flushed { at: oldest.min(now), number: 1 };
    // Of a clock that was ahead: waiting for it could take as long as it was ahead.
    let Some(last) = last.filter(|it| it.at <= later(now, STEP_MAX)) else { return at_once };
    if oldest >= later(last.at, interval.max(wait)) {
        return at_once;
    }
    let gap = if last.number <= 1 { wait } else { interval };
    Flushed { at: later(last.at, gap), number: last.number.saturating_add(1) }
}

/// `at` plus `by`, or the end of representable time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    #[test]
    fn the_first_leaves_at_once_and_the_rest_is_gathered() {
        #[rustfmt::skip]
        let cases = [
            // case                           last             oldest wait interval now   want
            ("first of all",                  None,            0,     30,  300,     0,    (0, 1)),
            ("first, seen late",              None,            0,     30,  300,     9,    (0, 1)),
            ("soon after the first",          Some((0, 1)),    5,     30,  300,     5,    (30, 2)),
            ("with the first, not in it",     Some((0, 1)),    0,     30,  300,     1,    (30, 2)),
            ("after the wait",                Some((0, 1)),    40,    30,  300,     40,   (30, 2)),
            ("after the second",              Some((30, 2)),   31,    30,  300,     31,   (330, 3)),
            ("after the third",               Some((330, 3)),  400,   30,  300,     400,  (630, 4)),
            ("it waited for the third",       Some((30, 2)),   31,    30,  300,     330,  (330, 3)),
            ("quiet for the interval",        Some((0, 1)),    300,   30,  300,     300,  (300, 1)),
            ("nearly quiet",                  Some((0, 1)),    299,   30,  300,     299,  (30, 2)),
            ("quiet after a storm",           Some((330, 9)),  630,   30,  300,     630,  (630, 1)),
            ("no waits at all",               Some((0, 1)),    0,     0,   0,       0,    (0, 1)),
            ("no wait, an interval",          Some((0, 1)),    5,     0,   300,     5,    (0, 2)),
            ("a wait, no interval",           Some((0, 1)),    5,     30,  0,       5,    (30, 2)),
            ("the wait is longer",            Some((0, 1)),    25,    30,  10,      25,   (30, 2)),
            ("the clock was set back a bit",  Some((50, 1)),   0,     30,  300,     0,    (80, 2)),
            ("the clock was set back a lot",  Some((9999, 1)), 0,     30,  300,     0,    (0, 1)),
            ("made by a clock that was ahead", None,           9999,  30,  300,     0,    (0, 1)),
        ];
        for (case, last, oldest, wait, interval, now, (want, number)) in cases {
            let last = last.map(|(second, number)| Flushed { at: at(second), number });
            let gathering = Gathering {
                oldest: at(oldest),
                wait: Duration::from_secs(wait),
                interval: Duration::from_secs(interval),
            };
            let got = flush_at(last, &gathering, at(now));
            assert_eq!(got, Flushed { at: at(want), number }, "{case}");
        }
    }

    #[test]
    fn a_storm_of_a_minute_is_two_messages() {
        let (mut last, mut sent) = (None, 0);
        let mut oldest = None;
        for second in 0..60 {
            let now = at(second);
            let oldest_now = *oldest.get_or_insert(now);
            let gathering = Gathering {
                oldest: oldest_now,
                wait: Duration::from_secs(30),
                interval: Duration::from_mins(5),
            };
            let next = flush_at(last, &gathering, now);
            if next.at <= now {
                (last, oldest, sent) = (Some(Flushed { at: now, ..next }), None, sent + 1);
            }
        }
        assert_eq!(sent, 2);
    }
}
