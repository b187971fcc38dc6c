//! The daemon, assembled: the one place that names every concrete part, starts it, and stops it.
//!
//! Order of starting: config, state (which takes the lock), channels, HTTP, then the loops, of which that which says
//! who else shares the state comes first; what
//! can fail fails before anything is audited. Order of stopping: no new audits, running ones finish
//! or are given up, the outbox is flushed once, the state is closed. Each step has a limit, and
//! together they stay below [`STOP_MAX`].

mod loops;
mod reload;
mod source;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;
use tracing::warn;

use crate::audit::Slots;
use crate::channel::Sender;
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery;
use crate::delivery::Delivery;
use crate::demand;
use crate::demand::Demand;
use crate::demand::Demands;
use crate::discovery;
use crate::discovery::Discoverer;
use crate::discovery::Registries;
use crate::health::Health;
use crate::heartbeat;
use crate::heartbeat::Pulse;
use crate::http;
use crate::introspect::Environment;
use crate::membership;
use crate::membership::Membership;
use crate::retention;
use crate::scheduler::Scheduler;
use crate::store::Store;
use crate::timekeeper;
use crate::timekeeper::Timekeeper;
use crate::watch::Watch;

pub(crate) use state::dial;

use loops::Loops;
use reload::Reloads;
use source::Source;

/// How long running audits may go on after SIGTERM.
pub const AUDITS_STOP_MAX: Duration = Duration::from_millis(3_600);
/// How long the outbox may take after that: its own last pass, and giving claims back.
pub const OUTBOX_STOP_MAX: Duration = Duration::from_millis(4_200);
/// How long each of the other parts may take to come to rest.
pub const REST_MAX: Duration = Duration::from_millis(500);
/// How long the first audits wait for registries, where URLs were not kept over a restart.
const LOOK_MAX: Duration = Duration::from_secs(5);
/// SIGTERM to exit, at most.
pub const STOP_MAX: Duration = Duration::from_secs(10);
const _: () = assert!(
    AUDITS_STOP_MAX.as_millis() + OUTBOX_STOP_MAX.as_millis() + 4 * REST_MAX.as_millis()
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
/// A configuration, a state file or a listening address that cannot be had; nothing has been
/// audited then. Or a loop that ended by itself; everything else was stopped in order then.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let Options { config: path, variable, mut commands } = options;
    // Before the state is open there is no other time; what files say of dates is of this machine.
    let source = Source { path, variable, clock: Clock::System };
    let config = tokio::select! {
        config = source.clone().read() => Arc::new(config?),
        () = told_to_stop(&mut commands) => return Ok(()),
    };
    let environment = Arc::new(Environment::new(variable));
    let opening = state::open(&config, &environment);
    let (store, clock) = tokio::select! {
        opened = opening => opened.context("could not open the state")?,
        () = told_to_stop(&mut commands) => return Ok(()),
    };
    let sender = Sender::new().context("could not set up the HTTP client")?;
    let listener = http::listen(config.http.listen)
        .with_context(|| format!("could not listen on {} (http.listen)", config.http.listen))?;
    let address = listener.local_addr().context("could not tell the listening address")?;

    let health = Health::new();
    health.config_read(clock.now());
    let registries = Registries::recall(&store, &config).await;
    let (publish_file, file) = watch::channel(Arc::clone(&config));
    let merged = Arc::new(registries.merged(&config));
    let (publish, current) = watch::channel(Arc::clone(&merged));
    // Kept to the end: it may not be dropped before the loops that follow it have ended.
    let publish = Arc::new(publish);
    let slots = Arc::new(Slots::of_daemon(&config.limits, &health));
    let slots = Arc::new(watch::Sender::new(slots));
    let stop = Stop::default();
    let mut loops = Loops::default();
    let (demands, demanded) = demand::queue();
    let face = http::Face {
        store: store.clone(),
        health: health.clone(),
        clock: clock.clone(),
        config: current.clone(),
        demands: demands.clone(),
    };
    loops.start("HTTP", &stop.loops, http::serve(listener, face, stop.http.clone()));
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    info!(http.listen = %address, "listening on {scheme}://{address}");
    share(&loops, &stop, &file, (&store, &clock, &health)).await?;
    let delivery = Delivery {
        store: store.clone(),
        sender,
        config: current.clone(),
        clock: clock.clone(),
        health: health.clone(),
        tasks: stop.sends.clone(),
        shutdown: stop.delivery.clone(),
    };
    loops.start("delivery", &stop.deliveries, delivery::run(delivery));
    let retention =
        retention::run(store.clone(), current.clone(), clock.clone(), stop.scheduler.clone());
    loops.start("retention", &stop.loops, retention);
    let keeper = Timekeeper {
        store: store.clone(),
        config: current.clone(),
        clock: clock.clone(),
        health: health.clone(),
        shutdown: stop.scheduler.clone(),
    };
    loops.start("timekeeper", &stop.loops, timekeeper::run(keeper));
    let pulse = Pulse {
        store: store.clone(),
        config: current.clone(),
        clock: clock.clone(),
        health: health.clone(),
        shutdown: stop.scheduler.clone(),
    };
    loops.start("heartbeat", &stop.loops, heartbeat::run(pulse));
    let scheduler = Scheduler {
        config: current,
        slots,
        store: store.clone(),
        health: health.clone(),
        clock: clock.clone(),
        environment,
        tracker: stop.audits.clone(),
        shutdown: stop.scheduler.clone(),
        abort: stop.abort.clone(),
    };
    let found = Found { file, publish: Arc::clone(&publish), variable, registries };
    start_audits(&loops, &stop, found, scheduler, (demands, demanded));
    info!(
        databases = merged.databases.len(),
        "schemawarden {} is running",
        env!("CARGO_PKG_VERSION")
    );

    let mut reloads = Reloads::new(source, health.clone(), publish_file);
    let told = until_told_to_stop(&mut commands, &mut reloads, &mut loops).await;
    info!("stopping");
    health.start_draining();
    tokio::select! {
        () = stop.in_order(&store) => {}
        () = told_to_stop(&mut commands) => warn!("told twice to stop: stopping at once"),
    }
    info!("stopped");
    drop(publish);
    told
}

/// Joins those that share the state, and says from then on what this replica does.
async fn share(
    loops: &Loops,
    stop: &Stop,
    file: &watch::Receiver<Arc<Config>>,
    (store, clock, health): (&Store, &Clock, &Health),
) -> anyhow::Result<()> {
    let membership = Membership {
        store: store.clone(),
        clock: clock.clone(),
        config: file.clone(),
        health: health.clone(),
        shutdown: stop.scheduler.clone(),
    };
    membership::join(&membership).await.context("could not join those that share the state")?;
    loops.start("membership", &stop.loops, membership::run(membership));
    Ok(())
}

/// What says which databases there are.
struct Found {
    file: watch::Receiver<Arc<Config>>,
    publish: Arc<watch::Sender<Arc<Config>>>,
    variable: fn(&str) -> Option<String>,
    registries: Registries,
}

/// Starts the loop that reads registries, the one that listens, and the one that audits.
fn start_audits(
    loops: &Loops,
    stop: &Stop,
    found: Found,
    scheduler: Scheduler,
    (demands, demanded): (Demands, mpsc::Receiver<Demand>),
) {
    let Found { file, publish, variable, registries } = found;
    let (looked, lost_some) = (CancellationToken::new(), registries.lost_some());
    let discoverer = Discoverer {
        file,
        publish,
        store: scheduler.store.clone(),
        clock: scheduler.clock.clone(),
        environment: Arc::clone(&scheduler.environment),
        variable,
        slots: scheduler.slots.subscribe(),
        looked: looked.clone(),
        shutdown: stop.scheduler.clone(),
    };
    loops.start("discovery", &stop.loops, discovery::run(discoverer, registries));
    let watching = Watch {
        config: scheduler.config.clone(),
        demands,
        environment: Arc::clone(&scheduler.environment),
        clock: scheduler.clock.clone(),
        slots: scheduler.slots.subscribe(),
        shutdown: stop.scheduler.clone(),
    };
    loops.start("watch", &stop.loops, crate::watch::run(watching));
    let shutdown = stop.scheduler.clone();
    loops.start("scheduler", &stop.loops, async move {
        if lost_some {
            // Their registries are asked first: most likely they name them again.
            let wait = tokio::time::timeout(LOOK_MAX, looked.cancelled());
            let _ = shutdown.run_until_cancelled(wait).await;
        }
        scheduler.run(demanded).await;
    });
}

/// Reloads when asked to, until told to stop; an error where a loop ends before that.
async fn until_told_to_stop(
    commands: &mut mpsc::Receiver<Command>,
    reloads: &mut Reloads,
    loops: &mut Loops,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Reload) => reloads.ask(),
                Some(Command::Stop) | None => return Ok(()),
            },
            () = reloads.ended() => {}
            failed = loops.first_to_end() => return Err(failed),
        }
    }
}

/// Waits for [`Command::Stop`]; for ever where nobody can send it any more.
async fn told_to_stop(commands: &mut mpsc::Receiver<Command>) {
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
        if store.is_shared() {
            // The others need not wait for the end of our leases. Where the state is away they do.
            let _ = tokio::time::timeout(REST_MAX, store.leave()).await;
        }
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

#[cfg(test)]
mod tests;
