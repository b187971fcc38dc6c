//! What is in force for each database: the config's manifests, with the deploys and trials that the
//! store knows of.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::Database;
use crate::deploy::Force;
use crate::deploy::Window;
use crate::deploy::in_force;
use crate::manifest::Manifest;
use crate::store::Standing;

/// What is in force, as of the last [`InForce::settle`].
#[derive(Debug, Default)]
pub(super) struct InForce {
    windows: HashMap<String, Window>,
    /// By name and hash of the changed version: the version before.
    trusted: HashMap<(String, String), Arc<Manifest>>,
    on_trial: bool,
    /// Databases with findings that nothing holds any more.
    held: Vec<String>,
    forces: HashMap<String, Arc<Force>>,
}

impl InForce {
    /// Takes what the store knows; it counts from the next [`Self::settle`] on.
    pub(super) fn take(&mut self, standing: Standing) {
        self.on_trial = standing.trials.iter().any(|it| !it.suspect);
        self.trusted =
            standing.trials.into_iter().map(|it| ((it.name, it.hash), it.trusted)).collect();
        self.windows = standing.windows.into_iter().collect();
        self.held = standing.held;
    }

    /// Works out what is in force now. Returns the databases for which the last audit does not stand
    /// any more: something else is allowed, or what it held is not held now.
    pub(super) fn settle(
        &mut self,
        databases: &HashMap<String, Arc<Database>>,
        now: Timestamp,
    ) -> Vec<String> {
        let mut stale = std::mem::take(&mut self.held);
        stale.retain(|it| databases.contains_key(it));
        let mut forces = HashMap::with_capacity(databases.len());
        for (name, database) in databases {
            let force = self.work_out(database, now);
            let before = self.forces.get(name);
            if before.is_some_and(|it| !it.allows_as(&force)) && !stale.contains(name) {
                stale.push(name.clone());
            }
            forces.insert(name.clone(), Arc::new(force));
        }
        self.forces = forces;
        stale
    }

    fn work_out(&self, database: &Database, now: Timestamp) -> Force {
        let manifest = &database.manifest;
        let trusted = if self.trusted.is_empty() {
            None
        } else {
            self.trusted.get(&(manifest.name.clone(), manifest.hash.clone()))
        };
        in_force(manifest, self.windows.get(&database.name), trusted, now)
    }

    /// Databases with findings that nothing holds any more, as far as [`Self::settle`] has not told.
    pub(super) fn let_go(&self) -> &[String] {
        &self.held
    }

    /// Changed manifests that are on trial or suspect: name and hash.
    pub(super) fn doubted(&self) -> BTreeSet<(String, String)> {
        self.trusted.keys().cloned().collect()
    }

    /// What is in force for a database.
    pub(super) fn of(&self, database: &Database) -> Arc<Force> {
        let known = self.forces.get(&database.name).map(Arc::clone);
        known.unwrap_or_else(|| Arc::new(Force::of(Arc::clone(&database.manifest))))
    }

    /// Whether a window has ended by time that [`Self::settle`] still took for open, or that the store
    /// has not noted.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.windows.values().any(|it| it.ended_at.is_none() && !it.is_open(now))
    }

    /// Whether a trial waits for its verdict.
    pub(super) fn is_on_trial(&self) -> bool {
        self.on_trial
    }
}
