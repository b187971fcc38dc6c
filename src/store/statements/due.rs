//! What of the outbox is due, and when the next of it is: looked up, never searched.
//!
//! A receiver that is ill for hours has thousands of deliveries waiting, and every commit and every
//! attempt on any channel asks what is due. So each statement here is a lookup in an index, whose cost
//! is that of what is due and not of what waits; `tests/waiting.rs` counts their steps.
//!
//! What has been due for longest goes first: a message that was tried in vain gives way to those that
//! were not tried yet. Of one incident the order is that of its notifications, whatever is due.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;

use super::column;
use super::parked;
use crate::backoff;

/// A clock may be set back by this much before it is taken for a jump.
const STEP_MAX: Duration = Duration::from_mins(1);

/// What is due, in milliseconds. Due times and leases were written by a clock that may have been set
/// back since: whatever lies further ahead than any wait could is due now, or it would be held up
/// for as long as the clock jumped.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Horizon {
    pub(in crate::store) now: i64,
    /// No due time that this clock wrote is later.
    pub(in crate::store) due_max: i64,
    /// Of a claim made now.
    pub(in crate::store) lease_until: i64,
    /// No lease that this clock wrote ends later.
    pub(in crate::store) lease_max: i64,
}

impl Horizon {
    pub(in crate::store) fn new(now: Timestamp, lease: Duration) -> Self {
        let ahead = |by: Duration| column::ms(now.checked_add(by).unwrap_or(Timestamp::MAX));
        Self {
            now: column::ms(now),
            due_max: ahead(backoff::WAIT_MAX + STEP_MAX),
            lease_until: ahead(lease),
            lease_max: ahead(lease + STEP_MAX),
        }
    }
}

/// Channels that have something to send and are not busy, by name.
pub(in crate::store) fn channels(
    connection: &Connection,
    busy: &[String],
) -> sql::Result<Vec<String>> {
    // From one channel to the next: `distinct` would read every delivery that waits.
    let mut channels: Vec<String> = connection
        .prepare_cached(
            "/* due.channels */ with recursive channels (channel) as ( \
             select min(channel) from deliveries where state in ('pending', 'sending') union all \
             select (select min(d.channel) from deliveries d \
             where d.state in ('pending', 'sending') and d.channel > c.channel) \
             from channels c where c.channel is not null) \
             select channel from channels where channel is not null",
        )?
        .query_map((), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    channels.retain(|it| !busy.contains(it));
    Ok(channels)
}

/// Until when a channel is somebody else's: another replica is sending to it, or has just done so and its receiver
/// wants a pause. `None` where it is free, and where nobody shares the state.
pub(in crate::store) fn held_up(
    connection: &Connection,
    horizon: &Horizon,
    channel: &str,
) -> sql::Result<Option<i64>> {
    if !connection.is_shared() {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "/* due.held_up */ select max(until) from ( \
             select lease_until + 1 as until from deliveries where channel = ?1 \
             and state = 'sending' and lease_until between ?2 and ?3 union all \
             select next_at from paces where channel = ?1 and next_at between ?2 + 1 and ?3) times",
        )?
        .query_row((channel, horizon.now, horizon.lease_max), |row| row.get(0))
}

/// Notes that the next message may go to a channel at `next_at`.
pub(in crate::store) fn pause(
    connection: &Connection,
    channel: &str,
    next_at: i64,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* due.pause */ insert into paces (channel, next_at) values (?1, ?2) \
             on conflict (channel) do update set next_at = excluded.next_at",
        )?
        .execute((channel, next_at))?;
    Ok(())
}

/// When something of a channel can be claimed, in milliseconds, as far as its own times tell.
pub(in crate::store) fn at(
    connection: &Connection,
    horizon: &Horizon,
    channel: &str,
) -> sql::Result<Option<i64>> {
    if let Some(probe_at) = parked::probe_at(connection, channel)? {
        return at_parked(connection, horizon, channel, probe_at);
    }
    // One range of an index each: with `or` it would be all of the channel. The last are those that a
    // claim puts off, once it is known when what they wait for is due.
    let is_due: bool = connection
        .prepare_cached(
            "/* due.is_due */ select case \
             when exists (select 1 from deliveries d indexed by deliveries_pending \
             where d.channel = ?1 and d.state = 'pending' and d.due_at <= ?2 \
             and exists (select 1 from deliveries_in_turn t where t.seq = d.seq)) then true \
             when exists (select 1 from deliveries d indexed by deliveries_pending \
             where d.channel = ?1 and d.state = 'pending' and d.due_at > ?4 \
             and exists (select 1 from deliveries_in_turn t where t.seq = d.seq)) then true \
             when exists (select 1 from deliveries d indexed by deliveries_sending \
             where d.channel = ?1 and d.state = 'sending' \
             and (d.lease_until < ?2 or d.lease_until > ?3) \
             and exists (select 1 from deliveries_in_turn t where t.seq = d.seq)) then true \
             when exists (select 1 from deliveries where channel = ?1 and state = 'sending') \
             then false \
             else exists (select 1 from deliveries indexed by deliveries_pending \
             where channel = ?1 and state = 'pending' and due_at <= ?2 and attempts = 0) end",
        )?
        .query_row((channel, horizon.now, horizon.lease_max, horizon.due_max), |row| row.get(0))?;
    if is_due {
        return Ok(Some(horizon.now));
    }
    // Those whose turn it is not are not told apart: their times come after those they wait for, or
    // wake somebody for nothing.
    connection
        .prepare_cached(
            "/* due.next_at */ select min(at) from ( \
             select min(due_at) as at from deliveries indexed by deliveries_pending \
             where channel = ?1 and state = 'pending' and due_at > ?2 union all \
             select min(lease_until) + 1 from deliveries indexed by deliveries_sending \
             where channel = ?1 and state = 'sending' and lease_until >= ?2) times",
        )?
        .query_row((channel, horizon.now), |row| row.get(0))
}

/// The same of a parked channel: the one try that it gets.
fn at_parked(
    connection: &Connection,
    horizon: &Horizon,
    channel: &str,
    probe_at: i64,
) -> sql::Result<Option<i64>> {
    let lease_end: Option<i64> = connection
        .prepare_cached(
            "/* due.parked_lease */ select max(lease_until) from deliveries \
             where channel = ?1 and state = 'sending'",
        )?
        .query_row([channel], |row| row.get(0))?;
    let has_one: bool = connection
        .prepare_cached(
            "/* due.parked_in_turn */ select exists (select 1 from deliveries d \
             indexed by deliveries_waiting where d.channel = ?1 \
             and d.state in ('pending', 'sending') \
             and exists (select 1 from deliveries_in_turn t where t.seq = d.seq))",
        )?
        .query_row([channel], |row| row.get(0))?;
    Ok(has_one.then(|| match lease_end {
        Some(end) if (horizon.now..=horizon.lease_max).contains(&end) => end + 1,
        Some(_) => horizon.now,
        None if probe_at > horizon.due_max => horizon.now,
        None => probe_at.max(horizon.now),
    }))
}

/// Since when the oldest of what waits for a channel does, and since when its first is due; both in
/// milliseconds.
pub(in crate::store) fn since(
    connection: &Connection,
    channel: &str,
) -> sql::Result<(Option<i64>, Option<i64>)> {
    connection
        .prepare_cached(
            "/* due.since */ select (select min(created_at) from deliveries where channel = ?1 \
             and state in ('pending', 'sending')), (select min(due_at) from deliveries \
             where channel = ?1 and state = 'pending')",
        )?
        .query_row([channel], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The delivery that is the one try of a parked channel: its oldest, whenever that is due.
pub(in crate::store) fn probe(connection: &Connection, channel: &str) -> sql::Result<Option<i64>> {
    connection
        .prepare_cached(
            "/* due.probe */ select d.seq from deliveries d indexed by deliveries_waiting \
             where d.channel = ?1 and d.state in ('pending', 'sending') and d.state = 'pending' \
             and exists (select 1 from deliveries_in_turn t where t.seq = d.seq) \
             order by d.created_at, d.seq limit 1",
        )?
        .query_row([channel], |row| row.get(0))
        .optional()
}
