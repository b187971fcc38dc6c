//! Who gets in, who waits, and for whom.

use futures_util::FutureExt as _;

use super::*;
use crate::circuit::OPENS_AFTER;
use crate::config::Database;
use crate::manifest::Manifest;
use crate::schema::RelationName;

/// Databases on two servers, `x` and `y`, with few places and no hurry.
fn limits() -> Limits {
    Limits { concurrency: 4, per_server: 3, per_server_rate: 10_000, ..Limits::default() }
}

fn database(name: &str, server: &str) -> Database {
    let manifest = Arc::new(Manifest::of_tables("m", [RelationName::new("public", "t")]));
    let mut it = Database::unregistered("host=/tmp", false, manifest).unwrap();
    (it.name, it.server) = (name.to_owned(), Some(server.to_owned()));
    it
}

fn enter(slots: &Slots, it: &Database) -> Option<Result<Slot, Shut>> {
    slots.enter(it, Purpose::Audit, &Clock::System).now_or_never()
}

fn outcome(reach: Reach, took_s: u64) -> Outcome {
    let (began, took) = (Clock::System.now(), Duration::from_secs(took_s));
    Outcome { began, took, reach, timed_out: false }
}

/// Lets an audit of `it` end so.
fn audited(slots: &Slots, it: &Database, outcome: Outcome) -> Option<Effect> {
    let mut slot = enter(slots, it).expect("there is room").expect("it is not shut");
    slot.ended(&outcome, Clock::System.now())
}

#[tokio::test]
async fn a_server_queues_behind_itself_and_the_fleet_has_its_end() {
    let slots = Slots::new(&limits());
    let [x, y] = ["x", "y"].map(|server| database(server, server));
    let mut of_x: Vec<_> = (0..3).map(|_| enter(&slots, &x).unwrap().unwrap()).collect();
    assert!(enter(&slots, &x).is_none(), "its server is full");
    let of_y = enter(&slots, &y).unwrap().unwrap();
    assert!(enter(&slots, &y).is_none(), "the fleet is full");
    of_x.pop();
    assert!(enter(&slots, &y).is_some());
    drop(of_y);
}

#[tokio::test]
async fn offenders_leave_places_to_others_on_their_server_too() {
    let slots = Slots::new(&limits());
    let names = ["a", "b", "c", "d", "e", "f"];
    let all: Vec<_> = names.iter().map(|it| Arc::new(database(it, "x"))).collect();
    slots.register(&all);
    for it in &all[..2] {
        audited(&slots, it, outcome(Reach::Reached, 30));
    }
    // A quarter of three places is none, and it is never none: one.
    let hanging = enter(&slots, &all[0]).unwrap().unwrap();
    assert!(enter(&slots, &all[1]).is_none(), "one offender at a time");
    let quick: Vec<_> = all[2..4].iter().map(|it| enter(&slots, it).unwrap().unwrap()).collect();
    drop((hanging, quick));
    // One that is quick again may come as any other does.
    audited(&slots, &all[0], outcome(Reach::Reached, 0));
    let _mended = enter(&slots, &all[0]).unwrap().unwrap();
    assert!(enter(&slots, &all[1]).is_some());
}

#[tokio::test]
async fn time_that_ran_out_counts_however_short_it_was() {
    let slots = Slots::new(&limits());
    let x = Arc::new(database("a", "x"));
    slots.register(&[Arc::clone(&x), Arc::new(database("b", "x"))]);
    let timed_out = Outcome { timed_out: true, ..outcome(Reach::Unreachable, 0) };
    audited(&slots, &x, timed_out);
    assert!(slots.is_offender("a", "x", Clock::System.now()));
    // Nobody was asked: it says nothing, and excuses nothing.
    audited(&slots, &x, outcome(Reach::NotTried, 0));
    assert!(slots.is_offender("a", "x", Clock::System.now()));
}

#[tokio::test]
async fn an_open_circuit_lets_one_in_and_outlives_new_limits() {
    let health = Health::new();
    let slots = Slots::of_daemon(&limits(), &health);
    let [a, b, other] =
        [("a", "x"), ("b", "x"), ("c", "y")].map(|(name, server)| database(name, server));
    let down = outcome(Reach::Unreachable, 0);
    for _ in 1..OPENS_AFTER {
        assert_eq!(audited(&slots, &a, down), None);
    }
    assert!(matches!(audited(&slots, &a, down), Some(Effect::Opened { .. })));
    let slots = slots.renewed(&Limits { concurrency: 2, ..limits() });
    for _ in 0..10 {
        assert!(enter(&slots, &b).unwrap().is_err(), "and no place is lost to whoever is shut out");
    }
    assert!(slots.look(&b, Purpose::Audit, &Clock::System).is_err());
    assert!(enter(&slots, &other).unwrap().is_ok());
    let asked = slots.enter(&b, Purpose::Asked, &Clock::System).await;
    let effect = asked.unwrap().ended(&outcome(Reach::Reached, 0), Clock::System.now());
    assert!(matches!(effect, Some(Effect::Closed { .. })));
    assert!(enter(&slots, &a).unwrap().is_ok());
    assert!(health.circuits().is_empty());
}
