//! Reads incidents, their audit trails, and past audits, for people.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;

use super::column;
use super::incidents;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::store::AuditRow;
use crate::store::IncidentEvent;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;

/// Lines of one audit trail that are shown.
pub const EVENTS_MAX: usize = 1000;

/// Incidents as `filter` says, the latest first.
pub(super) fn incidents(
    connection: &Connection,
    filter: &IncidentFilter,
) -> rusqlite::Result<Vec<IncidentRow>> {
    let states: Vec<&str> = filter.states.iter().map(|it| it.word()).collect();
    connection
        .prepare_cached(
            "/* history.incidents */ select * from incidents \
             where (?1 = '[]' or state in (select value from json_each(?1))) \
             and (?2 is null or subject = ?2) and (?3 is null or kind = ?3) \
             order by id desc limit ?4",
        )?
        .query_map(
            (
                column::to_json(&states)?,
                &filter.database,
                filter.kind.map(IncidentKind::word),
                column::count(filter.limit),
            ),
            read_incident,
        )?
        .collect()
}

/// One incident, and the last [`EVENTS_MAX`] lines of its trail, oldest first.
pub(super) fn incident(
    connection: &Connection,
    id: IncidentId,
) -> rusqlite::Result<Option<(IncidentRow, Vec<IncidentEvent>)>> {
    let found = connection
        .prepare_cached("/* history.incident */ select * from incidents where id = ?1")?
        .query_row([incidents::stored(id)], read_incident)
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let mut events: Vec<IncidentEvent> = connection
        .prepare_cached(
            "/* history.events */ select at, step, reason, actor, note from incident_events \
             where incident_id = ?1 order by id desc limit ?2",
        )?
        .query_map((incidents::stored(id), column::count(EVENTS_MAX)), |row| {
            Ok(IncidentEvent {
                at: column::instant(row, "at")?,
                step: row.get("step")?,
                reason: row.get("reason")?,
                actor: row.get("actor")?,
                note: row.get("note")?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    events.reverse();
    Ok(Some((found, events)))
}

/// The latest audits, the latest first.
pub(super) fn audits(
    connection: &Connection,
    database: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<AuditRow>> {
    let limit = column::count(limit);
    match database {
        Some(database) => connection
            .prepare_cached(
                "/* history.audits_of */ select name, at, a.verdict, complete, a.duration_us, \
                 a.findings, a.counting, a.reason from databases d \
                 join audits a on a.database_id = d.id where d.name = ?1 \
                 order by a.at desc, a.id desc limit ?2",
            )?
            .query_map((database, limit), read_audit)?
            .collect(),
        None => connection
            .prepare_cached(
                "/* history.audits */ select name, at, a.verdict, complete, a.duration_us, \
                 a.findings, a.counting, a.reason from audits a \
                 join databases d on d.id = a.database_id \
                 order by a.at desc, a.id desc limit ?1",
            )?
            .query_map([limit], read_audit)?
            .collect(),
    }
}

pub(super) fn read_incident(row: &Row<'_>) -> rusqlite::Result<IncidentRow> {
    Ok(IncidentRow {
        incident: incidents::read(row)?,
        reason: row.get("reason")?,
        facts: column::json_or_null(row, "facts")?,
        untold: row.get("untold")?,
        muted_by: column::json_or_null(row, "muted_by")?,
    })
}

fn read_audit(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        database: row.get("name")?,
        at: column::instant(row, "at")?,
        verdict: column::word(row, "verdict", column::verdict)?,
        complete: row.get("complete")?,
        duration: Duration::from_micros(column::unsigned(row, "duration_us")?),
        findings: column::unsigned(row, "findings")?,
        counting: column::unsigned(row, "counting")?,
        reason: row.get("reason")?,
    })
}
