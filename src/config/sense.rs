//! Whether the values of a config make sense together, and the [`Config`] if they do.
//!
//! Each section notes every mistake it finds and goes on, so that a person mends them in one go; a
//! section with a mistake yields nothing, and then there is no config.

mod channel;
mod database;
mod discover;
mod email;
mod encryption_key;
mod http;
mod leading;
mod life;
mod limits;
mod maintenance;
mod matcher;
mod network;
mod noted;
mod own;
mod paced;
mod proxies;
mod receiver;
mod resets;
mod route;
mod schedule;
mod secret;
mod state;
mod tls;
mod tokens;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::manifest::Manifests;
use crate::policy::Policy;
use crate::yaml;
use crate::yaml::At;
use crate::yaml::Position;

use super::Channel;
use super::ChannelKind;
use super::Config;
use super::Messages;
use super::known::KnownFiles;
use super::shape;
use super::undelivered;

use matcher::Registered;

pub(super) use limits::DEFAULTS as DEFAULT_LIMITS;
pub(super) use noted::Noted;

/// The longest deploy window, if the file does not say.
const DEFAULT_DEPLOY_MAX: Duration = Duration::from_hours(4);
/// What is deployed for longer than a week is two manifests, not one deploy.
const DEPLOY_MAX: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(7 * 24);

/// The longest name of a database or channel, in bytes. It stands in labels, messages and URLs.
const MAX_NAME: usize = 100;

/// What the words mean together. `manifests` is `None` where they could not be read, which was noted.
pub(super) fn sense(
    file: &shape::File,
    manifests: Option<Manifests>,
    known: KnownFiles,
    hash: String,
    now: Timestamp,
    noted: &mut Noted,
) -> Option<Config> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let global_limits = limits::global(file.limits.as_ref(), noted);
    let shared = database::shared(file, manifests.as_ref(), &known, global_limits, today, noted);
    let databases: Vec<_> = database::all(file, &shared, noted).into_iter().map(Arc::new).collect();
    paced::check(file, &databases, global_limits, now, noted);
    let discoveries = discover::all(file, &shared, &databases, noted);
    database::goldens(file, manifests.as_ref(), noted);
    for (key, word, given) in [
        ("allow_networks", "allow", &file.allow_networks),
        ("deny_networks", "deny", &file.deny_networks),
    ] {
        if let Some(given) = given {
            let help = format!("did you mean `networks: {{ {word}: […] }}`?");
            noted.mistake_help(Some(given.at), key, "unknown key", help);
        }
    }
    let networks = network::networks(file.networks.as_ref(), noted);
    let channels = channel::all(file.channels.as_ref(), &networks, noted);
    let registered = Registered::of(file);
    let routes = route::all(file, &registered, noted);
    let maintenance = maintenance::all(file.maintenance.as_ref(), &registered, now, noted);
    let roots = shared.ssl_root_cert.clone();
    let state = state::read(file, global_limits, &databases, roots, noted);
    let http = http::read(file.http.as_ref(), &state.sqlite, noted);
    let zone = file.messages.as_ref().and_then(|it| it.timezone.as_ref());
    let messages = Messages {
        timezone: zone
            .map_or(TimeZone::UTC, |it| schedule::timezone(it, "messages.timezone", noted)),
        external_url: http::external_url(file.http.as_ref(), noted),
    };
    let heartbeat = network::heartbeat(file.heartbeat.as_ref(), &networks, noted);
    let deploy_max = noted.period(
        file.deploy.as_ref().and_then(|it| it.max.as_ref()),
        "deploy.max",
        DEFAULT_DEPLOY_MAX,
        DEPLOY_MAX,
    );
    // `check` needs no channels: who names neither of the two wants no alerts from this file.
    if file.channels.is_some() || file.routes.is_some() {
        let has_channels = file.channels.as_ref().is_some_and(|it| !it.value.0.is_empty());
        let has_routes = file.routes.as_ref().is_some_and(|it| !it.value.is_empty());
        noted.mistakes.extend(undelivered(noted.path(), has_channels, has_routes));
    }
    let one_by_one = |it: &Channel| matches!(it.kind, ChannelKind::PagerDuty { .. });
    let policy = Policy {
        channels: channels.keys().cloned().collect(),
        one_by_one: channels
            .values()
            .filter(|it| one_by_one(it))
            .map(|it| it.name.clone())
            .collect(),
        routes,
        maintenance,
    };
    Some(Config {
        path: noted.path().to_owned(),
        hash,
        databases,
        discoveries: discoveries.into_iter().map(Arc::new).collect(),
        manifests: manifests?,
        known_files: known.paths,
        policy: Arc::new(policy),
        channels,
        state,
        http: http?,
        metrics_per_database: file
            .metrics
            .as_ref()
            .and_then(|it| it.per_database.as_ref())
            .is_some_and(|it| it.value),
        messages,
        heartbeat,
        networks,
        deploy_max,
        limits: global_limits,
        warnings: Vec::new(),
        names: OnceLock::new(),
    })
}

/// Every entry, and a mistake for each whose name another has. It comes all the same: what else is
/// wrong about it is told in the same go.
fn unique<'a, T>(
    entries: impl Iterator<Item = (String, &'a At<String>, T)>,
    noted: &mut Noted,
) -> Vec<T> {
    let mut first = BTreeMap::new();
    let mut all = Vec::new();
    for (key, name, value) in entries {
        match first.get(name.value.as_str()) {
            None => {
                first.insert(name.value.as_str(), name.at);
            }
            Some(Position { line, column }) => {
                let message = format!("the name {} is taken at {line}:{column}", name.shown());
                noted.mistake(Some(name.at), key, message);
            }
        }
        all.push(value);
    }
    all
}

/// Whether `text` may be the name of a database, a channel, a token: letters, digits, `.`, `_` and `-`, at
/// most 100 of them, which labels, file names, URLs and shells take as they are.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    // `.` and `..` are no pieces of a path: nothing of that name could be asked about.
    let path = matches!(text, "." | "..");
    !text.is_empty() && !path && text.len() <= MAX_NAME && text.bytes().all(plain)
}

/// Says where a name is none.
fn check_name(name: &At<String>, key: &str, noted: &mut Noted) {
    if !is_name(&name.value) {
        let message = format!("{} is not a name", name.shown());
        let help = format!("use letters, digits, `.`, `_` and `-`, at most {MAX_NAME} of them");
        let help = match &*name.value {
            "." | ".." => "it means another place in a path: add a letter".to_owned(),
            _ => help,
        };
        noted.mistake_help(Some(name.at), key, message, help);
    }
}

/// A name as a piece of a key path.
fn plain(name: &At<String>) -> String {
    yaml::key(&name.value)
}

/// The directory of a file, for the relative paths in it.
fn directory_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
