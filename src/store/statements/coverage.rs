//! What history says of a stretch of time: how well databases were watched, and which incidents there
//! were in it.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use jiff::Timestamp;

use super::column;
use super::history::read_incident;
use crate::store::Coverage;
use crate::store::IncidentRow;
use crate::store::Past;

/// Incidents that are listed; the latest ones.
const INCIDENTS_MAX: usize = 10_000;

/// From `since` to `now`.
pub(in crate::store) fn past(
    connection: &Connection,
    since: Timestamp,
    now: Timestamp,
) -> sql::Result<Past> {
    let since_ms = column::ms(since);
    let history_from: Option<i64> = connection
        .prepare_cached("/* coverage.from */ select min(at) from audits")?
        .query_row((), |row| row.get(0))?;
    let mut incidents: Vec<IncidentRow> = connection
        .prepare_cached(
            "/* coverage.incidents */ select * from incidents where state <> 'resolved' \
             or opened_at >= ?1 or resolved_at >= ?1 order by id desc limit ?2",
        )?
        .query_map((since_ms, column::count(INCIDENTS_MAX + 1)), read_incident)?
        .collect::<sql::Result<_>>()?;
    let more = incidents.len() > INCIDENTS_MAX;
    incidents.truncate(INCIDENTS_MAX);
    incidents.reverse();
    Ok(Past {
        history_from: history_from.and_then(|it| Timestamp::from_millisecond(it).ok()),
        databases: coverage(connection, since_ms, column::ms(now))?,
        incidents,
        more,
    })
}

/// How well each database was watched. A gap is the time between two complete audits, or from the
/// beginning to the first, or from the last one to now.
fn coverage(connection: &Connection, since: i64, now: i64) -> sql::Result<Vec<Coverage>> {
    connection
        .prepare_cached(
            "/* coverage.databases */ with complete as (
               select database_id, at from audits where complete = 1 and at >= ?1
               union all select id, ?2 from databases where registered = 1),
             steps as (
               select database_id, at,
                 lag(at) over (partition by database_id order by at) as before from complete),
             gaps as (
               select s.database_id,
                 max(s.at - coalesce(s.before, max(?1, d.first_seen_at))) as gap
               from steps s join databases d on d.id = s.database_id group by s.database_id),
             counts as (
               select database_id, count(*) as audits,
                 count(*) filter (where complete = 1) as complete,
                 count(*) filter (where verdict = 'clean') as clean,
                 count(*) filter (where verdict = 'drifted') as drifted,
                 count(*) filter (where verdict = 'unknown') as unknown
               from audits where at >= ?1 group by database_id)
             select d.name, d.manifest, coalesce(c.audits, 0) as audits,
               coalesce(c.complete, 0) as complete, coalesce(c.clean, 0) as clean,
               coalesce(c.drifted, 0) as drifted, coalesce(c.unknown, 0) as unknown,
               max(0, coalesce(g.gap, 0)) as gap
             from databases d
             left join counts c on c.database_id = d.id
             left join gaps g on g.database_id = d.id
             where d.registered = 1 order by d.name",
        )?
        .query_map((since, now), |row| {
            Ok(Coverage {
                database: row.get("name")?,
                manifest: row.get("manifest")?,
                audits: column::unsigned(row, "audits")?,
                complete: column::unsigned(row, "complete")?,
                clean: column::unsigned(row, "clean")?,
                drifted: column::unsigned(row, "drifted")?,
                unknown: column::unsigned(row, "unknown")?,
                longest_gap: Duration::from_millis(column::unsigned(row, "gap")?),
            })
        })?
        .collect()
}
