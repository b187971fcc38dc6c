//! Deliveries as people look at them, and the order to try them again.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;
use jiff::Timestamp;
use uuid::Uuid;

use super::column;
use super::incidents;
use super::parked;
use crate::incident::IncidentId;
use crate::store::AttemptRow;
use crate::store::Carried;
use crate::store::DeliveryDetail;
use crate::store::DeliveryFilter;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::Retry;

const COLUMNS: &str = "select d.id, d.channel, d.state, d.created_at, d.due_at, d.ended_at, \
    d.attempts, d.failure, d.detail, \
    (select count(*) from notifications n where n.delivery_id = d.id) as notifications, \
    (select json_extract(n.body, '$.headline') from notifications n where n.delivery_id = d.id \
    order by n.id limit 1) as headline from deliveries d";

/// The newest that `filter` wants, newest first, from the one after `before` on.
pub(in crate::store) fn list(
    connection: &Connection,
    filter: &DeliveryFilter,
    before: Option<Uuid>,
) -> sql::Result<Vec<DeliveryRow>> {
    connection
        .prepare_cached(&format!(
            "/* deliveries.list */ {COLUMNS} where (cast(?1 as text) is null or d.state = ?1) \
             and (cast(?2 as text) is null or d.channel = ?2) \
             and (cast(?5 as bigint) is null or d.id in \
             (select n.delivery_id from notifications n where n.incident_id = ?5)) \
             and (cast(?4 as text) is null or d.seq < (select seq from deliveries where id = ?4)) \
             order by d.seq desc limit ?3"
        ))?
        .query_map(
            (
                filter.state.map(DeliveryState::word),
                &filter.channel,
                column::count(filter.limit),
                before.map(|it| it.to_string()),
                filter.incident.map(incidents::stored),
            ),
            read,
        )?
        .collect()
}

/// One, with its attempts and what it carries.
pub(in crate::store) fn one(
    connection: &Connection,
    id: Uuid,
) -> sql::Result<Option<DeliveryDetail>> {
    let id = id.to_string();
    let row = connection
        .prepare_cached(&format!("/* deliveries.one */ {COLUMNS} where d.id = ?1"))?
        .query_row([&id], read)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let attempts = connection
        .prepare_cached(
            "/* deliveries.attempts */ select number, at, duration_ms, outcome, failure, detail \
             from attempts where delivery_id = ?1 order by number, id",
        )?
        .query_map([&id], read_attempt)?
        .collect::<sql::Result<_>>()?;
    let carries = connection
        .prepare_cached(
            "/* deliveries.carries */ select incident_id, type, \
             coalesce(json_extract(body, '$.subject'), '') as subject, \
             coalesce(json_extract(body, '$.database'), '') as database, \
             coalesce(json_extract(body, '$.headline'), '') as headline \
             from notifications where delivery_id = ?1 order by id",
        )?
        .query_map([&id], read_carried)?
        .collect::<sql::Result<_>>()?;
    Ok(Some(DeliveryDetail { row, attempts, carries }))
}

/// Makes deliveries due now; returns how many, and of which channel. One that was given up gets its
/// whole time again.
pub(in crate::store) fn retry(
    connection: &Connection,
    what: &Retry,
    now: Timestamp,
) -> sql::Result<(usize, Option<String>)> {
    let at = column::ms(now);
    match what {
        Retry::Delivery(id) => {
            let id = id.to_string();
            let channel: Option<String> = connection
                .prepare_cached(
                    "/* retry.channel_of */ select channel from deliveries where id = ?1",
                )?
                .query_row([&id], |row| row.get(0))
                .optional()?;
            let Some(channel) = channel else { return Ok((0, None)) };
            let revived = revive(connection, "id = ?1", &id, at)?;
            let waiting = connection
                .prepare_cached(
                    "/* retry.delivery */ update deliveries set due_at = min(due_at, ?2) \
                     where id = ?1 and state = 'pending'",
                )?
                .execute((&id, at))?;
            if revived + waiting > 0 {
                parked::probe(connection, Some(&channel), now)?;
            }
            Ok((waiting.max(revived), Some(channel)))
        }
        Retry::Channel(channel) => {
            // What a later message has overtaken is no news any more.
            let is_news = "channel = ?1 and exists (select 1 from notifications n \
                where n.delivery_id = deliveries.id and not exists ( \
                select 1 from notifications l join deliveries ld on ld.id = l.delivery_id \
                where l.incident_id = n.incident_id and l.channel = n.channel and l.id > n.id \
                and ld.state = 'delivered'))";
            revive(connection, is_news, channel, at)?;
            let due = connection
                .prepare_cached(
                    "/* retry.due */ update deliveries set due_at = min(due_at, ?2) \
                     where channel = ?1 and state = 'pending'",
                )?
                .execute((channel, at))?;
            parked::probe(connection, Some(channel), now)?;
            Ok((due, Some(channel.clone())))
        }
    }
}

/// Makes abandoned deliveries pending again, of those that `which` says of `?1`.
fn revive(connection: &Connection, which: &str, of: &str, at: i64) -> sql::Result<usize> {
    connection
        .prepare_cached(&format!(
            "/* retry.revive */ update deliveries set state = 'pending', created_at = ?2, \
             due_at = ?2, ended_at = null, minimal = 0 where state = 'abandoned' and {which}"
        ))?
        .execute((of, at))
}

fn read(row: &Row<'_>) -> sql::Result<DeliveryRow> {
    let id: String = row.get("id")?;
    let headline: Option<String> = row.get("headline")?;
    let notifications = column::unsigned(row, "notifications")?;
    Ok(DeliveryRow {
        id: Uuid::parse_str(&id).map_err(|error| column::unreadable("id", error))?,
        channel: row.get("channel")?,
        state: column::word(row, "state", DeliveryState::from_word)?,
        created_at: column::instant(row, "created_at")?,
        due_at: column::instant(row, "due_at")?,
        ended_at: column::instant_or_null(row, "ended_at")?,
        attempts: row.get("attempts")?,
        failure: row.get("failure")?,
        detail: row.get("detail")?,
        notifications: usize::try_from(notifications).unwrap_or(usize::MAX),
        headline: headline.unwrap_or_default(),
    })
}

fn read_attempt(row: &Row<'_>) -> sql::Result<AttemptRow> {
    Ok(AttemptRow {
        number: row.get("number")?,
        at: column::instant(row, "at")?,
        duration: Duration::from_millis(column::unsigned(row, "duration_ms")?),
        outcome: row.get("outcome")?,
        failure: row.get("failure")?,
        detail: row.get("detail")?,
    })
}

fn read_carried(row: &Row<'_>) -> sql::Result<Carried> {
    Ok(Carried {
        incident: IncidentId(column::unsigned(row, "incident_id")?),
        kind: row.get("type")?,
        subject: row.get("subject")?,
        database: row.get("database")?,
        headline: row.get("headline")?,
    })
}
