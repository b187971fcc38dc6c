//! The pages that messages link to: until there is a dashboard, each leads to the API's answer about
//! the same thing.
//!
//! The locations are relative, so that they hold behind a proxy that serves us below a path of its own.

use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use uuid::Uuid;

use super::refusal::Refusal;
use crate::incident::IncidentId;

/// What is open now.
pub(super) async fn start() -> Response {
    see("api/v1/incidents")
}

/// Where a message about one incident leads.
pub(super) async fn incident(Path(id): Path<String>) -> Result<Response, Refusal> {
    let id: IncidentId = id.parse().map_err(|_| no_such_page())?;
    Ok(see(&format!("../api/v1/incidents/{id}")))
}

/// Where a digest leads.
pub(super) async fn delivery(Path(id): Path<String>) -> Result<Response, Refusal> {
    let id = Uuid::parse_str(&id).map_err(|_| no_such_page())?;
    Ok(see(&format!("../api/v1/deliveries/{id}")))
}

/// No page of ours.
pub(super) fn no_such_page() -> Refusal {
    Refusal::missing("no such page; see /healthz and /api/v1/databases")
}

fn see(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return no_such_page().into_response();
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}
