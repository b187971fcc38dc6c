//! What the line says of which fleet.

use super::*;

fn fleet(databases: usize) -> Counts {
    Counts { databases, ..Counts::default() }
}

#[test]
fn a_database_stands_as_its_worst() {
    use Verdict::{Clean, Drifted, Unknown};
    for (verdict, late, incident, want) in [
        (Some(Clean), false, false, Standing::Clean),
        (Some(Clean), true, false, Standing::Late),
        (Some(Clean), false, true, Standing::Incident),
        (Some(Clean), true, true, Standing::Incident),
        (Some(Unknown), true, true, Standing::Unknown),
        (Some(Drifted), true, true, Standing::Drifted),
        (None, false, false, Standing::New),
        (None, true, false, Standing::New),
        (None, false, true, Standing::Incident),
    ] {
        assert_eq!(Standing::of(verdict, late, incident), want, "{verdict:?} {late} {incident}");
    }
    assert!(Standing::ALL.is_sorted_by(|a, b| a > b), "the worst first");
}

#[test]
fn the_line_says_the_worst_and_how_much_of_it() {
    for (counts, standing, line) in [
        (fleet(0), Standing::New, "No database is registered"),
        (fleet(214), Standing::Clean, "All 214 databases hold what they should"),
        (fleet(1), Standing::Clean, "The one database holds what it should"),
        (
            Counts { drifted: 3, with_unexpected: 2, ..fleet(214) },
            Standing::Drifted,
            "2 of 214 databases hold tables they should not have",
        ),
        (
            Counts { drifted: 1, with_unexpected: 1, unknown: 9, ..fleet(10_000) },
            Standing::Drifted,
            "1 of 10,000 databases holds tables it should not have",
        ),
        (
            Counts { drifted: 2, ..fleet(3) },
            Standing::Drifted,
            "2 of 3 databases do not hold what they should",
        ),
        (
            Counts { drifted: 1, ..fleet(1) },
            Standing::Drifted,
            "The one database does not hold what it should",
        ),
        (
            Counts { unknown: 3, late: 1, ..fleet(9) },
            Standing::Unknown,
            "3 of 9 databases could not be read",
        ),
        (
            Counts { incident: 1, acknowledged: 1, ..fleet(9) },
            Standing::Incident,
            "1 of 9 databases has an incident that is not resolved",
        ),
        (Counts { new: 9, ..fleet(9) }, Standing::New, "None of 9 databases has been audited yet"),
        (
            Counts { new: 3, ..fleet(9) },
            Standing::New,
            "All 6 databases audited so far hold what they should",
        ),
        (
            Counts { late: 2, new: 1, ..fleet(9) },
            Standing::Late,
            "All 8 databases audited so far held what they should when last read",
        ),
        (
            Counts { others: [(About::Channel, 1)].into(), open: 1, ..fleet(9) },
            Standing::Incident,
            "All 9 databases hold what they should",
        ),
        (
            Counts { unreadable: Some("x".to_owned()), ..fleet(9) },
            Standing::Unknown,
            "All 9 databases hold what they should",
        ),
    ] {
        let it = truth(&counts);
        assert_eq!((it.standing, it.line.as_str()), (standing, line), "{counts:?}");
    }
}

#[test]
fn what_the_line_leaves_open_is_said_beside_it() {
    let counts = Counts {
        drifted: 7,
        with_unexpected: 2,
        reset: 1,
        unknown: 1,
        incident: 1,
        new: 3,
        late: 5,
        others: [(About::Channel, 1)].into(),
        muted: 1,
        open: 3,
        acknowledged: 2,
        ..fleet(214)
    };
    let want = [
        "5 more do not hold what they should",
        "1 was reset",
        "1 could not be read",
        "1 more has an incident that is not resolved",
        "1 incident is about a channel",
        "5 audits are late",
        "3 have not been audited yet",
        "1 incident is muted",
        "2 incidents are acknowledged",
    ];
    assert_eq!(truth(&counts).but, want);
    assert_eq!(truth(&fleet(214)).but, [""; 0]);
    // The headline has said it.
    let unknown = Counts { unknown: 3, ..fleet(9) };
    assert_eq!(truth(&unknown).but, [""; 0]);
    let held = Counts { incident: 2, acknowledged: 2, ..fleet(9) };
    assert_eq!(truth(&held).but, ["every incident is acknowledged"]);
}

/// Green is what it is looked at for: nothing that is open, old or unread may wear it.
#[test]
fn green_is_only_what_was_read_lately_and_has_no_incident() {
    let clean = fleet(9);
    assert_eq!(truth(&clean).standing, Standing::Clean);
    for (case, counts) in [
        ("drifted", Counts { drifted: 1, ..clean.clone() }),
        ("unknown", Counts { unknown: 1, ..clean.clone() }),
        ("incident", Counts { incident: 1, ..clean.clone() }),
        ("new", Counts { new: 1, ..clean.clone() }),
        ("late", Counts { late: 1, ..clean.clone() }),
        ("other", Counts { others: [(About::Server, 1)].into(), ..clean.clone() }),
        ("open", Counts { open: 1, ..clean.clone() }),
        ("acknowledged", Counts { acknowledged: 1, ..clean.clone() }),
        ("unreadable", Counts { unreadable: Some(String::new()), ..clean }),
    ] {
        assert_ne!(truth(&counts).standing, Standing::Clean, "{case}");
    }
}

#[test]
fn what_is_about_no_database_is_said_to_be_about_what() {
    for (others, said) in [
        (vec![(About::Server, 1)], "1 incident is about a server"),
        (vec![(About::Discovery, 2)], "2 incidents are about 2 discoveries"),
        (
            vec![(About::Channel, 1), (About::Server, 2)],
            "3 incidents are about 2 servers and a channel",
        ),
        (
            vec![(About::Channel, 1), (About::Manifest, 1), (About::Server, 1)],
            "3 incidents are about a server, a manifest and a channel",
        ),
    ] {
        assert_eq!(about_others(&others.into_iter().collect()), said);
    }
}
