//! Whether what is known of a database is too old to go by. One rule for the screen and for `fail_on=late`: a
//! monitor has to fail where the page says "late", and nowhere else. Pure.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::config::Database;
use crate::health::Timing;
use crate::health::is_overdue;
use crate::store::DatabaseState;

/// Whether the last audit of one database is too old to go by. For thousands of them, ask [`is_late`] with what
/// is kept of each.
pub(super) fn is_late_now(
    database: &Database,
    state: Option<&DatabaseState>,
    timing: Option<Timing>,
    now: Timestamp,
) -> bool {
    let second_due = state.and_then(|it| second_due(database, it.audited_at, now));
    is_late(timing.map(|it| it.next_due), second_due, now)
}

/// The same: another audit is overdue, or two due times have passed since the last one. `second_due` is the
/// second of them.
pub(super) fn is_late(
    next_due: Option<Timestamp>,
    second_due: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    [next_due, second_due].into_iter().flatten().any(|it| is_overdue(it, now))
}

/// An audit that is younger than this is not late, whatever the schedule says; `interval` is the usual one.
pub(super) fn young(database: &Database, interval: Duration) -> SignedDuration {
    let young = interval.max(database.min_interval).saturating_mul(2);
    SignedDuration::try_from(young).unwrap_or(SignedDuration::MAX)
}

/// The second time at which a database is due after an audit at `audited_at`.
pub(super) fn due_twice(database: &Database, audited_at: Timestamp) -> Timestamp {
    let first = database.schedule.next_due(&database.name, audited_at);
    database.schedule.next_due(&database.name, first)
}

/// The same; `None` where that is not in question.
fn second_due(database: &Database, audited_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let young = young(database, database.schedule.interval(now));
    (now.duration_since(audited_at) > young).then(|| due_twice(database, audited_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_is_late_when_it_should_have_come_long_ago() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let ago = |seconds: i64| Some(now - SignedDuration::from_secs(seconds));
        for (next, second, want) in [
            (None, None, false),
            (ago(-30), ago(-300), false),
            (ago(60), ago(-240), false),
            (ago(61), ago(-240), true),
            (ago(-30), ago(61), true),
            (ago(-30), ago(60), false),
        ] {
            assert_eq!(is_late(next, second, now), want, "{next:?} {second:?}");
        }
    }
}
