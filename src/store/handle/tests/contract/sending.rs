//! The outbox: order, claims, and what a kill between claim and record leaves.

use super::*;

fn again(bench: &Bench, seconds: i64) -> AttemptEnd {
    AttemptEnd::Again {
        due_at: bench.now() + SignedDuration::from_secs(seconds),
        minimal: false,
        failure: "server".to_owned(),
        detail: "500".to_owned(),
    }
}

#[tokio::test]
async fn a_kill_after_the_claim_sends_the_same_id_again() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let first = bench.claim(&store).await.remove(0);
    assert_eq!(bench.claim(&store).await, [], "it is in flight");
    store.close().await.unwrap();

    let store = bench.open();
    if store.is_shared() {
        // Whether the other one is gone is not known there before its lease has ended.
        assert_eq!(bench.claim(&store).await, []);
        bench.pass(61);
    }
    let second = bench.claim(&store).await.remove(0);
    assert_eq!((second.id, second.attempt), (first.id, 1));
    assert_eq!(second.notifications, first.notifications);
    assert!(second.epoch > first.epoch);
    // The process that was thought dead may not speak for it any more.
    let late = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
    let error = store.record_attempt(bench.attempt(&first, late.clone())).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error:?}");
    store.record_attempt(bench.attempt(&second, late.clone())).await.unwrap();
    let error = store.record_attempt(bench.attempt(&second, late)).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "recorded twice: {error:?}");
    store.close().await.unwrap();
    assert_eq!(bench.claim(&bench.open()).await, []);
}

#[tokio::test]
async fn a_lease_that_ends_frees_the_delivery() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let first = bench.claim(&store).await.remove(0);
    let idle = store.claim(bench.now(), LEASE, vec![], Paces::new()).await.unwrap();
    let lease_end = bench.now() + SignedDuration::from_millis(60_001);
    assert_eq!((idle.deliveries.len(), idle.next_due), (0, Some(lease_end)));
    bench.pass(61);
    assert_eq!(bench.claim(&store).await[0].id, first.id);
    store.release(first.id, first.epoch).await.unwrap();
    assert_eq!(bench.claim(&store).await[0].attempt, 1, "releasing counts no attempt");
}

#[tokio::test]
async fn resolved_never_overtakes_opened() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    let elsewhere = AuditCommit { policy: policy(&["pager"]), ..bench.audit("sco", "Orchestra") };
    store.commit_audit(elsewhere).await.unwrap();

    let mut claimed = bench.claim(&store).await;
    assert_eq!(claimed.len(), 2, "one a channel: {claimed:?}");
    let opened = claimed.remove(0);
    assert_eq!(opened.notifications[0].kind.word(), "incident.opened");
    assert_eq!(bench.claim(&store).await, []);

    store.record_attempt(bench.attempt(&opened, again(&bench, 30))).await.unwrap();
    let next = store.claim(bench.now(), LEASE, vec![], Paces::new()).await.unwrap();
    assert_eq!(
        (next.deliveries.len(), next.next_due),
        (0, Some(bench.now() + SignedDuration::from_secs(30)))
    );
    bench.pass(30);
    let retried = bench.claim(&store).await.remove(0);
    assert_eq!((retried.id, retried.attempt), (opened.id, 2));
    let end = AttemptEnd::Abandoned { failure: "server".to_owned(), detail: "500".to_owned() };
    store.record_attempt(bench.attempt(&retried, end)).await.unwrap();
    let resolved = bench.claim(&store).await.remove(0);
    assert_eq!(resolved.notifications[0].kind.word(), "incident.resolved");
    let status = store.outbox_status(bench.now()).await.unwrap();
    assert_eq!((status.pending, status.abandoned), (2, 1));
    assert_eq!(status.oldest, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn channels_do_not_wait_for_each_other() {
    let bench = Bench::new();
    let store = bench.open();
    let mut audit = bench.audit("central", "Musician");
    audit.policy = policy(&["ops", "pager"]);
    store.commit_audit(audit).await.unwrap();
    let claimed = bench.claim(&store).await;
    let channels: Vec<&str> = claimed.iter().map(|it| it.channel.as_str()).collect();
    assert_eq!(channels, ["ops", "pager"]);
    assert_ne!(claimed[0].id, claimed[1].id);
    let mut audit = bench.audit("central", "");
    audit.policy = policy(&["ops", "pager"]);
    store.commit_audit(audit).await.unwrap();
    let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
    store.record_attempt(bench.attempt(&claimed[1], end)).await.unwrap();
    let busy = vec!["ops".to_owned()];
    let claimed = store.claim(bench.now(), LEASE, busy, Paces::new()).await.unwrap();
    assert_eq!(claimed.deliveries[0].channel, "pager");
    assert_eq!((claimed.deliveries.len(), claimed.next_due), (1, None));
}

#[tokio::test]
async fn a_refused_payload_is_remembered_as_minimal() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let claimed = bench.claim(&store).await.remove(0);
    assert!(!claimed.minimal);
    let AttemptEnd::Again { due_at, failure, detail, .. } = again(&bench, 0) else {
        unreachable!()
    };
    let end = AttemptEnd::Again { due_at, minimal: true, failure, detail };
    store.record_attempt(bench.attempt(&claimed, end)).await.unwrap();
    let claimed = bench.claim(&store).await.remove(0);
    assert!(claimed.minimal && claimed.attempt == 2);
    assert_eq!(bench.count("attempts"), 1);
}

#[tokio::test]
async fn a_commit_wakes_the_delivery_loop() {
    let bench = Bench::new();
    let store = bench.open();
    let outbox = store.outbox();
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let woken = tokio::time::timeout(Duration::from_secs(10), outbox.notified()).await;
    assert!(woken.is_ok());
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_nothing_up() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let first = bench.claim(&store).await.remove(0);
    bench.pass(-30);
    assert_eq!(bench.claim(&store).await, [], "a small step breaks no lease");
    bench.pass(-86_400);
    let second = bench.claim(&store).await.remove(0);
    assert_eq!(second.id, first.id, "its lease would last for a day");

    store.record_attempt(bench.attempt(&second, again(&bench, 3600))).await.unwrap();
    bench.pass(-30);
    assert_eq!(bench.claim(&store).await, [], "a small step ends no wait");
    bench.pass(-86_400);
    assert_eq!(bench.claim(&store).await[0].id, first.id, "it would be due in a day");
}
