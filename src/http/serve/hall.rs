//! How many of what at one time: connections that only wait, requests that are served, streams that stay.
//!
//! A connection that says nothing costs a descriptor and no more, and there are always some: browsers open
//! them ahead, balancers probe with them, and whoever means harm opens thousands. So they are counted apart
//! from those that have asked something, and when there are too many, the one that has waited longest goes:
//! a client that means to ask has done so by then. Nobody who asks can be kept out by those who do not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use axum::http::Method;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections that have not said yet what they want.
pub(in crate::http) const WAITING_MAX: usize = 256;
/// Requests that are being served at one time, reading the answer included.
pub(in crate::http) const SERVED_MAX: usize = 64;
/// Probes among those have places of their own: a fleet of slow readers makes nobody restart us.
pub(in crate::http) const PROBES_MAX: usize = 32;
/// Requests that wait for a place.
pub(in crate::http) const QUEUED_MAX: usize = 64;
/// And how long.
pub(in crate::http) const QUEUED_FOR_MAX: Duration = Duration::from_secs(5);
/// Streams of events, by either route; they last as long as somebody looks.
pub(in crate::http) const STREAMS_MAX: usize = 100;

/// What everybody who comes in shares.
#[derive(Debug)]
pub(super) struct Hall {
    /// Guards a map of at most [`WAITING_MAX`] entries; held for one change.
    waiting: Mutex<Waiting>,
    served: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    queue: Semaphore,
    streams: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By the order in which they came.
    lines: BTreeMap<u64, CancellationToken>,
    last: u64,
}

/// Where a request is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Probe,
    /// Whoever signs in has proven nothing yet: it stays among those that wait, body and pause included.
    Door,
    Any,
}

impl Counter {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        match path {
            "/livez" | "/-/healthy" | "/readyz" | "/-/ready" | "/healthz" | "/metrics" => {
                Self::Probe
            }
            "/login" if method == Method::POST => Self::Door,
            _ => Self::Any,
        }
    }
}

/// The place of one request. It can be left before the answer is there, by whoever only waits.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Place(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Place {
    fn of(permit: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Mutex::new(Some(permit))))
    }

    /// Gives it to somebody else.
    pub(in crate::http) fn leave(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Hall {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            served: Arc::new(Semaphore::new(SERVED_MAX)),
            probes: Arc::new(Semaphore::new(PROBES_MAX)),
            queue: Semaphore::new(QUEUED_MAX),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// One more that waits, by its number. Where there are too many, the first of them is told to go.
    pub(super) fn enter(&self, told: &CancellationToken) -> u64 {
        let mut waiting = self.waiting();
        while waiting.lines.len() >= WAITING_MAX
            && let Some((_, first)) = waiting.lines.pop_first()
        {
            first.cancel();
        }
        waiting.last += 1;
        let number = waiting.last;
        waiting.lines.insert(number, told.clone());
        number
    }

    /// It has asked something, or is gone.
    pub(super) fn leave(&self, number: u64) {
        self.waiting().lines.remove(&number);
    }

    /// A place for a request; `None` where too many wait for one, or for too long.
    pub(super) async fn place(&self, counter: Counter) -> Option<Place> {
        let places = match counter {
            Counter::Door => return Some(Place::default()),
            Counter::Probe => &self.probes,
            Counter::Any => &self.served,
        };
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Some(Place::of(permit));
        }
        let _in_the_queue = self.queue.try_acquire().ok()?;
        let permit = timeout(QUEUED_FOR_MAX, Arc::clone(places).acquire_owned()).await;
        permit.ok()?.ok().map(Place::of)
    }

    /// A place for a stream; `None` where there are too many.
    pub(super) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_first_of_too_many_that_wait_is_told_to_go() {
        let hall = Hall::new();
        let tokens: Vec<_> = (0..=WAITING_MAX).map(|_| CancellationToken::new()).collect();
        let numbers: Vec<_> = tokens.iter().map(|it| hall.enter(it)).collect();
        assert!(tokens[0].is_cancelled());
        assert!(tokens[1..].iter().all(|it| !it.is_cancelled()));
        // One that has asked makes room, and is safe.
        hall.leave(numbers[1]);
        hall.enter(&CancellationToken::new());
        assert!(tokens[1..].iter().all(|it| !it.is_cancelled()));
        hall.enter(&CancellationToken::new());
        assert!(!tokens[1].is_cancelled() && tokens[2].is_cancelled());
    }

    #[tokio::test]
    async fn a_request_waits_for_a_place_and_few_do() {
        let hall = Hall::new();
        let mut places = Vec::new();
        for _ in 0..SERVED_MAX {
            places.push(hall.place(Counter::Any).await.unwrap());
        }
        let mut queue: Vec<_> =
            (0..QUEUED_MAX).map(|_| Box::pin(hall.place(Counter::Any))).collect();
        for it in &mut queue {
            assert!(it.now_or_never().is_none(), "it waits");
        }
        let one_more = hall.place(Counter::Any).now_or_never().expect("at once");
        assert!(one_more.is_none());
        // Probes and those at the door need none of these.
        assert!(hall.place(Counter::Probe).await.is_some());
        assert!(hall.place(Counter::Door).await.is_some());
        // A place that is left early is free, though its owner is still there.
        places[0].leave();
        assert!(queue.remove(0).await.is_some());
    }

    #[test]
    fn probes_and_the_door_are_told_by_their_path() {
        for (method, path, want) in [
            (Method::GET, "/livez", Counter::Probe),
            (Method::GET, "/metrics", Counter::Probe),
            (Method::GET, "/livez/x", Counter::Any),
            (Method::POST, "/login", Counter::Door),
            (Method::GET, "/login", Counter::Any),
            (Method::POST, "/api/v1/silences", Counter::Any),
        ] {
            assert_eq!(Counter::of(&method, path), want, "{method} {path}");
        }
    }
}
