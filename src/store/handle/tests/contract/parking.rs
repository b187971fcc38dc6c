//! Channels that are broken, and what was given up.

use super::*;
use crate::store::DeliveryFilter;
use crate::store::DeliveryState;
use crate::store::Retry;
use crate::store::TimePass;
use crate::store::TroubleKind;

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
    let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
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
    let channel = Some("ops".to_owned());
    let filter = DeliveryFilter { state: abandoned, channel, incident: None, limit: 9 };
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
    assert_eq!(store.retry(Retry::Delivery(uuid::Uuid::nil()), bench.now()).await.unwrap(), 0);
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

/// What time alone does, and how it went.
async fn time_passes(bench: &Bench, store: &Handle, policy: &Arc<Policy>) -> Vec<String> {
    let (policy, now) = (Arc::clone(policy), bench.now());
    let pass = TimePass { policy, now, muted: None, after: None, reconsider: false };
    words(&store.keep_time(pass).await.unwrap().transitions)
}

/// Takes all that is due for `channel`.
async fn all_of(
    bench: &Bench,
    store: &Handle,
    channel: &str,
) -> Vec<crate::notification::Notification> {
    let mut all = Vec::new();
    while let Some(claimed) = bench.claim(store).await.into_iter().find(|it| it.channel == channel)
    {
        store.record_attempt(delivered(bench, &claimed)).await.unwrap();
        all.extend(claimed.notifications);
    }
    all
}

#[tokio::test]
async fn two_channels_that_break_are_told_of_on_the_third() {
    let bench = Bench::new();
    let store = bench.open();
    let three = {
        let mut policy = Policy::of_channels(["chx".to_owned(), "chy".to_owned()]);
        policy.channels.insert("chz".to_owned());
        Arc::new(policy)
    };
    let commit = async |database: &str| {
        let audit = bench.audit(database, "Musician");
        let audit = AuditCommit { policy: Arc::clone(&three), ..audit };
        store.commit_audit(audit).await.unwrap();
    };
    commit("a").await;
    for claimed in bench.claim(&store).await {
        let attempt = Attempt { policy: Arc::clone(&three), ..broken(&bench, &claimed) };
        let told = store.record_attempt(attempt).await.unwrap();
        assert_eq!(words(&told), ["channel_parked opened channel_broken"]);
    }
    let told = all_of(&bench, &store, "chz").await;
    let mut subjects: Vec<&str> = told.iter().map(|it| it.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["chx", "chy"]);
    assert!(told.iter().all(|it| it.kind.word() == "incident.opened"), "{told:?}");
    let said = |it: &crate::notification::Notification| it.diagnoses.join(" ");
    let unheard = "Nobody else was told of SW-1001 (a: 1 table that should not be there).";
    let second = told.iter().find(|it| it.subject == "chy").unwrap();
    assert!(said(second).contains(unheard), "{second:?}");
    // That the first one's messages are heard by nobody either is told a little later, once.
    assert_eq!(time_passes(&bench, &store, &three).await, [""; 0]);
    bench.pass(301);
    let again = "channel_parked changed channel_broken";
    assert_eq!(time_passes(&bench, &store, &three).await, [again]);
    assert_eq!(time_passes(&bench, &store, &three).await, [""; 0]);
    assert!(said(&all_of(&bench, &store, "chz").await[0]).contains(unheard));
    // And so is what comes after it.
    commit("b").await;
    bench.pass(301);
    assert_eq!(time_passes(&bench, &store, &three).await, [again, again]);
    let more = all_of(&bench, &store, "chz").await;
    assert!(more.iter().all(|it| said(it).contains("(b: 1 table")), "{more:?}");
}

#[tokio::test]
async fn a_channel_that_fails_for_a_quarter_of_an_hour_is_told_of_and_tried_on() {
    let bench = Bench::new();
    let store = bench.open();
    let policy = policy(&["ops", "pager"]);
    let failed = |claimed: &Claimed| {
        let (failure, detail) = ("io".to_owned(), "connection refused".to_owned());
        let due_at = bench.now() + SignedDuration::from_secs(60);
        let end = AttemptEnd::Again { due_at, minimal: false, failure, detail };
        Attempt { policy: Arc::clone(&policy), ..bench.attempt(claimed, end) }
    };
    store.commit_audit(bench.audit("a", "Musician")).await.unwrap();
    let first = bench.claim(&store).await.remove(0);
    store.record_attempt(failed(&first)).await.unwrap();
    let trouble = store.channel_troubles().await.unwrap().remove(0);
    assert_eq!((trouble.kind, trouble.incident), (TroubleKind::Failing, None));
    bench.pass(899);
    assert_eq!(time_passes(&bench, &store, &policy).await, [""; 0]);
    bench.pass(1);
    let opened = ["channel_parked opened channel_failing"];
    assert_eq!(time_passes(&bench, &store, &policy).await, opened);
    assert_eq!(time_passes(&bench, &store, &policy).await, [""; 0]);
    let trouble = store.channel_troubles().await.unwrap().remove(0).to_string();
    assert!(trouble.contains("ops is failing since") && trouble.contains("SW-1002"), "{trouble}");
    assert_eq!(store.parked().await.unwrap(), [], "it is tried as before");
    let both = bench.claim(&store).await;
    let channels: Vec<_> = both.iter().map(|it| it.channel.as_str()).collect();
    assert_eq!(channels, ["ops", "pager"]);
    let news = &both[1].notifications[0];
    assert!(news.headline.contains("nothing has arrived there for 15 min"), "{news:?}");
    let resolved = store.record_attempt(delivered(&bench, &both[0])).await.unwrap();
    assert_eq!(words(&resolved), ["channel_parked resolved channel_delivers"]);
    assert_eq!(store.channel_troubles().await.unwrap(), []);
}

#[tokio::test]
async fn each_message_that_is_given_up_is_named() {
    let bench = Bench::new();
    let store = bench.open();
    let (failure, detail) = ("payload".to_owned(), "400 too large".to_owned());
    let end = AttemptEnd::Abandoned { failure, detail };
    let mut steps = Vec::new();
    for database in ["a", "b"] {
        store.commit_audit(bench.audit(database, "Musician")).await.unwrap();
        let claimed = bench.claim(&store).await;
        let claimed = claimed.iter().find(|it| it.channel == "ops").unwrap();
        let attempt = bench.attempt(claimed, end.clone());
        let attempt = Attempt { policy: policy(&["ops", "pager"]), ..attempt };
        steps.extend(words(&store.record_attempt(attempt).await.unwrap()));
        let trouble = store.channel_troubles().await.unwrap().remove(0);
        let id = claimed.notifications[0].incident.clone().unwrap();
        assert_eq!(trouble.kind, TroubleKind::GaveUp);
        assert!(trouble.detail.ends_with(&format!("nobody was told there of {id}")), "{trouble}");
    }
    let both = ["opened", "changed"].map(|it| format!("channel_parked {it} delivery_abandoned"));
    assert_eq!(steps, both);
}
