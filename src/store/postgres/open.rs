//! Opens the state on a server: takes the write lock, makes or migrates the schema, refuses what is
//! somebody else's or newer, and counts the epoch up.
//!
//! All of it is one transaction under the lock that every writer takes, so that of replicas which start
//! together one migrates and the others find it done, and a kill in between leaves the version before.

use std::cell::RefCell;
use std::sync::Arc;

use super::SCHEMA;
use crate::store::StoreError;
use crate::store::opened::Opened;
use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::sql::Dial;
use crate::store::sql::Optional as _;
use crate::store::sql::Session;

/// The version that the first step makes: the same tables as a file of that version.
const FIRST: i64 = 10;
/// The steps from [`FIRST`] on, oldest first.
const STEPS: &[&str] = &[include_str!("migrations/0010.sql")];

/// The version that this release makes and knows.
#[expect(clippy::cast_possible_wrap, reason = "there are few steps")]
pub const VERSION: i64 = FIRST + STEPS.len() as i64 - 1;

/// Opens the state that `dial` leads to, for the fleet of that name. Blocks.
pub(in crate::store) fn open(dial: &Dial, fleet: &str) -> Result<Opened, StoreError> {
    let connection = connection(dial, "")?;
    let trouble = |source| StoreError::OpenServer { source };
    let usable = connection
        .query_row(
            "/* open.server */ select current_setting('server_version_num') as version, \
             current_setting('server_encoding') as encoding, \
             case when pg_is_in_recovery() then 1 else 0 end as standby",
            (),
            |row| {
                let version: String = row.get("version")?;
                let encoding: String = row.get("encoding")?;
                Ok((version, encoding, row.get::<_, bool>("standby")?))
            },
        )
        .map_err(trouble)?;
    check(&usable)?;
    connection.begin().map_err(trouble)?;
    let epoch = match prepare(&connection, fleet) {
        Ok(epoch) => epoch,
        Err(error) => {
            // Nothing was changed.
            let _ = connection.roll_back();
            return Err(error);
        }
    };
    connection.commit().map_err(trouble)?;
    let reading = self::connection(dial, "; set default_transaction_read_only = on")?;
    Ok(Opened { connection, reading, beginning: None, epoch, unproven: None, lock: None })
}

/// A connection whose names are looked up in the state's schema.
fn connection(dial: &Dial, more: &str) -> Result<Connection, StoreError> {
    let set_up = format!(
        "set search_path = {SCHEMA}; set client_min_messages = warning; \
         set standard_conforming_strings = on{more}"
    );
    let session = Session::new(Arc::clone(dial), set_up);
    Ok(Connection::Postgres(Box::new(RefCell::new(
        session.map_err(|source| StoreError::Thread { source })?,
    ))))
}

fn check((version, encoding, standby): &(String, String, bool)) -> Result<(), StoreError> {
    /// `jsonpath` and what is built on it: PostgreSQL 12; 13 is what is tested.
    const OLDEST: u32 = 130_000;
    let found = version.parse::<u32>().unwrap_or(0);
    let unfit = |why: String| Err(StoreError::Unfit { why });
    if found < OLDEST {
        return unfit(format!("it is PostgreSQL {}, and 13 or later is needed", found / 10_000));
    }
    if encoding != "UTF8" {
        return unfit(format!("the database's encoding is {encoding}, and UTF8 is needed"));
    }
    if *standby {
        return unfit("it is a standby, which takes no writes".to_owned());
    }
    Ok(())
}

fn prepare(connection: &Connection, fleet: &str) -> Result<i64, StoreError> {
    let trouble = |source| StoreError::OpenServer { source };
    let known = VERSION;
    let found = version(connection).map_err(trouble)?;
    if let Some(found) = found.filter(|it| *it > known) {
        return Err(StoreError::NewerServer { found, known });
    }
    if found.is_none() {
        let made = format!("create schema if not exists {SCHEMA}");
        connection.execute_batch(&made).map_err(trouble)?;
    }
    for (to, step) in (FIRST..).zip(STEPS).filter(|(to, _)| found.is_none_or(|it| *to > it)) {
        let migrate = |source| StoreError::MigrateServer { to, source };
        connection.execute_batch(step).map_err(migrate)?;
        connection
            .execute(
                "/* open.version */ insert into meta (key, value) values ('version', ?1) \
                 on conflict (key) do update set value = excluded.value",
                [to],
            )
            .map_err(migrate)?;
    }
    let owner: Option<String> = connection
        .query_row("/* open.fleet */ select name from fleet", (), |row| row.get("name"))
        .optional()
        .map_err(trouble)?;
    match owner {
        Some(owner) if owner != fleet => {
            return Err(StoreError::OtherFleet { found: owner, ours: fleet.to_owned() });
        }
        Some(_) => {}
        None => {
            connection
                .execute(
                    "/* open.found */ insert into fleet (name, created_at) values (?1, \
                     cast(extract(epoch from clock_timestamp()) * 1000 as bigint))",
                    [fleet],
                )
                .map_err(trouble)?;
        }
    }
    crate::store::statements::members::new_epoch(connection, 0).map_err(trouble)
}

/// The version of the state's schema; `None` where there is none.
fn version(connection: &Connection) -> sql::Result<Option<i64>> {
    let there = connection
        .prepare_cached(
            "/* open.there */ select 1 from pg_catalog.pg_class c \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where n.nspname = ?1 and c.relname = 'meta'",
        )?
        .exists([SCHEMA])?;
    if !there {
        return Ok(None);
    }
    connection
        .query_row(
            "/* open.found_version */ select value from meta where key = 'version'",
            (),
            |row| row.get("value"),
        )
        .optional()
}
