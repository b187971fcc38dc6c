//! Every transition, as a table: a history of audits, and what people hear of each.

mod ending;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::incident::IncidentId;
use crate::report::Evidence;
use crate::schema::RelationName;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

/// One audit in a compact spelling: `unknown`, `clean`, or findings (`+A` an unexpected table, `-B` a
/// missing one, `wrong` the whole database, `~wrong` the same where a file made it info). `partial` makes the read incomplete, `complete` makes an
/// unknown one complete; `iA` is an info finding, `kA` a known one and `hA` a held one; `down` is
/// `unknown` because the server cannot be reached. `#B` is the manifest that it was held to, `@7` the
/// deploy that was open.
fn report(spec: &str) -> Report {
    let words: Vec<&str> = spec.split_whitespace().collect();
    let mut findings: Vec<Finding> = Vec::new();
    for word in &words {
        let (kind, name) = match word.split_at(1) {
            ("+" | "i" | "k" | "h", name) => (FindingKind::UnexpectedTable, Some(name)),
            ("-", name) => (FindingKind::MissingTable, Some(name)),
            ("w", "rong") | ("~", "wrong") => (FindingKind::WrongDatabase, None),
            _ => continue,
        };
        let object = if name.is_some() { ObjectKind::Table } else { ObjectKind::Database };
        let name = name.map(|it| RelationName::new("public", it));
        let mut finding = Finding::new(kind, object, name, *word);
        match word.split_at(1).0 {
            "i" | "~" => finding.severity = Severity::Info,
            "h" => finding.held = true,
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
    let unknown = words.contains(&"unknown") || words.contains(&"down");
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
            manifest_hash: words.iter().find(|it| it.starts_with('#')).unwrap_or(&"0").to_string(),
            manifest_ref: None,
            unreachable: words.contains(&"down"),
            deploy: words.iter().find_map(|it| it.strip_prefix('@')?.parse().ok()),
            complete: words.contains(&"complete") || !(unknown || words.contains(&"partial")),
        },
    }
}

/// Plays the part of the store: applies changes to what is kept between audits.
#[derive(Clone, Default)]
struct Kept {
    life: Life,
    incidents: Vec<Incident>,
    memory: Memory,
    /// An incident of the server tells of failures.
    server_told: bool,
    recheck: Option<Duration>,
    next_id: u64,
}

impl Kept {
    fn with(life: Life) -> Self {
        Self { life, ..Self::default() }
    }

    /// One audit; returns what people hear: `opened drift 2 new, …`.
    fn audit(&mut self, spec: &str, second: i64) -> String {
        let (report, now) = (report(spec), at(second));
        let noted = self.memory.noted(&report, now);
        let server_told = self.server_told && report.evidence.unreachable;
        let advance = advance(&self.incidents, &noted, &report, &self.life, server_told, now);
        self.memory = advance.memory;
        self.recheck = advance.recheck;
        let mut heard = Vec::new();
        if advance.inhibited {
            heard.push("inhibited".to_owned());
        }
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
                    let quiet = if it.quiet { "quietly " } else { "" };
                    let (new, all) = (it.new.len(), incident.fingerprints.len());
                    format!("{quiet}{step} {kind} {reason} {new}/{all}")
                }
                None => format!("silent {kind} {}", incident.fingerprints.len()),
            });
            self.incidents.retain(|it| it.id != incident.id);
            self.incidents.push(incident);
        }
        heard.join(", ")
    }
}

/// Each audit of a history, a minute apart, with what people hear of it.
#[track_caller]
fn check(case: &str, history: &[(&str, &str)]) {
    check_life(case, Life::default(), history);
}

#[track_caller]
fn check_life(case: &str, life: Life, history: &[(&str, &str)]) {
    let mut kept = Kept::with(life);
    for (number, (spec, want)) in history.iter().enumerate() {
        let second = i64::try_from(number).unwrap() * 60;
        assert_eq!(kept.audit(spec, second), *want, "{case}: audit {number} ({spec})");
        // A restart, and the same report again: nothing is told twice. `unknown` counts on, and so
        // does what waits to be confirmed.
        if !spec.contains("unknown") && kept.memory.suspects.is_empty() {
            let mut again = kept.clone();
            assert_eq!(again.audit(spec, second + 1), "", "{case}: audit {number} repeated");
            assert_eq!(again.incidents, kept.incidents, "{case}: audit {number} repeated");
        }
    }
}

fn no_flapping() -> Life {
    Life { flap_window: Duration::ZERO, ..Life::default() }
}

#[test]
fn drift_opens_changes_and_resolves() {
    check("clean is quiet", &[("clean", ""), ("clean", "")]);
    check_life(
        "open and resolve",
        no_flapping(),
        &[
            ("+A +B", "opened drift new_findings 2/2"),
            ("+A +B", ""),
            ("clean", "resolved drift all_findings_gone 0/2"),
            ("clean", ""),
            ("+A", "opened drift new_findings 1/1"),
        ],
    );
    check_life(
        "new findings are told, gone ones are not",
        no_flapping(),
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
            ("iA kB", "resolved drift accepted 0/1"),
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
fn what_comes_back_within_the_window_is_the_same_incident() {
    check(
        "the whole incident",
        &[
            ("+A +B", "opened drift new_findings 2/2"),
            ("clean", "resolved drift all_findings_gone 0/2"),
            ("+A", "changed drift flapping 1/1"),
            ("clean", "silent drift 1"),
            ("unknown", ""),
            ("+A", "silent drift 1"),
            ("clean partial", ""),
            ("clean", "silent drift 1"),
            ("+A +C", "changed drift new_findings 1/2"),
        ],
    );
    check(
        "other findings are another incident",
        &[
            ("+A", "opened drift new_findings 1/1"),
            ("clean", "resolved drift all_findings_gone 0/1"),
            ("+B", "opened drift new_findings 1/1"),
        ],
    );
    check(
        "a wrong database",
        &[
            ("wrong", "opened wrong_database new_findings 1/1"),
            ("clean", "resolved wrong_database all_findings_gone 0/1"),
            ("wrong", "changed wrong_database flapping 1/1"),
            ("clean", "silent wrong_database 1"),
        ],
    );
    check(
        "one finding of an incident that stays open",
        &[
            ("+A +B", "opened drift new_findings 2/2"),
            ("+A", "silent drift 1"),
            ("+A +B", "changed drift flapping 1/2"),
            ("+A", "silent drift 1"),
            ("+A +B", "silent drift 2"),
            ("+A +B +C", "changed drift new_findings 1/3"),
        ],
    );
}

#[test]
fn a_flapping_incident_ends_after_a_clean_window() {
    let mut kept = Kept::default();
    for (second, spec, want) in [
        (0, "+A", "opened drift new_findings 1/1"),
        (60, "clean", "resolved drift all_findings_gone 0/1"),
        (659, "+A", "changed drift flapping 1/1"),
        (700, "clean", "silent drift 1"),
        (1000, "clean", ""),
        (1299, "clean", ""),
        (1300, "clean", "resolved drift all_findings_gone 0/1"),
        // A whole window later it is new.
        (1900, "+A", "opened drift new_findings 1/1"),
    ] {
        assert_eq!(kept.audit(spec, second), want, "{second}: {spec}");
    }
    assert!(!kept.incidents.last().unwrap().flapping);
    // A clock set back does not keep it open for as long as it jumped.
    let mut kept = Kept::default();
    kept.audit("+A", 100_000);
    kept.audit("clean", 100_060);
    kept.audit("+A", 100_120);
    kept.audit("clean", 100_180);
    assert_eq!(kept.audit("clean", 0), "silent drift 1");
    assert_eq!(kept.audit("clean", 600), "resolved drift all_findings_gone 0/1");
}

/// One of the figures of the project.
#[test]
fn a_table_that_comes_and_goes_each_second_for_five_minutes_is_told_four_times() {
    for period in [1, 2, 7] {
        let mut kept = Kept::default();
        let mut told: Vec<String> = Vec::new();
        for second in 0..1200 {
            let there = second < 300 && (second / period) % 2 == 0;
            let heard = kept.audit(if there { "+A" } else { "clean" }, second);
            if !heard.is_empty() && !heard.starts_with("silent") {
                told.push(heard);
            }
        }
        let want = [
            "opened drift new_findings 1/1",
            "resolved drift all_findings_gone 0/1",
            "changed drift flapping 1/1",
            "resolved drift all_findings_gone 0/1",
        ];
        assert_eq!(told, want, "{period}");
        assert_eq!(kept.incidents.len(), 1);
    }
}

#[test]
fn findings_wait_until_enough_audits_saw_them() {
    let life = Life { confirm: 2, ..Life::default() };
    check_life(
        "two in a row",
        life,
        &[
            ("+A", ""),
            ("+A", "opened drift new_findings 1/1"),
            ("+A +B", ""),
            ("+A +B", "changed drift new_findings 1/2"),
            ("clean", "resolved drift all_findings_gone 0/2"),
            ("+A", ""),
            ("+A", "changed drift flapping 1/1"),
        ],
    );
    check_life(
        "one is a glitch, and unknown says nothing",
        life,
        &[
            ("+A", ""),
            ("clean", ""),
            ("+A", ""),
            ("unknown", ""),
            ("+A", "opened drift new_findings 1/1"),
        ],
    );
    check_life(
        "a partial read proves nothing gone",
        life,
        &[("+A", ""), ("+B partial", ""), ("+A +B", "opened drift new_findings 2/2")],
    );
    check_life(
        "what may be back keeps an incident open",
        life,
        &[
            ("+A", ""),
            ("+A", "opened drift new_findings 1/1"),
            ("+B", ""),
            ("clean", "resolved drift all_findings_gone 0/1"),
        ],
    );
    let mut kept = Kept::with(life);
    kept.audit("+A", 0);
    assert_eq!(kept.recheck, Some(RECHECK_FINDINGS));
    kept.audit("+A", 10);
    assert_eq!((kept.recheck, kept.memory.suspects.len()), (None, 0));
    // Not for ever: only what this audit saw is looked at soon.
    let mut kept = Kept::with(life);
    kept.audit("+A", 0);
    kept.audit("clean partial", 10);
    assert_eq!((kept.recheck, kept.memory.suspects.len()), (None, 1));
}

#[test]
fn failures_are_looked_at_soon_until_they_are_an_incident() {
    let mut kept = Kept::default();
    let rechecks = [0, 60, 120, 180].map(|second| {
        kept.audit("unknown", second);
        kept.recheck
    });
    assert_eq!(rechecks, [Some(RECHECK_FAILING), Some(RECHECK_FAILING), None, None]);
    kept.audit("unknown complete", 240);
    assert_eq!(kept.recheck, None);
    let life = Life { confirm_failing: 1, ..Life::default() };
    check_life("at once", life, &[("unknown", "opened audit_failing audits_failed 0/0")]);
}

#[test]
fn held_findings_count_for_no_incident() {
    check(
        "held",
        &[
            ("hA hB", ""),
            ("hA +C", "opened drift new_findings 1/1"),
            ("hA", "resolved drift all_findings_gone 0/1"),
        ],
    );
}

#[test]
fn what_the_server_tells_is_told_once() {
    let mut kept = Kept::default();
    for second in [0, 30, 60] {
        kept.audit("down", second);
    }
    assert_eq!(kept.incidents.len(), 1);
    kept.server_told = true;
    assert_eq!(kept.audit("down", 90), "quietly resolved audit_failing server_told 0/0");
    assert_eq!(kept.audit("down", 120), "");
    assert_eq!(kept.audit("clean", 150), "");
    // One that begins to fail while the server is told would have opened then, and is counted once.
    let mut beside = Kept { server_told: true, ..Kept::default() };
    for (second, want) in [(0, ""), (30, ""), (60, "inhibited"), (90, ""), (120, "")] {
        assert_eq!(beside.audit("down", second), want, "{second}");
    }
    // It is reached, and cannot be audited all the same.
    for (second, want) in [(200, ""), (230, ""), (260, "opened audit_failing audits_failed 0/0")] {
        assert_eq!(kept.audit("unknown", second), want);
    }
}

#[test]
fn an_acknowledged_incident_is_quiet_until_its_findings_grow() {
    let take = |kept: &mut Kept| {
        let open = kept.incidents.pop().unwrap();
        let taken = crate::incident::acknowledge(&open, "alice", None, at(0)).unwrap().incident;
        kept.incidents.push(taken);
    };
    let mut kept = Kept::default();
    kept.audit("+A +B", 0);
    take(&mut kept);
    assert_eq!(kept.audit("+A +B", 60), "");
    assert_eq!(kept.audit("+A", 120), "silent drift 1");
    assert_eq!(kept.audit("+A +B", 180), "quietly changed drift flapping 1/2");
    assert_eq!(kept.incidents[0].state, IncidentState::Acknowledged);
    assert_eq!(kept.audit("+A +B +C", 240), "changed drift new_findings 1/3");
    let it = kept.incidents[0].clone();
    assert_eq!((it.state, it.acknowledged), (IncidentState::Open, None));
    take(&mut kept);
    assert_eq!(kept.audit("clean", 300), "silent drift 3", "it flaps");
    assert_eq!(kept.audit("clean", 900), "resolved drift all_findings_gone 0/3");
    assert!(kept.incidents[0].acknowledged.is_some(), "history says who had it");
}

/// A limit of ours never makes an alarm late.
#[test]
fn more_suspects_than_are_remembered_count_at_once() {
    let many: BTreeSet<String> =
        (0..=crate::incident::SUSPECTS_MAX).map(|it| it.to_string()).collect();
    let got = sight(&BTreeMap::new(), &many, &BTreeSet::new(), true, 3);
    assert_eq!((got.confirmed.len(), got.suspects.len()), (many.len(), 0));
}

#[test]
fn the_streak_cannot_overflow() {
    let memory = Memory { unknown_streak: u32::MAX, ..Memory::default() };
    let noted = memory.noted(&report("unknown"), at(7));
    assert_eq!((noted.unknown_streak, noted.failing_since), (u32::MAX, Some(at(7))));
    assert_eq!(noted.noted(&report("clean"), at(8)), Memory::default());
}
