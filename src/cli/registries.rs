//! What the registries of the config name now, for commands that run once: they read each registry
//! themselves and need no daemon.

use crate::config::Config;
use crate::config::ConnectionSource;
use crate::config::Discovery;
use crate::discovery;
use crate::introspect::Environment;
use crate::registry;
use crate::registry::Tenant;
use crate::registry::Way;

use super::environment;
use super::selection::Selection;

/// What one registry says now, or why it could not be read.
pub(super) struct Looked<'a> {
    pub(super) discovery: &'a Discovery,
    pub(super) tenants: Result<Vec<Tenant>, String>,
}

/// Reads every registry of the config, in its order.
pub(super) async fn look<'a>(config: &'a Config, environment: &Environment) -> Vec<Looked<'a>> {
    let mut before: Vec<Tenant> = Vec::new();
    let mut all = Vec::new();
    for discovery in &config.discoveries {
        let tenants =
            discovery::look(discovery, config, &before, environment, environment::variable).await;
        before.extend(tenants.iter().flatten().cloned());
        all.push(Looked { discovery, tenants: tenants.map_err(|error| error.to_string()) });
    }
    all
}

/// The config with the databases of its registries, where the selection is about more than what the
/// file itself names. A registry that cannot be read is one `unknown` database of its own: a check that
/// passes it over must not pass as clean.
pub(super) async fn with_registries(
    config: Config,
    selection: &Selection,
    environment: &Environment,
) -> Config {
    if config.discoveries.is_empty() || selection.is_within(&config) {
        return config;
    }
    let looked = look(&config, environment).await;
    let all: Vec<(&Discovery, Vec<Tenant>)> = looked
        .into_iter()
        .map(|it| match it.tenants {
            Ok(tenants) => (it.discovery, tenants),
            Err(failure) => (it.discovery, vec![unread(it.discovery, &failure)]),
        })
        .collect();
    registry::merge(&config, all.iter().map(|(it, tenants)| (*it, tenants.iter().collect())))
}

/// What stands for a registry that could not be read.
fn unread(discovery: &Discovery, failure: &str) -> Tenant {
    let name: String = discovery.name.chars().take(80).collect();
    Tenant {
        name: format!("{name}-registry"),
        manifest: None,
        labels: discovery.tenants.labels.clone(),
        way: Way::Senseless(format!("it cannot be read: {failure}")),
    }
}

/// Where a database is, without user and password: `host:5432/sco`.
pub(super) fn place(source: &ConnectionSource) -> Result<String, String> {
    match source {
        ConnectionSource::Parsed(it) => {
            let hosts: Vec<String> = it.hosts.iter().map(ToString::to_string).collect();
            let database = it.database.as_deref().unwrap_or_default();
            let place = format!("{}/{database}", hosts.join(","));
            Ok(crate::schema::visible(place.as_bytes()))
        }
        ConnectionSource::File { path, .. } => Ok(format!("as {} says", path.display())),
        ConnectionSource::Unusable { reason } => Err(reason.to_string()),
    }
}
