//! Channels that are broken, and what was given up.

use super::*;
use crate::store::DeliveryState;

fn broken(bench: &Bench, claimed: &Claimed) -> Attempt {
    let end = AttemptEnd::Again {
        due_at: bench.now() + SignedDuration::from_hours(1),
        minimal: false,
        failure: "auth".to_owned(),
        detail: "403 invalid_token".to_owned(),
    };
    Attempt { broken: true, policy: policy(&["ops", "pager"]), ..bench.attempt(claimed, end) }
}

fn delivered(bench: &Bench, claimed: &Claimed) -> Attempt {
    let end = AttemptEnd::Delivered { answer: "ok".to_owned() };
    Attempt { policy: policy(&["ops", "pager"]), ..bench.attempt(claimed, end) }
}

fn words(transitions: &[TransitionRecord]) -> Vec<String> {
    let word = |it: &TransitionRecord| {
        format!("{} {} {}", it.kind.word(), it.step.word(), it.reason.word())
    };
    transitions.iter().map(word).collect()
}

#[tokio::test]
async fn a_broken_channel_gets_one_try_an_hour_and_is_told_of_elsewhere() {
    let bench = Bench::new();
    let store = bench.open();
    for database in ["a", "b", "c"] {
        store.commit_audit(bench.audit(database, "Musician")).await.unwrap();
    }
    let first = bench.claim(&store).await.remove(0);
    let opened = store.record_attempt(broken(&bench, &first)).await.unwrap();
    assert_eq!(words(&opened), ["channel_parked opened channel_broken"]);
    let parked = store.parked().await.unwrap();
    assert_eq!((parked[0].channel.as_str(), parked[0].failure.as_str()), ("ops", "auth"));

    let told = bench.claim(&store).await;
    assert_eq!((told.len(), told[0].channel.as_str()), (1, "pager"), "two more wait");
    let news = &told[0].notifications[0];
    assert!(news.headline.contains("ops") && news.database.is_empty(), "{news:?}");
    assert_eq!(news.subject, "ops");
    let retry = "schemawarden deliveries retry ops".to_owned();
    assert!(news.next_steps.contains(&retry), "{:?}", news.next_steps);
    store.record_attempt(delivered(&bench, &told[0])).await.unwrap();
    bench.pass(3_599);
    assert_eq!(bench.claim(&store).await, []);
    bench.pass(1);
    let probe = bench.claim(&store).await.remove(0);
    assert_eq!((probe.id, probe.attempt), (first.id, 2), "the oldest");
    assert_eq!(store.record_attempt(broken(&bench, &probe)).await.unwrap(), [], "told once");
    assert_eq!(bench.claim(&store).await, []);

    store.probe_parked(bench.now()).await.unwrap();
    let probe = bench.claim(&store).await.remove(0);
    let resolved = store.record_attempt(delivered(&bench, &probe)).await.unwrap();
    assert_eq!(words(&resolved), ["channel_parked resolved channel_delivers"]);
    assert_eq!(store.parked().await.unwrap(), []);
    let now = bench.claim(&store).await;
    let channels: Vec<_> = now.iter().map(|it| it.channel.as_str()).collect();
    assert_eq!(channels, ["ops", "pager"], "what waited, and the end of it");
    let kinds: Vec<_> = now.iter().map(|it| it.notifications[0].kind.word()).collect();
    assert_eq!(kinds, ["incident.opened", "incident.resolved"]);
}

#[tokio::test]
async fn what_waits_for_a_parked_channel_is_one_message_after_its_repair() {
    let bench = Bench::new();
    let store = bench.open();
    let gathering = {
        let mut policy = Policy::of_channels(["ops".to_owned()]);
        policy.routes[0].group_interval = Duration::from_mins(5);
        Arc::new(policy)
    };
    let commit = async |database: &str, tables: &str| {
        let audit = bench.audit(database, tables);
        let audit = AuditCommit { policy: Arc::clone(&gathering), ..audit };
        store.commit_audit(audit).await.unwrap();
    };
    commit("a", "Musician").await;
    let probe = bench.claim(&store).await.remove(0);
    store.record_attempt(broken(&bench, &probe)).await.unwrap();
    // Nobody else is there to hear of the channel: `pager` is of another policy here.
    for hour in 0..5 {
        bench.pass(3_500);
        commit(&format!("b{hour}"), "Musician").await;
        bench.claim(&store).await;
    }
    bench.pass(3_601);
    store.probe_parked(bench.now()).await.unwrap();
    let probes = bench.claim(&store).await;
    let probe = probes.iter().find(|it| it.channel == "ops").expect("a try");
    assert_eq!(probe.notifications.len(), 1);
    store.record_attempt(delivered(&bench, probe)).await.unwrap();
    let all = bench.claim(&store).await;
    let digest = all.iter().find(|it| it.channel == "ops").expect("the rest");
    assert_eq!(digest.notifications.len(), 5);
}

#[tokio::test]
async fn a_message_that_is_given_up_is_told_of_and_can_be_tried_again() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("a", "Musician")).await.unwrap();
    let first = bench.claim(&store).await.remove(0);
    let end = AttemptEnd::Abandoned { failure: "server".to_owned(), detail: "500".to_owned() };
    let attempt =
        Attempt { policy: policy(&["ops", "pager"]), ..bench.attempt(&first, end.clone()) };
    let opened = store.record_attempt(attempt).await.unwrap();
    assert_eq!(words(&opened), ["channel_parked opened delivery_abandoned"]);
    assert_eq!(store.parked().await.unwrap(), [], "it is not broken");
    let abandoned = Some(DeliveryState::Abandoned);
    let filter = DeliveryFilter { state: abandoned, channel: Some("ops".to_owned()), limit: 9 };
    let listed = store.deliveries(filter.clone()).await.unwrap();
    assert_eq!((listed.len(), listed[0].id), (1, first.id));

    assert_eq!(store.retry(Retry::Channel("ops".to_owned()), bench.now()).await.unwrap(), 1);
    let again = bench.claim(&store).await;
    let again = again.iter().find(|it| it.channel == "ops").expect("it is due");
    assert_eq!((again.id, again.attempt), (first.id, 2));
    let attempt = Attempt { policy: policy(&["ops"]), ..bench.attempt(again, end) };
    store.record_attempt(attempt).await.unwrap();
    // Once the end was told, the beginning is no news any more; asked for by name it is sent.
    store.commit_audit(bench.audit("a", "")).await.unwrap();
    let resolved = bench.claim(&store).await;
    let resolved = resolved.iter().find(|it| it.channel == "ops").expect("the end");
    store.record_attempt(delivered(&bench, resolved)).await.unwrap();
    assert_eq!(store.retry(Retry::Channel("ops".to_owned()), bench.now()).await.unwrap(), 0);
    assert_eq!(store.retry(Retry::Delivery(first.id), bench.now()).await.unwrap(), 1);
    assert_eq!(store.retry(Retry::Delivery(Uuid::nil()), bench.now()).await.unwrap(), 0);
    assert_eq!(store.deliveries(filter).await.unwrap(), []);
}

#[tokio::test]
async fn a_channel_that_leaves_takes_its_incident_along() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("a", "Musician")).await.unwrap();
    let first = bench.claim(&store).await.remove(0);
    store.record_attempt(broken(&bench, &first)).await.unwrap();
    let (moved, resolved) = store.reroute(policy(&["pager"]), bench.now()).await.unwrap();
    assert_eq!((moved.len(), moved[0].to.as_deref()), (1, Some("pager")));
    assert_eq!(words(&resolved), ["channel_parked resolved channel_removed"]);
    assert_eq!(store.parked().await.unwrap(), []);
    let again = store.reroute(policy(&["pager"]), bench.now()).await.unwrap();
    assert_eq!(again, (vec![], vec![]));
}
