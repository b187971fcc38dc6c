//! Deliveries that are due while it is not their turn: kept out of the way of those whose turn it is.
//!
//! A reminder and a "resolved" are due when they are made, and wait for an "opened" that their receiver
//! has refused for hours. Every pass would look at each of them. So whoever looks for the next delivery
//! puts those that it passed by off, until what they wait for is due; and when that has ended they are
//! due at once.
//!
//! That saves work, and decides nothing: whose turn it is says the view `deliveries_in_turn`, which is
//! asked of each delivery that is claimed, and nothing is put off for longer than a failure would.

use std::ops::ControlFlow;

use crate::store::sql;
use crate::store::sql::Connection;

use super::due::Horizon;
use super::outbox::millis;
use crate::backoff;

/// Deliveries of one channel that one pass puts off. The next one goes on.
const PUT_OFF_MAX: usize = 1_000;

/// What a look for the next delivery of a channel found.
#[derive(Debug)]
pub(in crate::store) struct Found {
    /// The one that has been due for longest of those whose turn it is.
    pub(in crate::store) next: Option<i64>,
    /// How many were put off.
    pub(in crate::store) put_off: usize,
}

/// Looks for the next delivery of a channel that is due at `horizon`.
pub(in crate::store) fn find(
    connection: &Connection,
    horizon: &Horizon,
    channel: &str,
) -> sql::Result<Found> {
    let mut passed_by = Vec::new();
    let mut next = None;
    // What lies too far ahead was written before the clock was set back.
    for (from, to) in [(i64::MIN, horizon.now), (horizon.due_max.saturating_add(1), i64::MAX)] {
        let mut statement = connection.prepare_cached(
            "/* turn.walk */ select d.seq, d.attempts, exists ( \
             select 1 from deliveries_in_turn t where t.seq = d.seq) as in_turn \
             from deliveries d indexed by deliveries_pending where d.channel = ?1 and \
             d.state = 'pending' and d.due_at between ?2 and ?3 order by d.due_at, d.seq",
        )?;
        statement.walk((channel, from, to), |row| {
            let seq: i64 = row.get("seq")?;
            if row.get("in_turn")? {
                next = Some(seq);
                return Ok(ControlFlow::Break(()));
            }
            // One that was tried has a time of its own.
            if row.get::<_, u32>("attempts")? == 0 && passed_by.len() < PUT_OFF_MAX {
                passed_by.push(seq);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if next.is_some() {
            break;
        }
    }
    // When that will be due which is in flight is not known yet.
    if !passed_by.is_empty() && is_in_flight(connection, channel)? {
        passed_by.clear();
    }
    for seq in &passed_by {
        put_off(connection, horizon, *seq)?;
    }
    Ok(Found { next, put_off: passed_by.len() })
}

fn is_in_flight(connection: &Connection, channel: &str) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* turn.is_in_flight */ select exists (select 1 from deliveries where channel = ?1 \
             and state = 'sending')",
        )?
        .query_row([channel], |row| row.get(0))
}

fn put_off(connection: &Connection, horizon: &Horizon, seq: i64) -> sql::Result<()> {
    let soon = horizon.now.saturating_add(millis(backoff::FIRST));
    let latest = horizon.now.saturating_add(millis(backoff::WAIT_MAX));
    connection
        .prepare_cached(
            "/* turn.put_off */ update deliveries set due_at = min(?3, max(?2, coalesce(( \
             select max(ed.due_at) from notifications n join notifications e \
             on e.incident_id = n.incident_id and e.channel = n.channel and e.id < n.id \
             join deliveries ed on ed.id = e.delivery_id where n.delivery_id = deliveries.id \
             and e.delivery_id <> n.delivery_id and ed.state in ('pending', 'sending')), 0))) \
             where seq = ?1",
        )?
        .execute((seq, soon, latest))?;
    Ok(())
}

/// Makes due what waited for a delivery that has ended.
pub(in crate::store) fn follow(
    connection: &Connection,
    delivery: &str,
    now: i64,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* turn.follow */ update deliveries set due_at = ?2 where seq in ( \
             select d.seq from notifications n cross join notifications l \
             on l.incident_id = n.incident_id and l.channel = n.channel and l.id > n.id \
             cross join deliveries d on d.id = l.delivery_id where n.delivery_id = ?1 \
             and d.state = 'pending' and d.attempts = 0 and d.due_at > ?2)",
        )?
        .execute((delivery, now))?;
    Ok(())
}
