//! Reminders: an incident that stays open is told again, on each channel, once its repeat interval has
//! passed there.
//!
//! Each open incident carries the instant before which nothing can be due, so that a pass over ten
//! thousand of them looks at none.

use crate::store::sql;
use crate::store::sql::Connection;
use jiff::Timestamp;

use super::audience;
use super::audience::Heard;
use super::column;
use super::incidents;
use super::outbox::millis;
use super::silences;
use super::silences::Asked;
use super::standing::Standing;
use super::standing::standing;
use super::tell;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::Since;
use crate::policy::Policy;
use crate::route::Route;
use crate::schema::RelationName;
use crate::store::TransitionRecord;

/// Incidents of one pass. The next pass goes on.
pub(in crate::store) const BATCH: usize = 500;
/// What is muted, or told to nobody, is looked at again after this, in milliseconds.
const LATER_MS: i64 = 5 * 60 * 1000;

/// When a reminder by `route` is due of what is told at `now`, in milliseconds.
pub(in crate::store) fn after(route: &Route, now: Timestamp) -> i64 {
    column::ms(now).saturating_add(millis(route.repeat_interval).max(1))
}

/// Whether any incident has to be looked at.
pub(in crate::store) fn is_due(connection: &Connection, now: Timestamp) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* reminders.is_due */ select exists (select 1 from incidents \
             where state = 'open' and remind_at is not null and remind_at <= ?1)",
        )?
        .query_row([column::ms(now)], |row| row.get(0))
}

/// Has every open incident looked at: its repeat interval may be another one.
pub(in crate::store) fn reconsider(connection: &Connection) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* reminders.reconsider */ update incidents set remind_at = 0 where state = 'open'",
        )?
        .execute(())?;
    Ok(())
}

/// Reminds of at most [`BATCH`] incidents; returns of which.
pub(in crate::store) fn remind(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let due: Vec<i64> = connection
        .prepare_cached(
            "/* reminders.due */ select id from incidents where state = 'open' \
             and remind_at is not null and remind_at <= ?1 order by remind_at, id limit ?2",
        )?
        .query_map((column::ms(now), column::count(BATCH)), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    let mut reminded = Vec::new();
    for id in due {
        let (next, transition) = match standing(connection, id)? {
            Some(it) => remind_of(connection, policy, &it, now)?,
            None => (None, None),
        };
        reminded.extend(transition);
        connection
            .prepare_cached(
                "/* reminders.next */ update incidents set remind_at = ?2 where id = ?1",
            )?
            .execute((id, next))?;
    }
    Ok(reminded)
}

/// When to look at it again, in milliseconds, and whether anybody is reminded.
fn remind_of(
    connection: &Connection,
    policy: &Policy,
    it: &Standing,
    now: Timestamp,
) -> sql::Result<(Option<i64>, Option<TransitionRecord>)> {
    let later = Some(column::ms(now).saturating_add(LATER_MS));
    let incident = &it.incident;
    // What was never told is told when nothing mutes it any more; that is no reminder. And what may be
    // over in a moment, since nothing of it is there just now, is not reminded of.
    let is_there = incident.state == IncidentState::Open && incident.clean_since.is_none();
    if !is_there || it.untold {
        return Ok((later, None));
    }
    let (step, reason) = (Step::Reminded, Reason::RepeatInterval);
    let words = |since: &Since| it.worded(connection, (step, reason), since, now);
    // Routes and silences ask of it as it is now.
    let base = words(&Since::default())?;
    let id = incident.id.to_string();
    let facts = tell::facts_of(&base, incident.kind, &id);
    // A silence about tables mutes what is about such tables alone.
    let objects: Vec<RelationName> =
        it.findings.iter().filter_map(|it| RelationName::parse(&it.name).ok()).collect();
    let asked = Asked { facts: &facts, subject: &incident.subject, new: &objects };
    if silences::muted_by(connection, policy, asked, now)?.is_some() {
        return Ok((later, None));
    }
    let heard = audience::heard(connection, incident.id)?;
    let mut next: Option<i64> = None;
    let mut reminded = false;
    let (kind, subject) = (incident.kind, &incident.subject);
    for destination in audience::routed(connection, policy, kind, subject, &facts)? {
        let last = heard.get(&destination.channel).filter(|it| !it.resolved);
        let last_at = last.map_or(column::ms(incident.changed_at), |it: &Heard| it.at);
        let interval = millis(destination.route.repeat_interval).max(1);
        let mut due = last_at.saturating_add(interval);
        if due <= column::ms(now) {
            let notification = match last {
                Some(last) => {
                    let last = audience::body(connection, last.id)?;
                    words(&Since::told(&last, &incident.fingerprints))?
                }
                // Its routes are new to it: there is nothing to be reminded of.
                None => base.told_first(),
            };
            tell::send(connection, policy, incident.id, &notification, &destination, now)?;
            reminded = true;
            due = column::ms(now).saturating_add(interval);
        }
        next = Some(next.map_or(due, |it| it.min(due)));
    }
    if !reminded {
        return Ok((next.or(later), None));
    }
    record(connection, it, step, reason, now)?;
    // What goes and comes from now on does so since this was told.
    incidents::note_facts(connection, incident.id, &base)?;
    Ok((next, Some(it.transition(step, reason))))
}

/// One line of the audit trail.
pub(in crate::store) fn record(
    connection: &Connection,
    it: &Standing,
    step: Step,
    reason: Reason,
    now: Timestamp,
) -> sql::Result<()> {
    let id = incidents::stored(it.incident.id);
    tell::record_of(connection, id, (step, reason), (None, None), now)
}
