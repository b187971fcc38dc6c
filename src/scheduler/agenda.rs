//! Which database is due when: the scheduler's due queue, as a value without a clock.

use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::Timestamp;

/// Due times of registered databases. A database that is being audited has none: it gets its next
/// one when the audit has come back, which is why no audit can overlap itself.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    queue: BTreeSet<(Timestamp, String)>,
    due: HashMap<String, Option<Timestamp>>,
}

impl Agenda {
    /// Registers a database. Returns false, and leaves it alone, where it is being audited.
    pub(super) fn register(&mut self, name: &str, next_due: Timestamp) -> bool {
        if self.due.get(name) == Some(&None) {
            return false;
        }
        self.put(name, next_due);
        true
    }

    /// When a database is due; `None` where it is not known, or is being audited.
    pub(super) fn due(&self, name: &str) -> Option<Timestamp> {
        self.due.get(name).copied().flatten()
    }

    /// Sets the next due time, after an audit or over an earlier due time.
    pub(super) fn put(&mut self, name: &str, next_due: Timestamp) {
        if let Some(Some(old)) = self.due.insert(name.to_owned(), Some(next_due)) {
            self.queue.remove(&(old, name.to_owned()));
        }
        self.queue.insert((next_due, name.to_owned()));
    }

    /// Makes a database due now; one that is being audited is left alone.
    pub(super) fn hasten(&mut self, name: &str, now: Timestamp) {
        if self.due.get(name).is_some_and(|due| due.is_some_and(|due| due > now)) {
            self.put(name, now);
        }
    }

    /// Takes the database that is due longest, if one is; it has no due time until [`Self::put`].
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<String> {
        if self.queue.first()?.0 > now {
            return None;
        }
        let (_, name) = self.queue.pop_first()?;
        self.due.insert(name.clone(), None);
        Some(name)
    }

    /// The earliest due time.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// Drops what `keep` does not know. What is being audited stays until it comes back: were it
    /// forgotten and registered anew meanwhile, a second audit would overlap the first.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.queue.retain(|(_, name)| keep(name));
        self.due.retain(|name, due| due.is_none() || keep(name));
    }

    /// Forgets a database that came back from an audit and is not registered any more.
    pub(super) fn forget(&mut self, name: &str) {
        if let Some(Some(due)) = self.due.remove(name) {
            self.queue.remove(&(due, name.to_owned()));
        }
    }

    /// After a jump of the clock: brings forward every due time that is later than what the
    /// schedule says from now on. A clock set back by a year must not mean a year without audits.
    /// Returns what was brought forward.
    pub(super) fn bring_forward(
        &mut self,
        from_now: impl Fn(&str) -> Option<Timestamp>,
    ) -> Vec<(String, Timestamp)> {
        let late: Vec<_> = self
            .queue
            .iter()
            .filter_map(|(due, name)| {
                from_now(name).filter(|sooner| sooner < due).map(|sooner| (name.clone(), sooner))
            })
            .collect();
        for (name, sooner) in &late {
            self.put(name, *sooner);
        }
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_database_that_is_being_audited_is_not_due_until_it_comes_back() {
        let mut agenda = Agenda::default();
        agenda.register("a", at(10));
        agenda.register("b", at(20));
        assert_eq!(agenda.take_due(at(9)), None);
        assert_eq!(agenda.take_due(at(30)), Some("a".to_owned()));
        // A reload while it runs does not start a second one.
        assert!(!agenda.register("a", at(11)));
        assert_eq!(agenda.take_due(at(30)), Some("b".to_owned()));
        assert_eq!(agenda.take_due(at(1000)), None);
        agenda.put("a", at(40));
        assert_eq!(agenda.next_due(), Some(at(40)));
        // Set anew, not twice.
        agenda.put("a", at(50));
        assert_eq!(agenda.take_due(at(100)), Some("a".to_owned()));
        assert_eq!(agenda.take_due(at(100)), None);
    }

    #[test]
    fn what_is_asked_for_is_due_now_unless_it_is_being_audited() {
        let mut agenda = Agenda::default();
        agenda.register("a", at(100));
        agenda.register("b", at(5));
        agenda.hasten("a", at(10));
        agenda.hasten("b", at(10));
        agenda.hasten("stranger", at(10));
        assert_eq!(agenda.take_due(at(10)), Some("b".to_owned()));
        assert_eq!(agenda.take_due(at(10)), Some("a".to_owned()));
        agenda.hasten("a", at(10));
        assert_eq!(agenda.take_due(at(1000)), None);
    }

    #[test]
    fn dropped_databases_do_not_come_back() {
        let mut agenda = Agenda::default();
        agenda.register("a", at(10));
        agenda.register("b", at(10));
        agenda.retain(|name| name == "b");
        assert_eq!(agenda.take_due(at(10)), Some("b".to_owned()));
        assert_eq!(agenda.take_due(at(10)), None);
    }

    #[test]
    fn a_database_dropped_and_registered_anew_during_its_audit_does_not_overlap_itself() {
        let mut agenda = Agenda::default();
        agenda.register("a", at(10));
        assert_eq!(agenda.take_due(at(10)), Some("a".to_owned()));
        agenda.retain(|_| false);
        assert!(!agenda.register("a", at(11)));
        assert_eq!(agenda.take_due(at(1000)), None);
        // It came back and is not wanted any more: from now on it may be registered anew.
        agenda.forget("a");
        assert!(agenda.register("a", at(12)));
        assert_eq!(agenda.take_due(at(12)), Some("a".to_owned()));
    }

    #[test]
    fn a_clock_set_back_brings_due_times_forward() {
        let mut agenda = Agenda::default();
        agenda.register("a", at(1_000_000));
        agenda.register("b", at(50));
        let moved = agenda.bring_forward(|_| Some(at(100)));
        assert_eq!(moved, [("a".to_owned(), at(100))]);
        assert_eq!(agenda.next_due(), Some(at(50)));
    }
}
