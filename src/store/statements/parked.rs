//! Channels that are broken: parks them, gives them one try an hour, and says what an attempt means
//! for its channel.
//!
//! All of it happens in the transaction that records the attempt it follows from.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use jiff::Timestamp;

use super::about_channel;
use super::about_channel::Cause;
use super::column;
use super::failing;
use super::failing::Way;
use super::unheard;
use crate::incident::IncidentId;
use crate::incident::Reason;
use crate::policy::Policy;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::Parked;
use crate::store::Resend;
use crate::store::ResendEnd;
use crate::store::TransitionRecord;

/// After a message was given up, the next try on a parked channel comes so much later.
const PROBE_AGAIN: Duration = Duration::from_hours(1);

/// Every parked channel, by name.
pub(in crate::store) fn all(connection: &Connection) -> sql::Result<Vec<Parked>> {
    connection
        .prepare_cached(
            "/* parked.all */ select channel, since, failure, detail from parked order by channel",
        )?
        .query_map((), |row| {
            Ok(Parked {
                channel: row.get("channel")?,
                since: column::instant(row, "since")?,
                failure: row.get("failure")?,
                detail: row.get("detail")?,
            })
        })?
        .collect()
}

/// When the next try on a channel is made, in milliseconds; `None` where it is not parked.
pub(in crate::store) fn probe_at(
    connection: &Connection,
    channel: &str,
) -> sql::Result<Option<i64>> {
    connection
        .prepare_cached("/* parked.probe_at */ select probe_at from parked where channel = ?1")?
        .query_row([channel], |row| row.get(0))
        .optional()
}

/// Makes the next try on parked channels now: all of them, or one.
pub(in crate::store) fn probe(
    connection: &Connection,
    channel: Option<&str>,
    now: Timestamp,
) -> sql::Result<usize> {
    connection
        .prepare_cached(
            "/* parked.probe */ update parked set probe_at = ?1 \
             where probe_at > ?1 and coalesce(channel = ?2, true)",
        )?
        .execute((column::ms(now), channel))
}

/// What an attempt that was recorded means for its channel.
pub(in crate::store) fn after_attempt(
    connection: &Connection,
    attempt: &Attempt,
) -> sql::Result<Vec<TransitionRecord>> {
    let delivery = attempt.delivery.to_string();
    let channel: String = connection
        .prepare_cached("/* parked.channel_of */ select channel from deliveries where id = ?1")?
        .query_row([&delivery], |row| row.get(0))?;
    let (policy, at) = (&*attempt.policy, attempt.at);
    let transition = match &attempt.end {
        AttemptEnd::Delivered { .. } => {
            let was_parked = unpark(connection, &channel, at)?;
            let was_failing = failing::clear(connection, &channel, None)? > 0;
            let reason = Reason::ChannelDelivers;
            let resolved = about_channel::resolve(connection, &channel, reason, policy, at)?;
            if was_parked || was_failing {
                // There is somebody again who can be told of the others.
                unheard::spread(connection, policy, at)?;
            }
            resolved
        }
        AttemptEnd::Again { due_at, failure, detail, .. } if attempt.broken => {
            let said = (failure.as_str(), detail.as_str());
            broke(connection, &channel, *due_at, said, policy, at)?
        }
        AttemptEnd::Again { due_at, failure, detail, .. } => {
            failed(connection, &channel, Way::Delivery, (failure, detail), *due_at, at)?;
            None
        }
        AttemptEnd::Abandoned { failure, detail } => {
            let probe_at = at.checked_add(PROBE_AGAIN).unwrap_or(Timestamp::MAX);
            if attempt.broken {
                park(connection, &channel, probe_at, failure, detail, at)?;
                failing::clear(connection, &channel, None)?;
            } else {
                failed(connection, &channel, Way::Delivery, (failure, detail), probe_at, at)?;
            }
            let lost = lost(connection, &delivery)?;
            let cause = Cause::GaveUp { delivery: &delivery, lost: &lost, detail };
            let told = about_channel::tell_of(connection, &channel, &cause, policy, at)?;
            unheard::spread(connection, policy, at)?;
            told
        }
    };
    Ok(transition.into_iter().collect())
}

/// Whether telling an Alertmanager again was in trouble the last time.
pub(in crate::store) fn resend_is_in_trouble(
    connection: &Connection,
    channel: &str,
) -> sql::Result<bool> {
    Ok(probe_at(connection, channel)?.is_some()
        || failing::is_any(connection, channel, Some(Way::Resend))?)
}

/// What it means for a channel that what is open there was told again, or could not be.
pub(in crate::store) fn after_resend(
    connection: &Connection,
    resend: &Resend,
) -> sql::Result<Vec<TransitionRecord>> {
    let (channel, policy, at) = (resend.channel.as_str(), &*resend.policy, resend.at);
    let transition = match &resend.end {
        ResendEnd::Taken => {
            unpark(connection, channel, at)?;
            failing::clear(connection, channel, Some(Way::Resend))?;
            unheard::spread(connection, policy, at)?;
            // A message that was given up, or does not get through, is another matter.
            let is_whole = !failing::is_any(connection, channel, None)?
                && !about_channel::has_given_up(connection, channel)?;
            let reason = Reason::ChannelDelivers;
            if is_whole {
                about_channel::resolve(connection, channel, reason, policy, at)?
            } else {
                None
            }
        }
        ResendEnd::Failed { failure, detail } => {
            let probe_at = at.checked_add(PROBE_AGAIN).unwrap_or(Timestamp::MAX);
            failed(connection, channel, Way::Resend, (failure, detail), probe_at, at)?;
            None
        }
        ResendEnd::Broken { failure, detail, due_at } => {
            broke(connection, channel, *due_at, (failure, detail), policy, at)?
        }
    };
    Ok(transition.into_iter().collect())
}

/// The receiver says that the channel is wrong.
fn broke(
    connection: &Connection,
    channel: &str,
    probe_at: Timestamp,
    (failure, detail): (&str, &str),
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Option<TransitionRecord>> {
    let was_parked = self::probe_at(connection, channel)?.is_some();
    park(connection, channel, probe_at, failure, detail, now)?;
    failing::clear(connection, channel, None)?;
    if was_parked {
        return Ok(None);
    }
    let cause = Cause::Broken { detail };
    let told = about_channel::tell_of(connection, channel, &cause, policy, now)?;
    // What it was to tell of other channels waits too.
    unheard::spread(connection, policy, now)?;
    Ok(told)
}

/// The receiver has trouble. Of a parked channel it is not known whether it is still wrong.
fn failed(
    connection: &Connection,
    channel: &str,
    way: Way,
    said: (&str, &str),
    probe_at: Timestamp,
    now: Timestamp,
) -> sql::Result<()> {
    if self::probe_at(connection, channel)?.is_some() {
        return probe_later(connection, channel, probe_at);
    }
    failing::note(connection, channel, way, said, now)
}

/// The incidents that a delivery tells of.
fn lost(connection: &Connection, delivery: &str) -> sql::Result<Vec<IncidentId>> {
    connection
        .prepare_cached(
            "/* parked.lost */ select distinct incident_id from notifications \
             where delivery_id = ?1 order by incident_id",
        )?
        .query_map([delivery], |row| column::unsigned(row, "incident_id").map(IncidentId))?
        .collect()
}

/// Forgets channels that are not configured any more, and resolves what was open about them.
pub(in crate::store) fn forget_removed(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<TransitionRecord>> {
    let mut resolved = Vec::new();
    for channel in removed(connection, policy)? {
        connection
            .prepare_cached("/* parked.forget */ delete from parked where channel = ?1")?
            .execute([&channel])?;
        failing::clear(connection, &channel, None)?;
        let reason = Reason::ChannelRemoved;
        resolved.extend(about_channel::resolve(connection, &channel, reason, policy, now)?);
    }
    Ok(resolved)
}

/// Channels that are parked or fail, or that an incident is open about, and that are not configured
/// any more.
pub(in crate::store) fn removed(
    connection: &Connection,
    policy: &Policy,
) -> sql::Result<Vec<String>> {
    let mut channels: Vec<String> = connection
        .prepare_cached(
            "/* parked.told_of */ select channel from parked union select channel from failing \
             union select subject from incidents \
             where kind = 'channel_parked' and state <> 'resolved'",
        )?
        .query_map((), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    channels.retain(|it| !policy.channels.contains(it));
    Ok(channels)
}

fn park(
    connection: &Connection,
    channel: &str,
    probe_at: Timestamp,
    failure: &str,
    detail: &str,
    now: Timestamp,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* parked.park */ insert into parked (channel, since, failure, detail, probe_at) \
             values (?1, ?2, ?3, ?4, ?5) on conflict (channel) do update set \
             failure = excluded.failure, detail = excluded.detail, probe_at = excluded.probe_at",
        )?
        .execute((channel, column::ms(now), failure, detail, column::ms(probe_at)))?;
    Ok(())
}

/// The receiver has other trouble now; whether the channel is still wrong is not known.
fn probe_later(connection: &Connection, channel: &str, at: Timestamp) -> sql::Result<()> {
    connection
        .prepare_cached("/* parked.later */ update parked set probe_at = ?2 where channel = ?1")?
        .execute((channel, column::ms(at)))?;
    Ok(())
}

/// Whether it was parked.
fn unpark(connection: &Connection, channel: &str, now: Timestamp) -> sql::Result<bool> {
    let unparked = connection
        .prepare_cached("/* parked.unpark */ delete from parked where channel = ?1")?
        .execute([channel])?;
    if unparked > 0 {
        // What waited because of that waits no longer.
        connection
            .prepare_cached(
                "/* parked.due */ update deliveries set due_at = ?2 where channel = ?1 \
                 and state = 'pending' and due_at > ?2",
            )?
            .execute((channel, column::ms(now)))?;
    }
    Ok(unparked > 0)
}
