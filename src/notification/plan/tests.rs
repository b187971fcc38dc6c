//! What each change says, through the incident rule that leads to it.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::finding::FindingKind;
use crate::incident::IncidentId;
use crate::incident::Life;
use crate::incident::Memory;
use crate::incident::advance;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::report::Verdict;
use crate::schema::RelationName;

const OPENED_AT: i64 = 1_750_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(OPENED_AT + second).unwrap()
}

fn finding(kind: FindingKind, object: ObjectKind, name: &str) -> Finding {
    let name = RelationName::parse(name).unwrap();
    let message = format!("{kind} `{name}`");
    Finding::new(kind, object, Some(name), message)
}

fn unexpected(name: &str) -> Finding {
    finding(FindingKind::UnexpectedTable, ObjectKind::Table, name)
}

fn missing(name: &str) -> Finding {
    finding(FindingKind::MissingTable, ObjectKind::Table, name)
}

fn report(verdict: Verdict, findings: Vec<Finding>) -> Report {
    Report {
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        verdict,
        reason: (verdict == Verdict::Unknown).then(|| "connection refused".to_owned()),
        findings,
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: at(0),
            duration: Duration::from_millis(8),
            server_version: Some("15.18".to_owned()),
            role: Some("auditor".to_owned()),
            relations: Some(25),
            hidden_from_information_schema: Some(25),
            left_out: [("preset:prisma".to_owned(), 1)].into(),
            manifest_hash: "0".to_owned(),
            manifest_ref: None,
            deploy: None,
            unreachable: false,
            complete: verdict != Verdict::Unknown,
        },
    }
}

/// The notifications of two audits in a row, `seconds` apart.
fn tell(first: Option<&Report>, then: &Report, seconds: i64) -> Vec<Notification> {
    let mut incidents: Vec<Incident> = Vec::new();
    let mut held: BTreeMap<IncidentId, Vec<NotifiedFinding>> = BTreeMap::new();
    let mut memory = Memory { unknown_streak: 2, ..Memory::default() };
    let mut told = Vec::new();
    for (report, now) in first.map(|it| (it, at(0))).into_iter().chain([(then, at(seconds))]) {
        told.clear();
        let noted = memory.noted(report, now);
        let advance = advance(&incidents, &noted, report, &Life::default(), false, now);
        memory = advance.memory.clone();
        for change in advance.changes {
            let mut incident = change.incident;
            if incident.id == IncidentId::UNASSIGNED {
                incident.id = IncidentId(1042 + u64::try_from(incidents.len()).unwrap());
            }
            let last = held.remove(&incident.id).unwrap_or_default();
            let new = change.told.as_ref().map(|it| it.new.clone()).unwrap_or_default();
            let findings = match incident.resolved_at {
                Some(_) => last,
                None => hold(&incident, report, &last, &new),
            };
            if let Some(transition) = &change.told {
                told.push(plan(&Told {
                    incident: &incident,
                    transition,
                    report,
                    labels: &[("team".to_owned(), "platform".to_owned())].into(),
                    findings: &findings,
                    unknown_streak: memory.unknown_streak,
                }));
            }
            held.insert(incident.id, findings);
            incidents.retain(|it| it.id != incident.id);
            incidents.push(incident);
        }
    }
    told
}

#[track_caller]
fn check(case: &str, first: Option<&Report>, then: &Report, seconds: i64, want: &[&str]) {
    let told = tell(first, then, seconds);
    let got: Vec<&str> = told.iter().map(|it| it.headline.as_str()).collect();
    assert_eq!(got, want, "{case}");
}

/// `check` compares with the file, which a deploy overrules: its answer would be another one.
#[test]
fn the_next_step_asks_who_knows_what_is_in_force() {
    let mut drifted = report(Verdict::Drifted, vec![missing("A")]);
    assert_eq!(tell(None, &drifted, 0)[0].next_steps[0], "schemawarden check central");
    drifted.evidence.manifest_ref = Some("abc".to_owned());
    assert_eq!(tell(None, &drifted, 0)[0].next_steps[0], "schemawarden audit central");
    drifted.evidence.manifest_ref = None;
    drifted.evidence.deploy = Some(7);
    assert_eq!(tell(None, &drifted, 0)[0].next_steps[0], "schemawarden audit central");
}

#[test]
fn once_is_not_said_to_be_in_a_row() {
    for (times, said) in [(0, ""), (1, ""), (2, " 2 times in a row"), (3, " 3 times in a row")] {
        assert_eq!(in_a_row(times), said);
    }
}

#[test]
fn headlines() {
    use Verdict::{Clean, Drifted, Unknown};
    let clean = report(Clean, vec![]);
    let many = (0..21).map(|n| unexpected(&format!("t{n:02}"))).collect::<Vec<_>>();
    let one = report(Drifted, vec![unexpected("Musician")]);
    let view = finding(FindingKind::UnexpectedView, ObjectKind::View, "v");
    let wrong =
        || Finding::new(FindingKind::WrongDatabase, ObjectKind::Database, None, "none is there");
    #[rustfmt::skip]
    let opened = [
        ("many", report(Drifted, many), "central: 21 tables that should not be there"),
        ("one", one.clone(), "central: 1 table that should not be there"),
        ("missing", report(Drifted, vec![missing("A"), missing("B")]), "central: 2 tables are missing"),
        ("one missing", report(Drifted, vec![missing("A")]), "central: 1 table is missing"),
        ("both", report(Drifted, vec![unexpected("A"), missing("B"), missing("C")]),
            "central: 1 table that should not be there, 2 missing"),
        ("view", report(Drifted, vec![view.clone()]), "central: 1 view that should not be there"),
        ("mixed", report(Drifted, vec![unexpected("A"), view]), "central: 2 relations that should not be there"),
        ("wrong", report(Drifted, vec![wrong()]),
            "central: wrong database? It holds none of the tables of manifest `central`"),
        ("failing", report(Unknown, vec![]),
            "central: could not be audited 3 times in a row: connection refused"),
    ];
    for (case, report, want) in &opened {
        check(case, None, report, 0, &[want]);
    }
    let two = report(Drifted, vec![unexpected("Event"), unexpected("Musician")]);
    check("changed", Some(&one), &two, 60, &["central: 2 tables that should not be there (1 new)"]);
    check("resolved", Some(&one), &clean, 725, &["central: clean again after 12 min"]);
    let mut known = report(Clean, vec![unexpected("Musician")]);
    known.findings[0].known = Some(crate::finding::KnownBy {
        reason: "an import".to_owned(),
        owner: "dba".to_owned(),
        until: jiff::civil::date(2026, 12, 1),
    });
    check(
        "accepted",
        Some(&one),
        &known,
        725,
        &[
            "central: nothing was changed in the database: its finding is accepted now (`known`) (open for 12 min)",
        ],
    );
    let mut info = report(Clean, vec![unexpected("Musician")]);
    info.findings[0].severity = Severity::Info;
    let two_of = report(Drifted, vec![unexpected("Event"), unexpected("Musician")]);
    check(
        "in part",
        Some(&two_of),
        &info,
        60,
        &[
            "central: 1 of 2 findings is no more than `info` now, the others are not found any more (open for 1 min)",
        ],
    );
    let mut changed = clean.clone();
    changed.evidence.manifest_hash = "1".to_owned();
    check(
        "manifest",
        Some(&one),
        &changed,
        60,
        &[
            "central: nothing was changed in the database, as far as can be told: its manifest was changed \
         and allows what was found (open for 1 min)",
        ],
    );
    changed.evidence.deploy = Some(7);
    changed.evidence.manifest_ref = Some("abc".to_owned());
    check(
        "deploy",
        Some(&one),
        &changed,
        60,
        &[
            "central: nothing was changed in the database, as far as can be told: deploy 7 (abc) allows \
         what was found (open for 1 min)",
        ],
    );
    let failing = report(Unknown, vec![]);
    check("audited again", Some(&failing), &clean, 59, &["central: audited again after 59 s"]);
    let wrong = report(Drifted, vec![wrong()]);
    check(
        "right again, with drift",
        Some(&wrong),
        &one,
        3600,
        &[
            "central: tables of manifest `central` are there again after 1 h",
            "central: 1 table that should not be there",
        ],
    );
    let mut partial = one.clone();
    partial.evidence.complete = false;
    let want = "central: 1 table that should not be there, seen on a partial read";
    check("partial", None, &partial, 0, &[want]);
}

#[test]
fn durations_are_short() {
    let cases = [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (86_400, "1 d"),
        (187_200, "2 d 4 h"),
    ];
    for (seconds, want) in cases {
        assert_eq!(lasted(SignedDuration::from_secs(seconds)), want, "{seconds}");
    }
}

#[test]
fn a_notification_is_complete_in_itself() {
    let mut drifted =
        report(Verdict::Drifted, vec![unexpected("Musician"), missing("billing.Old")]);
    drifted.diagnoses.push(Diagnosis {
        kind: DiagnosisKind::ForeignManifest,
        manifest: Some("orchestra".to_owned()),
        matched: 1,
        of: 1,
        message: "1 of 1 unexpected tables belong to manifest `orchestra`".to_owned(),
    });
    let told = tell(None, &drifted, 0);
    insta::assert_json_snapshot!("opened", told);
    let told = tell(Some(&drifted), &report(Verdict::Clean, vec![]), 725);
    insta::assert_json_snapshot!("resolved", told);
}

#[test]
fn what_a_partial_read_did_not_see_is_still_held() {
    let first = report(Verdict::Drifted, vec![unexpected("A")]);
    let mut then = report(Verdict::Drifted, vec![unexpected("B")]);
    then.evidence.complete = false;
    let told = tell(Some(&first), &then, 60);
    let names: Vec<(&str, bool)> =
        told[0].findings.iter().map(|it| (it.name.as_str(), it.new)).collect();
    assert_eq!(names, [("B", true), ("A", false)]);
    assert_eq!((told[0].findings_total, told[0].new_total), (2, 1));
}

#[test]
fn too_many_findings_are_counted_and_new_ones_are_listed() {
    let names = |n: usize| (0..n).map(|i| unexpected(&format!("t{i:05}"))).collect::<Vec<_>>();
    let first = report(Verdict::Drifted, names(5000));
    let told = tell(None, &first, 0);
    assert_eq!((told[0].findings.len(), told[0].findings_total), (FINDINGS_MAX, 5000));
    assert_eq!(told[0].headline, "central: 5000 tables that should not be there");
    let told = tell(Some(&first), &report(Verdict::Drifted, names(5001)), 60);
    assert_eq!((told[0].findings[0].name.as_str(), told[0].new_total), ("t05000", 1));
}

#[test]
fn next_steps_can_be_pasted() {
    let cases = [
        ("central", "central"),
        ("my db", "'my db'"),
        ("it's", r"'it'\''s'"),
        ("-rf", "'-rf'"),
        ("$(x)", "'$(x)'"),
        ("", "''"),
    ];
    for (name, want) in cases {
        assert_eq!(shell_word(name), want);
    }
}
