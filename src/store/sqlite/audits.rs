//! Commits one audit: the order of everything that has to happen together.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use sha2::Digest as _;
use sha2::Sha256;

use serde_json::Value;

use super::column;
use super::databases;
use super::deploys;
use super::incidents;
use super::servers;
use super::tell::Change;
use super::tell::record;
use super::tell::tell;
use super::trials;
use crate::incident::Incident;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Transition;
use crate::incident::advance;
use crate::metrics::Suppressed;
use crate::notification::Told;
use crate::notification::gone_since;
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
    /// Whether it is kept: what a deploy or a person has overtaken is not.
    pub(super) kept: bool,
    /// Deliveries that were put into the outbox.
    pub(super) deliveries: usize,
    /// The next audit should come after this time.
    pub(super) recheck: Option<Duration>,
    /// See [`crate::store::Receipt::inhibited`].
    pub(super) inhibited: bool,
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
#[expect(clippy::too_many_lines, reason = "the order of what has to happen together")]
fn apply(
    connection: &Connection,
    audit: &AuditCommit,
    prepared: &Prepared,
) -> rusqlite::Result<Applied> {
    let (report, now) = (&*audit.report, audit.now);
    if deploys::is_overtaken(connection, &report.database, report.evidence.deploy, now)? {
        // A deploy began while it ran. The scheduler hears of that and audits again.
        return Ok(Applied {
            transitions: Vec::new(),
            incident_changed: false,
            kept: false,
            deliveries: 0,
            recheck: None,
            inhibited: false,
        });
    }
    let before = databases::before(connection, &report.database)?;
    let version = before.as_ref().map_or(0, |it| it.known_version);
    if audit.known_version.is_some_and(|it| it != version) {
        // A person accepted what it saw while it ran, and has it audited again.
        return Ok(Applied {
            transitions: Vec::new(),
            incident_changed: false,
            kept: false,
            deliveries: 0,
            recheck: None,
            inhibited: false,
        });
    }
    let current = known(connection, audit)?;
    let remembered = before.as_ref().map(|it| it.memory.clone()).unwrap_or_default();
    let memory = remembered.noted(report, now);
    let outage = servers::judge(connection, audit, &memory)?;
    let advance = advance(&current, &memory, report, &audit.life, outage.told, now);
    let database = databases::save(connection, before.as_ref(), audit, prepared, &advance.memory)?;
    insert(connection, database, report, prepared)?;
    if before.as_ref().is_none_or(|it| it.report_hash != prepared.hash) {
        trials::note(connection, database, report)?;
    }

    let mut applied = Applied {
        transitions: Vec::new(),
        incident_changed: outage.change.is_some() || !advance.changes.is_empty(),
        kept: true,
        deliveries: 0,
        recheck: advance.recheck,
        inhibited: advance.inhibited,
    };
    if let Some(change) = &outage.change {
        applied.deliveries += servers::apply(connection, audit, change, &mut applied.transitions)?;
    }
    if let Some(moved) = before.filter(|it| it.server != audit.server)
        && let Some((transition, told)) =
            servers::close_empty(connection, &moved.server, &audit.policy, now)?
    {
        applied.incident_changed = true;
        applied.deliveries += told;
        applied.transitions.push(transition);
    }
    for change in advance.changes {
        if change.told.as_ref().is_some_and(|it| it.reason == Reason::ServerTold) {
            // The incident of the server may have ended it already, when it opened.
            if incidents::open_one(connection, &report.database, change.incident.kind)?.is_some() {
                let policy = &audit.policy;
                let (ended, told) =
                    servers::end_failing(connection, &change, &audit.server, policy, now)?;
                applied.transitions.push(ended);
                applied.deliveries += told;
            }
            continue;
        }
        let mut incident = change.incident;
        let before = incidents::facts(connection, incident.id)?;
        let last = incidents::findings(connection, incident.id)?;
        let findings = match (incident.state, &change.told) {
            (IncidentState::Resolved, _) => last,
            (_, Some(told)) => hold(&incident, report, &last, &told.new),
            (_, None) => hold(&incident, report, &last, &std::collections::BTreeSet::new()),
        };
        let reason = change.told.as_ref().map_or("findings_gone", |it| it.reason.word());
        incident.id = incidents::save(connection, &incident, reason, &findings)?;
        let Some(transition) = change.told else { continue };
        let mut notification = plan(&Told {
            incident: &incident,
            transition: &transition,
            report,
            labels: &audit.labels,
            findings: &findings,
            unknown_streak: advance.memory.unknown_streak,
        });
        notification.gone_total = before.map_or(0, |it| gone_since(&it, &notification));
        let Transition { step, reason, new, quiet } = transition;
        let new: Vec<RelationName> = report
            .counting()
            .filter(|it| new.contains(&it.fingerprint().to_string()))
            .filter_map(|it| it.name.clone())
            .collect();
        let suppressed = if quiet {
            record(connection, &incident, step, reason, None, None, now)?;
            incidents::note_facts(connection, incident.id, &notification)?;
            Some(Suppressed::Acknowledged)
        } else {
            let notification = &notification;
            let told = Change { incident: &incident, step, reason, notification, new: &new };
            let spoken = tell(connection, &audit.policy, &told, now)?;
            applied.deliveries += spoken.notifications;
            spoken.suppressed
        };
        applied.transitions.push(TransitionRecord {
            incident: incident.id,
            kind: incident.kind,
            subject: incident.subject,
            step,
            reason,
            suppressed,
        });
    }
    Ok(applied)
}

/// The incidents that an audit can change: what is open of its database, and what may come back.
fn known(connection: &Connection, audit: &AuditCommit) -> rusqlite::Result<Vec<Incident>> {
    let (report, now) = (&audit.report, audit.now);
    let mut known = incidents::open_of(connection, &report.database)?;
    if report.counting().next().is_some() && !audit.life.flap_window.is_zero() {
        let since = now.checked_sub(audit.life.flap_window).unwrap_or(Timestamp::MIN);
        known.extend(incidents::gone_since(connection, &report.database, since)?);
    }
    Ok(known)
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
             duration_us, findings, counting, report_hash, reason, relations) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
            report.evidence.relations.map(column::count),
        ))?;
    Ok(())
}
