//! The daemon's loops, watched: one that ends by itself ends the daemon.
//!
//! A process that answers `/livez` but audits nothing, or delivers nothing, is worse than none: a
//! supervisor restarts what has ended, and nobody looks at what seems to run.

use std::future::Future;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinError;
use tokio_util::task::TaskTracker;
use tracing::error;

/// One loop's end.
struct Ended {
    name: &'static str,
    /// An error where it panicked.
    end: Result<(), JoinError>,
}

/// The loops that run until they are told to stop.
#[derive(Default)]
pub(super) struct Loops {
    running: FuturesUnordered<BoxFuture<'static, Ended>>,
}

impl Loops {
    /// Starts a loop on `tracker`. Its name is for people.
    pub(super) fn start(
        &self,
        name: &'static str,
        tracker: &TaskTracker,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        let running = tracker.spawn(run);
        self.running.push(running.map(move |end| Ended { name, end }).boxed());
    }

    /// Waits until one of them ends, and says which, here and in the log; for ever while all of them
    /// run. Ask before they are told to stop.
    pub(super) async fn first_to_end(&mut self) -> anyhow::Error {
        let Some(Ended { name, end }) = self.running.next().await else {
            return std::future::pending().await;
        };
        let failed = match end {
            Ok(()) => anyhow::anyhow!("the {name} loop ended before it was told to"),
            Err(error) => anyhow::Error::new(error).context(format!("the {name} loop broke off")),
        };
        error!(loop.name = name, error = %format!("{failed:#}"), "the {name} loop ended by itself");
        failed
    }
}
