//! What waits for receivers that are ill costs the others nothing: a pass, a commit and a recorded
//! attempt take as many steps of SQLite's machine whether a hundred messages wait or two thousand.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::*;
use crate::store::DeliveryFilter;
use crate::store::Retry;
use crate::store::TimePass;
use crate::store::opened::Opened;
use crate::store::statements::audits;
use crate::store::statements::column;
use crate::store::statements::due::Horizon;
use crate::store::statements::outbox;
use crate::store::statements::silences;
use crate::store::statements::time_pass;

/// What waits, by `?1` of each: `hangs` was never tried, of `fails` each was and a second message of
/// the incident waits behind it, `parked` is broken. `ops` has had all of it. `?2` is now.
const FILL: &str = "
    create temp table n as with recursive c (i) as (
        select 0 union all select i + 1 from c where i < ?1 - 1)
        select i, ?2 - 600000 + i * 100 as at from c;
    insert into incidents (id, kind, subject, state, opened_at, changed_at, reason, fingerprints,
        findings) select 5001 + i, 'drift', 'db' || i, 'open', at, at, 'drift_found', '[]', '[]' from n;
    create temp table m (seq integer primary key, i, channel, at, state, due, attempts, type);
    insert into m (i, channel, at, state, due, attempts, type)
        select i, column1, at, column2, at + column3, column4, 'incident.' || column5 from n, (values
            ('ops', 'delivered', 0, 1, 'opened'), ('hangs', 'pending', 0, 0, 'opened'),
            ('fails', 'pending', 3000000, 9, 'opened'), ('fails', 'pending', 0, 0, 'changed'),
            ('parked', 'pending', 0, 0, 'opened')) order by i;
    insert into deliveries (seq, id, channel, state, created_at, due_at, attempts, ended_at)
        select 5000 + seq, printf('00000000-0000-7000-8000-%012x', seq), channel, state, at, due,
        attempts, iif(state = 'delivered', at, null) from m;
    insert into notifications (id, incident_id, channel, type, reason, created_at, body, delivery_id)
        select 5000 + seq, 5001 + i, channel, type, 'drift_found', at, (select body from notifications limit 1),
        printf('00000000-0000-7000-8000-%012x', seq) from m;
    delete from notifications where id < 5000;
    insert into parked values ('parked', ?2, 'auth', '403', ?2 + 3600000);
    insert into failing select column1, 'delivery', ?2, 'server', '500' from (
        values ('hangs'), ('fails'));
    insert into unheard select column1, 0, ?2 from (values ('hangs'), ('fails'), ('parked'));
";

/// A state in which `waiting` messages wait for each ill channel.
fn filled(bench: &Bench, waiting: u32) -> Opened {
    let opened = open::open(&bench.path(), bench.now()).unwrap();
    let audit = bench.audit("first", "Musician");
    audits::apply_alone(&opened.connection, &audit, &audits::prepare(&audit.report)).unwrap();
    let now = column::ms(bench.now());
    let sql = FILL.replace("?1", &waiting.to_string()).replace("?2", &now.to_string());
    opened.connection.execute_batch(&sql).unwrap();
    opened
}

/// The steps that each thing takes which happens all the time.
fn steps(waiting: u32) -> Vec<(&'static str, u64)> {
    let bench = Bench::new();
    let mut opened = filled(&bench, waiting);
    let (epoch, count) = (opened.epoch, Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&count);
    let step = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    let Connection::Sqlite(file) = &mut opened.connection else { panic!("the state is a file") };
    file.progress_handler(1, Some(step)).unwrap();
    let connection = &opened.connection;
    let horizon = Horizon::new(bench.now(), LEASE);
    let claim = |busy: &[String]| {
        outbox::claim(connection, epoch, bench.now(), &horizon, busy, &Paces::new())
            .unwrap()
            .deliveries
    };
    // Once, what is due and has to wait is put off.
    let hangs = claim(&["fails".to_owned()]).remove(0);
    let busy = ["hangs".to_owned()];
    for _ in 0..3 {
        assert_eq!(claim(&busy), [], "nothing of it can be sent");
    }
    let mut all = Vec::new();
    let mut took = |what| all.push((what, count.swap(0, Ordering::Relaxed)));
    took("before");
    let audit = bench.audit("central", "Musician");
    audits::apply_alone(connection, &audit, &audits::prepare(&audit.report)).unwrap();
    took("commit");
    assert_eq!(outbox::peek(connection, bench.now(), &horizon, &[]).unwrap(), None);
    took("look that finds something");
    let ops = claim(&["hangs".to_owned()]).remove(0);
    assert_eq!(ops.channel, "ops");
    took("claim");
    let busy = ["hangs".to_owned(), "ops".to_owned()];
    outbox::peek(connection, bench.now(), &horizon, &busy).unwrap().expect("nothing is due");
    took("look that finds nothing");
    let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
    outbox::record(connection, &bench.attempt(&ops, end)).unwrap().expect("its claim is held");
    took("record of one that arrived");
    let end = AttemptEnd::Again {
        due_at: bench.now() + SignedDuration::from_secs(5),
        minimal: false,
        failure: "timeout".to_owned(),
        detail: "it hangs".to_owned(),
    };
    outbox::record(connection, &bench.attempt(&hangs, end)).unwrap().expect("its claim is held");
    took("record of one that did not");
    claim(&[]).remove(0);
    took("claim of an ill one");
    let muted = silences::muting(connection, &policy(&["ops"]), bench.now()).unwrap();
    count.store(0, Ordering::Relaxed);
    let (policy, now) = (policy(&["ops"]), bench.now());
    let pass = TimePass { policy, now, muted: Some(muted), after: None, reconsider: false };
    time_pass::peek(connection, &pass).unwrap().expect("nothing is due");
    took("what time does");
    all.split_off(1)
}

#[test]
fn what_waits_for_the_ill_costs_the_others_nothing() {
    let (few, many) = (steps(100), steps(2_000));
    let grown = few.iter().zip(&many).filter(|((_, few), (_, many))| *many > few + few / 10 + 50);
    let grown: Vec<_> = grown.collect();
    assert!(grown.is_empty(), "{grown:#?}");
}

#[tokio::test]
async fn what_was_put_off_is_due_when_its_turn_comes() {
    let bench = Bench::new();
    let store = bench.open();
    for tables in ["Musician", "", "Musician"] {
        store.commit_audit(bench.audit("central", tables)).await.unwrap();
    }
    let opened = bench.claim(&store).await.remove(0);
    let end = AttemptEnd::Again {
        due_at: bench.now() + SignedDuration::from_mins(30),
        minimal: false,
        failure: "server".to_owned(),
        detail: "500".to_owned(),
    };
    store.record_attempt(bench.attempt(&opened, end)).await.unwrap();
    let idle = store.claim(bench.now(), LEASE, vec![], Paces::new()).await.unwrap();
    let half_an_hour = bench.now() + SignedDuration::from_mins(30);
    assert_eq!((idle.deliveries.len(), idle.next_due), (0, Some(half_an_hour)));
    let waiting = store
        .deliveries(DeliveryFilter { state: None, channel: None, incident: None, limit: 9 })
        .await
        .unwrap();
    assert!(waiting.iter().all(|it| it.due_at == half_an_hour), "{waiting:?}");
    // A person wants the first; what waits for it follows at once.
    store.retry(Retry::Delivery(opened.id), bench.now()).await.unwrap();
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(bench.deliver(&store).await);
    }
    let order = said.iter().map(|it| it.contains("clean again")).collect::<Vec<_>>();
    assert_eq!(order, [false, true, false], "{said:?}");
    assert_eq!(bench.claim(&store).await, []);
}
