//! Who hears of one change of one incident: whom the routes name, corrected by who heard of it before.
//!
//! "Resolved" goes to whoever was told that it is open, whatever the routes say by now, and to nobody
//! else: a resolved message that is lost, or that comes out of the blue, costs trust.

use crate::store::sql;
use std::collections::BTreeMap;

use crate::store::sql::Connection;

use super::column;
use super::incidents;
use super::tell::facts_of;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::notification::Notification;
use crate::policy::Policy;
use crate::route::Destination;
use crate::route::Facts;
use crate::store::ToldOpen;

/// The last notification of one incident on one channel.
#[derive(Clone, Debug)]
pub(in crate::store) struct Heard {
    pub(in crate::store) id: i64,
    /// In milliseconds.
    pub(in crate::store) at: i64,
    /// Whether it said that the incident is over.
    pub(in crate::store) resolved: bool,
}

/// What each channel last heard of an incident; a channel that never heard of it is not there.
pub(in crate::store) fn heard(
    connection: &Connection,
    incident: IncidentId,
) -> sql::Result<BTreeMap<String, Heard>> {
    connection
        .prepare_cached(
            "/* audience.heard */ select n.id, n.channel, n.type, n.created_at from ( \
             select max(id) as id from notifications where incident_id = ?1 group by channel) last \
             join notifications n on n.id = last.id",
        )?
        .query_map([incidents::stored(incident)], |row| {
            let word: String = row.get("type")?;
            let resolved = word == "incident.resolved";
            let heard = Heard { id: row.get("id")?, at: row.get("created_at")?, resolved };
            Ok((row.get("channel")?, heard))
        })?
        .collect()
}

/// One notification as it was put into the outbox.
pub(in crate::store) fn body(
    connection: &Connection,
    notification: i64,
) -> sql::Result<Notification> {
    connection
        .prepare_cached("/* audience.body */ select body from notifications where id = ?1")?
        .query_row([notification], |row| column::json(row, "body"))
}

/// What a channel was last told of each incident that is open and that it does not know to be over,
/// and whether it took that in its minimal form only. Only what arrived counts: what is on its way is
/// the outbox's business.
pub(in crate::store) fn told_open(
    connection: &Connection,
    channel: &str,
) -> sql::Result<Vec<ToldOpen>> {
    connection
        .prepare_cached(
            "/* audience.told_open */ select n.body, (select minimal from deliveries \
             where id = n.delivery_id) as minimal from incidents i join notifications n \
             on n.id = (select max(l.id) from notifications l join deliveries d \
             on d.id = l.delivery_id and d.state = 'delivered' \
             where l.incident_id = i.id and l.channel = ?1) \
             where i.state <> 'resolved' and n.type <> 'incident.resolved' order by i.id",
        )?
        .query_map([channel], |row| {
            Ok(ToldOpen { notification: column::json(row, "body")?, minimal: row.get("minimal")? })
        })?
        .collect()
}

/// Whom the routes name. What is about a channel is told on other channels: where the routes name
/// none that takes messages, on one that does as well; and where there is none, on whichever there is.
pub(in crate::store) fn routed<'a>(
    connection: &Connection,
    policy: &'a Policy,
    kind: IncidentKind,
    subject: &str,
    facts: &Facts<'_>,
) -> sql::Result<Vec<Destination<'a>>> {
    let mut destinations = policy.destinations(facts);
    if kind != IncidentKind::ChannelParked {
        return Ok(destinations);
    }
    destinations.retain(|it| it.channel != subject);
    let silent = super::unheard::silent(connection)?;
    if destinations.iter().all(|it| silent.contains(&it.channel)) {
        let others = || policy.channels.iter().filter(|it| *it != subject);
        let working = others().find(|it| !silent.contains(*it));
        // Where none works it waits for whichever is mended first.
        let other = working.or_else(|| others().next().filter(|_| destinations.is_empty()));
        destinations.extend(other.and_then(|it| policy.towards(it, facts)));
    }
    Ok(destinations)
}

/// Who hears that an incident is resolved.
pub(in crate::store) fn resolved<'a>(
    connection: &Connection,
    policy: &'a Policy,
    id: IncidentId,
    kind: IncidentKind,
    subject: &str,
    facts: &Facts<'_>,
    heard: &BTreeMap<String, Heard>,
) -> sql::Result<Vec<Destination<'a>>> {
    let mut destinations = routed(connection, policy, kind, subject, facts)?;
    let expects = |channel: &String| heard.get(channel).is_some_and(|it| !it.resolved);
    // Whoever was told on a channel that is gone reads another one now.
    let moved = heard.keys().any(|it| expects(it) && !policy.channels.contains(it));
    destinations.retain(|it| expects(&it.channel) || (moved && !heard.contains_key(&it.channel)));
    for (channel, last) in heard {
        let is_known = policy.channels.contains(channel);
        if !is_known || !expects(channel) || destinations.iter().any(|it| it.channel == *channel) {
            continue;
        }
        // As the route told it that led there then.
        let last = body(connection, last.id)?;
        let id = id.to_string();
        let then = facts_of(&last, kind, &id);
        let by_route = policy.destinations(&then).into_iter().find(|it| it.channel == *channel);
        destinations.extend(by_route.or_else(|| policy.towards(channel, facts)));
    }
    destinations.retain(|it| it.route.send_resolved);
    Ok(destinations)
}
