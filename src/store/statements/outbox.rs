//! The outbox: put notifications in, claim deliveries, record how they ended.
//!
//! **Invariant.** A delivery is claimed only while no earlier notification of the same incident and
//! channel is unfinished. So one incident's messages reach one channel in order, and at most one of
//! them is in flight.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use jiff::Timestamp;
use uuid::NoContext;
use uuid::Uuid;

use super::column;
use super::due;
use super::due::Horizon;
use super::groups;
use super::incidents;
use super::parked;
use super::turn;
use super::turn::Found;
use crate::failpoint;
use crate::incident::IncidentId;
use crate::notification::Notification;
use crate::notification::Thread;
use crate::route::Destination;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::Claim;
use crate::store::Claimed;
use crate::store::OutboxStatus;
use crate::store::Paces;
use crate::store::TransitionRecord;

/// Puts one notification for one channel into the outbox, where it waits for the grouper; returns its
/// id. `single`: the channel's receiver takes one thread a message.
///
/// What waits of one incident on one channel waits in one group, whatever its route says by now: two
/// groups that hold the same incidents in another order would wait for each other for ever.
pub(in crate::store) fn put(
    connection: &Connection,
    incident: IncidentId,
    notification: &Notification,
    destination: &Destination<'_>,
    single: bool,
    now: Timestamp,
) -> sql::Result<i64> {
    let Destination { channel, route, group } = destination;
    connection
        .prepare_cached(
            "/* outbox.put */ insert into notifications (incident_id, channel, type, reason, \
             created_at, body, group_key, group_wait_ms, group_interval_ms, single) \
             values (?1, ?2, ?3, ?4, ?5, ?6, coalesce((select group_key from notifications \
             where incident_id = ?1 and channel = ?2 and delivery_id is null \
             order by id desc limit 1), ?7), ?8, ?9, ?10) returning id",
        )?
        .query_row(
            (
                incidents::stored(incident),
                channel,
                notification.kind.word(),
                &notification.reason,
                column::ms(now),
                column::to_json(notification)?,
                group,
                millis(route.group_wait),
                millis(route.group_interval),
                single,
            ),
            |row| row.get(0),
        )
}

pub(in crate::store) fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX)
}

/// A time-ordered id (UUID version 7) of that instant.
pub(in crate::store) fn new_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
}

/// Frees claims of processes that are gone.
pub(in crate::store) fn free_claims_before(
    connection: &Connection,
    epoch: i64,
) -> sql::Result<usize> {
    connection.execute(
        "/* outbox.free_claims_before */ update deliveries set state = 'pending', \
         lease_until = null, epoch = null where state = 'sending' and epoch < ?1",
        [epoch],
    )
}

/// When something happens next where nothing can be grouped or claimed now; `None` where something
/// can.
pub(in crate::store) fn peek(
    connection: &Connection,
    now: Timestamp,
    horizon: &Horizon,
    busy: &[String],
) -> sql::Result<Option<Claim>> {
    let mut next_due = groups::next(connection, now)?;
    for channel in due::channels(connection, busy)? {
        let at = match due::held_up(connection, horizon, &channel)? {
            Some(until) => Some(until),
            None => due::at(connection, horizon, &channel)?,
        };
        next_due = earlier(next_due, at);
    }
    let nothing_now = next_due.is_none_or(|due| due > horizon.now);
    if !nothing_now {
        return Ok(None);
    }
    let next_due = next_due.map(column::from_ms).transpose()?;
    Ok(Some(Claim { deliveries: Vec::new(), next_due }))
}

/// Groups what is due, then claims at most one due delivery for each channel that is not busy.
pub(in crate::store) fn claim(
    connection: &Connection,
    epoch: i64,
    now: Timestamp,
    horizon: &Horizon,
    busy: &[String],
    paces: &Paces,
) -> sql::Result<Claim> {
    let mut deliveries = Vec::new();
    let mut next_due = groups::flush(connection, now)?;
    failpoint::reach("outbox.grouped");
    for channel in due::channels(connection, busy)? {
        if let Some(until) = due::held_up(connection, horizon, &channel)? {
            next_due = earlier(next_due, Some(until));
            continue;
        }
        match due::at(connection, horizon, &channel)? {
            Some(due) if due > horizon.now => next_due = earlier(next_due, Some(due)),
            Some(_) => {
                let found = find(connection, horizon, &channel)?;
                match found.next {
                    Some(next) => {
                        deliveries.push(claim_one(connection, epoch, horizon, &channel, next)?);
                        if let Some(pace) = paces.get(&channel).filter(|_| connection.is_shared()) {
                            let next_at = horizon.now.saturating_add(millis(*pace));
                            due::pause(connection, &channel, next_at)?;
                        }
                    }
                    None if found.put_off > 0 => {
                        next_due = earlier(next_due, due::at(connection, horizon, &channel)?);
                    }
                    None => {}
                }
            }
            None => {}
        }
    }
    Ok(Claim { deliveries, next_due: next_due.map(column::from_ms).transpose()? })
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// Frees what an expired lease holds, and looks for the next delivery of a channel.
fn find(connection: &Connection, horizon: &Horizon, channel: &str) -> sql::Result<Found> {
    connection
        .prepare_cached(
            "/* outbox.free_expired */ update deliveries set state = 'pending', \
             lease_until = null, epoch = null where channel = ?1 \
             and state = 'sending' \
             and (lease_until < ?2 or lease_until > ?3)",
        )?
        .execute((channel, horizon.now, horizon.lease_max))?;
    if parked::probe_at(connection, channel)?.is_some() {
        return Ok(Found { next: due::probe(connection, channel)?, put_off: 0 });
    }
    turn::find(connection, horizon, channel)
}

fn claim_one(
    connection: &Connection,
    epoch: i64,
    horizon: &Horizon,
    channel: &str,
    next: i64,
) -> sql::Result<Claimed> {
    let mut claimed = connection
        .prepare_cached(
            "/* outbox.claim */ update deliveries set state = 'sending', lease_until = ?2, \
             epoch = ?3 where seq = ?1 returning id, created_at, attempts, minimal",
        )?
        .query_row((next, horizon.lease_until, epoch), |row| {
            let id: String = row.get("id")?;
            let attempts: u32 = row.get("attempts")?;
            Ok(Claimed {
                id: Uuid::parse_str(&id).map_err(|error| column::unreadable("id", error))?,
                channel: channel.to_owned(),
                created_at: column::instant(row, "created_at")?,
                attempt: attempts.saturating_add(1),
                minimal: row.get("minimal")?,
                notifications: Vec::new(),
                thread: None,
                epoch,
            })
        })?;
    claimed.notifications = connection
        .prepare_cached(
            "/* outbox.notifications */ select body from notifications where delivery_id = ?1 \
             order by id",
        )?
        .query_map([claimed.id.to_string()], |row| column::json(row, "body"))?
        .collect::<sql::Result<_>>()?;
    claimed.thread = thread(connection, channel, &claimed.id.to_string())?;
    Ok(claimed)
}

/// The thread that all of a delivery is about, if it is one.
fn thread(connection: &Connection, channel: &str, delivery: &str) -> sql::Result<Option<Thread>> {
    let (key, last): (Option<String>, Option<String>) = connection
        .prepare_cached(
            "/* outbox.thread */ select min(thread), max(thread) from notifications \
             where delivery_id = ?1",
        )?
        .query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(key) = key.filter(|it| last.as_ref() == Some(it)) else { return Ok(None) };
    // What was given up counts as told: nobody will say it any more.
    let open: u64 = connection
        .prepare_cached(
            "/* outbox.open_of_thread */ select count(*) as open from notifications \
             where type <> 'incident.resolved' and id in (select max(n.id) from notifications n \
             left join deliveries d on d.id = n.delivery_id where n.channel = ?1 \
             and n.thread = ?2 and (n.delivery_id = ?3 or d.ended_at is not null) \
             group by n.incident_id)",
        )?
        .query_row((channel, &key, delivery), |row| column::unsigned(row, "open"))?;
    Ok(Some(Thread { key, open: usize::try_from(open).unwrap_or(usize::MAX) }))
}

/// Records how an attempt ended, and what follows for its channel; `None` where its claim is not held
/// any more.
pub(in crate::store) fn record(
    connection: &Connection,
    attempt: &Attempt,
) -> sql::Result<Option<Vec<TransitionRecord>>> {
    let id = attempt.delivery.to_string();
    let at = column::ms(attempt.at);
    let (outcome, state, due_at, ended_at, minimal, failure, detail) = match &attempt.end {
        AttemptEnd::Delivered { answer, failure } => {
            ("delivered", "delivered", None, Some(at), false, failure.as_ref(), answer)
        }
        AttemptEnd::Again { due_at, minimal, failure, detail } => {
            ("again", "pending", Some(column::ms(*due_at)), None, *minimal, Some(failure), detail)
        }
        AttemptEnd::Abandoned { failure, detail } => {
            ("abandoned", "abandoned", None, Some(at), false, Some(failure), detail)
        }
    };
    let updated = connection
        .prepare_cached(
            "/* outbox.end_attempt */ update deliveries set state = ?3, \
             due_at = coalesce(?4, due_at), ended_at = ?5, minimal = max(minimal, ?6), \
             failure = ?7, detail = ?8, attempts = ?9, lease_until = null, epoch = null \
             where id = ?1 and state = 'sending' and epoch = ?2 and attempts < ?9",
        )?
        .execute((
            &id,
            attempt.epoch,
            state,
            due_at,
            ended_at,
            minimal,
            failure,
            detail,
            attempt.number,
        ))?;
    if updated == 0 {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "/* outbox.insert_attempt */ insert into attempts (delivery_id, number, at, \
             duration_ms, outcome, failure, detail) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            &id,
            attempt.number,
            at,
            i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX),
            outcome,
            failure,
            detail,
        ))?;
    if ended_at.is_some() {
        turn::follow(connection, &id, at)?;
    }
    parked::after_attempt(connection, attempt).map(Some)
}

/// Gives a claim back; the delivery is due as it was.
pub(in crate::store) fn release(connection: &Connection, id: Uuid, epoch: i64) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* outbox.release */ update deliveries set state = 'pending', lease_until = null, \
             epoch = null where id = ?1 and state = 'sending' and epoch = ?2",
        )?
        .execute((id.to_string(), epoch))?;
    Ok(())
}

/// What waits, and what was given up.
pub(in crate::store) fn status(
    connection: &Connection,
    now: Timestamp,
) -> sql::Result<OutboxStatus> {
    let pending = connection
        .prepare_cached(
            "/* outbox.status */ select (select count(*) from deliveries where state = 'pending') \
             + (select count(*) from deliveries where state = 'sending') as pending",
        )?
        .query_row((), |row| column::unsigned(row, "pending"))?;
    let waiting = connection
        .prepare_cached(
            "/* outbox.waiting */ select count(*) as waiting from notifications \
             where delivery_id is null",
        )?
        .query_row((), |row| column::unsigned(row, "waiting"))?;
    let (mut oldest, mut overdue) = (None, None);
    for channel in due::channels(connection, &[])? {
        let (created_at, due_at) = due::since(connection, &channel)?;
        oldest = earlier(oldest, created_at);
        if parked::probe_at(connection, &channel)?.is_none() {
            overdue = earlier(overdue, due_at);
        }
    }
    let abandoned = connection
        .prepare_cached(
            "/* outbox.abandoned */ select count(*) as abandoned from deliveries \
             where state = 'abandoned'",
        )?
        .query_row((), |row| column::unsigned(row, "abandoned"))?;
    let ago = |at: i64| {
        let age = column::ms(now).saturating_sub(at);
        Duration::from_millis(u64::try_from(age).unwrap_or(0))
    };
    Ok(OutboxStatus {
        pending: pending + waiting,
        gathered: waiting,
        oldest: oldest.map(ago),
        overdue: overdue.map(ago).unwrap_or_default(),
        abandoned,
    })
}
