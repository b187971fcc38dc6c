//! The outbox: put notifications in, claim deliveries, record how they ended.
//!
//! **Invariant.** A delivery is claimed only while no earlier notification of the same incident and
//! channel is unfinished. So one incident's messages reach one channel in order, and at most one of
//! them is in flight.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use uuid::NoContext;
use uuid::Uuid;

use super::column;
use super::groups;
use super::incidents;
use super::parked;
use crate::backoff;
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
use crate::store::TransitionRecord;

/// Puts one notification for one channel into the outbox, where it waits for the grouper; returns its
/// id. `single`: the channel's receiver takes one thread a message.
///
/// What waits of one incident on one channel waits in one group, whatever its route says by now: two
/// groups that hold the same incidents in another order would wait for each other for ever.
pub(super) fn put(
    connection: &Connection,
    incident: IncidentId,
    notification: &Notification,
    destination: &Destination<'_>,
    single: bool,
    now: Timestamp,
) -> rusqlite::Result<i64> {
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

pub(super) fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX)
}

/// A time-ordered id (UUID version 7) of that instant.
pub(super) fn new_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
}

/// Frees claims of processes that are gone.
pub(super) fn free_claims_before(connection: &Connection, epoch: i64) -> rusqlite::Result<usize> {
    connection.execute(
        "/* outbox.free_claims_before */ update deliveries set state = 'pending', \
         lease_until = null, epoch = null where state = 'sending' and epoch < ?1",
        [epoch],
    )
}

/// A clock may be set back by this much before it is taken for a jump.
const STEP_MAX: Duration = Duration::from_mins(1);

/// What is due, in milliseconds. Due times and leases were written by a clock that may have been set
/// back since: whatever lies further ahead than any wait could is due now, or it would be held up
/// for as long as the clock jumped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    now: i64,
    /// No due time that this clock wrote is later.
    due_max: i64,
    /// Of a claim made now.
    lease_until: i64,
    /// No lease that this clock wrote ends later.
    lease_max: i64,
}

impl Horizon {
    pub(super) fn new(now: Timestamp, lease: Duration) -> Self {
        let ahead = |by: Duration| column::ms(now.checked_add(by).unwrap_or(Timestamp::MAX));
        Self {
            now: column::ms(now),
            due_max: ahead(backoff::WAIT_MAX + STEP_MAX),
            lease_until: ahead(lease),
            lease_max: ahead(lease + STEP_MAX),
        }
    }
}

/// When something happens next where nothing can be grouped or claimed now; `None` where something
/// can.
pub(super) fn peek(
    connection: &Connection,
    now: Timestamp,
    horizon: &Horizon,
    busy: &[String],
) -> rusqlite::Result<Option<Claim>> {
    let mut next_due = groups::next(connection, now)?;
    for channel in unfinished(connection, busy)? {
        next_due = earlier(next_due, due(connection, horizon, &channel)?);
    }
    let nothing_now = next_due.is_none_or(|due| due > horizon.now);
    if !nothing_now {
        return Ok(None);
    }
    let next_due = next_due.map(column::from_ms).transpose()?;
    Ok(Some(Claim { deliveries: Vec::new(), next_due }))
}

/// Groups what is due, then claims at most one due delivery for each channel that is not busy.
pub(super) fn claim(
    connection: &Connection,
    epoch: i64,
    now: Timestamp,
    horizon: &Horizon,
    busy: &[String],
) -> rusqlite::Result<Claim> {
    let mut deliveries = Vec::new();
    let mut next_due = groups::flush(connection, now)?;
    failpoint::reach("outbox.grouped");
    for channel in unfinished(connection, busy)? {
        match due(connection, horizon, &channel)? {
            Some(due) if due > horizon.now => next_due = earlier(next_due, Some(due)),
            Some(_) => deliveries.extend(claim_one(connection, epoch, horizon, &channel)?),
            None => {}
        }
    }
    Ok(Claim { deliveries, next_due: next_due.map(column::from_ms).transpose()? })
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// Channels that have something to send and are not busy.
fn unfinished(connection: &Connection, busy: &[String]) -> rusqlite::Result<Vec<String>> {
    let mut channels: Vec<String> = connection
        .prepare_cached(
            "/* outbox.unfinished */ select distinct channel from deliveries \
             where state in ('pending', 'sending')",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    channels.retain(|it| !busy.contains(it));
    Ok(channels)
}

/// When something of a channel can be claimed, in milliseconds, as far as its own times tell.
fn due(connection: &Connection, horizon: &Horizon, channel: &str) -> rusqlite::Result<Option<i64>> {
    if let Some(probe_at) = parked::probe_at(connection, channel)? {
        return due_parked(connection, horizon, channel, probe_at);
    }
    let is_due: bool = connection
        .prepare_cached(
            "/* outbox.is_due */ select exists (select 1 from deliveries_in_turn \
             where channel = ?1 and iif(state = 'sending', lease_until < ?2 or lease_until > ?3, \
             due_at <= ?2 or due_at > ?4))",
        )?
        .query_row((channel, horizon.now, horizon.lease_max, horizon.due_max), |row| row.get(0))?;
    if is_due {
        return Ok(Some(horizon.now));
    }
    // Those whose turn it is not are not told apart: their times come after those they wait for, or
    // wake somebody for nothing.
    connection
        .prepare_cached(
            "/* outbox.next_due */ select min(at) from (select iif(state = 'sending', \
             lease_until + 1, due_at) as at from deliveries where channel = ?1 \
             and state in ('pending', 'sending')) where at > ?2",
        )?
        .query_row((channel, horizon.now), |row| row.get(0))
}

/// The same of a parked channel: the one try that it gets.
fn due_parked(
    connection: &Connection,
    horizon: &Horizon,
    channel: &str,
    probe_at: i64,
) -> rusqlite::Result<Option<i64>> {
    let lease_end: Option<i64> = connection
        .prepare_cached(
            "/* outbox.parked_lease */ select max(lease_until) from deliveries \
             where channel = ?1 and state = 'sending'",
        )?
        .query_row([channel], |row| row.get(0))?;
    let has_one: bool = connection
        .prepare_cached(
            "/* outbox.parked_in_turn */ select exists (select 1 from deliveries_in_turn \
             where channel = ?1)",
        )?
        .query_row([channel], |row| row.get(0))?;
    Ok(has_one.then(|| match lease_end {
        Some(end) if (horizon.now..=horizon.lease_max).contains(&end) => end + 1,
        Some(_) => horizon.now,
        None if probe_at > horizon.due_max => horizon.now,
        None => probe_at.max(horizon.now),
    }))
}

fn claim_one(
    connection: &Connection,
    epoch: i64,
    horizon: &Horizon,
    channel: &str,
) -> rusqlite::Result<Option<Claimed>> {
    connection
        .prepare_cached(
            "/* outbox.free_expired */ update deliveries set state = 'pending', \
             lease_until = null, epoch = null where channel = ?1 and state = 'sending' \
             and (lease_until < ?2 or lease_until > ?3)",
        )?
        .execute((channel, horizon.now, horizon.lease_max))?;
    let is_parked = parked::probe_at(connection, channel)?.is_some();
    let claimed = connection
        .prepare_cached(
            "/* outbox.claim */ update deliveries set state = 'sending', lease_until = ?2, \
             epoch = ?3 where seq = (select seq from deliveries_in_turn where channel = ?1 \
             and state = 'pending' and (due_at <= ?4 or due_at > ?5 or ?6) order by seq limit 1) \
             returning id, created_at, attempts, minimal",
        )?
        .query_row(
            (channel, horizon.lease_until, epoch, horizon.now, horizon.due_max, is_parked),
            |row| {
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
            },
        )
        .optional()?;
    let Some(mut claimed) = claimed else { return Ok(None) };
    claimed.notifications = connection
        .prepare_cached(
            "/* outbox.notifications */ select body from notifications where delivery_id = ?1 \
             order by id",
        )?
        .query_map([claimed.id.to_string()], |row| column::json(row, "body"))?
        .collect::<rusqlite::Result<_>>()?;
    claimed.thread = thread(connection, channel, &claimed.id.to_string())?;
    Ok(Some(claimed))
}

/// The thread that all of a delivery is about, if it is one.
fn thread(
    connection: &Connection,
    channel: &str,
    delivery: &str,
) -> rusqlite::Result<Option<Thread>> {
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
pub(super) fn record(
    connection: &Connection,
    attempt: &Attempt,
) -> rusqlite::Result<Option<Vec<TransitionRecord>>> {
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
    parked::after_attempt(connection, attempt).map(Some)
}

/// Gives a claim back; the delivery is due as it was.
pub(super) fn release(connection: &Connection, id: Uuid, epoch: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "/* outbox.release */ update deliveries set state = 'pending', lease_until = null, \
             epoch = null where id = ?1 and state = 'sending' and epoch = ?2",
        )?
        .execute((id.to_string(), epoch))?;
    Ok(())
}

/// What waits, and what was given up.
pub(super) fn status(connection: &Connection, now: Timestamp) -> rusqlite::Result<OutboxStatus> {
    let (pending, oldest): (u64, Option<i64>) = connection
        .prepare_cached(
            "/* outbox.status */ select count(*) as pending, min(created_at) as oldest from deliveries \
             where state in ('pending', 'sending')",
        )?
        .query_row([], |row| Ok((column::unsigned(row, "pending")?, row.get("oldest")?)))?;
    let waiting = connection
        .prepare_cached(
            "/* outbox.waiting */ select count(*) as waiting from notifications \
             where delivery_id is null",
        )?
        .query_row([], |row| column::unsigned(row, "waiting"))?;
    let due: Option<i64> = connection
        .prepare_cached(
            "/* outbox.overdue */ select min(due_at) from deliveries \
             where state in ('pending', 'sending') and state = 'pending' and channel not in (select channel from parked)",
        )?
        .query_row([], |row| row.get(0))?;
    let abandoned = connection
        .prepare_cached(
            "/* outbox.abandoned */ select count(*) as abandoned from deliveries \
             where state = 'abandoned'",
        )?
        .query_row([], |row| column::unsigned(row, "abandoned"))?;
    let ago = |at: i64| {
        let age = column::ms(now).saturating_sub(at);
        Duration::from_millis(u64::try_from(age).unwrap_or(0))
    };
    Ok(OutboxStatus {
        pending: pending + waiting,
        oldest: oldest.map(ago),
        overdue: due.map(ago).unwrap_or_default(),
        abandoned,
    })
}
