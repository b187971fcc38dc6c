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
use jiff::Timestamp;

use super::Face;
use super::access::Reads;
use super::answer;
use super::answers;
use super::answers::health::OutboxHealth;
use super::deliveries::parked;
use super::silences;
use crate::config::Config;
use crate::health::not_come_round;
use crate::report::Verdict;
use crate::store;
use crate::store::Fleet;
use crate::store::OutboxStatus;
use crate::store::Parked;
use crate::store::Store;
use crate::store::StoreError;

/// A delivery that has been pending for this long is stuck.
const STUCK_DELIVERY_AFTER: Duration = Duration::from_mins(5);
/// How long the state may take to answer a probe, which itself is not waited for much longer.
pub(super) const READ_MAX: Duration = Duration::from_secs(2);

/// One condition of readiness.
struct Condition {
    name: &'static str,
    /// Why it does not hold.
    fault: Option<String>,
}

/// What the store knows of the fleet, read for one answer.
struct Stored {
    outbox: OutboxStatus,
    open_incidents: usize,
    parked: Vec<Parked>,
}

/// 200 while each loop comes round; never depends on a database or a receiver.
pub(super) async fn livez(State(face): State<Face>) -> Response {
    let writer = || not_come_round("state writer", face.store.writer_idle());
    match face.health.stuck().or_else(writer) {
        None => text(StatusCode::OK, "ok\n".to_owned()),
        Some(stuck) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{stuck}\n")),
    }
}

/// 200 while config and state are there and the process is not stopping. `?verbose` names each
/// condition. Who may not read learns which of them fails, and not why.
pub(super) async fn readyz(
    State(face): State<Face>,
    Reads(reads): Reads,
    RawQuery(query): RawQuery,
) -> Response {
    let troubles = read(face.store.channel_troubles()).await;
    let (troubles, unread) = match troubles {
        Ok(troubles) => (troubles, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let found = conditions(&face, unread);
    let is_ready = found.iter().all(|it| it.fault.is_none());
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verbose = query.is_some_and(|it| it.split('&').any(|key| key.starts_with("verbose")));
    let mut body = String::new();
    for condition in &found {
        // Writing to a String cannot fail.
        let _ = match &condition.fault {
            None if verbose => writeln!(body, "[+]{} ok", condition.name),
            None => Ok(()),
            Some(_) if !reads => writeln!(body, "[-]{} failed", condition.name),
            Some(fault) => writeln!(body, "[-]{} failed: {fault}", condition.name),
        };
    }
    let verbose = verbose && reads;
    if verbose && let Some(refused) = face.health.reload_refused() {
        let _ = writeln!(body, "[!]reload refused, the earlier config is in force: {refused}");
    }
    for it in troubles.iter().filter(|_| verbose) {
        let _ = writeln!(body, "[!]{it}");
    }
    body.push_str(if is_ready { "ok\n" } else { "not ready\n" });
    text(status, body)
}

/// Readiness as JSON, with the fleet in numbers. A number that the state does not tell is null,
/// never 0: what is not known is not fine. Who may not read gets numbers, and neither names nor reasons.
pub(super) async fn healthz(State(face): State<Face>, Reads(reads): Reads) -> Response {
    let now = face.clock.now();
    let config = face.config.borrow().clone();
    let (known, unread) = match read(stored(&face.store, now)).await {
        Ok(known) => (Some(known), None),
        Err(fault) => (None, Some(fault)),
    };
    let conditions = conditions(&face, unread);
    let is_ready = conditions.iter().all(|it| it.fault.is_none());
    let overdue = face.health.timings().values().filter(|it| it.is_overdue(now)).count();
    let outbox = known.as_ref().map(|it| it.outbox);
    let oldest = outbox.and_then(|it| it.oldest);
    let stuck = outbox.map(|_| oldest.is_some_and(|age| age > STUCK_DELIVERY_AFTER));
    let told = |fault: String| if reads { fault } else { "told to who may read".to_owned() };
    let faults: BTreeMap<_, _> =
        conditions.iter().filter_map(|it| Some((it.name, told(it.fault.clone()?)))).collect();
    let body = answers::health::Health {
        ready: is_ready,
        faults,
        version: reads.then_some(env!("CARGO_PKG_VERSION")),
        databases: config.databases.len(),
        verdicts: known.as_ref().map(|_| verdicts(&config, face.store.fleet())),
        audits_overdue: overdue,
        incidents_open: known.as_ref().map(|it| it.open_incidents),
        deliveries: OutboxHealth {
            pending: outbox.map(|it| it.pending),
            oldest_seconds: oldest.map(|it| it.as_secs()),
            stuck,
            abandoned: outbox.map(|it| it.abandoned),
        },
        parked: known.filter(|_| reads).map(|it| it.parked.into_iter().map(parked).collect()),
        maintenance: reads.then(|| silences::windows(&config.policy, now)),
        config_hash: reads.then(|| config.hash.clone()),
        reload_refused: face.health.reload_refused().filter(|_| reads),
    };
    answer(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

/// How many registered databases have which verdict. From memory: whoever probes a hundred thousand databases every
/// few seconds is to keep no audit waiting.
pub(super) fn verdicts(config: &Config, fleet: &Fleet) -> BTreeMap<&'static str, usize> {
    let mut verdicts =
        BTreeMap::from([("clean", 0), ("drifted", 0), ("unknown", 0), ("not_audited", 0)]);
    for verdict in fleet.verdicts(config.databases.iter().map(|it| it.name.as_str())) {
        let word = verdict.map_or("not_audited", Verdict::word);
        *verdicts.entry(word).or_insert(0) += 1;
    }
    verdicts
}

async fn stored(store: &Store, now: Timestamp) -> Result<Stored, StoreError> {
    Ok(Stored {
        outbox: store.outbox_status(now).await?,
        open_incidents: store.open_incidents().await?.len(),
        parked: store.parked().await?,
    })
}

/// What the state answers within [`READ_MAX`]; otherwise the fault, in words.
pub(super) async fn read<T>(
    question: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, String> {
    match tokio::time::timeout(READ_MAX, question).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not read the state");
            Err("the state cannot be read; the log says why".to_owned())
        }
        Err(_) => Err(format!("the state did not answer within {} s", READ_MAX.as_secs())),
    }
}

/// What readiness is made of; `unreadable` says why the state could not be read.
fn conditions(face: &Face, unreadable: Option<String>) -> Vec<Condition> {
    let unwritable = match &*face.store.health().borrow() {
        store::Health::Ok => None,
        store::Health::Failing { since, reason, waiting, .. } => Some(format!(
            "the state could not be written for {} s ({reason}); {waiting} reports wait in memory",
            since.elapsed().as_secs()
        )),
    };
    let damaged = face.store.damage().map(|it| format!("the state file is damaged: {it}"));
    let draining = face.health.is_draining().then(|| "the daemon is stopping".to_owned());
    vec![
        Condition { name: "config", fault: None },
        Condition { name: "state", fault: unwritable.or(damaged).or(unreadable) },
        Condition { name: "draining", fault: draining },
    ]
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::http::sample;

    fn face(directory: &tempfile::TempDir) -> Face {
        let clock = Clock::System;
        let database = "name: central, url: \"host=/tmp\", manifest: central";
        let config = sample::config(directory, &[database], &clock);
        sample::face(directory, config, clock)
    }

    async fn ask(face: &Face) -> (StatusCode, Value) {
        let response = healthz(State(face.clone()), Reads(true)).await;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_state_that_cannot_be_read_is_not_healthy() {
        let directory = tempfile::tempdir().unwrap();
        let face = face(&directory);
        let (status, body) = ask(&face).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(body["verdicts"]["not_audited"], 1, "{body}");
        assert_eq!(body["incidents_open"], 0, "{body}");
        assert_eq!(body["faults"], json!({}), "{body}");

        // A closed state answers no question.
        face.store.close().await.unwrap();
        let (status, body) = ask(&face).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        assert_eq!(body["ready"], false, "{body}");
        assert!(body["faults"]["state"].is_string(), "{body}");
        for unknown in ["verdicts", "incidents_open", "parked"] {
            assert_eq!(body[unknown], Value::Null, "{unknown}: {body}");
        }
        for unknown in ["pending", "oldest_seconds", "stuck", "abandoned"] {
            assert_eq!(body["deliveries"][unknown], Value::Null, "{unknown}: {body}");
        }
        let response = readyz(State(face), Reads(true), RawQuery(None)).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
