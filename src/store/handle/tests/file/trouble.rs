//! A disk that is full: nothing acknowledged is lost, and it goes on by itself when there is room.

use super::*;

/// Lets the file grow by `pages` at most; `None` lifts the limit.
async fn limit(store: &Handle, pages: Option<i64>) {
    store
        .read("limit", move |it| {
            let count: i64 = it.query_row("pragma page_count", (), |row| row.get(0))?;
            let most = pages.map_or(1_000_000, |pages| count + pages);
            it.query_row(&format!("pragma max_page_count = {most}"), (), |_| Ok(()))
        })
        .await
        .unwrap();
}

/// Waits for the health that `is` describes.
async fn until(store: &Handle, is: impl Fn(&Health) -> bool) -> Health {
    let mut health = store.health();
    let found = tokio::time::timeout(Duration::from_secs(30), health.wait_for(is)).await;
    found.expect("in time").expect("the writer lives").clone()
}

/// Enough findings to need new pages.
fn many(from: usize) -> String {
    (from..from + 300).map(|n| format!("table_with_a_long_name_{n}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_a_full_disk_refused_is_written_when_there_is_room() {
    let bench = Bench::new();
    let store = bench.open_paced(3_600_000, 50);
    let receipt = store.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    assert!(receipt.durable);
    // Accepted, and in the batch that the full disk will undo.
    store.commit_audit(bench.audit("quiet", "")).await.unwrap();
    let known_at = async || store.remembered("quiet").await.unwrap().last_complete_at;
    assert_eq!(known_at().await, Some(bench.now()));
    limit(&store, Some(0)).await;

    let error = store.commit_audit(bench.audit("sco", &many(0))).await.unwrap_err();
    assert!(matches!(error, StoreError::Deferred { .. }), "{error:?}");
    assert!(error.to_string().contains("disk is full"), "{error}");
    let failing = until(&store, |it| *it != Health::Ok).await;
    assert!(matches!(failing, Health::Failing { waiting: 2, dropped: 0, .. }), "{failing:?}");
    assert_eq!(store.open_incidents().await.unwrap().len(), 1, "reading goes on");
    assert_eq!(known_at().await, None, "it is undone");

    // The same again is one report; another one waits beside it.
    for tables in [many(0), many(0), many(50)] {
        store.commit_audit(bench.audit("sco", &tables)).await.unwrap_err();
    }
    let failing = until(&store, |it| !matches!(it, Health::Failing { waiting: 2, .. })).await;
    assert!(matches!(failing, Health::Failing { waiting: 3, .. }), "{failing:?}");
    assert_eq!(bench.count("incidents"), 1, "what was acknowledged is there, and nothing half");

    limit(&store, None).await;
    until(&store, |it| *it == Health::Ok).await;
    assert_eq!(bench.count("incidents"), 2);
    assert_eq!(bench.count("databases"), 3, "the accepted one as well");
    assert_eq!(known_at().await, Some(bench.now()));
    assert_eq!(bench.deliver(&store).await, "central: 1 table that should not be there");
    assert_eq!(bench.deliver(&store).await, "sco: 300 tables that should not be there");
    assert_eq!(bench.deliver(&store).await, "sco: 300 tables that should not be there (50 new)");
    store.commit_audit(bench.audit("sco", "")).await.unwrap();
}

#[tokio::test]
async fn what_still_waits_at_close_is_tried_once_more() {
    let bench = Bench::new();
    let store = bench.open_paced(1000, 3_600_000);
    limit(&store, Some(0)).await;
    store.commit_audit(bench.audit("sco", &many(0))).await.unwrap_err();
    limit(&store, None).await;
    store.close().await.unwrap();
    assert_eq!(bench.count("incidents"), 1);
    let error = store.commit_audit(bench.audit("sco", "")).await.unwrap_err();
    assert!(matches!(error, StoreError::Stopped), "{error:?}");
}

#[tokio::test]
async fn other_writes_fail_and_are_not_kept() {
    let bench = Bench::new();
    let store = bench.open_paced(1000, 50);
    limit(&store, Some(0)).await;
    let fill = |it: &Connection| {
        it.execute_batch("create table filler (x); insert into filler values (zeroblob(200000))")
    };
    let error = store.write("fill", fill).await.unwrap_err();
    assert!(matches!(error, StoreError::Write { what: "fill", .. }), "{error:?}");
    // Nothing waits, so the probe finds out that small writes work.
    until(&store, |it| *it == Health::Ok).await;
    limit(&store, None).await;
    store.write("fill", fill).await.unwrap();
}

/// Waits until the writer has been idle for as long as `is` says.
async fn until_idle(store: &Handle, is: impl Fn(Duration) -> bool) {
    let look = async {
        while !is(store.writer_idle()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), look).await.expect("in time");
}

#[tokio::test]
async fn a_writer_with_nothing_to_do_comes_round_and_a_stuck_one_does_not() {
    let bench = Bench::new();
    let store = bench.open_paced(1000, 50);
    let short = Duration::from_millis(5);
    for _ in 0..3 {
        until_idle(&store, |it| it >= short).await;
        until_idle(&store, |it| it < short).await;
    }
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let stuck = store.read("stuck", move |_| Ok(wait.recv().is_ok()));
    let watch = async {
        until_idle(&store, |it| it >= Duration::from_millis(200)).await;
        free.send(()).unwrap();
        until_idle(&store, |it| it < Duration::from_millis(100)).await;
    };
    assert!(tokio::join!(stuck, watch).0.unwrap());
}

#[test]
fn the_backlog_is_bounded() {
    use super::backlog::Backlog;
    let bench = Bench::new();
    let waiting = |tables: &str| {
        let audit = bench.audit("central", tables);
        let prepared = audits::prepare(&audit.report);
        Waiting::new(audit, prepared, oneshot::channel().0)
    };
    let mut backlog = Backlog::default();
    let first = bench.now();
    for tables in ["A", "A", "", "", "A"] {
        backlog.push_bounded(waiting(tables));
        bench.pass(60);
    }
    assert_eq!((backlog.len(), backlog.dropped), (3, 0), "equal neighbours are one");
    assert_eq!(backlog.get_mut(0).unwrap().audit.now, first);
    for _ in 0..5 {
        backlog.push_bounded(waiting("?"));
    }
    assert_eq!((backlog.len(), backlog.dropped), (6, 2), "each unknown verdict counts");
}

#[test]
fn audits_that_could_not_tell_push_out_none_that_could() {
    use super::backlog::Backlog;
    let bench = Bench::new();
    // `?` is one that could not tell; others are what was found. Equal neighbours are one anyway.
    for (case, pushed, want) in [
        ("a drift, then an outage", "A ? ? ? ? ? ?", "A ? ? ?"),
        ("an outage around a drift", "? ? ? A ? ?", "? A ? ?"),
        ("an outage, then drifts", "? ? ? A B", "? ? ? A B"),
        ("drifts only", "A B C D E", "B C D E"),
        ("drifts, then an outage", "A B C D ? ? ? ?", "A B C D ? ? ?"),
    ] {
        let mut backlog = Backlog::default();
        for tables in pushed.split(' ') {
            let audit = bench.audit("central", tables);
            let prepared = audits::prepare(&audit.report);
            backlog.push_bounded(Waiting::new(audit, prepared, oneshot::channel().0));
        }
        let told = |it: &Waiting| match it.audit.report.findings.first() {
            Some(finding) => finding.name.as_ref().unwrap().visible(),
            None => "?".to_owned(),
        };
        let kept: Vec<String> = backlog.iter_mut().map(|it| told(it)).collect();
        assert_eq!(kept.join(" "), want, "{case}");
    }
}
