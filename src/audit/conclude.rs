//! From a read, or the reason why there is none, to a report. Pure.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::compare;
use crate::compare::Accepted;
use crate::compare::Comparison;
use crate::compare::compare_allowing;
use crate::compare::compare_on_trial;
use crate::deploy::Force;
use crate::diagnose::diagnose;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::manifest::presets;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::reset;
use crate::reset::Judged;
use crate::reset::Known as KnownState;
use crate::reset::Now;
use crate::reset::Pin;
use crate::reset::Thresholds;
use crate::schema::Catalog;
use crate::schema::RelationName;

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
    /// From when on changes of its storage are told.
    pub resets: &'a Thresholds,
    /// What the config says of its identity.
    pub pin: Option<&'a Pin>,
    /// The labels that it is registered with.
    pub labels: &'a BTreeMap<String, String>,
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

/// Why a read without memory proves nothing.
const FORGOTTEN: &str = "what is known of its storage could not be read from the state";

/// Whether a report proves nothing, and the one reason is that the state could not be read: that is no trouble of
/// the database's.
#[must_use]
pub fn is_forgotten(report: &Report) -> bool {
    report.verdict == Verdict::Unknown && report.reason.as_deref() == Some(FORGOTTEN)
}

/// What is remembered of a database when its audit begins.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    pub provisioning: Provisioning,
    /// What its storage said before; `None` where nobody keeps a memory, or nothing is in it.
    pub known: Option<&'a KnownState>,
    /// There is a memory, and it cannot be read now: what it would say is not over.
    pub forgotten: bool,
    /// When its last complete audit began.
    pub last_complete_at: Option<Timestamp>,
}

impl Before<'_> {
    /// Nobody keeps a memory.
    pub const NOTHING: Self = Self {
        provisioning: Provisioning::Done,
        known: None,
        forgotten: false,
        last_complete_at: None,
    };
}

/// What one audit comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Concluded {
    pub report: Report,
    /// What is known of the storage from now on, where that is worth writing down.
    pub known: Option<KnownState>,
}

/// The report of one audit, and what to remember.
///
/// `read` is the catalog, or the reason why there is none (without secrets). `audited_at` is when
/// the audit began; accepted findings are judged by that day, in UTC.
#[must_use]
pub fn conclude(
    subject: &Subject<'_>,
    read: Result<Catalog, String>,
    twin: Option<&str>,
    before: Before<'_>,
    audited_at: Timestamp,
    duration: Duration,
) -> Concluded {
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
            return Concluded { report, known: None };
        }
    };

    let silent = || subject.force.manifests().find_map(|it| it.doubt(&catalog));
    let forgotten = || before.forgotten.then(|| FORGOTTEN.to_owned());
    let doubt = catalog.doubt().or_else(silent).or_else(forgotten);
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
    let (mut found, known) = recognise(subject, &catalog, before, audited_at);
    // What could not be remembered must not be replaced.
    let known = known.filter(|_| !before.forgotten);
    found.extend(twin.map(|it| same_database(subject.database, it)));
    if let Some(Ok(mark)) = &catalog.session.mark {
        let classes: Vec<&str> = subject.force.manifests().map(|it| &*it.name).collect();
        found.extend(compare::mark::contradiction(mark, &classes, subject.labels));
    }
    if !found.is_empty() {
        compare::accept(&mut found, &subject.force.manifest, &accepted, today);
        report.findings.append(&mut found);
        compare::sort(&mut report.findings);
    }

    let empty = report.findings.iter().any(Finding::stands_for_missing);
    let others = report.counting().any(|it| !it.stands_for_missing());
    if empty && !others && before.provisioning == Provisioning::Pending {
        report.reason =
            Some("not yet provisioned: none of the expected tables is there so far".to_owned());
        report.findings.clear();
        report.diagnoses.clear();
        return Concluded { report, known };
    }
    let drifted = report.counting().next().is_some();
    report.verdict = match (drifted, &doubt) {
        (true, _) => Verdict::Drifted,
        (false, Some(_)) => Verdict::Unknown,
        (false, None) => Verdict::Clean,
    };
    report.reason = doubt;
    Concluded { report, known }
}

/// Whether it is still what it was: what is to be said of its storage, and remembered of it.
fn recognise(
    subject: &Subject<'_>,
    catalog: &Catalog,
    before: Before<'_>,
    audited_at: Timestamp,
) -> (Vec<Finding>, Option<KnownState>) {
    let imprint = match &catalog.definitions.imprint {
        Some(Ok(imprint)) if catalog.incomplete.is_none() => imprint,
        // What was found before is not mended by a read that could not see it.
        _ => return (before.known.map_or_else(Vec::new, reset::told), None),
    };
    let listed: HashSet<&RelationName> =
        subject.force.manifests().flat_map(|it| it.tables()).collect();
    let now = Now {
        imprint,
        watched: &|it| listed.contains(it) || presets::is_ledger(it),
        is_there: &|it| catalog.has_table(it),
        pin: subject.pin,
        last_complete_at: before.last_complete_at,
        at: audited_at,
    };
    let Judged { known, changed, findings } = reset::judge(before.known, &now, subject.resets);
    (findings, changed.then_some(known))
}

/// Two names are registered for one database.
fn same_database(database: &str, twin: &str) -> Finding {
    let message = format!(
        "`{database}` and `{twin}` are the same database on the same server: one of the two is not \
         audited at all, or it is registered twice"
    );
    let mut finding = Finding::new(FindingKind::SameDatabase, ObjectKind::Database, None, message)
        .of_part(twin.to_owned());
    finding.detail.insert("other".to_owned(), twin.into());
    finding.hints.push(format!(
        "look at the two URLs; where both are meant (two manifests for two schemas of it), write \
         `severity: {{same_database: info}}` under `{database}`"
    ));
    finding
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
