//! Moves what waits for a channel that was renamed or removed to the channels that the routes name now.
//!
//! A notification keeps its id and with it its place in its incident's order, so that a moved
//! "opened" still goes before the "resolved" that was put there directly. A delivery keeps its id as
//! long as all that it carries goes one way.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;
use jiff::Timestamp;

use super::audience;
use super::column;
use super::groups;
use super::outbox::millis;
use super::tell::facts_of;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::policy::Policy;
use crate::store::Rerouted;

/// What the record of an abandoned one says.
const FAILURE: &str = "client";
const DETAIL: &str = "its channel left the config; every channel of the route was told";

/// A notification that waits for a channel that is not there.
struct Lost {
    id: i64,
    incident: i64,
    kind: IncidentKind,
    subject: String,
    channel: String,
    /// `None` where it is not in a delivery yet.
    delivery: Option<String>,
}

/// Where one notification goes.
enum Way {
    To(String),
    /// Every channel of its routes was told the same.
    Told,
    /// No route names a channel: it waits on.
    Nowhere,
}

/// Whether anything waits for a channel that is not known.
pub(in crate::store) fn is_any(connection: &Connection, policy: &Policy) -> sql::Result<bool> {
    let channels: Vec<String> = connection
        .prepare_cached(
            "/* reroute.channels */ select channel from deliveries \
             where state = 'pending' union select channel from notifications where delivery_id is null",
        )?
        .query_map((), |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    Ok(channels.iter().any(|it| !policy.channels.contains(it)))
}

/// Moves each of them, or ends it where there is nobody left to tell.
pub(in crate::store) fn reroute(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<Rerouted>> {
    // What travelled together goes on together, as far as it goes the same way.
    let mut parts: BTreeMap<(Option<String>, String, Option<String>), Vec<i64>> = BTreeMap::new();
    for it in lost(connection, policy)? {
        let to = match way(connection, policy, &it)? {
            Way::To(channel) => Some(channel),
            Way::Told => None,
            Way::Nowhere => continue,
        };
        let part = parts.entry((it.delivery.clone(), it.channel.clone(), to.clone())).or_default();
        part.push(it.id);
        if let Some(channel) = &to {
            change_channel(connection, policy, &it, channel)?;
        }
    }
    let mut kept: Option<String> = None;
    let mut counts: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    // Those that go somewhere come last of each delivery: they keep its id.
    for ((delivery, from, to), ids) in parts.into_iter().rev() {
        let keeps_id = delivery.is_some() && kept != delivery;
        match (&delivery, &to) {
            (Some(delivery), Some(channel)) if keeps_id => {
                let sql = "/* reroute.delivery */ update deliveries set channel = ?2, due_at = ?3, \
                           minimal = 0 where id = ?1";
                connection.prepare_cached(sql)?.execute((delivery, channel, column::ms(now)))?;
            }
            // The grouper has them, or makes a message of them.
            (None, Some(_)) => {}
            (Some(_), Some(channel)) => {
                let waiting = groups::by_id(connection, channel, &ids)?;
                groups::deliver(connection, channel, waiting, now)?;
            }
            (Some(delivery), None) if keeps_id => abandon(connection, delivery, now)?,
            (_, None) => {
                let waiting = groups::by_id(connection, &from, &ids)?;
                for id in groups::deliver(connection, &from, waiting, now)? {
                    abandon(connection, &id, now)?;
                }
            }
        }
        let messages = if delivery.is_some() { 1 } else { ids.len() };
        *counts.entry((from, to)).or_default() += messages;
        kept = delivery.or(kept);
    }
    let rerouted = |((from, to), deliveries)| Rerouted { from, to, deliveries };
    Ok(counts.into_iter().map(rerouted).collect())
}

fn lost(connection: &Connection, policy: &Policy) -> sql::Result<Vec<Lost>> {
    let mut lost: Vec<Lost> = connection
        .prepare_cached(
            "/* reroute.lost */ select n.id, n.incident_id, i.kind, i.subject, \
             n.channel, n.delivery_id from (select id from notifications \
             where delivery_id is null union all select w.id from deliveries d \
             join notifications w on w.delivery_id = d.id \
             where d.state = 'pending') waiting \
             join notifications n on n.id = waiting.id \
             join incidents i on i.id = n.incident_id order by n.id",
        )?
        .query_map((), |row| {
            Ok(Lost {
                id: row.get("id")?,
                incident: row.get("incident_id")?,
                kind: column::word(row, "kind", IncidentKind::from_word)?,
                subject: row.get("subject")?,
                channel: row.get("channel")?,
                delivery: row.get("delivery_id")?,
            })
        })?
        .collect::<sql::Result<_>>()?;
    lost.retain(|it| !policy.channels.contains(&it.channel));
    Ok(lost)
}

/// The first channel of its routes that was not told the same.
fn way(connection: &Connection, policy: &Policy, it: &Lost) -> sql::Result<Way> {
    let body = audience::body(connection, it.id)?;
    let id = IncidentId(u64::try_from(it.incident).unwrap_or(0)).to_string();
    let facts = facts_of(&body, it.kind, &id);
    let destinations = audience::routed(connection, policy, it.kind, &it.subject, &facts)?;
    for destination in &destinations {
        if !was_told(connection, it.id, &destination.channel)? {
            return Ok(Way::To(destination.channel.clone()));
        }
    }
    Ok(if destinations.is_empty() { Way::Nowhere } else { Way::Told })
}

/// Whether a channel has a notification as one of its own.
fn was_told(connection: &Connection, notification: i64, channel: &str) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* reroute.was_told */ select exists (select 1 from notifications n \
             join notifications e on e.incident_id = n.incident_id and e.channel = ?2 \
             and e.type = n.type and e.created_at = n.created_at where n.id = ?1)",
        )?
        .query_row((notification, channel), |row| row.get(0))
}

/// It is the new channel's from now on, gathered as its route there says.
fn change_channel(
    connection: &Connection,
    policy: &Policy,
    it: &Lost,
    channel: &str,
) -> sql::Result<()> {
    let body = audience::body(connection, it.id)?;
    let id = IncidentId(u64::try_from(it.incident).unwrap_or(0)).to_string();
    let facts = facts_of(&body, it.kind, &id);
    let destinations = audience::routed(connection, policy, it.kind, &it.subject, &facts)?;
    let Some(to) = destinations.into_iter().find(|it| it.channel == channel) else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "/* reroute.notification */ update notifications set channel = ?2, group_key = ?3, \
             group_wait_ms = ?4, group_interval_ms = ?5, single = ?6 where id = ?1",
        )?
        .execute((
            it.id,
            channel,
            &to.group,
            millis(to.route.group_wait),
            millis(to.route.group_interval),
            policy.one_by_one.contains(channel),
        ))?;
    Ok(())
}

fn abandon(connection: &Connection, delivery: &str, now: Timestamp) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* reroute.abandon */ update deliveries set state = 'abandoned', ended_at = ?2, \
             failure = ?3, detail = ?4 where id = ?1",
        )?
        .execute((delivery, column::ms(now), FAILURE, DETAIL))?;
    Ok(())
}
