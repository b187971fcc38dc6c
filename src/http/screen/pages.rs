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
mod deliveries;
mod delivery;
mod deploys;
mod forms;
#[cfg(test)]
mod hostile;
mod incident;
mod incidents;
mod known;
mod list;
mod manifest;
mod manifests;
mod matching;
mod pieces;
mod quiet;
mod timeline;

use axum::Router;
use axum::routing::get;
use axum::routing::post;

use crate::http::Face;

/// The pages, and where their forms go.
pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/databases/{name}", get(database::show))
        .route("/databases/{name}/audit", post(acts::audit))
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incident::show))
        .route("/incidents/{id}/ack", post(acts::acknowledge))
        .route("/incidents/{id}/release", post(acts::release))
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/{id}", get(delivery::show))
        .route("/deliveries/{id}/retry", post(acts::retry_delivery))
        .route("/channels/{name}/retry", post(acts::retry_channel))
        .route("/silences", get(quiet::list).post(acts::silence))
        .route("/silences/{id}/expire", post(acts::expire))
        .route("/known", get(known::list))
        .route("/manifests", get(manifests::list))
        .route("/manifests/{name}", get(manifest::show))
        .route("/about", get(about::show))
}
