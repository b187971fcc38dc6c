//! Commits one audit: the order of everything that has to happen together.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use jiff::Timestamp;
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
use super::turns;
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
pub(in crate::store) struct Prepared {
    /// The report's JSON without the fields that differ in each audit.
    pub(in crate::store) json: String,
    /// Of that JSON: 8 bytes of SHA-256.
    pub(in crate::store) hash: Vec<u8>,
}

/// Prepares a report for storing.
pub(in crate::store) fn prepare(report: &Report) -> Prepared {
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
pub(in crate::store) struct Applied {
    pub(in crate::store) transitions: Vec<TransitionRecord>,
    /// Whether an incident changed, silently or not: such an audit is committed at once.
    pub(in crate::store) incident_changed: bool,
    /// Whether it is kept: what a deploy or a person has overtaken is not.
    pub(in crate::store) kept: bool,
    /// Deliveries that were put into the outbox.
    pub(in crate::store) deliveries: usize,
    /// The next audit should come after this time.
    pub(in crate::store) recheck: Option<Duration>,
    /// See [`crate::store::Receipt::inhibited`].
    pub(in crate::store) inhibited: bool,
}

/// Applies one audit in a savepoint of its own, so that its own fault undoes itself alone.
pub(in crate::store) fn apply_alone(
    connection: &Connection,
    audit: &AuditCommit,
    prepared: &Prepared,
) -> sql::Result<Applied> {
    connection.execute_batch("savepoint audit")?;
    match apply(connection, audit, prepared) {
        Ok(applied) => {
            connection.execute_batch("release audit")?;
            Ok(applied)
        }
        Err(error) => {
            // Where the state itself is in trouble all is rolled back, and what the trouble was has been said.
            if !error.is_trouble() && !connection.is_autocommit() {
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
) -> sql::Result<Applied> {
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
    if connection.is_shared() {
        may_commit(connection, audit, before.as_ref())?;
    }
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

    if let Some(turn) = audit.turn {
        let early = advance.recheck.and_then(|it| now.checked_add(it).ok());
        let due = early.map_or(audit.next_due, |it| it.min(audit.next_due));
        turns::end(connection, &report.database, turn, column::ms(due))?;
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

/// Whether the audit still counts. It does where its turn is held; one that was made while the state could
/// not be asked does where nothing as late as that is recorded, and nobody else is at it.
fn may_commit(
    connection: &Connection,
    audit: &AuditCommit,
    before: Option<&databases::Before>,
) -> sql::Result<()> {
    let name = &audit.report.database;
    if let Some(turn) = audit.turn
        && turns::is_held(connection, name, turn)?
    {
        return Ok(());
    }
    let at = audit.report.evidence.audited_at;
    let counts = (audit.turn.is_none() || audit.deferred)
        && before.is_none_or(|it| it.audited_at <= at)
        && !turns::is_anybodys(connection, name)?;
    if counts { Ok(()) } else { Err(sql::Error::Overtaken) }
}

/// The incidents that an audit can change: what is open of its database, and what may come back.
fn known(connection: &Connection, audit: &AuditCommit) -> sql::Result<Vec<Incident>> {
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
) -> sql::Result<()> {
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
