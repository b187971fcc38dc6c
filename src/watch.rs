//! Audits at once where something happens: one connection for each database with `watch: true`, which listens to
//! what the observer there calls out, and asks the scheduler for an audit.
//!
//! It replaces nothing: the schedule goes on whether anything is heard or not, and who misses a call is late by
//! one tick, not blind. So a connection that is lost is said once, tried again with growing waits, and said once
//! more when it is back; and since nobody knows what was called meanwhile, that asks for an audit too.
//!
//! Calls are gathered: whatever comes within [`PACE`] of an audit that was asked for asks for one more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;
use tracing::info;
use tracing::warn;

use crate::audit::Slots;
use crate::backoff;
use crate::backoff::Failed;
use crate::backoff::Next;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Database;
use crate::demand::Demands;
use crate::introspect;
use crate::introspect::Environment;
use crate::introspect::Listener;

/// A database is asked for at most once in this time.
pub const PACE: Duration = Duration::from_secs(1);

/// A connection that lived so long was a good one: the waits begin anew.
const STEADY: Duration = Duration::from_mins(1);

/// Waits stop growing after so many failures: a minute is long enough for whoever wants to know at once.
const FAILURES_COUNTED: u32 = 5;

/// What watching is done with.
#[derive(Clone, Debug)]
pub struct Watch {
    pub config: watch::Receiver<Arc<Config>>,
    pub demands: Demands,
    pub environment: Arc<Environment>,
    pub clock: Clock,
    /// Opening a connection takes a place like an audit; listening does not.
    pub slots: watch::Receiver<Arc<Slots>>,
    pub shutdown: CancellationToken,
}

/// One database that is watched.
struct Watched {
    database: Arc<Database>,
    stop: CancellationToken,
}

/// Runs until `shutdown`. Follows the configuration: what is new in it is watched, what is gone is let go.
pub async fn run(mut it: Watch) {
    let tasks = TaskTracker::new();
    let mut watched: HashMap<String, Watched> = HashMap::new();
    loop {
        let config = it.config.borrow_and_update().clone();
        let wanted: HashMap<&str, &Arc<Database>> = config
            .databases
            .iter()
            .filter(|it| it.watch)
            .map(|it| (it.name.as_str(), it))
            .collect();
        watched.retain(|name, old| {
            let stays = wanted.get(name.as_str()).is_some_and(|new| same(&old.database, new));
            if !stays {
                old.stop.cancel();
            }
            stays
        });
        for (name, database) in wanted {
            if watched.contains_key(name) {
                continue;
            }
            let stop = it.shutdown.child_token();
            let ear = Ear {
                database: Arc::clone(database),
                demands: it.demands.clone(),
                environment: Arc::clone(&it.environment),
                clock: it.clock.clone(),
                slots: it.slots.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(ear.attend());
            watched.insert(name.to_owned(), Watched { database: Arc::clone(database), stop });
        }
        tokio::select! {
            () = it.shutdown.cancelled() => break,
            changed = it.config.changed() => if changed.is_err() { break },
        }
    }
    for it in watched.values() {
        it.stop.cancel();
    }
    tasks.close();
    tasks.wait().await;
}

/// Whether a connection to one is a connection to the other.
fn same(old: &Database, new: &Database) -> bool {
    old.connection == new.connection && old.limits == new.limits
}

/// Listens to one database.
struct Ear {
    database: Arc<Database>,
    demands: Demands,
    environment: Arc<Environment>,
    clock: Clock,
    slots: watch::Receiver<Arc<Slots>>,
    stop: CancellationToken,
}

/// Why a connection does not listen any more.
enum End {
    /// Nobody wants it to.
    Stopped,
    /// It cannot; holds no secret.
    Lost(String),
}

impl Ear {
    async fn attend(self) {
        let name = self.database.name.as_str();
        // How often it was lost in a row, without a steady time between; and whether that was said.
        let (mut failures, mut said) = (0_u32, false);
        loop {
            let began = Instant::now();
            let why = match Box::pin(self.listen(&mut said)).await {
                End::Stopped => return,
                End::Lost(why) => why,
            };
            failures = if began.elapsed() < STEADY { failures.saturating_add(1) } else { 1 };
            let wait = wait(failures, self.clock.now(), fastrand::f64());
            if std::mem::replace(&mut said, true) {
                debug!(
                    database.name = name,
                    reason = why,
                    failures,
                    "still not listening to `{name}`"
                );
            } else {
                warn!(
                    database.name = name,
                    reason = why,
                    "nothing is heard of `{name}` until it can be listened to again; it is audited on its \
                     schedule: {why}"
                );
            }
            if self.stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Opens a connection and asks for an audit whenever something is heard, until it is lost.
    /// `said`: that nothing is heard.
    async fn listen(&self, said: &mut bool) -> End {
        let Some(opened) = self.stop.run_until_cancelled(self.open()).await else {
            return End::Stopped;
        };
        let mut listener = match opened {
            Ok(listener) => listener,
            Err(why) => return End::Lost(why),
        };
        let name = self.database.name.as_str();
        let again = if std::mem::take(said) { " again" } else { "" };
        info!(database.name = name, "listening to `{name}`{again}");
        if listener.is_mute() {
            warn!(
                database.name = name,
                "the observer of `{name}` calls nobody: max_prepared_transactions is not 0 there, and a call \
                 forbids two-phase commit; it is audited on its schedule"
            );
        }
        // What happened before it listened, nobody has heard.
        let end = loop {
            if !self.demands.hasten(name).await {
                break End::Stopped;
            }
            if self.stop.run_until_cancelled(tokio::time::sleep(PACE)).await.is_none() {
                break End::Stopped;
            }
            match self.stop.run_until_cancelled(listener.heard()).await {
                None => break End::Stopped,
                Some(Ok(())) => debug!(database.name = name, "`{name}` has called"),
                Some(Err(error)) => break End::Lost(error.reason()),
            }
        };
        listener.close().await;
        end
    }

    /// A connection that is proven to hear.
    async fn open(&self) -> Result<Listener, String> {
        let Database { connection, limits, .. } = &*self.database;
        let environment = &*self.environment;
        let slots = self.slots.borrow().clone();
        let enter = || slots.enter(&self.database, Purpose::Aside, &self.clock);
        let reason = |error: introspect::IntrospectError| error.reason();
        let slot = enter().await.map_err(|shut| shut.to_string())?;
        let listener = introspect::listen(connection, limits, environment).await.map_err(reason)?;
        if !listener.is_pooled() {
            return Ok(listener);
        }
        // To try it takes connections more.
        drop(slot);
        let _slot = match enter().await {
            Ok(slot) => slot,
            Err(shut) => {
                listener.close().await;
                return Err(shut.to_string());
            }
        };
        let hears = introspect::hears(connection, limits, environment).await;
        if let Ok(true) = hears {
            return Ok(listener);
        }
        listener.close().await;
        hears.map_err(reason)?;
        Err("a pooler in transaction mode is between, through which LISTEN hears nothing; `watch` \
             needs a direct connection, or a pooler in session mode"
            .to_owned())
    }
}

/// How long to wait after so many failures in a row. A connection that was there a moment ago is tried again at
/// once.
fn wait(failures: u32, now: Timestamp, jitter: f64) -> Duration {
    let Some(attempt) = failures.checked_sub(1).filter(|it| *it > 0) else {
        return Duration::ZERO;
    };
    let attempt = attempt.min(FAILURES_COUNTED);
    let failed = Failed { attempt, created_at: now, now, retry_after: None, jitter };
    match backoff::next(&failed) {
        Next::At(at) => Duration::try_from(at.duration_since(now)).unwrap_or(backoff::FIRST),
        // It began just now: there is no end yet.
        Next::GiveUp => backoff::LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_at_nothing_and_end_at_a_minute_and_a_half() {
        let waits =
            [1, 2, 3, 4, 100, u32::MAX].map(|it| wait(it, Timestamp::UNIX_EPOCH, 1.0).as_secs());
        assert_eq!(waits, [0, 5, 10, 20, 80, 80]);
    }
}
