//! Channels to which nothing gets through for the moment: not broken, so they are tried with backoff
//! as ever, but after a while somebody has to hear of it.

use crate::store::sql;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Row;
use jiff::Timestamp;

use super::column;
use super::outbox::millis;
use crate::policy::Policy;

/// A channel that has taken nothing for this long is an incident: longer than a receiver's restart
/// and an hour of greylisting's first tries, short enough to be of use.
pub(in crate::store) const FAILING_AFTER: Duration = Duration::from_mins(15);

/// How something was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Way {
    Delivery,
    /// An Alertmanager was told again of what is open.
    Resend,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Resend => "resend",
        }
    }
}

/// A channel to which one way of sending fails.
#[derive(Clone, Debug)]
pub(in crate::store) struct Failing {
    pub(in crate::store) channel: String,
    pub(in crate::store) since: Timestamp,
    pub(in crate::store) detail: String,
}

/// Notes a try that failed; the first one counts as the beginning.
pub(in crate::store) fn note(
    connection: &Connection,
    channel: &str,
    way: Way,
    (failure, detail): (&str, &str),
    now: Timestamp,
) -> sql::Result<()> {
    connection
        .prepare_cached(
            "/* failing.note */ insert into failing (channel, way, since, failure, detail) \
             values (?1, ?2, ?3, ?4, ?5) on conflict (channel, way) do update set \
             since = min(failing.since, excluded.since), failure = excluded.failure, \
             detail = excluded.detail",
        )?
        .execute((channel, way.word(), column::ms(now), failure, detail))?;
    Ok(())
}

/// Something arrived that way; without one, any way.
pub(in crate::store) fn clear(
    connection: &Connection,
    channel: &str,
    way: Option<Way>,
) -> sql::Result<usize> {
    connection
        .prepare_cached(
            "/* failing.clear */ delete from failing where channel = ?1 and coalesce(way = ?2, true)",
        )?
        .execute((channel, way.map(Way::word)))
}

/// Whether a way of sending fails; without one, any.
pub(in crate::store) fn is_any(
    connection: &Connection,
    channel: &str,
    way: Option<Way>,
) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* failing.is_any */ select exists (select 1 from failing where channel = ?1 \
             and coalesce(way = ?2, true))",
        )?
        .query_row((channel, way.map(Way::word)), |row| row.get(0))
}

/// Every channel that fails, by name, since the earlier of its ways.
pub(in crate::store) fn all(connection: &Connection) -> sql::Result<Vec<Failing>> {
    connection
        .prepare_cached(
            "/* failing.all */ select channel, since, detail from failing f where not exists ( \
             select 1 from failing e where e.channel = f.channel \
             and (e.since, e.way) < (f.since, f.way)) order by channel",
        )?
        .query_map((), read)?
        .collect()
}

/// Channels of the config that have failed for [`FAILING_AFTER`] and that no incident is open about.
pub(in crate::store) fn untold(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Vec<Failing>> {
    let mut untold: Vec<Failing> = connection
        .prepare_cached(
            "/* failing.untold */ select channel, since, detail from failing f \
             where since <= ?1 and not exists (select 1 from failing e \
             where e.channel = f.channel and (e.since, e.way) < (f.since, f.way)) and not exists (select 1 from incidents i \
             where i.kind = 'channel_parked' and i.subject = f.channel and i.state <> 'resolved') \
             order by channel",
        )?
        .query_map([column::ms(now).saturating_sub(millis(FAILING_AFTER))], read)?
        .collect::<sql::Result<_>>()?;
    untold.retain(|it| policy.channels.contains(&it.channel));
    Ok(untold)
}

fn read(row: &Row<'_>) -> sql::Result<Failing> {
    Ok(Failing {
        channel: row.get("channel")?,
        since: column::instant(row, "since")?,
        detail: row.get("detail")?,
    })
}
