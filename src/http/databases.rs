//! `/api/v1/databases`: every registered database with its last verdict, one with its report, and an
//! audit now.
//!
//! Names from audited databases are visible spellings in JSON strings. Connection strings and passwords
//! are not part of any answer; the reason of an `unknown` names host, role and database.

mod wanted;

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use tokio::time::timeout;

use super::Face;
use super::answer;
use super::answers::At;
use super::answers::databases::AuditGoesOn;
use super::answers::databases::Audited;
use super::answers::databases::Database as Row;
use super::answers::databases::DatabaseDetail;
use super::answers::databases::Databases;
use super::answers::databases::OpenCircuit;
use super::answers::databases::OpenIncident;
use super::answers::databases::Transition;
use super::asked::Asked;
use super::body::spelled;
use super::cursor;
use super::lateness::is_late_now;
use super::query::Query;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::circuit::Open;
use crate::config::Config;
use crate::config::Database;
use crate::demand;
use crate::demand::Answer;
use crate::health::Timing;
use crate::incident::About;
use crate::incident::Incident;
use crate::nearest::hint;
use crate::report::Verdict;
use crate::store::DatabaseState;
use crate::store::StoreError;
use crate::store::TransitionRecord;

pub(super) use wanted::findable;

use wanted::FailOn;
use wanted::Wanted;

/// How long an audit that was asked for is waited for; below the longest life of a connection.
const AUDIT_WAITED_MAX: Duration = Duration::from_secs(25);

/// The registered databases that fit, by name, as many as asked for. With `?fail_on=` a verdict of any of
/// them, or a late audit, makes it 503, whichever page is shown.
pub(super) async fn list(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let after =
        query.after(|it| if is_name(it) { Ok(it.to_owned()) } else { Err(cursor::wrong(it)) })?;
    let (limit, wanted) = (query.limit()?, Wanted::read(&mut query)?);
    let config = face.config.borrow().clone();
    let fleet = face.store.fleet().all();
    let verdict = |it: &Database| {
        // A database that was never audited is unknown, not fine.
        fleet.get(it.name.as_str()).map_or(Verdict::Unknown, |it| it.state.verdict)
    };
    let fits = wanted.among(&config)?;
    let (timings, now) = (face.health.timings(), face.clock.now());
    let is_late = |it: &Database| {
        let state = fleet.get(it.name.as_str()).map(|it| &it.state);
        is_late_now(it, state, timings.get(it.name.as_str()).copied(), now)
    };
    let fails = fits.iter().any(|it| wanted.fail_on.is_met(verdict(it), || is_late(it)));
    let shown = fits.into_iter().filter(|it| {
        wanted.verdict.is_none_or(|wanted| verdict(it) == wanted)
            && after.as_ref().is_none_or(|after| it.name > *after)
    });
    // One more than is shown tells whether there are more.
    let shown = shown.take(limit + 1).collect();
    let (shown, next) = cursor::cut(shown, limit, |it: &&Database| it.name.clone());
    let incidents = incidents(&face).await?;
    let circuits = face.health.circuits();
    let rows = shown.into_iter().map(|it| {
        let name = it.name.as_str();
        let open = incidents.get(name).map_or(&[][..], Vec::as_slice);
        let state = fleet.get(name).map(|it| &it.state);
        // Most of the time there is none, and nobody's server has to be named.
        let circuit = if circuits.is_empty() { None } else { circuits.get(&it.server()).copied() };
        row(it, state, timings.get(name).copied(), open, circuit, &face)
    });
    let body = Databases { databases: rows.collect(), more: next.is_some(), next };
    Ok(answer(if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body))
}

/// One database with its last report. `?fail_on=drift,unknown,late` turns such a verdict, or an audit that is
/// late, into status 503, for uptime monitors.
pub(super) async fn show(
    State(face): State<Face>,
    Segment(name): Segment,
    mut query: Query,
) -> Result<Response, Refusal> {
    let fail_on = FailOn::read(&mut query)?;
    let config = face.config.borrow().clone();
    let database = registered(&config, &name)?;
    let report = face.store.last_report(&name).await?;
    let glance = face.store.fleet().glance(&name);
    let state = glance.as_ref().map(|it| &it.state);
    let timing = face.health.timing(&name);
    let incidents = incidents(&face).await?;
    let open = incidents.get(&name).map_or(&[][..], Vec::as_slice);
    let circuit = face.health.circuit(&database.server());
    let body =
        DatabaseDetail { database: row(database, state, timing, open, circuit, &face), report };
    // A database that was never audited is unknown, not fine.
    let verdict = state.map_or(Verdict::Unknown, |it| it.verdict);
    let is_late = || is_late_now(database, state, timing, face.clock.now());
    let fails = fail_on.is_met(verdict, is_late);
    Ok(answer(if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body))
}

/// Audits a database now: 200 with the report, or 202 where that takes longer than a request may.
pub(super) async fn audit(
    State(face): State<Face>,
    Segment(name): Segment,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    // To the millisecond, as a report says when its audit began.
    let now = face.clock.now();
    let asked_at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let Some(it) = ask_audit(&face, &name, &asked.author, AUDIT_WAITED_MAX).await? else {
        let detail = format!(
            "the audit goes on; it has ended when `report.evidence.audited_at` of \
             /api/v1/databases/{name} is not before `asked_at`"
        );
        let body = AuditGoesOn { asked_at: asked_at.into(), detail };
        return Ok(answer(StatusCode::ACCEPTED, &body));
    };
    let body = Audited {
        transitions: it.transitions.iter().map(transition).collect(),
        report: it.report,
        recheck_seconds: it.recheck.map(|it| it.as_secs()),
        recorded: it.recorded,
    };
    Ok(answer(StatusCode::OK, &body))
}

/// Has a registered database audited now, by the wish of `author`. `None` where the audit takes longer than
/// it is waited for; it goes on.
pub(super) async fn ask_audit(
    face: &Face,
    name: &str,
    author: &str,
    wait: Duration,
) -> Result<Option<Box<demand::Audited>>, Refusal> {
    let config = face.config.borrow().clone();
    registered(&config, name)?;
    tracing::info!(database.name = name, author, "an audit was asked for");
    match timeout(wait, face.demands.audit(name)).await {
        Ok(Answer::Audited(it)) => Ok(Some(it)),
        Ok(Answer::NotRegistered) => Err(no_such(&config, name)),
        Ok(Answer::GivenUp) => {
            let detail = "the audit was given up: the daemon is stopping, or the database left the \
                          configuration";
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail))
        }
        Err(_) => Ok(None),
    }
}

/// One step of one incident.
pub(super) fn transition(it: &TransitionRecord) -> Transition {
    Transition {
        incident: it.incident.to_string(),
        kind: it.kind.into(),
        step: it.step.into(),
        reason: it.reason.word().to_owned(),
    }
}

/// The registered database `name`.
pub(super) fn registered<'a>(config: &'a Config, name: &str) -> Result<&'a Database, Refusal> {
    let found = config.databases.iter().find(|it| it.name == name);
    found.map(|it| &**it).ok_or_else(|| no_such(config, name))
}

/// No database of this name is registered; the nearest one may have been meant.
pub(super) fn no_such(config: &Config, name: &str) -> Refusal {
    let hint = hint(name, config.databases.iter().map(|it| it.name.as_str()));
    Refusal::missing(format!("no database `{}` is registered{hint}", spelled(name)))
}

/// Whether a text may be the name of a database: the shape of names, not whether one is registered. A
/// page may begin after one that has gone meanwhile.
fn is_name(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-');
    text.bytes().all(plain)
}

/// The open incidents, by the name of what they are about.
async fn incidents(face: &Face) -> Result<HashMap<String, Vec<Incident>>, StoreError> {
    let mut incidents: HashMap<String, Vec<Incident>> = HashMap::new();
    for it in face.store.open_incidents().await? {
        incidents.entry(it.subject.clone()).or_default().push(it);
    }
    Ok(incidents)
}

/// A tenth of a millisecond: finer would be noise.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// One database in short.
fn row(
    database: &Database,
    state: Option<&DatabaseState>,
    timing: Option<Timing>,
    incidents: &[Incident],
    circuit: Option<Open>,
    face: &Face,
) -> Row {
    let open = incidents
        .iter()
        // A server, a manifest or a channel may have the name of a database.
        .filter(|it| it.kind.about() == About::Database)
        .map(|it| OpenIncident {
            id: it.id.to_string(),
            kind: it.kind.into(),
            state: it.state.into(),
            opened_at: it.opened_at.into(),
        });
    let overdue = timing.is_some_and(|it| it.is_overdue(face.clock.now()));
    let circuit = circuit.map(|it| OpenCircuit {
        opened_at: it.opened_at.into(),
        since: it.since.into(),
        failures: it.failures,
        probe_at: it.probe_at.into(),
    });
    let not_yet = || Some("not audited yet".to_owned());
    Row {
        name: database.name.clone(),
        manifest: database.manifest.name.clone(),
        discovery: database.discovery.clone(),
        labels: database.labels.clone(),
        schedule: database.schedule.describe(),
        verdict: state.map_or(Verdict::Unknown, |it| it.verdict).into(),
        reason: state.map_or_else(not_yet, |it| it.reason.clone()),
        since: state.map(|it| it.verdict_since.into()),
        audited_at: state.map(|it| it.audited_at.into()),
        last_complete_at: state.and_then(|it| it.last_complete_at).map(At::from),
        duration_ms: state.map(|it| milliseconds(it.duration)),
        findings: state.map(|it| it.findings),
        findings_counting: state.map(|it| it.counting),
        next_due: timing.map(|it| it.next_due.into()),
        running: timing.is_some_and(|it| it.running_since.is_some()),
        overdue,
        circuit,
        incidents: open.collect(),
    }
}

#[cfg(test)]
mod tests;
