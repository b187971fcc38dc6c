//! Starts the audit of every database when it is due, and commits what it found.
//!
//! One loop owns the due times. It never waits for an audit: each one is a task of its own that
//! waits for a slot, audits, commits, and reports back by a channel. An audit of a database never
//! overlaps itself, because the next due time is set only when the last audit has come back; ticks
//! missed meanwhile collapse into that one. The loop sleeps at most [`ROUND`], so that a jump of
//! the clock is noticed and `/livez` sees progress.

mod agenda;
mod circuits;
mod commit;
mod ended;
mod force;
mod start;
mod upkeep;

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
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::audit::Before;
use crate::audit::Contact;
use crate::audit::Goldens;
use crate::audit::Means;
use crate::audit::Provisioning;
use crate::audit::Slots;
use crate::audit::Twins;
use crate::audit::audit;
use crate::circuit::Purpose;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Database;
use crate::demand::Answer;
use crate::demand::Audited;
use crate::demand::Demand;
use crate::deploy::Force;
use crate::health::Health;
use crate::health::Timing;
use crate::introspect::Environment;
use crate::report;
use crate::report::origin::Traced;
use crate::store::DatabaseState;
use crate::store::Registered;
use crate::store::Remembered;
use crate::store::Store;

use agenda::Agenda;
use commit::commit;
use commit::log_transition;
use ended::Ended;
use ended::Ending;
use force::InForce;

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
    memory: HashMap<String, Memory>,
    slots: Arc<Slots>,
    goldens: Arc<Goldens>,
    /// Where each database was last seen to live; `None` until that is read from the state.
    twins: Option<Arc<Twins>>,
    /// What each database is held to.
    in_force: InForce,
    /// Says when that may have changed.
    standing: watch::Receiver<u64>,
    /// The manifests of the config; and whether the store knows them.
    registered: Arc<[Registered]>,
    is_registered: Arc<AtomicBool>,
    /// What is being noted of deploys and trials, and since when.
    upkeep: Option<JoinHandle<()>>,
    upkept_at: Timestamp,
    /// Databases that are to be audited by an audit that has not begun yet, and who waits for it.
    asked: HashMap<String, Vec<oneshot::Sender<Answer>>>,
}

impl Scheduler {
    /// Runs until `shutdown`, and serves `demands` meanwhile. Audits that are running then are left to
    /// the tracker.
    pub async fn run(mut self, mut demands: mpsc::Receiver<Demand>) {
        let config = self.config.borrow_and_update().clone();
        let mut round = Round {
            slots: self.slots.borrow().clone(),
            goldens: Arc::new(Goldens::of(&config.databases)),
            twins: None,
            config: Arc::clone(&config),
            databases: HashMap::new(),
            agenda: Agenda::default(),
            memory: HashMap::new(),
            in_force: InForce::default(),
            standing: self.store.standing_changes(),
            registered: Arc::new([]),
            is_registered: Arc::new(AtomicBool::new(true)),
            upkeep: None,
            upkept_at: Timestamp::UNIX_EPOCH,
            asked: HashMap::new(),
        };
        self.register(&mut round, config).await;
        // Unbounded in type, bounded in fact: at most one message for each running audit.
        let (ending, mut ended) = mpsc::unbounded_channel::<Ended>();
        let mut watched = ClockWatch::new(self.clock.now());

        loop {
            self.health.scheduler_progressed();
            let now = self.clock.now();
            if watched.jumped(now) {
                self.after_a_jump(&mut round, now);
            }
            self.keep_up(&mut round, now);
            while let Some(name) = round.agenda.take_due(now) {
                let asked = round.asked.remove(&name).unwrap_or_default();
                if let Some(database) = round.databases.get(&name) {
                    self.start(&round, database, now, asked, ending.clone());
                }
            }
            let wait = round.agenda.next_due().map_or(ROUND, |due| {
                Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO).min(ROUND)
            });
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                Some(ended) = ended.recv() => self.put_back(&mut round, &ended),
                Ok(()) = round.standing.changed() => self.stand(&mut round).await,
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

    /// Takes the databases of `config` into the agenda, and drops those that are gone.
    ///
    /// A database whose last complete audit is still current, against the same manifest, waits for
    /// its next tick; every other one, and what was waiting to be confirmed, is due now, splayed.
    async fn register(&self, round: &mut Round, config: Arc<Config>) {
        let now = self.clock.now();
        let states: HashMap<_, _> = match self.store.database_states().await {
            Ok(states) => states.into_iter().map(|it| (it.name.clone(), it)).collect(),
            Err(error) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "could not read the state; every database is audited now"
                );
                HashMap::new()
            }
        };
        if round.config.limits != config.limits {
            round.slots = Arc::new(round.slots.renewed(&config.limits));
            self.slots.send_replace(Arc::clone(&round.slots));
        }
        round.slots.register(&config.databases);
        round.goldens = Arc::new(Goldens::of(&config.databases));
        let twins = round.twins.get_or_insert_with(|| {
            let residence = |it: &DatabaseState| it.residence.as_ref()?.parse().ok();
            let seen = states.values().filter_map(|it| Some((it.name.clone(), residence(it)?)));
            Arc::new(Twins::remembered(seen))
        });
        let before = std::mem::take(&mut round.databases);
        round.databases =
            config.databases.iter().map(|it| (it.name.clone(), Arc::clone(it))).collect();
        twins.retain(|name| round.databases.contains_key(name));
        round.agenda.retain(|name| round.databases.contains_key(name));
        round.memory.retain(|name, _| round.databases.contains_key(name));
        self.health.retain_timings(|name| round.databases.contains_key(name));
        let let_go = self.register_manifests(round, &config, now).await;
        let mut reports = self.reports_of_new(round, &config).await;
        let start = start::plan(&config.databases, |it| round.in_force.of(it), &states, now);
        for database in &config.databases {
            let state = states.get(&database.name);
            round.memory.entry(database.name.clone()).or_insert_with(|| Memory {
                // Never in the future: the clock may have been ahead when it was written.
                registered_at: state.map_or(now, |it| it.first_seen_at.min(now)),
                ever_populated: state.is_some_and(|it| it.ever_populated),
                audited_at: None,
                traced: Arc::new(reports.remove(&database.name).unwrap_or_default()),
            });
            let next_due = if let_go.contains(&database.name)
                || is_new(database, before.get(&database.name), state)
            {
                now
            } else {
                start.get(database.name.as_str()).copied().unwrap_or(now)
            };
            // A registry publishes often: what is due earlier as it was stays due then.
            let is_as_before = before
                .get(&database.name)
                .is_some_and(|it| it.schedule.describe() == database.schedule.describe());
            let earlier = round.agenda.due(&database.name).filter(|_| is_as_before);
            let next_due = earlier.map_or(next_due, |it| it.min(next_due));
            if round.agenda.register(&database.name, next_due) {
                let timing = Timing { next_due, running_since: None };
                self.health.set_timing(&database.name, timing);
            }
        }
        let count = config.databases.len();
        info!(databases = count, "registered {count} databases");
        self.close_unregistered(&config, now).await;
        round.config = config;
    }

    /// What the state remembers of the findings of databases that are new to this process.
    async fn reports_of_new(&self, round: &Round, config: &Config) -> HashMap<String, Traced> {
        if config.databases.iter().all(|it| round.memory.contains_key(&it.name)) {
            return HashMap::new();
        }
        let reports = match self.store.last_reports().await {
            Ok(reports) => reports,
            Err(error) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "could not read the last reports; since when findings are there is not known"
                );
                Vec::new()
            }
        };
        let read = |(name, it): (String, _)| Some((name, Traced::of(&report::json::read(&it)?)));
        reports.into_iter().filter_map(read).collect()
    }

    /// Ends the incidents of databases that left the config: nothing will ever resolve them.
    async fn close_unregistered(&self, config: &Config, now: Timestamp) {
        let registered = config.databases.iter().map(|it| it.name.clone()).collect();
        let policy = Arc::clone(&config.policy);
        match self.store.close_unregistered(registered, policy, now).await {
            Ok(closed) => {
                for it in &closed {
                    log_transition(it);
                }
            }
            Err(error) => error!(
                error = &error as &dyn std::error::Error,
                "could not end the incidents of databases that left the configuration"
            ),
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
        let asked = round.asked.entry(database).or_default();
        // Whoever has gone away meanwhile takes no room.
        asked.retain(|it| !it.is_closed());
        asked.extend(reply);
    }

    /// Sets the next due time of a database whose audit has come back.
    fn put_back(&self, round: &mut Round, ended: &Ended) {
        let Some(database) = round.databases.get(&ended.database) else {
            round.agenda.forget(&ended.database);
            round.asked.remove(&ended.database);
            return;
        };
        if let Some(memory) = round.memory.get_mut(&ended.database) {
            // What was not connected to was not woken.
            if ended.contact != Contact::LeftAlone {
                memory.audited_at = Some(self.clock.now());
            }
            memory.ever_populated |= ended.populated;
            if let Some(traced) = &ended.traced {
                memory.traced = Arc::clone(traced);
            }
        }
        let now = self.clock.now();
        // What is in force may have changed while the audit ran, or somebody asked: audit again.
        let stands = ended.force.stands_under(&round.in_force.of(database));
        let is_mended = ended.was_unusable && !database.connection.is_unusable();
        let is_over = stands && !is_mended && !round.asked.contains_key(&ended.database);
        let next_due = if is_over { database.schedule.next_due(&database.name, now) } else { now };
        // What has to be seen again is seen again soon: the alarm waits for it.
        let early = ended.recheck.and_then(|it| now.checked_add(it).ok());
        let next_due = early.map_or(next_due, |early| early.min(next_due));
        // Whoever pays for each waking said how often; a person who asks is not made to wait.
        let woken = round.memory.get(&ended.database).and_then(|it| it.audited_at);
        let soonest =
            woken.map_or(now, |it| it.checked_add(database.min_interval).unwrap_or(Timestamp::MAX));
        let asked = round.asked.get(&ended.database).is_some_and(|it| !it.is_empty());
        let next_due = if asked { next_due } else { next_due.max(soonest) };
        round.agenda.put(&database.name, next_due);
        if ended.recorded {
            let timing = Timing { next_due, running_since: None };
            self.health.set_timing(&database.name, timing);
        } else {
            // It stays due in everybody's eyes, and so becomes overdue, until a report is recorded.
            self.health.set_idle(&database.name);
        }
        self.follow_circuit(round, ended);
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

    /// Starts one audit as a task of its own.
    fn start(
        &self,
        round: &Round,
        database: &Arc<Database>,
        now: Timestamp,
        asked: Vec<oneshot::Sender<Answer>>,
        ending: mpsc::UnboundedSender<Ended>,
    ) {
        self.health.set_timing(&database.name, Timing { next_due: now, running_since: Some(now) });
        let provisioning = match round.memory.get(&database.name) {
            Some(memory) if !memory.ever_populated => {
                let age = now.duration_since(memory.registered_at);
                let grace = SignedDuration::try_from(database.provision_grace);
                if grace.is_ok_and(|grace| age < grace) {
                    Provisioning::Pending
                } else {
                    Provisioning::Done
                }
            }
            _ => Provisioning::Done,
        };
        let force = round.in_force.of(database);
        let traced = round.memory.get(&database.name).map(|it| Arc::clone(&it.traced));
        let work = Work {
            scheduler: self.clone(),
            database: Arc::clone(database),
            force: Arc::clone(&force),
            config: Arc::clone(&round.config),
            slots: Arc::clone(&round.slots),
            goldens: Arc::clone(&round.goldens),
            twins: round.twins.clone(),
            provisioning,
            traced: traced.unwrap_or_default(),
            asked,
        };
        // Reports back when dropped, so that not even a panic takes a database off the agenda.
        let ending = Ending::new(database, force, ending);
        self.tracker.spawn(work.run(ending));
    }
}

/// Whether a registry named a database just now, or made sense of it just now, or no more: it is
/// audited at once.
fn is_new(
    database: &Database,
    before: Option<&Arc<Database>>,
    state: Option<&DatabaseState>,
) -> bool {
    let is_named = database.discovery.is_some() && before.is_none() && state.is_none();
    // What was known of it before says nothing of now.
    let is_lost =
        database.connection.is_unusable() && before.is_none_or(|it| !it.connection.is_unusable());
    is_named || is_lost || before.is_some_and(|it| is_mended(it, database))
}

/// Whether there was nothing to connect to, and is now.
fn is_mended(before: &Database, now: &Database) -> bool {
    before.connection.is_unusable() && !now.connection.is_unusable()
}

/// One audit and its commit.
struct Work {
    scheduler: Scheduler,
    database: Arc<Database>,
    force: Arc<Force>,
    config: Arc<Config>,
    slots: Arc<Slots>,
    goldens: Arc<Goldens>,
    twins: Option<Arc<Twins>>,
    provisioning: Provisioning,
    /// What is known of its findings.
    traced: Arc<Traced>,
    /// Who waits for this audit.
    asked: Vec<oneshot::Sender<Answer>>,
}

impl Work {
    async fn run(mut self, mut ending: Ending) {
        let abort = self.scheduler.abort.clone();
        let _ = abort.run_until_cancelled(self.audit_and_commit(&mut ending)).await;
    }

    /// What the audit goes by; `None` where that cannot be read.
    async fn remembered(&self) -> Option<Remembered> {
        let name = &self.database.name;
        match self.scheduler.store.remembered(name).await {
            Ok(remembered) => Some(remembered),
            Err(error) => {
                error!(
                    database.name = name,
                    error = &error as &dyn std::error::Error,
                    "could not read what is known of `{name}`; it is audited without"
                );
                None
            }
        }
    }

    async fn audit_and_commit(&mut self, ending: &mut Ending) {
        let Scheduler { environment, clock, store, shutdown, .. } = &self.scheduler;
        let remembered = self.remembered().await;
        let (slots, goldens) = (&*self.slots, &*self.goldens);
        // Without a memory nothing new is remembered either: it would take the place of the old.
        let twins = self.twins.as_deref().filter(|_| remembered.is_some());
        let purpose = if self.asked.is_empty() { Purpose::Audit } else { Purpose::Asked };
        let means = Means { environment, slots, goldens, twins, clock, shutdown, purpose };
        let before = Before {
            provisioning: self.provisioning,
            known: remembered.as_ref().and_then(|it| it.known.as_ref()),
            forgotten: remembered.is_none(),
            last_complete_at: remembered.as_ref().and_then(|it| it.last_complete_at),
        };
        let audit = audit(&self.database, &self.force, &self.config.manifests, before, means);
        let Some(mut audited) = Box::pin(audit).await else { return };
        ending.contact = audited.contact.clone();
        self.traced.carry(&mut audited.concluded.report);
        ending.traced = Some(Arc::new(self.traced.after(&audited.concluded.report)));
        let known_version = remembered.map(|it| it.known_version);
        let report = &audited.concluded.report;
        ending.populated = report.proves_populated();
        // The config of now, not of when the audit began: a reload may have taken the database out,
        // or renamed the channels.
        let config = self.scheduler.config.borrow().clone();
        if !config.databases.iter().any(|it| it.name == self.database.name) {
            return;
        }
        let shown = (!self.asked.is_empty()).then(|| report::json::database(report));
        let now = clock.now();
        let receipt = commit(store, &self.database, &config, audited, known_version, now).await;
        ending.recorded = receipt.is_some();
        ending.recheck = receipt.as_ref().and_then(|it| it.recheck);
        if let Some(report) = shown {
            let transitions = receipt.map(|it| it.transitions).unwrap_or_default();
            let (recheck, recorded) = (ending.recheck, ending.recorded);
            let audited = Audited { report, transitions, recheck, recorded };
            answer(self.asked.drain(..), audited);
        }
    }
}

/// Tells everybody who waits for an audit how it ended.
fn answer(asked: impl Iterator<Item = oneshot::Sender<Answer>>, audited: Audited) {
    let answer = Answer::Audited(Box::new(audited));
    for it in asked {
        // Who asked may have gone away.
        let _ = it.send(answer.clone());
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
