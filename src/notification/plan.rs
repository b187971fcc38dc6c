//! Words one change of an incident: what people read at 3 a.m.
//!
//! Pure: the same change gives the same notification. Names in it are visible spellings; the encoders
//! of each channel do the rest.

mod ended;
mod lost;
mod next_steps;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::SignedDuration;

use super::Came;
use super::FINDINGS_MAX;
use super::Notification;
use super::NotifiedFinding;
use super::NotifiedOrigin;
use super::origin;
use super::type_of;
use crate::finding::Finding;
use crate::finding::FindingKind;
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

pub(super) use next_steps::shell_word;

use next_steps::next_steps;

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
    let (actors, came) = origin::told(&findings);
    let lost = (incident.kind == IncidentKind::Reset && !resolved)
        .then(|| lost::what(held(incident, report)));
    let diagnoses = report.diagnoses.iter().filter(|_| about_findings).map(|it| &it.message);
    let diagnoses = lost.iter().flatten().chain(diagnoses);
    let by_time = matches!(transition.reason, Reason::RepeatInterval | Reason::SilenceEnded);
    let flapping = transition.reason == Reason::Flapping || (by_time && incident.flapping);
    let keeps_returning = (flapping && !resolved).then(|| KEEPS_RETURNING.to_owned());
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
        diagnoses: diagnoses.cloned().chain(keeps_returning).collect(),
        findings_total: incident.fingerprints.len(),
        new_total: transition.new.len(),
        owners: owners(&findings),
        actors: if about_findings { actors } else { Vec::new() },
        came: if about_findings { came } else { Came::default() },
        manifest_hash: report.evidence.manifest_hash.clone(),
        manifest_ref: report.evidence.manifest_ref.clone(),
        unknown_reason: if resolved { None } else { report.reason.clone() },
        audited_at: report.evidence.audited_at,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        next_steps: next_steps(incident, transition.step, &report.evidence, &findings),
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
            // A function goes by its arguments; a column stands in its table.
            (Some(name), Some(part)) if finding.object == ObjectKind::Function => {
                format!("{}{part}", name.visible())
            }
            (Some(name), Some(part)) => format!("{}.{part}", name.visible()),
            // Its part is when that was.
            (None, Some(_)) if finding.kind == FindingKind::DatabaseReset => database.to_owned(),
            (None, Some(part)) => part.clone(),
            (None, None) => database.to_owned(),
        },
        message: finding.message.clone(),
        hints: finding.hints.clone(),
        fingerprint,
        origin: NotifiedOrigin::of(&finding.detail),
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
        return format!("{database}: {}", ended::headline(incident, transition.reason, report));
    }
    match incident.kind {
        IncidentKind::AuditFailing => {
            let reason = report.reason.as_deref().unwrap_or("no reason is known");
            format!("{database}: could not be audited{}: {reason}", in_a_row(told.unknown_streak))
        }
        IncidentKind::WrongDatabase => {
            let manifest = &report.manifest;
            let back = if transition.reason == Reason::Flapping { BACK_AGAIN } else { "" };
            if held(incident, report).any(|it| !it.stands_for_missing()) {
                return format!(
                    "{database}: wrong database? It is not the one that was known{back}"
                );
            }
            format!(
                "{database}: wrong database? It holds none of the tables of manifest \
                 `{manifest}`{back}"
            )
        }
        IncidentKind::Drift => {
            let mut text = format!("{database}: {}", differences(told));
            if transition.reason == Reason::Flapping {
                text.push_str(BACK_AGAIN);
            } else if transition.step == Step::Changed && !transition.new.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(text, " ({} new)", transition.new.len());
            }
            if report.verdict == Verdict::Drifted && !report.evidence.complete {
                text.push_str(", seen on a partial read");
            }
            text
        }
        IncidentKind::Reset => {
            let back = if transition.reason == Reason::Flapping { BACK_AGAIN } else { "" };
            format!("{database}: {}{back}", lost::headline(told.findings))
        }
        IncidentKind::SameDatabase => {
            let others = told.findings.iter().map(|it| format!("`{}`", it.name));
            let others: Vec<String> = others.collect();
            format!("{database}: the same database as {}", others.join(", "))
        }
        // Those have words of their own, in `news`.
        kind => format!("{database}: {}", kind.word()),
    }
}

/// " 3 times in a row"; nothing where it was once.
fn in_a_row(times: u32) -> String {
    if times > 1 { format!(" {times} times in a row") } else { String::new() }
}

/// The findings of a report that an incident holds: others wait to be confirmed, or for the release of
/// a manifest.
fn held<'a>(incident: &'a Incident, report: &'a Report) -> impl Iterator<Item = &'a Finding> {
    report.counting().filter(|it| {
        kind_of(it) == incident.kind
            && incident.fingerprints.binary_search(&it.fingerprint().to_string()).is_ok()
    })
}

/// "21 tables that should not be there, 4 missing". What the incident keeps though the report did not
/// see it counts as well; where that is more than is listed of it, there is only a number.
fn differences(told: &Told<'_>) -> String {
    let Told { incident, report, .. } = *told;
    let mut all: Vec<Difference> =
        held(incident, report).map(|it| (it.kind, noun(it.object))).collect();
    let seen: BTreeSet<String> =
        held(incident, report).map(|it| it.fingerprint().to_string()).collect();
    let kept = told.findings.iter().filter(|it| !seen.contains(&it.fingerprint));
    let kind = |it: &NotifiedFinding| it.kind.parse::<FindingKind>().ok();
    all.extend(kept.filter_map(kind).map(|it| (it, noun_of(it))));
    if all.len() != incident.fingerprints.len() {
        let total = incident.fingerprints.len();
        return format!("{total} finding{}", if total == 1 { "" } else { "s" });
    }
    let (unexpected, rest): (Vec<Difference>, Vec<Difference>) =
        all.into_iter().partition(|it| it.0.is_unexpected());
    let (missing, others): (Vec<Difference>, Vec<Difference>) =
        rest.into_iter().partition(|it| it.0.is_missing());
    let others = others.len();
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
        let s = if others == 1 { "" } else { "s" };
        parts.push(if parts.is_empty() {
            format!("{others} difference{s} in what it is made of")
        } else {
            format!("{others} other finding{s}")
        });
    }
    parts.join(", ")
}

/// A kind of finding, and what its object is called.
type Difference = (FindingKind, &'static str);

fn noun(object: ObjectKind) -> &'static str {
    match object {
        ObjectKind::Table | ObjectKind::ForeignTable => "table",
        ObjectKind::View | ObjectKind::MaterializedView => "view",
        _ => "relation",
    }
}

/// The same of a finding of which no more is known.
fn noun_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::ForbiddenTable
        | FindingKind::WrongLedger
        | FindingKind::UnexpectedTable
        | FindingKind::UnexpectedForeignTable
        | FindingKind::MissingTable
        | FindingKind::MissingForeignTable => "table",
        FindingKind::UnexpectedView
        | FindingKind::UnexpectedMaterializedView
        | FindingKind::MissingView
        | FindingKind::MissingMaterializedView => "view",
        _ => "relation",
    }
}

/// "1 table", "3 views"; "relations" where the kinds are mixed.
fn counted(differences: &[Difference]) -> String {
    let first = differences.first().map_or("relation", |it| it.1);
    let noun = if differences.iter().all(|it| it.1 == first) { first } else { "relation" };
    let plural = if differences.len() == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", differences.len())
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
