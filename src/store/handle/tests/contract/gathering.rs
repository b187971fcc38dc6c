//! Groups and threads: what travels together, when it leaves, and what a storm comes to.

use super::*;
use crate::notification::Thread;
use crate::route::Route;
use crate::store::DeliveryFilter;

fn gathering(channels: &[&str], one_by_one: &[&str]) -> Arc<Policy> {
    let names = || channels.iter().map(|it| (*it).to_owned());
    Arc::new(Policy {
        channels: names().collect(),
        one_by_one: one_by_one.iter().map(|it| (*it).to_owned()).collect(),
        routes: vec![Route::catch_all(names())],
        ..Policy::default()
    })
}

impl Bench {
    async fn commit(&self, store: &Handle, policy: &Arc<Policy>, database: &str, tables: &str) {
        let audit = self.audit(database, tables);
        let audit = AuditCommit { policy: Arc::clone(policy), ..audit };
        store.commit_audit(audit).await.unwrap();
    }

    /// Claims and delivers until nothing is due; `TYPE INCIDENT…` of each message.
    async fn drain(&self, store: &Handle) -> Vec<String> {
        let mut sent = Vec::new();
        loop {
            let claimed = self.claim(store).await;
            if claimed.is_empty() {
                return sent;
            }
            for it in claimed {
                let words = it.notifications.iter().map(|it| {
                    let word = it.kind.word().trim_start_matches("incident.");
                    format!("{word} {}", it.incident.as_deref().unwrap_or("?"))
                });
                sent.push(words.collect::<Vec<_>>().join(", "));
                let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
                store.record_attempt(self.attempt(&it, end)).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn the_first_leaves_at_once_and_the_rest_together() {
    let bench = Bench::new();
    let store = bench.open();
    let policy = gathering(&["ops"], &[]);
    bench.commit(&store, &policy, "a", "Musician").await;
    assert_eq!(bench.drain(&store).await, ["opened SW-1001"]);
    bench.pass(5);
    for database in ["b", "c"] {
        bench.commit(&store, &policy, database, "Musician").await;
    }
    let idle = store.claim(bench.now(), LEASE, vec![], Paces::new()).await.unwrap();
    let due = bench.now() + SignedDuration::from_secs(25);
    assert_eq!((idle.deliveries.len(), idle.next_due), (0, Some(due)));
    assert_eq!(store.outbox_status(bench.now()).await.unwrap().pending, 2);
    store.close().await.unwrap();
    // A restart forgets no group and sends none early.
    let store = bench.open();
    bench.pass(24);
    assert_eq!(bench.drain(&store).await, Vec::<String>::new());
    bench.pass(1);
    assert_eq!(bench.drain(&store).await, ["opened SW-1002, opened SW-1003"]);
    bench.commit(&store, &policy, "a", "").await;
    bench.pass(299);
    assert_eq!(bench.drain(&store).await, Vec::<String>::new());
    bench.pass(1);
    assert_eq!(bench.drain(&store).await, ["resolved SW-1001"]);
    bench.pass(300);
    bench.commit(&store, &policy, "b", "").await;
    assert_eq!(bench.drain(&store).await, ["resolved SW-1002"], "it was quiet for so long");
}

#[tokio::test]
async fn a_storm_is_a_few_messages_that_reach_all() {
    const DATABASES: usize = 2_000;
    let bench = Bench::new();
    let store = bench.open();
    let policy = gathering(&["ops"], &[]);
    let mut messages = Vec::new();
    for second in 0..60 {
        for n in 0..DATABASES / 40 {
            if second < 40 {
                bench.commit(&store, &policy, &format!("db{second}-{n}"), "Musician").await;
            }
        }
        messages.extend(bench.drain(&store).await);
        bench.pass(1);
    }
    assert_eq!(messages.len(), 2, "{:?}", messages.iter().map(String::len).collect::<Vec<_>>());
    bench.pass(300);
    messages.extend(bench.drain(&store).await);
    let told: std::collections::BTreeSet<&str> =
        messages.iter().flat_map(|it| it.split(", ")).collect();
    assert_eq!((messages.len(), told.len()), (3, DATABASES));
    let filter = DeliveryFilter { state: None, channel: None, incident: None, limit: 10 };
    let listed = store.deliveries(filter).await.unwrap();
    let carried: usize = listed.iter().map(|it| it.notifications).sum();
    assert_eq!((listed.len(), carried), (3, DATABASES));
    let detail = store.delivery(listed[0].id).await.unwrap().unwrap();
    assert_eq!(detail.carries.len(), listed[0].notifications);
    assert_eq!((detail.attempts.len(), detail.attempts[0].outcome.as_str()), (1, "delivered"));
    assert!(detail.carries.iter().all(|it| !it.database.is_empty() && !it.headline.is_empty()));
}

#[tokio::test]
async fn a_receiver_of_threads_gets_one_a_message_until_all_of_it_is_over() {
    let bench = Bench::new();
    let store = bench.open();
    let policy = gathering(&["pager"], &["pager"]);
    bench.commit(&store, &policy, "a", "Musician").await;
    let thread = |key: &str, open| Some(Thread { key: key.to_owned(), open });
    let mut claimed = bench.claim(&store).await;
    let end = || AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
    assert_eq!(claimed[0].thread, thread("SW-1001", 1));
    store.record_attempt(bench.attempt(&claimed[0], end())).await.unwrap();
    for database in ["b", "c"] {
        bench.commit(&store, &policy, database, "Musician").await;
    }
    bench.commit(&store, &policy, "a", "").await;
    bench.pass(30);
    let mut seen = Vec::new();
    while let Some(it) = claimed.pop() {
        seen.push((it.thread.unwrap(), it.notifications.len()));
        claimed = bench.claim(&store).await;
        for it in &claimed {
            store.record_attempt(bench.attempt(it, end())).await.unwrap();
        }
    }
    let seen: Vec<_> = seen.iter().map(|(it, n)| (it.key.as_str(), it.open, *n)).collect();
    assert_eq!(seen, [("SW-1001", 1, 1), ("SW-1001", 0, 1), ("SW-1002", 2, 2)]);
    bench.commit(&store, &policy, "b", "").await;
    bench.pass(300);
    let half = bench.claim(&store).await.remove(0);
    assert_eq!(half.thread, thread("SW-1002", 1), "the other one is still open");
    store.record_attempt(bench.attempt(&half, end())).await.unwrap();
    bench.commit(&store, &policy, "c", "").await;
    bench.pass(300);
    assert_eq!(bench.claim(&store).await[0].thread, thread("SW-1002", 0));
}

#[tokio::test]
async fn what_ends_is_told_to_whoever_heard_of_it() {
    let bench = Bench::new();
    let store = bench.open();
    bench.commit(&store, &policy(&["ops"]), "a", "Musician").await;
    assert_eq!(bench.drain(&store).await, ["opened SW-1001"]);
    // The routes lead elsewhere by now; `ops` still waits for the end.
    let mut elsewhere = Policy::of_channels(["pager".to_owned()]);
    elsewhere.channels.insert("ops".to_owned());
    bench.commit(&store, &Arc::new(elsewhere), "a", "").await;
    let told = bench.claim(&store).await;
    let channels: Vec<_> = told.iter().map(|it| it.channel.as_str()).collect();
    assert_eq!(channels, ["ops"], "and `pager` never heard of it");
}

#[tokio::test]
async fn ten_thousand_open_incidents_cost_a_pass_nothing() {
    let bench = Bench::new();
    let store = bench.open();
    let policy = gathering(&["ops"], &[]);
    bench.commit(&store, &policy, "a", "Musician").await;
    bench.drain(&store).await;
    let fill = |it: &Connection| {
        it.execute_batch(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) \
             insert into incidents (kind, subject, state, opened_at, changed_at, reason, \
             fingerprints, findings, facts, remind_at) \
             select kind, 'db' || i, state, opened_at, changed_at, reason, fingerprints, findings, \
             facts, remind_at from incidents, n where id = 1001; \
             insert into notifications (incident_id, channel, type, reason, created_at, body, \
             delivery_id, group_key, thread) select i.id, n.channel, n.type, n.reason, \
             n.created_at, n.body, n.delivery_id, n.group_key, n.thread \
             from incidents i, notifications n where i.id > 1001 and n.incident_id = 1001;",
        )
    };
    store.write("10,000 incidents", fill).await.unwrap();
    let pass = || TimePass {
        policy: Arc::clone(&policy),
        now: bench.now(),
        muted: None,
        after: None,
        reconsider: false,
    };
    let began = std::time::Instant::now();
    for _ in 0..100 {
        store.keep_time(pass()).await.unwrap();
        store.claim(bench.now(), LEASE, vec![], Paces::new()).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
