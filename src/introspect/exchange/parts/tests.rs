//! That the queries of all parts keep the rules of the house, on every version.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::introspect::exchange::messages;
use crate::introspect::exchange::sql::holds_the_rules;
use crate::introspect::exchange::sql::message;

const VERSIONS: std::ops::RangeInclusive<u32> = 11..=19;

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
    for version in VERSIONS.map(Version) {
        for question in &QUESTIONS {
            let sql = question.sql(version, &Limits::default());
            holds_the_rules(&sql);
            assert!(!sql.contains(';') && !sql.contains('\\'), "{sql}");
            assert!(!sql.contains("regclass"), "{sql}");
            assert!(sql.ends_with("\nlimit 20000001"), "{sql}");
        }
    }
}

#[test]
fn what_waits_for_a_lock_does_not_ride_in_the_audits_message() {
    for version in VERSIONS.map(Version) {
        for question in &QUESTIONS {
            let sql = question.sql(version, &Limits::default());
            let waits = WAITING.iter().any(|it| sql.contains(it));
            // Before 14 no function has a body that PostgreSQL spells.
            let may_wait = question.waits == Waits::ForLocks;
            assert!(may_wait || !waits, "{sql}");
            assert!(waits || !may_wait || question.part == Part::Functions, "{sql}");
        }
    }
}

#[test]
fn every_part_is_told_by_one_question_or_by_the_relations() {
    for part in Part::ALL {
        let asked = QUESTIONS.iter().filter(|it| it.part == part).count();
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
    assert_eq!(messages(&Part::ALL).len(), 9);
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
        assert_eq!(Version::parse(text), want.map(Version), "{text}");
    }
}
