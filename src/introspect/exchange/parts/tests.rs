//! That the queries of all parts keep the rules of the house, on every version.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::introspect::exchange::messages;
use crate::introspect::exchange::sql::holds_the_rules;
use crate::introspect::exchange::sql::message;

/// Every version, in each of the two ways of sending names.
fn servers() -> impl Iterator<Item = Server> {
    (11..=19).flat_map(|version: u32| {
        ["UTF8", "LATIN1"]
            .map(|encoding| Server::new(&version.to_string(), encoding).expect("it is a version"))
    })
}

/// Functions that were measured to wait for a lock.
const WAITING: [&str; 8] = [
    "pg_get_expr",
    "pg_get_constraintdef",
    "pg_get_indexdef",
    "pg_get_triggerdef",
    "pg_get_viewdef",
    "pg_get_partkeydef",
    "pg_get_function_sqlbody",
    "_size",
];

#[test]
fn every_query_names_the_schema_of_all_that_it_uses() {
    for server in servers() {
        for question in &QUESTIONS {
            let sql = question.sql(server, &Limits::default());
            holds_the_rules(&sql);
            assert!(!sql.contains(';') && !sql.contains('\\'), "{sql}");
            assert!(!sql.contains("regclass"), "{sql}");
            assert!(sql.ends_with("\nlimit 20000001"), "{sql}");
            // OIDs say nothing of whose a relation is.
            assert!(!sql.contains("16383") && !sql.contains("16384"), "{sql}");
        }
    }
}

#[test]
fn what_waits_for_a_lock_does_not_ride_in_the_audits_message() {
    for server in servers() {
        for question in &QUESTIONS {
            let sql = question.sql(server, &Limits::default());
            let waits = WAITING.iter().any(|it| sql.contains(it));
            // Before 14 no function has a body that PostgreSQL spells.
            let may_wait = question.waits == Waits::ForLocks;
            assert!(may_wait || !waits, "{sql}");
            let apart = [None, Some(Part::Functions)].contains(&question.part);
            assert!(waits || !may_wait || apart, "{sql}");
        }
    }
}

#[test]
fn every_part_is_told_by_one_question_or_by_the_relations() {
    for part in Part::ALL {
        let asked = QUESTIONS.iter().filter(|it| it.part == Some(part)).count();
        let told = usize::from(TOLD_BY_RELATIONS.contains(&part));
        assert_eq!(asked + told, 1, "{part}");
    }
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let limits = Limits::default();
    let remaining = Duration::from_secs(30);
    let messages = |parts: &[Part]| {
        messages(&limits, remaining, &parts.iter().copied().collect::<BTreeSet<_>>(), "15.18")
    };
    // Benchmarks stand on this: an audit without depth sends what it always sent.
    let plain = message(&limits, remaining);
    assert_eq!(messages(&[]), [plain.as_str()]);
    assert_eq!(messages(&[Part::Owners, Part::Persistence]), [plain.as_str()]);
    assert_eq!(messages(&[Part::Columns, Part::Keys]).len(), 1);
    assert_eq!(messages(&[Part::Checks]).len(), 2);
    assert_eq!(messages(&[Part::Checks])[0], plain);
    let defaults = messages(&[Part::Defaults]);
    assert!(defaults.len() == 2 && defaults[0].contains("format_type"));
    assert_eq!(messages(&Part::ALL).len(), 10);
}

#[test]
fn names_are_converted_where_they_have_to_be() {
    #[rustfmt::skip]
    let cases = [
        ("UTF8",      false, ["UTF8", "SQL_ASCII"]),
        ("SQL_ASCII", false, ["UTF8", "SQL_ASCII"]),
        ("LATIN1",    true,  ["LATIN1", "EUC_JP"]),
        // Nobody said: conversion is right for all but names that are no text.
        ("",          true,  ["LATIN1", "UTF8"]),
    ];
    for (encoding, converts, fitting) in cases {
        let server = Server::new("15.18", encoding).expect("a version");
        for question in &QUESTIONS {
            let sql = question.sql(server, &Limits::default());
            assert_eq!(sql.contains("convert_to"), converts && sql.contains("'hex'"), "{sql}");
        }
        assert!(fitting.iter().all(|it| server.fits(it)), "{encoding}");
        assert_eq!(server.fits("LATIN1"), converts, "{encoding}");
    }
}

#[test]
fn a_version_is_read_from_what_servers_say() {
    #[rustfmt::skip]
    let cases = [
        ("15.18 (Debian 15.18-0+deb12u1)", Some(15)),
        ("18beta1",                        Some(18)),
        ("9.6.24",                         Some(9)),
        ("19devel",                        Some(19)),
        ("",                               None),
        ("unknown",                        None),
        ("99999999999",                    None),
    ];
    for (text, want) in cases {
        assert_eq!(sql::Version::parse(text), want.map(sql::Version), "{text}");
    }
}
