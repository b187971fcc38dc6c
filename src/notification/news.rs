//! Words a change of an incident that no report of one database is behind: about a server, a
//! manifest, a channel or a registry; and what time alone says of any incident.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Notification;
use super::NotificationType;
use super::NotifiedFinding;
use crate::finding::Severity;
use crate::incident::About;
use crate::incident::Incident;
use crate::incident::Reason;
use crate::incident::Step;

/// A change of an incident about a server, a manifest, a channel or a registry.
#[derive(Clone, Debug)]
pub struct News<'a> {
    /// As it is stored from now on.
    pub incident: &'a Incident,
    pub step: Step,
    pub reason: Reason,
    /// The manifest, where it is about one.
    pub manifest: &'a str,
    pub labels: BTreeMap<String, String>,
    pub severity: Severity,
    /// One line, with the subject's name.
    pub headline: String,
    /// One sentence each, the best first.
    pub diagnoses: Vec<String>,
    pub next_steps: Vec<String>,
    pub now: Timestamp,
}

/// Words it.
#[must_use]
pub fn news(it: News<'_>) -> Notification {
    let News { incident, manifest, labels, severity, headline, diagnoses, next_steps, .. } = it;
    let is_database = incident.kind.about() == About::Database;
    Notification {
        kind: type_of(it.step),
        reason: it.reason.word().to_owned(),
        incident: Some(incident.id.to_string()),
        incident_kind: Some(incident.kind.word().to_owned()),
        subject: incident.subject.clone(),
        database: if is_database { incident.subject.clone() } else { String::new() },
        manifest: manifest.to_owned(),
        labels,
        severity: severity.word().to_owned(),
        headline,
        diagnoses,
        findings_total: incident.fingerprints.len(),
        audited_at: it.now,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        next_steps,
        ..Notification::blank(it.now)
    }
}

/// The type that tells of a step.
#[must_use]
pub fn type_of(step: Step) -> NotificationType {
    match step {
        Step::Opened => NotificationType::Opened,
        Step::Reminded => NotificationType::Reminder,
        Step::Resolved => NotificationType::Resolved,
        // The last two are told to nobody; were one told all the same, it would be a change.
        Step::Changed | Step::Acknowledged | Step::Released => NotificationType::Changed,
    }
}

/// What was last told of an incident, told again for another reason: a reminder, or what a silence
/// kept back; where no report of a database says more, as [`super::anew()`] words it. Its findings are
/// not new to whoever heard of them, so the caller says whether they are.
#[must_use]
pub fn again(
    last: &Notification,
    step: Step,
    reason: Reason,
    findings: Vec<NotifiedFinding>,
    findings_total: usize,
) -> Notification {
    let new_total = findings.iter().filter(|it| it.new).count();
    Notification {
        kind: type_of(step),
        reason: reason.word().to_owned(),
        findings,
        findings_total,
        new_total,
        gone_total: 0,
        ..last.clone()
    }
}

/// How many findings of an incident went away between what was `last` told of it and `now`.
#[must_use]
pub fn gone_since(last: &Notification, now: &Notification) -> usize {
    if [last.kind, now.kind].contains(&NotificationType::Resolved) {
        return 0;
    }
    // Those told now and not new were told before as well.
    let kept = now.findings_total.saturating_sub(now.new_total);
    last.findings_total.saturating_sub(kept)
}
