//! Incidents: read what is open of one database, write what one audit changed.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;
use jiff::Timestamp;

use super::column;
use crate::incident::Acknowledged;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::notification::Notification;
use crate::notification::NotifiedFinding;

/// Incidents of one database that are not resolved.
pub(in crate::store) fn open_of(
    connection: &Connection,
    subject: &str,
) -> sql::Result<Vec<Incident>> {
    connection
        .prepare_cached(
            "/* incidents.open_of */ select id, kind, subject, state, opened_at, changed_at, \
             resolved_at, fingerprints, flapping, clean_since, gone, acknowledged_by, \
             acknowledged_at, acknowledged_note from incidents \
             where subject = ?1 and state <> 'resolved'",
        )?
        .query_map([subject], read)?
        .collect()
}

/// The one of this kind about `subject` that is not resolved.
pub(in crate::store) fn open_about(
    connection: &Connection,
    kind: IncidentKind,
    subject: &str,
) -> sql::Result<Option<Incident>> {
    Ok(open_of(connection, subject)?.into_iter().find(|it| it.kind == kind))
}

/// Incidents of one database whose findings were all gone after `since`.
pub(in crate::store) fn gone_since(
    connection: &Connection,
    subject: &str,
    since: Timestamp,
) -> sql::Result<Vec<Incident>> {
    connection
        .prepare_cached(
            "/* incidents.gone_since */ select id, kind, subject, state, opened_at, changed_at, \
             resolved_at, fingerprints, flapping, clean_since, gone, acknowledged_by, \
             acknowledged_at, acknowledged_note from incidents where subject = ?1 \
             and state = 'resolved' and reason = 'all_findings_gone' and resolved_at > ?2 \
             order by id",
        )?
        .query_map((subject, column::ms(since)), read)?
        .collect()
}

/// The incident of a subject and kind that is not resolved.
pub(in crate::store) fn open_one(
    connection: &Connection,
    subject: &str,
    kind: IncidentKind,
) -> sql::Result<Option<Incident>> {
    connection
        .prepare_cached(
            "/* incidents.open_one */ select id, kind, subject, state, opened_at, changed_at, \
             resolved_at, fingerprints, flapping, clean_since, gone, acknowledged_by, \
             acknowledged_at, acknowledged_note from incidents \
             where subject = ?1 and kind = ?2 and state <> 'resolved'",
        )?
        .query_row((subject, kind.word()), read)
        .optional()
}

/// One incident, in whatever state.
pub(in crate::store) fn one(
    connection: &Connection,
    id: IncidentId,
) -> sql::Result<Option<Incident>> {
    connection
        .prepare_cached(
            "/* incidents.one */ select id, kind, subject, state, opened_at, changed_at, \
             resolved_at, fingerprints, flapping, clean_since, gone, acknowledged_by, \
             acknowledged_at, acknowledged_note from incidents where id = ?1",
        )?
        .query_row([stored(id)], read)
        .optional()
}

/// What told its last change. Empty for one that is not stored, or that an earlier version wrote.
pub(in crate::store) fn facts(
    connection: &Connection,
    id: IncidentId,
) -> sql::Result<Option<Notification>> {
    let facts: Option<Option<Notification>> = connection
        .prepare_cached("/* incidents.facts */ select facts from incidents where id = ?1")?
        .query_row([stored(id)], |row| column::json_or_null(row, "facts"))
        .optional()?;
    Ok(facts.flatten())
}

/// Notes what would have told its last change, were anybody to hear of it.
pub(in crate::store) fn note_facts(
    connection: &Connection,
    id: IncidentId,
    facts: &Notification,
) -> sql::Result<()> {
    connection
        .prepare_cached("/* incidents.note_facts */ update incidents set facts = ?2 where id = ?1")?
        .execute((stored(id), column::to_json(facts)?))?;
    Ok(())
}

/// Every incident that is not resolved, oldest first.
pub(in crate::store) fn open(connection: &Connection) -> sql::Result<Vec<Incident>> {
    connection
        .prepare_cached(
            "/* incidents.open */ select id, kind, subject, state, opened_at, changed_at, \
             resolved_at, fingerprints, flapping, clean_since, gone, acknowledged_by, \
             acknowledged_at, acknowledged_note from incidents \
             where state <> 'resolved' order by id",
        )?
        .query_map((), read)?
        .collect()
}

/// The findings an incident holds, as notifications spell them. Empty for one that is not stored.
pub(in crate::store) fn findings(
    connection: &Connection,
    id: IncidentId,
) -> sql::Result<Vec<NotifiedFinding>> {
    let found = connection
        .prepare_cached("/* incidents.findings */ select findings from incidents where id = ?1")?
        .query_row([stored(id)], |row| column::json(row, "findings"))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Writes an incident as it is from now on, and returns its id: a new one where it had none.
pub(in crate::store) fn save(
    connection: &Connection,
    incident: &Incident,
    reason: &str,
    findings: &[NotifiedFinding],
) -> sql::Result<IncidentId> {
    let gone: BTreeMap<&String, i64> =
        incident.gone.iter().map(|(it, at)| (it, column::ms(*at))).collect();
    let (state, changed_at) = (incident.state.word(), column::ms(incident.changed_at));
    let resolved_at = incident.resolved_at.map(column::ms);
    let (fingerprints, findings) =
        (column::to_json(&incident.fingerprints)?, column::to_json(&findings)?);
    let (clean_since, gone) = (incident.clean_since.map(column::ms), column::to_json(&gone)?);
    let acknowledged = incident.acknowledged.as_ref();
    let acknowledged_by = acknowledged.map(|it| &it.by);
    let acknowledged_at = acknowledged.map(|it| column::ms(it.at));
    let acknowledged_note = acknowledged.and_then(|it| it.note.as_ref());
    if incident.id != IncidentId::UNASSIGNED {
        connection
            .prepare_cached(
                "/* incidents.save */ update incidents set state = ?2, changed_at = ?3, \
                 resolved_at = ?4, reason = ?5, fingerprints = ?6, findings = ?7, flapping = ?8, \
                 clean_since = ?9, gone = ?10, acknowledged_by = ?11, acknowledged_at = ?12, \
                 acknowledged_note = ?13 where id = ?1",
            )?
            .execute((
                stored(incident.id),
                state,
                changed_at,
                resolved_at,
                reason,
                fingerprints,
                findings,
                incident.flapping,
                clean_since,
                gone,
                acknowledged_by,
                acknowledged_at,
                acknowledged_note,
            ))?;
        return Ok(incident.id);
    }
    let id: i64 = connection
        .prepare_cached(
            "/* incidents.add */ insert into incidents (kind, subject, state, opened_at, \
             changed_at, resolved_at, reason, fingerprints, findings, flapping, clean_since, gone, \
             acknowledged_by, acknowledged_at, acknowledged_note) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) returning id",
        )?
        .query_row(
            (
                incident.kind.word(),
                &incident.subject,
                state,
                column::ms(incident.opened_at),
                changed_at,
                resolved_at,
                reason,
                fingerprints,
                findings,
                incident.flapping,
                clean_since,
                gone,
                acknowledged_by,
                acknowledged_at,
                acknowledged_note,
            ),
            |row| row.get(0),
        )?;
    u64::try_from(id).map(IncidentId).map_err(|error| column::unreadable("id", error))
}

/// An id as it is stored; ours start at 1001 and count up.
pub(in crate::store) fn stored(id: IncidentId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// The incident in a row of its columns.
pub(in crate::store) fn read(row: &Row<'_>) -> sql::Result<Incident> {
    let id: i64 = row.get("id")?;
    Ok(Incident {
        id: u64::try_from(id).map(IncidentId).map_err(|error| column::unreadable("id", error))?,
        kind: column::word(row, "kind", IncidentKind::from_word)?,
        subject: row.get("subject")?,
        state: column::word(row, "state", IncidentState::from_word)?,
        opened_at: column::instant(row, "opened_at")?,
        changed_at: column::instant(row, "changed_at")?,
        resolved_at: column::instant_or_null(row, "resolved_at")?,
        fingerprints: column::json(row, "fingerprints")?,
        flapping: row.get("flapping")?,
        clean_since: column::instant_or_null(row, "clean_since")?,
        gone: gone(row)?,
        acknowledged: acknowledged(row)?,
    })
}

fn gone(row: &Row<'_>) -> sql::Result<BTreeMap<String, Timestamp>> {
    let gone: BTreeMap<String, i64> = column::json(row, "gone")?;
    gone.into_iter().map(|(it, ms)| Ok((it, column::from_ms(ms)?))).collect()
}

fn acknowledged(row: &Row<'_>) -> sql::Result<Option<Acknowledged>> {
    let Some(by) = row.get("acknowledged_by")? else { return Ok(None) };
    let at = column::instant_or_null(row, "acknowledged_at")?.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Some(Acknowledged { by, at, note: row.get("acknowledged_note")? }))
}
