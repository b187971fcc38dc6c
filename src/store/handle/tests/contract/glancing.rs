//! What pages see: glances after audits and restarts, what is open, what was sent.

use super::*;
use crate::incident::IncidentId;
use crate::incident::IncidentState;
use crate::store::Change;
use crate::store::IncidentFilter;
use crate::store::SLOTS;

#[tokio::test]
async fn a_glance_is_noted_with_its_audit_and_recalled_after_a_restart() {
    let bench = Bench::new();
    let store = bench.open();
    let mut changes = store.fleet().changes();
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    let glance = store.fleet().glance("central").expect("it was audited");
    assert_eq!((glance.state.verdict, glance.unexpected), (Verdict::Clean, Some(0)));
    let Change::Audited { database, verdict, .. } = changes.recv().await.unwrap() else {
        panic!("an audit is told as one");
    };
    assert_eq!((&*database, verdict), ("central", Verdict::Clean));

    bench.pass(3600);
    store.commit_audit(bench.audit("central", "a b")).await.unwrap();
    bench.pass(3600);
    store.commit_audit(bench.audit("central", "?")).await.unwrap();
    let before = store.fleet().glance("central").unwrap();
    assert_eq!(before.unexpected, Some(2), "what cannot be read leaves what was seen last");
    let strip = before.strip.until(bench.now());
    let seen = [Some(Verdict::Clean), Some(Verdict::Drifted), Some(Verdict::Unknown)];
    assert_eq!([strip[SLOTS - 5], strip[SLOTS - 3], strip[SLOTS - 1]], seen);
    store.close().await.unwrap();

    let store = bench.open();
    let mut version = store.fleet().version();
    let recalled = || store.fleet().glance("central").unwrap();
    let verdicts = |now| recalled().strip.until(now).iter().flatten().count();
    while verdicts(bench.now()) < 3 {
        tokio::time::timeout(Duration::from_secs(10), version.changed()).await.unwrap().unwrap();
    }
    assert_eq!(recalled().strip.until(bench.now()), strip);
    assert_eq!(recalled().state, before.state);
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_worst_comes_first_and_what_is_taken_in_hand_after_it() {
    let bench = Bench::new();
    let store = bench.open();
    for database in ["a", "b", "c"] {
        store.commit_audit(bench.audit(database, "x")).await.unwrap();
        bench.pass(60);
    }
    let taken = IncidentId(1001);
    store.acknowledge(taken, "ann".to_owned(), None, bench.now()).await.unwrap();
    let overview = store.overview().await.unwrap();
    let worst: Vec<&str> = overview.worst.iter().map(|it| it.incident.subject.as_str()).collect();
    assert_eq!(worst, ["b", "c", "a"]);
    assert_eq!((overview.open, overview.acknowledged), (2, 1));
    assert!(overview.others.is_empty(), "{:?}", overview.others);
    assert_eq!(overview.oldest, Some(bench.now() - SignedDuration::from_mins(3)));
    assert_eq!(overview.of_database["a"][0].id, taken);

    let of = |states: Vec<IncidentState>| IncidentFilter {
        states,
        limit: 2,
        ..IncidentFilter::default()
    };
    let (rows, all) = store.worst_incidents(of(vec![])).await.unwrap();
    let listed: Vec<&str> = rows.iter().map(|it| it.incident.subject.as_str()).collect();
    assert_eq!((listed, all), (vec!["b", "c"], 3), "in the same order, and the others are counted");
    let (rows, all) = store.worst_incidents(of(vec![IncidentState::Acknowledged])).await.unwrap();
    assert_eq!((rows[0].incident.id, all), (taken, 1));
    let filter = IncidentFilter { database: Some("c".to_owned()), ..of(vec![]) };
    assert_eq!(store.worst_incidents(filter).await.unwrap().1, 1);

    assert!(store.sent(taken, 10).await.unwrap().is_empty(), "nothing is gathered yet");
    let waiting = store.waiting_to_be_sent(taken).await.unwrap();
    assert_eq!(waiting, [("ops".to_owned(), 1)]);
    bench.deliver(&store).await;
    assert_eq!(store.waiting_to_be_sent(taken).await.unwrap(), [], "it is in a delivery");
    let sent = store.sent(taken, 10).await.unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].carries[0].incident, taken);
    assert_eq!(sent[0].attempts.len(), 1);
    store.close().await.unwrap();
    // Known again from the last reports after a restart.
    let store = bench.open();
    assert_eq!(store.fleet().glance("a").unwrap().unexpected, Some(1));
    let asked = ["c", "never", "a"].map(str::to_owned).to_vec();
    let reports = store.last_reports_of(asked).await.unwrap();
    let names: Vec<&str> = reports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(Some(&reports[0].1), store.last_report("a").await.unwrap().as_ref());
    store.close().await.unwrap();
}

/// Pages read beside the writer: what waits in an open batch is not theirs yet, what was told is.
#[tokio::test]
async fn a_reader_sees_what_is_committed_and_holds_up_nobody() {
    let bench = Bench::new();
    let store = bench.open_paced(60_000, 1000);
    let (entered, release) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel::<()>());
    let slow = {
        let store = store.clone();
        let (entered, release) = (entered.0, release.1);
        async move {
            let read = move |_: &Connection| {
                entered.send(()).expect("the test waits");
                release.recv().expect("the test lets it go on");
                Ok(())
            };
            store.ask("a slow page", read).await
        }
    };
    let tasks = tokio_util::task::TaskTracker::new();
    let slow = tasks.spawn(slow);
    tokio::task::spawn_blocking(move || entered.1.recv()).await.unwrap().unwrap();
    // The page hangs; an audit is committed all the same.
    let receipt = store.commit_audit(bench.audit("central", "x")).await.unwrap();
    assert!(receipt.durable);
    release.0.send(()).unwrap();
    slow.await.unwrap().unwrap();
    let filter = IncidentFilter { limit: 10, ..IncidentFilter::default() };
    assert_eq!(store.incidents(filter).await.unwrap().len(), 1);
    store.close().await.unwrap();
}
