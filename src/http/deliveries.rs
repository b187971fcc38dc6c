//! `/api/v1/deliveries`: what waits in the outbox, what was sent, what was given up, and a push.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::Face;
use super::answer;
use super::answers::At;
use super::answers::deliveries::Attempt;
use super::answers::deliveries::CarriedNotification;
use super::answers::deliveries::Deliveries;
use super::answers::deliveries::Delivery;
use super::answers::deliveries::DeliveryDetail;
use super::answers::deliveries::ParkedChannel;
use super::answers::deliveries::Retried;
use super::asked::Asked;
use super::body::spelled;
use super::cursor;
use super::incidents;
use super::query::Query;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::config::Config;
use crate::nearest::hint;
use crate::store::AttemptRow;
use crate::store::Carried;
use crate::store::DeliveryFilter;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::Parked;
use crate::store::Retry;

/// Deliveries, the latest first, and the channels that are parked.
pub(super) async fn list(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let words = DeliveryState::ALL.map(DeliveryState::word);
    let state = query.word("state", &words, DeliveryState::from_word)?;
    let (channel, limit) = (query.text("channel"), query.limit()?);
    let incident = query.text("incident").map(|it| incidents::read_id(&it)).transpose()?;
    let after = query.after(|it| read_id(it).map_err(|_| cursor::wrong(it)))?;
    // One more than is shown tells whether there are more.
    let filter = DeliveryFilter { state, channel: channel.clone(), incident, limit: limit + 1 };
    let rows = face.store.deliveries_before(filter, after).await?;
    if let Some(name) = channel.filter(|_| rows.is_empty()) {
        configured(&face.config.borrow(), &name)?;
    }
    if let Some(id) = incident.filter(|_| rows.is_empty())
        && face.store.incident(id).await?.is_none()
    {
        return Err(incidents::no_such(id));
    }
    if let Some(id) = after.filter(|_| rows.is_empty())
        && face.store.delivery(id).await?.is_none()
    {
        let gone = "`after`: history does not reach back to that delivery any more; begin anew";
        return Err(Refusal::missing(gone));
    }
    let (rows, next) = cursor::cut(rows, limit, |it| it.id.to_string());
    let deliveries = rows.into_iter().map(row).collect();
    let parked = face.store.parked().await?.into_iter().map(parked).collect();
    let body = Deliveries { deliveries, more: next.is_some(), next, parked };
    Ok(answer(StatusCode::OK, &body))
}

/// One delivery: its attempts, and every notification that it carries.
pub(super) async fn show(
    State(face): State<Face>,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let id = read_id(&id)?;
    let found = face.store.delivery(id).await?;
    let found = found.ok_or_else(|| no_such(id))?;
    let body = DeliveryDetail {
        delivery: row(found.row),
        attempts: found.attempts.into_iter().map(attempt).collect(),
        notifications: found.carries.into_iter().map(carried).collect(),
    };
    Ok(answer(StatusCode::OK, &body))
}

/// Makes what waits for a channel, or one delivery, due now; abandoned ones too.
pub(super) async fn retry(State(face): State<Face>, mut asked: Asked) -> Result<Response, Refusal> {
    asked.body.only(&["channel", "delivery"])?;
    let retry = match (asked.body.text("channel")?, asked.body.text("delivery")?) {
        (Some(channel), None) => Retry::Channel(channel),
        (None, Some(id)) => Retry::Delivery(read_id(&id)?),
        _ => return Err("name either a `channel` or a `delivery`".to_owned().into()),
    };
    let due = push(&face, retry, &asked.author).await?;
    Ok(answer(StatusCode::OK, &Retried { due }))
}

/// Makes due now what `author` wants to be tried again; how many that are.
pub(super) async fn push(face: &Face, what: Retry, author: &str) -> Result<usize, Refusal> {
    match &what {
        Retry::Channel(name) => {
            configured(&face.config.borrow(), name)?;
        }
        Retry::Delivery(id) => {
            face.store.delivery(*id).await?.ok_or_else(|| no_such(*id))?;
        }
    }
    tracing::info!(author, "deliveries are to be tried again: {what:?}");
    Ok(face.store.retry(what, face.clock.now()).await?)
}

pub(super) fn no_such(id: Uuid) -> Refusal {
    Refusal::missing(format!("there is no delivery {id}, or history does not reach back to it"))
}

pub(super) fn read_id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| format!("`{}` is no id of a delivery", spelled(text)))
}

/// A channel of the config; the nearest one may have been meant.
pub(super) fn configured(config: &Config, name: &str) -> Result<(), Refusal> {
    if config.channels.contains_key(name) {
        return Ok(());
    }
    let hint = hint(name, config.channels.keys().map(String::as_str));
    Err(Refusal::missing(format!("no channel `{}` is configured{hint}", spelled(name))))
}

fn row(it: DeliveryRow) -> Delivery {
    Delivery {
        id: it.id.to_string(),
        channel: it.channel,
        state: it.state.into(),
        created_at: it.created_at.into(),
        due_at: it.due_at.into(),
        ended_at: it.ended_at.map(At::from),
        attempts_total: it.attempts,
        notifications_total: it.notifications,
        failure: it.failure,
        detail: it.detail,
    }
}

fn attempt(it: AttemptRow) -> Attempt {
    Attempt {
        number: it.number,
        at: it.at.into(),
        duration_ms: super::databases::milliseconds(it.duration),
        outcome: it.outcome,
        failure: it.failure,
        detail: it.detail,
    }
}

fn carried(it: Carried) -> CarriedNotification {
    CarriedNotification {
        incident: it.incident.to_string(),
        r#type: it.kind,
        subject: it.subject,
        database: it.database,
        headline: it.headline,
    }
}

/// A channel that its receiver says is wrong.
pub(super) fn parked(it: Parked) -> ParkedChannel {
    let Parked { channel, since, failure, detail } = it;
    ParkedChannel { channel, since: since.into(), failure, detail }
}
