//! What mutes what, and when.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::finding::Severity;
use crate::incident::IncidentKind;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn silence(matcher: &serde_json::Value) -> Silence {
    let (matcher, tables) = from_json(matcher).unwrap();
    Silence {
        id: 1,
        matcher,
        tables,
        reason: "migration".to_owned(),
        author: "alice".to_owned(),
        created_at: at("2026-06-01T10:00:00Z"),
        ends_at: at("2026-06-01T11:00:00Z"),
        expired_at: None,
    }
}

#[test]
fn a_silence_lasts_from_its_making_to_its_end() {
    let it = silence(&json!({ "database": "*" }));
    let expired = Silence { expired_at: Some(at("2026-06-01T10:30:00Z")), ..it.clone() };
    for (now, active) in [
        ("2026-06-01T09:59:59Z", false),
        ("2026-06-01T10:00:00Z", true),
        ("2026-06-01T10:59:59Z", true),
        ("2026-06-01T11:00:00Z", false),
    ] {
        assert_eq!(it.is_active(at(now)), active, "{now}");
        assert!(!expired.is_active(at(now)), "{now}");
    }
}

#[test]
fn a_silence_mutes_what_it_matches() {
    let labels = BTreeMap::from([("team".to_owned(), "red".to_owned())]);
    let facts = Facts {
        database: Some("scoso"),
        manifest: Some("orchestra"),
        labels: &labels,
        kind: IncidentKind::Drift,
        severity: Severity::Critical,
        incident: "SW-1001",
    };
    let tmp: &[&str] = &["tmp_a", "tmp_b"];
    let mixed: &[&str] = &["tmp_a", "Musician"];
    let none: &[&str] = &[];
    let cases = [
        (json!({ "database": "sco*" }), none, true),
        (json!({ "database": ["central", "scoso"] }), none, true),
        (json!({ "database": "sco" }), none, false),
        (json!({ "manifest": "orchestra", "severity": "critical" }), none, true),
        (json!({ "manifest": "orchestra", "severity": "warning" }), none, false),
        (json!({ "labels": { "team": ["blue", "r*"] } }), none, true),
        (json!({ "labels": { "tier": "*" } }), none, false),
        (json!({ "kind": ["audit_failing"] }), none, false),
        (json!({ "table": "tmp_*" }), tmp, true),
        (json!({ "table": "tmp_*" }), mixed, false),
        // Nothing is new: it is not about those tables.
        (json!({ "table": "tmp_*" }), none, false),
        (json!({ "table": ["tmp_*", "Musician"], "database": "scoso" }), mixed, true),
    ];
    for (matcher, new, mutes) in cases {
        let new: Vec<_> = new.iter().map(|it| RelationName::new("public", *it)).collect();
        assert_eq!(silence(&matcher).mutes(&facts, &[], &new), mutes, "{matcher} {new:?}");
    }
}

/// A server that is down is one incident; whoever mutes all of its databases means that one, too.
#[test]
fn what_mutes_every_database_of_a_server_or_manifest_mutes_what_they_have_in_common() {
    let resident = |name: &str, manifest: &str, team: &str| Resident {
        name: name.to_owned(),
        manifest: manifest.to_owned(),
        labels: BTreeMap::from([("team".to_owned(), team.to_owned())]),
    };
    let residents =
        [resident("sco", "orchestra", "red"), resident("central", "central", "platform")];
    let none = BTreeMap::new();
    let server = Facts {
        database: None,
        manifest: None,
        labels: &none,
        kind: IncidentKind::ServerUnreachable,
        severity: Severity::Warning,
        incident: "SW-1001",
    };
    let manifest =
        Facts { kind: IncidentKind::ManifestSuspect, manifest: Some("orchestra"), ..server };
    let channel = Facts { kind: IncidentKind::ChannelParked, ..server };
    let (all, one, gone) = (&residents[..], &residents[..1], &residents[..0]);
    let cases = [
        (json!({ "database": "*" }), server, all, true),
        (json!({ "database": ["sco", "central"] }), server, all, true),
        (json!({ "database": "sco" }), server, all, false),
        (json!({ "database": "sco" }), server, one, true),
        (json!({ "manifest": ["central", "orch*"] }), server, all, true),
        (json!({ "manifest": "central" }), server, all, false),
        (json!({ "labels": { "team": ["red", "platform"] } }), server, all, true),
        (json!({ "labels": { "team": "red" } }), server, all, false),
        // All conditions for each of them.
        (json!({ "database": "*", "labels": { "team": "red" } }), server, all, false),
        (json!({ "database": "*", "kind": "server_unreachable" }), server, all, true),
        (json!({ "database": "*", "kind": "drift" }), server, all, false),
        (json!({ "database": "*", "severity": "critical" }), server, all, false),
        (json!({ "database": "*", "table": "tmp_*" }), server, all, false),
        // Its databases have left the configuration: all of none is no proof.
        (json!({ "database": "*" }), server, gone, true),
        (json!({ "database": "sc*" }), server, gone, false),
        (json!({ "database": "*" }), manifest, one, true),
        (json!({ "database": "sc*" }), manifest, one, true),
        (json!({ "database": "central" }), manifest, one, false),
        // `*` is every database, server and manifest; a channel is none of them.
        (json!({ "database": "*" }), channel, gone, false),
        (json!({ "kind": "channel_parked" }), channel, gone, true),
    ];
    for (matcher, facts, residents, mutes) in cases {
        let kind = facts.kind.word();
        let found = silence(&matcher).mutes(&facts, residents, &[]);
        assert_eq!(found, mutes, "{matcher} {kind} {}", residents.len());
    }
}

#[test]
fn a_matcher_reads_what_it_wrote() {
    for (value, stored) in [
        (json!({ "database": "sco*" }), json!({ "database": ["sco*"] })),
        (
            json!({ "labels": { "team": "red" }, "kind": "drift", "severity": ["critical"] }),
            json!({ "labels": { "team": ["red"] }, "kind": ["drift"], "severity": ["critical"] }),
        ),
        (
            json!({ "manifest": ["a", "b"], "table": "billing.tmp_*" }),
            json!({ "manifest": ["a", "b"], "table": ["billing.tmp_*"] }),
        ),
    ] {
        let (matcher, tables) = from_json(&value).unwrap();
        assert_eq!(to_json(&matcher, &tables), stored);
        assert_eq!(from_json(&stored).unwrap(), (matcher, tables));
    }
}

#[test]
fn a_bad_matcher_is_refused_with_a_reason() {
    for (value, want) in [
        (json!([]), "a matcher is an object"),
        (json!({}), "would silence everything"),
        (json!({ "databse": "x" }), "did you mean `database`?"),
        (json!({ "kind": "drfit" }), "did you mean `drift`?"),
        (json!({ "severity": "high" }), "there are info, warning, critical"),
        (json!({ "database": [] }), "`database` has 0 values"),
        (json!({ "database": "x", "labels": {} }), "`labels` has 0 of them"),
        (json!({ "database": [1] }), "a text or a list"),
        (json!({ "labels": "red" }), "`labels` is an object"),
        (json!({ "labels": { "team": "" } }), "`labels.team`: a value has 1 to"),
        (json!({ "table": "{a,b}" }), "`table`: `{a,b}`"),
        (json!({ "database": vec!["x"; VALUES] }), "`database` has 101 values"),
    ] {
        let error = from_json(&value).unwrap_err();
        assert!(error.contains(want), "{value}: {error}");
    }
}

const VALUES: usize = 101;

fn weekly(days: &[Weekday], from: &str, to: &str, zone: &str) -> Maintenance {
    Maintenance {
        name: "sunday".to_owned(),
        matcher: Matcher::default(),
        when: When::Weekly {
            days: days.to_vec(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        },
        timezone: TimeZone::get(zone).unwrap(),
    }
}

fn once(from: &str, to: &str, zone: &str) -> Maintenance {
    Maintenance {
        when: When::Once { from: from.parse().unwrap(), to: to.parse().unwrap() },
        ..weekly(&[], "00:00", "00:00", zone)
    }
}

#[test]
fn a_window_is_open_by_the_clock_of_its_zone() {
    let sunday = &[Weekday::Sunday];
    let zurich = "Europe/Zurich";
    // 2026-06-07, 2026-03-29 (set forward at 01:00Z), 2026-10-25 (set back at 01:00Z): Sundays.
    let plain = weekly(sunday, "02:00", "04:00", zurich);
    let night = weekly(sunday, "23:00", "01:30", zurich);
    let whole = weekly(sunday, "06:00", "06:00", zurich);
    let in_gap = weekly(sunday, "02:30", "04:00", zurich);
    let twice = weekly(sunday, "02:30", "03:30", zurich);
    let apia = weekly(&[Weekday::Monday], "00:00", "01:00", "Pacific/Apia");
    let moved = once("2026-12-01T22:00", "2026-12-02T02:00", "America/New_York");
    #[rustfmt::skip]
    let cases = [
        ("before",                    &plain,  "2026-06-06T23:59:59Z", false),
        ("its first second",          &plain,  "2026-06-07T00:00:00Z", true),
        ("its last second",           &plain,  "2026-06-07T01:59:59Z", true),
        ("over",                      &plain,  "2026-06-07T02:00:00Z", false),
        ("another day",               &plain,  "2026-06-08T00:30:00Z", false),
        ("the evening of its day",    &night,  "2026-06-07T21:00:00Z", true),
        ("past midnight",             &night,  "2026-06-07T23:29:59Z", true),
        ("past its end",              &night,  "2026-06-07T23:30:00Z", false),
        ("the morning of its day",    &night,  "2026-06-06T23:00:00Z", false),
        ("a whole day begins",        &whole,  "2026-06-07T04:00:00Z", true),
        ("and lasts",                 &whole,  "2026-06-08T03:59:59Z", true),
        ("until the same hour",       &whole,  "2026-06-08T04:00:00Z", false),
        ("gap: an hour shorter",      &plain,  "2026-03-29T01:00:00Z", true),
        ("gap: before it",            &plain,  "2026-03-29T00:59:59Z", false),
        ("gap: its end",              &plain,  "2026-03-29T02:00:00Z", false),
        ("gap: begins inside",        &in_gap, "2026-03-29T01:29:59Z", false),
        ("gap: begins inside, later", &in_gap, "2026-03-29T01:30:00Z", true),
        ("fold: the first 02:30",     &twice,  "2026-10-25T00:30:00Z", true),
        ("fold: the second 02:29",    &twice,  "2026-10-25T01:29:59Z", true),
        ("fold: its end",             &twice,  "2026-10-25T02:30:00Z", false),
        ("another side of the date line", &apia, "2026-06-07T11:30:00Z", true),
        ("and not by UTC",            &apia,   "2026-06-08T00:30:00Z", false),
        ("once: before",              &moved,  "2026-12-02T02:59:59Z", false),
        ("once: within",              &moved,  "2026-12-02T03:00:00Z", true),
        ("once: over",                &moved,  "2026-12-02T07:00:00Z", false),
    ];
    for (case, window, now, open) in cases {
        assert_eq!(window.is_open(at(now)), open, "{case} ({now})");
    }
}
