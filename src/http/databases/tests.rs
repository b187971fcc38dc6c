//! A monitor that asks for it learns that nobody looks any more.

use axum::extract::State;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::*;
use crate::clock::Clock;
use crate::http::sample;

const DATABASES: [&str; 2] = [
    "name: central, url: \"host=/tmp\", manifest: central",
    "name: other, url: \"host=/tmp\", manifest: central",
];

#[tokio::test]
async fn an_audit_that_is_late_fails_who_asks_for_that() {
    let directory = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-11-27T03:00:00Z".parse().unwrap();
    let clock = Clock::manual(now);
    let config = sample::config(&directory, &DATABASES, &clock);
    let face = sample::face(&directory, config, clock);
    let query = |text: &str| Query::read(Some(text), &["fail_on", "search"]).unwrap();
    let all = async |text: &str| list(State(face.clone()), query(text)).await.unwrap().status();
    let one = async |name: &str, text: &str| {
        let name = Segment(name.to_owned());
        show(State(face.clone()), name, query(text)).await.unwrap().status()
    };
    let due =
        |ago: i64| Timing { next_due: now - SignedDuration::from_secs(ago), running_since: None };
    let (fine, fails) = (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE);
    // One that is not planned yet is not late.
    assert_eq!(all("fail_on=late").await, fine);
    // Waiting for a slot is normal.
    face.health.set_timing("central", due(60));
    face.health.set_timing("other", due(-60));
    assert_eq!((all("fail_on=late").await, one("central", "fail_on=late").await), (fine, fine));
    face.health.set_timing("central", due(61));
    assert_eq!((all("fail_on=late").await, one("central", "fail_on=late").await), (fails, fails));
    assert_eq!(one("central", "fail_on=drift,late").await, fails);
    for text in ["fail_on=drift", ""] {
        assert_eq!((all(text).await, one("central", text).await), (fine, fine), "{text}");
    }
    assert_eq!(one("other", "fail_on=late").await, fine);
    assert_eq!(all("fail_on=late&search=other").await, fine);
}
