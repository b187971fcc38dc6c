//! The state: where it is, and how long history is kept in it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Database;
use crate::config::Limits;
use crate::config::SharedState;
use crate::config::State;
use crate::config::shape;

use super::Noted;
use super::check_name;
use super::database::password;
use super::encryption_key;
use super::leading::lead;
use super::secret;

/// Where the state is, if the file does not say.
const DEFAULT_SQLITE: &str = "schemawarden.db";
/// What the fleet is called, if the file does not say.
const DEFAULT_FLEET: &str = "default";
/// How much longer than an audit may take its lease is, if the file does not say.
const LEASE_MARGIN: Duration = Duration::from_secs(15);
/// Two hours: the longest audit, and a margin.
const LEASE_MAX: Duration = Duration::from_hours(2);
/// How long audits are kept, if the file does not say.
const DEFAULT_KEEP_AUDITS: Duration = Duration::from_hours(30 * 24);
/// How long incidents are kept, if the file does not say.
const DEFAULT_KEEP_INCIDENTS: Duration = Duration::from_hours(365 * 24);
/// History that is kept for less than this would be gone before anybody looks.
const MIN_KEEP: Duration = Duration::from_hours(24);
/// Ten years.
const MAX_KEEP: Duration = Duration::from_hours(3650 * 24);

/// `longest`: the limits of all, and the databases with limits of their own.
pub(super) fn read(
    file: &shape::File,
    limits: Limits,
    databases: &[Arc<Database>],
    roots: Option<PathBuf>,
    noted: &mut Noted,
) -> State {
    let sqlite = file.state.as_ref().and_then(|state| state.sqlite.as_ref());
    let postgres =
        file.state.as_ref().and_then(|state| shared(state, limits, databases, roots, noted));
    let (audits, incidents) = match &file.retention {
        Some(it) => (it.audits.as_ref(), it.incidents.as_ref()),
        None => (None, None),
    };
    let encryption_key = file.state.as_ref().and_then(|it| it.encryption_key_file.as_ref());
    State {
        postgres,
        encryption_key: encryption_key.and_then(|it| encryption_key::read(it, noted)),
        sqlite: match sqlite {
            Some(path) => noted.path_of(path, "state.sqlite"),
            None => noted.directory().join(DEFAULT_SQLITE),
        },
        keep_audits: noted.period(
            audits,
            "retention.audits",
            DEFAULT_KEEP_AUDITS,
            MIN_KEEP..=MAX_KEEP,
        ),
        keep_incidents: noted.period(
            incidents,
            "retention.incidents",
            DEFAULT_KEEP_INCIDENTS,
            MIN_KEEP..=MAX_KEEP,
        ),
    }
}

/// A state on a server.
fn shared(
    it: &shape::State,
    limits: Limits,
    databases: &[Arc<Database>],
    roots: Option<PathBuf>,
    noted: &mut Noted,
) -> Option<SharedState> {
    let found =
        secret::one_of(it.postgres.as_ref(), it.postgres_file.as_ref(), "state", "postgres", noted);
    let named = it.postgres.as_ref().or(it.postgres_file.as_ref());
    if let (Some(_), Some(sqlite)) = (named, &it.sqlite) {
        let message = "`sqlite` and `postgres` together";
        noted.mistake_help(Some(sqlite.at), "state.sqlite", message, "keep one of the two");
    }
    for (key, at) in [
        ("fleet", it.fleet.as_ref().map(|it| it.at)),
        ("lease", it.lease.as_ref().map(|it| it.at)),
        ("password_file", it.password_file.as_ref().map(|it| it.at)),
        ("password_command", it.password_command.as_ref().map(|it| it.at)),
        ("sslrootcert", it.sslrootcert.as_ref().map(|it| it.at)),
        ("insecure", it.insecure.as_ref().map(|it| it.at)),
    ] {
        if named.is_none() && at.is_some() {
            let message = "is for a state on a server: `state.postgres` names none";
            noted.mistake(at, format!("state.{key}"), message);
        }
    }
    if let Some(fleet) = &it.fleet {
        check_name(fleet, "state.fleet", noted);
    }
    let longest = databases.iter().map(|it| it.limits.audit_deadline);
    let longest = longest.fold(limits.audit_deadline, Duration::max);
    let lease = noted.period(
        it.lease.as_ref(),
        "state.lease",
        longest.saturating_add(LEASE_MARGIN).min(LEASE_MAX),
        Duration::from_secs(1)..=LEASE_MAX,
    );
    if let Some(said) = &it.lease
        && lease <= longest
    {
        let message = format!(
            "is not longer than an audit may take (`audit_deadline` is {longest:?}): others would begin \
             what is not over"
        );
        noted.mistake_help(
            Some(said.at),
            "state.lease",
            message,
            "make it longer, or leave it out",
        );
    }
    let own_roots = it.sslrootcert.as_ref().map(|it| noted.file_of(it, "state.sslrootcert"));
    let password =
        password(it.password_file.as_ref(), it.password_command.as_ref(), "state", noted);
    let insecure = it.insecure.as_ref().is_some_and(|it| it.value);
    let led = lead(&found?, insecure, own_roots.or(roots), password, noted)?;
    let fleet = it.fleet.as_ref().map_or_else(|| DEFAULT_FLEET.to_owned(), |it| it.value.clone());
    Some(SharedState { connection: led.source, fleet, lease })
}
