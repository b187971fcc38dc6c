//! Which databases hold a place for long without use, and how many places those may have: a pure rule.
//!
//! A database that hangs costs its place for seconds where another costs milliseconds: a tenth of a fleet that
//! hangs would take nearly all places, and everybody would be late. So whoever was slow when it was last
//! audited, or lives on a server where everybody was of late, is an *offender*, and offenders together have a
//! part of the places only. One audit that is quick again ends it.

use std::collections::HashMap;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

/// An audit that took so long, once it had a place, was slow. So was every one that ran out of time.
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(2);
/// So many slow audits in a row, of whichever databases, make all databases of a server offenders.
const SERVER_SLOW_AFTER: u32 = 3;
/// What was slow so long ago says nothing of now.
const FORGIVEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Offenders have at least one of so many places.
const PENALTY_SHARE: usize = 4;

/// What one process remembers.
#[derive(Debug, Default)]
pub(super) struct Offenders {
    /// When each offender was last slow. Others have no entry.
    slow: HashMap<String, Timestamp>,
    servers: HashMap<String, Standing>,
    /// Registered databases.
    databases: usize,
}

/// How the databases of one server do.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Slow audits in a row, and when the last of them ended.
    slow: u32,
    slow_at: Option<Timestamp>,
    /// Its databases that are offenders by themselves, and those that are registered.
    offenders: usize,
    databases: usize,
}

/// How many places offenders may have: of the fleet's, and of one server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Penalty {
    pub(super) fleet: usize,
    pub(super) server: usize,
}

impl Offenders {
    /// Takes the registered databases, each with its server. What is gone is forgotten.
    pub(super) fn register<'a>(&mut self, all: impl Iterator<Item = (&'a str, String)>) {
        let mut servers: HashMap<String, Standing> = HashMap::new();
        let mut slow = HashMap::new();
        self.databases = 0;
        for (database, server) in all {
            let before = self.servers.get(&server).copied().unwrap_or_default();
            let standing =
                servers.entry(server).or_insert(Standing { offenders: 0, databases: 0, ..before });
            standing.databases += 1;
            self.databases += 1;
            if let Some(at) = self.slow.remove(database) {
                standing.offenders += 1;
                slow.insert(database.to_owned(), at);
            }
        }
        (self.slow, self.servers) = (slow, servers);
    }

    /// Notes how an audit went.
    pub(super) fn note(&mut self, database: &str, server: &str, was_slow: bool, now: Timestamp) {
        if !self.servers.contains_key(server) {
            self.servers.insert(server.to_owned(), Standing::default());
        }
        let Some(standing) = self.servers.get_mut(server) else { return };
        if was_slow {
            standing.slow = standing.slow.saturating_add(1);
            standing.slow_at = Some(now);
            if self.slow.insert(database.to_owned(), now).is_none() {
                standing.offenders += 1;
            }
        } else {
            standing.slow = 0;
            if self.slow.remove(database).is_some() {
                standing.offenders = standing.offenders.saturating_sub(1);
            }
        }
    }

    /// Whether an audit of `database` has to wait for one of the places of offenders.
    pub(super) fn is_offender(&self, database: &str, server: &str, now: Timestamp) -> bool {
        let holds = |at: Timestamp| now.duration_since(at) < FORGIVEN_AFTER;
        let its_own = self.slow.get(database).is_some_and(|at| holds(*at));
        let of_server = self
            .servers
            .get(server)
            .is_some_and(|it| it.slow >= SERVER_SLOW_AFTER && it.slow_at.is_some_and(holds));
        its_own || of_server
    }

    /// How many places offenders may have of `fleet` places, and of the `server_places` of one server.
    pub(super) fn penalty(&self, fleet: usize, server: &str, server_places: usize) -> Penalty {
        let standing = self.servers.get(server).copied().unwrap_or_default();
        Penalty {
            fleet: part(fleet, self.slow.len(), self.databases),
            server: part(server_places, standing.offenders, standing.databases),
        }
    }
}

/// How many of `places` offenders have at least.
pub(super) fn at_least(places: usize) -> usize {
    part(places, 0, 0)
}

/// The places of offenders: a quarter, and their own share where that is more, for where most are slow, slow is
/// how things are, and there is nobody to protect. At least one.
fn part(places: usize, offenders: usize, databases: usize) -> usize {
    let share = places.saturating_mul(offenders).checked_div(databases).unwrap_or(0);
    (places / PENALTY_SHARE).max(share).clamp(1, places.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    /// Ten databases on each of two servers.
    fn fleet() -> Offenders {
        let mut it = Offenders::default();
        it.register(names().iter().map(|(name, server)| (name.as_str(), server.clone())));
        it
    }

    fn names() -> Vec<(String, String)> {
        let on = |server: &'static str| {
            (0..10).map(move |it| (format!("{server}{it}"), server.to_owned()))
        };
        on("x").chain(on("y")).collect()
    }

    #[test]
    fn offenders_have_a_quarter_or_their_share() {
        for (places, offenders, databases, want) in [
            (32, 0, 10_000, 8),
            (32, 1_000, 10_000, 8),
            (32, 5_000, 10_000, 16),
            (32, 10_000, 10_000, 32),
            // More than are registered: the register is behind.
            (32, 12, 10, 32),
            (8, 0, 0, 2),
            (3, 0, 10, 1),
            (1, 0, 10, 1),
            (1, 10, 10, 1),
            (0, 0, 0, 1),
        ] {
            assert_eq!(
                part(places, offenders, databases),
                want,
                "{places} {offenders} {databases}"
            );
        }
    }

    #[test]
    fn one_slow_audit_makes_an_offender_and_one_quick_one_ends_it() {
        let mut it = fleet();
        assert!(!it.is_offender("x0", "x", at(0)));
        it.note("x0", "x", true, at(0));
        assert!(it.is_offender("x0", "x", at(1)));
        assert!(!it.is_offender("x1", "x", at(1)), "its neighbour is not");
        it.note("x0", "x", false, at(2));
        assert!(!it.is_offender("x0", "x", at(3)));
        it.note("x0", "x", true, at(4));
        assert!(!it.is_offender("x0", "x", at(4 + 86_400)), "a day ago");
    }

    #[test]
    fn a_server_where_everybody_is_slow_makes_offenders_of_all() {
        let mut it = fleet();
        for (n, name) in ["x0", "x1", "x2"].into_iter().enumerate() {
            assert!(!it.is_offender("x9", "x", at(0)), "{n}");
            it.note(name, "x", true, at(0));
        }
        assert!(it.is_offender("x9", "x", at(1)));
        assert!(!it.is_offender("y9", "y", at(1)), "of another server");
        it.note("x9", "x", false, at(2));
        assert!(!it.is_offender("x8", "x", at(3)));
        assert!(it.is_offender("x0", "x", at(3)), "it was slow itself");
    }

    #[test]
    fn places_follow_who_offends_and_who_is_registered() {
        let mut it = fleet();
        assert_eq!(it.penalty(32, "x", 8), Penalty { fleet: 8, server: 2 });
        for n in 0..10 {
            it.note(&format!("x{n}"), "x", true, at(0));
        }
        assert_eq!(it.penalty(32, "x", 8), Penalty { fleet: 16, server: 8 });
        assert_eq!(it.penalty(32, "y", 8), Penalty { fleet: 16, server: 2 });
        // Five of the ten leave.
        let left = names().into_iter().filter(|(name, _)| name != "x0" && name.as_str() < "x6");
        let left: Vec<_> = left.collect();
        it.register(left.iter().map(|(name, server)| (name.as_str(), server.clone())));
        assert_eq!((it.slow.len(), it.databases), (5, 5));
        assert!(it.is_offender("x1", "x", at(1)) && !it.is_offender("x0", "z", at(1)));
    }
}
