//! Starts the audit of a database that is due.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::Round;
use super::Scheduler;
use super::ended::Ended;
use super::ended::Ending;
use super::work::Work;
use crate::audit::Provisioning;
use crate::config::Database;
use crate::demand::Answer;
use crate::health::Timing;
use crate::store::WhyNow;

impl Scheduler {
    /// Starts one audit as a task of its own.
    pub(super) fn start(
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
