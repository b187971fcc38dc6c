//! Which registered database is behind a connection, and what is expected of it: as the configuration says,
//! or as the daemon does.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

use crate::audit::Goldens;
use crate::audit::Slots;
use crate::cli::client::Client;
use crate::cli::environment;
use crate::cli::selection;
use crate::cli::sql::login;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::ConnectionSource;
use crate::config::Database;
use crate::deploy::Force;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::manifest::resolved;
use crate::reset::Pin;
use crate::reset::unlike_declared;
use crate::schema::Catalog;
use crate::schema::DatabaseIdentity;

/// What is expected.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    /// The registered name; `None`: it is not registered.
    pub(super) database: Option<String>,
    /// In force for it, its own first. Of one that is not registered: that of its mark, if there is one.
    pub(super) manifests: Vec<Arc<Manifest>>,
    pub(super) all: Manifests,
    pub(super) known: Vec<Known>,
    pub(super) severities: BTreeMap<FindingKind, Severity>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) pin: Option<Pin>,
    pub(super) learnt: Option<(u64, u32)>,
    /// Who says so, in words.
    pub(super) from: String,
    /// Another registered database that the connection leads to, where one was named.
    pub(super) elsewhere: Option<String>,
    /// The connection leads where the database that was named is registered.
    pub(super) is_placed: bool,
    pub(super) doubts: Vec<String>,
}

/// As the configuration says: the database of that name, or the one that has this identity declared or is
/// reached in the same place.
pub(super) async fn from_config(
    config: &Config,
    name: Option<&str>,
    connection: &ConnectionSource,
    live: &Catalog,
) -> anyhow::Result<Expectation> {
    let from = format!("{} says what is expected", config.path.display());
    let all = config.manifests.clone();
    let found = if let Some(name) = name {
        Some(selection::named(config, name)?)
    } else {
        let fits = |it: &&Arc<Database>| is_it(it, connection, identity(live));
        let found: Vec<&Arc<Database>> = config.databases.iter().filter(fits).collect();
        one(&found, |it| (&it.name, &it.manifest.name))?.copied()
    };
    let Some(database) = found else {
        let manifests = by_mark(live, &all);
        return Ok(Expectation { manifests, all, from, ..Expectation::default() });
    };
    let leads_to = |it: &Arc<Database>| is_it(it, connection, identity(live));
    let is_placed = leads_to(database);
    let other = config.databases.iter().find(|it| it.name != database.name && leads_to(it));
    let elsewhere = other.filter(|_| !is_placed).map(|it| it.name.clone());
    let environment = environment::environment();
    let goldens = Goldens::of(&config.databases);
    let slots = Slots::new(&config.limits);
    let force = Force::of(Arc::clone(&database.manifest));
    let force = match goldens.complete(&force, &environment, &slots, &Clock::System).await {
        Ok(force) => force,
        Err(reason) => bail!("{reason}"),
    };
    Ok(Expectation {
        database: Some(database.name.clone()),
        manifests: force.manifests().map(Arc::clone).collect(),
        all,
        known: database.known.clone(),
        severities: database.severities.clone(),
        labels: database.labels.clone(),
        pin: database.pin.clone(),
        learnt: None,
        from,
        elsewhere,
        is_placed,
        doubts: Vec::new(),
    })
}

fn identity(live: &Catalog) -> Option<&DatabaseIdentity> {
    live.definitions.imprint.as_ref()?.as_ref().ok().map(|it| &it.identity)
}

/// Whether that registered database is behind a connection, as far as the configuration can tell.
fn is_it(
    database: &Database,
    connection: &ConnectionSource,
    identity: Option<&DatabaseIdentity>,
) -> bool {
    if let (Some(pin), Some(identity)) = (&database.pin, identity)
        && pin.is_whole()
    {
        return unlike_declared(pin, identity).is_none();
    }
    let (registered, it) = (login::named(&database.connection), login::named(connection));
    registered.zip(it).is_some_and(|(registered, it)| it.leads_where(&registered))
}

/// The one that was found. Several of one class are one database under several names.
fn one<T>(found: &[T], what: impl Fn(&T) -> (&String, &String)) -> anyhow::Result<Option<&T>> {
    let mut classes: Vec<&String> = found.iter().map(|it| what(it).1).collect();
    classes.dedup();
    if classes.len() > 1 {
        let names: Vec<String> = found.iter().map(|it| format!("`{}`", what(it).0)).collect();
        bail!("several registered databases are behind this URL: {}; name one", names.join(", "));
    }
    Ok(found.first())
}

/// What an unregistered database says that it should be held to.
fn by_mark(live: &Catalog, all: &Manifests) -> Vec<Arc<Manifest>> {
    let class = live.session.mark.as_ref().and_then(|it| it.as_ref().ok());
    class.and_then(|it| all.get(&it.class)).map(Arc::clone).into_iter().collect()
}

/// As the daemon says, which knows by what each database is known again.
pub(super) async fn from_daemon(
    daemon: &Client,
    name: Option<&str>,
    connection: &ConnectionSource,
    live: &Catalog,
) -> anyhow::Result<Expectation> {
    let clues = clues(connection, live);
    let found = daemon.get(&["expectations"], &clues).await?;
    let led_to = names(&found);
    let answer = match name {
        Some(name) => daemon.get(&["expectations"], &[("database", name.to_owned())]).await?,
        None => found,
    };
    let all: Manifests =
        manifests(&answer["manifests"])?.into_iter().map(|it| (it.name.clone(), it)).collect();
    let from = format!("the daemon on {} says what is expected", daemon.base());
    let found =
        answer["expectations"].as_array().context("the daemon's answer has no `expectations`")?;
    let words = |it: &Value| {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        (text(&it["database"]), text(&it["manifests"][0]["manifest"]))
    };
    let named: Vec<((String, String), &Value)> = found.iter().map(|it| (words(it), it)).collect();
    let Some(((database, _), it)) = one(&named, |it| (&it.0.0, &it.0.1))? else {
        let manifests = by_mark(live, &all);
        return Ok(Expectation { manifests, all, from, ..Expectation::default() });
    };
    let manifests = manifests(&it["manifests"])?;
    let number = |it: &Value| it.as_u64();
    let oid = |it: &Value| number(it).and_then(|it| u32::try_from(it).ok());
    let learnt = &it["learnt"];
    let declared = it["declared"].as_object().map(|it| Pin {
        system: it.get("system").and_then(number),
        oid: it.get("oid").and_then(oid),
        name: it.get("name").and_then(|it| it.as_str().map(str::to_owned)),
    });
    let is_placed = led_to.contains(database);
    let elsewhere = led_to.into_iter().find(|_| !is_placed);
    let labels = it["labels"].as_object().into_iter().flatten();
    let doubts = manifests.iter().filter_map(|it| {
        let golden = it.golden.as_ref()?;
        Some(format!(
            "manifest `{}` expects what database `{}` shows, which only the daemon reads",
            it.name, golden.database
        ))
    });
    Ok(Expectation {
        database: Some(database.clone()),
        doubts: doubts.collect(),
        manifests,
        all,
        // Those of the database are among those of its manifest.
        known: Vec::new(),
        severities: BTreeMap::new(),
        labels: labels
            .filter_map(|(name, it)| Some((name.clone(), it.as_str()?.to_owned())))
            .collect(),
        pin: declared,
        learnt: number(&learnt["system"]).zip(oid(&learnt["oid"])),
        from,
        elsewhere,
        is_placed,
    })
}

/// The databases of an answer.
fn names(answer: &Value) -> Vec<String> {
    let all = answer["expectations"].as_array().into_iter().flatten();
    all.filter_map(|it| it["database"].as_str().map(str::to_owned)).collect()
}

/// What the daemon may find the database by. Nothing of it is secret.
fn clues(connection: &ConnectionSource, live: &Catalog) -> Vec<(&'static str, String)> {
    let mut clues = Vec::new();
    if let Some(identity) = identity(live) {
        if let Some(system) = identity.system {
            clues.push(("system", system.to_string()));
        }
        clues.push(("oid", identity.oid.to_string()));
    }
    if let ConnectionSource::Parsed(it) = connection {
        let places = it.places().into_iter().collect::<Vec<_>>().join(",");
        clues.extend((!places.is_empty()).then_some(("places", places)));
        clues.extend(it.dbname().map(|it| ("dbname", it.to_owned())));
    }
    clues
}

fn manifests(all: &Value) -> anyhow::Result<Vec<Arc<Manifest>>> {
    let all = all.as_array().context("the daemon's answer has no `manifests`")?;
    let one = |it: &Value| resolved::from_json(it).map(Arc::new);
    all.iter()
        .map(one)
        .collect::<Result<_, _>>()
        .context("the daemon's answer holds a manifest that this version cannot read")
}
