//! What a configuration, or what a registry names, means for the scheduler: which databases are on the agenda, since
//! when they are known, and what ends with those that are gone.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::error;
use tracing::info;

use super::Memory;
use super::Round;
use super::Scheduler;
use super::commit::log_transition;
use super::start;
use crate::audit::Goldens;
use crate::audit::Twins;
use crate::config::Config;
use crate::config::Database;
use crate::health::Timing;
use crate::report;
use crate::report::origin::Traced;
use crate::store::DatabaseState;

/// Reports that are read from the state at one time.
const REPORTS_AT_ONCE: usize = 500;

impl Scheduler {
    /// Takes the databases of `config` into the agenda, and drops those that are gone.
    ///
    /// A database whose last complete audit is still current, against the same manifest, waits for
    /// its next tick; every other one, and what was waiting to be confirmed, is due now, splayed.
    pub(super) async fn register(&self, round: &mut Round, config: Arc<Config>) {
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
        for gone in round.waiting.retain(|name| round.databases.contains_key(name)) {
            round.agenda.forget(&gone);
            // Who waits for it is told by the end of the channel.
            round.asked.remove(&gone);
        }
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
