//! What an audit goes by of a database's storage, and a person's word that it is known from now on.

use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;
use tracing::warn;

use super::column;
use super::incidents;
use super::standing::standing;
use super::tell;
use super::tell::Change;
use crate::incident;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::Since;
use crate::reset;
use crate::reset::Known;
use crate::store::AcceptReset;
use crate::store::Accepted;
use crate::store::Remembered;
use crate::store::TransitionRecord;

/// What is known of a database, as it is stored.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct RememberedRow {
    /// JSON.
    known: Option<String>,
    known_version: i64,
    last_complete_at: Option<Timestamp>,
    ever_populated: bool,
}

impl RememberedRow {
    /// Of the database `name`.
    pub(in crate::store) fn read(self, name: &str) -> Remembered {
        Remembered {
            known: self.known.and_then(|it| parsed(name, &it)),
            known_version: self.known_version,
            last_complete_at: self.last_complete_at,
            ever_populated: self.ever_populated,
        }
    }
}

/// What is known of a database; nothing where it was never audited.
pub(in crate::store) fn remembered(connection: &Connection, name: &str) -> sql::Result<Remembered> {
    Ok(remembered_row(connection, name)?.read(name))
}

/// The same as it is stored.
pub(in crate::store) fn remembered_row(
    connection: &Connection,
    name: &str,
) -> sql::Result<RememberedRow> {
    let row = connection
        .prepare_cached(
            "/* accept.remembered */ select known, known_version, last_complete_at, ever_populated from databases \
             where name = ?1",
        )?
        .query_row([name], |row| {
            Ok(RememberedRow {
                known: row.get("known")?,
                known_version: row.get("known_version")?,
                last_complete_at: column::instant_or_null(row, "last_complete_at")?,
                ever_populated: row.get("ever_populated")?,
            })
        })
        .optional()?;
    Ok(row.unwrap_or_default())
}

fn parsed(name: &str, text: &str) -> Option<Known> {
    let known = Known::from_json(text);
    if known.is_none() {
        warn!(
            database.name = name,
            "what was known of the storage of `{name}` cannot be read; it is learnt anew"
        );
    }
    known
}

/// Takes what is there as known, and ends the incidents that said otherwise.
pub(in crate::store) fn accept(connection: &Connection, it: &AcceptReset) -> sql::Result<Accepted> {
    let exists: bool = connection
        .prepare_cached(
            "/* accept.exists */ select exists (select 1 from databases where name = ?1)",
        )?
        .query_row([&it.database], |row| row.get(0))?;
    if !exists {
        return Ok(Accepted::NoSuch);
    }
    let Some(known) = remembered(connection, &it.database)?.known else {
        return Ok(Accepted::Nothing);
    };
    let is_stranger = known.stranger.is_some();
    if !is_stranger && reset::told(&known).is_empty() {
        return Ok(Accepted::Nothing);
    }
    connection
        .prepare_cached(
            "/* accept.known */ update databases set known = ?2, known_version = known_version + 1 \
             where name = ?1",
        )?
        .execute((&it.database, reset::accepted(&known, it.now).to_json()))?;
    let mut ended = Vec::new();
    for current in incidents::open_of(connection, &it.database)? {
        let is_over = match current.kind {
            IncidentKind::Reset => true,
            IncidentKind::WrongDatabase => is_stranger,
            _ => false,
        };
        if is_over {
            ended.push(end(connection, &current, it)?);
        }
    }
    Ok(Accepted::Done(ended))
}

fn end(
    connection: &Connection,
    current: &incident::Incident,
    it: &AcceptReset,
) -> sql::Result<TransitionRecord> {
    let (step, reason) = (Step::Resolved, Reason::ResetAccepted);
    let (by, note) = (Some(it.by.as_str()), Some(it.reason.as_str()));
    tell::record(connection, current, Step::Acknowledged, reason, by, note, it.now)?;
    let resolved = incident::accept_reset(current, it.now);
    // Worded by the last audit, which it has no more once it is over.
    let standing = standing(connection, incidents::stored(current.id))?;
    let findings = incidents::findings(connection, current.id)?;
    incidents::save(connection, &resolved, reason.word(), &findings)?;
    let mut suppressed = None;
    if let Some(mut standing) = standing {
        standing.incident = resolved.clone();
        let mut notification =
            standing.worded(connection, (step, reason), &Since::default(), it.now)?;
        notification.diagnoses.push(format!("accepted by {}: {}", it.by, it.reason));
        let change =
            Change { incident: &resolved, step, reason, notification: &notification, new: &[] };
        suppressed = tell::tell(connection, &it.policy, &change, it.now)?.suppressed;
    }
    let incident::Incident { id, kind, subject, .. } = resolved;
    Ok(TransitionRecord { incident: id, kind, subject, step, reason, suppressed })
}
