//! Words one change of an incident: what people read at 3 a.m.
//!
//! Pure: the same change gives the same notification. Names in it are visible spellings; the encoders
//! of each channel do the rest.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::SignedDuration;

use super::FINDINGS_MAX;
use super::Notification;
use super::NotifiedFinding;
use super::type_of;
use crate::finding::Finding;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::incident::Step;
use crate::incident::Transition;
use crate::incident::kind_of;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;

/// One change of an incident, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// As it is stored from now on.
    pub incident: &'a Incident,
    pub transition: &'a Transition,
    /// The audit that changed it.
    pub report: &'a Report,
    /// The database's labels.
    pub labels: &'a BTreeMap<String, String>,
    /// What it holds, from [`hold`]; where it resolves, what it last held.
    pub findings: &'a [NotifiedFinding],
    /// `unknown` verdicts in a row, this audit included.
    pub unknown_streak: u32,
}

/// What the headline of something that flaps ends with.
const BACK_AGAIN: &str = ", back again (flapping)";
/// What people need to know of something that flaps.
const KEEPS_RETURNING: &str = "It went away and came back within a short time. Each further return is \
                               not told; the end is, when it has stayed away for the whole flap window.";

/// Words one change.
#[must_use]
pub fn plan(told: &Told<'_>) -> Notification {
    let Told { incident, transition, report, .. } = *told;
    let resolved = transition.step == Step::Resolved;
    let findings: Vec<NotifiedFinding> = told
        .findings
        .iter()
        .map(|it| NotifiedFinding { new: transition.new.contains(&it.fingerprint), ..it.clone() })
        .collect();
    let about_findings = !resolved && incident.kind != IncidentKind::AuditFailing;
    let diagnoses = report.diagnoses.iter().filter(|_| about_findings);
    let keeps_returning =
        (transition.reason == Reason::Flapping).then(|| KEEPS_RETURNING.to_owned());
    Notification {
        kind: type_of(transition.step),
        reason: transition.reason.word().to_owned(),
        incident: Some(incident.id.to_string()),
        incident_kind: Some(incident.kind.word().to_owned()),
        subject: incident.subject.clone(),
        database: report.database.clone(),
        manifest: report.manifest.clone(),
        labels: told.labels.clone(),
        severity: severity(incident, report, &findings).word().to_owned(),
        headline: headline(told),
        diagnoses: diagnoses.map(|it| it.message.clone()).chain(keeps_returning).collect(),
        findings_total: incident.fingerprints.len(),
        new_total: transition.new.len(),
        owners: owners(&findings),
        manifest_hash: report.evidence.manifest_hash.clone(),
        manifest_ref: report.evidence.manifest_ref.clone(),
        unknown_reason: if resolved { None } else { report.reason.clone() },
        audited_at: report.evidence.audited_at,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        next_steps: next_steps(incident, transition.step, &findings),
        evidence: evidence(&report.evidence),
        findings,
        ..Notification::blank(report.evidence.audited_at)
    }
}

/// Who owns the objects of `findings`, each role once.
fn owners(findings: &[NotifiedFinding]) -> Vec<String> {
    let owners: BTreeSet<&String> = findings.iter().filter_map(|it| it.owner.as_ref()).collect();
    owners.into_iter().cloned().collect()
}

/// The findings that an incident holds after a report, spelt for people, at most [`FINDINGS_MAX`].
///
/// Those of the report come first, in its order; then those of `last` that the incident keeps because
/// a partial read did not prove them gone. Where there are too many, those in `new` are preferred.
#[must_use]
pub fn hold(
    incident: &Incident,
    report: &Report,
    last: &[NotifiedFinding],
    new: &BTreeSet<String>,
) -> Vec<NotifiedFinding> {
    let held = |fingerprint: &String| incident.fingerprints.binary_search(fingerprint).is_ok();
    let mut seen = BTreeSet::new();
    let mut all: Vec<(String, Option<&Finding>, Option<&NotifiedFinding>)> = Vec::new();
    for finding in report.counting() {
        let fingerprint = finding.fingerprint().to_string();
        if held(&fingerprint) && seen.insert(fingerprint.clone()) {
            all.push((fingerprint, Some(finding), None));
        }
    }
    for kept in last {
        if held(&kept.fingerprint) && !seen.contains(&kept.fingerprint) {
            all.push((kept.fingerprint.clone(), None, Some(kept)));
        }
    }
    if all.len() > FINDINGS_MAX {
        // Stable: both halves stay in report order.
        all.sort_by_key(|(fingerprint, _, _)| !new.contains(fingerprint));
        all.truncate(FINDINGS_MAX);
    }
    all.into_iter()
        .filter_map(|(fingerprint, seen, kept)| match (seen, kept) {
            (Some(finding), _) => Some(spell(finding, fingerprint, &report.database)),
            (None, kept) => kept.cloned(),
        })
        .collect()
}

fn spell(finding: &Finding, fingerprint: String, database: &str) -> NotifiedFinding {
    NotifiedFinding {
        kind: finding.kind.word().to_owned(),
        severity: finding.severity.word().to_owned(),
        name: match (&finding.name, &finding.part) {
            (Some(name), None) => name.visible(),
            (Some(name), Some(part)) => format!("{}.{part}", name.visible()),
            (None, Some(part)) => part.clone(),
            (None, None) => database.to_owned(),
        },
        message: finding.message.clone(),
        hints: finding.hints.clone(),
        fingerprint,
        owner: finding.detail.get("owner").and_then(|it| it.as_str()).map(str::to_owned),
        new: false,
    }
}

/// The worst severity among what the incident holds; an audit that fails is a warning: it proves
/// nothing about the database.
fn severity(incident: &Incident, report: &Report, findings: &[NotifiedFinding]) -> Severity {
    // The report knows findings beyond `FINDINGS_MAX`, the held ones those of earlier reads.
    let seen = held(incident, report).map(|it| it.severity);
    let held = findings.iter().filter_map(|it| it.severity.parse().ok());
    seen.chain(held).max().unwrap_or(Severity::Warning)
}

fn headline(told: &Told<'_>) -> String {
    let Told { incident, transition, report, .. } = *told;
    let database = &report.database;
    if transition.step == Step::Resolved {
        return format!("{database}: {}", resolved_headline(incident, report));
    }
    match incident.kind {
        IncidentKind::AuditFailing => {
            let times = told.unknown_streak;
            let reason = report.reason.as_deref().unwrap_or("no reason is known");
            format!("{database}: could not be audited {times} times in a row: {reason}")
        }
        IncidentKind::WrongDatabase => {
            let manifest = &report.manifest;
            let back = if transition.reason == Reason::Flapping { BACK_AGAIN } else { "" };
            format!(
                "{database}: wrong database? It holds none of the tables of manifest \
                 `{manifest}`{back}"
            )
        }
        IncidentKind::Drift => {
            let mut text = format!("{database}: {}", differences(incident, report));
            if transition.reason == Reason::Flapping {
                text.push_str(BACK_AGAIN);
            } else if transition.step == Step::Changed {
                // Writing to a String cannot fail.
                let _ = write!(text, " ({} new)", transition.new.len());
            }
            if !report.evidence.complete {
                text.push_str(", seen on a partial read");
            }
            text
        }
        // Those have words of their own, in `news`.
        kind => format!("{database}: {}", kind.word()),
    }
}

fn resolved_headline(incident: &Incident, report: &Report) -> String {
    let end = incident.resolved_at.unwrap_or(incident.changed_at);
    let lasted = lasted(end.duration_since(incident.opened_at));
    match incident.kind {
        IncidentKind::AuditFailing => format!("audited again after {lasted}"),
        IncidentKind::Drift | IncidentKind::WrongDatabase if report.verdict == Verdict::Clean => {
            format!("clean again after {lasted}")
        }
        IncidentKind::WrongDatabase => {
            format!("tables of manifest `{}` are there again after {lasted}", report.manifest)
        }
        IncidentKind::Drift => format!("drift is gone after {lasted}"),
        kind => format!("{} is over after {lasted}", kind.word()),
    }
}

/// The findings of a report that an incident holds: others wait to be confirmed, or for the release of
/// a manifest.
fn held<'a>(incident: &'a Incident, report: &'a Report) -> impl Iterator<Item = &'a Finding> {
    report.counting().filter(|it| {
        kind_of(it) == incident.kind
            && incident.fingerprints.binary_search(&it.fingerprint().to_string()).is_ok()
    })
}

/// "21 tables that should not be there, 4 missing".
fn differences(incident: &Incident, report: &Report) -> String {
    let drift: Vec<&Finding> = held(incident, report).collect();
    let drift = || drift.iter().copied();
    let unexpected: Vec<&Finding> = drift().filter(|it| it.kind.is_unexpected()).collect();
    let missing: Vec<&Finding> = drift().filter(|it| it.kind.is_missing()).collect();
    let others = drift().count() - unexpected.len() - missing.len();
    let mut parts = Vec::new();
    if !unexpected.is_empty() {
        parts.push(format!("{} that should not be there", counted(&unexpected)));
    }
    if !missing.is_empty() {
        parts.push(match (unexpected.is_empty(), missing.len()) {
            (false, n) => format!("{n} missing"),
            (true, 1) => format!("{} is missing", counted(&missing)),
            (true, _) => format!("{} are missing", counted(&missing)),
        });
    }
    if others > 0 {
        parts.push(format!("{others} other finding{}", if others == 1 { "" } else { "s" }));
    }
    parts.join(", ")
}

/// "1 table", "3 views"; "relations" where the kinds are mixed.
fn counted(findings: &[&Finding]) -> String {
    let all = |kinds: &[ObjectKind]| findings.iter().all(|it| kinds.contains(&it.object));
    let noun = if all(&[ObjectKind::Table, ObjectKind::ForeignTable]) {
        "table"
    } else if all(&[ObjectKind::View, ObjectKind::MaterializedView]) {
        "view"
    } else {
        "relation"
    };
    let plural = if findings.len() == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", findings.len())
}

/// "45 s", "12 min", "3 h 5 min", "2 d 4 h": the one spelling of a length of time in messages.
#[must_use]
pub fn lasted(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if minutes == 0 => format!("{seconds} s"),
        () if hours == 0 => format!("{minutes} min"),
        () if days == 0 && minutes % 60 == 0 => format!("{hours} h"),
        () if days == 0 => format!("{hours} h {} min", minutes % 60),
        () if hours % 24 == 0 => format!("{days} d"),
        () => format!("{days} d {} h", hours % 24),
    }
}

fn next_steps(incident: &Incident, step: Step, findings: &[NotifiedFinding]) -> Vec<String> {
    if step == Step::Resolved {
        return Vec::new();
    }
    let database = shell_word(&incident.subject);
    let check = format!("schemawarden check {database}");
    let doctor = format!("schemawarden doctor {database}");
    match incident.kind {
        IncidentKind::Drift => {
            // The first finding is one of the worst.
            let explain = findings.first().map(|it| format!("schemawarden explain {}", it.kind));
            [check].into_iter().chain(explain).collect()
        }
        IncidentKind::WrongDatabase => {
            vec![doctor, check, "schemawarden explain wrong_database".to_owned()]
        }
        IncidentKind::AuditFailing => vec![doctor, check],
        _ => Vec::new(),
    }
}

/// A registered name as one word of a POSIX shell.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@%+-".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// "25 relations read by role `auditor`, of which `information_schema` would have hidden 25;
/// PostgreSQL 15.18; 1 left out (preset:prisma)". Empty where nothing could be read.
fn evidence(it: &Evidence) -> String {
    let mut parts = Vec::new();
    if let Some(relations) = it.relations {
        let mut read = format!("{relations} relation{}", if relations == 1 { "" } else { "s" });
        if let Some(role) = &it.role {
            let _ = write!(read, " read by role `{role}`");
        }
        if let Some(hidden) = it.hidden_from_information_schema {
            let _ = write!(read, ", of which `information_schema` would have hidden {hidden}");
        }
        parts.push(read);
        if !it.complete {
            parts.push("the read is partial".to_owned());
        }
    }
    if let Some(version) = &it.server_version {
        parts.push(format!("PostgreSQL {version}"));
    }
    let left_out: usize = it.left_out.values().sum();
    if left_out > 0 {
        let reasons: Vec<&str> = it.left_out.keys().map(String::as_str).collect();
        parts.push(format!("{left_out} left out ({})", reasons.join(", ")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests;
