//! How pages say lengths of time and numbers. Pure; `live/told.js` says lengths of time in the same words, because
//! it goes on counting after a page was drawn.

use jiff::Timestamp;

/// Below this a length of time is no number: "for 0 s" says nothing.
const NOW_SECONDS: i64 = 5;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A length of time in one unit, rounded down: `40 s`, `3 min`, `47 h`, `12 d`.
fn span(seconds: i64) -> String {
    match seconds {
        ..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        // A night is told in hours; from two days on, hours are arithmetic.
        HOUR..172_800 => format!("{} h", seconds / HOUR),
        _ => format!("{} d", number(unsigned(seconds / DAY))),
    }
}

fn unsigned(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

/// How long something has lasted: `for 3 min`, or `just now`.
pub(in crate::http) fn lasting(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_secs() {
        // A clock that was set back, too: nothing began in the future.
        ..NOW_SECONDS => "just now".to_owned(),
        seconds => format!("for {}", span(seconds)),
    }
}

/// How long ago something was: `3 min ago`, or `just now`.
pub(in crate::http) fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_secs() {
        ..NOW_SECONDS => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// When something will be: `in 40 s`, or `now`.
pub(in crate::http) fn ahead(at: Timestamp, now: Timestamp) -> String {
    match at.duration_since(now).as_secs() {
        ..1 => "now".to_owned(),
        seconds => format!("in {}", span(seconds)),
    }
}

/// A number as people read it: `10,000`.
pub(in crate::http) fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something: `1 database`, `10,000 databases`.
pub(in crate::http) fn count(value: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn lengths_of_time_have_one_unit_and_are_never_nothing() {
        for (seconds, lasting_is, ago_is) in [
            (-90, "just now", "just now"),
            (0, "just now", "just now"),
            (4, "just now", "just now"),
            (5, "for 5 s", "5 s ago"),
            (59, "for 59 s", "59 s ago"),
            (60, "for 1 min", "1 min ago"),
            (3_599, "for 59 min", "59 min ago"),
            (3_600, "for 1 h", "1 h ago"),
            (172_799, "for 47 h", "47 h ago"),
            (172_800, "for 2 d", "2 d ago"),
            (86_400 * 1_234, "for 1,234 d", "1,234 d ago"),
        ] {
            assert_eq!(lasting(at(0), at(seconds)), lasting_is, "{seconds}");
            assert_eq!(ago(at(0), at(seconds)), ago_is, "{seconds}");
        }
    }

    #[test]
    fn what_is_ahead_is_told_until_it_is_due() {
        for (seconds, said) in [
            (-5, "now"),
            (0, "now"),
            (1, "in 1 s"),
            (40, "in 40 s"),
            (90, "in 1 min"),
            (7_200, "in 2 h"),
            (86_400 * 3, "in 3 d"),
        ] {
            assert_eq!(ahead(at(seconds), at(0)), said, "{seconds}");
        }
    }

    #[test]
    fn numbers_have_separators_and_plurals() {
        for (value, said) in [
            (0, "0 databases"),
            (1, "1 database"),
            (2, "2 databases"),
            (999, "999 databases"),
            (1_000, "1,000 databases"),
            (10_000, "10,000 databases"),
            (1_234_567, "1,234,567 databases"),
        ] {
            assert_eq!(count(value, "database", "databases"), said);
        }
    }
}
