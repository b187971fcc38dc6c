//! `/api/v1/databases`: every registered database with its last verdict, one with its report, and an
//! audit now.
//!
//! Names from audited databases are visible spellings in JSON strings. Connection strings and passwords
//! are not part of any answer; the reason of an `unknown` names host, role and database.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use tokio::time::timeout;

use super::Face;
use super::answer;
use super::asked::Asked;
use super::body::spelled;
use super::probes::OVERDUE_AFTER;
use super::query::Query;
use super::refusal::Refusal;
use crate::config::Config;
use crate::config::Database;
use crate::demand::Answer;
use crate::health::Timing;
use crate::incident::About;
use crate::incident::Incident;
use crate::nearest::nearest;
use crate::report::Verdict;
use crate::store::DatabaseState;
use crate::store::StoreError;
use crate::store::TransitionRecord;

/// How long an audit that was asked for is waited for; below the longest life of a connection.
const AUDIT_WAITED_MAX: Duration = Duration::from_secs(25);

/// The registered databases, in the order of the config, as many as asked for.
pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["after", "limit"])?;
    let (after, limit) = (query.text("after"), query.limit()?);
    let config = face.config.borrow().clone();
    let from = match after {
        None => 0,
        Some(name) => {
            1 + config
                .databases
                .iter()
                .position(|it| it.name == name)
                .ok_or_else(|| no_such(&config, &name))?
        }
    };
    let (states, incidents) = facts(&face).await?;
    let timings = face.health.timings();
    let rest = &config.databases[from..];
    let databases: Vec<Value> = rest
        .iter()
        .take(limit)
        .map(|it| {
            let name = it.name.as_str();
            let open = incidents.get(name).map_or(&[][..], Vec::as_slice);
            row(it, states.get(name), timings.get(name).copied(), open, &face)
        })
        .collect();
    let more = rest.len() > databases.len();
    Ok(answer(StatusCode::OK, &json!({ "databases": databases, "more": more })))
}

/// One database with its last report. `?fail_on=drift` or `?fail_on=drift,unknown` turns such a
/// verdict into status 503, for uptime monitors.
pub(super) async fn show(
    State(face): State<Face>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let fail_on = fail_on(query.as_deref().unwrap_or("")).map_err(|word| {
        format!("fail_on takes `drift`, `unknown` or both with a comma, not `{word}`")
    })?;
    let config = face.config.borrow().clone();
    let database = registered(&config, &name)?;
    let (states, incidents) = facts(&face).await?;
    let report = face.store.last_report(&name).await?;
    let state = states.get(&name);
    let timing = face.health.timings().get(&name).copied();
    let open = incidents.get(&name).map_or(&[][..], Vec::as_slice);
    let mut body = row(database, state, timing, open, &face);
    body["report"] = report.unwrap_or(Value::Null);
    // A database that was never audited is unknown, not fine.
    let verdict = state.map_or(Verdict::Unknown, |it| it.verdict);
    let fails = fail_on.contains(&verdict);
    Ok(answer(if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body))
}

/// Audits a database now: 200 with the report, or 202 where that takes longer than a request may.
pub(super) async fn audit(
    State(face): State<Face>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    let config = face.config.borrow().clone();
    registered(&config, &name)?;
    // To the millisecond, as a report says when its audit began.
    let now = face.clock.now();
    let asked_at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    tracing::info!(database.name = name, author = asked.author, "an audit was asked for");
    match timeout(AUDIT_WAITED_MAX, face.demands.audit(&name)).await {
        Ok(Answer::Audited(it)) => {
            let transitions: Vec<Value> = it.transitions.iter().map(transition).collect();
            let body = json!({
                "report": it.report,
                "transitions": transitions,
                "recheck_seconds": it.recheck.map(|it| it.as_secs()),
                "recorded": it.recorded,
            });
            Ok(answer(StatusCode::OK, &body))
        }
        Ok(Answer::NotRegistered) => Err(no_such(&config, &name)),
        Ok(Answer::GivenUp) => {
            let detail = "the audit was given up: the daemon is stopping, or the database left the \
                          configuration";
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail))
        }
        Err(_) => {
            let body = json!({
                "asked_at": asked_at.to_string(),
                "detail": format!(
                    "the audit goes on; it has ended when `report.evidence.audited_at` of \
                     /api/v1/databases/{name} is not before `asked_at`"
                ),
            });
            Ok(answer(StatusCode::ACCEPTED, &body))
        }
    }
}

pub(super) fn transition(it: &TransitionRecord) -> Value {
    json!({
        "incident": it.incident.to_string(),
        "kind": it.kind.word(),
        "step": it.step.word(),
        "reason": it.reason.word(),
    })
}

/// The registered database `name`.
pub(super) fn registered<'a>(config: &'a Config, name: &str) -> Result<&'a Database, Refusal> {
    let found = config.databases.iter().find(|it| it.name == name);
    found.map(|it| &**it).ok_or_else(|| no_such(config, name))
}

/// No database of this name is registered; the nearest one may have been meant.
fn no_such(config: &Config, name: &str) -> Refusal {
    let hint = nearest(name, config.databases.iter().map(|it| it.name.as_str()))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Refusal::missing(format!("no database `{}` is registered{hint}", spelled(name)))
}

/// Reads `fail_on=…`; the word that is none of its own is the error.
fn fail_on(query: &str) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    for (_, value) in
        url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "fail_on")
    {
        for word in value.split(',') {
            verdicts.push(match word {
                "drift" | "drifted" => Verdict::Drifted,
                "unknown" => Verdict::Unknown,
                other => return Err(spelled(other)),
            });
        }
    }
    Ok(verdicts)
}

/// What is stored of the databases, and their open incidents, by name.
type Facts = (HashMap<String, DatabaseState>, HashMap<String, Vec<Incident>>);

async fn facts(face: &Face) -> Result<Facts, StoreError> {
    let states = face.store.database_states().await?;
    let states = states.into_iter().map(|it| (it.name.clone(), it)).collect();
    let mut incidents: HashMap<String, Vec<Incident>> = HashMap::new();
    for it in face.store.open_incidents().await? {
        incidents.entry(it.subject.clone()).or_default().push(it);
    }
    Ok((states, incidents))
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
    face: &Face,
) -> Value {
    let open: Vec<Value> = incidents
        .iter()
        // A server, a manifest or a channel may have the name of a database.
        .filter(|it| it.kind.about() == About::Database)
        .map(|it| {
            json!({
                "id": it.id.to_string(),
                "kind": it.kind.word(),
                "state": it.state.word(),
                "opened_at": it.opened_at.to_string(),
            })
        })
        .collect();
    let overdue =
        timing.is_some_and(|it| face.clock.now().duration_since(it.next_due) > OVERDUE_AFTER);
    json!({
        "name": database.name,
        "manifest": database.manifest.name,
        "discovery": database.discovery,
        "labels": database.labels,
        "schedule": database.schedule.describe(),
        "verdict": state.map_or("unknown", |it| it.verdict.word()),
        "reason": state.map_or(Some("not audited yet"), |it| it.reason.as_deref()),
        "since": state.map(|it| it.verdict_since.to_string()),
        "audited_at": state.map(|it| it.audited_at.to_string()),
        "last_complete_at": state.and_then(|it| it.last_complete_at).map(|it| it.to_string()),
        "duration_ms": state.map(|it| milliseconds(it.duration)),
        "findings": state.map(|it| it.findings),
        "findings_counting": state.map(|it| it.counting),
        "next_due": timing.map(|it| it.next_due.to_string()),
        "running": timing.is_some_and(|it| it.running_since.is_some()),
        "overdue": overdue,
        "incidents": open,
    })
}
