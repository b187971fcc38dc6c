//! Replicas that freeze at the worst instants: with a finished audit in hand, and in the middle of writing it down.

use schemawarden::failpoint;

use super::fleet::Fleet;
use crate::support::until;

const DATABASES: usize = 4;

async fn wait_until_frozen(fleet: &Fleet<'static>) {
    until("it is frozen", || async { fleet.replicas[0].daemon.is_frozen().then_some(()) }).await;
}

/// Waits until the first replica has said after `since` that it runs, so that it has written what it had to write.
async fn wait_for_sign_of(fleet: &Fleet<'static>, since: i64) {
    let pid = fleet.replicas[0].daemon.pid();
    let sql =
        format!("select count(*) from replicas where name like '%/{pid}' and seen_at > {since}");
    until("it says that it runs", || async { (fleet.count(&sql).await == 1).then_some(()) }).await;
}

/// It has found databases clean that have drifted since, and believes that it is its turn.
#[tokio::test]
async fn what_a_frozen_replica_had_found_is_not_committed() {
    let mut fleet = Fleet::of(DATABASES).await;
    // Each was audited some times.
    let place = format!("audit.made:{}:freeze", 3 * DATABASES + 1);
    fleet.join_with(failpoint::VARIABLE, &place).await;
    wait_until_frozen(&fleet).await;
    let held = fleet.count("select count(*) from turns where lease_until is not null").await;
    assert!(held > 0, "it holds no turn");
    for at in 0..DATABASES {
        fleet.toggle(at).await;
    }
    fleet.join().await;
    for at in 0..DATABASES {
        fleet.wait_until_noticed(at).await;
    }
    let thawed = fleet.now().await;
    fleet.replicas[0].daemon.thaw();
    wait_for_sign_of(&fleet, thawed).await;
    fleet.wait_for_audits_after(thawed).await;
    fleet.settle().await;
    let open = fleet.incidents().await;
    assert_eq!(open.len(), DATABASES, "{open:#?}");
    assert!(open.iter().all(|(.., state)| state == "open"), "{open:#?}");
    assert_eq!(fleet.stale().await, 0);
    assert_eq!((fleet.lost().await, fleet.repeats()), (Vec::new(), 0));
    assert_eq!(fleet.seen.len(), DATABASES);
}

/// It holds the lock of all that write, and has an incident half written.
#[tokio::test]
async fn who_freezes_while_writing_keeps_nobody_waiting_for_long() {
    let mut fleet = Fleet::of(DATABASES).await;
    fleet.join_with(failpoint::VARIABLE, "audit.applied:1:freeze").await;
    fleet.settle().await;
    fleet.toggle(0).await;
    wait_until_frozen(&fleet).await;
    // Opens the state, which takes the same lock, and audits.
    fleet.join().await;
    fleet.wait_until_noticed(0).await;
    let thawed = fleet.now().await;
    fleet.replicas[0].daemon.thaw();
    wait_for_sign_of(&fleet, thawed).await;
    fleet.wait_for_audits_after(thawed).await;
    fleet.settle().await;
    let incidents = fleet.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert_eq!(fleet.stale().await, 0);
    assert_eq!((fleet.lost().await, fleet.repeats()), (Vec::new(), 0));
    assert_eq!(fleet.seen.len(), 1);
}
