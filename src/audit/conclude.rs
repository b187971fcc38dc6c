//! From a read, or the reason why there is none, to a report. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::compare::Accepted;
use crate::compare::Comparison;
use crate::compare::compare_allowing;
use crate::compare::compare_on_trial;
use crate::deploy::Force;
use crate::diagnose::diagnose;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::schema::Catalog;

/// What an audit is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The registered name, or the visible name of what `--url` points at.
    pub database: &'a str,
    /// What it is held to.
    pub force: &'a Force,
    /// Accepted findings of this database, beside those of its manifest.
    pub known: &'a [Known],
    /// Severities of this database, over those of its manifest.
    pub severities: &'a BTreeMap<FindingKind, Severity>,
    /// Every manifest there is, for the diagnosis.
    pub manifests: &'a Manifests,
}

/// Whether an empty database may simply be new (design, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provisioning {
    /// It may not: it was seen populated before, its grace is over, or nobody keeps a memory
    /// (`check`).
    Done,
    /// It was never seen populated and is younger than its `provision_grace`.
    Pending,
}

/// The report of one audit.
///
/// `read` is the catalog, or the reason why there is none (without secrets). `audited_at` is when
/// the audit began; accepted findings are judged by that day, in UTC.
#[must_use]
pub fn conclude(
    subject: &Subject<'_>,
    read: Result<Catalog, String>,
    provisioning: Provisioning,
    audited_at: Timestamp,
    duration: Duration,
) -> Report {
    let mut report = Report {
        database: subject.database.to_owned(),
        manifest: subject.force.manifest.name.clone(),
        verdict: Verdict::Unknown,
        reason: None,
        findings: Vec::new(),
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at,
            duration,
            server_version: None,
            role: None,
            relations: None,
            hidden_from_information_schema: None,
            left_out: BTreeMap::new(),
            manifest_hash: subject.force.manifest.hash.clone(),
            manifest_ref: subject.force.reference.clone(),
            deploy: subject.force.deploy,
            unreachable: false,
            complete: false,
        },
    };
    let catalog = match read {
        Ok(catalog) => catalog,
        Err(reason) => {
            report.reason = Some(reason);
            return report;
        }
    };

    let silent = || subject.force.manifests().find_map(|it| it.doubt(&catalog));
    let doubt = catalog.doubt().or_else(silent);
    let today = audited_at.to_zoned(TimeZone::UTC).date();
    let accepted = Accepted { known: subject.known, severities: subject.severities };
    let comparison = against(subject.force, &accepted, &catalog, today);
    let hidden = catalog.relations.iter().filter(|it| it.hidden_from_information_schema).count();
    report.evidence.server_version = told(&catalog.session.server_version);
    report.evidence.role = told(&catalog.session.role);
    report.evidence.relations = Some(catalog.relations.len());
    report.evidence.hidden_from_information_schema = Some(hidden);
    report.evidence.left_out = comparison.left_out;
    report.evidence.complete = doubt.is_none();
    report.diagnoses = diagnose(&comparison.findings, &subject.force.manifest, subject.manifests);
    report.findings = comparison.findings;

    let empty = report.findings.iter().any(|it| it.kind == FindingKind::WrongDatabase);
    let others = report.counting().any(|it| it.kind != FindingKind::WrongDatabase);
    if empty && !others && provisioning == Provisioning::Pending {
        report.reason =
            Some("not yet provisioned: none of the expected tables is there so far".to_owned());
        report.findings.clear();
        report.diagnoses.clear();
        return report;
    }
    let drifted = report.counting().next().is_some();
    report.verdict = match (drifted, &doubt) {
        (true, _) => Verdict::Drifted,
        (false, Some(_)) => Verdict::Unknown,
        (false, None) => Verdict::Clean,
    };
    report.reason = doubt;
    report
}

/// One comparison, unless a deploy window is open or a changed manifest is on trial.
fn against(force: &Force, accepted: &Accepted<'_>, catalog: &Catalog, today: Date) -> Comparison {
    if let Some(trusted) = &force.trusted {
        return compare_on_trial(&force.manifest, trusted, accepted, catalog, today);
    }
    let allowed: Vec<&Manifest> =
        [&force.manifest].into_iter().chain(&force.also).map(|it| &**it).collect();
    compare_allowing(&allowed, accepted, catalog, today)
}

/// What a partial read may not have come to.
fn told(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
