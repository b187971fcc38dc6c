//! The HTTP face: health endpoints, the pages for people, and the API.
//!
//! Reading is open on the machine itself; everywhere else it takes a name ([`access`]), and what changes
//! something takes one always: by JSON with a token ([`asked`]), or by a form that a page of ours sent
//! ([`form`]), so that no web page of somebody else can do it. Only who asks for a name of this machine is
//! answered ([`host`]); a client that misbehaves holds little, and not for long ([`serve()`]). A database that
//! is down fails no endpoint here: `/livez` is about this process alone, `/readyz` about its config and state.

mod access;
mod answers;
mod asked;
mod audits;
mod body;
mod cursor;
mod databases;
mod deliveries;
mod deploys;
mod described;
mod discoveries;
mod expectations;
mod form;
mod headers;
mod host;
mod incidents;
mod lateness;
mod login;
mod manifests;
mod metrics;
mod openapi;
mod operation;
mod orders;
mod origin;
mod probes;
mod query;
mod refusal;
mod report;
mod resets;
mod routes;
#[cfg(test)]
mod sample;
mod screen;
mod segment;
mod serve;
mod session;
mod silences;
pub mod tokens;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::clock::Clock;
use crate::config::Config;
use crate::demand::Demands;
use crate::health::Health;
use crate::store::Store;

use access::Door;
use refusal::Refusal;

/// Pages are drawn for each reader: most of the gain for little of the time.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(3);

/// What the endpoints read, and whom they ask.
#[derive(Clone, Debug)]
pub struct Face {
    pub store: Store,
    pub health: Health,
    pub clock: Clock,
    pub config: watch::Receiver<Arc<Config>>,
    pub demands: Demands,
}

/// Listens there.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    serve::listen(address)
}

/// Serves until `shutdown`; requests in progress may end.
pub async fn serve(listener: TcpListener, face: Face, shutdown: CancellationToken) {
    let config = face.config.clone();
    serve::serve(listener, router(face), config, shutdown).await;
}

/// Every route, with who may ask for it. A layer is around what stands above it: the last one is asked first.
fn router(face: Face) -> Router {
    let door = Arc::new(Door::new(face.clone()));
    let here = || middleware::from_fn_with_state(Arc::clone(&door), host::check);
    let redraw = || middleware::from_fn_with_state(Arc::clone(&door), refusal::page::redraw);
    let reader = middleware::from_fn_with_state(Arc::clone(&door), access::note_reader);
    // Who probes often names an address of its own making: any `Host` will do, and nobody has to be anybody.
    let open =
        Router::new().route("/livez", get(probes::livez)).route("/-/healthy", get(probes::livez));
    let open_in_short = Router::new()
        .route("/readyz", get(probes::readyz))
        .route("/-/ready", get(probes::readyz))
        .route("/healthz", get(probes::healthz))
        .route("/metrics", get(metrics::metrics))
        .layer(reader);
    let api = routes::api()
        .layer(middleware::from_fn_with_state(Arc::clone(&door), access::admit))
        .layer(here());
    let pages = screen::routes()
        .merge(routes::documents())
        .route(login::PATH, get(login::show).post(login::sign_in))
        .route("/logout", post(login::sign_out))
        .fallback(no_such_page)
        .method_not_allowed_fallback(not_this_way)
        .layer(redraw())
        .layer(middleware::from_fn_with_state(Arc::clone(&door), access::admit_or_login))
        .layer(here())
        .layer(redraw());
    Router::new()
        .merge(open)
        .merge(open_in_short)
        .nest("/api", api)
        .merge(pages)
        .layer(Extension(door))
        .layer(CompressionLayer::new().quality(COMPRESSION))
        .layer(middleware::from_fn(headers::add))
        .with_state(face)
}

/// No page of ours, unless it was asked for with a slash behind it.
async fn no_such_page(uri: Uri) -> Response {
    let path = uri.path();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if path.ends_with('/') && !path.contains("//") && !last.is_empty() {
        let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
        return access::see(&format!("../{last}{query}"));
    }
    Refusal::missing("nothing is here; the links lead to what there is").into_response()
}

async fn not_this_way() -> Refusal {
    let detail = "this endpoint does not take this method; `Allow` says which it takes";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// A JSON answer.
fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut text =
        serde_json::to_vec(body).expect("texts, numbers, lists and maps by text are JSON");
    text.push(b'\n');
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
