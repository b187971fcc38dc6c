//! From a tenant to a registered database, and from a config and its tenants to one config.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::OnceLock;

use super::Tenant;
use super::Way;
use crate::config::Config;
use crate::config::ConnectionDefaults;
use crate::config::ConnectionSource;
use crate::config::Database;
use crate::config::Discovery;
use crate::config::Placeholder;
use crate::config::RegistrySource;
use crate::connection::Connection;
use crate::connection::ConnectionError;
use crate::connection::Password;
use crate::connection::SslMode;
use crate::connection::parse;
use crate::manifest::Manifests;

/// The database that a tenant is. What is wrong with it makes every audit of it `unknown`.
#[must_use]
pub fn database(tenant: &Tenant, discovery: &Discovery, manifests: &Manifests) -> Database {
    let defaults = &discovery.tenants;
    let named = tenant.manifest.as_ref().map(|it| manifests.get(it));
    let (manifest, connection) = match named {
        None => (&defaults.manifest, connection(tenant, discovery)),
        Some(Some(manifest)) => (manifest, connection(tenant, discovery)),
        Some(None) => {
            (&defaults.manifest, Err("its row names a manifest that does not exist".to_owned()))
        }
    };
    let connection = connection.unwrap_or_else(|problem| ConnectionSource::Unusable {
        reason: format!("registry `{}`: {problem}", discovery.name).into(),
    });
    // What is reached as the database of the registry is, is on the server that this one is on.
    let server = match &discovery.source {
        RegistrySource::Databases { from, .. } if !connection.is_unusable() => from.server.clone(),
        _ => None,
    };
    // What a file says at each connection is known of the database of the registry alone.
    let scales_to_zero = match (&connection, &discovery.source) {
        (ConnectionSource::Parsed(it), _) => it.scales_to_zero(),
        (_, RegistrySource::Databases { from, .. }) => from.scales_to_zero,
        _ => false,
    };
    let schedule = if scales_to_zero { &defaults.schedule_of_sleepers } else { &defaults.schedule };
    let mut labels = defaults.labels.clone();
    labels.extend(tenant.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
    Database {
        name: tenant.name.clone(),
        connection,
        manifest: Arc::clone(manifest),
        schedule: schedule.clone(),
        min_interval: defaults.min_interval,
        scales_to_zero,
        labels,
        server,
        known: defaults.known.get(&tenant.name).cloned().unwrap_or_default(),
        severities: defaults.severities.clone(),
        limits: defaults.limits,
        provision_grace: defaults.provision_grace,
        life: defaults.life,
        resets: defaults.resets.clone(),
        // What is declared of one database is not of all.
        pin: None,
        observer: defaults.observer,
        guard: defaults.guard,
        watch: defaults.watch,
        discovery: Some(discovery.name.clone()),
    }
}

/// How it is reached, or why it is not. Nothing that a row says is in the reason.
fn connection(tenant: &Tenant, discovery: &Discovery) -> Result<ConnectionSource, String> {
    let defaults = &discovery.tenants.connection;
    let connection = match (&tenant.way, &discovery.source) {
        (Way::Senseless(problem), _) => return Err(problem.clone()),
        (Way::NotKept { reason, .. }, _) => return Err(reason.clone()),
        // Nothing of the registry leads anywhere.
        (Way::Parts(parts), RegistrySource::Databases { from, .. }) => {
            return beside(from, parts.dbname.as_deref());
        }
        (Way::Parts(parts), _) => {
            let template = discovery.template().ok_or("the config has no `url_template` for it")?;
            let host = parts.host.as_deref().map(bracketed);
            let filled = template.fill(|it| match it {
                Placeholder::Name => Some(tenant.name.as_str()),
                Placeholder::Host => host.as_deref(),
                Placeholder::Port => parts.port.as_deref(),
                Placeholder::Dbname => parts.dbname.as_deref(),
                Placeholder::User => parts.user.as_deref(),
            });
            let url = filled.map_err(|it| format!("its row has no `{}`", it.word()))?;
            parsed(url.expose(), defaults)?
        }
        (Way::Url(url), _) if discovery.template().is_none() => {
            let connection = parsed(url.expose(), defaults)?;
            if gives_our_password_away(&connection, defaults) {
                return Err(UNPROVEN.to_owned());
            }
            connection
        }
        (Way::Url(_), _) => return Err("its row has nothing for `url_template`".to_owned()),
    };
    if let Some(refusal) = discovery.hosts.refusal(&connection) {
        return Err(refusal.to_owned());
    }
    if discovery.from().is_some_and(|it| matches!(&it.connection, ConnectionSource::Parsed(from) if connection.leads_where(from))) {
        return Err("its URL points back at the registry".to_owned());
    }
    Ok(ConnectionSource::Parsed(Arc::new(connection)))
}

/// What is said of a URL that asks for less than a proven server.
const UNPROVEN: &str = "its URL asks for a server that need not prove who it is (`sslmode`, other than \
                        verify-full), and a password of ours (`password_file`, `PGPASSWORD`, …) could go there; \
                        `sslrootcert` under the discovery, with verify-ca, or `insecure: true` allows that";

/// Whether a row's `sslmode` would let a password of ours go to whoever answers. A chain of certificates
/// without a name proves something only where it ends at a root of the config's own choice: everybody has
/// one that ends at a root of the system.
fn gives_our_password_away(connection: &Connection, defaults: &ConnectionDefaults) -> bool {
    let is_proven = match connection.ssl_mode {
        SslMode::VerifyFull => true,
        // With roots, `require` is `verify-ca`, as libpq has it.
        SslMode::VerifyCa | SslMode::Require => {
            defaults.ssl_root_cert.as_ref().is_some_and(|it| it.as_os_str() != "system")
        }
        _ => false,
    };
    let is_ours = !matches!(connection.password, Password::Inline(_) | Password::Withheld);
    connection.is_remote() && !is_proven && is_ours && !defaults.insecure
}

fn parsed(url: &str, defaults: &ConnectionDefaults) -> Result<Connection, String> {
    parse(url, defaults).map_err(|error| match error {
        // The name of a parameter is a piece of the row.
        ConnectionError::UnknownParameter { .. } => {
            "its URL has a parameter that nobody knows".to_owned()
        }
        other => format!("its URL is none: {other}"),
    })
}

/// An IPv6 address stands between brackets in a URL.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// The same connection to another database of the server.
fn beside(from: &Database, dbname: Option<&str>) -> Result<ConnectionSource, String> {
    let database = Some(dbname.ok_or("it has no name on the server")?.to_owned());
    match &from.connection {
        ConnectionSource::Parsed(connection) => {
            let connection = Connection { database, ..Connection::clone(connection) };
            Ok(ConnectionSource::Parsed(Arc::new(connection)))
        }
        ConnectionSource::File { path, defaults } => {
            let defaults = ConnectionDefaults { database, ..defaults.clone() };
            Ok(ConnectionSource::File { path: path.clone(), defaults })
        }
        ConnectionSource::Unusable { reason } => Err(reason.to_string()),
    }
}

/// The config with the databases of its registries, by discovery in the order of the config. A name
/// that is there already is passed over.
#[must_use]
pub fn merge<'a>(
    config: &Config,
    tenants: impl IntoIterator<Item = (&'a Discovery, Vec<&'a Tenant>)>,
) -> Config {
    // There will be more names than anybody has asked for.
    let mut merged = Config { names: OnceLock::new(), ..config.clone() };
    let mut taken: HashSet<String> = config.databases.iter().map(|it| it.name.clone()).collect();
    for (discovery, tenants) in tenants {
        for tenant in tenants {
            if taken.insert(tenant.name.clone()) {
                let database = database(tenant, discovery, &config.manifests);
                merged.databases.push(Arc::new(database));
            }
        }
    }
    merged
}
