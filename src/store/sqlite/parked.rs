//! Channels that are broken: parks them, gives them one try an hour, and opens and resolves the
//! incidents about channels.
//!
//! All of it happens in the transaction that records the attempt it follows from.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;

use super::column;
use super::incidents;
use super::tell::Change;
use super::tell::tell;
use crate::finding::Severity;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::News;
use crate::notification::news;
use crate::policy::Policy;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::Parked;
use crate::store::TransitionRecord;

/// After a message was given up, the next try on a parked channel comes so much later.
const PROBE_AGAIN: Duration = Duration::from_hours(1);

/// Every parked channel, by name.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Parked>> {
    connection
        .prepare_cached(
            "/* parked.all */ select channel, since, failure, detail from parked order by channel",
        )?
        .query_map([], |row| {
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
pub(super) fn probe_at(connection: &Connection, channel: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("/* parked.probe_at */ select probe_at from parked where channel = ?1")?
        .query_row([channel], |row| row.get(0))
        .optional()
}

/// Makes the next try on parked channels now: all of them, or one.
pub(super) fn probe(
    connection: &Connection,
    channel: Option<&str>,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "/* parked.probe */ update parked set probe_at = ?1 \
             where probe_at > ?1 and coalesce(channel = ?2, true)",
        )?
        .execute((column::ms(now), channel))
}

/// What an attempt that was recorded means for its channel.
pub(super) fn after_attempt(
    connection: &Connection,
    attempt: &Attempt,
) -> rusqlite::Result<Vec<TransitionRecord>> {
    let channel: String = connection
        .prepare_cached("/* parked.channel_of */ select channel from deliveries where id = ?1")?
        .query_row([attempt.delivery.to_string()], |row| row.get(0))?;
    let (policy, at) = (&*attempt.policy, attempt.at);
    let opened = match &attempt.end {
        AttemptEnd::Delivered { .. } => {
            unpark(connection, &channel, at)?;
            resolve(connection, &channel, Reason::ChannelDelivers, policy, at)?
        }
        AttemptEnd::Again { due_at, failure, detail, .. } if attempt.broken => {
            park(connection, &channel, *due_at, failure, detail, at)?;
            open(connection, &channel, Reason::ChannelBroken, detail, policy, at)?
        }
        AttemptEnd::Again { due_at, .. } => {
            probe_later(connection, &channel, *due_at)?;
            None
        }
        AttemptEnd::Abandoned { failure, detail } => {
            let probe_at = at.checked_add(PROBE_AGAIN).unwrap_or(Timestamp::MAX);
            if attempt.broken {
                park(connection, &channel, probe_at, failure, detail, at)?;
            } else {
                probe_later(connection, &channel, probe_at)?;
            }
            open(connection, &channel, Reason::DeliveryAbandoned, detail, policy, at)?
        }
    };
    Ok(opened.into_iter().collect())
}

/// Forgets channels that are not configured any more, and resolves what was open about them.
pub(super) fn forget_removed(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> rusqlite::Result<Vec<TransitionRecord>> {
    let mut resolved = Vec::new();
    for channel in removed(connection, policy)? {
        connection
            .prepare_cached("/* parked.forget */ delete from parked where channel = ?1")?
            .execute([&channel])?;
        resolved.extend(resolve(connection, &channel, Reason::ChannelRemoved, policy, now)?);
    }
    Ok(resolved)
}

/// Channels that are parked, or that an incident is open about, and that are not configured any more.
pub(super) fn removed(connection: &Connection, policy: &Policy) -> rusqlite::Result<Vec<String>> {
    let mut channels: Vec<String> = connection
        .prepare_cached(
            "/* parked.told_of */ select channel from parked union select subject from incidents \
             where kind = 'channel_parked' and state <> 'resolved'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
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
) -> rusqlite::Result<()> {
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
fn probe_later(connection: &Connection, channel: &str, at: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached("/* parked.later */ update parked set probe_at = ?2 where channel = ?1")?
        .execute((channel, column::ms(at)))?;
    Ok(())
}

fn unpark(connection: &Connection, channel: &str, now: Timestamp) -> rusqlite::Result<()> {
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
    Ok(())
}

/// The incident that is open about a channel.
fn current(connection: &Connection, channel: &str) -> rusqlite::Result<Option<Incident>> {
    let open = incidents::open_of(connection, channel)?;
    Ok(open.into_iter().find(|it| it.kind == IncidentKind::ChannelParked))
}

fn open(
    connection: &Connection,
    channel: &str,
    reason: Reason,
    detail: &str,
    policy: &Policy,
    now: Timestamp,
) -> rusqlite::Result<Option<TransitionRecord>> {
    if current(connection, channel)?.is_some() {
        return Ok(None);
    }
    let incident = Incident {
        id: IncidentId::UNASSIGNED,
        kind: IncidentKind::ChannelParked,
        subject: channel.to_owned(),
        state: IncidentState::Open,
        opened_at: now,
        changed_at: now,
        resolved_at: None,
        fingerprints: Vec::new(),
        flapping: false,
        clean_since: None,
        gone: BTreeMap::new(),
        acknowledged: None,
    };
    let (headline, diagnosis) = if reason == Reason::ChannelBroken {
        (
            format!("channel {channel} is broken: nobody is told anything there"),
            format!(
                "The receiver says that the channel itself is wrong: {detail}. What it should have \
                 heard waits; one message is tried each hour."
            ),
        )
    } else {
        (
            format!("channel {channel}: a message was given up, nobody was told there"),
            format!("The last try ended so: {detail}."),
        )
    };
    let steps = vec![
        format!("schemawarden notify-test {channel}"),
        format!("Mend `channels.{channel}` in the configuration, or its receiver, and reload."),
        // What waits, and what was given up and is still news.
        format!("schemawarden deliveries retry {channel}"),
    ];
    transition(
        connection,
        incident,
        Step::Opened,
        reason,
        (headline, vec![diagnosis], steps),
        policy,
        now,
    )
    .map(Some)
}

fn resolve(
    connection: &Connection,
    channel: &str,
    reason: Reason,
    policy: &Policy,
    now: Timestamp,
) -> rusqlite::Result<Option<TransitionRecord>> {
    let Some(current) = current(connection, channel)? else { return Ok(None) };
    let incident = Incident {
        state: IncidentState::Resolved,
        changed_at: now,
        resolved_at: Some(now),
        ..current
    };
    let headline = if reason == Reason::ChannelRemoved {
        format!("channel {channel} is no longer used (it left the configuration)")
    } else {
        format!("channel {channel} takes messages again")
    };
    let words = (headline, Vec::new(), Vec::new());
    transition(connection, incident, Step::Resolved, reason, words, policy, now).map(Some)
}

/// Saves a change of an incident about a channel and tells it: headline, diagnoses, next steps.
fn transition(
    connection: &Connection,
    mut incident: Incident,
    step: Step,
    reason: Reason,
    (headline, diagnoses, next_steps): (String, Vec<String>, Vec<String>),
    policy: &Policy,
    now: Timestamp,
) -> rusqlite::Result<TransitionRecord> {
    incident.id = incidents::save(connection, &incident, reason.word(), &[])?;
    let notification = news(News {
        incident: &incident,
        step,
        reason,
        manifest: "",
        labels: BTreeMap::new(),
        severity: Severity::Critical,
        headline,
        diagnoses,
        next_steps,
        now,
    });
    let change =
        Change { incident: &incident, step, reason, notification: &notification, new: &[] };
    tell(connection, policy, &change, now)?;
    Ok(TransitionRecord {
        incident: incident.id,
        kind: incident.kind,
        subject: incident.subject.clone(),
        step,
        reason,
    })
}
