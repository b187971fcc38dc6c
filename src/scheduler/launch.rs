//! What is due waits for its turn ([`super::waiting`]), and is started then.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Round;
use super::Scheduler;
use super::ended::Ending;
use super::waiting::Bounds;
use super::waiting::Lane;
use super::work::Work;
use crate::audit::Provisioning;
use crate::config::Database;
use crate::health::Timing;
use crate::store::WhyNow;

impl Scheduler {
    /// Takes what is due from the agenda, and starts as much of what waits as may be started.
    pub(super) fn launch(&self, round: &mut Round, now: Timestamp) {
        while let Some(name) = round.agenda.take_due(now) {
            self.take_in(round, &name, now);
        }
        let bounds = Bounds::of(&round.config.limits);
        while let Some(name) = round.waiting.next(bounds) {
            let Some(database) = round.databases.get(&name).map(Arc::clone) else {
                round.waiting.back(&name);
                round.agenda.forget(&name);
                continue;
            };
            // It may be known by now that it hangs: then it is not to keep those behind it.
            let lane = lane(round, &database, now);
            if round.waiting.is_started_in(&name, lane) {
                self.start(round, &database);
            } else {
                round.waiting.back(&name);
                round.waiting.push(name, lane, database.server());
            }
        }
    }

    /// Lets a database that is due wait for its turn. A person who asks is not made to wait.
    fn take_in(&self, round: &mut Round, name: &str, now: Timestamp) {
        let Some(database) = round.databases.get(name).map(Arc::clone) else {
            round.agenda.forget(name);
            return;
        };
        if round.asked.get(name).is_some_and(|it| !it.is_empty()) {
            return self.start(round, &database);
        }
        let timing = Timing { next_due: now, running_since: Some(now) };
        self.health.set_timing(name, timing);
        let lane = lane(round, &database, now);
        round.waiting.push(name.to_owned(), lane, database.server());
    }

    /// Somebody asks for a database: it waits for nobody else's turn.
    pub(super) fn hurry(&self, round: &mut Round, name: &str) {
        let Some(database) = round.databases.get(name).map(Arc::clone) else { return };
        if round.waiting.take(name) {
            self.start(round, &database);
        }
    }

    /// Starts one audit as a task of its own.
    fn start(&self, round: &mut Round, database: &Arc<Database>) {
        let now = self.clock.now();
        let name = &database.name;
        let asked = round.asked.remove(name).unwrap_or_default();
        let why = match round.anew.remove(name) {
            _ if !asked.is_empty() => WhyNow::Asked,
            Some(since) => WhyNow::Since(since),
            None => WhyNow::Due,
        };
        // How late it is stays told until it is back.
        let waited = self.health.timing(name).filter(|it| it.running_since.is_some());
        let next_due = waited.map_or(now, |it| it.next_due);
        self.health.set_timing(name, Timing { next_due, running_since: Some(now) });
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
        let ending = Ending::new(database, force, round.ending.clone());
        self.tracker.spawn(work.run(ending));
    }
}

/// Behind whom a database queues.
fn lane(round: &Round, database: &Database, now: Timestamp) -> Lane {
    if round.slots.is_slow(database, now) {
        Lane::Offender
    } else if round.in_force.of(database).manifests().any(|it| it.golden.is_some()) {
        Lane::Golden
    } else {
        Lane::Plain
    }
}
