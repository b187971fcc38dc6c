//! The HTTP face: health endpoints, and the API. Loopback only in this step.
//!
//! Reading is open to whoever reaches the address; what changes something needs a named token and a
//! JSON body ([`asked`]), so that no web page can do it. The API answers only who asks for a name of
//! this machine ([`host`]); a client that misbehaves holds little, and not for long ([`serve()`]). A
//! database that is down fails no endpoint here: `/livez` is about this process alone, `/readyz` about
//! its config and state.

mod asked;
mod audits;
mod body;
mod databases;
mod deliveries;
mod deploys;
mod discoveries;
mod expectations;
mod host;
mod incidents;
mod links;
mod manifests;
mod metrics;
mod probes;
mod query;
mod refusal;
mod report;
mod resets;
mod serve;
mod silences;
pub mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::demand::Demands;
use crate::health::Health;
use crate::store::Store;

use refusal::Refusal;

/// What the endpoints read, and whom they ask.
#[derive(Clone, Debug)]
pub struct Face {
    pub store: Store,
    pub health: Health,
    pub clock: Clock,
    pub config: watch::Receiver<Arc<Config>>,
    pub demands: Demands,
}

/// Serves until `shutdown`; requests in progress may end.
pub async fn serve(listener: TcpListener, face: Face, shutdown: CancellationToken) {
    serve::serve(listener, router(face), shutdown).await;
}

/// Every route. The probes answer any `Host`: who probes often names an address of its own making.
fn router(face: Face) -> Router {
    let api = api().layer(middleware::from_fn_with_state(face.clone(), host::check));
    Router::new()
        .route("/livez", get(probes::livez))
        .route("/-/healthy", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/-/ready", get(probes::readyz))
        .route("/healthz", get(probes::healthz))
        .route("/metrics", get(metrics::metrics))
        .route("/", get(links::start))
        .route("/incidents/{id}", get(links::incident))
        .route("/deliveries/{id}", get(links::delivery))
        .nest("/api", api)
        .fallback(async || links::no_such_page())
        .method_not_allowed_fallback(not_this_way)
        .with_state(face)
}

/// The API. Each POST takes an [`asked::Asked`], which is who asks: without a token there is none.
fn api() -> Router<Face> {
    Router::new()
        .route("/v1/databases", get(databases::list))
        .route("/v1/databases/{name}", get(databases::show))
        .route("/v1/databases/{name}/audit", post(databases::audit))
        .route("/v1/databases/{name}/accept-reset", post(resets::accept))
        .route("/v1/expectations", get(expectations::find))
        .route("/v1/audits", get(audits::list))
        .route("/v1/report", get(report::report))
        .route("/v1/incidents", get(incidents::list))
        .route("/v1/incidents/{id}", get(incidents::show))
        .route("/v1/incidents/{id}/ack", post(incidents::acknowledge))
        .route("/v1/incidents/{id}/release", post(incidents::release))
        .route("/v1/silences", get(silences::list).post(silences::add))
        .route("/v1/silences/{id}/expire", post(silences::expire))
        .route("/v1/deploys", get(deploys::list).post(deploys::begin))
        .route("/v1/deploys/{id}/end", post(deploys::end))
        .route("/v1/manifests", get(manifests::list))
        .route("/v1/manifests/{name}/release", post(manifests::release))
        .route("/v1/discoveries", get(discoveries::list))
        .route("/v1/discoveries/{name}/accept", post(discoveries::accept))
        .route("/v1/deliveries", get(deliveries::list))
        .route("/v1/deliveries/{id}", get(deliveries::show))
        .route("/v1/deliveries/retry", post(deliveries::retry))
        .fallback(async || Refusal::missing("no such endpoint; docs/api.md lists them"))
        .method_not_allowed_fallback(not_this_way)
}

async fn not_this_way() -> Refusal {
    let detail = "this endpoint does not take this method; `Allow` says which it takes";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// A JSON answer that no cache keeps and no browser guesses at.
fn answer(status: StatusCode, body: &Value) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, format!("{body}\n")).into_response()
}
