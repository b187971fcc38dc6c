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
use super::incidents;
use crate::backoff;
use crate::incident::IncidentId;
use crate::notification::Notification;
use crate::route::Destination;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::Claim;
use crate::store::Claimed;
use crate::store::OutboxStatus;

/// Puts one notification for one channel into the outbox, with a delivery of its own that is due at
/// once.
pub(super) fn put(
    connection: &Connection,
    incident: IncidentId,
    notification: &Notification,
    destination: &Destination<'_>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let body = column::to_json(notification)?;
    let Destination { channel, route, group } = destination;
    let delivery = new_id(now).to_string();
    connection
        .prepare_cached(
            "/* outbox.put_delivery */ insert into deliveries (id, channel, state, created_at, \
             due_at) values (?1, ?2, 'pending', ?3, ?3)",
        )?
        .execute((&delivery, channel, column::ms(now)))?;
    connection
        .prepare_cached(
            "/* outbox.put_notification */ insert into notifications (incident_id, channel, \
             type, reason, created_at, body, delivery_id, group_key, group_wait_ms, \
             group_interval_ms) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            incidents::stored(incident),
            channel,
            notification.kind.word(),
            &notification.reason,
            column::ms(now),
            &body,
            &delivery,
            group,
            millis(route.group_wait),
            millis(route.group_interval),
        ))?;
    Ok(())
}

fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX)
}

/// A time-ordered id (UUID version 7) of that instant.
fn new_id(now: Timestamp) -> Uuid {
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

/// When something happens next where nothing can be claimed now; `None` where something can.
pub(super) fn peek(
    connection: &Connection,
    horizon: &Horizon,
    busy: &[String],
) -> rusqlite::Result<Option<Claim>> {
    let dues = dues(connection, horizon, busy)?;
    let next_due = dues.iter().map(|(_, due)| *due).min();
    let nothing_now = next_due.is_none_or(|due| due > horizon.now);
    if !nothing_now {
        return Ok(None);
    }
    let next_due = next_due.map(column::from_ms).transpose()?;
    Ok(Some(Claim { deliveries: Vec::new(), next_due }))
}

/// Claims at most one due delivery for each channel that is not busy.
pub(super) fn claim(
    connection: &Connection,
    epoch: i64,
    horizon: &Horizon,
    busy: &[String],
) -> rusqlite::Result<Claim> {
    let mut claim = Claim { deliveries: Vec::new(), next_due: None };
    let mut next_due: Option<i64> = None;
    for (channel, due) in dues(connection, horizon, busy)? {
        if due > horizon.now {
            next_due = Some(next_due.map_or(due, |it| it.min(due)));
        } else if let Some(it) = claim_one(connection, epoch, horizon, &channel)? {
            claim.deliveries.push(it);
        }
    }
    claim.next_due = next_due.map(column::from_ms).transpose()?;
    Ok(claim)
}

/// For each channel that is not busy, when its next delivery is due or a lease of it ends, in
/// milliseconds.
fn dues(
    connection: &Connection,
    horizon: &Horizon,
    busy: &[String],
) -> rusqlite::Result<Vec<(String, i64)>> {
    let dues = connection
        .prepare_cached(
            "/* outbox.dues */ select channel, min(case state when 'sending' \
             then iif(lease_until > ?3, ?1, lease_until + 1) \
             else iif(due_at > ?2, ?1, due_at) end) from deliveries_in_turn group by channel",
        )?
        .query_map((horizon.now, horizon.due_max, horizon.lease_max), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<Vec<(String, i64)>>>()?;
    Ok(dues.into_iter().filter(|(channel, _)| !busy.contains(channel)).collect())
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
    let claimed = connection
        .prepare_cached(
            "/* outbox.claim */ update deliveries set state = 'sending', lease_until = ?2, \
             epoch = ?3 where seq = (select seq from deliveries_in_turn where channel = ?1 \
             and state = 'pending' and (due_at <= ?4 or due_at > ?5) order by seq limit 1) \
             returning id, created_at, attempts, minimal",
        )?
        .query_row((channel, horizon.lease_until, epoch, horizon.now, horizon.due_max), |row| {
            let id: String = row.get("id")?;
            let attempts: u32 = row.get("attempts")?;
            Ok(Claimed {
                id: Uuid::parse_str(&id).map_err(|error| column::unreadable("id", error))?,
                channel: channel.to_owned(),
                created_at: column::instant(row, "created_at")?,
                attempt: attempts.saturating_add(1),
                minimal: row.get("minimal")?,
                notifications: Vec::new(),
                epoch,
            })
        })
        .optional()?;
    let Some(mut claimed) = claimed else { return Ok(None) };
    claimed.notifications = connection
        .prepare_cached(
            "/* outbox.notifications */ select body from notifications where delivery_id = ?1 \
             order by id",
        )?
        .query_map([claimed.id.to_string()], |row| column::json(row, "body"))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(claimed))
}

/// Records how an attempt ended; false where its claim is not held any more.
pub(super) fn record(connection: &Connection, attempt: &Attempt) -> rusqlite::Result<bool> {
    let id = attempt.delivery.to_string();
    let at = column::ms(attempt.at);
    let (outcome, state, due_at, ended_at, minimal, failure, detail) = match &attempt.end {
        AttemptEnd::Delivered { answer } => {
            ("delivered", "delivered", None, Some(at), false, None, answer)
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
        return Ok(false);
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
    Ok(true)
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
    let abandoned = connection
        .prepare_cached(
            "/* outbox.abandoned */ select count(*) as abandoned from deliveries \
             where state = 'abandoned'",
        )?
        .query_row([], |row| column::unsigned(row, "abandoned"))?;
    let oldest = oldest.map(|it| {
        let age = column::ms(now).saturating_sub(it);
        Duration::from_millis(u64::try_from(age).unwrap_or(0))
    });
    Ok(OutboxStatus { pending, oldest, abandoned })
}
