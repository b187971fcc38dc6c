//! The harness: real PostgreSQL, real PgBouncer, real receivers, the real binary.
//!
//! Nothing here is a mock of our own code. What cannot be had from the real thing (a server that
//! stalls, a receiver that hangs) is a small program on a socket that misbehaves on purpose.
//!
//! Three rules hold for every part. It waits for an event with a deadline and never sleeps for luck.
//! It fails loudly where a requirement is missing and never skips. It leaves nothing behind, even
//! when the test process is killed ([`process::Guard`]).

pub(crate) mod api;
pub(crate) mod black_hole;
pub(crate) mod browser;
pub(crate) mod cli;
pub(crate) mod daemon;
pub(crate) mod described;
pub(crate) mod disk;
pub(crate) mod door;
pub(crate) mod fake_server;
pub(crate) mod fixtures;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod listener;
pub(crate) mod pgbouncer;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod psql;
pub(crate) mod receiver;
pub(crate) mod simulated;
pub(crate) mod smtp;
pub(crate) mod tls;
pub(crate) mod workspace;

use std::future::Future;
use std::time::Duration;

/// How long a test waits for something that must happen. Generous, because two cores are shared by
/// every test; nothing waits this long unless it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Time between two looks at something that announces no event (an HTTP status).
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Looks until `look` finds something. Panics with `what` when [`DEADLINE`] passes.
#[track_caller]
pub(crate) fn until<T, F>(what: &str, look: impl FnMut() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    until_within(DEADLINE, what, look)
}

/// The same with another deadline.
#[track_caller]
pub(crate) fn until_within<T, F>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let mut tick = tokio::time::interval(POLL_INTERVAL);
        let found = tokio::time::timeout(deadline, async {
            loop {
                tick.tick().await;
                if let Some(found) = look().await {
                    return found;
                }
            }
        });
        found.await.unwrap_or_else(|_| panic!("{caller}: {what}: not within {deadline:?}"))
    }
}
