//! The last 24 hours of one database as a strip of verdicts: one slot for each half hour.
//!
//! A slot keeps the *worst* verdict of its half hour, so that a drift of a minute is still to be seen
//! the day after. A half hour without an audit is an empty slot: what was not looked at is not clean.

use jiff::Timestamp;

use crate::report::Verdict;

/// Slots of a strip.
pub const SLOTS: usize = 48;
/// The same as a distance between numbers of slots.
const SPAN: i64 = 48;
/// How long a slot is.
pub const SLOT_SECONDS: i64 = 30 * 60;

/// The worst verdict of each of the last [`SLOTS`] half hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strip {
    /// Number of the newest slot since 1970.
    newest: i64,
    /// By number of the slot modulo [`SLOTS`].
    slots: [Option<Verdict>; SLOTS],
}

impl Default for Strip {
    fn default() -> Self {
        Self { newest: 0, slots: [None; SLOTS] }
    }
}

impl Strip {
    /// An audit at `at` said `verdict`. What is older than the strip is forgotten.
    pub fn note(&mut self, at: Timestamp, verdict: Verdict) {
        let number = number(at);
        if number > self.newest {
            let first = (self.newest + 1).max(number - SPAN + 1);
            for gone in first..=number {
                self.slots[place(gone)] = None;
            }
            self.newest = number;
        } else if number <= self.newest - SPAN {
            return;
        }
        let slot = &mut self.slots[place(number)];
        *slot = (*slot).max(Some(verdict));
    }

    /// The slots up to the one of `now`, oldest first. A strip that reaches beyond `now` (the clock
    /// was set back) shows what it has of the time before.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> [Option<Verdict>; SLOTS] {
        let mut number = number(now) - SPAN;
        std::array::from_fn(|_| {
            number += 1;
            let kept = number <= self.newest && number > self.newest - SPAN;
            self.slots[place(number)].filter(|_| kept)
        })
    }
}

fn number(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SLOT_SECONDS)
}

fn place(number: i64) -> usize {
    usize::try_from(number.rem_euclid(SPAN)).expect("a remainder is not negative")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn a_slot_keeps_the_worst_and_an_hour_unseen_stays_empty() {
        let mut strip = Strip::default();
        strip.note(at(0), Verdict::Drifted);
        strip.note(at(5), Verdict::Clean);
        strip.note(at(90), Verdict::Unknown);
        let shown = strip.until(at(95));
        let want = [Some(Verdict::Drifted), None, None, Some(Verdict::Unknown)];
        assert_eq!(shown[SLOTS - 4..], want);
        assert!(shown[..SLOTS - 4].iter().all(Option::is_none));
        assert_eq!(strip.until(at(24 * 60 + 95))[..], [None; SLOTS], "a day later");
    }

    #[test]
    fn what_is_too_old_or_ahead_is_handled() {
        let mut strip = Strip::default();
        strip.note(at(3000), Verdict::Clean);
        strip.note(at(0), Verdict::Drifted);
        assert!(strip.until(at(3000)).iter().all(|it| *it != Some(Verdict::Drifted)));
        // The clock was set back by an hour: nothing of the future is shown as the present.
        strip.note(at(2940), Verdict::Unknown);
        assert_eq!(strip.until(at(2940))[SLOTS - 1], Some(Verdict::Unknown));
    }
}
