//! `/api/v1/silences`: what is not told for a while, why, until when, and by whom.

mod unmatched;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::Face;
use super::answer;
use super::answers::At;
use super::answers::silences::OpenWindow;
use super::answers::silences::Silence as Row;
use super::answers::silences::SilenceEnded;
use super::answers::silences::SilenceMade;
use super::answers::silences::Silences;
use super::asked::Asked;
use super::body::spelled;
use super::cursor;
use super::query::Query;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::manifest::Glob;
use crate::policy::Policy;
use crate::route::Matcher;
use crate::silence;
use crate::silence::Maintenance;
use crate::silence::Silence;
use crate::store::PageOf;

/// The longest silence: one that outlives whoever made it is a monitor that is off.
const SILENCE_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Those that are active now; with `?all=1` those that have ended too, as far as they are kept.
pub(super) async fn list(State(face): State<Face>, mut query: Query) -> Result<Response, Refusal> {
    let (all, limit) = (query.switch("all")?, query.limit()?);
    let before = query.after(cursor::number)?;
    let now = face.clock.now();
    // One more than is shown tells whether there are more.
    let page = PageOf { all, before, limit: limit + 1 };
    let silences = face.store.silences_page(page, now).await?;
    let (silences, next) = cursor::cut(silences, limit, |it| it.id.to_string());
    let silences = silences.iter().map(|it| row(it, now)).collect();
    let maintenance = windows(&face.config.borrow().policy, now);
    let body = Silences { silences, maintenance, more: next.is_some(), next };
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
    let silence = keep(&face, (matcher, tables), reason, asked.author, ends_at).await?;
    // Only a silence about tables asks what is there.
    let about_tables = !silence.tables.is_empty();
    let reports = if about_tables { face.store.last_reports().await? } else { Vec::new() };
    let warnings = unmatched::warnings(&silence, &face.config.borrow(), &reports);
    let body = SilenceMade { silence: row(&silence, face.clock.now()), warnings };
    Ok(answer(StatusCode::CREATED, &body))
}

/// Keeps a silence that `author` wants.
pub(super) async fn keep(
    face: &Face,
    (matcher, tables): (Matcher, Vec<Glob>),
    reason: String,
    author: String,
    ends_at: Timestamp,
) -> Result<Silence, Refusal> {
    let created_at = face.clock.now();
    if ends_at.duration_since(created_at) > SILENCE_MAX {
        let days = SILENCE_MAX.as_hours() / 24;
        return Err(
            format!("a silence lasts at most {days} days: renew it if it is still right").into()
        );
    }
    let silence =
        Silence { id: 0, matcher, tables, reason, author, created_at, ends_at, expired_at: None };
    let silence = face.store.add_silence(silence).await?;
    tracing::info!(silence.id = silence.id, author = silence.author, "a silence was added");
    Ok(silence)
}

/// Ends one now.
pub(super) async fn expire(
    State(face): State<Face>,
    Segment(id): Segment,
    asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&[])?;
    let silence = end(&face, &id, &asked.author).await?;
    let silence = row(&silence, face.clock.now());
    Ok(answer(StatusCode::OK, &SilenceEnded { silence }))
}

/// Ends the silence of this id, by the wish of `author`.
pub(super) async fn end(face: &Face, id: &str, author: &str) -> Result<Silence, Refusal> {
    let now = face.clock.now();
    let id: i64 = id.parse().map_err(|_| format!("`{}` is no id of a silence", spelled(id)))?;
    let missing = || Refusal::missing(format!("there is no silence {id}"));
    let before = face.store.silence(id).await?;
    let was_active = before.ok_or_else(missing)?.is_active(now);
    if !was_active {
        return Err(Refusal::conflict(format!("silence {id} has ended already")));
    }
    let silence = face.store.expire_silence(id, now).await?.ok_or_else(missing)?;
    tracing::info!(silence.id = id, author, "a silence was ended");
    Ok(silence)
}

/// The maintenance windows of the config that are open now: they mute as silences do.
pub(super) fn windows(policy: &Policy, now: Timestamp) -> Vec<OpenWindow> {
    let window = |(it, until): (&Maintenance, Timestamp)| OpenWindow {
        name: it.name.clone(),
        r#match: silence::to_json(&it.matcher, &[]),
        ends_at: until.into(),
    };
    policy.open_windows(now).into_iter().map(window).collect()
}

fn row(it: &Silence, now: Timestamp) -> Row {
    Row {
        id: it.id,
        active: it.is_active(now),
        r#match: silence::to_json(&it.matcher, &it.tables),
        reason: it.reason.clone(),
        author: it.author.clone(),
        created_at: it.created_at.into(),
        ends_at: it.ends_at.into(),
        expired_at: it.expired_at.map(At::from),
    }
}
