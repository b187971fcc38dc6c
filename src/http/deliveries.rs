//! `/api/v1/deliveries`: what waits in the outbox, what was sent, what was given up, and a push.

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::Face;
use super::answer;
use super::asked::Asked;
use super::body::spelled;
use super::query::Query;
use super::refusal::Refusal;
use crate::config::Config;
use crate::nearest::nearest;
use crate::store::DeliveryFilter;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::Parked;
use crate::store::Retry;

/// Deliveries, the latest first, and the channels that are parked.
pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["state", "channel", "limit"])?;
    let words = DeliveryState::ALL.map(DeliveryState::word);
    let state = query.word("state", &words, DeliveryState::from_word)?;
    let (channel, limit) = (query.text("channel"), query.limit()?);
    // One more than is shown tells whether there are more.
    let filter = DeliveryFilter { state, channel: channel.clone(), limit: limit + 1 };
    let mut rows = face.store.deliveries(filter).await?;
    if let Some(name) = channel.filter(|_| rows.is_empty()) {
        configured(&face.config.borrow(), &name)?;
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let deliveries: Vec<Value> = rows.iter().map(row).collect();
    let parked: Vec<Value> = face.store.parked().await?.iter().map(parked).collect();
    let body = json!({ "deliveries": deliveries, "more": more, "parked": parked });
    Ok(answer(StatusCode::OK, &body))
}

/// One delivery: its attempts, and every notification that it carries.
pub(super) async fn show(
    State(face): State<Face>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = read_id(&id)?;
    let found = face.store.delivery(id).await?;
    let found = found.ok_or_else(|| Refusal::missing(format!("there is no delivery {id}")))?;
    let mut body = row(&found.row);
    body["attempts"] = found
        .attempts
        .iter()
        .map(|it| {
            json!({
                "number": it.number,
                "at": it.at.to_string(),
                "duration_ms": super::databases::milliseconds(it.duration),
                "outcome": it.outcome,
                "failure": it.failure,
                "detail": it.detail,
            })
        })
        .collect();
    body["notifications"] = found
        .carries
        .iter()
        .map(|it| {
            json!({
                "incident": it.incident.to_string(),
                "type": it.kind,
                "subject": it.subject,
                "database": it.database,
                "headline": it.headline,
            })
        })
        .collect();
    Ok(answer(StatusCode::OK, &body))
}

/// Makes what waits for a channel, or one delivery, due now; abandoned ones too.
pub(super) async fn retry(State(face): State<Face>, mut asked: Asked) -> Result<Response, Refusal> {
    asked.body.only(&["channel", "delivery"])?;
    let retry = match (asked.body.text("channel")?, asked.body.text("delivery")?) {
        (Some(channel), None) => {
            configured(&face.config.borrow(), &channel)?;
            Retry::Channel(channel)
        }
        (None, Some(id)) => {
            let id = read_id(&id)?;
            if face.store.delivery(id).await?.is_none() {
                return Err(Refusal::missing(format!("there is no delivery {id}")));
            }
            Retry::Delivery(id)
        }
        _ => return Err("name either a `channel` or a `delivery`".to_owned().into()),
    };
    tracing::info!(author = asked.author, "deliveries are to be tried again: {retry:?}");
    let due = face.store.retry(retry, face.clock.now()).await?;
    Ok(answer(StatusCode::OK, &json!({ "due": due })))
}

fn read_id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| format!("`{}` is no id of a delivery", spelled(text)))
}

/// A channel of the config; the nearest one may have been meant.
fn configured(config: &Config, name: &str) -> Result<(), Refusal> {
    if config.channels.contains_key(name) {
        return Ok(());
    }
    let hint = nearest(name, config.channels.keys().map(String::as_str))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(Refusal::missing(format!("no channel `{}` is configured{hint}", spelled(name))))
}

fn row(it: &DeliveryRow) -> Value {
    json!({
        "id": it.id.to_string(),
        "channel": it.channel,
        "state": it.state.word(),
        "created_at": it.created_at.to_string(),
        "due_at": it.due_at.to_string(),
        "ended_at": it.ended_at.map(|it| it.to_string()),
        "attempts_total": it.attempts,
        "notifications_total": it.notifications,
        "failure": it.failure,
        "detail": it.detail,
    })
}

fn parked(it: &Parked) -> Value {
    json!({
        "channel": it.channel,
        "since": it.since.to_string(),
        "failure": it.failure,
        "detail": it.detail,
    })
}
