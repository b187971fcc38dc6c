//! What this process knows of its own health: facts that loops write and the HTTP endpoint reads.
//!
//! Liveness is *progress*: each loop reports that it came round, and `/livez` asks how long ago that
//! was. It never depends on an audited database or on a receiver, so an outage elsewhere cannot make
//! an orchestrator restart the one process that would tell about it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::circuit;
use crate::progress::Progress;

/// A loop that has not come round for this long is stuck. Every loop comes round each second.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);
/// An audit that is this late is overdue. Waiting for a slot is normal; waiting for minutes is not.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// When a database is due, and whether it is being audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The next due time; in the past while the audit waits for a slot.
    pub next_due: Timestamp,
    /// Since when an audit of it waits or runs.
    pub running_since: Option<Timestamp>,
}

impl Timing {
    /// Whether the audit is later than waiting for a slot explains.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        is_overdue(self.next_due, now)
    }
}

/// Whether an audit that was `due` then is overdue.
#[must_use]
pub fn is_overdue(due: Timestamp, now: Timestamp) -> bool {
    now.duration_since(due) > OVERDUE_AFTER
}

/// Shared by all loops; clones are the same facts.
#[derive(Clone, Debug)]
pub struct Health {
    facts: Arc<Facts>,
}

#[derive(Debug)]
struct Facts {
    scheduler: Progress,
    delivery: Progress,
    timekeeper: Progress,
    draining: AtomicBool,
    /// Why the last reload was refused; none when it was taken. Guarded because it is a text; held
    /// for a copy only.
    reload: Mutex<Option<String>>,
    /// When the configuration in force was read. Held for a copy only.
    config_read_at: Mutex<Option<Timestamp>>,
    /// When the monitor elsewhere last took a sign that all is well. Held for a copy only.
    heartbeat_taken_at: Mutex<Option<Timestamp>>,
    /// Timing of each registered database. Written by the scheduler, read by HTTP; held for one
    /// lookup or one copy.
    timings: Mutex<HashMap<String, Timing>>,
    /// Open circuits by server. Written by audits, read by HTTP; held for one lookup or one copy.
    circuits: Mutex<BTreeMap<String, circuit::Open>>,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// A process that has just started.
    #[must_use]
    pub fn new() -> Self {
        let facts = Facts {
            scheduler: Progress::new(),
            delivery: Progress::new(),
            timekeeper: Progress::new(),
            draining: AtomicBool::new(false),
            reload: Mutex::new(None),
            config_read_at: Mutex::new(None),
            heartbeat_taken_at: Mutex::new(None),
            timings: Mutex::new(HashMap::new()),
            circuits: Mutex::new(BTreeMap::new()),
        };
        Self { facts: Arc::new(facts) }
    }

    /// The scheduler came round.
    pub fn scheduler_progressed(&self) {
        self.facts.scheduler.note();
    }

    /// How long ago the scheduler came round.
    #[must_use]
    pub fn scheduler_idle(&self) -> Duration {
        self.facts.scheduler.idle()
    }

    /// The delivery loop came round.
    pub fn delivery_progressed(&self) {
        self.facts.delivery.note();
    }

    /// How long ago the delivery loop came round.
    #[must_use]
    pub fn delivery_idle(&self) -> Duration {
        self.facts.delivery.idle()
    }

    /// The timekeeper came round.
    pub fn timekeeper_progressed(&self) {
        self.facts.timekeeper.note();
    }

    /// How long ago the timekeeper came round.
    #[must_use]
    pub fn timekeeper_idle(&self) -> Duration {
        self.facts.timekeeper.idle()
    }

    /// Which loop is stuck, in words; `None` while each of them comes round.
    #[must_use]
    pub fn stuck(&self) -> Option<String> {
        let loops = [
            ("scheduler", self.scheduler_idle()),
            ("delivery", self.delivery_idle()),
            ("timekeeper", self.timekeeper_idle()),
        ];
        loops.into_iter().find_map(|(name, idle)| not_come_round(name, idle))
    }

    /// The process is stopping: it takes no new work.
    pub fn start_draining(&self) {
        self.facts.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the process is stopping.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.facts.draining.load(Ordering::Relaxed)
    }

    /// How the last reload ended: `None` when it was taken, or why it was refused.
    pub fn set_reload(&self, refused: Option<String>) {
        *self.facts.reload.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// Why the last reload was refused, if it was.
    #[must_use]
    pub fn reload_refused(&self) -> Option<String> {
        self.facts.reload.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A configuration was read, and is in force.
    pub fn config_read(&self, at: Timestamp) {
        *self.facts.config_read_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When the configuration in force was read: at the start, or at the last reload that was taken.
    #[must_use]
    pub fn config_read_at(&self) -> Option<Timestamp> {
        *self.facts.config_read_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The monitor elsewhere took a sign that all is well.
    pub fn heartbeat_taken(&self, at: Timestamp) {
        let taken_at = &self.facts.heartbeat_taken_at;
        *taken_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When the monitor elsewhere last took a sign that all is well; `None` before the first one.
    #[must_use]
    pub fn heartbeat_taken_at(&self) -> Option<Timestamp> {
        *self.facts.heartbeat_taken_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes when a database is due.
    pub fn set_timing(&self, database: &str, timing: Timing) {
        let mut timings = self.facts.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.insert(database.to_owned(), timing);
    }

    /// Notes that no audit of a database runs, and leaves its due time: nothing was recorded.
    pub fn set_idle(&self, database: &str) {
        let mut timings = self.facts.timings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(timing) = timings.get_mut(database) {
            timing.running_since = None;
        }
    }

    /// Forgets the databases that `keep` does not know.
    pub fn retain_timings(&self, keep: impl Fn(&str) -> bool) {
        let mut timings = self.facts.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.retain(|name, _| keep(name));
    }

    /// When one database is due; `None` where it is not registered, or not planned yet.
    #[must_use]
    pub fn timing(&self, database: &str) -> Option<Timing> {
        let timings = self.facts.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.get(database).copied()
    }

    /// How many audits wait for a place or run.
    #[must_use]
    pub fn running(&self) -> usize {
        let timings = self.facts.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.values().filter(|it| it.running_since.is_some()).count()
    }

    /// When each registered database is due.
    #[must_use]
    pub fn timings(&self) -> HashMap<String, Timing> {
        self.facts.timings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how the circuit of a server stands: `None` where it is closed.
    pub fn set_circuit(&self, server: &str, open: Option<circuit::Open>) {
        let mut circuits = self.facts.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        match open {
            Some(open) => drop(circuits.insert(server.to_owned(), open)),
            None => drop(circuits.remove(server)),
        }
    }

    /// How the open circuit of a server stands; `None` where it is closed.
    #[must_use]
    pub fn circuit(&self, server: &str) -> Option<circuit::Open> {
        let circuits = self.facts.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        circuits.get(server).copied()
    }

    /// Every open circuit, by server.
    #[must_use]
    pub fn circuits(&self) -> BTreeMap<String, circuit::Open> {
        self.facts.circuits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Says that a loop is stuck which came round so long ago, if that is too long.
#[must_use]
pub fn not_come_round(name: &str, idle: Duration) -> Option<String> {
    let is_stuck = idle >= STUCK_AFTER;
    is_stuck.then(|| format!("the {name} has not come round for {} s", idle.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_stuck_when_it_has_not_come_round_for_long() {
        for (idle, said) in [
            (Duration::ZERO, None),
            (STUCK_AFTER.saturating_sub(Duration::from_millis(1)), None),
            (STUCK_AFTER, Some("the scheduler has not come round for 30 s")),
            (Duration::from_mins(2), Some("the scheduler has not come round for 120 s")),
        ] {
            assert_eq!(not_come_round("scheduler", idle).as_deref(), said, "{idle:?}");
        }
        assert_eq!(Health::new().stuck(), None, "it has just started");
    }

    #[test]
    fn an_audit_is_overdue_when_it_is_more_than_a_minute_late() {
        let due = Timestamp::from_second(1_800_000_000).unwrap();
        let timing = Timing { next_due: due, running_since: None };
        for (seconds, overdue) in [(-300, false), (0, false), (60, false), (61, true)] {
            let now = due + SignedDuration::from_secs(seconds);
            assert_eq!(timing.is_overdue(now), overdue, "{seconds}");
        }
        let health = Health::new();
        health.set_timing("central", timing);
        assert_eq!((health.timing("central"), health.timing("sco")), (Some(timing), None));
    }
}
