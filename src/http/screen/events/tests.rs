//! What one listener is told: each change at once, many as one, and the end of the daemon.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::sample;
use super::*;
use crate::clock::Clock;
use crate::report::Verdict;

fn face(directory: &tempfile::TempDir) -> Face {
    let config = sample::config(["central".to_owned()]);
    crate::http::sample::face(directory, config, Clock::System)
}

fn audited() -> Change {
    let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    Change::Audited { database: Arc::from("central"), verdict: Verdict::Drifted, at }
}

/// An event as it goes over the wire.
fn wire(event: &Event) -> String {
    format!("{event:?}")
}

#[tokio::test]
async fn a_listener_hears_hello_then_each_change_and_many_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let face = face(&directory);
    let (sender, receiver) = tokio::sync::broadcast::channel(8);
    let mut teller = Teller { changes: receiver, ..Teller::new(face) };
    assert!(wire(&teller.next().await.unwrap()).contains("hello"));

    sender.send(audited()).unwrap();
    let one = wire(&teller.next().await.unwrap());
    for part in ["change", "central", "drifted", "2026-11-24T12:00:00Z", "version"] {
        assert!(one.contains(part), "{part}: {one}");
    }
    // More than it may lag behind: nothing of it is told singly.
    for _ in 0..20 {
        sender.send(audited()).unwrap();
    }
    let many = wire(&teller.next().await.unwrap());
    assert!(many.contains("version") && !many.contains("central"), "{many}");
    let waiting = tokio::time::timeout(Duration::from_millis(50), teller.next());
    assert!(waiting.await.is_err(), "all of them were told");
}

#[tokio::test]
async fn a_listener_is_let_go_when_the_daemon_stops() {
    let directory = tempfile::tempdir().unwrap();
    let face = face(&directory);
    let mut teller = Teller::new(face.clone());
    assert!(teller.next().await.is_some());
    face.health.start_draining();
    let ended = tokio::time::timeout(Duration::from_secs(5), teller.next()).await;
    assert!(ended.expect("it does not wait for a change").is_none());
}
