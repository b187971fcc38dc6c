//! Tells a change of an incident: writes the audit trail, and puts a notification for each channel
//! that hears of it into the outbox. The one door to the outbox: whatever mutes, mutes here.

use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Optional as _;

use super::audience::heard;
use super::audience::resolved;
use super::audience::routed;
use super::column;
use super::incidents;
use super::outbox;
use super::reminders;
use super::silences;
use super::silences::Asked;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::incident::Step;
use crate::metrics::Suppressed;
use crate::notification::HowTold;
use crate::notification::Notification;
use crate::policy::Policy;
use crate::route::Destination;
use crate::route::Facts;
use crate::schema::RelationName;
use crate::silence::Mute;

/// One change of one incident, worded.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Change<'a> {
    /// As it is stored, with its id.
    pub(in crate::store) incident: &'a Incident,
    pub(in crate::store) step: Step,
    pub(in crate::store) reason: Reason,
    pub(in crate::store) notification: &'a Notification,
    /// The objects of the findings that are new, for silences about tables.
    pub(in crate::store) new: &'a [RelationName],
}

/// What came of telling a change.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Spoken {
    /// How many notifications that made.
    pub(in crate::store) notifications: usize,
    /// Why it made none, where it is muted.
    pub(in crate::store) suppressed: Option<Suppressed>,
}

/// Tells it to whom the policy names, unless it is muted.
pub(in crate::store) fn tell(
    connection: &Connection,
    policy: &Policy,
    change: &Change<'_>,
    now: jiff::Timestamp,
) -> sql::Result<Spoken> {
    let Change { incident, step, reason, notification, new } = *change;
    let id = incident.id.to_string();
    let facts = facts_of(notification, incident.kind, &id);
    let asked = Asked { facts: &facts, subject: &incident.subject, new };
    let muted_by = silences::muted_by(connection, policy, asked, now)?;
    let is_muted = muted_by.is_some();
    let note = muted_by.as_ref().map(|it| format!("not told: muted by {it}"));
    record(connection, incident, step, reason, None, note.as_deref(), now)?;
    let heard = heard(connection, incident.id)?;
    let mut told = Vec::new();
    if !is_muted {
        let was_untold = is_untold(connection, incident.id)?;
        let (kind, subject) = (incident.kind, &incident.subject);
        let destinations = if step == Step::Resolved {
            resolved(connection, policy, incident.id, kind, subject, &facts, &heard)?
        } else {
            routed(connection, policy, kind, subject, &facts)?
        };
        for it in destinations {
            let never_heard = was_untold && !heard.contains_key(&it.channel);
            let notification = if step == Step::Changed && never_heard {
                &notification.told_first()
            } else {
                notification
            };
            send(connection, policy, incident.id, notification, &it, now)?;
            told.push(it);
        }
    }
    let remind_at = told.iter().map(|it| reminders::after(it.route, now)).min();
    connection
        .prepare_cached(
            "/* tell.facts */ update incidents set facts = ?2, untold = ?3, \
             remind_at = coalesce(?4, remind_at, ?5), muted_by = ?6 where id = ?1",
        )?
        .execute((
            incidents::stored(incident.id),
            column::to_json(notification)?,
            is_muted,
            remind_at,
            column::ms(now),
            muted_by.as_ref().map(column::to_json).transpose()?,
        ))?;
    let suppressed = muted_by.map(|it| match it {
        Mute::Silence { .. } => Suppressed::Silence,
        Mute::Window { .. } => Suppressed::Maintenance,
    });
    Ok(Spoken { notifications: told.len(), suppressed })
}

/// Puts one notification for one channel into the outbox, as its route wants it told; returns its id.
pub(in crate::store) fn send(
    connection: &Connection,
    policy: &Policy,
    incident: IncidentId,
    notification: &Notification,
    destination: &Destination<'_>,
    now: jiff::Timestamp,
) -> sql::Result<i64> {
    let told = HowTold {
        mention: destination.route.mention.clone(),
        runbook_url: destination.route.runbook_url.clone(),
        max_items: Some(destination.route.max_items),
    };
    let last = last_told(connection, incident, &destination.channel)?;
    let former_severities =
        last.map(|it| it.severities_before(&notification.severity, now)).unwrap_or_default();
    let notification = Notification { told, former_severities, ..notification.clone() };
    let single = policy.one_by_one.contains(&destination.channel);
    outbox::put(connection, incident, &notification, destination, single, now)
}

/// What a channel was last told of an incident.
fn last_told(
    connection: &Connection,
    incident: IncidentId,
    channel: &str,
) -> sql::Result<Option<Notification>> {
    connection
        .prepare_cached(
            "/* tell.last_told */ select body from notifications where incident_id = ?1 \
             and channel = ?2 order by id desc limit 1",
        )?
        .query_row((incidents::stored(incident), channel), |row| column::json(row, "body"))
        .optional()
}

/// Whether something of an incident was muted and is not told yet.
fn is_untold(connection: &Connection, incident: IncidentId) -> sql::Result<bool> {
    connection
        .prepare_cached("/* tell.is_untold */ select untold from incidents where id = ?1")?
        .query_row([incidents::stored(incident)], |row| row.get(0))
}

/// What routes and silences ask of a notification. `id` is that of its incident, `SW-1042`.
pub(in crate::store) fn facts_of<'a>(
    notification: &'a Notification,
    kind: IncidentKind,
    id: &'a str,
) -> Facts<'a> {
    let named = |text: &'a String| Some(text.as_str()).filter(|it| !it.is_empty());
    Facts {
        database: named(&notification.database),
        manifest: named(&notification.manifest),
        labels: &notification.labels,
        kind,
        // One that an earlier version spelt otherwise is the worst, so that nobody misses it.
        severity: notification.severity.parse().unwrap_or(Severity::Critical),
        incident: id,
    }
}

/// Writes one line of the audit trail.
pub(in crate::store) fn record(
    connection: &Connection,
    incident: &Incident,
    step: Step,
    reason: Reason,
    actor: Option<&str>,
    note: Option<&str>,
    now: jiff::Timestamp,
) -> sql::Result<()> {
    record_of(connection, incidents::stored(incident.id), (step, reason), (actor, note), now)
}

/// The same of an incident by its stored id, with what a person said of it.
pub(in crate::store) fn record_of(
    connection: &Connection,
    incident: i64,
    (step, reason): (Step, Reason),
    (actor, note): (Option<&str>, Option<&str>),
    now: jiff::Timestamp,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* tell.record */ insert into incident_events (incident_id, at, step, reason, actor, \
             note) values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((incident, column::ms(now), step.word(), reason.word(), actor, note))?;
    Ok(())
}
