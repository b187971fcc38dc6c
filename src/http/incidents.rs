//! `/api/v1/incidents`: what is wrong, what was, and a person who takes it in hand or lets go of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Face;
use super::answer;
use super::answers::At;
use super::answers::incidents::Acknowledged;
use super::answers::incidents::Event;
use super::answers::incidents::Incident as Short;
use super::answers::incidents::IncidentActor;
use super::answers::incidents::IncidentDetail;
use super::answers::incidents::IncidentFinding;
use super::answers::incidents::IncidentHandled;
use super::answers::incidents::Incidents;
use super::answers::incidents::MutedBy;
use super::asked::Asked;
use super::body::spelled;
use super::cursor;
use super::databases::registered;
use super::query::Query;
use super::refusal::Refusal;
use super::segment::Segment;
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
pub(super) const UNRESOLVED: &str = "unresolved";
/// Every incident.
pub(super) const ALL: &str = "all";

/// Incidents, the latest first; those that are not resolved, unless `state` says otherwise.
pub(super) async fn list(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let states = query.word("state", &state_words(), states)?;
    let kinds = IncidentKind::ALL.map(IncidentKind::word);
    let kind = query.word("kind", &kinds, IncidentKind::from_word)?;
    let database = query.text("database");
    let limit = query.limit()?;
    let after = query.after(|it| read_id(it).map_err(|_| cursor::wrong(it)))?;
    let filter = IncidentFilter {
        states: states.unwrap_or_else(|| unresolved().to_vec()),
        database: database.clone(),
        kind,
        // One more than is shown tells whether there are more.
        limit: limit + 1,
    };
    let rows = face.store.incidents_before(filter, after).await?;
    if let Some(name) = database.filter(|_| rows.is_empty()) {
        // Nothing found under a misspelt name must not read as "all is well".
        registered(&face.config.borrow(), &name)?;
    }
    let (rows, next) = cursor::cut(rows, limit, |it| it.incident.id.to_string());
    let incidents = rows.iter().map(short).collect();
    Ok(answer(StatusCode::OK, &Incidents { incidents, more: next.is_some(), next }))
}

/// One incident with its findings and its audit trail.
pub(super) async fn show(
    State(face): State<Face>,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &whole(&face, read_id(&id)?).await?))
}

/// A person takes it in hand: it is quiet until its findings grow.
pub(super) async fn acknowledge(
    State(face): State<Face>,
    Segment(id): Segment,
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
    Segment(id): Segment,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    let id = read_id(&id)?;
    let handled = face.store.release_incident(id, asked.author, face.clock.now()).await?;
    handle(&face, id, handled).await
}

async fn handle(face: &Face, id: IncidentId, handled: Handled) -> Result<Response, Refusal> {
    let changed = settled(id, &handled)?;
    let incident = whole(face, id).await?;
    Ok(answer(StatusCode::OK, &IncidentHandled { incident, changed }))
}

/// Whether that changed anything; refused where there is nothing to change any more.
pub(super) fn settled(id: IncidentId, handled: &Handled) -> Result<bool, Refusal> {
    match handled {
        Handled::Done(_) => Ok(true),
        Handled::Already => Ok(false),
        Handled::Resolved => Err(Refusal::conflict(format!("incident {id} is resolved already"))),
        Handled::NoSuch => Err(no_such(id)),
    }
}

pub(super) fn read_id(text: &str) -> Result<IncidentId, String> {
    text.parse().map_err(|error| format!("`{}`: {error}", spelled(text)))
}

pub(super) fn no_such(id: IncidentId) -> Refusal {
    Refusal::missing(format!("there is no incident {id}, or history does not reach back to it"))
}

fn unresolved() -> [IncidentState; 2] {
    [IncidentState::Open, IncidentState::Acknowledged]
}

/// The words that `state` takes.
pub(super) fn state_words() -> Vec<&'static str> {
    let words = IncidentState::ALL.map(IncidentState::word);
    words.into_iter().chain([UNRESOLVED, ALL]).collect()
}

/// The states that a word stands for; none is every state.
fn states(word: &str) -> Option<Vec<IncidentState>> {
    match word {
        UNRESOLVED => Some(unresolved().to_vec()),
        ALL => Some(Vec::new()),
        word => IncidentState::from_word(word).map(|it| vec![it]),
    }
}

async fn whole(face: &Face, id: IncidentId) -> Result<IncidentDetail, Refusal> {
    let (row, events) = face.store.incident(id).await?.ok_or_else(|| no_such(id))?;
    let incident = short(&row);
    let events = events.into_iter().map(event).collect();
    let Some(facts) = row.facts else {
        return Ok(IncidentDetail {
            incident,
            events,
            diagnoses: None,
            findings: None,
            owners: None,
            actors: None,
            came: None,
            unknown_reason: None,
            next_steps: None,
            evidence: None,
            manifest_hash: None,
            manifest_ref: None,
        });
    };
    Ok(IncidentDetail {
        incident,
        events,
        diagnoses: Some(facts.diagnoses),
        findings: Some(facts.findings.into_iter().map(IncidentFinding::from).collect()),
        owners: Some(facts.owners),
        actors: Some(facts.actors.into_iter().map(IncidentActor::from).collect()),
        came: Some(facts.came.into()),
        unknown_reason: facts.unknown_reason,
        next_steps: Some(facts.next_steps),
        evidence: Some(facts.evidence),
        manifest_hash: Some(facts.manifest_hash),
        manifest_ref: facts.manifest_ref,
    })
}

/// One incident in short.
pub(super) fn short(row: &IncidentRow) -> Short {
    let IncidentRow { incident, reason, facts, untold, muted_by } = row;
    let text = |of: fn(&Notification) -> &String| {
        facts.as_ref().map(of).filter(|it| !it.is_empty()).cloned()
    };
    let about = incident.kind.about();
    Short {
        id: incident.id.to_string(),
        kind: incident.kind.into(),
        state: incident.state.into(),
        reason: reason.clone(),
        about: about.into(),
        subject: incident.subject.clone(),
        database: (about == About::Database).then(|| incident.subject.clone()),
        manifest: text(|it| &it.manifest),
        labels: facts.as_ref().map(|it| it.labels.clone()),
        severity: text(|it| &it.severity),
        headline: text(|it| &it.headline),
        findings_total: facts.as_ref().map(|it| it.findings_total),
        opened_at: incident.opened_at.into(),
        changed_at: incident.changed_at.into(),
        resolved_at: incident.resolved_at.map(At::from),
        flapping: incident.flapping,
        acknowledged: incident.acknowledged.as_ref().map(|it| Acknowledged {
            by: it.by.clone(),
            at: it.at.into(),
            note: it.note.clone(),
        }),
        muted: *untold,
        muted_by: muted_by.clone().map(MutedBy::from),
    }
}

fn event(it: IncidentEvent) -> Event {
    let IncidentEvent { at, step, reason, actor, note } = it;
    Event { at: at.into(), step, reason, actor, note }
}
