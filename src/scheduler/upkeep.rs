//! What time does to deploys and trials, and what the scheduler makes of it: an audit at once where
//! the last one does not stand any more.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use tracing::error;
use tracing::info;
use tracing::warn;

use super::Round;
use super::Scheduler;
use super::commit::log_transition;
use crate::config::Config;
use crate::config::Database;
use crate::health::Timing;
use crate::policy::Policy;
use crate::store::Deploy;
use crate::store::Registered;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TransitionRecord;

/// The manifests of a configuration, as the store asks for them.
pub(super) fn registered(config: &Config) -> Arc<[Registered]> {
    let one = |it: &Arc<Database>| Registered {
        database: it.name.clone(),
        manifest: Arc::clone(&it.manifest),
    };
    config.databases.iter().map(one).collect()
}

impl Scheduler {
    /// Tells the store which manifests the config names, and learns what is in force. Returns the
    /// databases with findings that nothing holds any more. Where the state cannot be written, the
    /// config alone decides until it can: rather too much told than too little.
    pub(super) async fn register_manifests(
        &self,
        round: &mut Round,
        config: &Config,
        now: Timestamp,
    ) -> HashSet<String> {
        if let Some(upkeep) = round.upkeep.take() {
            // It works with the manifests of before, and must not do so after this. It cannot panic.
            let _ = upkeep.await;
        }
        round.registered = registered(config);
        let policy = Arc::clone(&config.policy);
        let told = if self.store.stands_back() {
            Ok(Vec::new())
        } else {
            self.store.register_manifests(Arc::clone(&round.registered), policy, now).await
        };
        round.is_registered.store(told.is_ok(), Ordering::Relaxed);
        match told {
            Ok(told) => log(&told),
            Err(error) => error!(
                error = &error as &dyn std::error::Error,
                "could not note the manifests; a changed one is told without a trial until that works"
            ),
        }
        self.take_standing(round).await;
        let let_go = round.in_force.let_go().iter().cloned().collect();
        // Who is due for another manifest is worked out from the state, with everything else.
        round.in_force.settle(&round.databases, now);
        let_go
    }

    async fn take_standing(&self, round: &mut Round) {
        round.standing.mark_unchanged();
        match self.store.standing().await {
            Ok(standing) => {
                let before = round.in_force.doubted();
                round.in_force.take(standing);
                log_doubts(&before, &round.in_force.doubted());
            }
            Err(error) => error!(
                error = &error as &dyn std::error::Error,
                "could not read the deploys; what was in force stays so"
            ),
        }
    }

    /// Deploys or trials changed.
    pub(super) async fn stand(&self, round: &mut Round) {
        self.take_standing(round).await;
        self.settle(round, self.clock.now());
    }

    /// Puts what is in force into force, and audits at once where that makes a difference.
    fn settle(&self, round: &mut Round, now: Timestamp) {
        for name in round.in_force.settle(&round.databases, now) {
            round.anew.insert(name.clone(), now);
            // One that is being audited is looked at when it comes back.
            if round.agenda.register(&name, now) {
                self.health.set_timing(&name, Timing { next_due: now, running_since: None });
            }
        }
    }

    /// Ends windows whose time is over, judges trials, and makes up for a registration that failed: in
    /// the background, one at a time, so that a slow disk does not keep the loop.
    pub(super) fn keep_up(&self, round: &mut Round, now: Timestamp) {
        let is_over = round.in_force.is_over(now);
        if is_over {
            // At once, whether or not the store can note it.
            self.settle(round, now);
        }
        let is_registered = round.is_registered.load(Ordering::Relaxed);
        let idle = !is_over && !round.in_force.is_on_trial() && is_registered;
        if idle
            || self.store.stands_back()
            || round.upkeep.as_ref().is_some_and(|it| !it.is_finished())
        {
            return;
        }
        let every = jiff::SignedDuration::try_from(super::ROUND).unwrap_or_default();
        if now.duration_since(round.upkept_at).abs() < every {
            return;
        }
        round.upkept_at = now;
        let (store, registered) = (self.store.clone(), Arc::clone(&round.registered));
        let policy = Arc::clone(&round.config.policy);
        let done = Arc::clone(&round.is_registered);
        round.upkeep = Some(self.tracker.spawn(async move {
            match upkeep(&store, registered, policy, !is_registered, now).await {
                Ok((ended, told)) => {
                    done.store(true, Ordering::Relaxed);
                    ended.iter().for_each(log_end);
                    log(&told);
                }
                Err(error) => warn!(
                    error = &error as &dyn std::error::Error,
                    "could not note what became of deploys and manifests; it is tried again"
                ),
            }
        }));
    }
}

async fn upkeep(
    store: &Store,
    registered: Arc<[Registered]>,
    policy: Arc<Policy>,
    anew: bool,
    now: Timestamp,
) -> Result<(Vec<Deploy>, Vec<TransitionRecord>), StoreError> {
    let ended = store.end_due_deploys(now).await?;
    let mut told = Vec::new();
    if anew {
        let (registered, policy) = (Arc::clone(&registered), Arc::clone(&policy));
        told.extend(store.register_manifests(registered, policy, now).await?);
    }
    told.extend(store.judge_trials(registered, policy, now).await?);
    Ok((ended, told))
}

fn log_doubts(before: &BTreeSet<(String, String)>, now: &BTreeSet<(String, String)>) {
    for (name, hash) in now.difference(before) {
        info!(
            manifest.name = name,
            manifest.hash = hash,
            "manifest `{name}` changed to version {hash}, which is on trial: findings that only it has \
             are held"
        );
    }
    for (name, hash) in before.difference(now) {
        info!(
            manifest.name = name,
            manifest.hash = hash,
            "nothing of version {hash} of manifest `{name}` is held any more"
        );
    }
}

fn log_end(it: &Deploy) {
    info!(
        deploy.id = it.id,
        deploy.reference = it.reference,
        manifest.hash = it.hash,
        "deploy {} is over: its time has come; version {} of manifest `{}` is enforced",
        it.id,
        it.hash,
        it.manifest
    );
}

fn log(told: &[TransitionRecord]) {
    told.iter().for_each(log_transition);
}
