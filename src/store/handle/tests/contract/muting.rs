//! Silences, maintenance windows and reminders.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::silence;
use crate::silence::Maintenance;
use crate::silence::When;

impl Bench {
    async fn silence(&self, store: &Handle, matcher: serde_json::Value, seconds: i64) -> Silence {
        let (matcher, tables) = silence::from_json(&matcher).unwrap();
        let silence = Silence {
            id: 0,
            matcher,
            tables,
            reason: "a move".to_owned(),
            author: "alice".to_owned(),
            created_at: self.now(),
            ends_at: self.now() + SignedDuration::from_secs(seconds),
            expired_at: None,
        };
        store.add_silence(silence).await.unwrap()
    }

    /// One pass of the timekeeper that looks at everything that was kept back.
    async fn keep_time(&self, store: &Handle, policy: Arc<Policy>) -> Vec<String> {
        let pass =
            TimePass { policy, now: self.now(), muted: None, after: None, reconsider: false };
        let kept = store.keep_time(pass).await.unwrap();
        let word = |it: &TransitionRecord| {
            format!("{} {} {}", it.incident, it.step.word(), it.reason.word())
        };
        kept.transitions.iter().map(word).collect()
    }

    /// Delivers what is due; `TYPE REASON DATABASE` of each notification, a line a message.
    async fn hear(&self, store: &Handle) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let claimed = self.claim(store).await;
            if claimed.is_empty() {
                return told;
            }
            for it in claimed {
                let words = it.notifications.iter().map(|it| {
                    let kind = it.kind.word().trim_start_matches("incident.");
                    format!("{kind} {} {} +{}", it.reason, it.database, it.new_total)
                });
                told.push(words.collect::<Vec<_>>().join(", "));
                let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
                store.record_attempt(self.attempt(&it, end)).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn when_a_silence_ends_one_digest_tells_what_is_new_and_still_open() {
    let bench = Bench::new();
    let store = bench.open();
    let ops = || policy(&["ops"]);
    let commit = async |database: &str, tables: &str| {
        store.commit_audit(bench.audit(database, tables)).await.unwrap();
    };
    commit("grows", "one").await;
    commit("ends", "one").await;
    commit("stays", "one").await;
    assert_eq!(bench.hear(&store).await.len(), 3);

    bench.silence(&store, json!({ "manifest": "central" }), 600).await;
    commit("grows", "one two").await;
    commit("ends", "").await;
    commit("opens", "one").await;
    commit("passes", "one").await;
    commit("passes", "").await;
    assert_eq!(bench.hear(&store).await, Vec::<String>::new());
    bench.pass(599);
    assert_eq!(bench.keep_time(&store, ops()).await, Vec::<String>::new());
    bench.pass(1);
    let transitions = bench.keep_time(&store, ops()).await;
    assert_eq!(
        transitions,
        [
            "SW-1001 changed silence_ended",
            "SW-1002 resolved silence_ended",
            "SW-1004 opened silence_ended",
        ]
    );
    assert_eq!(
        bench.hear(&store).await,
        ["changed silence_ended grows +1, resolved all_findings_gone ends +0, \
          opened silence_ended opens +1"]
    );
    assert_eq!(bench.keep_time(&store, ops()).await, Vec::<String>::new(), "once");
    commit("opens", "").await;
    assert_eq!(bench.hear(&store).await, ["resolved all_findings_gone opens +0"]);
}

#[tokio::test]
async fn a_silence_about_tables_mutes_those_alone() {
    let bench = Bench::new();
    let store = bench.open();
    let it = bench.silence(&store, json!({ "table": "tmp_*" }), 600).await;
    assert_eq!(store.silences(false, bench.now()).await.unwrap(), std::slice::from_ref(&it));
    store.commit_audit(bench.audit("a", "tmp_x")).await.unwrap();
    assert_eq!(bench.hear(&store).await, Vec::<String>::new());
    // Who never heard of it hears of all of it.
    store.commit_audit(bench.audit("a", "tmp_x evil")).await.unwrap();
    assert_eq!(bench.hear(&store).await, ["opened new_findings a +2"]);
    store.commit_audit(bench.audit("b", "tmp_y")).await.unwrap();
    assert_eq!(bench.hear(&store).await, Vec::<String>::new());
    let ended = store.expire_silence(it.id, bench.now()).await.unwrap().unwrap();
    assert_eq!(ended.expired_at, Some(bench.now()));
    assert_eq!(store.silences(false, bench.now()).await.unwrap(), []);
    assert_eq!(store.silences(true, bench.now()).await.unwrap(), std::slice::from_ref(&ended));
    bench.pass(1);
    assert_eq!(store.expire_silence(it.id, bench.now()).await.unwrap(), Some(ended), "it has");
    assert_eq!(store.expire_silence(99, bench.now()).await.unwrap(), None);
    bench.keep_time(&store, policy(&["ops"])).await;
    assert_eq!(bench.hear(&store).await, ["opened silence_ended b +1"]);
}

#[tokio::test]
async fn a_maintenance_window_mutes_as_a_silence_does() {
    let bench = Bench::new();
    let store = bench.open();
    let at = |seconds| -> DateTime {
        TimeZone::UTC.to_datetime(bench.now() + SignedDuration::from_secs(seconds))
    };
    let mut window = Policy::of_channels(["ops".to_owned()]);
    window.maintenance.push(Maintenance {
        name: "move".to_owned(),
        matcher: crate::route::Matcher::default(),
        when: When::Once { from: at(0), to: at(60) },
        timezone: TimeZone::UTC,
    });
    let window = Arc::new(window);
    let audit = AuditCommit { policy: Arc::clone(&window), ..bench.audit("a", "Musician") };
    store.commit_audit(audit).await.unwrap();
    assert_eq!(bench.hear(&store).await, Vec::<String>::new());
    bench.pass(60);
    let mute = |row: crate::store::IncidentRow| row.muted_by.map(|it| it.to_string());
    let (row, _) = store.incident(IncidentId(1001)).await.unwrap().unwrap();
    assert_eq!(mute(row).as_deref(), Some("maintenance window `move`"));
    assert_eq!(bench.keep_time(&store, window).await, ["SW-1001 opened maintenance_ended"]);
    let (row, _) = store.incident(IncidentId(1001)).await.unwrap().unwrap();
    assert_eq!(mute(row), None);
    assert_eq!(bench.hear(&store).await, ["opened maintenance_ended a +1"]);
}

/// Whoever is told late, or looks why nothing was told, learns which mute it was and whose.
#[tokio::test]
async fn a_mute_leaves_its_name_in_trail_and_message() {
    let bench = Bench::new();
    let store = bench.open();
    let first = bench.silence(&store, json!({ "database": "a" }), 600).await;
    let second = bench.silence(&store, json!({ "manifest": "central" }), 60).await;
    store.commit_audit(bench.audit("a", "Musician")).await.unwrap();
    let by = async || store.incident(IncidentId(1001)).await.unwrap().unwrap().0.muted_by;
    // The newest is asked first; when it has ended, the other one mutes.
    let name =
        |it: &Silence| crate::silence::Mute::Silence { silence: it.id, author: "alice".to_owned() };
    assert_eq!(by().await, Some(name(&second)));
    bench.pass(60);
    assert_eq!(bench.keep_time(&store, policy(&["ops"])).await, Vec::<String>::new());
    assert_eq!(by().await, Some(name(&first)));
    bench.pass(540);
    bench.keep_time(&store, policy(&["ops"])).await;
    assert_eq!(by().await, None);
    let claimed = bench.claim(&store).await;
    let told = &claimed[0].notifications[0];
    assert_eq!(told.diagnoses, ["Told now because silence 1 by alice has ended."]);
    let (_, trail) = store.incident(IncidentId(1001)).await.unwrap().unwrap();
    let notes: Vec<_> = trail.iter().filter_map(|it| it.note.as_deref()).collect();
    assert_eq!(
        notes,
        ["not told: muted by silence 2 by alice", "Told now because silence 1 by alice has ended."]
    );
}

/// Planned work on a server must not page through the one incident that stands for its databases.
#[tokio::test]
async fn a_silence_for_all_databases_of_a_server_holds_for_the_server() {
    for (matcher, heard) in [
        (json!({ "database": "*" }), 0),
        (json!({ "database": ["sco", "central"] }), 0),
        (json!({ "database": "sco" }), 1),
    ] {
        let bench = Bench::new();
        let store = bench.open();
        for name in ["central", "sco"] {
            store.commit_audit(bench.audit(name, "")).await.unwrap();
        }
        bench.silence(&store, matcher.clone(), 600).await;
        for _ in 0..3 {
            bench.pass(10);
            for name in ["central", "sco"] {
                let mut audit = bench.audit(name, "?");
                Arc::make_mut(&mut audit.report).evidence.unreachable = true;
                store.commit_audit(audit).await.unwrap();
            }
        }
        assert_eq!(store.open_incidents().await.unwrap().len(), 1, "{matcher}");
        assert_eq!(bench.hear(&store).await.len(), heard, "{matcher}");
        bench.pass(600);
        bench.keep_time(&store, policy(&["ops"])).await;
        assert_eq!(bench.hear(&store).await.len(), 1 - heard, "{matcher}");
    }
}

#[tokio::test]
async fn what_stays_open_is_told_again_after_its_interval() {
    let bench = Bench::new();
    let store = bench.open();
    let ops = || policy(&["ops"]);
    store.commit_audit(bench.audit("a", "Musician")).await.unwrap();
    assert_eq!(bench.hear(&store).await.len(), 1);
    bench.pass(86_399);
    assert_eq!(bench.keep_time(&store, ops()).await, Vec::<String>::new());
    bench.pass(1);
    assert_eq!(bench.keep_time(&store, ops()).await, ["SW-1001 reminded repeat_interval"]);
    assert_eq!(bench.hear(&store).await, ["reminder repeat_interval a +0"]);
    assert_eq!(bench.keep_time(&store, ops()).await, Vec::<String>::new(), "once");
    // Not while it is muted, and not once it is over.
    let silence = bench.silence(&store, json!({ "database": "a" }), 200_000).await;
    bench.pass(86_400);
    assert_eq!(bench.keep_time(&store, ops()).await, Vec::<String>::new());
    store.expire_silence(silence.id, bench.now()).await.unwrap();
    bench.pass(300);
    assert_eq!(bench.keep_time(&store, ops()).await, ["SW-1001 reminded repeat_interval"]);
    store.commit_audit(bench.audit("a", "")).await.unwrap();
    bench.pass(90_000);
    assert_eq!(bench.keep_time(&store, ops()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_shorter_interval_holds_after_a_reload() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("a", "Musician")).await.unwrap();
    bench.hear(&store).await;
    let mut hourly = Policy::of_channels(["ops".to_owned()]);
    hourly.routes[0].repeat_interval = Duration::from_hours(1);
    bench.pass(3_600);
    let pass = |reconsider| TimePass {
        policy: Arc::new(hourly.clone()),
        now: bench.now(),
        muted: None,
        after: None,
        reconsider,
    };
    assert_eq!(store.keep_time(pass(false)).await.unwrap().transitions.len(), 0);
    assert_eq!(store.keep_time(pass(true)).await.unwrap().transitions.len(), 1);
}

/// Between two passes of the timekeeper is time enough to mute something and to end that.
#[tokio::test]
async fn a_silence_that_begins_and_ends_between_two_looks_is_noticed() {
    let bench = Bench::new();
    let store = bench.open();
    let pass = |muted| TimePass {
        policy: policy(&["ops"]),
        now: bench.now(),
        muted,
        after: None,
        reconsider: false,
    };
    let before = store.keep_time(pass(None)).await.unwrap().muting;
    let silence = bench.silence(&store, json!({ "manifest": "central" }), 600).await;
    store.commit_audit(bench.audit("central", "one")).await.unwrap();
    store.expire_silence(silence.id, bench.now()).await.unwrap();
    let kept = store.keep_time(pass(Some(before))).await.unwrap();
    assert_eq!(kept.transitions.len(), 1, "{:?}", kept.muting);
    assert_eq!(bench.hear(&store).await, ["opened silence_ended central +1"]);
}

/// A digest at the end of a silence and a group that waits hold the same incidents in another order.
#[tokio::test]
async fn a_digest_and_a_group_do_not_wait_for_each_other() {
    let bench = Bench::new();
    let store = bench.open();
    let all = crate::route::Route::catch_all(["ops".to_owned()]);
    let channels = ["ops".to_owned()].into();
    let policy = Arc::new(Policy { channels, routes: vec![all], ..Policy::default() });
    let commit = async |database: &str, tables: &str| {
        let audit = AuditCommit { policy: Arc::clone(&policy), ..bench.audit(database, tables) };
        store.commit_audit(audit).await.unwrap();
    };
    commit("a", "one").await;
    assert_eq!(bench.hear(&store).await.len(), 1);
    commit("b", "one").await;
    bench.pass(31);
    assert_eq!(bench.hear(&store).await.len(), 1);
    // It waits in the group; then both change while they are muted.
    commit("a", "one two").await;
    bench.silence(&store, json!({ "manifest": "central" }), 60).await;
    commit("a", "one two three").await;
    commit("b", "one two").await;
    bench.pass(60);
    bench.keep_time(&store, Arc::clone(&policy)).await;
    commit("b", "one two three").await;
    commit("c", "one").await;
    let mut told = Vec::new();
    for _ in 0..10 {
        bench.pass(600);
        told.extend(bench.hear(&store).await);
    }
    assert!(told.iter().any(|it| it.contains("opened new_findings c")), "{told:?}");
    assert_eq!(store.outbox_status(bench.now()).await.unwrap().pending, 0, "{told:?}");
}

/// Two incidents change groups crosswise while both wait.
#[tokio::test]
async fn incidents_that_change_groups_do_not_wait_for_each_other() {
    let bench = Bench::new();
    let store = bench.open();
    let all = crate::route::Route::catch_all(["ops".to_owned()]);
    let group_by = vec![crate::route::GroupBy::Label("shift".to_owned())];
    let routes = vec![crate::route::Route { group_by, ..all }];
    let channels = ["ops".to_owned()].into();
    let policy = Arc::new(Policy { channels, routes, ..Policy::default() });
    let commit = async |database: &str, shift: &str, tables: &str| {
        let labels = [("shift".to_owned(), shift.to_owned())].into();
        let audit = bench.audit(database, tables);
        let audit = AuditCommit { policy: Arc::clone(&policy), labels, ..audit };
        store.commit_audit(audit).await.unwrap();
    };
    commit("x", "day", "one").await;
    commit("y", "night", "one").await;
    bench.hear(&store).await;
    commit("a", "day", "one").await;
    commit("b", "night", "one").await;
    commit("a", "night", "one two").await;
    commit("b", "day", "one two").await;
    for _ in 0..10 {
        bench.pass(600);
        bench.hear(&store).await;
    }
    assert_eq!(store.outbox_status(bench.now()).await.unwrap().pending, 0);
}
