//! The replicas that share a state: who runs, since when, with which configuration and how much to do.
//!
//! Only on a server. Instants are the server's, so that no replica's clock decides who is gone.

use jiff::Timestamp;

use super::column;
use crate::store::Beat;
use crate::store::Followed;
use crate::store::Member;
use crate::store::sql;
use crate::store::sql::Connection;

/// The server's time in milliseconds. Not that of the transaction's beginning: it may have waited.
pub(in crate::store) const NOW: &str =
    "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// Counts the epoch up, beyond `at_least`, and beyond the server's clock: where the state was restored from a
/// backup, no number may come again that this process had, or that another replica still has.
pub(in crate::store) fn new_epoch(connection: &Connection, at_least: i64) -> sql::Result<i64> {
    connection.query_row(
        &format!(
            "/* members.epoch */ update meta set value = max(max(value, ?1), {NOW}) + 1 \
             where key = 'epoch' returning value"
        ),
        [at_least],
        |row| row.get("value"),
    )
}

/// What the server's clock shows.
pub(in crate::store) fn now(connection: &Connection) -> sql::Result<Timestamp> {
    let sql = format!("/* members.now */ select {NOW} as now");
    connection.query_row(&sql, (), |row| column::instant(row, "now"))
}

/// Says that the replica `epoch` runs, and forgets those that have not said so for `gone_after_ms`. Returns
/// whether it was known: after a restore from a backup it is not.
pub(in crate::store) fn beat(
    connection: &Connection,
    epoch: i64,
    beat: &Beat,
    gone_after_ms: i64,
) -> sql::Result<bool> {
    let known = connection
        .prepare_cached("/* members.known */ select 1 from replicas where epoch = ?1")?
        .exists([epoch])?;
    connection
        .prepare_cached(&format!(
            "/* members.config */ insert into configs (hash, first_seen_at) values (?1, {NOW}) \
             on conflict (hash) do nothing"
        ))?
        .execute([&beat.config_hash])?;
    connection
        .prepare_cached(&format!(
            "/* members.beat */ insert into replicas (epoch, name, started_at, seen_at, version, \
             config_hash, config_at, databases, running, audits) \
             values (?1, ?2, {NOW}, {NOW}, ?3, ?4, (select first_seen_at from configs where hash = ?4), \
             ?5, ?6, ?7) on conflict (epoch) do update set \
             seen_at = excluded.seen_at, databases = excluded.databases, running = excluded.running, \
             audits = excluded.audits, config_at = excluded.config_at, \
             config_hash = excluded.config_hash"
        ))?
        .execute((
            epoch,
            &beat.name,
            &beat.version,
            &beat.config_hash,
            column::count(beat.databases),
            column::count(beat.running),
            i64::try_from(beat.audits).unwrap_or(i64::MAX),
        ))?;
    connection
        .prepare_cached(&format!(
            "/* members.gone */ delete from replicas where seen_at < {NOW} - ?1"
        ))?
        .execute([gone_after_ms])?;
    Ok(known)
}

/// Frees the messages that replicas had claimed which have not said for `lease_ms` that they run: each may have been
/// sent, and is sent again under the same id. Only who was heard of lately itself may say that another is silent:
/// after an outage of the state everybody is. Returns how many.
pub(in crate::store) fn free_claims_of_silent(
    connection: &Connection,
    epoch: i64,
    lease_ms: i64,
) -> sql::Result<usize> {
    connection
        .prepare_cached(&format!(
            "/* members.free_claims */ update deliveries set state = 'pending', lease_until = null, \
             epoch = null where state = 'sending' \
             and epoch in (select epoch from replicas where seen_at < {NOW} - ?1) \
             and exists (select 1 from replicas where epoch = ?2 and seen_at >= {NOW} - ?1)"
        ))?
        .execute((lease_ms, epoch))
}

/// Says that the replica `epoch` has ended in order.
pub(in crate::store) fn leave(connection: &Connection, epoch: i64) -> sql::Result<()> {
    connection.execute("/* members.leave */ delete from replicas where epoch = ?1", [epoch])?;
    connection.execute(
        "/* members.let_go */ update turns set lease_until = null, holder = null where holder = ?1",
        [epoch],
    )?;
    Ok(())
}

/// Everybody that was seen of late, the oldest first.
pub(in crate::store) fn all(connection: &Connection) -> sql::Result<Vec<Member>> {
    connection
        .prepare_cached(
            "/* members.all */ select epoch, name, started_at, seen_at, version, config_hash, \
             config_at, databases, running, audits from replicas order by epoch",
        )?
        .query_map((), |row| {
            Ok(Member {
                epoch: row.get("epoch")?,
                name: row.get("name")?,
                started_at: column::instant(row, "started_at")?,
                seen_at: column::instant(row, "seen_at")?,
                version: row.get("version")?,
                config_hash: row.get("config_hash")?,
                config_at: column::instant(row, "config_at")?,
                databases: column::unsigned(row, "databases")?,
                running: column::unsigned(row, "running")?,
                audits: column::unsigned(row, "audits")?,
            })
        })?
        .collect()
}

/// How far everything has come that replicas follow each other by.
pub(in crate::store) fn followed(connection: &Connection) -> sql::Result<Followed> {
    let mut found = Followed::default();
    let mut read = connection.prepare_cached(
        "/* members.followed */ select key, value from meta \
         where key in ('change', 'told', 'standing', 'accepted', 'version')",
    )?;
    for row in
        read.query_map((), |row| Ok((row.get::<_, String>("key")?, row.get::<_, i64>("value")?)))?
    {
        let (key, value) = row?;
        match key.as_str() {
            "change" => found.change = value,
            "told" => found.told = value,
            "standing" => found.standing = value,
            "accepted" => found.accepted = value,
            _ => found.version = value,
        }
    }
    Ok(found)
}

/// Counts up what others follow by: one of the words of [`followed`].
pub(in crate::store) fn count_up(connection: &Connection, what: &str) -> sql::Result<()> {
    if connection.is_shared() {
        connection
            .prepare_cached(
                "/* members.count_up */ update meta set value = value + 1 where key = ?1",
            )?
            .execute([what])?;
    }
    Ok(())
}
