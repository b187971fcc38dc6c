//! What an incident that is looked at again, by time and not by an audit, last had to say.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;

use super::audience;
use super::column;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;
use crate::silence::Mute;
use crate::store::TransitionRecord;

/// One incident as it stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) id: IncidentId,
    pub(super) kind: IncidentKind,
    pub(super) subject: String,
    pub(super) state: IncidentState,
    /// In milliseconds.
    pub(super) changed_at: i64,
    /// Its last change in words.
    pub(super) facts: Notification,
    /// What it holds now, as far as notifications list it; and how much that is in all.
    pub(super) findings: Vec<NotifiedFinding>,
    pub(super) findings_total: usize,
    /// Something of it was muted and is not told.
    pub(super) untold: bool,
    /// By what; `None` where an earlier version muted it.
    pub(super) muted_by: Option<Mute>,
}

impl Standing {
    /// What is said of it in logs.
    pub(super) fn transition(&self, step: Step, reason: Reason) -> TransitionRecord {
        let (incident, kind, subject) = (self.id, self.kind, self.subject.clone());
        TransitionRecord { incident, kind, subject, step, reason }
    }
}

/// Reads one. `None` where it is not there, or was never worded: an earlier version told it to nobody.
pub(super) fn standing(connection: &Connection, id: i64) -> rusqlite::Result<Option<Standing>> {
    let found = connection
        .prepare_cached(
            "/* standing.read */ select kind, subject, state, changed_at, facts, findings, untold, \
             muted_by, \
             json_array_length(fingerprints) as total from incidents where id = ?1",
        )?
        .query_row([id], |row| {
            let facts: Option<String> = row.get("facts")?;
            Ok((
                column::word(row, "kind", IncidentKind::from_word)?,
                row.get("subject")?,
                column::word(row, "state", IncidentState::from_word)?,
                row.get("changed_at")?,
                facts.is_some().then(|| column::json(row, "facts")).transpose()?,
                column::json(row, "findings")?,
                column::unsigned(row, "total")?,
                row.get("untold")?,
                column::json_or_null(row, "muted_by")?,
            ))
        })
        .optional()?;
    let Some((kind, subject, state, changed_at, facts, findings, total, untold, muted_by)) = found
    else {
        return Ok(None);
    };
    let id = IncidentId(u64::try_from(id).unwrap_or(0));
    let facts: Option<Notification> = match facts {
        Some(facts) => Some(facts),
        None => last_told(connection, id)?,
    };
    let findings_total = usize::try_from(total).unwrap_or(usize::MAX);
    Ok(facts.map(|facts| Standing {
        id,
        kind,
        subject,
        state,
        changed_at,
        facts,
        findings,
        findings_total,
        untold,
        muted_by,
    }))
}

/// What anybody last heard of it, where an earlier version wrote it.
fn last_told(connection: &Connection, id: IncidentId) -> rusqlite::Result<Option<Notification>> {
    let heard = audience::heard(connection, id)?;
    let last = heard.values().map(|it| it.id).max();
    last.map(|it| audience::body(connection, it)).transpose()
}
