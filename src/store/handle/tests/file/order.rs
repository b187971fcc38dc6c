//! The order of one channel's messages, where nobody but this process sends: what another incident says may pass while
//! one is in flight.

use super::*;

#[tokio::test]
async fn resolved_never_overtakes_opened_and_other_incidents_pass() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    store.commit_audit(bench.audit("sco", "Orchestra")).await.unwrap();

    let opened = bench.claim(&store).await.remove(0);
    assert_eq!(opened.notifications[0].kind.word(), "incident.opened");
    let other = bench.claim(&store).await.remove(0);
    assert_eq!(other.notifications[0].database, "sco", "another incident may pass");
    assert_eq!(bench.claim(&store).await, []);

    store
        .record_attempt(bench.attempt(
            &opened,
            AttemptEnd::Again {
                due_at: bench.now() + SignedDuration::from_secs(30),
                minimal: false,
                failure: "server".to_owned(),
                detail: "500".to_owned(),
            },
        ))
        .await
        .unwrap();
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
