//! `GET /events` and `GET /api/v1/events`: a stream that says *that* something changed, so that an open page
//! asks for itself anew.
//!
//! It carries no facts that a page would have to put together: a page is always drawn here. A listener that
//! is slow misses single changes, never that there were some; what it may have missed is one number, the
//! version of the fleet.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::Sse;
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::Instant;

use crate::http::Face;
use crate::store::Change;

/// Between two changes that one stream tells.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// A stream that has nothing to tell says so.
const BEAT: Duration = Duration::from_secs(10);
/// How soon a stream ends when the daemon stops.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a stream lasts: whoever listens comes back, and is asked anew who that is.
const LIFE_MAX: Duration = Duration::from_mins(5);
/// How soon a browser comes back.
const RETRY: Duration = Duration::from_secs(2);

/// `GET /events`. How many of them there may be is counted where connections are ([`mod@crate::http::serve`]).
pub(in crate::http) async fn events(State(face): State<Face>) -> Response {
    let events = stream::unfold(Teller::new(face), async |mut teller| {
        let event = teller.next().await?;
        Some((Ok::<_, Infallible>(event), teller))
    });
    // No proxy may hold it back.
    ([("x-accel-buffering", "no")], Sse::new(events)).into_response()
}

/// What one listener is told, and when.
struct Teller {
    face: Face,
    changes: Receiver<Change>,
    begun: bool,
    since: Instant,
    told_at: Instant,
}

impl Teller {
    fn new(face: Face) -> Self {
        let changes = face.store.fleet().changes();
        let now = Instant::now();
        Self { face, changes, begun: false, since: now, told_at: now }
    }

    /// The next event; `None` when the daemon stops, or after [`LIFE_MAX`].
    async fn next(&mut self) -> Option<Event> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(self.beat("hello").retry(RETRY));
        }
        let told_at = self.told_at;
        let first = loop {
            if self.face.health.is_draining() || self.since.elapsed() >= LIFE_MAX {
                return None;
            }
            match tokio::time::timeout(LOOK_EVERY, self.changes.recv()).await {
                Ok(Ok(change)) => break Some(change),
                Ok(Err(RecvError::Lagged(_))) => break None,
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) if told_at.elapsed() >= BEAT => {
                    self.told_at = Instant::now();
                    return Some(self.beat("beat").comment("nothing new"));
                }
                Err(_) => {}
            }
        };
        // What comes until it may be told is told with it.
        tokio::time::sleep_until(told_at + TELL_EVERY).await;
        let only = if self.drop_waiting() { None } else { first };
        self.told_at = Instant::now();
        Some(Event::default().event("change").data(self.data(only.as_ref())))
    }

    /// Drops what else has changed; says whether there was any.
    fn drop_waiting(&mut self) -> bool {
        let mut any = false;
        loop {
            match self.changes.try_recv() {
                Ok(_) | Err(TryRecvError::Lagged(_)) => any = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return any,
            }
        }
    }

    fn beat(&self, name: &str) -> Event {
        Event::default().event(name).data(self.data(None))
    }

    fn data(&self, only: Option<&Change>) -> String {
        // Read last: whoever asks for a page of this version is told of everything before.
        let version = *self.face.store.fleet().version().borrow();
        let data = match only {
            Some(Change::Audited { database, verdict, at }) => json!({
                "version": version,
                "database": &**database,
                "verdict": verdict.word(),
                "at": at.to_string(),
            }),
            Some(Change::Told) | None => json!({ "version": version }),
        };
        data.to_string()
    }
}

#[cfg(test)]
mod tests;
