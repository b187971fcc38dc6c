//! Moves what waits for a channel that was renamed or removed to the channels there are now.
//!
//! A notification keeps its id and with it its place in its incident's order, so that a moved
//! "opened" still goes before the "resolved" that was put there directly.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;

use super::column;
use crate::store::Rerouted;

/// What the record of an abandoned one says.
const FAILURE: &str = "client";
const DETAIL: &str = "its channel left the config; every channel of the route was told";

/// Deliveries that wait for a channel that is not known: id and channel, oldest first.
pub(super) fn lost(
    connection: &Connection,
    known: &[String],
) -> rusqlite::Result<Vec<(String, String)>> {
    let waiting = connection
        .prepare_cached(
            "/* reroute.lost */ select id, channel from deliveries where state = 'pending' \
             order by seq",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    Ok(waiting.into_iter().filter(|(_, channel)| !known.contains(channel)).collect())
}

/// Moves each of them, or ends it where there is nobody left to tell.
pub(super) fn reroute(
    connection: &Connection,
    known: &[String],
    route: &[String],
    now: Timestamp,
) -> rusqlite::Result<Vec<Rerouted>> {
    let mut counts: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for (delivery, from) in lost(connection, known)? {
        let mut to = None;
        for channel in route {
            if !was_told(connection, &delivery, channel)? {
                to = Some(channel.clone());
                break;
            }
        }
        match &to {
            Some(channel) => change_channel(connection, &delivery, channel, now)?,
            None => abandon(connection, &delivery, now)?,
        }
        *counts.entry((from, to)).or_default() += 1;
    }
    let rerouted = |((from, to), deliveries)| Rerouted { from, to, deliveries };
    Ok(counts.into_iter().map(rerouted).collect())
}

/// Whether a channel has every notification of a delivery as one of its own.
fn was_told(connection: &Connection, delivery: &str, channel: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "/* reroute.was_told */ select not exists ( \
             select 1 from notifications n where n.delivery_id = ?1 and not exists ( \
             select 1 from notifications e where e.incident_id = n.incident_id \
             and e.channel = ?2 and e.type = n.type and e.created_at = n.created_at))",
        )?
        .query_row((delivery, channel), |row| row.get(0))
}

fn change_channel(
    connection: &Connection,
    delivery: &str,
    channel: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "/* reroute.delivery */ update deliveries set channel = ?2, due_at = ?3, minimal = 0 \
             where id = ?1",
        )?
        .execute((delivery, channel, column::ms(now)))?;
    connection
        .prepare_cached(
            "/* reroute.notifications */ update notifications set channel = ?2 \
             where delivery_id = ?1",
        )?
        .execute((delivery, channel))?;
    Ok(())
}

fn abandon(connection: &Connection, delivery: &str, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "/* reroute.abandon */ update deliveries set state = 'abandoned', ended_at = ?2, \
             failure = ?3, detail = ?4 where id = ?1",
        )?
        .execute((delivery, column::ms(now), FAILURE, DETAIL))?;
    Ok(())
}
