//! Which databases of the fleet are one and the same, though they are registered under two names.
//!
//! The same cluster and OID alone do not say so: a physical copy, a replica or a branch has them, too. The
//! instant at which the server started does. Of two names the later one in the alphabet is told, so that
//! one trouble is one finding.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::schema::Residence;

/// Where every database of the fleet was last seen.
#[derive(Debug, Default)]
pub struct Twins {
    /// A `Mutex` and not a channel: it is held for a few look-ups and never across an await.
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    residences: HashMap<String, Residence>,
    /// Names by cluster and OID.
    names: HashMap<(u64, u32), Vec<String>>,
}

impl Twins {
    /// Those that an earlier process saw.
    #[must_use]
    pub fn remembered(all: impl IntoIterator<Item = (String, Residence)>) -> Self {
        let mut seen = Seen::default();
        for (name, it) in all {
            seen.note(&name, it);
        }
        Self { seen: Mutex::new(seen) }
    }

    /// Forgets databases that are not registered any more.
    pub fn retain(&self, is_registered: impl Fn(&str) -> bool) {
        let mut seen = self.lock();
        let gone: Vec<String> =
            seen.residences.keys().filter(|it| !is_registered(it)).cloned().collect();
        for it in &gone {
            seen.forget(it);
        }
    }

    /// Notes where `name` was seen now. The other name of the same database, where that comes first.
    pub(super) fn note(&self, name: &str, now: Residence) -> Option<String> {
        self.lock().note(name, now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn forget(&mut self, name: &str) -> Option<Residence> {
        let before = self.residences.remove(name)?;
        let key = (before.system, before.oid);
        if let Some(names) = self.names.get_mut(&key) {
            names.retain(|it| it != name);
            if names.is_empty() {
                self.names.remove(&key);
            }
        }
        Some(before)
    }

    fn note(&mut self, name: &str, now: Residence) -> Option<String> {
        let before = self.forget(name);
        let others = self.names.entry((now.system, now.oid)).or_default();
        let residences = &self.residences;
        let is_twin = |other: &&String| {
            let Some(it) = residences.get(*other) else { return false };
            // The other one was last seen before the server started again: they were one, and nothing
            // says that they are not any more.
            let restarted = it.seen_at.as_microsecond() < now.started_at
                && before.is_some_and(|was| was.is_of(&now) && was.started_at == it.started_at);
            other.as_str() < name && (it.started_at == now.started_at || restarted)
        };
        let twin = others.iter().filter(is_twin).min().cloned();
        others.push(name.to_owned());
        self.residences.insert(name.to_owned(), now);
        twin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn at(oid: u32, started: i64, seen: i64) -> Residence {
        let seen_at = Timestamp::from_second(seen).unwrap();
        Residence { system: 7, oid, started_at: started * 1_000_000, seen_at }
    }

    #[test]
    fn of_two_names_the_later_one_is_told_and_a_copy_is_none() {
        let twins = Twins::default();
        assert_eq!(twins.note("sco", at(1, 10, 20)), None);
        assert_eq!(twins.note("scoso", at(1, 10, 21)), Some("sco".to_owned()));
        assert_eq!(twins.note("sco", at(1, 10, 22)), None, "told once");
        assert_eq!(twins.note("scoso", at(2, 10, 23)), None, "another database now");
        assert_eq!(twins.note("scoso", at(1, 15, 24)), None, "a copy on another server");
    }

    #[test]
    fn a_restart_parts_nobody() {
        let twins = Twins::default();
        twins.note("a", at(1, 10, 20));
        twins.note("b", at(1, 10, 20));
        // The server started at 30; `a` was not audited since.
        assert_eq!(twins.note("b", at(1, 30, 31)), Some("a".to_owned()));
        twins.note("a", at(1, 30, 32));
        assert_eq!(twins.note("b", at(1, 30, 33)), Some("a".to_owned()));
        // `a` leads elsewhere now.
        twins.note("a", at(9, 30, 34));
        assert_eq!(twins.note("b", at(1, 30, 35)), None);
        twins.note("a", at(1, 30, 36));
        twins.retain(|it| it != "a");
        assert_eq!(twins.note("b", at(1, 30, 37)), None, "it is not registered any more");
    }

    #[test]
    fn the_state_gives_back_what_was_kept() {
        let it = at(5, 1_750_000_000, 1_750_000_001);
        assert_eq!(it.to_string().parse(), Ok(it));
        let twins = Twins::remembered([("a".to_owned(), it)]);
        assert_eq!(twins.note("b", it), Some("a".to_owned()));
    }
}
