//! `/api/v1/databases`: every registered database with its last verdict, and one with its report.
//!
//! Names from audited databases are visible spellings in JSON strings. Connection strings and passwords
//! are not part of any answer; the reason of an `unknown` names host, role and database.

use std::collections::HashMap;

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use super::Face;
use super::answer;
use super::probes::OVERDUE_AFTER;
use super::problem;
use crate::config::Database;
use crate::health::Timing;
use crate::incident::Incident;
use crate::report::Verdict;
use crate::store::DatabaseState;
use crate::store::StoreError;

/// Every registered database, in the order of the config.
pub(super) async fn list(State(face): State<Face>) -> Response {
    let config = face.config.borrow().clone();
    let (states, incidents) = match facts(&face).await {
        Ok(facts) => facts,
        Err(error) => return unreadable(&error),
    };
    let timings = face.health.timings();
    let databases: Vec<Value> = config
        .databases
        .iter()
        .map(|it| {
            let name = it.name.as_str();
            row(it, states.get(name), timings.get(name).copied(), &incidents, &face)
        })
        .collect();
    answer(StatusCode::OK, &json!({ "databases": databases }))
}

/// One database with its last report. `?fail_on=drift` or `?fail_on=drift,unknown` turns such a
/// verdict into status 503, for uptime monitors.
pub(super) async fn show(
    State(face): State<Face>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let fail_on = match fail_on(query.as_deref().unwrap_or("")) {
        Ok(fail_on) => fail_on,
        Err(word) => {
            let detail =
                format!("fail_on takes `drift`, `unknown` or both with a comma, not `{word}`");
            return problem(StatusCode::BAD_REQUEST, &detail);
        }
    };
    let config = face.config.borrow().clone();
    let Some(database) = config.databases.iter().find(|it| it.name == name) else {
        return problem(StatusCode::NOT_FOUND, "no database of this name is registered");
    };
    let (states, incidents) = match facts(&face).await {
        Ok(facts) => facts,
        Err(error) => return unreadable(&error),
    };
    let report = match face.store.last_report(&name).await {
        Ok(report) => report,
        Err(error) => return unreadable(&error),
    };
    let state = states.get(&name);
    let timing = face.health.timings().get(&name).copied();
    let mut body = row(database, state, timing, &incidents, &face);
    body["report"] = report.unwrap_or(Value::Null);
    // A database that was never audited is unknown, not fine.
    let verdict = state.map_or(Verdict::Unknown, |it| it.verdict);
    let fails = fail_on.contains(&verdict);
    answer(if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, &body)
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
                other => return Err(crate::schema::visible(other.as_bytes())),
            });
        }
    }
    Ok(verdicts)
}

type Facts = (HashMap<String, DatabaseState>, Vec<Incident>);

async fn facts(face: &Face) -> Result<Facts, StoreError> {
    let states = face.store.database_states().await?;
    let states = states.into_iter().map(|it| (it.name.clone(), it)).collect();
    Ok((states, face.store.open_incidents().await?))
}

fn unreadable(error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "could not answer from the state");
    problem(StatusCode::SERVICE_UNAVAILABLE, "the state cannot be read; the log says why")
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
        .filter(|it| it.subject == database.name)
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
        "labels": database.labels,
        "schedule": database.schedule.describe(),
        "verdict": state.map_or("unknown", |it| it.verdict.word()),
        "reason": state.map_or(Some("not audited yet"), |it| it.reason.as_deref()),
        "since": state.map(|it| it.verdict_since.to_string()),
        "audited_at": state.map(|it| it.audited_at.to_string()),
        "last_complete_at": state.and_then(|it| it.last_complete_at).map(|it| it.to_string()),
        "duration_ms": state.map(|it| (it.duration.as_secs_f64() * 10_000.0).round() / 10.0),
        "findings": state.map(|it| it.findings),
        "findings_counting": state.map(|it| it.counting),
        "next_due": timing.map(|it| it.next_due.to_string()),
        "running": timing.is_some_and(|it| it.running_since.is_some()),
        "overdue": overdue,
        "incidents": open,
    })
}
