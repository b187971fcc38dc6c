//! Words the end of an incident whose database left the configuration, or its registry.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Notification;
use super::NotificationType;
use super::NotifiedFinding;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::Reason;

/// An incident that ended that way, and what is still known about it.
#[derive(Clone, Debug)]
pub struct Removed<'a> {
    /// As it is stored from now on.
    pub incident: &'a Incident,
    /// The manifest of its database's last audit, and when that was.
    pub manifest: &'a str,
    pub audited_at: Timestamp,
    /// The labels that it was last told with.
    pub labels: BTreeMap<String, String>,
    /// The registry that does not name it any more, where it was one that did.
    pub registry: Option<&'a str>,
    /// What it last held.
    pub findings: Vec<NotifiedFinding>,
}

/// Words it. "Resolved" must not read as "all is well": nobody looks any more.
#[must_use]
pub fn removed(it: Removed<'_>) -> Notification {
    let Removed { incident, manifest, audited_at, labels, registry, findings } = it;
    let (reason, left) = match registry {
        None => (Reason::DatabaseRemoved, "the configuration".to_owned()),
        Some(name) => (Reason::DatabaseRetired, format!("registry `{name}`")),
    };
    let findings: Vec<NotifiedFinding> =
        findings.into_iter().map(|it| NotifiedFinding { new: false, ..it }).collect();
    let severity = findings.iter().filter_map(|it| it.severity.parse::<Severity>().ok()).max();
    Notification {
        kind: NotificationType::Resolved,
        reason: reason.word().to_owned(),
        incident: Some(incident.id.to_string()),
        incident_kind: Some(incident.kind.word().to_owned()),
        subject: incident.subject.clone(),
        database: incident.subject.clone(),
        manifest: manifest.to_owned(),
        labels,
        severity: severity.unwrap_or(Severity::Warning).word().to_owned(),
        headline: format!("{}: no longer watched (it left {left})", incident.subject),
        diagnoses: Vec::new(),
        findings_total: incident.fingerprints.len(),
        new_total: 0,
        unknown_reason: None,
        audited_at,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        next_steps: Vec::new(),
        evidence: String::new(),
        findings,
        ..Notification::blank(audited_at)
    }
}
