//! Tells a change of an incident: writes the audit trail, and puts a notification for each channel
//! that hears of it into the outbox. The one door to the outbox: whatever mutes, mutes here.

use rusqlite::Connection;

use super::column;
use super::incidents;
use super::outbox;
use crate::incident::Incident;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::HowTold;
use crate::notification::Notification;
use crate::policy::Policy;
use crate::route::Facts;
use crate::schema::RelationName;

/// One change of one incident, worded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    /// As it is stored, with its id.
    pub(super) incident: &'a Incident,
    pub(super) step: Step,
    pub(super) reason: Reason,
    pub(super) notification: &'a Notification,
    /// The objects of the findings that are new, for silences about tables.
    #[expect(dead_code, reason = "silences ask for it as soon as they are stored")]
    pub(super) new: &'a [RelationName],
}

/// Tells it to whom the policy names; returns how many notifications that made.
pub(super) fn tell(
    connection: &Connection,
    policy: &Policy,
    change: &Change<'_>,
    now: jiff::Timestamp,
) -> rusqlite::Result<usize> {
    let Change { incident, step, reason, notification, .. } = *change;
    record(connection, incident, step, reason, None, None, now)?;
    connection
        .prepare_cached("/* tell.facts */ update incidents set facts = ?2 where id = ?1")?
        .execute((incidents::stored(incident.id), column::to_json(notification)?))?;
    let id = incident.id.to_string();
    let destinations = policy.destinations(&facts(notification, incident, &id));
    let mut told = 0;
    for destination in destinations {
        if step == Step::Resolved && !destination.route.send_resolved {
            continue;
        }
        let how = HowTold {
            mention: destination.route.mention.clone(),
            runbook_url: destination.route.runbook_url.clone(),
            max_items: Some(destination.route.max_items),
        };
        let notification = Notification { told: how, ..notification.clone() };
        outbox::put(connection, incident.id, &notification, &destination, now)?;
        told += 1;
    }
    Ok(told)
}

/// What routes and silences ask of a notification.
pub(super) fn facts<'a>(
    notification: &'a Notification,
    incident: &Incident,
    id: &'a str,
) -> Facts<'a> {
    let named = |text: &'a String| Some(text.as_str()).filter(|it| !it.is_empty());
    Facts {
        database: named(&notification.database),
        manifest: named(&notification.manifest),
        labels: &notification.labels,
        kind: incident.kind,
        // One that an earlier version spelt otherwise is the worst, so that nobody misses it.
        severity: notification.severity.parse().unwrap_or(crate::finding::Severity::Critical),
        incident: id,
    }
}

/// Writes one line of the audit trail.
pub(super) fn record(
    connection: &Connection,
    incident: &Incident,
    step: Step,
    reason: Reason,
    actor: Option<&str>,
    note: Option<&str>,
    now: jiff::Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "/* tell.record */ insert into incident_events (incident_id, at, step, reason, actor, \
             note) values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            incidents::stored(incident.id),
            column::ms(now),
            step.word(),
            reason.word(),
            actor,
            note,
        ))?;
    Ok(())
}
