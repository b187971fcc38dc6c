//! `/api/v1/silences`: what is not told for a while, why, until when, and by whom.

mod unmatched;

use std::sync::Arc;

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::Face;
use super::answer;
use super::asked::Asked;
use super::body::spelled;
use super::query::Query;
use super::refusal::Refusal;
use crate::policy::Policy;
use crate::silence;
use crate::silence::Maintenance;
use crate::silence::Silence;

/// The longest silence: one that outlives whoever made it is a monitor that is off.
const SILENCE_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Those that are active now; with `?all=1` those that have ended too, as far as they are kept.
pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let mut query = Query::read(query.as_deref(), &["all"])?;
    let all = query.switch("all")?;
    let now = face.clock.now();
    let silences = face.store.silences(all, now).await?;
    let silences: Vec<Value> = silences.iter().map(|it| row(it, now)).collect();
    let config = Arc::clone(&face.config.borrow());
    let body = json!({ "silences": silences, "maintenance": windows(&config.policy, now) });
    Ok(answer(StatusCode::OK, &body))
}

/// Adds one. What its matcher cannot match now is a warning: the database may come later.
pub(super) async fn add(State(face): State<Face>, mut asked: Asked) -> Result<Response, Refusal> {
    let body = &mut asked.body;
    body.only(&["match", "reason", "for", "ends_at"])?;
    let now = face.clock.now();
    let what = body.take("match").ok_or_else(|| {
        "`match` is missing: what to silence, like {\"database\": [\"sco*\"], \"kind\": [\"drift\"]}"
            .to_owned()
    })?;
    let (matcher, tables) = silence::from_json(&what).map_err(|it| format!("`match`: {it}"))?;
    let reason = body.needed("reason", "a mute without one is a mute that nobody lifts")?;
    let ends_at = body.end("ends_at", now)?;
    if ends_at.duration_since(now) > SILENCE_MAX {
        let days = SILENCE_MAX.as_hours() / 24;
        return Err(
            format!("a silence lasts at most {days} days: renew it if it is still right").into()
        );
    }
    let silence = Silence {
        id: 0,
        matcher,
        tables,
        reason,
        author: asked.author,
        created_at: now,
        ends_at,
        expired_at: None,
    };
    let silence = face.store.add_silence(silence).await?;
    tracing::info!(silence.id = silence.id, author = silence.author, "a silence was added");
    // Only a silence about tables asks what is there.
    let about_tables = !silence.tables.is_empty();
    let reports = if about_tables { face.store.last_reports().await? } else { Vec::new() };
    let warnings = unmatched::warnings(&silence, &face.config.borrow(), &reports);
    let body = json!({ "silence": row(&silence, now), "warnings": warnings });
    Ok(answer(StatusCode::CREATED, &body))
}

/// Ends one now.
pub(super) async fn expire(
    State(face): State<Face>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    let now = face.clock.now();
    let id: i64 = id.parse().map_err(|_| format!("`{}` is no id of a silence", spelled(&id)))?;
    let missing = || Refusal::missing(format!("there is no silence {id}"));
    let before = face.store.silences(true, now).await?.into_iter().find(|it| it.id == id);
    let was_active = before.ok_or_else(missing)?.is_active(now);
    if !was_active {
        return Err(Refusal::conflict(format!("silence {id} has ended already")));
    }
    let silence = face.store.expire_silence(id, now).await?.ok_or_else(missing)?;
    tracing::info!(silence.id = id, author = asked.author, "a silence was ended");
    Ok(answer(StatusCode::OK, &json!({ "silence": row(&silence, now) })))
}

/// The maintenance windows of the config that are open now: they mute as silences do.
pub(super) fn windows(policy: &Policy, now: Timestamp) -> Value {
    let window = |(it, until): (&Maintenance, Timestamp)| {
        json!({
            "name": it.name,
            "match": silence::to_json(&it.matcher, &[]),
            "ends_at": until.to_string(),
        })
    };
    policy.open_windows(now).into_iter().map(window).collect()
}

fn row(it: &Silence, now: Timestamp) -> Value {
    json!({
        "id": it.id,
        "active": it.is_active(now),
        "match": silence::to_json(&it.matcher, &it.tables),
        "reason": it.reason,
        "author": it.author,
        "created_at": it.created_at.to_string(),
        "ends_at": it.ends_at.to_string(),
        "expired_at": it.expired_at.map(|it| it.to_string()),
    })
}
