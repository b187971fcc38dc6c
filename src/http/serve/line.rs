//! One connection: what it is at, and since when.
//!
//! It waits (for a handshake, for the head of a request), is served (until the last byte of the answer has
//! left), or streams. The socket tells when bytes leave ([`super::socket`]), the service when an answer ends;
//! from both follows when it waits again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hall::Hall;

/// How long one request may take, reading its answer included.
pub(in crate::http) const SERVED_FOR_MAX: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what is there for it.
pub(in crate::http) const STALLED_MAX: Duration = Duration::from_secs(20);

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) peer: SocketAddr,
    pub(super) encrypted: bool,
    pub(super) hall: Arc<Hall>,
    /// Told when it has to make room for another.
    pub(super) crowded_out: CancellationToken,
    /// Held for one look or one change.
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    at: At,
    /// Since when it takes nothing.
    stalled: Option<Instant>,
}

#[derive(Debug)]
enum At {
    /// Its number among those that wait.
    Waiting(u64),
    Served {
        since: Instant,
        /// The answer is complete, though not all of it may have left.
        over: bool,
    },
    Streaming,
}

impl Line {
    /// One that has just come, and waits.
    pub(super) fn new(peer: SocketAddr, encrypted: bool, hall: Arc<Hall>) -> Self {
        let crowded_out = CancellationToken::new();
        let at = At::Waiting(hall.enter(&crowded_out));
        let now = Mutex::new(Now { at, stalled: None });
        Self { peer, encrypted, hall, crowded_out, now }
    }

    /// It has asked something: it is no longer among those that wait.
    pub(super) fn asks(&self) {
        let mut now = self.now();
        if let At::Waiting(number) = now.at {
            self.hall.leave(number);
        }
        now.at = At::Served { since: Instant::now(), over: false };
    }

    /// Its answer lasts as long as somebody looks.
    pub(super) fn streams(&self) {
        self.now().at = At::Streaming;
    }

    /// Nothing more is added to its answer.
    pub(super) fn answered(&self) {
        let mut now = self.now();
        match &mut now.at {
            At::Waiting(_) => {}
            At::Served { over, .. } => *over = true,
            at @ At::Streaming => *at = At::Served { since: Instant::now(), over: true },
        }
    }

    /// Bytes could not be handed on.
    pub(super) fn stalls(&self) {
        self.now().stalled.get_or_insert_with(Instant::now);
    }

    /// Bytes were handed on.
    pub(super) fn moves(&self) {
        self.now().stalled = None;
    }

    /// Everything that there was has left.
    pub(super) fn flushed(&self) {
        let mut now = self.now();
        now.stalled = None;
        if matches!(now.at, At::Served { over: true, .. }) {
            now.at = At::Waiting(self.hall.enter(&self.crowded_out));
        }
    }

    /// Whether it takes longer than any client needs. One that waits has limits of its own.
    pub(super) fn is_overdue(&self, instant: Instant) -> bool {
        let now = self.now();
        let long_ago = |since: Instant, most| instant.duration_since(since) > most;
        now.stalled.is_some_and(|it| long_ago(it, STALLED_MAX))
            || matches!(now.at, At::Served { since, .. } if long_ago(since, SERVED_FOR_MAX))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let At::Waiting(number) = self.now().at {
            self.hall.leave(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hall::WAITING_MAX;
    use super::*;

    fn line(hall: &Arc<Hall>) -> Line {
        Line::new("127.0.0.1:1".parse().unwrap(), false, Arc::clone(hall))
    }

    /// Fills the hall with others.
    fn crowd(hall: &Arc<Hall>) -> Vec<Line> {
        (0..WAITING_MAX).map(|_| line(hall)).collect()
    }

    #[test]
    fn only_one_that_waits_is_crowded_out() {
        let hall = Arc::new(Hall::new());
        let (silent, served, sending, done) = (line(&hall), line(&hall), line(&hall), line(&hall));
        served.asks();
        sending.asks();
        sending.answered();
        done.asks();
        done.answered();
        done.flushed();
        let _crowd = crowd(&hall);
        let out = |it: &Line| it.crowded_out.is_cancelled();
        assert!(out(&silent) && !out(&served) && !out(&sending) && out(&done));
    }

    #[test]
    fn one_that_is_gone_makes_room() {
        let hall = Arc::new(Hall::new());
        let first = line(&hall);
        drop(crowd(&hall));
        let second = line(&hall);
        assert!(first.crowded_out.is_cancelled() && !second.crowded_out.is_cancelled());
    }

    #[test]
    fn a_stream_lasts_as_long_as_somebody_takes_it() {
        let hall = Arc::new(Hall::new());
        let (served, stream) = (line(&hall), line(&hall));
        served.asks();
        stream.asks();
        stream.streams();
        let later = |time: Duration| Instant::now() + time + Duration::from_secs(1);
        assert!(served.is_overdue(later(SERVED_FOR_MAX)));
        assert!(!served.is_overdue(later(SERVED_FOR_MAX / 2)));
        assert!(!stream.is_overdue(later(SERVED_FOR_MAX * 100)));
        stream.stalls();
        assert!(!stream.is_overdue(later(STALLED_MAX / 2)));
        assert!(stream.is_overdue(later(STALLED_MAX)));
        stream.moves();
        assert!(!stream.is_overdue(later(STALLED_MAX)));
    }
}
