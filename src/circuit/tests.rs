//! Stories of servers: what audits say of them, and who may connect next.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

/// One server, and a way to write down what happens to it.
#[derive(Default)]
struct Server(Circuit);

impl Server {
    /// An audit of `database` that began at one second and could not reach the server at the other.
    fn failed(&mut self, database: &str, began: i64, ended: i64) -> String {
        self.ended(database, began, ended, false)
    }

    fn ended(&mut self, database: &str, began: i64, ended: i64, probe: bool) -> String {
        let failed = Failed { database, began: at(began), probe };
        told(self.0.failed(&failed, at(ended), 1.0))
    }

    fn reached(&mut self, database: &str, second: i64) -> String {
        told(self.0.reached(database, at(second)))
    }

    fn admit(&mut self, database: &str, purpose: Purpose, second: i64) -> &'static str {
        match self.0.admit(database, purpose, at(second)) {
            Admission::Go => "go",
            Admission::Probe => "probe",
            Admission::Shut(_) => "shut",
        }
    }

    /// One that was opened at second 10 by `a`, and whose probe is due at 11.
    fn opened() -> Self {
        let mut it = Self::default();
        for second in 1..OPENS_AFTER {
            assert_eq!(it.failed("a", i64::from(second), i64::from(second) + 1), "");
        }
        assert_eq!(it.failed("a", 9, 10), "opened after 5, a probes at 11");
        it
    }
}

fn told(effect: Option<Effect>) -> String {
    let second = |at: Timestamp| at.as_second() - 1_750_000_000;
    match effect {
        None => String::new(),
        Some(Effect::Opened { open, probe }) => {
            let (failures, at) = (open.failures, second(open.probe_at));
            format!("opened after {failures}, {probe} probes at {at}")
        }
        Some(Effect::Probed { open, probe }) => {
            format!("{probe} probes at {}", second(open.probe_at))
        }
        Some(Effect::Closed { opened_at }) => format!("closed, open since {}", second(opened_at)),
    }
}

#[test]
fn a_server_that_answers_nobody_opens_it() {
    let mut it = Server::default();
    for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        assert_eq!(it.failed(name, 0, 5), "", "{n}");
        assert_eq!(it.admit("z", Purpose::Audit, 5), "go");
    }
    assert_eq!(it.failed("e", 0, 5), "opened after 5, e probes at 6");
    assert_eq!(it.0.open().unwrap().since, at(0));
}

#[test]
fn one_that_was_reached_begins_to_count_anew() {
    let mut it = Server::default();
    for round in 0..10 {
        for _ in 0..4 {
            assert_eq!(it.failed("a", round * 10, round * 10 + 1), "");
        }
        assert_eq!(it.reached("a", round * 10 + 2), "");
    }
}

#[test]
fn a_server_that_is_half_dead_opens_nothing() {
    // Five of six fail with a long timeout; the sixth is reached meanwhile.
    let mut slow = Server::default();
    for round in 0..20 {
        assert_eq!(slow.reached("good", round * 60 + 1), "");
        for name in ["a", "b", "c", "d", "e"] {
            assert_eq!(slow.failed(name, round * 60, round * 60 + 5), "");
        }
    }
    // They are refused at once, and so all fail before the sixth is tried.
    let mut quick = Server::default();
    for round in 0..20 {
        for name in ["a", "b", "c", "d"] {
            assert_eq!(quick.failed(name, round * 60, round * 60), "");
        }
        assert_eq!(quick.reached("good", round * 60 + 1), "");
        // Again, and again: the server was reached since they failed last.
        for _ in 0..3 {
            for name in ["a", "b", "c", "d"] {
                if round > 0 {
                    assert_eq!(quick.failed(name, round * 60 + 2, round * 60 + 2), "");
                }
            }
            assert_eq!(quick.reached("good", round * 60 + 3), "");
        }
    }
    // Then the server dies: those that fail anyway count from their second failure on.
    for name in ["a", "b", "c", "d", "good"] {
        let _ = quick.failed(name, 5000, 5001);
    }
    assert!(quick.0.open().is_none());
    for name in ["a", "b", "c"] {
        assert_eq!(quick.failed(name, 5060, 5061), "");
    }
    assert_eq!(quick.failed("d", 5060, 5061), "opened after 5, d probes at 5062");
}

#[test]
fn only_the_probe_goes_through() {
    let mut it = Server::opened();
    for (name, purpose, second, want) in [
        ("b", Purpose::Audit, 10, "shut"),
        ("b", Purpose::Aside, 10, "shut"),
        // Not even when it is due: only audits say how they ended.
        ("b", Purpose::Aside, 11, "shut"),
        ("c", Purpose::Audit, 11, "probe"),
        ("d", Purpose::Audit, 11, "shut"),
        ("d", Purpose::Audit, 99, "shut"),
        // A person waits for nobody.
        ("e", Purpose::Asked, 11, "go"),
    ] {
        assert_eq!(it.admit(name, purpose, second), want, "{name} at {second}");
    }
    it.0.gave_up();
    assert_eq!(it.admit("d", Purpose::Audit, 12), "probe");
}

#[test]
fn a_person_makes_the_probe_before_its_time() {
    let mut it = Server::opened();
    assert_eq!(it.admit("a", Purpose::Asked, 10), "probe");
    assert_eq!(it.admit("b", Purpose::Audit, 11), "shut");
    assert_eq!(it.reached("a", 12), "closed, open since 10");
    assert_eq!(it.admit("b", Purpose::Audit, 12), "go");
    assert_eq!(it.admit("b", Purpose::Aside, 12), "go");
}

#[test]
fn waits_grow_to_their_end() {
    let mut it = Server::opened();
    let mut now = 11;
    let mut waits = Vec::new();
    for _ in 0..10 {
        assert_eq!(it.admit("a", Purpose::Audit, now), "probe");
        let failed = Failed { database: "a", began: at(now), probe: true };
        let Some(Effect::Probed { open, .. }) = it.0.failed(&failed, at(now), 1.0) else {
            panic!("the probe failed")
        };
        waits.push(open.probe_at.as_second() - at(now).as_second());
        now = open.probe_at.as_second() - at(0).as_second();
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 120, 120, 120, 120]);
    for (probes, jitter, millis) in [
        (0, 0.0, 500),
        (0, 1.0, 1000),
        (0, 0.123_456_7, 561),
        (1, 0.0, 1000),
        (u32::MAX, 0.0, 60_000),
        (u32::MAX, 1.0, 120_000),
        (0, 7.0, 1000),
        (0, -7.0, 500),
        (0, f64::NAN, 1000),
    ] {
        assert_eq!(wait(probes, jitter), Duration::from_millis(millis), "{probes} {jitter}");
    }
}

#[test]
fn a_late_failure_is_no_probe_and_moves_nothing() {
    let mut it = Server::opened();
    assert_eq!(it.admit("b", Purpose::Audit, 11), "probe");
    // It was on its way when the circuit opened.
    assert_eq!(it.failed("c", 9, 12), "");
    assert_eq!(it.admit("d", Purpose::Audit, 12), "shut");
    assert_eq!(it.ended("b", 11, 13, true), "d probes at 15");
    assert_eq!(it.0.open().unwrap().failures, 7);
}

#[test]
fn probes_go_round_and_prefer_who_was_reached() {
    let mut it = Server::opened();
    for name in ["b", "c"] {
        assert_eq!(it.admit(name, Purpose::Audit, 10), "shut");
    }
    for (by, want) in [("a", "b"), ("b", "c"), ("c", "b"), ("b", "c")] {
        it.0.open.as_mut().unwrap().probe_at = at(20);
        assert_eq!(it.admit(by, Purpose::Audit, 20), "probe");
        assert!(it.ended(by, 20, 20, true).starts_with(want), "after {by}");
    }
    // One that was not tried while it was down is preferred.
    assert_eq!(it.admit("0", Purpose::Audit, 20), "shut");
    it.0.open.as_mut().unwrap().probe_at = at(20);
    assert_eq!(it.admit("b", Purpose::Audit, 20), "probe");
    assert!(it.ended("b", 20, 20, true).starts_with('0'));
    it.0.retain(|name| name == "a");
    it.0.open.as_mut().unwrap().probe_at = at(20);
    assert_eq!(it.admit("a", Purpose::Audit, 20), "probe");
    assert!(it.ended("a", 20, 20, true).starts_with('a'), "there is nobody else");
}

#[test]
fn a_clock_set_back_by_a_year_does_not_leave_it_open_for_one() {
    let mut it = Server::opened();
    assert_eq!(it.admit("a", Purpose::Audit, -31_000_000), "probe");
}

#[test]
fn the_reason_says_since_when_and_until_when() {
    let it = Server::opened();
    assert_eq!(
        it.0.open().unwrap().reason("db.example:5432"),
        "server db.example:5432 did not answer 5 times in a row since 2025-06-15 15:06:41 UTC, so it was not \
         connected to; probed again at 2025-06-15 15:06:51 UTC"
    );
}
