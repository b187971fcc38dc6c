//! `/api/v1/databases/{name}/accept-reset`, and the form of the same: a person takes what a database holds,
//! and which one it is, as known from now on.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::Face;
use super::answer;
use super::answers::databases::ResetAccepted;
use super::asked::Asked;
use super::databases::registered;
use super::databases::transition;
use super::refusal::Refusal;
use super::segment::Segment;
use crate::demand::Answer;
use crate::store::AcceptReset;
use crate::store::Accepted;

/// How long the answer waits for the audit that follows: it teaches what is there now.
const AUDIT_WAITED_MAX: Duration = Duration::from_secs(20);

/// Accepts it, and has the database audited.
pub(super) async fn accept(
    State(face): State<Face>,
    Segment(name): Segment,
    mut asked: Asked,
) -> Result<Response, Refusal> {
    asked.body.only(&["reason"])?;
    let reason = asked.body.needed("reason", "it stands in the trail, for whoever asks later")?;
    let taken = take(&face, &name, &asked.author, reason, AUDIT_WAITED_MAX).await?;
    Ok(answer(StatusCode::OK, &taken))
}

/// Takes it as known, by the word of `author`, and waits at most `wait` for the audit that follows.
pub(super) async fn take(
    face: &Face,
    name: &str,
    author: &str,
    reason: String,
    wait: Duration,
) -> Result<ResetAccepted, Refusal> {
    let config = Arc::clone(&face.config.borrow());
    registered(&config, name)?;
    let accept = AcceptReset {
        database: name.to_owned(),
        by: author.to_owned(),
        reason,
        policy: Arc::clone(&config.policy),
        now: face.clock.now(),
    };
    let ended = match face.store.accept_reset(accept).await? {
        Accepted::Done(ended) => ended,
        Accepted::Nothing => {
            let detail = format!(
                "there is nothing to accept: `{name}` is the database that is known, and nothing of it \
                 was reset, recreated or emptied"
            );
            return Err(Refusal::conflict(detail));
        }
        Accepted::NoSuch => {
            return Err(Refusal::conflict(format!(
                "`{name}` was never audited: nothing is known of it"
            )));
        }
    };
    tracing::info!(database.name = name, author, "what `{name}` holds was accepted as known");
    let audited = timeout(wait, face.demands.audit(name)).await;
    let verdict = match audited {
        Ok(Answer::Audited(it)) => it.report["verdict"].clone(),
        // It goes on, or the daemon is stopping; what was accepted is.
        _ => Value::Null,
    };
    let transitions = ended.iter().map(transition).collect();
    Ok(ResetAccepted { database: name.to_owned(), transitions, verdict })
}
