//! What a server promises beyond that; and a database of its own for each test, on a server that the test
//! process starts.

#[expect(dead_code, unused_imports, reason = "the integration tests use the rest of it")]
#[path = "../../../../tests/support/postgres.rs"]
mod postgres;
#[path = "../../../../tests/support/process.rs"]
mod process;
#[expect(dead_code, reason = "the integration tests use the rest of it")]
#[path = "../../../../tests/support/tls.rs"]
mod tls;

use std::cell::RefCell;

use futures_util::FutureExt as _;

use self::postgres::Cluster;
use super::*;
use crate::store::AskTurn;
use crate::store::Beat;
use crate::store::Turn;
use crate::store::TurnAnswer;
use crate::store::WhyNow;
use crate::store::sql::Session;

/// How long turns hold in tests.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// A database of its own.
pub(super) struct Database {
    name: String,
}

impl Place for Database {
    /// A copy of one that holds an empty state: copying is cheaper than to make one.
    fn new() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let made = Self::made("template0");
            let way = dial(&made.name);
            aside(move || crate::store::postgres::open::open(&way, "test").map(drop)).unwrap();
            made.name
        });
        Self::made(template)
    }

    fn open(&self, now: Timestamp, pace: Pace) -> Handle {
        let dial = dial(&self.name);
        aside(move || {
            let opened = crate::store::postgres::open::open(&dial, "test").unwrap();
            Handle::start(opened, now, pace, LEASE).unwrap()
        })
    }

    fn connect(&self) -> Connection {
        let set_up = format!("set search_path = {}", crate::store::SCHEMA);
        Connection::Postgres(Box::new(RefCell::new(
            Session::new(dial(&self.name), set_up).unwrap(),
        )))
    }
}

impl Database {
    fn made(template: &str) -> Self {
        let name = postgres::unique("state");
        let dial = dial("postgres");
        let sql = format!("create database {name} template {template}");
        aside(move || {
            let session = Session::new(dial, "select 1".to_owned()).unwrap();
            let connection = Connection::Postgres(Box::new(RefCell::new(session)));
            connection.execute_batch(&sql).unwrap();
        });
        Self { name }
    }
}

/// The way to one database of the server.
pub(super) fn dial(database: &str) -> Dial {
    let cluster = Cluster::shared();
    let mut config = tokio_postgres::Config::new();
    config
        .host(cluster.socket_directory().to_str().expect("a path of ours is text"))
        .port(cluster.port())
        .user("postgres")
        .password(cluster.superuser().password)
        .dbname(database);
    Arc::new(move || {
        let config = config.clone();
        async move {
            let dialled = config.connect(tokio_postgres::NoTls).await;
            let (client, connection) = dialled.map_err(|error| error.to_string())?;
            Ok((client, connection.map(drop).boxed()))
        }
        .boxed()
    })
}

fn ask(database: &str, why: WhyNow) -> AskTurn {
    AskTurn {
        database: database.to_owned(),
        server: "db.example:5432".to_owned(),
        why,
        per_server: 2,
        per_server_rate: 100,
    }
}

fn turn(answer: TurnAnswer) -> Turn {
    match answer {
        TurnAnswer::Yours(turn) => turn,
        other => panic!("not given: {other:?}"),
    }
}

/// Moves the end of every lease into the past, as time would.
fn leases_end(bench: &BenchOn<Database>) {
    let connection = bench.place.connect();
    aside(move || {
        connection
            .execute_batch("update turns set lease_until = 1 where lease_until is not null")
            .unwrap();
    });
}

#[tokio::test]
async fn one_replica_at_a_time_audits_a_database_and_the_next_tick_is_everybodys() {
    let bench = BenchOn::<Database>::new();
    let (one, other) = (bench.open(), bench.open());
    let mine = turn(one.ask_turn(ask("central", WhyNow::Due)).await.unwrap());
    for why in [WhyNow::Due, WhyNow::Asked] {
        let answer = other.ask_turn(ask("central", why)).await.unwrap();
        assert!(matches!(answer, TurnAnswer::Held { .. }), "{why:?}: {answer:?}");
    }
    let next = one.server_time().await.unwrap() + SignedDuration::from_mins(5);
    let audit =
        AuditCommit { turn: Some(mine), next_due: next, ..bench.audit("central", "Musician") };
    assert_eq!(one.commit_audit(audit).await.unwrap().transitions.len(), 1);

    let answer = other.ask_turn(ask("central", WhyNow::Due)).await.unwrap();
    assert_eq!(answer, TurnAnswer::NotDue { due: next });
    // What it is held to has changed since: that audit does not count.
    let now = one.server_time().await.unwrap();
    let theirs = turn(other.ask_turn(ask("central", WhyNow::Since(now))).await.unwrap());
    assert_eq!(theirs.epoch, mine.epoch + 1);
    other.give_back("central", theirs).await.unwrap();
    turn(one.ask_turn(ask("central", WhyNow::Asked)).await.unwrap());
    one.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn who_was_frozen_past_the_lease_commits_nothing() {
    let bench = BenchOn::<Database>::new();
    let (frozen, other) = (bench.open(), bench.open());
    let old = turn(frozen.ask_turn(ask("central", WhyNow::Due)).await.unwrap());
    let stale = AuditCommit { turn: Some(old), ..bench.audit("central", "Musician") };
    leases_end(&bench);
    // Nobody has taken it over yet, and still.
    let error = frozen.commit_audit(stale.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Overtaken { .. }), "{error:?}");

    let new = turn(other.ask_turn(ask("central", WhyNow::Due)).await.unwrap());
    bench.pass(60);
    let clean = AuditCommit { turn: Some(new), ..bench.audit("central", "") };
    other.commit_audit(clean).await.unwrap();
    let error = frozen.commit_audit(stale).await.unwrap_err();
    assert!(matches!(error, StoreError::Overtaken { .. }), "{error:?}");
    assert_eq!((bench.count("audits"), bench.count("incidents")), (1, 0));
    // Made while the state could not be asked: it counts where nothing later is recorded.
    let early =
        frozen.commit_audit(AuditCommit { now: bench.now(), ..bench.audit("sco", "x") }).await;
    assert_eq!(early.unwrap().transitions.len(), 1);
    frozen.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn limits_of_a_server_hold_over_all_replicas() {
    let bench = BenchOn::<Database>::new();
    let (one, other) = (bench.open(), bench.open());
    let first = turn(one.ask_turn(ask("a", WhyNow::Due)).await.unwrap());
    turn(other.ask_turn(ask("b", WhyNow::Due)).await.unwrap());
    let answer = one.ask_turn(ask("c", WhyNow::Due)).await.unwrap();
    assert_eq!(answer, TurnAnswer::Busy);
    let elsewhere = AskTurn { server: "other.example:5432".to_owned(), ..ask("d", WhyNow::Due) };
    turn(one.ask_turn(elsewhere).await.unwrap());
    one.give_back("a", first).await.unwrap();
    // Many that ask at once are answered together.
    let asked = ["c", "e", "f"].map(|name| other.ask_turn(ask(name, WhyNow::Due)));
    let answers = futures_util::future::join_all(asked).await;
    let given = answers.iter().filter(|it| matches!(it, Ok(TurnAnswer::Yours(_)))).count();
    assert_eq!(given, 1, "{answers:?}");
    one.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn replicas_see_each_other_and_what_the_others_did() {
    let bench = BenchOn::<Database>::new();
    let (one, other) = (bench.open(), bench.open());
    let beat = |name: &str, hash: &str| Beat {
        name: name.to_owned(),
        config_hash: hash.to_owned(),
        databases: 2,
        ..Beat::default()
    };
    one.beat(beat("one", "old")).await.unwrap();
    let members = other.beat(beat("other", "old")).await.unwrap();
    let names: Vec<_> = members.all.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((names, members.configurations()), (vec!["one", "other"], 1));
    other.beat(beat("other", "new")).await.unwrap();
    let members = one.beat(beat("one", "old")).await.unwrap();
    assert_eq!(members.stands_back_for().map(|it| it.name.as_str()), Some("other"));

    one.commit_audit(bench.audit("central", "Musician Orchestra")).await.unwrap();
    assert_eq!(other.fleet().glance("central"), None);
    let mut standing = other.fleet().version();
    other.follow().await.unwrap();
    let seen = other.fleet().glance("central").expect("it follows");
    assert_eq!((seen.state.verdict, seen.unexpected), (Verdict::Drifted, Some(2)));
    assert!(standing.has_changed().unwrap());
    standing.mark_unchanged();
    other.follow().await.unwrap();
    assert!(!standing.has_changed().unwrap(), "nothing new");

    one.leave().await.unwrap();
    assert_eq!(other.beat(beat("other", "new")).await.unwrap().all.len(), 1);
    one.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_message_whose_sender_died_is_free_when_its_lease_would_be_over() {
    let bench = BenchOn::<Database>::new();
    let (one, other) = (bench.open(), bench.open());
    let beat = |name: &str| Beat { name: name.to_owned(), databases: 1, ..Beat::default() };
    one.beat(beat("one")).await.unwrap();
    other.beat(beat("other")).await.unwrap();
    one.commit_audit(bench.audit("central", "Musician")).await.unwrap();
    let claimed = bench.claim(&one).await;
    assert_eq!(claimed.len(), 1);
    // As long as it says that it runs, its message is its own.
    other.beat(beat("other")).await.unwrap();
    assert!(bench.claim(&other).await.is_empty());
    let silent = |by: Duration| {
        let connection = bench.place.connect();
        let sql = format!(
            "update replicas set seen_at = seen_at - {} where name = 'one'",
            by.as_millis()
        );
        aside(move || connection.execute_batch(&sql).unwrap());
    };
    silent(LEASE / 2);
    other.beat(beat("other")).await.unwrap();
    assert!(bench.claim(&other).await.is_empty());
    silent(LEASE / 2 + Duration::from_secs(1));
    // After an outage of the state everybody was silent, and nobody may judge before they are heard of again.
    let outage = bench.place.connect();
    aside(move || {
        outage.execute_batch("update replicas set seen_at = 1 where name = 'other'").unwrap();
    });
    other.beat(beat("other")).await.unwrap();
    assert!(bench.claim(&other).await.is_empty());
    other.beat(beat("other")).await.unwrap();
    let again = bench.claim(&other).await;
    assert_eq!(again.iter().map(|it| it.id).collect::<Vec<_>>(), [claimed[0].id]);
    // Were it only frozen: what it says of the message now does not count.
    let late = one.record_attempt(
        bench
            .attempt(&claimed[0], AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None }),
    );
    assert!(matches!(late.await, Err(StoreError::LeaseLost { .. })));
}

#[tokio::test]
async fn a_state_of_another_fleet_or_a_newer_release_is_refused() {
    let bench = BenchOn::<Database>::new();
    bench.open().close().await.unwrap();
    let way = dial(&bench.place.name);
    let error = aside(|| Handle::open_postgres(&way, "another", LEASE)).map(drop).unwrap_err();
    assert!(matches!(&error, StoreError::OtherFleet { found, .. } if found == "test"), "{error:?}");
    let connection = bench.place.connect();
    aside(move || {
        connection.execute_batch("update meta set value = 99 where key = 'version'").unwrap();
    });
    let error = aside(|| Handle::open_postgres(&way, "test", LEASE)).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::NewerServer { found: 99, .. }), "{error:?}");
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    let bench = BenchOn::<Database> {
        place: Database::made("template0"),
        now: std::cell::Cell::new(Timestamp::UNIX_EPOCH),
    };
    let epochs = std::thread::scope(|scope| {
        let open =
            || crate::store::postgres::open::open(&dial(&bench.place.name), "test").unwrap().epoch;
        let all: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        all.into_iter().map(|it| it.join().unwrap()).collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(epochs.len(), 4, "each has an epoch of its own");
}

/// The backup is older than all of them: who is new, or new again, is nobody who still runs.
#[tokio::test]
async fn no_epoch_of_a_running_replica_is_given_away_after_a_restore() {
    let bench = BenchOn::<Database>::new();
    let all = [bench.open(), bench.open(), bench.open()];
    let mut epochs = std::collections::BTreeSet::new();
    for it in &all {
        it.beat(Beat::default()).await.unwrap();
        epochs.insert(it.epoch.now());
    }
    let connection = bench.place.connect();
    aside(move || {
        connection
            .execute_batch("delete from replicas; update meta set value = 0 where key = 'epoch'")
            .unwrap();
    });
    all[0].beat(Beat::default()).await.unwrap();
    let later = bench.open();
    assert!(epochs.insert(all[0].epoch.now()), "{} of {epochs:?}", all[0].epoch.now());
    assert!(epochs.insert(later.epoch.now()), "{} of {epochs:?}", later.epoch.now());
    // It is listed once: as who it is now.
    let members = all[0].beat(Beat::default()).await.unwrap();
    assert_eq!(members.all.len(), 1, "{members:?}");
    for it in all.iter().chain([&later]) {
        it.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_restored_state_does_not_know_begins_anew() {
    let bench = BenchOn::<Database>::new();
    let store = bench.open();
    store.beat(Beat::default()).await.unwrap();
    let old = turn(store.ask_turn(ask("central", WhyNow::Due)).await.unwrap());
    let connection = bench.place.connect();
    // Last night's backup: the replica, its turn and its epoch are not in it.
    aside(move || {
        connection
            .execute_batch("delete from replicas; delete from turns; update meta set value = 0 where key = 'epoch'")
            .unwrap();
    });
    let audit = AuditCommit { turn: Some(old), ..bench.audit("central", "Musician") };
    let error = store.commit_audit(audit).await.unwrap_err();
    assert!(matches!(error, StoreError::Overtaken { .. }), "{error:?}");
    store.beat(Beat::default()).await.unwrap();
    let new = turn(store.ask_turn(ask("central", WhyNow::Due)).await.unwrap());
    assert!(new.holder > old.holder, "{new:?} after {old:?}");
    store.close().await.unwrap();
}

/// What is in a state, by table, as it is exported.
fn exported(place: &crate::store::Place) -> String {
    aside(|| {
        let mut text = Vec::new();
        place.export(Timestamp::UNIX_EPOCH, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    })
}

#[tokio::test]
async fn a_state_moves_to_a_server_and_back_with_nothing_lost() {
    let file = BenchOn::<file::File>::new();
    let store = file.open();
    store.commit_audit(file.audit("central", "Musician \u{1b}[31m")).await.unwrap();
    store.commit_audit(file.audit("sco", "")).await.unwrap();
    store.commit_audit(file.audit("sco", "?")).await.unwrap();
    file.deliver(&store).await;
    store.commit_audit(file.audit("sco", "Orchestra")).await.unwrap();
    assert_eq!(file.claim(&store).await.len(), 1, "one is being sent");
    store.close().await.unwrap();
    let from = crate::store::Place::Sqlite(file.place.path());
    let text = exported(&from);

    let server = BenchOn::<Database>::new();
    let to = crate::store::Place::Postgres(dial(&server.place.name), "test".to_owned());
    let import = |place: &crate::store::Place, text: &str| {
        aside(|| place.import(Timestamp::UNIX_EPOCH, &mut text.as_bytes()))
    };
    let moved = import(&to, &text).unwrap();
    assert!(moved.rows > 8, "{moved:?}");
    // But for the one that was being sent: nobody is sending it now.
    let again = exported(&to);
    let rows = |text: &str| text.lines().filter(|it| !it.contains("\"sending\"")).count();
    assert_eq!(rows(&again), text.lines().count());
    let back = BenchOn::<file::File>::new();
    let place = crate::store::Place::Sqlite(back.place.path());
    import(&place, &again).unwrap();
    assert_eq!(exported(&place), again, "there and back");

    // It goes on where it was: the next incident has the next number, the message is sent with its id.
    let store = server.open();
    let receipt = store.commit_audit(server.audit("new", "Musician")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1003 opened drift"]);
    server.pass(600);
    assert_eq!(server.claim(&store).await.len(), 1);
    store.close().await.unwrap();

    for (case, text, want) in [
        ("twice", again.clone(), "not empty"),
        ("cut short", again[..again.len() / 2].to_owned(), "not empty"),
    ] {
        let error = import(&to, &text).unwrap_err().to_string();
        assert!(error.contains(want), "{case}: {error}");
    }
    let empty = BenchOn::<Database>::new();
    let to = crate::store::Place::Postgres(dial(&empty.place.name), "test".to_owned());
    let cut = again[..again.rfind("[\"end\"").unwrap()].to_owned();
    for (case, text, want) in [
        ("cut short", cut, "cut short"),
        ("half a line", again[..again.len() - 3].to_owned(), "cut short"),
        ("not ours", "hello\n".to_owned(), "no exported state"),
        ("another table", again.replace("\"databases\"", "\"pg_class\""), "no such table"),
        ("another schema", again.replace("\"schema\":10", "\"schema\":9"), "schema version 9"),
    ] {
        let error = import(&to, &text).unwrap_err().to_string();
        assert!(error.contains(want), "{case}: {error}");
        assert_eq!(empty.count("databases"), 0, "{case}: nothing of it");
    }
}
