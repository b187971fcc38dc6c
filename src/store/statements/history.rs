//! Reads incidents, their audit trails, and past audits, for people.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;

use super::column;
use super::incidents;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::report::Verdict;
use crate::store::AuditPlace;
use crate::store::AuditRow;
use crate::store::IncidentEvent;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;

/// Lines of one audit trail that are shown.
pub const EVENTS_MAX: usize = 1000;

/// Incidents as `filter` says, the latest first, from the one after `before` on.
pub(in crate::store) fn incidents(
    connection: &Connection,
    filter: &IncidentFilter,
    before: Option<IncidentId>,
) -> sql::Result<Vec<IncidentRow>> {
    let states: Vec<&str> = filter.states.iter().map(|it| it.word()).collect();
    connection
        .prepare_cached(
            "/* history.incidents */ select * from incidents \
             where (?1 = '[]' or state in (select value from json_each(?1))) \
             and (cast(?2 as text) is null or subject = ?2) and (cast(?3 as text) is null or kind = ?3) \
             and id < ?5 order by id desc limit ?4",
        )?
        .query_map(
            (
                column::to_json(&states)?,
                &filter.database,
                filter.kind.map(IncidentKind::word),
                column::count(filter.limit),
                before.map_or(i64::MAX, incidents::stored),
            ),
            read_incident,
        )?
        .collect()
}

/// One incident, and the last [`EVENTS_MAX`] lines of its trail, oldest first.
pub(in crate::store) fn incident(
    connection: &Connection,
    id: IncidentId,
) -> sql::Result<Option<(IncidentRow, Vec<IncidentEvent>)>> {
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
        .collect::<sql::Result<_>>()?;
    events.reverse();
    Ok(Some((found, events)))
}

/// Audits, the latest first, from the one after `before` on.
pub(in crate::store) fn audits(
    connection: &Connection,
    database: Option<&str>,
    before: Option<AuditPlace>,
    limit: usize,
) -> sql::Result<Vec<(AuditPlace, AuditRow)>> {
    let limit = column::count(limit);
    let AuditPlace { at, id } = before.unwrap_or(AuditPlace { at: i64::MAX, id: i64::MAX });
    match database {
        Some(database) => connection
            .prepare_cached(
                "/* history.audits_of */ select a.id, name, at, a.verdict, complete, a.duration_us, \
                 a.findings, a.counting, a.relations, a.reason from databases d \
                 join audits a on a.database_id = d.id where d.name = ?1 \
                 and (a.at, a.id) < (?3, ?4) order by a.at desc, a.id desc limit ?2",
            )?
            .query_map((database, limit, at, id), read_audit)?
            .collect(),
        None => connection
            .prepare_cached(
                "/* history.audits */ select a.id, name, at, a.verdict, complete, a.duration_us, \
                 a.findings, a.counting, a.relations, a.reason from audits a \
                 join databases d on d.id = a.database_id where (a.at, a.id) < (?2, ?3) \
                 order by a.at desc, a.id desc limit ?1",
            )?
            .query_map((limit, at, id), read_audit)?
            .collect(),
    }
}

pub(in crate::store) fn read_incident(row: &Row<'_>) -> sql::Result<IncidentRow> {
    Ok(IncidentRow {
        incident: incidents::read(row)?,
        reason: row.get("reason")?,
        facts: column::json_or_null(row, "facts")?,
        untold: row.get("untold")?,
        muted_by: column::json_or_null(row, "muted_by")?,
    })
}

fn read_audit(row: &Row<'_>) -> sql::Result<(AuditPlace, AuditRow)> {
    let place = AuditPlace { at: row.get("at")?, id: row.get("id")? };
    let audit = AuditRow {
        database: row.get("name")?,
        at: column::instant(row, "at")?,
        verdict: column::word(row, "verdict", Verdict::from_word)?,
        complete: row.get("complete")?,
        duration: Duration::from_micros(column::unsigned(row, "duration_us")?),
        findings: column::unsigned(row, "findings")?,
        counting: column::unsigned(row, "counting")?,
        relations: row.get::<_, Option<i64>>("relations")?.and_then(|it| u64::try_from(it).ok()),
        reason: row.get("reason")?,
    };
    Ok((place, audit))
}
