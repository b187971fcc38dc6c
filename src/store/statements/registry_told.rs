//! The incident of a registry that is not believed: told when it opens, when it gets worse, and when
//! it is over.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;
use jiff::Timestamp;

use super::incidents;
use super::tell;
use super::tell::Change;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::News;
use crate::notification::lasted;
use crate::notification::news;
use crate::policy::Policy;
use crate::registry;
use crate::registry::Doubt;
use crate::registry::Why;
use crate::registry::Words;
use crate::store::RegistryCommit;
use crate::store::TransitionRecord;

/// Opens the incident, or says what is worse where one is open; nothing where that is told already.
pub(in crate::store) fn tell(
    connection: &Connection,
    commit: &RegistryCommit,
    doubt: &Doubt,
    has_grown: bool,
) -> sql::Result<Option<TransitionRecord>> {
    let reason = match doubt.why {
        Why::Shrunk => Reason::RegistryShrunk,
        Why::Empty => Reason::RegistryEmpty,
        Why::Failing => Reason::RegistryFailing,
    };
    let name = &commit.discovery;
    let (step, incident) = match current(connection, name)? {
        Some(current) => {
            let last = incidents::facts(connection, current.id)?;
            let is_other = last.is_none_or(|it| it.reason != reason.word());
            if !has_grown && !is_other {
                return Ok(None);
            }
            // Whoever has it in hand does not know this yet.
            let state = IncidentState::Open;
            (
                Step::Changed,
                Incident { state, acknowledged: None, changed_at: commit.now, ..current },
            )
        }
        None => (Step::Opened, Incident::opened(IncidentKind::RegistryShrunk, name, commit.now)),
    };
    let worded = Worded {
        manifest: &commit.manifest,
        labels: commit.labels.clone(),
        step,
        reason,
        words: registry::doubt(name, doubt),
    };
    told(connection, incident, worded, &commit.policy, commit.now).map(Some)
}

/// Resolves the incident of a registry and tells so; nothing where none is open.
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
    let how = match reason {
        Reason::RegistryAccepted => "was accepted as it is",
        Reason::DiscoveryRemoved => "left the configuration: nobody reads it any more",
        _ => "names its databases again",
    };
    let last = incidents::facts(connection, incident.id)?;
    let (manifest, labels) = last.map(|it| (it.manifest, it.labels)).unwrap_or_default();
    let words = registry::over(name, how, &lasted);
    let worded = Worded { manifest: &manifest, labels, step: Step::Resolved, reason, words };
    told(connection, incident, worded, policy, now).map(Some)
}

/// Writes into the trail who accepted it, and why.
pub(in crate::store) fn note_acceptance(
    connection: &Connection,
    name: &str,
    by: &str,
    why: &str,
    now: Timestamp,
) -> sql::Result<()> {
    let Some(current) = current(connection, name)? else { return Ok(()) };
    let (step, reason) = (Step::Released, Reason::RegistryAccepted);
    tell::record(connection, &current, step, reason, Some(by), Some(why), now)
}

fn current(connection: &Connection, name: &str) -> sql::Result<Option<Incident>> {
    incidents::open_about(connection, IncidentKind::RegistryShrunk, name)
}

/// One change, worded.
struct Worded<'a> {
    manifest: &'a str,
    labels: BTreeMap<String, String>,
    step: Step,
    reason: Reason,
    words: Words,
}

fn told(
    connection: &Connection,
    mut incident: Incident,
    worded: Worded<'_>,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<TransitionRecord> {
    let Worded { manifest, labels, step, reason, words } = worded;
    incident.id = incidents::save(connection, &incident, reason.word(), &[])?;
    let notification = news(News {
        incident: &incident,
        step,
        reason,
        manifest,
        labels,
        // In the incident of 2025 it was the worst of it.
        severity: Severity::Critical,
        headline: words.headline,
        diagnoses: words.diagnoses,
        next_steps: words.next_steps,
        now,
    });
    let change =
        Change { incident: &incident, step, reason, notification: &notification, new: &[] };
    let suppressed = tell::tell(connection, policy, &change, now)?.suppressed;
    let Incident { id, kind, subject, .. } = incident;
    Ok(TransitionRecord { incident: id, kind, subject, step, reason, suppressed })
}
