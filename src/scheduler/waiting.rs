//! What is due and has not been started, as a value: who is started next.
//!
//! An audit that waits for a place is a task with a connection's worth of room, and a fleet that is due at one instant
//! would be a hundred thousand of them. So the loop starts a few for each place and keeps the names of the others
//! here. They are started
//!
//! - server by server in turns, and on each server in the order in which they became due: a server whose databases
//!   all wait holds up nobody else's;
//! - in lanes: whoever is known to hang ([`Lane::Offender`]), or waits for another database to be read first
//!   ([`Lane::Golden`]), has a lane of its own, so that nobody queues behind it.
//!
//! Places themselves are taken by the audits ([`crate::audit::Slots`]).

use std::collections::HashMap;
use std::collections::VecDeque;

use crate::config::Limits;

/// Audits that are started for each place of a server: the one that has it, and one that takes it over.
const PER_PLACE_OF_SERVER: usize = 2;
/// The same for each place of the fleet: enough for every server to have its turn, and for what waits for the pace of
/// its server.
const PER_PLACE_OF_FLEET: usize = 8;

/// Who queues behind whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Plain,
    /// Its last audits were slow.
    Offender,
    /// What it is held to has to be read from another database first.
    Golden,
}

/// How many audits of one lane may be started and not back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    server: usize,
    fleet: usize,
}

impl Bounds {
    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            server: limits.per_server.saturating_mul(PER_PLACE_OF_SERVER).max(1),
            fleet: limits.concurrency.saturating_mul(PER_PLACE_OF_FLEET).max(1),
        }
    }
}

/// One server in one lane.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<String>,
    started: usize,
    /// Whether it is among those that have a turn.
    has_turn: bool,
}

/// The servers of one lane.
#[derive(Debug, Default)]
struct Servers {
    queues: HashMap<String, Queue>,
    turns: VecDeque<String>,
    started: usize,
}

/// All that is due and not started, and how much is started.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lanes: HashMap<Lane, Servers>,
    /// Where each database counts that was started from here.
    started: HashMap<String, (Lane, String)>,
}

impl Waiting {
    /// Takes a database that has become due.
    pub(super) fn push(&mut self, database: String, lane: Lane, server: String) {
        let lane = self.lanes.entry(lane).or_default();
        let queue = lane.queues.entry(server.clone()).or_default();
        queue.waiting.push_back(database);
        if !std::mem::replace(&mut queue.has_turn, true) {
            lane.turns.push_back(server);
        }
    }

    /// Who is started next; `None` where nobody waits, or enough are started.
    pub(super) fn next(&mut self, bounds: Bounds) -> Option<String> {
        for (lane, servers) in &mut self.lanes {
            if let Some((database, server)) = servers.next(bounds) {
                self.started.insert(database.clone(), (*lane, server));
                return Some(database);
            }
        }
        None
    }

    /// Whether the one that [`Self::next`] has just named comes from `lane`.
    pub(super) fn is_started_in(&self, database: &str, lane: Lane) -> bool {
        self.started.get(database).is_some_and(|it| it.0 == lane)
    }

    /// Takes out one that waits, wherever: somebody asks for it. False where it does not wait.
    pub(super) fn take(&mut self, database: &str) -> bool {
        self.lanes.values_mut().flat_map(|it| it.queues.values_mut()).any(|queue| {
            let Some(at) = queue.waiting.iter().position(|it| it == database) else { return false };
            queue.waiting.remove(at).is_some()
        })
    }

    /// One that was started has come back.
    pub(super) fn back(&mut self, database: &str) {
        let Some((lane, server)) = self.started.remove(database) else { return };
        if let Some(it) = self.lanes.get_mut(&lane) {
            it.back(server);
        }
    }

    /// Takes out those that wait and that `keep` does not know, and names them.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) -> Vec<String> {
        let mut gone = Vec::new();
        for queue in self.lanes.values_mut().flat_map(|it| it.queues.values_mut()) {
            queue.waiting.retain(|it| {
                let kept = keep(it);
                if !kept {
                    gone.push(it.clone());
                }
                kept
            });
        }
        gone
    }
}

impl Servers {
    fn next(&mut self, bounds: Bounds) -> Option<(String, String)> {
        while self.started < bounds.fleet {
            let server = self.turns.pop_front()?;
            let Some(queue) = self.queues.get_mut(&server) else { continue };
            queue.has_turn = false;
            if queue.started >= bounds.server {
                // It has a turn again when one of them is back.
                continue;
            }
            let Some(database) = queue.waiting.pop_front() else {
                if queue.started == 0 {
                    self.queues.remove(&server);
                }
                continue;
            };
            queue.started += 1;
            self.started += 1;
            if !queue.waiting.is_empty() {
                queue.has_turn = true;
                self.turns.push_back(server.clone());
            }
            return Some((database, server));
        }
        None
    }

    fn back(&mut self, server: String) {
        self.started = self.started.saturating_sub(1);
        let Some(queue) = self.queues.get_mut(&server) else { return };
        queue.started = queue.started.saturating_sub(1);
        if !queue.waiting.is_empty() {
            if !std::mem::replace(&mut queue.has_turn, true) {
                self.turns.push_back(server);
            }
        } else if queue.started == 0 && !queue.has_turn {
            self.queues.remove(&server);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { server: 2, fleet: 5 };

    fn push(waiting: &mut Waiting, lane: Lane, server: &str, databases: &[&str]) {
        for it in databases {
            waiting.push((*it).to_owned(), lane, server.to_owned());
        }
    }

    fn all(waiting: &mut Waiting, bounds: Bounds) -> Vec<String> {
        std::iter::from_fn(|| waiting.next(bounds)).collect()
    }

    #[test]
    fn servers_take_turns_and_each_has_no_more_than_its_share() {
        let mut waiting = Waiting::default();
        push(&mut waiting, Lane::Plain, "x", &["x1", "x2", "x3", "x4"]);
        push(&mut waiting, Lane::Plain, "y", &["y1"]);
        push(&mut waiting, Lane::Plain, "z", &["z1", "z2", "z3"]);
        assert_eq!(all(&mut waiting, BOUNDS), ["x1", "y1", "z1", "x2", "z2"]);
        // The fleet has no more; then one place is free, and whoever is back makes room on its server alone.
        waiting.back("y1");
        assert_eq!(waiting.next(BOUNDS), None, "x and z have their share");
        waiting.back("x2");
        assert_eq!(all(&mut waiting, BOUNDS), ["x3"]);
        waiting.back("x1");
        waiting.back("x3");
        waiting.back("z1");
        waiting.back("z2");
        assert_eq!(all(&mut waiting, BOUNDS), ["x4", "z3"]);
        waiting.back("x4");
        waiting.back("z3");
        assert_eq!(all(&mut waiting, BOUNDS), [""; 0]);
        assert!(waiting.started.is_empty());
        assert!(waiting.lanes.values().all(|it| it.queues.is_empty() && it.started == 0));
    }

    #[test]
    fn nobody_queues_behind_who_hangs() {
        let mut waiting = Waiting::default();
        push(&mut waiting, Lane::Offender, "x", &["h1", "h2", "h3"]);
        push(&mut waiting, Lane::Golden, "x", &["g1", "g2", "g3"]);
        push(&mut waiting, Lane::Plain, "x", &["p1", "p2", "p3"]);
        let mut started = all(&mut waiting, BOUNDS);
        started.sort_unstable();
        assert_eq!(started, ["g1", "g2", "h1", "h2", "p1", "p2"]);
        waiting.back("p1");
        assert_eq!(all(&mut waiting, BOUNDS), ["p3"]);
    }

    /// What is found out while it waits: the caller puts it where it belongs.
    #[test]
    fn who_turns_out_to_hang_changes_its_lane_and_its_turn_goes_to_the_next() {
        let mut waiting = Waiting::default();
        push(&mut waiting, Lane::Plain, "x", &["h", "a", "b"]);
        assert_eq!(waiting.next(BOUNDS).as_deref(), Some("h"));
        assert!(waiting.is_started_in("h", Lane::Plain));
        assert!(!waiting.is_started_in("h", Lane::Offender));
        waiting.back("h");
        waiting.push("h".to_owned(), Lane::Offender, "x".to_owned());
        let mut started = all(&mut waiting, BOUNDS);
        started.sort_unstable();
        assert_eq!(started, ["a", "b", "h"]);
        assert!(waiting.is_started_in("h", Lane::Offender));
    }

    #[test]
    fn what_is_asked_for_or_gone_does_not_wait_any_more() {
        let mut waiting = Waiting::default();
        push(&mut waiting, Lane::Plain, "x", &["a", "b", "c", "d"]);
        push(&mut waiting, Lane::Offender, "x", &["h"]);
        assert!(waiting.take("b"));
        assert!(!waiting.take("b"));
        assert!(!waiting.take("stranger"));
        assert!(waiting.take("h"));
        assert_eq!(waiting.retain(|it| it != "c"), ["c"]);
        assert_eq!(all(&mut waiting, BOUNDS), ["a", "d"]);
        // What was never started from here counts nowhere.
        waiting.back("b");
        waiting.back("a");
        push(&mut waiting, Lane::Plain, "x", &["e", "f"]);
        assert_eq!(all(&mut waiting, BOUNDS), ["e"]);
    }

    #[test]
    fn other_limits_hold_from_the_next_one_on() {
        let mut waiting = Waiting::default();
        push(&mut waiting, Lane::Plain, "x", &["a", "b", "c", "d"]);
        assert_eq!(all(&mut waiting, BOUNDS), ["a", "b"]);
        let less = Bounds { server: 1, ..BOUNDS };
        waiting.back("a");
        assert_eq!(all(&mut waiting, less), [""; 0]);
        waiting.back("b");
        assert_eq!(all(&mut waiting, less), ["c"]);
        waiting.back("c");
        assert_eq!(all(&mut waiting, BOUNDS), ["d"]);
    }
}
