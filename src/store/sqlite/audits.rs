//! Commits one audit: the order of everything that has to happen together.

use rusqlite::Connection;
use sha2::Digest as _;
use sha2::Sha256;

use serde_json::Value;

use super::column;
use super::databases;
use super::deploys;
use super::incidents;
use super::tell::Change;
use super::tell::tell;
use super::trials;
use crate::incident::IncidentState;
use crate::incident::Transition;
use crate::incident::advance;
use crate::notification::Told;
use crate::notification::hold;
use crate::notification::plan;
use crate::report;
use crate::report::Report;
use crate::schema::RelationName;
use crate::store::AuditCommit;
use crate::store::TransitionRecord;

/// The stored form of a report; made by the caller, so that the one writer does not spend its time on
/// it.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The report's JSON without the fields that differ in each audit.
    pub(super) json: String,
    /// Of that JSON: 8 bytes of SHA-256.
    pub(super) hash: Vec<u8>,
}

/// Prepares a report for storing.
pub(super) fn prepare(report: &Report) -> Prepared {
    let mut value = report::json::database(report);
    if let Some(evidence) = value.get_mut("evidence").and_then(Value::as_object_mut) {
        evidence.remove("audited_at");
        evidence.remove("duration_ms");
    }
    let json = value.to_string();
    let hash = Sha256::digest(json.as_bytes())[..8].to_vec();
    Prepared { json, hash }
}

/// What applying one audit did.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) transitions: Vec<TransitionRecord>,
    /// Whether an incident changed, silently or not: such an audit is committed at once.
    pub(super) incident_changed: bool,
    /// Deliveries that were put into the outbox.
    pub(super) deliveries: usize,
}

/// Applies one audit in a savepoint of its own, so that its own fault undoes itself alone.
pub(super) fn apply_alone(
    connection: &Connection,
    audit: &AuditCommit,
    prepared: &Prepared,
) -> rusqlite::Result<Applied> {
    connection.execute_batch("savepoint audit")?;
    match apply(connection, audit, prepared) {
        Ok(applied) => {
            connection.execute_batch("release audit")?;
            Ok(applied)
        }
        Err(error) => {
            if !connection.is_autocommit() {
                connection.execute_batch("rollback to audit; release audit")?;
            }
            Err(error)
        }
    }
}

/// Applies one audit inside the transaction that is open.
fn apply(
    connection: &Connection,
    audit: &AuditCommit,
    prepared: &Prepared,
) -> rusqlite::Result<Applied> {
    let (report, now) = (&*audit.report, audit.now);
    if deploys::is_overtaken(connection, &report.database, report.evidence.deploy, now)? {
        // A deploy began while it ran. The scheduler hears of that and audits again.
        return Ok(Applied { transitions: Vec::new(), incident_changed: false, deliveries: 0 });
    }
    let before = databases::before(connection, &report.database)?;
    let current = incidents::open_of(connection, &report.database)?;
    let streak = before.as_ref().map_or(0, |it| it.unknown_streak);
    let advance = advance(&current, streak, report, now);
    let database = databases::save(
        connection,
        before.as_ref(),
        report,
        prepared,
        advance.unknown_streak,
        now,
    )?;
    insert(connection, database, report, prepared)?;
    if before.as_ref().is_none_or(|it| it.report_hash != prepared.hash) {
        trials::note(connection, database, report)?;
    }

    let mut applied = Applied {
        transitions: Vec::new(),
        incident_changed: !advance.changes.is_empty(),
        deliveries: 0,
    };
    for change in advance.changes {
        let mut incident = change.incident;
        let last = incidents::findings(connection, incident.id)?;
        let findings = match (incident.state, &change.told) {
            (IncidentState::Resolved, _) => last,
            (_, Some(told)) => hold(&incident, report, &last, &told.new),
            (_, None) => hold(&incident, report, &last, &std::collections::BTreeSet::new()),
        };
        let reason = change.told.as_ref().map_or("findings_gone", |it| it.reason.word());
        incident.id = incidents::save(connection, &incident, reason, &findings)?;
        let Some(transition) = change.told else { continue };
        let notification = plan(&Told {
            incident: &incident,
            transition: &transition,
            report,
            labels: &audit.labels,
            findings: &findings,
            unknown_streak: advance.unknown_streak,
        });
        let Transition { step, reason, new } = transition;
        let new: Vec<RelationName> = report
            .counting()
            .filter(|it| new.contains(&it.fingerprint().to_string()))
            .filter_map(|it| it.name.clone())
            .collect();
        let told =
            Change { incident: &incident, step, reason, notification: &notification, new: &new };
        applied.deliveries += tell(connection, &audit.policy, &told, now)?;
        applied.transitions.push(TransitionRecord {
            incident: incident.id,
            kind: incident.kind,
            step,
            reason,
        });
    }
    Ok(applied)
}

fn insert(
    connection: &Connection,
    database: i64,
    report: &Report,
    prepared: &Prepared,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "/* audits.insert */ insert into audits (database_id, at, verdict, complete, \
             duration_us, findings, counting, report_hash, reason) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            database,
            column::ms(report.evidence.audited_at),
            report.verdict.word(),
            report.evidence.complete,
            databases::micros(report.evidence.duration),
            column::count(report.findings.len()),
            column::count(report.counting().count()),
            &prepared.hash,
            &report.reason,
        ))?;
    Ok(())
}
