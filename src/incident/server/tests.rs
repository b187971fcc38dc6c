//! When a failure is told of the server, and when of the database.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::incident::IncidentState;
use crate::report::Evidence;
use crate::report::Verdict;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn report(unreachable: bool) -> Report {
    Report {
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        verdict: Verdict::Unknown,
        reason: Some("connection refused".to_owned()),
        findings: Vec::new(),
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
            unreachable,
            complete: false,
        },
    }
}

/// What people hear of the server, and whether that tells the failure of the database.
fn judge(
    unreachable: bool,
    streak: u32,
    open: bool,
    others: &[Option<i64>],
) -> (Option<&'static str>, bool) {
    let opened = super::open(
        IncidentKind::ServerUnreachable,
        "db",
        std::collections::BTreeSet::new(),
        Reason::ServerUnreachable,
        at(0),
    );
    let others: Vec<Option<Timestamp>> = others.iter().map(|it| it.map(at)).collect();
    let incident = open.then_some(&opened.incident);
    let server = Server { name: "db", incident, others: &others };
    let failing_since = (streak > 0).then(|| at(100));
    let memory = Memory { unknown_streak: streak, failing_since, ..Memory::default() };
    let got = outage(&server, &memory, &report(unreachable), &Life::default(), at(200));
    let change = got.change.map(|it| {
        let told = it.told.unwrap();
        assert!(!told.quiet);
        match it.incident.state {
            IncidentState::Open => assert_eq!(it.incident.subject, "db"),
            _ => assert_eq!(it.incident.resolved_at, Some(at(200))),
        }
        told.reason.word()
    });
    (change, got.told)
}

#[test]
fn a_server_is_unreachable_when_nothing_contradicts() {
    let opens = (Some("server_unreachable"), true);
    let nothing = (None, false);
    let (down, up) = (true, false);
    for (case, unreachable, streak, open, others, want) in [
        ("too early", down, 2, false, &[Some(0)][..], nothing),
        ("the third", down, 3, false, &[Some(0)], opens),
        ("the third, and others that were never reached", down, 3, false, &[None, None], opens),
        ("late, when one is added", down, 300, false, &[None], opens),
        ("it lives there alone", down, 3, false, &[], nothing),
        ("one was reached since", down, 3, false, &[Some(0), Some(150)], nothing),
        ("one was reached when it began", down, 3, false, &[Some(100)], opens),
        ("it refuses the password", up, 3, false, &[Some(0)], nothing),
        ("it is told already", down, 1, true, &[], (None, true)),
        ("it is reached again", up, 0, true, &[], (Some("server_reachable"), false)),
        ("it is reached, and refuses", up, 4, true, &[], (Some("server_reachable"), false)),
    ] {
        assert_eq!(judge(unreachable, streak, open, others), want, "{case}");
    }
}
