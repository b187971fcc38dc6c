//! The daemon, assembled: the one place that names every concrete part, starts it, and stops it.
//!
//! Order of starting: config, state (which takes the lock), channels, HTTP, then the loops; what
//! can fail fails before anything is audited. Order of stopping: no new audits, running ones finish
//! or are given up, the outbox is flushed once, the state is closed. Each step has a limit, and
//! together they stay below [`STOP_MAX`].

mod reload;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;
use tracing::warn;

use crate::channel::Sender;
use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::delivery;
use crate::delivery::Delivery;
use crate::health::Health;
use crate::http;
use crate::introspect::Environment;
use crate::retention;
use crate::scheduler::Scheduler;
use crate::store::Store;

/// How long running audits may go on after SIGTERM.
pub const AUDITS_STOP_MAX: Duration = Duration::from_secs(4);
/// How long the outbox may take after that: its own last pass, and giving claims back.
pub const OUTBOX_STOP_MAX: Duration = Duration::from_millis(4_200);
/// How long each of the other parts may take to come to rest.
pub const REST_MAX: Duration = Duration::from_millis(500);
/// SIGTERM to exit, at most.
pub const STOP_MAX: Duration = Duration::from_secs(10);
const _: () = assert!(
    AUDITS_STOP_MAX.as_millis() + OUTBOX_STOP_MAX.as_millis() + 3 * REST_MAX.as_millis()
        < STOP_MAX.as_millis()
);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// SIGTERM, SIGINT. A second one stops at once.
    Stop,
    /// SIGHUP.
    Reload,
}

/// What the daemon is started with.
#[derive(Debug)]
pub struct Options {
    /// The configuration file.
    pub config: PathBuf,
    /// The process environment.
    pub variable: fn(&str) -> Option<String>,
    /// Signals. Closed means stop.
    pub commands: mpsc::Receiver<Command>,
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
///
/// A configuration, a state file or a listening address that cannot be had. Nothing has been
/// audited then.
pub async fn run(mut options: Options) -> anyhow::Result<()> {
    let clock = Clock::System;
    let config = Arc::new(load(&options, &clock)?);
    let environment = Arc::new(Environment::new(options.variable));
    let store = Store::open_sqlite(&config.state.sqlite, clock.now())
        .context("could not open the state")?;
    let sender = Sender::new().context("could not set up the HTTP client")?;
    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| format!("could not listen on {} (http.listen)", config.http.listen))?;
    let address = listener.local_addr().context("could not tell the listening address")?;

    let health = Health::new();
    let (publish, current) = watch::channel(Arc::clone(&config));
    let stop = Stop::default();
    let face = http::Face {
        store: store.clone(),
        health: health.clone(),
        clock: clock.clone(),
        config: current.clone(),
    };
    stop.loops.spawn(http::serve(listener, face, stop.http.clone()));
    info!(http.listen = %address, "listening on http://{address}");
    let delivery = Delivery {
        store: store.clone(),
        sender,
        config: current.clone(),
        clock: clock.clone(),
        health: health.clone(),
        tasks: stop.sends.clone(),
        shutdown: stop.delivery.clone(),
    };
    stop.deliveries.spawn(delivery::run(delivery));
    stop.loops.spawn(retention::run(
        store.clone(),
        current.clone(),
        clock.clone(),
        stop.scheduler.clone(),
    ));
    let scheduler = Scheduler {
        config: current,
        store: store.clone(),
        health: health.clone(),
        clock: clock.clone(),
        environment,
        tracker: stop.audits.clone(),
        shutdown: stop.scheduler.clone(),
        abort: stop.abort.clone(),
    };
    stop.loops.spawn(scheduler.run());
    info!(
        databases = config.databases.len(),
        "schemawarden {} is running",
        env!("CARGO_PKG_VERSION")
    );

    while let Some(Command::Reload) = options.commands.recv().await {
        reload::reload(&options, &publish, &health, &clock);
    }
    info!("stopping");
    health.start_draining();
    tokio::select! {
        () = stop.in_order(&store) => {}
        () = second_stop(&mut options.commands) => warn!("told twice to stop: stopping at once"),
    }
    info!("stopped");
    Ok(())
}

/// Loads a configuration that a daemon can run with, or says everything that is wrong with it.
fn load(options: &Options, clock: &Clock) -> anyhow::Result<Config> {
    let path = &options.config;
    let config = match config::load(path, &options.variable, clock.now()) {
        Ok(config) => config,
        Err(mistakes) => return Err(refused(path, &mistakes)),
    };
    let undelivered = config.require_delivery();
    if !undelivered.is_empty() {
        return Err(refused(path, &undelivered));
    }
    for warning in &config.warnings {
        warn!("{warning}");
    }
    Ok(config)
}

/// Every mistake, a line each.
fn refused(path: &std::path::Path, mistakes: &[crate::yaml::Mistake]) -> anyhow::Error {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{} cannot be used:\n{}", path.display(), lines.join("\n"))
}

async fn second_stop(commands: &mut mpsc::Receiver<Command>) {
    while let Some(command) = commands.recv().await {
        if command == Command::Stop {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// The tokens and trackers by which the daemon stops.
#[derive(Debug, Default)]
struct Stop {
    scheduler: CancellationToken,
    abort: CancellationToken,
    delivery: CancellationToken,
    http: CancellationToken,
    audits: TaskTracker,
    /// The delivery loop; its sends are on a tracker of their own and end with it.
    deliveries: TaskTracker,
    sends: TaskTracker,
    loops: TaskTracker,
}

impl Stop {
    /// Stops part after part, each within its limit.
    async fn in_order(&self, store: &Store) {
        self.scheduler.cancel();
        self.audits.close();
        if tokio::time::timeout(AUDITS_STOP_MAX, self.audits.wait()).await.is_err() {
            let left = self.audits.len();
            warn!(audits = left, "{left} audits did not end in time and are given up");
            self.abort.cancel();
            let _ = tokio::time::timeout(REST_MAX, self.audits.wait()).await;
        }
        // The last incidents are committed; what is pending may leave now.
        self.delivery.cancel();
        self.deliveries.close();
        if tokio::time::timeout(OUTBOX_STOP_MAX, self.deliveries.wait()).await.is_err() {
            warn!("a receiver did not answer in time; its messages are sent after the next start");
        }
        self.http.cancel();
        self.loops.close();
        let _ = tokio::time::timeout(REST_MAX, self.loops.wait()).await;
        match tokio::time::timeout(REST_MAX, store.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "could not close the state in order"
                );
            }
            Err(_) => warn!("the state did not close in time"),
        }
    }
}

/// A configuration that lost what only a restart can change.
fn needs_restart(old: &Config, new: &Config) -> anyhow::Result<()> {
    if old.state.sqlite != new.state.sqlite {
        bail!("`state.sqlite` changed: that takes a restart");
    }
    if old.http.listen != new.http.listen {
        bail!("`http.listen` changed: that takes a restart");
    }
    Ok(())
}
