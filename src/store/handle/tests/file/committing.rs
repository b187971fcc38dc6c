//! Committing audits: what is kept, when it is on disk, and that it is all or nothing.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::*;
use crate::incident::IncidentKind;

#[tokio::test]
async fn an_incident_lives_through_restarts() {
    let bench = Bench::new();
    let store = bench.open();
    let receipt = store.commit_audit(bench.audit("central", "Musician Event")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1001 opened drift"]);
    assert!(receipt.durable);
    store.close().await.unwrap();

    let store = bench.open();
    let receipt = store.commit_audit(bench.audit("central", "Musician Event")).await.unwrap();
    assert_eq!(steps(&receipt), [] as [&str; 0]);
    let open = store.open_incidents().await.unwrap();
    assert_eq!((open[0].kind, open[0].fingerprints.len()), (IncidentKind::Drift, 2));
    assert_eq!(open[0].opened_at, bench.now());
    store.close().await.unwrap();

    bench.pass(720);
    let store = bench.open();
    let receipt = store.commit_audit(bench.audit("central", "")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1001 resolved drift"]);
    assert_eq!(store.open_incidents().await.unwrap(), []);
    assert_eq!(bench.deliver(&store).await, "central: 2 tables that should not be there");
    let claimed = bench.claim(&store).await;
    assert_eq!(claimed[0].notifications[0].headline, "central: clean again after 12 min");
    let names: Vec<&str> =
        claimed[0].notifications[0].findings.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Musician", "Event"], "resolved tells what it last held");
}

#[tokio::test]
async fn the_streak_of_unknown_verdicts_survives_a_restart() {
    let bench = Bench::new();
    for _ in 0..2 {
        let store = bench.open();
        let receipt = store.commit_audit(bench.audit("sco", "?")).await.unwrap();
        assert_eq!(receipt.transitions, []);
        store.close().await.unwrap();
    }
    let store = bench.open();
    let receipt = store.commit_audit(bench.audit("sco", "?")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1001 opened audit_failing"]);
    let want = "sco: could not be audited 3 times in a row: connection refused";
    assert_eq!(bench.deliver(&store).await, want);
}

#[tokio::test]
async fn clean_audits_share_a_commit_and_an_incident_brings_it_forward() {
    let bench = Bench::new();
    let store = bench.open_paced(3_600_000, 1000);
    for name in ["central", "sco", "scoso"] {
        let receipt = store.commit_audit(bench.audit(name, "")).await.unwrap();
        assert!(!receipt.durable);
    }
    assert_eq!(bench.count("audits"), 0, "not on disk yet");
    assert_eq!(store.database_states().await.unwrap().len(), 3, "and visible to us");
    let receipt = store.commit_audit(bench.audit("sco", "Orchestra")).await.unwrap();
    assert!(receipt.durable);
    assert_eq!(bench.count("audits"), 4);
    assert_eq!(bench.count("notifications"), 1);
}

#[tokio::test]
async fn a_batch_is_committed_in_time_and_at_close() {
    let bench = Bench::new();
    let store = bench.open_paced(20, 1000);
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while bench.count("audits") == 0 {
        assert!(std::time::Instant::now() < deadline, "the batch was never committed");
        tokio::task::yield_now().await;
    }
    store.close().await.unwrap();
    let store = bench.open_paced(3_600_000, 1000);
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(bench.count("audits"), 2);
}

#[tokio::test]
async fn report_incident_and_notification_are_one_transaction() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("sco", "")).await.unwrap();
    store
        .write("trigger", |it| {
            it.execute_batch(
                "create trigger no_outbox before insert on notifications \
                 begin select raise(abort, 'not today'); end",
            )
        })
        .await
        .unwrap();
    let error = store.commit_audit(bench.audit("central", "Musician")).await.unwrap_err();
    assert!(matches!(error, StoreError::Write { what: "audit", .. }), "{error:?}");
    for table in ["incidents", "deliveries", "notifications"] {
        assert_eq!(bench.count(table), 0, "{table}");
    }
    assert_eq!(store.database_state("central").await.unwrap(), None);
    // The fault of one audit is its own.
    store.commit_audit(bench.audit("sco", "")).await.unwrap();
    assert_eq!(*store.health().borrow(), Health::Ok);

    store.write("trigger", |it| it.execute_batch("drop trigger no_outbox")).await.unwrap();
    let receipt = store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1001 opened drift"]);
    assert_eq!(bench.count("audits"), 3);
}

#[tokio::test]
async fn the_state_of_a_database_is_what_the_scheduler_needs() {
    let bench = Bench::new();
    let store = bench.open();
    let first = bench.now();
    store.commit_audit(bench.audit("central", "?")).await.unwrap();
    let state = store.database_state("central").await.unwrap().unwrap();
    assert_eq!(
        (state.last_complete_at, state.ever_populated, state.unknown_streak),
        (None, false, 1)
    );
    assert_eq!(state.reason.as_deref(), Some("connection refused"));
    bench.pass(60);
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let drifted_at = bench.now();
    bench.pass(60);
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let state = store.database_state("central").await.unwrap().unwrap();
    assert_eq!(state.verdict, Verdict::Drifted);
    assert_eq!((state.findings, state.counting, state.unknown_streak), (1, 1, 0));
    assert_eq!((state.first_seen_at, state.verdict_since), (first, drifted_at));
    assert_eq!(state.audited_at, bench.now());
    assert_eq!(state.last_complete_at, Some(bench.now()));
    assert!(state.ever_populated);
    assert_eq!(store.database_state("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn the_last_report_is_whole_and_written_only_when_it_differs() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    store
        .write("trigger", |it| {
            it.execute_batch(
                "create trigger same_report before update of report on databases \
                 begin select raise(abort, 'written again'); end",
            )
        })
        .await
        .unwrap();
    bench.pass(300);
    let same = bench.audit("central", "Musician");
    store.commit_audit(same.clone()).await.unwrap();
    let want = crate::report::json::database(&same.report);
    assert_eq!(store.last_report("central").await.unwrap(), Some(want.clone()));
    assert_eq!(store.last_reports().await.unwrap(), [("central".to_owned(), want)]);
    store.commit_audit(bench.audit("central", "Musician Event")).await.unwrap_err();
}

#[tokio::test]
async fn what_came_while_the_disk_was_waited_for_is_one_commit() {
    const AUDITS: usize = 40;
    let bench = Bench::new();
    let mut opened = open::open(&bench.path(), bench.now()).unwrap();
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    let Connection::Sqlite(file) = &mut opened.connection else { panic!("the state is a file") };
    file.commit_hook(Some(count)).unwrap();
    let store = Handle::start(opened, bench.now(), Pace::default(), Duration::MAX).unwrap();
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let busy = store.read("busy", move |_| Ok(wait.recv().is_ok()));
    let audits =
        (0..AUDITS).map(|it| store.commit_audit(bench.audit(&format!("db{it}"), "Musician")));
    let audits = futures_util::future::join_all(audits);
    // In this order: all are waiting when the writer goes on.
    let (busy, audits, ()) = tokio::join!(biased; busy, audits, async { free.send(()).unwrap() });
    assert!(busy.unwrap());
    for it in audits {
        let it = it.unwrap();
        assert_eq!((it.durable, it.transitions.len()), (true, 1));
    }
    assert_eq!(bench.count("notifications"), i64::try_from(AUDITS).unwrap());
    assert_eq!(commits.load(Ordering::Relaxed), 1, "each an fsync");
}

#[tokio::test]
async fn who_fails_by_its_own_fault_fails_alone_in_a_batch() {
    let bench = Bench::new();
    let store = bench.open();
    let faulty = "create trigger faulty before insert on databases when new.name = 'db3' \
         begin select raise(abort, 'on purpose'); end";
    store.write("trigger", |it| it.execute_batch(faulty)).await.unwrap();
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let busy = store.read("busy", move |_| Ok(wait.recv().is_ok()));
    let audits = (0..6).map(|it| {
        let tables = if it % 2 == 0 { "" } else { "Musician" };
        store.commit_audit(bench.audit(&format!("db{it}"), tables))
    });
    let audits = futures_util::future::join_all(audits);
    let (busy, audits, ()) = tokio::join!(biased; busy, audits, async { free.send(()).unwrap() });
    assert!(busy.unwrap());
    for (at, it) in audits.iter().enumerate() {
        assert_eq!(it.is_ok(), at != 3, "db{at}: {it:?}");
    }
    assert_eq!((bench.count("audits"), bench.count("notifications")), (5, 2));
}

#[tokio::test]
async fn what_is_known_waits_for_no_writer_and_misses_nothing() {
    let bench = Bench::new();
    let store = bench.open_paced(3_600_000, 1000);
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    assert_eq!(bench.count("audits"), 0, "not on disk yet");
    let known = store.remembered("central").await.unwrap();
    assert_eq!(known.last_complete_at, Some(bench.now()), "and known");
    assert!(store.commit_audit(bench.audit("sco", "Musician")).await.unwrap().durable);

    // Of the one that is open when the writer gets stuck, too.
    store.commit_audit(bench.audit("scoso", "")).await.unwrap();
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let stuck = store.read("stuck", move |_| Ok(wait.recv().is_ok()));
    let asked = async {
        let mut known = Vec::new();
        for name in ["central", "sco", "scoso", "never"] {
            let asked = tokio::time::timeout(Duration::from_secs(30), store.remembered(name)).await;
            known.push(asked.expect("it waits for the writer").unwrap().last_complete_at);
        }
        free.send(()).unwrap();
        known
    };
    let (stuck, known) = tokio::join!(stuck, asked);
    assert!(stuck.unwrap());
    assert_eq!(known, [Some(bench.now()), Some(bench.now()), Some(bench.now()), None]);
    store.close().await.unwrap();
    let asked = store.remembered("central").await;
    assert!(matches!(asked, Err(StoreError::Stopped)), "{asked:?}");
}

#[tokio::test]
async fn a_panic_costs_one_command() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("sco", "")).await.unwrap();
    let answer: Result<(), StoreError> = store.read("panic", |_| panic!("on purpose")).await;
    assert!(matches!(answer, Err(StoreError::Unanswered)), "{answer:?}");
    let answer: Result<(), StoreError> = store.write("panic", |_| panic!("on purpose")).await;
    assert!(matches!(answer, Err(StoreError::Unanswered)), "{answer:?}");
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    assert_eq!(bench.count("audits"), 2, "the open batch was applied again");
}

#[tokio::test]
async fn history_is_pruned_and_what_is_open_is_kept() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    store.commit_audit(bench.audit("sco", "Orchestra")).await.unwrap();
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    let later = bench.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    bench.pass(7200);
    let pruned = store.prune(later, later).await.unwrap();
    assert_eq!((pruned.audits, pruned.incidents), (3, 0), "its deliveries have not ended");

    for _ in 0..3 {
        bench.deliver(&store).await;
    }
    let pruned = store.prune(later, later).await.unwrap();
    assert_eq!(pruned.incidents, 0, "they ended just now");
    bench.pass(7200);
    let now = bench.now();
    let pruned = store.prune(now, now).await.unwrap();
    assert_eq!(pruned, Pruned { audits: 0, incidents: 1, deliveries: 2 });
    assert!(store.prune(now, now).await.unwrap().is_empty());
    assert_eq!(bench.count("attempts"), 1);
    assert_eq!(store.open_incidents().await.unwrap().len(), 1);
    let receipt = store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1003 opened drift"], "ids are not used twice");
}

#[tokio::test]
async fn what_is_open_of_an_unregistered_database_is_resolved_and_told() {
    let bench = Bench::new();
    let store = bench.open();
    let mut audit = bench.audit("old", "Musician");
    audit.labels.insert("team".to_owned(), "platform".to_owned());
    store.commit_audit(audit).await.unwrap();
    store.commit_audit(bench.audit("central", "Event")).await.unwrap();
    for _ in 0..3 {
        store.commit_audit(bench.audit("old", "?")).await.unwrap();
    }
    assert_eq!(bench.claim(&store).await.len(), 1, "its first message is in flight");
    bench.pass(60);
    let close = async || {
        let (registered, policy) = (vec!["central".to_owned()], policy(&["pager"]));
        store.close_unregistered(registered, policy, bench.now()).await.unwrap()
    };
    let closed = close().await;
    let words: Vec<String> = closed
        .iter()
        .map(|it| format!("{} {} {}", it.incident, it.step.word(), it.reason.word()))
        .collect();
    let want = ["SW-1001 resolved database_removed", "SW-1003 resolved database_removed"];
    assert_eq!(words, want);
    let open = store.open_incidents().await.unwrap();
    assert_eq!((open.len(), open[0].subject.as_str()), (1, "central"));
    let claimed = bench.claim(&store).await;
    let told = claimed.iter().find(|it| it.channel == "pager").expect("it is told");
    let told = &told.notifications[0];
    assert_eq!(told.headline, "old: no longer watched (it left the configuration)");
    assert_eq!((told.kind.word(), told.reason.as_str()), ("incident.resolved", "database_removed"));
    assert_eq!((told.manifest.as_str(), told.labels["team"].as_str()), ("central", "platform"));
    assert_eq!(told.findings[0].name, "Musician");
    assert_eq!(told.resolved_at, Some(bench.now()));

    assert_eq!(close().await, [], "once is enough");
    let receipt = store.commit_audit(bench.audit("old", "?")).await.unwrap();
    assert_eq!(receipt.transitions, [], "back again, it starts anew");
    let state = store.database_state("old").await.unwrap().unwrap();
    assert_eq!(state.manifest_hash.as_deref(), Some("0123456789abcdef"));
    assert_eq!(store.database_states().await.unwrap()[1], state);
}
