//! Every transition, as a table: a history of audits, and what people hear of each.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::report::Evidence;
use crate::schema::RelationName;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

/// One audit in a compact spelling: `unknown`, `clean`, or findings (`+A` an unexpected table, `-B` a
/// missing one, `wrong` the whole database, `~wrong` the same where a file made it info). `partial` makes the read incomplete, `complete` makes an
/// unknown one complete; `iA` is an info finding and `kA` a known one.
fn report(spec: &str) -> Report {
    let words: Vec<&str> = spec.split_whitespace().collect();
    let mut findings: Vec<Finding> = Vec::new();
    for word in &words {
        let (kind, name) = match word.split_at(1) {
            ("+" | "i" | "k", name) => (FindingKind::UnexpectedTable, Some(name)),
            ("-", name) => (FindingKind::MissingTable, Some(name)),
            ("w", "rong") | ("~", "wrong") => (FindingKind::WrongDatabase, None),
            _ => continue,
        };
        let object = if name.is_some() { ObjectKind::Table } else { ObjectKind::Database };
        let name = name.map(|it| RelationName::new("public", it));
        let mut finding = Finding::new(kind, object, name, *word);
        match word.split_at(1).0 {
            "i" | "~" => finding.severity = Severity::Info,
            "k" => {
                finding.known = Some(crate::finding::KnownBy {
                    reason: "r".to_owned(),
                    owner: "o".to_owned(),
                    until: jiff::civil::date(2026, 1, 1),
                });
            }
            _ => {}
        }
        findings.push(finding);
    }
    let unknown = words.contains(&"unknown");
    let drifted = findings.iter().any(Finding::counts);
    Report {
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        verdict: match (unknown, drifted) {
            (true, _) => Verdict::Unknown,
            (_, true) => Verdict::Drifted,
            _ => Verdict::Clean,
        },
        reason: unknown.then(|| "connection refused".to_owned()),
        findings,
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: at(0),
            duration: Duration::from_millis(8),
            server_version: None,
            role: None,
            relations: None,
            hidden_from_information_schema: None,
            left_out: BTreeMap::new(),
            manifest_hash: "0".to_owned(),
            manifest_ref: None,
            deploy: None,
            unreachable: false,
            complete: words.contains(&"complete") || !(unknown || words.contains(&"partial")),
        },
    }
}

/// Plays the part of the store: applies changes to what is kept between audits.
#[derive(Clone, Default)]
struct Kept {
    incidents: Vec<Incident>,
    streak: u32,
    next_id: u64,
}

impl Kept {
    /// One audit; returns what people hear: `opened drift 2 new, …`.
    fn audit(&mut self, spec: &str, second: i64) -> String {
        let advance = advance(&self.incidents, self.streak, &report(spec), at(second));
        self.streak = advance.unknown_streak;
        let mut heard = Vec::new();
        for change in advance.changes {
            let mut incident = change.incident;
            if incident.id == IncidentId::UNASSIGNED {
                self.next_id += 1;
                incident.id = IncidentId(self.next_id);
            }
            let kind = incident.kind.word();
            heard.push(match change.told {
                Some(it) => {
                    let (step, reason) = (it.step.word(), it.reason.word());
                    format!(
                        "{step} {kind} {reason} {}/{}",
                        it.new.len(),
                        incident.fingerprints.len()
                    )
                }
                None => format!("silent {kind} {}", incident.fingerprints.len()),
            });
            self.incidents.retain(|it| it.id != incident.id);
            self.incidents.push(incident);
        }
        heard.join(", ")
    }
}

/// Each audit of a history, with what people hear of it.
#[track_caller]
fn check(case: &str, history: &[(&str, &str)]) {
    let mut kept = Kept::default();
    for (number, (spec, want)) in history.iter().enumerate() {
        let second = i64::try_from(number).unwrap() * 60;
        assert_eq!(kept.audit(spec, second), *want, "{case}: audit {number} ({spec})");
        // A restart, and the same report again: nothing is told twice. `unknown` counts on.
        if !spec.contains("unknown") {
            let mut again = kept.clone();
            assert_eq!(again.audit(spec, second + 1), "", "{case}: audit {number} repeated");
            assert_eq!(again.incidents, kept.incidents, "{case}: audit {number} repeated");
        }
    }
}

#[test]
fn drift_opens_changes_and_resolves() {
    check("clean is quiet", &[("clean", ""), ("clean", "")]);
    check(
        "open and resolve",
        &[
            ("+A +B", "opened drift new_findings 2/2"),
            ("+A +B", ""),
            ("clean", "resolved drift all_findings_gone 0/2"),
            ("clean", ""),
            ("+A", "opened drift new_findings 1/1"),
        ],
    );
    check(
        "new findings are told, gone ones are not",
        &[
            ("+A", "opened drift new_findings 1/1"),
            ("+A +B", "changed drift new_findings 1/2"),
            ("+B", "silent drift 1"),
            ("+A +B", "changed drift new_findings 1/2"),
            ("+C", "changed drift new_findings 1/1"),
            ("clean", "resolved drift all_findings_gone 0/1"),
        ],
    );
    check(
        "info and known findings do not count",
        &[
            ("iA kB", ""),
            ("+A iC", "opened drift new_findings 1/1"),
            ("iA kB", "resolved drift all_findings_gone 0/1"),
        ],
    );
}

#[test]
fn unknown_changes_nothing_but_the_streak() {
    check(
        "no drift incident opens or resolves",
        &[
            ("unknown", ""),
            ("+A", "opened drift new_findings 1/1"),
            ("unknown", ""),
            ("unknown +B", ""),
            ("+A", ""),
        ],
    );
    check(
        "three in a row",
        &[
            ("unknown", ""),
            ("unknown", ""),
            ("unknown", "opened audit_failing audits_failed 0/0"),
            ("unknown", ""),
            ("clean", "resolved audit_failing audited_again 0/0"),
            ("unknown", ""),
            ("unknown", ""),
            ("clean", ""),
            ("unknown", ""),
        ],
    );
    check(
        "a drifted read ends it too, and says so first",
        &[
            ("unknown", ""),
            ("unknown", ""),
            ("unknown", "opened audit_failing audits_failed 0/0"),
            ("+A", "resolved audit_failing audited_again 0/0, opened drift new_findings 1/1"),
        ],
    );
    check(
        "not yet provisioned is no failing audit",
        &[
            ("unknown complete", ""),
            ("unknown complete", ""),
            ("unknown complete", ""),
            ("unknown complete", ""),
        ],
    );
}

#[test]
fn a_partial_read_adds_and_never_removes() {
    check(
        "opens and adds",
        &[
            ("+A partial", "opened drift new_findings 1/1"),
            ("+B partial", "changed drift new_findings 1/2"),
            ("+B partial", ""),
            ("+B", "silent drift 1"),
            ("clean partial", ""),
            ("clean", "resolved drift all_findings_gone 0/1"),
        ],
    );
    check(
        "neither breaks nor ends a row of failures",
        &[
            ("unknown", ""),
            ("unknown", ""),
            ("+A partial", "opened drift new_findings 1/1"),
            ("unknown", "opened audit_failing audits_failed 0/0"),
            ("+A partial", ""),
            ("+A", "resolved audit_failing audited_again 0/0"),
        ],
    );
}

#[test]
fn a_wrong_database_is_an_incident_of_its_own() {
    check(
        "alone",
        &[
            ("wrong", "opened wrong_database new_findings 1/1"),
            ("wrong", ""),
            ("unknown", ""),
            ("wrong partial", ""),
            ("clean", "resolved wrong_database all_findings_gone 0/1"),
        ],
    );
    check(
        "with other findings",
        &[
            ("wrong +A", "opened wrong_database new_findings 1/1, opened drift new_findings 1/1"),
            ("+A", "resolved wrong_database all_findings_gone 0/1"),
            ("clean", "resolved drift all_findings_gone 0/1"),
        ],
    );
    check(
        "a drift incident is kept, even behind a wrong database that does not count",
        &[
            ("-A", "opened drift new_findings 1/1"),
            ("~wrong", ""),
            ("clean", "resolved drift all_findings_gone 0/1"),
        ],
    );
    check(
        "a drift incident is kept while its missing tables hide behind it",
        &[
            ("-A +X", "opened drift new_findings 2/2"),
            ("wrong +Y", "opened wrong_database new_findings 1/1, changed drift new_findings 1/3"),
            ("wrong", ""),
            ("-A", "resolved wrong_database all_findings_gone 0/1, silent drift 1"),
            ("clean", "resolved drift all_findings_gone 0/1"),
        ],
    );
}

#[test]
fn what_is_stored_carries_the_right_times() {
    let mut kept = Kept::default();
    kept.audit("+A", 0);
    kept.audit("+A", 60);
    kept.audit("+A +B", 120);
    let it = kept.incidents[0].clone();
    assert_eq!((it.opened_at, it.changed_at, it.resolved_at), (at(0), at(120), None));
    kept.audit("clean", 180);
    let it = kept.incidents[0].clone();
    assert_eq!((it.state, it.resolved_at), (IncidentState::Resolved, Some(at(180))));
    assert!(it.fingerprints.is_sorted() && it.fingerprints.len() == 2, "{:?}", it.fingerprints);
}

#[test]
fn an_acknowledged_incident_is_still_that_incident() {
    let mut kept = Kept::default();
    kept.audit("+A", 0);
    kept.incidents[0].state = IncidentState::Acknowledged;
    assert_eq!(kept.audit("+A", 60), "");
    assert_eq!(kept.audit("clean", 120), "resolved drift all_findings_gone 0/1");
}

#[test]
fn the_streak_cannot_overflow() {
    let got = advance(&[], u32::MAX, &report("unknown"), at(0));
    assert_eq!(got.unknown_streak, u32::MAX);
}
