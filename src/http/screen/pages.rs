//! Every page but the fleet's: one database, incidents, deliveries, silences and deploys, known findings,
//! manifests, the daemon itself; and what their forms do ([`acts`]).
//!
//! Each page is a handler that gathers facts, and pure functions that draw them: whatever came from an
//! audited database passes through maud's escaping, and a test sends hostile names through all of them.
//! Links are relative, so that they hold behind a proxy that serves us below a path of its own.

mod about;
mod acts;
mod attempts;
mod database;
mod decisions;
mod deliveries;
mod delivery;
mod deploys;
pub(super) mod forms;
#[cfg(test)]
mod hostile;
mod incident;
pub(super) mod incidents;
mod known;
pub(in crate::http) mod list;
mod manifest;
mod manifests;
mod matching;
pub(super) mod pieces;
mod quiet;
mod timeline;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::routing::get;
use axum::routing::post;

use crate::http::Face;
use crate::http::probes::READ_MAX;
use crate::http::refusal::Refusal;

/// The pages, and where their forms go.
pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/databases/{name}", page(database::show))
        .route("/databases/{name}/audit", post(acts::audit))
        .route("/databases/{name}/accept-reset", post(decisions::accept_reset))
        .route("/manifests/{name}/release", post(decisions::release_manifest))
        .route("/discoveries/{name}/accept", post(decisions::accept_registry))
        .route("/incidents", page(incidents::list))
        .route("/incidents/{id}", page(incident::show))
        .route("/incidents/{id}/ack", post(acts::acknowledge))
        .route("/incidents/{id}/release", post(acts::release))
        .route("/deliveries", page(deliveries::list))
        .route("/deliveries/{id}", page(delivery::show))
        .route("/deliveries/{id}/retry", post(acts::retry_delivery))
        .route("/channels/{name}/retry", post(acts::retry_channel))
        .route("/silences", page(quiet::list).post(acts::silence))
        .route("/silences/{id}/expire", post(acts::expire))
        .route("/known", page(known::list))
        .route("/manifests", page(manifests::list))
        .route("/manifests/{name}", page(manifest::show))
        .route("/about", page(about::show))
}

/// A page for people.
fn page<T: 'static>(show: impl Handler<T, Face>) -> MethodRouter<Face> {
    // Not around what is refused for its method: the router answers that in one way everywhere.
    get(show).route_layer(middleware::from_fn(within))
}

/// A page waits for the state as long as a probe does, and then says that it did not answer: some reads have to
/// see what is not committed yet, and so wait for whoever writes.
async fn within(request: Request, next: Next) -> Response {
    tokio::time::timeout(READ_MAX, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("the state did not answer within {} s", READ_MAX.as_secs());
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
    })
}
