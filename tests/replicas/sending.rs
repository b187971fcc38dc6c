//! A replica that dies with a message on its way: whether it arrived nobody can know, so another sends it again, under
//! the same id.

use std::time::Instant;

use super::fleet::Fleet;
use super::fleet::TAKEN_OVER_WITHIN;
use crate::support::receiver::Answer;

/// The replica that has the message in hand, as the state has it: `host/process`.
const SENDER: &str = "select r.name from deliveries d join replicas r on r.epoch = d.epoch where d.state = 'sending'";

#[tokio::test]
async fn a_message_whose_sender_died_is_sent_by_another() {
    let mut fleet = Fleet::of(2).await;
    for _ in 0..2 {
        fleet.join().await;
    }
    fleet.settle().await;
    // Whoever sends waits for the answer.
    fleet.receiver.script([Answer::Hang]);
    fleet.toggle(0).await;
    let first = fleet.receiver.next().await;
    let name = fleet.ask(SENDER).await;
    let is_sender = |pid: u32| name.ends_with(&format!("/{pid}"));
    let sender = fleet.replicas.iter_mut().find(|it| is_sender(it.daemon.pid()));
    let dies = Instant::now();
    sender.expect("one of them").daemon.kill9().await;
    let again = fleet.receiver.next().await;
    let after = again.at.checked_duration_since(dies).expect("nobody else sends while it lives");
    eprintln!("the message of a dead replica was sent again after {after:?}");
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
    assert_eq!(first.json(), again.json());
    assert!(after <= TAKEN_OVER_WITHIN, "after {after:?}");
    // What follows finds its way, and nothing comes a third time.
    fleet.toggle(0).await;
    fleet.settle().await;
    assert_eq!(fleet.seen.len(), 1, "{:#?}", fleet.seen);
    assert_eq!(fleet.seen[0].json()["type"], "incident.resolved");
    let incidents = fleet.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
}
