//! The HTTP face: health endpoints, and the reading half of the API. Loopback only in this step.
//!
//! It reads the store and the health facts and changes nothing. The API answers only who asks for a
//! name of this machine ([`host`]); a client that misbehaves holds little, and not for long ([`serve()`]). A database that is down fails no
//! endpoint here: `/livez` is about this process alone, `/readyz` about its config and state.

mod databases;
mod host;
mod probes;
mod serve;

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
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::health::Health;
use crate::store::Store;

/// What the endpoints read.
#[derive(Clone, Debug)]
pub struct Face {
    pub store: Store,
    pub health: Health,
    pub clock: Clock,
    pub config: watch::Receiver<Arc<Config>>,
}

/// Serves until `shutdown`; requests in progress may end.
pub async fn serve(listener: TcpListener, face: Face, shutdown: CancellationToken) {
    serve::serve(listener, router(face), shutdown).await;
}

/// Every route. The probes answer any `Host`: who probes often names an address of its own making.
fn router(face: Face) -> Router {
    let api = Router::new()
        .route("/api/v1/databases", get(databases::list))
        .route("/api/v1/databases/{name}", get(databases::show))
        .route_layer(middleware::from_fn_with_state(face.clone(), host::check));
    Router::new()
        .route("/livez", get(probes::livez))
        .route("/-/healthy", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/-/ready", get(probes::readyz))
        .route("/healthz", get(probes::healthz))
        .merge(api)
        .fallback(async || {
            problem(StatusCode::NOT_FOUND, "no such page; see /healthz and /api/v1/databases")
        })
        .with_state(face)
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

/// An error as `application/problem+json` (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("error"),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut response = answer(status, &body);
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
