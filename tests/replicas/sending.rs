//! A replica that dies with a message on its way: whether it arrived nobody can know, so another sends it again, under
//! the same id.

use super::fleet::Fleet;
use super::fleet::TAKEN_OVER_WITHIN;
use crate::support::receiver::Answer;

#[tokio::test]
async fn a_message_whose_sender_died_is_sent_by_another() {
    let mut fleet = Fleet::of(2).await;
    fleet.join().await;
    fleet.settle().await;
    // Alone, so that it is who sends; and it waits for the answer.
    fleet.receiver.script([Answer::Hang]);
    fleet.toggle(0).await;
    let first = fleet.receiver.next().await;
    fleet.join().await;
    fleet.replicas[0].daemon.kill9().await;
    let died = std::time::Instant::now();
    let again = fleet.receiver.next().await;
    let after = again.at.duration_since(died);
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
