//! Silences: kept, ended, and asked whether they mute a change.

use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Row;
use jiff::Timestamp;
use serde_json::Value;

use super::column;
use super::residents::residents;
use crate::policy::Policy;
use crate::route::Facts;
use crate::schema::RelationName;
use crate::silence;
use crate::silence::Mute;
use crate::silence::Silence;
use crate::store::Muting;
use crate::store::PageOf;

/// Silences at one time. Each change of an incident asks all of them.
pub(in crate::store) const ACTIVE_MAX: usize = 500;

const COLUMNS: &str = "select id, matcher, reason, author, created_at, ends_at, expired_at";

/// Silences, newest first: those that are active, or all that are kept.
pub(in crate::store) fn list(
    connection: &Connection,
    all: bool,
    now: Timestamp,
) -> sql::Result<Vec<Silence>> {
    connection
        .prepare_cached(&format!(
            "/* silences.list */ {COLUMNS} from silences \
             where ?1 or (expired_at is null and ends_at > ?2) order by id desc"
        ))?
        .query_map((all, column::ms(now)), read)?
        .collect()
}

/// One page of them, newest first.
pub(in crate::store) fn page(
    connection: &Connection,
    page: PageOf,
    now: Timestamp,
) -> sql::Result<Vec<Silence>> {
    connection
        .prepare_cached(&format!(
            "/* silences.page */ {COLUMNS} from silences \
             where (?1 or (expired_at is null and ends_at > ?2)) and id < ?3 \
             order by id desc limit ?4"
        ))?
        .query_map(
            (page.all, column::ms(now), page.before.unwrap_or(i64::MAX), column::count(page.limit)),
            read,
        )?
        .collect()
}

/// One of them.
pub(in crate::store) fn one(connection: &Connection, id: i64) -> sql::Result<Option<Silence>> {
    let mut statement = connection
        .prepare_cached(&format!("/* silences.one */ {COLUMNS} from silences where id = ?1"))?;
    let mut found = statement.query_map([id], read)?;
    found.next().transpose()
}

/// Keeps one; `None` where there are [`ACTIVE_MAX`] already.
pub(in crate::store) fn add(connection: &Connection, it: Silence) -> sql::Result<Option<Silence>> {
    let active: i64 = connection
        .prepare_cached(
            "/* silences.count */ select count(*) from silences \
             where expired_at is null and ends_at > ?1",
        )?
        .query_row([column::ms(it.created_at)], |row| row.get(0))?;
    if active >= column::count(ACTIVE_MAX) {
        return Ok(None);
    }
    let id = connection
        .prepare_cached(
            "/* silences.add */ insert into silences (matcher, reason, author, created_at, \
             ends_at, expired_at) values (?1, ?2, ?3, ?4, ?5, ?6) returning id",
        )?
        .query_row(
            (
                silence::to_json(&it.matcher, &it.tables).to_string(),
                &it.reason,
                &it.author,
                column::ms(it.created_at),
                column::ms(it.ends_at),
                it.expired_at.map(column::ms),
            ),
            |row| row.get(0),
        )?;
    Ok(Some(Silence { id, ..it }))
}

/// Ends one now, unless it has ended; `None` where there is none of that id.
pub(in crate::store) fn expire(
    connection: &Connection,
    id: i64,
    now: Timestamp,
) -> sql::Result<Option<Silence>> {
    connection
        .prepare_cached(
            "/* silences.expire */ update silences set expired_at = ?2 \
             where id = ?1 and expired_at is null and ends_at > ?2",
        )?
        .execute((id, column::ms(now)))?;
    one(connection, id)
}

/// A change that may be muted.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Asked<'a> {
    pub(in crate::store) facts: &'a Facts<'a>,
    /// What its incident is about.
    pub(in crate::store) subject: &'a str,
    /// The objects of its new findings.
    pub(in crate::store) new: &'a [RelationName],
}

/// The silence or maintenance window that mutes a change, if any does.
pub(in crate::store) fn muted_by(
    connection: &Connection,
    policy: &Policy,
    asked: Asked<'_>,
    now: Timestamp,
) -> sql::Result<Option<Mute>> {
    let Asked { facts, subject, new } = asked;
    let residents = residents(connection, facts.kind, subject)?;
    if let Some(it) = policy.in_maintenance(facts, &residents, now) {
        return Ok(Some(Mute::Window { maintenance: it.name.clone() }));
    }
    let mut active = list(connection, false, now)?.into_iter();
    let silence = active.find(|it| it.is_active(now) && it.mutes(facts, &residents, new));
    Ok(silence.map(|it| Mute::Silence { silence: it.id, author: it.author }))
}

/// What mutes now.
pub(in crate::store) fn muting(
    connection: &Connection,
    policy: &Policy,
    now: Timestamp,
) -> sql::Result<Muting> {
    let silences = connection
        .prepare_cached(
            "/* silences.muting */ select id from silences \
             where expired_at is null and ends_at > ?1 and created_at <= ?1",
        )?
        .query_map([column::ms(now)], |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    let windows = policy.open_windows(now).into_iter().map(|(it, _)| it.name.clone()).collect();
    let ended = connection
        .prepare_cached(
            "/* silences.ended */ select count(*) from silences \
             where expired_at is not null or ends_at <= ?1",
        )?
        .query_row([column::ms(now)], |row| row.get(0))?;
    Ok(Muting { silences, windows, ended })
}

/// Deletes silences that ended before that.
pub(in crate::store) fn prune(connection: &Connection, before: Timestamp) -> sql::Result<usize> {
    connection
        .prepare_cached(
            "/* silences.prune */ delete from silences \
             where ends_at < ?1 or coalesce(expired_at, ?1) < ?1",
        )?
        .execute([column::ms(before)])
}

fn read(row: &Row<'_>) -> sql::Result<Silence> {
    let matcher: Value = column::json(row, "matcher")?;
    let (matcher, tables) =
        silence::from_json(&matcher).map_err(|error| column::unreadable("matcher", error))?;
    Ok(Silence {
        id: row.get("id")?,
        matcher,
        tables,
        reason: row.get("reason")?,
        author: row.get("author")?,
        created_at: column::instant(row, "created_at")?,
        ends_at: column::instant(row, "ends_at")?,
        expired_at: column::instant_or_null(row, "expired_at")?,
    })
}
