//! The circuits of all servers of one process: who may connect, and what the ends of audits do to them.
//!
//! The rule is [`crate::circuit`]. Here is what it needs to be shared: a lock, the log, and a place where the pages
//! and the metrics find what is open.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::Timestamp;
use tracing::debug;
use tracing::info;
use tracing::warn;

use crate::circuit::Admission;
use crate::circuit::Circuit;
use crate::circuit::Effect;
use crate::circuit::Failed;
use crate::circuit::Open;
use crate::circuit::Purpose;
use crate::health::Health;

/// The circuits by server.
#[derive(Debug)]
pub(super) struct Circuits {
    /// A `Mutex` and not a channel: it is held for one look-up and never across an await.
    all: Mutex<HashMap<String, Circuit>>,
    health: Health,
}

/// One who was let in. Dropped without a word, it frees the place of the probe.
#[derive(Debug)]
pub(super) struct Admitted {
    circuits: Arc<Circuits>,
    server: String,
    database: String,
    probe: bool,
    /// How it ended was said.
    told: bool,
}

impl Circuits {
    /// None is known yet. What opens is told to `health`.
    pub(super) fn new(health: Health) -> Self {
        Self { all: Mutex::default(), health }
    }

    /// Whether it is worth while to wait for a place.
    pub(super) fn look(&self, server: &str, purpose: Purpose, now: Timestamp) -> Result<(), Open> {
        match self.lock().get(server).map(|it| it.would_admit(purpose, now)) {
            Some(Admission::Shut(open)) => Err(open),
            _ => Ok(()),
        }
    }

    /// Lets one in, or not.
    pub(super) fn admit(
        self: &Arc<Self>,
        server: &str,
        database: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Admitted, Open> {
        let admission = match self.lock().get_mut(server) {
            Some(it) => it.admit(database, purpose, now),
            None => Admission::Go,
        };
        let probe = match admission {
            Admission::Go => false,
            Admission::Probe => true,
            Admission::Shut(open) => return Err(open),
        };
        let (server, database) = (server.to_owned(), database.to_owned());
        Ok(Admitted { circuits: Arc::clone(self), server, database, probe, told: false })
    }

    /// Forgets what no registered database lives on. `servers` by the name of their database.
    pub(super) fn retain(&self, servers: &HashMap<&str, String>) {
        let live: HashSet<&str> = servers.values().map(String::as_str).collect();
        self.lock().retain(|server, it| {
            it.retain(|name| servers.get(name).is_some_and(|on| on == server));
            let stays = live.contains(server.as_str());
            if !stays {
                self.health.set_circuit(server, None);
            }
            stays
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted {
    /// The server was reached.
    pub(super) fn reached(&mut self, now: Timestamp) -> Option<Effect> {
        self.told = true;
        let mut all = self.circuits.lock();
        // Noted of every server: it says which failures are a database's own.
        let circuit = all.entry(self.server.clone()).or_default();
        let effect = circuit.reached(&self.database, now);
        self.tell(effect.as_ref(), circuit);
        effect
    }

    /// The server could not be reached by an audit that began then.
    pub(super) fn failed(&mut self, began: Timestamp, now: Timestamp) -> Option<Effect> {
        self.told = true;
        let mut all = self.circuits.lock();
        let circuit = all.entry(self.server.clone()).or_default();
        let failed = Failed { database: &self.database, began, probe: self.probe };
        let effect = circuit.failed(&failed, now, fastrand::f64());
        self.tell(effect.as_ref(), circuit);
        effect
    }

    /// Under the lock, so that what the pages see is what happened last.
    fn tell(&self, effect: Option<&Effect>, circuit: &Circuit) {
        let server = self.server.as_str();
        let Some(effect) = effect else {
            if let Some(open) = circuit.open() {
                self.circuits.health.set_circuit(server, Some(open));
            }
            return;
        };
        self.circuits.health.set_circuit(server, circuit.open());
        match effect {
            Effect::Opened { open, .. } => warn!(
                server.name = server,
                failures = open.failures,
                probe_at = %open.probe_at,
                "circuit of server {server} is open: it did not answer {} times in a row, and is left alone but for \
                 one probe at a time",
                open.failures
            ),
            Effect::Probed { open, probe } => debug!(
                server.name = server,
                failures = open.failures,
                probe_at = %open.probe_at,
                database.name = probe,
                "server {server} does not answer a probe; `{probe}` makes the next"
            ),
            Effect::Closed { opened_at } => info!(
                server.name = server,
                opened_at = %opened_at,
                "circuit of server {server} is closed: it answers again, and its databases are audited"
            ),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.probe
            && !self.told
            && let Some(circuit) = self.circuits.lock().get_mut(&self.server)
        {
            circuit.gave_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_told_until_it_closes() {
        let health = Health::new();
        let circuits = Arc::new(Circuits::new(health.clone()));
        let now = Timestamp::UNIX_EPOCH;
        let admit = |name: &str, purpose| circuits.admit("x", name, purpose, now);
        for n in 0..crate::circuit::OPENS_AFTER {
            let mut it = admit("a", Purpose::Audit).unwrap();
            assert!(health.circuit("x").is_none(), "{n}");
            let _ = it.failed(now, now);
        }
        assert!(health.circuit("x").is_some());
        assert!(admit("b", Purpose::Audit).is_err());
        assert!(circuits.look("x", Purpose::Aside, now).is_err());
        assert!(circuits.look("y", Purpose::Aside, now).is_ok());
        // A probe that is given up leaves its place to another.
        let first = admit("a", Purpose::Asked).unwrap();
        assert!(first.probe);
        drop(first);
        let mut second = admit("a", Purpose::Asked).unwrap();
        assert!(second.probe);
        assert!(matches!(second.reached(now), Some(Effect::Closed { .. })));
        assert!(health.circuit("x").is_none() && admit("b", Purpose::Audit).is_ok());
    }

    #[test]
    fn a_server_that_left_is_forgotten() {
        let health = Health::new();
        let circuits = Arc::new(Circuits::new(health.clone()));
        let now = Timestamp::UNIX_EPOCH;
        for server in ["x", "y"] {
            for _ in 0..crate::circuit::OPENS_AFTER {
                let _ = circuits.admit(server, "a", Purpose::Audit, now).unwrap().failed(now, now);
            }
        }
        circuits.retain(&[("a", "y".to_owned())].into());
        assert!(health.circuit("x").is_none() && health.circuit("y").is_some());
    }
}
