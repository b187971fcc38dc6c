//! `/livez`, `/readyz`, `/healthz`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::json;

use super::Face;
use super::answer;
use crate::health::STUCK_AFTER;
use crate::store;

/// An audit that is this late is overdue. Waiting for a slot is normal; waiting for minutes is not.
pub(super) const OVERDUE_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// A delivery that has been pending for this long is stuck.
const STUCK_DELIVERY_AFTER: Duration = Duration::from_mins(5);

/// One condition of readiness.
struct Condition {
    name: &'static str,
    /// Why it does not hold.
    fault: Option<String>,
}

/// 200 while the scheduler comes round; never depends on a database or a receiver.
pub(super) async fn livez(State(face): State<Face>) -> Response {
    let idle = face.health.scheduler_idle();
    if idle < STUCK_AFTER {
        return text(StatusCode::OK, "ok\n".to_owned());
    }
    let body = format!("the scheduler has not come round for {} s\n", idle.as_secs());
    text(StatusCode::SERVICE_UNAVAILABLE, body)
}

/// 200 while config and state are there and the process is not stopping. `?verbose` names each
/// condition.
pub(super) async fn readyz(State(face): State<Face>, RawQuery(query): RawQuery) -> Response {
    let conditions = conditions(&face);
    let ready = conditions.iter().all(|it| it.fault.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verbose = query.is_some_and(|it| it.split('&').any(|key| key.starts_with("verbose")));
    let mut body = String::new();
    for condition in &conditions {
        // Writing to a String cannot fail.
        let _ = match &condition.fault {
            None if verbose => writeln!(body, "[+]{} ok", condition.name),
            None => Ok(()),
            Some(fault) => writeln!(body, "[-]{} failed: {fault}", condition.name),
        };
    }
    if verbose && let Some(refused) = face.health.reload_refused() {
        let _ = writeln!(body, "[!]reload refused, the earlier config is in force: {refused}");
    }
    body.push_str(if ready { "ok\n" } else { "not ready\n" });
    text(status, body)
}

/// Readiness as JSON, with the fleet in numbers.
pub(super) async fn healthz(State(face): State<Face>) -> Response {
    let conditions = conditions(&face);
    let ready = conditions.iter().all(|it| it.fault.is_none());
    let now = face.clock.now();
    let config = face.config.borrow().clone();

    let mut verdicts =
        BTreeMap::from([("clean", 0), ("drifted", 0), ("unknown", 0), ("not_audited", 0)]);
    let states: BTreeMap<_, _> = face
        .store
        .database_states()
        .await
        .unwrap_or_default()
        .into_iter()
        .map(|it| (it.name, it.verdict))
        .collect();
    for database in &config.databases {
        let word = states.get(&database.name).map_or("not_audited", |it| it.word());
        *verdicts.entry(word).or_insert(0) += 1;
    }
    let overdue = face
        .health
        .timings()
        .values()
        .filter(|it| now.duration_since(it.next_due) > OVERDUE_AFTER)
        .count();
    let outbox = face.store.outbox_status(now).await.ok();
    let stuck = outbox.is_some_and(|it| it.oldest.is_some_and(|age| age > STUCK_DELIVERY_AFTER));
    let open = face.store.open_incidents().await.map_or(0, |it| it.len());

    let faults: BTreeMap<_, _> =
        conditions.iter().filter_map(|it| Some((it.name, it.fault.clone()?))).collect();
    let body = json!({
        "ready": ready,
        "faults": faults,
        "version": env!("CARGO_PKG_VERSION"),
        "databases": config.databases.len(),
        "verdicts": verdicts,
        "audits_overdue": overdue,
        "incidents_open": open,
        "deliveries": {
            "pending": outbox.map(|it| it.pending),
            "oldest_seconds": outbox.and_then(|it| it.oldest).map(|it| it.as_secs()),
            "stuck": stuck,
            "abandoned": outbox.map(|it| it.abandoned),
        },
        "config_hash": config.hash,
        "reload_refused": face.health.reload_refused(),
    });
    answer(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

/// What readiness is made of.
fn conditions(face: &Face) -> Vec<Condition> {
    let state = match &*face.store.health().borrow() {
        store::Health::Ok => None,
        store::Health::Failing { since, reason, waiting, .. } => Some(format!(
            "the state could not be written for {} s ({reason}); {waiting} reports wait in memory",
            since.elapsed().as_secs()
        )),
    };
    let draining = face.health.is_draining().then(|| "the daemon is stopping".to_owned());
    vec![
        Condition { name: "config", fault: None },
        Condition { name: "state", fault: state },
        Condition { name: "draining", fault: draining },
    ]
}

fn text(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body).into_response()
}
