//! Reports for the tests of the formats, as hostile as a database can make them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::KnownBy;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::schema::RelationName;

/// A name that would act in XML, JSON, a log and a terminal.
pub(super) const HOSTILE: &str = "]]>\"<x a='b'>&amp;\x1b[31m\n\u{202e}\u{9b}";

/// A table that should not be there.
pub(super) fn unexpected(name: &str) -> Finding {
    let name = RelationName::new("public", name);
    let message = format!("table `{name}` is not in manifest `central`");
    Finding::new(FindingKind::UnexpectedTable, ObjectKind::Table, Some(name), message)
}

/// One finding of each fate: two that count, one of them milder; one known; one that is `info`.
pub(super) fn findings() -> Vec<Finding> {
    let mut hostile = unexpected(HOSTILE);
    hostile.hints.push(format!("looks like {HOSTILE}"));
    let user = RelationName::new("public", "User");
    let changed = Finding::new(
        FindingKind::ColumnTypeChanged,
        ObjectKind::Table,
        Some(user),
        "column `email` of table `User` is text, not character varying(200)",
    );
    let mut known = unexpected("tmp_import");
    known.known = Some(KnownBy {
        reason: "import of July".to_owned(),
        owner: "ops".to_owned(),
        until: jiff::civil::date(2026, 12, 1),
    });
    let extension = Finding::new(
        FindingKind::UnexpectedExtension,
        ObjectKind::Extension,
        None,
        "extension `hstore` is not in manifest `central`",
    );
    vec![hostile, changed.of_part("email"), known, extension.of_part("hstore")]
}

/// What an audit said of database `central`.
pub(super) fn report(verdict: Verdict, reason: Option<&str>, findings: Vec<Finding>) -> Report {
    let complete = reason.is_none();
    Report {
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        verdict,
        reason: reason.map(str::to_owned),
        findings,
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: "2025-07-05T10:00:00.5Z".parse::<Timestamp>().expect("an instant"),
            duration: Duration::from_millis(8),
            server_version: complete.then(|| "15.18".to_owned()),
            role: complete.then(|| "auditor".to_owned()),
            relations: complete.then_some(25),
            hidden_from_information_schema: complete.then_some(25),
            left_out: BTreeMap::new(),
            manifest_hash: "0011223344556677".to_owned(),
            manifest_ref: None,
            deploy: None,
            unreachable: false,
            complete,
        },
    }
}

/// The report of [`findings`], with a diagnosis.
pub(super) fn drifted() -> Report {
    let mut report = report(Verdict::Drifted, None, findings());
    report.diagnoses.push(Diagnosis {
        kind: DiagnosisKind::ForeignManifest,
        manifest: Some("orchestra".to_owned()),
        matched: 1,
        of: 1,
        message: "1 of 1 unexpected tables belong to manifest `orchestra`".to_owned(),
    });
    report
}

/// Of each finding of [`findings`], how bad it is.
pub(super) const SEVERITIES: [Severity; 4] =
    [Severity::Critical, Severity::Warning, Severity::Critical, Severity::Info];
