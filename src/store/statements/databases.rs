//! One row a database: the state that the next audit builds on, and the last report.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::audits::Prepared;
use super::column;
use crate::incident::Memory;
use crate::report::Report;
use crate::report::Verdict;
use crate::reset;
use crate::store::AuditCommit;
use crate::store::DatabaseState;

/// What the next audit of a database builds on.
#[derive(Debug)]
pub(in crate::store) struct Before {
    id: i64,
    pub(in crate::store) memory: Memory,
    /// What it lived on then.
    pub(in crate::store) server: String,
    pub(in crate::store) report_hash: Vec<u8>,
    pub(in crate::store) known_version: i64,
    pub(in crate::store) audited_at: Timestamp,
}

/// The row of a database, if it was ever audited.
pub(in crate::store) fn before(connection: &Connection, name: &str) -> sql::Result<Option<Before>> {
    connection
        .prepare_cached(
            "/* databases.before */ select id, unknown_streak, failing_since, suspects, held_to, server, \
             report_hash, known_version, audited_at from databases where name = ?1",
        )?
        .query_row([name], |row| {
            Ok(Before {
                id: row.get("id")?,
                memory: Memory {
                    unknown_streak: row.get("unknown_streak")?,
                    failing_since: column::instant_or_null(row, "failing_since")?,
                    suspects: column::json(row, "suspects")?,
                    held_to: column::json_or_null(row, "held_to")?,
                },
                server: row.get("server")?,
                report_hash: row.get("report_hash")?,
                known_version: row.get("known_version")?,
                audited_at: column::instant(row, "audited_at")?,
            })
        })
        .optional()
}

/// Writes the state after an audit, and the report where it differs from the last; returns the row's
/// id.
pub(in crate::store) fn save(
    connection: &Connection,
    before: Option<&Before>,
    audit: &AuditCommit,
    prepared: &Prepared,
    memory: &Memory,
) -> sql::Result<i64> {
    let (report, now) = (&*audit.report, audit.now);
    let id = save_report(connection, before, report, prepared, now)?;
    let unreachable = report.evidence.unreachable;
    let reached_at = (!unreachable).then_some(column::ms(report.evidence.audited_at));
    connection
        .prepare_cached(
            "/* databases.remember */ update databases set unknown_streak = ?2, \
             failing_since = ?3, suspects = ?4, server = ?5, labels = ?6, unreachable = ?7, \
             reached_at = coalesce(?8, reached_at), held_to = ?9, registered = 1, \
             known = coalesce(?10, known), residence = coalesce(?11, residence) where id = ?1",
        )?
        .execute((
            id,
            memory.unknown_streak,
            memory.failing_since.map(column::ms),
            column::to_json(&memory.suspects)?,
            &audit.server,
            column::to_json(&audit.labels)?,
            unreachable,
            reached_at,
            memory.held_to.as_ref().map(column::to_json).transpose()?,
            // Judged without what was known: it must not take its place.
            audit
                .known
                .as_ref()
                .filter(|_| audit.known_version.is_some())
                .map(reset::Known::to_json),
            &audit.residence,
        ))?;
    Ok(id)
}

/// Writes what the audit said.
fn save_report(
    connection: &Connection,
    before: Option<&Before>,
    report: &Report,
    prepared: &Prepared,
    now: Timestamp,
) -> sql::Result<i64> {
    let audited_at = column::ms(report.evidence.audited_at);
    let complete_at = report.evidence.complete.then_some(audited_at);
    let same_report = before.is_some_and(|it| it.report_hash == prepared.hash);
    let verdict = report.verdict.word();
    if let Some(before) = before.filter(|_| same_report) {
        // The common case: the verdict, the counts and the reason are part of what is the same.
        connection
            .prepare_cached(
                "/* databases.touch */ update databases set audited_at = ?2, duration_us = ?3, \
                 last_complete_at = coalesce(?4, last_complete_at), \
                 ever_populated = max(ever_populated, ?5) where id = ?1",
            )?
            .execute((
                before.id,
                audited_at,
                micros(report.evidence.duration),
                complete_at,
                report.proves_populated(),
            ))?;
        return Ok(before.id);
    }
    connection
        .prepare_cached(
            "/* databases.save */ insert into databases (name, manifest, verdict, reason, \
             audited_at, duration_us, findings, counting, first_seen_at, verdict_since, \
             last_complete_at, ever_populated, unknown_streak, report, report_hash) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, 0, ?12, ?13) \
             on conflict (name) do update set manifest = excluded.manifest, \
             verdict = excluded.verdict, reason = excluded.reason, \
             audited_at = excluded.audited_at, duration_us = excluded.duration_us, \
             findings = excluded.findings, counting = excluded.counting, \
             verdict_since = case when databases.verdict = excluded.verdict \
             then databases.verdict_since else excluded.verdict_since end, \
             last_complete_at = coalesce(excluded.last_complete_at, databases.last_complete_at), \
             ever_populated = max(databases.ever_populated, excluded.ever_populated), \
             report = excluded.report, report_hash = excluded.report_hash returning id",
        )?
        .query_row(
            (
                &report.database,
                &report.manifest,
                verdict,
                &report.reason,
                audited_at,
                micros(report.evidence.duration),
                column::count(report.findings.len()),
                column::count(report.counting().count()),
                column::ms(now),
                complete_at,
                report.proves_populated(),
                &prepared.json,
                &prepared.hash,
            ),
            |row| row.get(0),
        )
}

pub(in crate::store) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Every database, by name.
pub(in crate::store) fn states(connection: &Connection) -> sql::Result<Vec<DatabaseState>> {
    connection
        .prepare_cached(
            "/* databases.states */ select name, manifest, verdict, reason, audited_at, \
             duration_us, findings, counting, first_seen_at, verdict_since, last_complete_at, \
             ever_populated, unknown_streak, suspects <> '{}' as suspected, residence, \
             report ->> '$.evidence.manifest_hash' as manifest_hash from databases order by name",
        )?
        .query_map((), read_state)?
        .collect()
}

/// Those that changed after `change`, in the order of their changes, at most `limit`; each with its own.
pub(in crate::store) fn changed_since(
    connection: &Connection,
    change: i64,
    limit: i64,
) -> sql::Result<Vec<(i64, DatabaseState)>> {
    connection
        .prepare_cached(
            "/* databases.changed_since */ select name, manifest, verdict, reason, audited_at, \
             duration_us, findings, counting, first_seen_at, verdict_since, last_complete_at, \
             ever_populated, unknown_streak, suspects <> '{}' as suspected, residence, \
             report ->> '$.evidence.manifest_hash' as manifest_hash, change from databases \
             where change > ?1 order by change limit ?2",
        )?
        .query_map([change, limit], |row| Ok((row.get("change")?, read_state(row)?)))?
        .collect()
}

/// Notes that these (JSON, an array of names) have changed, for replicas that follow.
pub(in crate::store) fn note_changed(connection: &Connection, names: &str) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* databases.note_changed */ with counted as (update meta set value = value + 1 \
             where key = 'change' returning value) update databases set change = counted.value \
             from counted where name in (select m.value from json_each(?1) m)",
        )?
        .execute([names])?;
    Ok(())
}

/// One database.
pub(in crate::store) fn state(
    connection: &Connection,
    name: &str,
) -> sql::Result<Option<DatabaseState>> {
    connection
        .prepare_cached(
            "/* databases.state */ select name, manifest, verdict, reason, audited_at, \
             duration_us, findings, counting, first_seen_at, verdict_since, last_complete_at, \
             ever_populated, unknown_streak, suspects <> '{}' as suspected, residence, \
             report ->> '$.evidence.manifest_hash' as manifest_hash from databases where name = ?1",
        )?
        .query_row([name], read_state)
        .optional()
}

fn read_state(row: &Row<'_>) -> sql::Result<DatabaseState> {
    Ok(DatabaseState {
        name: row.get("name")?,
        manifest: row.get("manifest")?,
        manifest_hash: row.get("manifest_hash")?,
        verdict: column::word(row, "verdict", Verdict::from_word)?,
        reason: row.get("reason")?,
        audited_at: column::instant(row, "audited_at")?,
        duration: Duration::from_micros(column::unsigned(row, "duration_us")?),
        findings: column::unsigned(row, "findings")?,
        counting: column::unsigned(row, "counting")?,
        first_seen_at: column::instant(row, "first_seen_at")?,
        verdict_since: column::instant(row, "verdict_since")?,
        last_complete_at: column::instant_or_null(row, "last_complete_at")?,
        ever_populated: row.get("ever_populated")?,
        unknown_streak: row.get("unknown_streak")?,
        suspected: row.get("suspected")?,
        residence: row.get("residence")?,
    })
}

/// The last report of one database.
pub(in crate::store) fn report(connection: &Connection, name: &str) -> sql::Result<Option<Value>> {
    connection
        .prepare_cached(
            "/* databases.report */ select name, report, audited_at, duration_us from databases \
             where name = ?1",
        )?
        .query_row([name], read_report)
        .optional()
        .map(|it| it.map(|(_, report)| report))
}

/// The last report of every database, by name.
pub(in crate::store) fn reports(connection: &Connection) -> sql::Result<Vec<(String, Value)>> {
    connection
        .prepare_cached(
            "/* databases.reports */ select name, report, audited_at, duration_us from databases \
             order by name",
        )?
        .query_map((), read_report)?
        .collect()
}

/// The last reports of these databases, by name.
pub(in crate::store) fn reports_of(
    connection: &Connection,
    names: &[String],
) -> sql::Result<Vec<(String, Value)>> {
    connection
        .prepare_cached(
            "/* databases.reports_of */ select name, report, audited_at, duration_us from databases \
             where name in (select value from json_each(?1)) order by name",
        )?
        .query_map([column::to_json(&names)?], read_report)?
        .collect()
}

/// Puts the two fields back that differ in each audit.
fn read_report(row: &Row<'_>) -> sql::Result<(String, Value)> {
    let mut report: Value = column::json(row, "report")?;
    let audited_at = column::instant(row, "audited_at")?;
    let duration_us: i64 = row.get("duration_us")?;
    if let Some(evidence) = report.get_mut("evidence").and_then(Value::as_object_mut) {
        evidence.insert("audited_at".to_owned(), json!(audited_at.to_string()));
        // A tenth of a millisecond, as in the report itself. Exact below 285 years.
        #[expect(clippy::cast_precision_loss, reason = "tenths of a millisecond are few")]
        let tenths = (duration_us as f64 / 100.0).round();
        evidence.insert("duration_ms".to_owned(), json!(tenths / 10.0));
    }
    Ok((row.get("name")?, report))
}
