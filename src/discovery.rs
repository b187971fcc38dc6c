//! Discovery: reads registries on their own schedules, and registers what they name.
//!
//! Everything else follows one configuration; this loop is who publishes it: what the file says, and
//! the databases of its registries ([`registry::merge()`]). Whether a registry is believed, the rules in
//! [`crate::registry`] decide; what was last known is in the state, so that a restart forgets nobody.
//!
//! ```text
//! config.yaml ──► Config ──────────────┐
//!   registry ─ refresh ─ judge ─ state ┴─ merge ──► Config ──► scheduler, HTTP, delivery, …
//! ```

mod kept;
mod refresh;
mod round;
mod seal;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::audit::Slots;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Discovery;
use crate::introspect::Environment;
use crate::registry;
use crate::registry::Known;
use crate::registry::Tenant;
use crate::registry::Way;
use crate::store::Store;

pub use refresh::DiscoveryError;

use round::Round;

/// What the loop works with.
#[derive(Clone, Debug)]
pub struct Discoverer {
    /// What the file says.
    pub file: watch::Receiver<Arc<Config>>,
    /// What is in force: the file and its registries.
    pub publish: Arc<watch::Sender<Arc<Config>>>,
    pub store: Store,
    pub clock: Clock,
    pub environment: Arc<Environment>,
    /// The process environment, for files of tenants.
    pub variable: fn(&str) -> Option<String>,
    /// Reading a registry takes a place like an audit.
    pub slots: watch::Receiver<Arc<Slots>>,
    /// Cancelled once every registry was looked at, with whatever success.
    pub looked: CancellationToken,
    pub shutdown: CancellationToken,
}

/// The last known tenants of each discovery.
#[derive(Clone, Debug, Default)]
pub struct Registries(BTreeMap<String, Known>);

impl Registries {
    /// What the state kept. Says so loudly where databases cannot be reached for want of a key.
    pub async fn recall(store: &Store, config: &Config) -> Self {
        let kept = match store.registries().await {
            Ok(kept) => kept,
            Err(error) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "could not read which databases registries named last"
                );
                return Self::default();
            }
        };
        let mut all = BTreeMap::new();
        for kept in kept {
            let name = kept.discovery.clone();
            let known = kept::from_state(kept, config);
            if config.discoveries.iter().any(|it| it.name == name) {
                log_lost(&name, &known);
            }
            all.insert(name, known);
        }
        Self(all)
    }

    /// Whether there are databases whose URL was not kept over the restart.
    #[must_use]
    pub fn lost_some(&self) -> bool {
        let mut all = self.0.values().flat_map(|it| it.tenants.values());
        all.any(|it| matches!(it.way, Way::NotKept { .. }))
    }

    /// The config with everything that is known.
    #[must_use]
    pub fn merged(&self, config: &Config) -> Config {
        let of = |it: &Arc<Discovery>| {
            self.0.get(&it.name).map(|it| it.tenants.values().collect()).unwrap_or_default()
        };
        let tenants: Vec<(&Discovery, Vec<&Tenant>)> =
            config.discoveries.iter().map(|it| (&**it, of(it))).collect();
        registry::merge(config, tenants)
    }

    /// Whether a name belongs to the config itself, or to a discovery before this one.
    fn is_taken(&self, config: &Config, discovery: &str) -> impl Fn(&str) -> bool + use<> {
        let mut taken: HashSet<String> =
            config.databases.iter().map(|it| it.name.clone()).collect();
        let earlier = config.discoveries.iter().take_while(|it| it.name != discovery);
        for it in earlier.filter_map(|it| self.0.get(&it.name)) {
            taken.extend(it.tenants.keys().cloned());
        }
        move |name| taken.contains(name)
    }
}

fn log_lost(discovery: &str, known: &Known) {
    let lost = known.tenants.values().filter(|it| matches!(it.way, Way::NotKept { .. })).count();
    if lost > 0 {
        error!(
            discovery.name = discovery,
            databases = lost,
            "{lost} databases of registry `{discovery}` are unknown until it names them again: their URLs \
             were not kept over the restart (state.encryption_key_file)"
        );
    }
}

/// Reads one registry now and says which tenants it names, without the state: for commands that run
/// once. `before` are the tenants of the discoveries before it.
pub async fn look(
    discovery: &Discovery,
    config: &Config,
    before: &[Tenant],
    environment: &Environment,
    variable: fn(&str) -> Option<String>,
) -> Result<Vec<Tenant>, DiscoveryError> {
    let rows = refresh::read(discovery, environment, variable).await?;
    let mut taken: HashSet<&str> = config.databases.iter().map(|it| it.name.as_str()).collect();
    taken.extend(before.iter().map(|it| it.name.as_str()));
    Ok(registry::tenants(discovery, rows, |name| taken.contains(name)))
}

/// Refreshes registries when they are due, and publishes what changes, until `shutdown`.
pub async fn run(discoverer: Discoverer, registries: Registries) {
    Round::new(discoverer, registries).run().await;
}
