//! The one door to the audited servers: who connects to one, and when.
//!
//! Whoever wants to connect takes a [`Slot`]: an audit, the read of a golden database or of a registry, a connection
//! that listens. It waits there, first come, first served, for
//!
//! 1. a place of offenders on the server and in the fleet, if it is one ([`super::offenders`]);
//! 2. a place on its server: a server with many databases queues behind itself;
//! 3. the pace of its server, so that connections are not made in bursts;
//! 4. a place in the fleet. One of each server waits for that, so the servers take turns.
//!
//! Places are always taken in this order, so nobody waits for somebody who waits for him; and no place of the fleet is
//! held while something else is waited for. Last of all, the circuit of the server says whether it is connected to at
//! all ([`crate::circuit`]).

mod pace;
mod pool;

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use self::pace::Pace;
use self::pool::Place;
use self::pool::Pool;
use super::circuits::Admitted;
use super::circuits::Circuits;
use super::offenders;
use super::offenders::Offenders;
use super::offenders::SLOW_AFTER;
use crate::circuit::Effect;
use crate::circuit::Open;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::config::Database;
use crate::config::Limits;
use crate::health::Health;

/// The slots of one process.
#[derive(Debug)]
pub struct Slots {
    limits: Limits,
    fleet: Arc<Places>,
    /// By server. A `Mutex` and not a channel: it is held for one look-up and never across an await.
    servers: Mutex<HashMap<String, Arc<Server>>>,
    memory: Arc<Memory>,
}

/// What outlives a change of the limits.
#[derive(Debug)]
struct Memory {
    offenders: Mutex<Offenders>,
    /// `None` for commands that run once: a person waits for each of their answers.
    circuits: Option<Arc<Circuits>>,
}

/// Places for everybody, and how many of them offenders may have.
#[derive(Debug)]
struct Places {
    all: Pool,
    penalty: Pool,
}

#[derive(Debug)]
struct Server {
    places: Places,
    /// Held by who connects next: he waits for the pace, and then for the fleet.
    pace: tokio::sync::Mutex<Pace>,
}

/// A place to read one database in. Dropping it frees the place.
#[derive(Debug)]
pub struct Slot {
    _places: [Option<Place>; 4],
    memory: Arc<Memory>,
    fleet: Arc<Places>,
    server: Arc<Server>,
    limits: Limits,
    database: String,
    server_name: String,
    admitted: Option<Admitted>,
}

/// Why there is no slot: the circuit of the server is open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", open.reason(server))]
pub struct Shut {
    pub server: String,
    pub open: Open,
}

/// How an audit went, as far as its server is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub began: Timestamp,
    pub took: Duration,
    pub reach: Reach,
    /// It ended because time was up.
    pub timed_out: bool,
}

/// Whether an audit reached its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Reached,
    Unreachable,
    /// It was not tried: there were no credentials, or nothing to connect to.
    NotTried,
}

impl Slots {
    /// Slots as `limits` say, for a command that runs once.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self::with(limits, Arc::new(Memory { offenders: Mutex::default(), circuits: None }))
    }

    /// Slots as `limits` say, with circuits, which are told to `health`.
    #[must_use]
    pub fn of_daemon(limits: &Limits, health: &Health) -> Self {
        let circuits = Some(Arc::new(Circuits::new(health.clone())));
        Self::with(limits, Arc::new(Memory { offenders: Mutex::default(), circuits }))
    }

    /// Slots of other limits, which know of the servers what these do.
    #[must_use]
    pub fn renewed(&self, limits: &Limits) -> Self {
        Self::with(limits, Arc::clone(&self.memory))
    }

    fn with(limits: &Limits, memory: Arc<Memory>) -> Self {
        let fleet = Arc::new(Places::of(limits.concurrency));
        Self { limits: *limits, fleet, servers: Mutex::default(), memory }
    }

    /// Takes the registered databases: what is known of others is forgotten.
    pub fn register(&self, databases: &[Arc<Database>]) {
        let servers: HashMap<&str, String> =
            databases.iter().map(|it| (it.name.as_str(), it.server())).collect();
        if let Some(circuits) = &self.memory.circuits {
            circuits.retain(&servers);
        }
        let live: HashSet<&str> = servers.values().map(String::as_str).collect();
        let mut known = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, it| live.contains(name.as_str()) || Arc::strong_count(it) > 1);
        drop(known);
        let mut offenders = self.memory.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        offenders.register(servers.into_iter());
    }

    /// Whether the circuit of its server keeps `database` from being connected to now.
    ///
    /// # Errors
    ///
    /// Where it does.
    pub fn look(&self, database: &Database, purpose: Purpose, clock: &Clock) -> Result<(), Shut> {
        let Some(circuits) = &self.memory.circuits else { return Ok(()) };
        let server = database.server();
        circuits.look(&server, purpose, clock.now()).map_err(|open| Shut { server, open })
    }

    /// Whether the last audits of `database` were slow, so that only some of the places are for it.
    #[must_use]
    pub fn is_slow(&self, database: &Database, now: Timestamp) -> bool {
        self.is_offender(&database.name, &database.server(), now)
    }

    /// Waits for a slot. Whoever connects again takes another.
    ///
    /// # Errors
    ///
    /// Where the circuit of the server is open, when all that had to be waited for is there.
    pub async fn enter(
        &self,
        database: &Database,
        purpose: Purpose,
        clock: &Clock,
    ) -> Result<Slot, Shut> {
        let name = database.server();
        let server = self.server(&name);
        let (mut of_server, mut of_fleet) = (None, None);
        // A person who asks is not made to wait.
        let may_wait = purpose != Purpose::Asked;
        if may_wait && self.is_offender(&database.name, &name, clock.now()) {
            of_server = Some(server.places.penalty.take().await);
            of_fleet = Some(self.fleet.penalty.take().await);
        }
        let place = server.places.all.take().await;
        // It may have opened while we waited: then nobody need wait for the pace.
        self.look(database, purpose, clock)?;
        let mut turn = server.pace.lock().await;
        let wait = turn.wait(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let fleet = self.fleet.all.take().await;
        let admitted = match &self.memory.circuits {
            None => None,
            Some(it) => match it.admit(&name, &database.name, purpose, clock.now()) {
                Ok(admitted) => Some(admitted),
                Err(open) => return Err(Shut { server: name, open }),
            },
        };
        turn.take(Instant::now());
        drop(turn);
        Ok(Slot {
            _places: [of_server, of_fleet, Some(place), Some(fleet)],
            memory: Arc::clone(&self.memory),
            fleet: Arc::clone(&self.fleet),
            server,
            limits: self.limits,
            database: database.name.clone(),
            server_name: name,
            admitted,
        })
    }

    fn server(&self, name: &str) -> Arc<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(it) = servers.get(name) {
            return Arc::clone(it);
        }
        let pace = tokio::sync::Mutex::new(Pace::per_second(self.limits.per_server_rate));
        let server = Arc::new(Server { places: Places::of(self.limits.per_server), pace });
        servers.insert(name.to_owned(), Arc::clone(&server));
        server
    }

    fn is_offender(&self, database: &str, server: &str, now: Timestamp) -> bool {
        let offenders = self.memory.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        offenders.is_offender(database, server, now)
    }
}

impl Places {
    fn of(places: usize) -> Self {
        Self { all: Pool::of(places), penalty: Pool::of(offenders::at_least(places)) }
    }
}

impl Slot {
    /// Says how the audit went that this slot was for: what it does to the circuit of the server. Who is no audit
    /// says nothing.
    pub fn ended(&mut self, outcome: &Outcome, now: Timestamp) -> Option<Effect> {
        if outcome.reach == Reach::NotTried {
            return None;
        }
        let slow = outcome.timed_out || outcome.took >= SLOW_AFTER;
        {
            let mut offenders =
                self.memory.offenders.lock().unwrap_or_else(PoisonError::into_inner);
            offenders.note(&self.database, &self.server_name, slow, now);
            let Limits { concurrency, per_server, .. } = self.limits;
            let penalty = offenders.penalty(concurrency, &self.server_name, per_server);
            self.fleet.penalty.resize(penalty.fleet);
            self.server.places.penalty.resize(penalty.server);
        }
        let admitted = self.admitted.as_mut()?;
        match outcome.reach {
            Reach::Unreachable => admitted.failed(outcome.began, now),
            Reach::Reached => admitted.reached(now),
            Reach::NotTried => None,
        }
    }
}

#[cfg(test)]
mod tests;
