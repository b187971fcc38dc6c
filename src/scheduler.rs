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
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::audit::Contact;
use crate::audit::Goldens;
use crate::audit::Provisioning;
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
use crate::report;
use crate::report::origin::Traced;
use crate::store::DatabaseState;
use crate::store::Members;
use crate::store::Registered;
use crate::store::Store;
use crate::store::WhyNow;

use agenda::Agenda;
use commit::log_transition;
use ended::Ended;
use ended::Ending;
use force::InForce;
use work::Work;

/// The longest sleep of the loop.
pub const ROUND: Duration = Duration::from_secs(1);
/// The wall clock may differ from the monotonic one by this much between two rounds before it is
/// taken for a jump. Slewing by NTP stays far below.
const JUMP: SignedDuration = SignedDuration::from_secs(5);

/// Reports that are read from the state at one time.
const REPORTS_AT_ONCE: usize = 500;

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
                let why = match round.anew.remove(&name) {
                    _ if !asked.is_empty() => WhyNow::Asked,
                    Some(since) => WhyNow::Since(since),
                    None => WhyNow::Due,
                };
                if let Some(database) = round.databases.get(&name) {
                    self.start(&round, database, (why, asked), ending.clone());
                }
            }
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
        round.anew.retain(|name, _| round.databases.contains_key(name));
        round.memory.retain(|name, _| round.databases.contains_key(name));
        self.health.retain_timings(|name| round.databases.contains_key(name));
        let let_go = self.register_manifests(round, &config, now).await;
        let mut reports = self.reports_of_new(round, &config, &states).await;
        // A registry publishes often: what is due earlier as it was stays due then.
        let is_as_before = |it: &Database| {
            let was = before.get(&it.name);
            was.is_some_and(|was| was.schedule.describe() == it.schedule.describe())
        };
        let all = config.databases.iter().filter(|it| is_as_before(it));
        let kept: HashMap<&str, Timestamp> =
            all.filter_map(|it| Some((it.name.as_str(), round.agenda.due(&it.name)?))).collect();
        let start = start::plan(&config.databases, |it| round.in_force.of(it), &states, &kept, now);
        for database in &config.databases {
            let state = states.get(&database.name);
            round.memory.entry(database.name.clone()).or_insert_with(|| Memory {
                // Never in the future: the clock may have been ahead when it was written.
                registered_at: state.map_or(now, |it| it.first_seen_at.min(now)),
                ever_populated: state.is_some_and(|it| it.ever_populated),
                audited_at: None,
                traced: Arc::new(reports.remove(&database.name).unwrap_or_default()),
            });
            let is_new = is_new(database, before.get(&database.name), state);
            let hash = Some(round.in_force.of(database).manifest.hash.clone());
            let next_due = if let_go.contains(&database.name) || is_new {
                round.anew.insert(database.name.clone(), now);
                now
            } else {
                if state.is_some_and(|it| it.manifest_hash != hash) {
                    // Whoever audited it last held it to something else.
                    round.anew.insert(database.name.clone(), now);
                }
                start.get(database.name.as_str()).copied().unwrap_or(now)
            };
            let earlier = kept.get(database.name.as_str());
            let next_due = earlier.map_or(next_due, |it| (*it).min(next_due));
            if round.agenda.register(&database.name, next_due) {
                let timing = Timing { next_due, running_since: None };
                self.health.set_timing(&database.name, timing);
            }
        }
        let count = config.databases.len();
        info!(databases = count, "registered {count} databases");
        if !self.store.stands_back() {
            self.close_unregistered(&config, now).await;
        }
        round.config = config;
    }

    /// What the state remembers of the findings of databases that are new to this process. Only of those that have
    /// some, a few at a time: the last reports of a hundred thousand databases are a gigabyte.
    async fn reports_of_new(
        &self,
        round: &Round,
        config: &Config,
        states: &HashMap<String, DatabaseState>,
    ) -> HashMap<String, Traced> {
        let has_some = |name: &str| states.get(name).is_some_and(|it| it.findings > 0);
        let new = config.databases.iter().map(|it| it.name.as_str());
        let new: Vec<&str> =
            new.filter(|it| !round.memory.contains_key(*it) && has_some(it)).collect();
        let mut all = HashMap::with_capacity(new.len());
        for names in new.chunks(REPORTS_AT_ONCE) {
            let names = names.iter().map(|it| (*it).to_owned()).collect();
            match self.store.last_reports_of(names).await {
                Ok(reports) => {
                    all.extend(reports.into_iter().filter_map(|(name, it)| {
                        Some((name, Traced::of(&report::json::read(&it)?)))
                    }));
                }
                Err(error) => {
                    error!(
                        error = &error as &dyn std::error::Error,
                        "could not read the last reports; since when findings are there is not known"
                    );
                    break;
                }
            }
        }
        all
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
        round.anew.insert(database.clone(), now);
        let asked = round.asked.entry(database).or_default();
        // Whoever has gone away meanwhile takes no room.
        asked.retain(|it| !it.is_closed());
        asked.extend(reply);
    }

    /// Sets the next due time of a database whose audit has come back.
    fn put_back(&self, round: &mut Round, mut ended: Ended) {
        let Some(database) = round.databases.get(&ended.database) else {
            round.agenda.forget(&ended.database);
            round.asked.remove(&ended.database);
            return;
        };
        if let Some(elsewhere) = &mut ended.elsewhere {
            let at = elsewhere.at;
            round.agenda.put(&database.name, at);
            self.health.set_timing(&database.name, Timing { next_due: at, running_since: None });
            if let Some(since) = elsewhere.anew {
                round.anew.entry(ended.database.clone()).or_insert(since);
            }
            if !elsewhere.asked.is_empty() {
                round.asked.entry(ended.database.clone()).or_default().append(&mut elsewhere.asked);
            }
            return;
        }
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
        if !is_over {
            round.anew.insert(ended.database.clone(), now);
        }
        if ended.recorded {
            let timing = Timing { next_due, running_since: None };
            self.health.set_timing(&database.name, timing);
        } else {
            // It stays due in everybody's eyes, and so becomes overdue, until a report is recorded.
            self.health.set_idle(&database.name);
        }
        self.follow_circuit(round, &ended);
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
        (why, asked): (WhyNow, Vec<oneshot::Sender<Answer>>),
        ending: mpsc::UnboundedSender<Ended>,
    ) {
        let now = self.clock.now();
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
            why,
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
