//! Databases at a glance: after each audit, and after a start.

use crate::store::sql;
use std::collections::HashMap;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;
use jiff::Timestamp;

use super::column;
use super::databases;
use crate::finding::FindingKind;
use crate::report::Report;
use crate::report::Verdict;
use crate::store::DatabaseState;
use crate::store::Fleet;
use crate::store::Glance;
use crate::store::Strip;

/// Databases whose strips are recalled between two questions.
const RECALLED_AT_ONCE: i64 = 64;

/// Notes in the fleet what an audit left in the state.
pub(in crate::store) fn note(
    connection: &Connection,
    fleet: &Fleet,
    report: &Report,
) -> sql::Result<()> {
    let Some(state) = databases::state(connection, &report.database)? else { return Ok(()) };
    let before = fleet.glance(&report.database);
    let mut strip = before.as_ref().map_or_else(Strip::default, |it| it.strip);
    strip.note(report.evidence.audited_at, report.verdict);
    let unexpected = match report.verdict {
        Verdict::Unknown => before.and_then(|it| it.unexpected),
        Verdict::Clean | Verdict::Drifted => Some(report.unexpected_tables() as u64),
    };
    fleet.note(Glance { state, unexpected, strip });
    Ok(())
}

/// Notes in the fleet what another replica's audit left in the state.
pub(in crate::store) fn follow(
    connection: &Connection,
    fleet: &Fleet,
    state: DatabaseState,
) -> sql::Result<()> {
    let before = fleet.glance(&state.name);
    if before.as_ref().is_some_and(|it| it.state == state) {
        // Our own.
        return Ok(());
    }
    let mut strip = before.as_ref().map_or_else(Strip::default, |it| it.strip);
    strip.note(state.audited_at, state.verdict);
    let unexpected = match state.verdict {
        Verdict::Unknown => before.and_then(|it| it.unexpected),
        Verdict::Clean => Some(0),
        Verdict::Drifted => connection
            .prepare_cached(&format!("{UNEXPECTED} and name = ?2"))?
            .query_row((extra_tables()?, &state.name), counted)
            .optional()?
            .map(|(_, it)| it),
    };
    fleet.note(Glance { state, unexpected, strip });
    Ok(())
}

/// Databases with tables that should not be there and count, and how many; `?1` are those kinds.
const UNEXPECTED: &str = "/* glances.unexpected */ select name, (select count(*) \
    from json_each(report, '$.findings') f \
    where f.value ->> '$.kind' in (select k.value from json_each(?1) k) \
    and cast(f.value ->> '$.known' as text) in ('0', 'false') and \
    f.value ->> '$.severity' <> 'info') as counted from databases where verdict = 'drifted'";

fn extra_tables() -> sql::Result<String> {
    column::to_json(&FindingKind::EXTRA_TABLES.map(FindingKind::word))
}

/// What the last audits of an earlier process said; their strips follow.
pub(in crate::store) fn recall(connection: &Connection, fleet: &Fleet) -> sql::Result<()> {
    let unexpected: HashMap<String, u64> = connection
        .prepare_cached(UNEXPECTED)?
        .query_map([extra_tables()?], counted)?
        .collect::<sql::Result<_>>()?;
    for state in databases::states(connection)? {
        let unexpected = match state.verdict {
            Verdict::Unknown => None,
            Verdict::Clean => Some(0),
            Verdict::Drifted => unexpected.get(&state.name).copied(),
        };
        fleet.recall(Glance { state, unexpected, strip: Strip::default() });
    }
    Ok(())
}

fn counted(row: &Row<'_>) -> sql::Result<(String, u64)> {
    Ok((row.get("name")?, column::unsigned(row, "counted")?))
}

/// Notes the audits since `since` of the next few databases after the row `after`; returns the row to
/// go on from, none when that were the last.
pub(in crate::store) fn recall_strips(
    connection: &Connection,
    fleet: &Fleet,
    since: Timestamp,
    after: i64,
) -> sql::Result<Option<i64>> {
    let databases: Vec<(i64, String)> = connection
        .prepare_cached(
            "/* glances.next */ select id, name from databases where id > ?1 order by id limit ?2",
        )?
        .query_map([after, RECALLED_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<sql::Result<_>>()?;
    for (id, name) in &databases {
        let audits = connection
            .prepare_cached(
                "/* glances.audits */ select at, verdict from audits \
                 where database_id = ?1 and at >= ?2 order by at",
            )?
            .query_map([*id, column::ms(since)], |row| {
                Ok((column::instant(row, "at")?, column::word(row, "verdict", Verdict::from_word)?))
            })?
            .collect::<sql::Result<Vec<_>>>()?;
        fleet.recall_strip(name, &audits);
    }
    Ok(databases.last().map(|(id, _)| *id))
}
