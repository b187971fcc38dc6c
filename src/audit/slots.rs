//! How many audits may run at once: over the whole fleet, and on one server.
//!
//! A slot of the server is taken before a slot of the fleet, so that a slow server with many
//! databases queues behind itself and leaves the fleet's slots to the others.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::config::Database;
use crate::config::Limits;

/// The slots of one process.
#[derive(Debug)]
pub struct Slots {
    fleet: Arc<Semaphore>,
    /// Semaphores by server. A `Mutex` and not a channel: it is held for one map lookup and never
    /// across an await.
    servers: Mutex<HashMap<String, Arc<Semaphore>>>,
    per_server: usize,
}

/// A place to run one audit. Dropping it frees the place.
#[derive(Debug)]
pub struct Slot {
    _server: Option<OwnedSemaphorePermit>,
    _fleet: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// Slots as `limits` says; both numbers are at least one.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            fleet: Arc::new(Semaphore::new(limits.concurrency.max(1))),
            servers: Mutex::new(HashMap::new()),
            per_server: limits.per_server.max(1),
        }
    }

    /// Waits for a slot on the database's server, then for one of the fleet's.
    pub async fn acquire(&self, database: &Database) -> Slot {
        let server = {
            let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            let slots = servers
                .entry(database.server())
                .or_insert_with(|| Arc::new(Semaphore::new(self.per_server)));
            Arc::clone(slots)
        };
        // Neither semaphore is ever closed, so both permits are always there in the end.
        let server = server.acquire_owned().await.ok();
        let fleet = Arc::clone(&self.fleet).acquire_owned().await.ok();
        Slot { _server: server, _fleet: fleet }
    }
}
