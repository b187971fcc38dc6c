//! Databases: each can be connected to, has a manifest, a schedule, and a name of its own.

use std::time::Duration;

use jiff::civil::Date;

use crate::config::ConnectionDefaults;
use crate::config::ConnectionSource;
use crate::config::Database;
use crate::config::Limits;
use crate::config::known::KnownFiles;
use crate::config::shape;
use crate::connection::Connection;
use crate::connection::Password;
use crate::connection::SslMode;
use crate::incident::Life;
use crate::manifest;
use crate::manifest::Manifests;
use crate::reset::Pin;
use crate::reset::Thresholds;
use crate::yaml::At;
use crate::yaml::Mistake;
use crate::yaml::nearest;

use super::Noted;
use super::check_name;
use super::leading::lead;
use super::life;
use super::own::MAX_PROVISION_GRACE;
use super::own::Own;
use super::resets;
use super::schedule::Parts;
use super::secret;
use super::secret::Found;
use super::unique;

/// How long a database that was never seen populated may stay empty, if the file does not say.
const DEFAULT_PROVISION_GRACE: Duration = Duration::from_mins(15);

const DEFAULT_COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
const COMMAND_TIMEOUT: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_mins(5);
/// RDS tokens live 15 minutes; a third of that is on the safe side.
const DEFAULT_COMMAND_TTL: Duration = Duration::from_mins(5);
const MAX_COMMAND_TTL: Duration = Duration::from_hours(24);

/// Databases with `watch: true`: each has a connection that stays open.
const WATCHED_MAX: usize = 500;

/// The longest `server:`, in bytes.
const MAX_SERVER: usize = 200;

/// What holds for every database.
pub(super) struct Shared<'a> {
    pub(super) manifests: Option<&'a Manifests>,
    pub(super) known: &'a KnownFiles,
    pub(super) limits: Limits,
    pub(super) schedule: Parts,
    pub(super) ssl_root_cert: Option<std::path::PathBuf>,
    pub(super) provision_grace: Duration,
    pub(super) life: Life,
    pub(super) resets: Thresholds,
    today: Date,
}

/// Databases that manifests take their tables from are registered.
pub(super) fn goldens(file: &shape::File, manifests: Option<&Manifests>, noted: &mut Noted) {
    let names: Vec<&str> = file.databases.value.iter().map(|it| it.name.value.as_str()).collect();
    for manifest in manifests.into_iter().flat_map(|it| it.values()) {
        let Some(golden) = &manifest.golden else { continue };
        if names.contains(&golden.database.as_str()) {
            continue;
        }
        let (path, at) = match &golden.place {
            Some((path, at)) => (path.as_path(), Some(*at)),
            None => (manifest.path.as_path(), None),
        };
        let message = format!("there is no database `{}`", golden.database.escape_debug());
        let near = nearest(&golden.database, names.iter().copied());
        let mistake = Mistake::new(path, at, "from.database", message).with_nearest(near);
        noted.mistakes.push(mistake);
    }
}

/// What the file says of every database.
pub(super) fn shared<'a>(
    file: &shape::File,
    manifests: Option<&'a Manifests>,
    known: &'a KnownFiles,
    limits: Limits,
    today: Date,
    noted: &mut Noted,
) -> Shared<'a> {
    let defaults = file.defaults.as_ref();
    let root_cert = defaults.and_then(|it| it.sslrootcert.as_ref());
    let grace = defaults.and_then(|it| it.provision_grace.as_ref());
    Shared {
        manifests,
        known,
        limits,
        schedule: Parts::unsaid().with(
            defaults.and_then(|it| it.schedule.as_ref()),
            "defaults.schedule",
            noted,
        ),
        ssl_root_cert: root_cert.map(|it| noted.file_of(it, "defaults.sslrootcert")),
        provision_grace: noted.period(
            grace,
            "defaults.provision_grace",
            DEFAULT_PROVISION_GRACE,
            Duration::ZERO..=MAX_PROVISION_GRACE,
        ),
        life: life::read(
            life::Said {
                confirm: defaults.and_then(|it| it.confirm.as_ref()),
                confirm_failing: defaults.and_then(|it| it.confirm_failing.as_ref()),
                flap_window: defaults.and_then(|it| it.flap_window.as_ref()),
            },
            "defaults",
            Life::default(),
            noted,
        ),
        resets: resets::read(
            defaults.and_then(|it| it.resets.as_ref()),
            "defaults",
            &Thresholds::default(),
            noted,
        ),
        today,
    }
}

pub(super) fn all(file: &shape::File, shared: &Shared<'_>, noted: &mut Noted) -> Vec<Database> {
    let watched = file.databases.value.iter().filter_map(|it| it.watch.as_ref());
    if let Some(beyond) = watched.filter(|it| it.value).nth(WATCHED_MAX) {
        let message =
            format!("more than {WATCHED_MAX} databases are watched: each takes a connection");
        noted.mistake(Some(beyond.at), "databases", message);
    }
    let discovers = file.discover.as_ref().is_some_and(|it| !it.value.is_empty());
    if file.databases.value.is_empty() && !discovers {
        noted.mistake(Some(file.databases.at), "databases", "there is no database to audit");
    }
    let entries = file.databases.value.iter().enumerate();
    let names =
        entries.map(|(index, it)| (format!("databases[{index}].name"), &it.name, (index, it)));
    let mut all = Vec::new();
    for (index, entry) in unique(names, noted) {
        all.extend(one(entry, &format!("databases[{index}]"), shared, noted));
    }
    all
}

fn one(
    it: &shape::Database,
    key: &str,
    shared: &Shared<'_>,
    noted: &mut Noted,
) -> Option<Database> {
    let field = |name: &str| format!("{key}.{name}");
    check_name(&it.name, &field("name"), noted);
    let connection = connection(it, key, shared, noted);
    let server = server(it, &field("server"), noted);
    let own = Own {
        manifest: &it.manifest,
        severity: it.severity.as_ref(),
        limits: it.limits.as_ref(),
        provision_grace: it.provision_grace.as_ref(),
        confirm: it.confirm.as_ref(),
        confirm_failing: it.confirm_failing.as_ref(),
        flap_window: it.flap_window.as_ref(),
        resets: it.resets.as_ref(),
        min_interval: it.min_interval.as_ref(),
        observer: it.observer.as_ref(),
        guard: it.guard.as_ref(),
        watch: it.watch.as_ref(),
    };
    let own = own.read(key, shared, noted);
    let scales_to_zero = connection.as_ref().is_some_and(|it| it.scales_to_zero);
    let schedule = shared.schedule.with(it.schedule.as_ref(), &field("schedule"), noted);
    let schedule = if scales_to_zero { schedule.for_a_sleeper() } else { schedule }.schedule();
    let mut known = manifest::Noted::default();
    let mut accepted = manifest::accepted(
        noted.path(),
        &field("known"),
        it.known.as_deref().unwrap_or_default(),
        shared.today,
        &mut known,
    );
    noted.mistakes.extend(known.mistakes);
    noted.warnings.extend(known.warnings);
    accepted.extend(shared.known.entries.get(&it.name.value).into_iter().flatten().cloned());
    let pin = identity(it, &field("identity"), noted);
    let connection = connection?;
    let labels = it.labels.iter().flat_map(|it| &it.0);
    labels.clone().for_each(|(name, _)| check_name(name, &field("labels"), noted));
    Some(Database {
        name: it.name.value.clone(),
        connection: connection.source,
        manifest: own.manifest?,
        schedule: schedule?,
        min_interval: own.min_interval,
        scales_to_zero,
        labels: labels.map(|(name, value)| (name.value.clone(), value.value.clone())).collect(),
        observer: own.observer,
        guard: own.guard,
        watch: own.watch,
        server: server.or(connection.server),
        known: accepted,
        severities: own.severities,
        limits: own.limits,
        provision_grace: own.provision_grace,
        life: own.life,
        discovery: None,
        resets: own.resets,
        pin,
    })
}

/// What `identity:` declares, if it declares something.
fn identity(it: &shape::Database, key: &str, noted: &mut Noted) -> Option<Pin> {
    let said = it.identity.as_ref()?;
    let before = noted.mistakes.len();
    let pin = resets::pin(&said.value, key, noted);
    if pin == Pin::default() && noted.mistakes.len() == before {
        noted.mistake(
            Some(said.at),
            key,
            "declares nothing: name `system_identifier`, `oid` or `database`",
        );
    }
    Some(pin)
}

/// What `server:` says, if it says something.
fn server(it: &shape::Database, key: &str, noted: &mut Noted) -> Option<String> {
    let server = it.server.as_ref()?;
    if server.value.trim().is_empty() || server.value.len() > MAX_SERVER {
        noted.mistake(Some(server.at), key, format!("must have 1 to {MAX_SERVER} characters"));
    }
    Some(server.value.clone())
}

/// How a database is reached.
struct Reached {
    source: ConnectionSource,
    /// What a `url_file` said at load of the server. It may say otherwise later; until the next
    /// load, limits go by this.
    server: Option<String>,
    /// As far as its host says so at load.
    scales_to_zero: bool,
}

fn connection(
    it: &shape::Database,
    key: &str,
    shared: &Shared<'_>,
    noted: &mut Noted,
) -> Option<Reached> {
    let before = noted.mistakes.len();
    let found = secret::one_of(it.url.as_ref(), it.url_file.as_ref(), key, "url", noted);
    if found.is_none() && noted.mistakes.len() == before {
        noted.mistake(Some(it.name.at), key, "`url` or `url_file` is required");
    }
    let own_roots =
        it.sslrootcert.as_ref().map(|it| noted.file_of(it, &format!("{key}.sslrootcert")));
    let password = password(it.password_file.as_ref(), it.password_command.as_ref(), key, noted);
    let found = found?;
    let insecure = it.insecure.as_ref().is_some_and(|it| it.value);
    let roots = own_roots.or_else(|| shared.ssl_root_cert.clone());
    let led = lead(&found, insecure, roots, password, noted)?;
    look_at(&led.parsed, &found, it, &led.defaults, noted);
    let server = led.in_a_file.then(|| led.parsed.server());
    let scales_to_zero = led.parsed.scales_to_zero();
    let source = led.source;
    Some(Reached { source, server, scales_to_zero })
}

/// What is allowed but worth a word, and what two keys say against each other.
fn look_at(
    parsed: &Connection,
    found: &Found,
    it: &shape::Database,
    defaults: &ConnectionDefaults,
    noted: &mut Noted,
) {
    let told_twice = matches!(parsed.password, Password::Inline(_) | Password::PassFile(_))
        && defaults.password.is_some();
    if told_twice {
        let message = "holds a password, and `password_file` or `password_command` names another";
        noted.mistake_help(Some(found.at), &found.key, message, "keep one of the two");
    }
    if let (Password::Inline(_), Some(url)) = (&parsed.password, &it.url) {
        secret::warn_of_inline(url, &found.key, noted);
    }
    if parsed.is_remote() {
        let mode = parsed.ssl_mode;
        match (mode, &it.insecure) {
            (SslMode::Allow | SslMode::Prefer, Some(insecure)) => {
                let message = format!(
                    "`sslmode={}`: anybody on the way can read or fake this connection",
                    mode.word()
                );
                noted.warning(insecure.at, &found.key, message);
            }
            (SslMode::Disable, _) => {
                let message =
                    "`sslmode=disable`: passwords and names go over the network in the clear";
                noted.warning(found.at, &found.key, message);
            }
            _ => {}
        }
    }
}

/// Where the password comes from that a URL leaves open.
pub(super) fn password(
    file: Option<&At<String>>,
    command: Option<&At<shape::PasswordCommand>>,
    key: &str,
    noted: &mut Noted,
) -> Option<Password> {
    match (file, command) {
        (None, None) => None,
        (Some(file), Some(_)) => {
            let message = "`password_file` and `password_command` together";
            noted.mistake_help(Some(file.at), key, message, "keep one of the two");
            None
        }
        (Some(file), None) => {
            let (path, _) = secret::first_line(file, &format!("{key}.password_file"), noted)?;
            Some(Password::File(path))
        }
        (None, Some(At { value: shape::PasswordCommand(command), at, .. })) => {
            let field = format!("{key}.password_command");
            if command.argv.first().is_none_or(String::is_empty) {
                noted.mistake(Some(*at), &field, "names no program");
            }
            Some(Password::Command {
                argv: command.argv.clone(),
                timeout: noted.period(
                    command.timeout.as_ref(),
                    &format!("{field}.timeout"),
                    DEFAULT_COMMAND_TIMEOUT,
                    COMMAND_TIMEOUT,
                ),
                ttl: noted.period(
                    command.ttl.as_ref(),
                    &format!("{field}.ttl"),
                    DEFAULT_COMMAND_TTL,
                    Duration::ZERO..=MAX_COMMAND_TTL,
                ),
            })
        }
    }
}
