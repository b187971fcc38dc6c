//! What is in force, and when a changed manifest is believed, as tables of cases.

use jiff::SignedDuration;

use super::*;
use crate::schema::RelationName;

fn manifest(name: &str) -> Arc<Manifest> {
    // One table of its own each, so that their hashes differ.
    Arc::new(Manifest::of_tables("m", [RelationName::new("public", name)]))
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + minutes * 60).unwrap()
}

/// A deploy from A to B in minutes 0 to 30, begun while the file said `file`.
fn window(ended: Option<i64>, rolled_back: bool, file: &str, superseded: bool) -> Window {
    Window {
        deploy: 7,
        reference: "abc".to_owned(),
        old: manifest("A"),
        new: manifest("B"),
        begun_at: at(0),
        ends_at: at(30),
        ended_at: ended.map(at),
        rolled_back,
        file_hash: manifest(file).hash.clone(),
        superseded,
    }
}

/// `A+B abc`: what is allowed, and the ref.
fn shown(force: &Force) -> String {
    let all = [&force.manifest].into_iter().chain(&force.also);
    let names: Vec<_> = all.map(|it| it.tables().next().expect("one table").visible()).collect();
    let reference = force.reference.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let trusted = if force.trusted.is_some() { " on trial" } else { "" };
    format!("{}{reference}{trusted}", names.join("+"))
}

#[test]
fn a_window_allows_both_and_its_end_enforces_the_new_one() {
    #[rustfmt::skip]
    let cases = [
        // file, minute, ended, rolled back, file at the end, superseded   in force
        ("A",    0,      None,     false, "A", false, "A+B abc"),
        ("A",    29,     None,     false, "A", false, "A+B abc"),
        // The manifest first.
        ("B",    29,     None,     false, "B", false, "B+A abc"),
        // Edited by somebody else meanwhile: all three were written by people.
        ("C",    29,     None,     false, "C", false, "C+A+B abc"),
        // Time's end, whether or not anybody has noted it yet.
        ("A",    30,     None,     false, "A", false, "B abc"),
        ("A",    30,     Some(30), false, "A", false, "B abc"),
        ("A",    10,     Some(10), false, "A", false, "B abc"),
        ("B",    10,     Some(10), false, "A", false, "B abc"),
        ("B",    10,     Some(10), false, "B", false, "B abc"),
        ("B",    99_999, Some(10), false, "A", true,  "B abc"),
        // The file wins as soon as it says something else than it said at the end.
        ("C",    10,     Some(10), false, "A", false, "C"),
        ("C",    10,     Some(10), false, "A", true,  "C"),
        ("A",    10,     Some(10), false, "B", false, "A"),
        ("A",    10,     Some(10), false, "A", true,  "A"),
        // Rolled back: the old one, even where the file has not been put back yet.
        ("A",    10,     Some(10), true,  "A", false, "A"),
        ("B",    10,     Some(10), true,  "B", false, "A abc, rolled back"),
        ("B",    10,     Some(10), true,  "A", true,  "B"),
        ("C",    10,     Some(10), true,  "A", false, "C"),
    ];
    for (file, minute, ended, rolled_back, file_then, superseded, want) in cases {
        let window = window(ended, rolled_back, file_then, superseded);
        let force = in_force(&manifest(file), Some(&window), None, at(minute));
        let case = format!("{file} at {minute}, ended {ended:?}, rolled back {rolled_back}");
        assert_eq!(shown(&force), want, "{case}");
        assert_eq!(force.deploy.is_some(), want.contains('+'), "{case}");
    }
}

#[test]
fn what_a_deploy_brought_is_not_on_trial() {
    let (a, b) = (manifest("A"), manifest("B"));
    assert_eq!(shown(&in_force(&b, None, Some(&a), at(0))), "B on trial");
    assert_eq!(shown(&in_force(&a, None, Some(&a), at(0))), "A");
    let ended = window(Some(10), false, "A", false);
    for (window, brought) in [
        (window(None, false, "A", false), true),
        (ended.clone(), true),
        (Window { superseded: true, ..ended.clone() }, true),
        (Window { rolled_back: true, superseded: true, ..ended }, false),
    ] {
        let force = in_force(&b, Some(&window), Some(&a), at(20));
        assert_eq!(force.trusted.is_none(), brought, "{window:?}");
        assert_eq!(is_brought(&b.hash, Some(&window), at(20)), brought, "{window:?}");
    }
}

#[test]
fn an_audit_stands_for_another_where_both_allow_the_same() {
    let open = in_force(&manifest("A"), Some(&window(None, false, "A", false)), None, at(1));
    let ended = in_force(&manifest("A"), Some(&window(Some(2), false, "A", false)), None, at(3));
    let plain = Force::of(manifest("B"));
    assert!(open.allows_as(&open) && !open.allows_as(&ended));
    assert!(ended.allows_as(&plain));
    let trial = Force { trusted: Some(manifest("A")), ..plain.clone() };
    assert!(trial.allows_as(&plain));
    assert_eq!((open.since, ended.since), (Some(at(0)), Some(at(2))));
}

#[test]
fn a_change_is_suspect_where_too_many_databases_would_drift() {
    use Verdict::{Open, Suspect, Trusted};
    #[rustfmt::skip]
    let cases = [
        // databases, audited, held, minutes   verdict
        (12, 0,  0, 0,  Open),
        (12, 3,  3, 0,  Suspect),
        (12, 12, 3, 0,  Suspect),
        (12, 12, 2, 0,  Trusted),
        (12, 11, 2, 0,  Open),
        (12, 10, 0, 0,  Trusted),
        (12, 9,  0, 0,  Open),
        (12, 2,  2, 9,  Open),
        // Nobody waits longer than ten minutes for the rest.
        (12, 2,  2, 10, Trusted),
        (12, 3,  3, 10, Suspect),
        // The clock was set back.
        (12, 0,  0, -60, Trusted),
        (9,  9,  9, 0,  Trusted),
        (0,  0,  0, 0,  Trusted),
        // Exactly 20 % is not more than 20 %.
        (10, 10, 2, 0,  Trusted),
        (10, 3,  3, 0,  Suspect),
        (500, 101, 101, 1, Suspect),
        (500, 500, 100, 1, Trusted),
    ];
    for (databases, audited, held, minutes, want) in cases {
        let trial = Trial { databases, audited, held, since: at(0) };
        let now = at(0) + SignedDuration::from_mins(minutes);
        assert_eq!(judge(&trial, now), want, "{trial:?} after {minutes} min");
    }
}

#[test]
fn a_change_is_worded_by_what_it_lists() {
    let of = |names: &[&str]| {
        Manifest::of_tables("m", names.iter().map(|it| RelationName::new("public", *it)))
    };
    for (old, new, want) in [
        (&["A"][..], &["A", "B"][..], "the new version lists `B`"),
        (&["A", "B"], &["A"], "the new version no longer lists `B`"),
        (&["A"], &["B"], "the new version lists `B` and no longer lists `A`"),
        (
            &["1", "2", "3", "4", "5"],
            &[],
            "the new version no longer lists `1`, `2`, `3` and 2 more",
        ),
    ] {
        assert_eq!(difference(&of(old), &of(new)), want);
    }
    assert!(difference(&of(&["A"]), &of(&["A"])).contains("globs"));
}

#[test]
fn a_window_has_a_length_and_a_limit() {
    let (max, second) = (Duration::from_hours(4), Duration::from_secs(1));
    assert!(fits(max, max) && fits(second, max));
    assert!(!fits(max + second, max) && !fits(Duration::ZERO, max));
}
