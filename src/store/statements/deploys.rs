//! Deploy windows: begun and ended by people and pipelines, ended by time, overtaken by the file.

use std::ops::ControlFlow;

use crate::store::sql;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::store::sql::Connection;
use crate::store::sql::Optional as _;
use crate::store::sql::Row;
use jiff::Timestamp;

use super::column;
use super::versions;
use super::versions::Versions;
use crate::deploy::Window;
use crate::deploy::fits;
use crate::deploy::in_force;
use crate::manifest::Manifest;
use crate::store::BeginDeploy;
use crate::store::Deploy;
use crate::store::DeployDatabase;
use crate::store::DeployRefused;
use crate::store::PageOf;
use crate::store::REFERENCE_MAX;
use crate::store::Registered;

/// Begins a deploy, or says why not.
pub(in crate::store) fn begin(
    connection: &Connection,
    begin: &BeginDeploy,
) -> sql::Result<Result<Deploy, DeployRefused>> {
    let now = begin.now;
    let databases: BTreeMap<&str, &Arc<Manifest>> =
        begin.databases.iter().map(|(name, manifest)| (name.as_str(), manifest)).collect();
    if databases.is_empty() {
        return Ok(Err(DeployRefused::NoDatabase));
    }
    let length = Duration::try_from(begin.until.duration_since(now)).unwrap_or_default();
    if !fits(length, begin.max) {
        return Ok(Err(DeployRefused::Length { max: begin.max }));
    }
    let reference = begin.reference.trim();
    let characters = reference.chars().count();
    if characters == 0 || characters > REFERENCE_MAX || reference.chars().any(char::is_control) {
        return Ok(Err(DeployRefused::Reference));
    }
    end_due(connection, now)?;
    for name in databases.keys() {
        if let Some((deploy, reference)) = open_of(connection, name, now)? {
            let database = (*name).to_owned();
            return Ok(Err(DeployRefused::Open { database, deploy, reference }));
        }
    }

    versions::put(connection, &begin.manifest, now)?;
    let id: i64 = connection
        .prepare_cached(
            "/* deploys.begin */ insert into deploys (new_hash, new_name, ref, author, begun_at, \
             ends_at) values (?1, ?2, ?3, ?4, ?5, ?6) returning id",
        )?
        .query_row(
            (
                &begin.manifest.hash,
                &begin.manifest.name,
                reference,
                &begin.author,
                column::ms(now),
                column::ms(begin.until),
            ),
            |row| row.get(0),
        )?;
    let last: BTreeMap<String, Window> = windows(connection)?.into_iter().collect();
    for (name, configured) in databases {
        // What is in force, not what the file says: it may be behind an earlier deploy.
        let old = in_force(configured, last.get(name), None, now).manifest;
        versions::put(connection, &old, now)?;
        // Only the last deploy of a database says anything, even when it is history one day.
        connection
            .prepare_cached(
                "/* deploys.supersede */ update deploy_databases set superseded = 1 \
                 where database = ?1",
            )?
            .execute([name])?;
        connection
            .prepare_cached(
                "/* deploys.begin_on */ insert into deploy_databases (deploy_id, database, \
                 old_hash, old_name, file_hash) values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((id, name, &old.hash, &old.name, &configured.hash))?;
    }
    Ok(one(connection, id)?.ok_or(DeployRefused::NoDatabase))
}

/// Whether the manifest that a deploy left in force for a database (`w` of `d`) is not the file's.
const IN_FORCE: &str = "d.ended_at is not null and w.superseded = 0 \
     and w.file_hash <> case when d.rolled_back = 1 then w.old_hash else d.new_hash end \
     and not exists (select 1 from databases b where b.name = w.database and b.registered = 0)";

/// Ends a deploy that is open, or takes one back that has ended and whose manifest is still in force;
/// returns it as it is then.
pub(in crate::store) fn end(
    connection: &Connection,
    id: u64,
    rolled_back: bool,
    now: Timestamp,
) -> sql::Result<Option<Deploy>> {
    end_due(connection, now)?;
    // An id beyond what is stored is none of ours.
    let Ok(id) = i64::try_from(id) else { return Ok(None) };
    connection
        .prepare_cached(
            "/* deploys.end */ update deploys set ended_at = ?2, rolled_back = ?3 \
             where id = ?1 and ended_at is null",
        )?
        .execute((id, column::ms(now), rolled_back))?;
    if rolled_back {
        // One that ended by time before anybody could say so, mostly.
        connection
            .prepare_cached(&format!(
                "/* deploys.take_back */ update deploys as d set ended_at = ?2, rolled_back = 1 \
                 where id = ?1 and rolled_back = 0 and exists ( \
                 select 1 from deploy_databases w where w.deploy_id = d.id and {IN_FORCE})"
            ))?
            .execute((id, column::ms(now)))?;
    }
    one(connection, id)
}

/// Whether a deploy waits to be ended by time.
pub(in crate::store) fn is_due(connection: &Connection, now: Timestamp) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "/* deploys.is_due */ select 1 from deploys where ended_at is null and ends_at <= ?1",
        )?
        .exists([column::ms(now)])
}

/// Ends every deploy whose time is over.
pub(in crate::store) fn end_due(
    connection: &Connection,
    now: Timestamp,
) -> sql::Result<Vec<Deploy>> {
    let ids: Vec<i64> = connection
        .prepare_cached(
            "/* deploys.end_due */ update deploys set ended_at = ends_at \
             where ended_at is null and ends_at <= ?1 returning id",
        )?
        .query_map([column::ms(now)], |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    let ended = ids.into_iter().map(|id| one(connection, id));
    Ok(ended.collect::<sql::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Whether an audit of `database` that knew of the open deploy `knew` was overtaken by another one: it
/// may have seen tables that are allowed by now.
pub(in crate::store) fn is_overtaken(
    connection: &Connection,
    database: &str,
    knew: Option<u64>,
    now: Timestamp,
) -> sql::Result<bool> {
    Ok(open_of(connection, database, now)?.is_some_and(|(it, _)| knew != Some(it)))
}

fn open_of(
    connection: &Connection,
    database: &str,
    now: Timestamp,
) -> sql::Result<Option<(u64, String)>> {
    connection
        .prepare_cached(
            "/* deploys.open_of */ select d.id as id, d.ref as ref from deploy_databases w \
             join deploys d on d.id = w.deploy_id \
             where w.database = ?1 and d.ended_at is null and d.ends_at > ?2",
        )?
        .query_row((database, column::ms(now)), |row| {
            Ok((column::unsigned(row, "id")?, row.get("ref")?))
        })
        .optional()
}

/// Notes what the file says now: for an open window, what it says at its end; for one that has ended,
/// whether the file has changed since.
pub(in crate::store) fn note_files(
    connection: &Connection,
    registered: &[Registered],
    windows: &mut [(String, Window)],
) -> sql::Result<()> {
    let files: BTreeMap<&str, &str> =
        registered.iter().map(|it| (it.database.as_str(), it.manifest.hash.as_str())).collect();
    for (database, window) in windows {
        let Some(file) = files.get(database.as_str()) else { continue };
        if *file == window.file_hash || window.superseded {
            continue;
        }
        if window.ended_at.is_some() {
            window.superseded = true;
        } else {
            (*file).clone_into(&mut window.file_hash);
        }
        connection
            .prepare_cached(
                "/* deploys.note_file */ update deploy_databases set file_hash = ?3, \
                 superseded = ?4 where deploy_id = ?1 and database = ?2",
            )?
            .execute((
                i64::try_from(window.deploy).unwrap_or(i64::MAX),
                &*database,
                &window.file_hash,
                window.superseded,
            ))?;
    }
    Ok(())
}

/// The last deploy of each database, by its name.
pub(in crate::store) fn windows(connection: &Connection) -> sql::Result<Vec<(String, Window)>> {
    let mut statement = connection.prepare_cached(
        "/* deploys.windows */ select w.database, w.deploy_id as id, w.old_hash, w.old_name, \
         w.file_hash, w.superseded, d.new_hash, d.new_name, d.ref, d.begun_at, d.ends_at, \
         d.ended_at, d.rolled_back from deploy_databases w join deploys d on d.id = w.deploy_id \
         where w.deploy_id = (select max(l.deploy_id) from deploy_databases l \
         where l.database = w.database) order by w.database",
    )?;
    let mut versions = Versions::default();
    let mut windows = Vec::new();
    statement.walk((), |row| {
        let mut version = |hash: &str, name: &str| {
            let (hash, name): (String, String) = (row.get(hash)?, row.get(name)?);
            versions.get(connection, &hash, &name)
        };
        let manifests = (version("old_hash", "old_name")?, version("new_hash", "new_name")?);
        let (Some(old), Some(new)) = manifests else { return Ok(ControlFlow::Continue(())) };
        let window = Window {
            deploy: column::unsigned(row, "id")?,
            reference: row.get("ref")?,
            old,
            new,
            begun_at: column::instant(row, "begun_at")?,
            ends_at: column::instant(row, "ends_at")?,
            ended_at: column::instant_or_null(row, "ended_at")?,
            rolled_back: row.get("rolled_back")?,
            file_hash: row.get("file_hash")?,
            superseded: row.get("superseded")?,
        };
        windows.push((row.get("database")?, window));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(windows)
}

const COLUMNS: &str =
    "id, new_name, new_hash, ref, author, begun_at, ends_at, ended_at, rolled_back";

/// Deploys, newest first.
pub(in crate::store) fn list(
    connection: &Connection,
    all: bool,
    now: Timestamp,
) -> sql::Result<Vec<Deploy>> {
    let deploys: Vec<Deploy> = connection
        .prepare_cached(&format!(
            "/* deploys.list */ select {COLUMNS} from deploys \
             where ?1 or (ended_at is null and ends_at > ?2) order by id desc"
        ))?
        .query_map((all, column::ms(now)), read)?
        .collect::<sql::Result<_>>()?;
    deploys.into_iter().map(|it| with_databases(connection, it)).collect()
}

/// One page of deploys, newest first: all, or those that are open or have left something in force.
pub(in crate::store) fn page(connection: &Connection, page: PageOf) -> sql::Result<Vec<Deploy>> {
    let deploys: Vec<Deploy> = connection
        .prepare_cached(&format!(
            "/* deploys.page */ select {COLUMNS} from deploys d \
             where (?1 or ended_at is null or exists ( \
             select 1 from deploy_databases w where w.deploy_id = d.id and {IN_FORCE})) \
             and id < ?2 order by id desc limit ?3"
        ))?
        .query_map((page.all, page.before.unwrap_or(i64::MAX), column::count(page.limit)), read)?
        .collect::<sql::Result<_>>()?;
    deploys.into_iter().map(|it| with_databases(connection, it)).collect()
}

/// One of them.
pub(in crate::store) fn one(connection: &Connection, id: i64) -> sql::Result<Option<Deploy>> {
    let deploy = connection
        .prepare_cached(&format!("/* deploys.one */ select {COLUMNS} from deploys where id = ?1"))?
        .query_row([id], read)
        .optional()?;
    deploy.map(|it| with_databases(connection, it)).transpose()
}

fn read(row: &Row<'_>) -> sql::Result<Deploy> {
    Ok(Deploy {
        id: column::unsigned(row, "id")?,
        manifest: row.get("new_name")?,
        hash: row.get("new_hash")?,
        reference: row.get("ref")?,
        author: row.get("author")?,
        begun_at: column::instant(row, "begun_at")?,
        ends_at: column::instant(row, "ends_at")?,
        ended_at: column::instant_or_null(row, "ended_at")?,
        rolled_back: row.get("rolled_back")?,
        databases: Vec::new(),
    })
}

fn with_databases(connection: &Connection, deploy: Deploy) -> sql::Result<Deploy> {
    let databases = connection
        .prepare_cached(&format!(
            "/* deploys.databases */ select w.database, w.old_hash, {IN_FORCE} as in_force \
             from deploy_databases w join deploys d on d.id = w.deploy_id \
             where w.deploy_id = ?1 order by w.database"
        ))?
        .query_map([i64::try_from(deploy.id).unwrap_or(i64::MAX)], |row| {
            Ok(DeployDatabase {
                name: row.get("database")?,
                old_hash: row.get("old_hash")?,
                in_force: row.get("in_force")?,
            })
        })?
        .collect::<sql::Result<_>>()?;
    Ok(Deploy { databases, ..deploy })
}

/// Deletes one batch of deploys that ended before `before` and decide nothing any more.
pub(in crate::store) fn prune(
    connection: &Connection,
    before: Timestamp,
    batch: i64,
) -> sql::Result<usize> {
    connection
        .prepare_cached(
            "/* deploys.prune */ delete from deploys where id in ( \
             select d.id from deploys d where d.ended_at < ?1 and not exists ( \
             select 1 from deploy_databases w where w.deploy_id = d.id and w.superseded = 0 \
             and w.file_hash <> case when d.rolled_back = 1 then w.old_hash else d.new_hash end) \
             order by d.id limit ?2)",
        )?
        .execute((column::ms(before), batch))
}
