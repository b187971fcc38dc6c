//! `/metrics`: what is so now, read for each answer, beside what this process has counted ([`crate::metrics`]).
//!
//! A number that the state does not tell is left out, never 0: what is not known is not fine. Bounded: a series
//! for each verdict, kind of incident and channel, and for a database only where `metrics.per_database` says
//! so. Names are those that Prometheus's own rules ask for: base units, `_total`, `_seconds`.

mod exposition;
mod gauges;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use prometheus_client::registry::Registry;

use super::Face;
use super::probes;

/// The text format of Prometheus.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// 200 whatever the state says: that the state cannot be read is one of the metrics.
pub(super) async fn metrics(State(face): State<Face>) -> Response {
    let now = face.clock.now();
    let config = face.config.borrow().clone();
    let stored = probes::read(gauges::Stored::read(&face.store, now)).await.ok();
    let mut registry = Registry::with_prefix("schemawarden");
    counters(&mut registry, &face);
    gauges::register(&mut registry, &face, &config, stored.as_ref(), now);
    let mut open_metrics = String::new();
    if prometheus_client::encoding::text::encode(&mut open_metrics, &registry).is_err() {
        // Writing to a String cannot fail.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (StatusCode::OK, headers, exposition::text(&open_metrics)).into_response()
}

/// What this process has counted.
fn counters(registry: &mut Registry, face: &Face) {
    let it = face.store.metrics().counted();
    registry.register("audits", "Audits that came back, by verdict", it.audits.clone());
    registry.register(
        "audit_duration_seconds",
        "From the begin of an audit to its end, connecting included",
        it.audit_duration.clone(),
    );
    registry.register(
        "incident_transitions",
        "What became of incidents: opened, changed, resolved",
        it.transitions.clone(),
    );
    registry.register("notifications", "Notifications that arrived", it.notifications.clone());
    registry.register(
        "notifications_failed",
        "Attempts that failed, once for each notification that they carried",
        it.failures.clone(),
    );
    registry.register(
        "notification_latency_seconds",
        "From the first moment of a message to its arrival",
        it.latency.clone(),
    );
    registry.register(
        "deliveries_abandoned",
        "Messages that were given up: nobody was told",
        it.abandoned.clone(),
    );
}
