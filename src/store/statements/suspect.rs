//! The incident of a suspect manifest: told once when it opens, and when it is over.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;
use jiff::Timestamp;

use super::incidents;
use super::residents::of_manifest;
use super::tell;
use super::tell::Change;
use crate::deploy::difference;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::incident::Step;
use crate::manifest::Manifest;
use crate::notification::News;
use crate::notification::common_labels;
use crate::notification::lasted;
use crate::notification::news;
use crate::policy::Policy;
use crate::store::TransitionRecord;

/// More databases than this are counted.
const NAMES_MAX: usize = 5;

/// Why a manifest is suspect.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Suspicion<'a> {
    pub(in crate::store) name: &'a str,
    /// The trusted version and the changed one, where both can be read.
    pub(in crate::store) versions: Option<(&'a Manifest, &'a Manifest)>,
    /// Of the changed version.
    pub(in crate::store) hash: &'a str,
    /// Registered databases that the change came to.
    pub(in crate::store) databases: usize,
    /// Those that would drift.
    pub(in crate::store) held: &'a [String],
}

/// Opens the incident and tells it; nothing where it is open already.
pub(in crate::store) fn open(
    connection: &Connection,
    suspicion: &Suspicion<'_>,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Option<TransitionRecord>> {
    let Suspicion { name, versions, hash, databases, held } = *suspicion;
    if current(connection, name)?.is_some() {
        return Ok(None);
    }
    let incident = Incident::opened(IncidentKind::ManifestSuspect, name, now);
    let first: Vec<_> = held.iter().take(NAMES_MAX).map(|it| format!("`{it}`")).collect();
    let more = held.len().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = versions.map(|(old, new)| difference(old, new));
    let who = format!(
        "{}{more} differ from version {hash} in ways that the version before allows; those findings \
         are held, everything else is told as ever",
        first.join(", ")
    );
    let worded = Worded {
        // So that a route of one team hears of it where all of its databases are that team's.
        labels: common_labels(&of_manifest(connection, name)?),
        step: Step::Opened,
        reason: Reason::ManifestChanged,
        headline: format!(
            "manifest `{name}`: its change would make {} of {databases} databases drift",
            held.len()
        ),
        diagnoses: what.into_iter().chain([who]).collect(),
        next_steps: vec![
            format!("schemawarden manifests release {name}"),
            "or mend the manifest: the next change of it is judged anew".to_owned(),
        ],
    };
    told(connection, incident, worded, policy, now).map(Some)
}

/// Resolves the incident of a manifest and tells so; nothing where none is open.
pub(in crate::store) fn close(
    connection: &Connection,
    name: &str,
    reason: Reason,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Option<TransitionRecord>> {
    let Some(current) = current(connection, name)? else { return Ok(None) };
    let lasted = lasted(now.duration_since(current.opened_at));
    let incident = current.resolved(now);
    let what = match reason {
        Reason::ManifestReleased => "its change was released; what was held is told now",
        _ => "it changed again, or is not used any more",
    };
    // By now it may be no database's manifest any more.
    let labels = incidents::facts(connection, incident.id)?.map(|it| it.labels);
    let worded = Worded {
        labels: labels.unwrap_or_default(),
        step: Step::Resolved,
        reason,
        headline: format!("manifest `{name}`: no longer suspect after {lasted}"),
        diagnoses: vec![what.to_owned()],
        next_steps: Vec::new(),
    };
    told(connection, incident, worded, policy, now).map(Some)
}

/// Writes into the trail who released it.
pub(in crate::store) fn release(
    connection: &Connection,
    name: &str,
    by: &str,
    now: Timestamp,
) -> sql::Result<()> {
    let Some(current) = current(connection, name)? else { return Ok(()) };
    let (step, reason) = (Step::Released, Reason::ManifestReleased);
    tell::record(connection, &current, step, reason, Some(by), None, now)
}

fn current(connection: &Connection, name: &str) -> sql::Result<Option<Incident>> {
    incidents::open_about(connection, IncidentKind::ManifestSuspect, name)
}

/// The words of one change.
struct Worded {
    labels: BTreeMap<String, String>,
    step: Step,
    reason: Reason,
    headline: String,
    diagnoses: Vec<String>,
    next_steps: Vec<String>,
}

fn told(
    connection: &Connection,
    mut incident: Incident,
    worded: Worded,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<TransitionRecord> {
    let Worded { labels, step, reason, headline, diagnoses, next_steps } = worded;
    incident.id = incidents::save(connection, &incident, reason.word(), &[])?;
    let notification = news(News {
        incident: &incident,
        step,
        reason,
        manifest: &incident.subject,
        labels,
        // As bad as the drift that it stands for.
        severity: Severity::Critical,
        headline,
        diagnoses,
        next_steps,
        now,
    });
    let change =
        Change { incident: &incident, step, reason, notification: &notification, new: &[] };
    let suppressed = tell::tell(connection, policy, &change, now)?.suppressed;
    let Incident { id, kind, subject, .. } = incident;
    Ok(TransitionRecord { incident: id, kind, subject, step, reason, suppressed })
}
