//! Starts the audit of every database when it is due, and commits what it found.
//!
//! One loop owns the due times. It never waits for an audit: each one is a task of its own that
//! waits for a slot, audits, commits, and reports back by a channel. Few more are started than there are slots. An audit of a database never
//! overlaps itself, because the next due time is set only when the last audit has come back; ticks
//! missed meanwhile collapse into that one. The loop sleeps at most [`ROUND`], so that a jump of
//! the clock is noticed and `/livez` sees progress.

mod agenda;
mod back;
mod circuits;
mod commit;
mod ended;
mod force;
mod launch;
mod register;
mod start;
mod upkeep;
mod waiting;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::audit::Goldens;
use crate::audit::Slots;
use crate::audit::Twins;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Database;
use crate::demand::Answer;
use crate::demand::Demand;
use crate::health::Health;
use crate::health::Timing;
use crate::introspect::Environment;
use crate::report::origin::Traced;
use crate::store::Members;
use crate::store::Registered;
use crate::store::Store;

use agenda::Agenda;
use ended::Ended;
use force::InForce;
use waiting::Waiting;

/// The longest sleep of the loop.
pub const ROUND: Duration = Duration::from_secs(1);
/// The wall clock may differ from the monotonic one by this much between two rounds before it is
/// taken for a jump. Slewing by NTP stays far below.
const JUMP: SignedDuration = SignedDuration::from_secs(5);

/// What the scheduler works with.
#[derive(Clone, Debug)]
pub struct Scheduler {
    pub config: watch::Receiver<Arc<Config>>,
    /// The places for audits; who else reads databases takes them too.
    pub slots: Arc<watch::Sender<Arc<Slots>>>,
    pub store: Store,
    pub health: Health,
    pub clock: Clock,
    pub environment: Arc<Environment>,
    /// Audits run on it, so that shutdown can wait for them.
    pub tracker: TaskTracker,
    /// No new audit starts after this.
    pub shutdown: CancellationToken,
    /// Running audits give up at this, some seconds after `shutdown`.
    pub abort: CancellationToken,
}

/// What is remembered of a database between audits.
#[derive(Clone, Debug)]
struct Memory {
    /// For `provision_grace`.
    registered_at: Timestamp,
    ever_populated: bool,
    /// When its last audit in this process came back.
    audited_at: Option<Timestamp>,
    /// Where its findings come from.
    traced: Arc<Traced>,
}

/// What the loop owns.
struct Round {
    config: Arc<Config>,
    databases: HashMap<String, Arc<Database>>,
    agenda: Agenda,
    /// What is due and not started.
    waiting: Waiting,
    /// Where audits say that they have come back. Unbounded in type, bounded in fact: at most one message for each
    /// audit that is started.
    ending: mpsc::UnboundedSender<Ended>,
    memory: HashMap<String, Memory>,
    slots: Arc<Slots>,
    goldens: Arc<Goldens>,
    /// Where each database was last seen to live; `None` until that is read from the state.
    twins: Option<Arc<Twins>>,
    /// What each database is held to.
    in_force: InForce,
    /// Says when that may have changed.
    standing: watch::Receiver<u64>,
    /// Who else shares the state; and whether another's configuration was in force when that was looked at last.
    members: watch::Receiver<Members>,
    stood_back: bool,
    /// The manifests of the config; and whether the store knows them.
    registered: Arc<[Registered]>,
    is_registered: Arc<AtomicBool>,
    /// What is being noted of deploys and trials, and since when.
    upkeep: Option<JoinHandle<()>>,
    upkept_at: Timestamp,
    /// Databases that are to be audited by an audit that has not begun yet, and who waits for it.
    asked: HashMap<String, Vec<oneshot::Sender<Answer>>>,
    /// Databases that are to be audited whether or not another replica has just done so: an audit that began
    /// before this instant does not count.
    anew: HashMap<String, Timestamp>,
}

impl Scheduler {
    /// Runs until `shutdown`, and serves `demands` meanwhile. Audits that are running then are left to
    /// the tracker.
    pub async fn run(mut self, mut demands: mpsc::Receiver<Demand>) {
        let config = self.config.borrow_and_update().clone();
        let (ending, mut ended) = mpsc::unbounded_channel();
        let mut round = Round {
            slots: self.slots.borrow().clone(),
            goldens: Arc::new(Goldens::of(&config.databases)),
            twins: None,
            config: Arc::clone(&config),
            databases: HashMap::new(),
            agenda: Agenda::default(),
            waiting: Waiting::default(),
            ending,
            memory: HashMap::new(),
            in_force: InForce::default(),
            standing: self.store.standing_changes(),
            members: self.store.members(),
            stood_back: false,
            registered: Arc::new([]),
            is_registered: Arc::new(AtomicBool::new(true)),
            upkeep: None,
            upkept_at: Timestamp::UNIX_EPOCH,
            asked: HashMap::new(),
            anew: HashMap::new(),
        };
        self.register(&mut round, config).await;
        let mut watched = ClockWatch::new(self.clock.now());

        loop {
            self.health.scheduler_progressed();
            let now = self.clock.now();
            if watched.jumped(now) {
                self.after_a_jump(&mut round, now);
            }
            self.keep_up(&mut round, now);
            self.launch(&mut round, now);
            let wait = round.agenda.next_due().map_or(ROUND, |due| {
                Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).min(ROUND)
            });
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                Some(ended) = ended.recv() => self.put_back(&mut round, ended),
                Ok(()) = round.standing.changed() => self.stand(&mut round).await,
                Ok(()) = round.members.changed() => {
                    let stood_back = std::mem::replace(&mut round.stood_back, self.store.stands_back());
                    if stood_back && !round.stood_back {
                        // What there is was somebody else's to say until now.
                        let config = Arc::clone(&round.config);
                        self.register(&mut round, config).await;
                    }
                }
                Some(demand) = demands.recv() => self.serve(&mut round, demand),
                changed = self.config.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let config = self.config.borrow_and_update().clone();
                    self.register(&mut round, config).await;
                }
            }
        }
    }

    /// Makes what is asked for due now. A database that is being audited is due again as soon as that
    /// audit has come back.
    fn serve(&self, round: &mut Round, demand: Demand) {
        let (database, reply) = match demand {
            Demand::Audit { database, reply } => (database, Some(reply)),
            Demand::Hasten { database } => (database, None),
        };
        if !round.databases.contains_key(&database) {
            // Who asked may have gone away.
            let _ = reply.map(|it| it.send(Answer::NotRegistered));
            return;
        }
        let now = self.clock.now();
        // A call is not a person: whoever pays for each waking said how often.
        let last = round.memory.get(&database).and_then(|it| it.audited_at);
        let min_interval = round.databases[&database].min_interval;
        let soonest =
            last.filter(|_| reply.is_none()).and_then(|it| it.checked_add(min_interval).ok());
        round.agenda.hasten(&database, soonest.map_or(now, |it| it.max(now)));
        round.anew.insert(database.clone(), now);
        let is_asked = reply.is_some();
        let asked = round.asked.entry(database.clone()).or_default();
        // Whoever has gone away meanwhile takes no room.
        asked.retain(|it| !it.is_closed());
        asked.extend(reply);
        if is_asked {
            self.hurry(round, &database);
        }
    }

    /// Brings due times forward that a jump of the clock has put out of reach.
    fn after_a_jump(&self, round: &mut Round, now: Timestamp) {
        let databases = &round.databases;
        let moved = round.agenda.bring_forward(|name| {
            databases.get(name).map(|it| it.schedule.next_due(&it.name, now))
        });
        warn!(moved = moved.len(), "the clock jumped; {} audits were brought forward", moved.len());
        for (name, next_due) in moved {
            self.health.set_timing(&name, Timing { next_due, running_since: None });
        }
    }
}

/// Notices when the wall clock has moved against the monotonic one.
struct ClockWatch {
    wall: Timestamp,
    monotonic: tokio::time::Instant,
}

impl ClockWatch {
    fn new(now: Timestamp) -> Self {
        Self { wall: now, monotonic: tokio::time::Instant::now() }
    }

    fn jumped(&mut self, now: Timestamp) -> bool {
        let monotonic = tokio::time::Instant::now();
        let passed = SignedDuration::try_from(monotonic - self.monotonic).unwrap_or_default();
        let jump = now.duration_since(self.wall) - passed;
        *self = Self { wall: now, monotonic };
        jump.abs() > JUMP
    }
}
