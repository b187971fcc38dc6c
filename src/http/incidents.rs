//! `/api/v1/incidents`: what is wrong, what was, and a person who takes it in hand or lets go of it.

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use super::Face;
use super::answer;
use super::asked::Asked;
use super::body::spelled;
use super::databases::registered;
use super::query::Query;
use super::refusal::Refusal;
use crate::incident::About;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::notification::Notification;
use crate::store::Handled;
use crate::store::IncidentEvent;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;

/// The states that are not over, as one word.
const UNRESOLVED: &str = "unresolved";
/// Every incident.
const ALL: &str = "all";

/// Incidents, the latest first; those that are not resolved, unless `state` says otherwise.
pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["state", "database", "kind", "limit"])?;
    let mut words: Vec<&str> = IncidentState::ALL.iter().map(|it| it.word()).collect();
    words.extend([UNRESOLVED, ALL]);
    let states = query.word("state", &words, states)?;
    let kinds = IncidentKind::ALL.map(IncidentKind::word);
    let kind = query.word("kind", &kinds, IncidentKind::from_word)?;
    let database = query.text("database");
    let limit = query.limit()?;
    let filter = IncidentFilter {
        states: states.unwrap_or_else(|| unresolved().to_vec()),
        database: database.clone(),
        kind,
        // One more than is shown tells whether there are more.
        limit: limit + 1,
    };
    let mut rows = face.store.incidents(filter).await?;
    if let Some(name) = database.filter(|_| rows.is_empty()) {
        // Nothing found under a misspelt name must not read as "all is well".
        registered(&face.config.borrow(), &name)?;
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let incidents: Vec<Value> = rows.iter().map(short).collect();
    Ok(answer(StatusCode::OK, &json!({ "incidents": incidents, "more": more })))
}

/// One incident with its findings and its audit trail.
pub(super) async fn show(
    State(face): State<Face>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &whole(&face, read_id(&id)?).await?))
}

/// A person takes it in hand: it is quiet until its findings grow.
pub(super) async fn acknowledge(
    State(face): State<Face>,
    Path(id): Path<String>,
    mut asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&["note"])?;
    let note = asked.body.text("note")?;
    let id = read_id(&id)?;
    let handled = face.store.acknowledge(id, asked.author, note, face.clock.now()).await?;
    handle(&face, id, handled).await
}

/// That person lets go of it: it is told again as any other.
pub(super) async fn release(
    State(face): State<Face>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    let id = read_id(&id)?;
    let handled = face.store.release_incident(id, asked.author, face.clock.now()).await?;
    handle(&face, id, handled).await
}

async fn handle(face: &Face, id: IncidentId, handled: Handled) -> Result<Response, Refusal> {
    let changed = match handled {
        Handled::Done(_) => true,
        Handled::Already => false,
        Handled::Resolved => {
            return Err(Refusal::conflict(format!("incident {id} is resolved already")));
        }
        Handled::NoSuch => return Err(no_such(id)),
    };
    let mut body = whole(face, id).await?;
    body["changed"] = Value::Bool(changed);
    Ok(answer(StatusCode::OK, &body))
}

fn read_id(text: &str) -> Result<IncidentId, String> {
    text.parse().map_err(|error| format!("`{}`: {error}", spelled(text)))
}

fn no_such(id: IncidentId) -> Refusal {
    Refusal::missing(format!("there is no incident {id}, or history does not reach back to it"))
}

fn unresolved() -> [IncidentState; 2] {
    [IncidentState::Open, IncidentState::Acknowledged]
}

/// The states that a word stands for; none is every state.
fn states(word: &str) -> Option<Vec<IncidentState>> {
    match word {
        UNRESOLVED => Some(unresolved().to_vec()),
        ALL => Some(Vec::new()),
        word => IncidentState::from_word(word).map(|it| vec![it]),
    }
}

async fn whole(face: &Face, id: IncidentId) -> Result<Value, Refusal> {
    let (row, events) = face.store.incident(id).await?.ok_or_else(|| no_such(id))?;
    let mut body = short(&row);
    body["events"] = events.iter().map(event).collect();
    let facts = row.facts.as_ref();
    body["diagnoses"] = facts.map(|it| json!(it.diagnoses)).unwrap_or_default();
    body["findings"] = facts.map(|it| json!(it.findings)).unwrap_or_default();
    body["owners"] = facts.map(|it| json!(it.owners)).unwrap_or_default();
    body["actors"] = facts.map(|it| json!(it.actors)).unwrap_or_default();
    body["came"] = facts.map(|it| json!(it.came)).unwrap_or_default();
    body["unknown_reason"] = facts.map(|it| json!(it.unknown_reason)).unwrap_or_default();
    body["next_steps"] = facts.map(|it| json!(it.next_steps)).unwrap_or_default();
    body["evidence"] = facts.map(|it| json!(it.evidence)).unwrap_or_default();
    body["manifest_hash"] = facts.map(|it| json!(it.manifest_hash)).unwrap_or_default();
    body["manifest_ref"] = facts.map(|it| json!(it.manifest_ref)).unwrap_or_default();
    Ok(body)
}

/// One incident in short.
pub(super) fn short(row: &IncidentRow) -> Value {
    let IncidentRow { incident, reason, facts, untold, muted_by } = row;
    let text = |of: fn(&Notification) -> &String| {
        facts.as_ref().map(of).filter(|it| !it.is_empty()).map(String::as_str)
    };
    let about = incident.kind.about();
    json!({
        "id": incident.id.to_string(),
        "kind": incident.kind.word(),
        "state": incident.state.word(),
        "reason": reason,
        "about": match about {
            About::Database => "database",
            About::Server => "server",
            About::Manifest => "manifest",
            About::Channel => "channel",
            About::Discovery => "discovery",
        },
        "subject": incident.subject,
        "database": (about == About::Database).then_some(&incident.subject),
        "manifest": text(|it| &it.manifest),
        "labels": facts.as_ref().map(|it| &it.labels),
        "severity": text(|it| &it.severity),
        "headline": text(|it| &it.headline),
        "findings_total": facts.as_ref().map(|it| it.findings_total),
        "opened_at": incident.opened_at.to_string(),
        "changed_at": incident.changed_at.to_string(),
        "resolved_at": incident.resolved_at.map(|it| it.to_string()),
        "flapping": incident.flapping,
        "acknowledged": incident.acknowledged.as_ref().map(|it| {
            json!({ "by": it.by, "at": it.at.to_string(), "note": it.note })
        }),
        "muted": untold,
        "muted_by": muted_by,
    })
}

fn event(it: &IncidentEvent) -> Value {
    json!({
        "at": it.at.to_string(),
        "step": it.step,
        "reason": it.reason,
        "actor": it.actor,
        "note": it.note,
    })
}
