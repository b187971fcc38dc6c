//! What happens at the simulated servers: how many are connected where, and when each session began.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

/// One session that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    /// The number of the database.
    pub(crate) database: u32,
    /// When it was accepted.
    pub(crate) began: Timestamp,
    /// Whether everything that it asked was answered, and it said goodbye.
    pub(crate) whole: bool,
}

/// Of all servers.
#[derive(Debug)]
pub(crate) struct Counts {
    servers: Vec<Connected>,
    /// A `Mutex`: many tasks note, one takes.
    sessions: Mutex<Vec<Session>>,
}

#[derive(Debug, Default)]
struct Connected {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Counts {
    pub(super) fn new(servers: usize) -> Self {
        let servers = std::iter::repeat_with(Connected::default).take(servers).collect();
        Self { servers, sessions: Mutex::default() }
    }

    /// The most that ever were connected to one server at one time.
    pub(crate) fn peak(&self) -> usize {
        self.servers.iter().map(|it| it.peak.load(Ordering::Relaxed)).max().unwrap_or_default()
    }

    /// How many are connected now, to all servers.
    pub(crate) fn connected(&self) -> usize {
        self.servers.iter().map(|it| it.now.load(Ordering::Relaxed)).sum()
    }

    /// The sessions that ended since this was last asked.
    pub(crate) fn take_sessions(&self) -> Vec<Session> {
        std::mem::take(&mut *self.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note(&self, it: Session) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(it);
    }

    /// Somebody is connected, as long as what this returns is held.
    pub(super) fn connect(&self, server: usize) -> impl Drop + '_ {
        let it = &self.servers[server];
        let now = it.now.fetch_add(1, Ordering::Relaxed) + 1;
        it.peak.fetch_max(now, Ordering::Relaxed);
        Open(&it.now)
    }
}

struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
