//! The grouper: makes deliveries of the notifications that wait.
//!
//! Notifications that share channel and group, and wait, are one delivery. When it leaves is
//! [`flush_at`]'s business; that survives a restart, since the group's last message is stored.

use crate::store::sql;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Row;
use jiff::Timestamp;

use super::column;
use super::incidents;
use super::outbox::new_id;
use crate::backoff;
use crate::incident::IncidentId;
use crate::route::Flushed;
use crate::route::Gathering;
use crate::route::flush_at;

/// Notifications in one delivery. More are several, so that nobody has to hold a whole storm.
const NOTIFICATIONS_MAX: usize = 5_000;
/// Bytes of stored notifications in one delivery, for the same reason. One may be larger.
const BYTES_MAX: i64 = 32 * 1024 * 1024;

/// A group in which something waits.
struct Group {
    channel: String,
    key: String,
    gathering: Gathering,
    last: Option<Flushed>,
    /// Its channel takes nothing, and the one try it gets has something to send.
    is_held: bool,
}

/// When the next group is due, in milliseconds; `None` where nothing waits. It may be past.
pub(in crate::store) fn next(connection: &Connection, now: Timestamp) -> sql::Result<Option<i64>> {
    let groups = waiting(connection)?;
    Ok(groups.iter().map(|it| column::ms(it.due(now).at)).min())
}

/// Makes deliveries of every group that is due; returns when the next one is, in milliseconds.
pub(in crate::store) fn flush(connection: &Connection, now: Timestamp) -> sql::Result<Option<i64>> {
    let mut next: Option<i64> = None;
    for group in waiting(connection)? {
        let due = group.due(now);
        if due.at > now {
            let at = column::ms(due.at);
            next = Some(next.map_or(at, |it| it.min(at)));
            continue;
        }
        deliver(connection, &group.channel, notifications(connection, &group)?, now)?;
        connection
            .prepare_cached(
                "/* groups.flushed */ insert into groups (channel, group_key, flushed_at, flushes) \
                 values (?1, ?2, ?3, ?4) on conflict (channel, group_key) do update set \
                 flushed_at = excluded.flushed_at, flushes = excluded.flushes",
            )?
            .execute((&group.channel, &group.key, column::ms(now), due.number))?;
    }
    Ok(next)
}

impl Group {
    fn due(&self, now: Timestamp) -> Flushed {
        let due = flush_at(self.last, &self.gathering, now);
        if !self.is_held {
            return due;
        }
        // Once the channel is repaired one message says it all. But nothing waits for ever.
        let given_up = self.gathering.oldest.checked_add(backoff::GIVE_UP_AFTER);
        Flushed { at: given_up.unwrap_or(Timestamp::MAX).max(due.at), ..due }
    }
}

fn waiting(connection: &Connection) -> sql::Result<Vec<Group>> {
    connection
        .prepare_cached(
            "/* groups.waiting */ select w.*, g.flushed_at, g.flushes, \
             exists (select 1 from parked p where p.channel = w.channel) and exists ( \
             select 1 from deliveries d indexed by deliveries_waiting \
             where d.channel = w.channel and d.state in ('pending', 'sending') \
             and exists (select 1 from deliveries_in_turn t where t.seq = d.seq)) as held \
             from (select channel, group_key, min(id) as first, min(created_at) as oldest, \
             min(group_wait_ms) as wait_ms, min(group_interval_ms) as interval_ms \
             from notifications indexed by notifications_waiting \
             where delivery_id is null group by channel, group_key) w \
             left join groups g on g.channel = w.channel and g.group_key = w.group_key \
             order by w.first",
        )?
        .query_map((), read)?
        .collect()
}

fn read(row: &Row<'_>) -> sql::Result<Group> {
    let period = |column| column::unsigned(row, column).map(Duration::from_millis);
    let last = match column::instant_or_null(row, "flushed_at")? {
        Some(at) => Some(Flushed { at, number: row.get("flushes")? }),
        None => None,
    };
    Ok(Group {
        channel: row.get("channel")?,
        key: row.get("group_key")?,
        gathering: Gathering {
            oldest: column::instant(row, "oldest")?,
            wait: period("wait_ms")?,
            interval: period("interval_ms")?,
        },
        last,
        is_held: row.get("held")?,
    })
}

/// A notification that waits, as far as it matters for where it goes.
#[derive(Clone, Debug)]
pub(in crate::store) struct Waiting {
    id: i64,
    incident: i64,
    /// That of its incident on this channel; `None` where it was never told there.
    thread: Option<String>,
    bytes: i64,
    /// Its receiver takes one thread a message.
    single: bool,
    /// Its route gathers nothing.
    alone: bool,
}

fn notifications(connection: &Connection, group: &Group) -> sql::Result<Vec<Waiting>> {
    connection
        .prepare_cached(
            "/* groups.notifications */ select n.id, n.incident_id, n.single, \
             octet_length(n.body) as bytes, \
             n.group_wait_ms = 0 and n.group_interval_ms = 0 as alone, \
             coalesce(n.thread, (select p.thread from notifications p \
             where p.incident_id = n.incident_id and p.channel = n.channel \
             and p.thread is not null order by p.id desc limit 1)) as thread \
             from notifications n where n.delivery_id is null and n.channel = ?1 \
             and n.group_key = ?2 order by n.id",
        )?
        .query_map((&group.channel, &group.key), read_waiting)?
        .collect()
}

/// Those of one channel with these ids.
pub(in crate::store) fn by_id(
    connection: &Connection,
    channel: &str,
    ids: &[i64],
) -> sql::Result<Vec<Waiting>> {
    let mut statement = connection.prepare_cached(
        "/* groups.by_id */ select n.id, n.incident_id, n.single, octet_length(n.body) as bytes, \
         false as alone, coalesce(n.thread, (select p.thread from notifications p \
         where p.incident_id = n.incident_id and p.channel = ?2 \
         and p.thread is not null order by p.id desc limit 1)) as thread \
         from notifications n where n.id = ?1",
    )?;
    ids.iter().map(|id| statement.query_row((id, channel), read_waiting)).collect()
}

fn read_waiting(row: &Row<'_>) -> sql::Result<Waiting> {
    Ok(Waiting {
        id: row.get("id")?,
        incident: row.get("incident_id")?,
        thread: row.get("thread")?,
        bytes: row.get("bytes")?,
        single: row.get("single")?,
        alone: row.get("alone")?,
    })
}

/// Makes deliveries of these notifications of one channel, in their order, as few as may be; returns
/// their ids.
pub(in crate::store) fn deliver(
    connection: &Connection,
    channel: &str,
    waiting: Vec<Waiting>,
    now: Timestamp,
) -> sql::Result<Vec<String>> {
    let mut ids = Vec::new();
    for message in messages(waiting) {
        let id = new_id(now).to_string();
        connection
            .prepare_cached(
                "/* groups.put_delivery */ insert into deliveries (id, channel, state, created_at, \
                 due_at) values (?1, ?2, 'pending', ?3, ?3)",
            )?
            .execute((&id, channel, column::ms(now)))?;
        let mut put = connection.prepare_cached(
            "/* groups.gather */ update notifications set delivery_id = ?2, thread = ?3 \
             where id = ?1",
        )?;
        for it in message {
            put.execute((it.id, &id, it.thread))?;
        }
        ids.push(id);
    }
    Ok(ids)
}

/// Says which of them travel together, and gives each its thread.
fn messages(waiting: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let leader = |it: &Waiting| IncidentId(u64::try_from(it.incident).unwrap_or(0)).to_string();
    // The first that was never told there leads all of those.
    let first = waiting.iter().find(|it| it.thread.is_none() && !it.alone).map(leader);
    let mut messages: BTreeMap<(usize, Option<String>), Vec<Part>> = BTreeMap::new();
    for (at, mut it) in waiting.into_iter().enumerate() {
        let thread = it.thread.take();
        let thread = thread.or_else(|| first.clone().filter(|_| !it.alone));
        let thread = thread.unwrap_or_else(|| leader(&it));
        let key = match (it.alone, it.single) {
            // The order of making is the order of sending.
            (true, _) => (at + 1, None),
            (false, true) => (0, Some(thread.clone())),
            (false, false) => (0, None),
        };
        it.thread = Some(thread);
        let parts = messages.entry(key).or_default();
        match parts.last_mut() {
            Some(part) if part.has_room(&it) => part.push(it),
            _ => {
                let mut part = Part::default();
                part.push(it);
                parts.push(part);
            }
        }
    }
    messages.into_values().flatten().map(|it| it.waiting).collect()
}

/// One message that is being put together.
#[derive(Default)]
struct Part {
    waiting: Vec<Waiting>,
    bytes: i64,
}

impl Part {
    fn has_room(&self, it: &Waiting) -> bool {
        self.waiting.len() < NOTIFICATIONS_MAX && self.bytes.saturating_add(it.bytes) <= BYTES_MAX
    }

    fn push(&mut self, it: Waiting) {
        self.bytes = self.bytes.saturating_add(it.bytes);
        self.waiting.push(it);
    }
}

/// What waits of one incident on one channel, in its order.
pub(in crate::store) fn of_incident(
    connection: &Connection,
    incident: IncidentId,
    channel: &str,
) -> sql::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "/* groups.of_incident */ select id from notifications where incident_id = ?1 \
             and channel = ?2 and delivery_id is null order by id",
        )?
        .query_map((incidents::stored(incident), channel), |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(id: i64, incident: i64, thread: Option<&str>) -> Waiting {
        let thread = thread.map(str::to_owned);
        Waiting { id, incident, thread, bytes: 1_000, single: false, alone: false }
    }

    /// `thread: ids` of each message.
    #[track_caller]
    fn check(case: &str, all: Vec<Waiting>, want: &[&str]) {
        let spell = |message: &Vec<Waiting>| {
            let threads: Vec<_> = message.iter().map(|it| it.thread.clone().unwrap()).collect();
            let ids: Vec<_> = message.iter().map(|it| it.id.to_string()).collect();
            let mut shared = threads.clone();
            shared.dedup();
            format!("{}: {}", shared.join("+"), ids.join(" "))
        };
        assert_eq!(messages(all).iter().map(spell).collect::<Vec<_>>(), want, "{case}");
    }

    #[test]
    fn what_waits_travels_together() {
        let known = Some("SW-1001");
        let plain = vec![waiting(1, 1002, None), waiting(2, 1003, None), waiting(3, 1001, known)];
        check("one digest", plain.clone(), &["SW-1002+SW-1001: 1 2 3"]);
        let single = |it: Waiting| Waiting { single: true, ..it };
        let threads: Vec<_> = plain.iter().cloned().map(single).collect();
        check("one a thread", threads, &["SW-1001: 3", "SW-1002: 1 2"]);
        let alone = |it: Waiting| Waiting { alone: true, ..it };
        let each: Vec<_> = plain.iter().cloned().map(alone).collect();
        check("each alone", each, &["SW-1002: 1", "SW-1003: 2", "SW-1001: 3"]);
        let again = vec![alone(waiting(1, 1002, None)), alone(waiting(2, 1002, None))];
        check("one incident, each alone", again, &["SW-1002: 1", "SW-1002: 2"]);
        check("nothing", Vec::new(), &[]);
    }

    #[test]
    fn a_digest_has_limits() {
        let count = i64::try_from(NOTIFICATIONS_MAX).unwrap() + 1;
        let many = messages((0..count).map(|it| waiting(it, it, None)).collect());
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [NOTIFICATIONS_MAX, 1]);
        let heavy = |id| Waiting { bytes: BYTES_MAX, ..waiting(id, id, None) };
        assert_eq!(messages(vec![heavy(1), heavy(2)]).len(), 2);
    }
}
