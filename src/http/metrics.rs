//! `/metrics`: what is so now, read for each answer, beside what this process has counted ([`crate::metrics`]).
//!
//! A number that the state does not tell is left out, never 0: what is not known is not fine. Bounded: a series
//! for each verdict, kind of incident and channel, and for a database only where `metrics.per_database` says
//! so. Names are those that Prometheus's own rules ask for: base units, `_total`, `_seconds`.
//!
//! **Invariant.** Fewer than 400 series with up to eight channels, whatever happens and however many databases there
//! are, unless `metrics.per_database` is on.

mod exposition;
mod gauges;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use prometheus_client::registry::Registry;

use super::Face;
use super::access;
use super::access::Reads;
use super::probes;
use crate::metrics::Counted;

/// The text format of Prometheus.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// 200 whatever the state says: that the state cannot be read is one of the metrics. Names of databases
/// leave the machine only for who may read.
pub(super) async fn metrics(State(face): State<Face>, Reads(reads): Reads) -> Response {
    let now = face.clock.now();
    let config = face.config.borrow().clone();
    if config.metrics_per_database && !config.http.is_local() && !reads {
        return access::needs_token().into_response();
    }
    let stored = probes::read(gauges::Stored::read(&face.store, now)).await.ok();
    let mut registry = Registry::with_prefix("schemawarden");
    counters(&mut registry, face.store.metrics().counted());
    gauges::register(&mut registry, &face, &config, stored.as_ref(), now);
    let mut open_metrics = String::new();
    if prometheus_client::encoding::text::encode(&mut open_metrics, &registry).is_err() {
        // Writing to a String cannot fail.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    (StatusCode::OK, headers, exposition::text(&open_metrics)).into_response()
}

/// What this process has counted.
fn counters(registry: &mut Registry, it: &Counted) {
    registry.register("audits", "Audits that came back, by verdict", it.audits.clone());
    registry.register(
        "audit_duration_seconds",
        "From the begin of an audit to its end, connecting included",
        it.audit_duration.clone(),
    );
    registry.register(
        "audits_left_out",
        "Audits that were not made, because the circuit of their server was open",
        it.left_alone.clone(),
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
        "notifications_suppressed",
        "Changes of incidents that nobody was told of when they happened, by reason",
        it.suppressed.clone(),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::channel::Failure;
    use crate::incident::IncidentKind;
    use crate::incident::Step;
    use crate::metrics::Metrics;
    use crate::notification::NotificationType as Type;

    const TYPES: [Type; 4] = [Type::Opened, Type::Changed, Type::Reminder, Type::Resolved];
    const FAILURES: [Failure; 7] = [
        Failure::Auth,
        Failure::RateLimited,
        Failure::Client,
        Failure::Server,
        Failure::Timeout,
        Failure::Io,
        Failure::Payload,
    ];
    const CHANNELS: usize = 8;
    /// What is not counted here but read: verdicts, open incidents by kind, a few of the process.
    const READ_MAX: usize = 40 + CHANNELS;

    #[test]
    fn it_is_bounded_whatever_happens() {
        let metrics = Metrics::default();
        for kind in IncidentKind::ALL {
            for it in Step::ALL {
                metrics.transition(kind.word(), it.word());
            }
        }
        for channel in (0..CHANNELS).map(|it| format!("channel-{it}")) {
            for r#type in TYPES.map(Type::word) {
                metrics.notified(&channel, r#type);
                for failure in FAILURES {
                    metrics.not_notified(&channel, r#type, failure.word());
                }
            }
        }
        metrics.audited("clean", Duration::ZERO);
        metrics.delivered(Duration::ZERO);
        let mut registry = Registry::with_prefix("schemawarden");
        counters(&mut registry, metrics.counted());
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let series = text.lines().filter(|it| !it.starts_with('#')).count();
        assert!(series + READ_MAX < 400, "{series}\n{text}");
    }
}
