//! The state: where it is, and how long history is kept in it.

use std::time::Duration;

use crate::config::State;
use crate::config::shape;

use super::Noted;
use super::encryption_key;

/// Where the state is, if the file does not say.
const DEFAULT_SQLITE: &str = "schemawarden.db";
/// How long audits are kept, if the file does not say.
const DEFAULT_KEEP_AUDITS: Duration = Duration::from_hours(30 * 24);
/// How long incidents are kept, if the file does not say.
const DEFAULT_KEEP_INCIDENTS: Duration = Duration::from_hours(365 * 24);
/// History that is kept for less than this would be gone before anybody looks.
const MIN_KEEP: Duration = Duration::from_hours(24);
/// Ten years.
const MAX_KEEP: Duration = Duration::from_hours(3650 * 24);

pub(super) fn read(file: &shape::File, noted: &mut Noted) -> State {
    let sqlite = file.state.as_ref().and_then(|state| {
        noted.later("state.postgres", state.postgres.as_ref());
        state.sqlite.as_ref()
    });
    let (audits, incidents) = match &file.retention {
        Some(it) => (it.audits.as_ref(), it.incidents.as_ref()),
        None => (None, None),
    };
    let encryption_key = file.state.as_ref().and_then(|it| it.encryption_key_file.as_ref());
    State {
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
