//! Brings a state file to the schema of this release, one transactional step at a time.
//!
//! A step is never edited once released; a change is a new step.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::TransactionBehavior;

use crate::store::StoreError;
use crate::store::sql;

/// The steps, oldest first; the schema's version is the number of steps taken (`user_version`).
const STEPS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
];

/// Marks a SQLite file as ours (`application_id`): `SWdn`.
pub(in crate::store) const APPLICATION_ID: i64 = 0x5357_646e;

/// Takes the steps that `connection` lacks. A file that holds something is backed up first, beside
/// itself, as `<file>.v<version>-backup`.
pub(in crate::store) fn migrate(
    connection: &mut Connection,
    path: &Path,
) -> Result<(), StoreError> {
    migrate_with(connection, path, STEPS)
}

fn migrate_with(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<(), StoreError> {
    let open =
        |source| StoreError::Open { path: path.to_owned(), source: sql::Error::Sqlite(source) };
    let found: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(open)?;
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(open)?;
    let objects: i64 = connection
        .query_row("/* migrations.objects */ select count(*) from sqlite_schema", [], |row| {
            row.get(0)
        })
        .map_err(open)?;
    let is_new = found == 0 && application == 0 && objects == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let known = i64::try_from(steps.len()).expect("there are few steps");
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    if !is_new && found < known {
        back_up(connection, path, found)?;
    }
    for (to, step) in (1..).zip(steps).filter(|(to, _)| *to > found) {
        take(connection, to, step).map_err(|source| StoreError::Migrate {
            path: path.to_owned(),
            to,
            source: source.into(),
        })?;
    }
    Ok(())
}

/// One step and the new version number, in one transaction.
fn take(connection: &mut Connection, to: i64, step: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()
}

/// Writes a copy aside, makes it durable, and only then gives it its name.
fn back_up(connection: &Connection, path: &Path, version: i64) -> Result<(), StoreError> {
    let backup = beside(path, &format!(".v{version}-backup"));
    let unfinished = beside(path, &format!(".v{version}-backup-unfinished"));
    let keep = |source| StoreError::KeepBackup { path: backup.clone(), source };
    // Left by an earlier attempt that was killed; `vacuum into` wants no file there.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(keep(error)),
        _ => {}
    }
    connection
        .execute("/* migrations.back_up */ vacuum into ?1", [unfinished.to_string_lossy()])
        .map_err(|source| StoreError::BackUp { path: backup.clone(), source: source.into() })?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(keep)?;
    fs::rename(&unfinished, &backup).map_err(keep)
}

/// The path with `suffix` added to its file name.
pub(in crate::store) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it_and_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate_with(&mut connection, &path, &["create table a (x)"]).unwrap();
        assert!(!beside(&path, ".v0-backup").exists(), "a new file needs no backup");
        connection.execute("insert into a values (7)", []).unwrap();

        let steps = ["create table a (x)", "create table b (x); delete from a; create table a (x)"];
        let error = migrate_with(&mut connection, &path, &steps).unwrap_err();
        assert!(matches!(error, StoreError::Migrate { to: 2, .. }), "{error:?}");
        assert_eq!(version(&connection), 1);
        let kept: i64 = connection.query_row("select x from a", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 7);

        let steps = ["create table a (x)", "delete from a"];
        migrate_with(&mut connection, &path, &steps).unwrap();
        assert_eq!(version(&connection), 2);
        let backup = Connection::open(beside(&path, ".v1-backup")).unwrap();
        let kept: i64 = backup.query_row("select x from a", [], |row| row.get(0)).unwrap();
        assert_eq!((kept, version(&backup)), (7, 1));
    }

    #[test]
    fn a_database_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        let mut connection = Connection::open(&path).unwrap();
        connection.execute_batch("create table theirs (x)").unwrap();
        let error = migrate(&mut connection, &path).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        assert_eq!(version(&connection), 0);
    }

    #[test]
    fn the_steps_of_this_release_apply() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate(&mut connection, &path).unwrap();
        migrate(&mut connection, &path).unwrap();
        assert_eq!(version(&connection), i64::try_from(STEPS.len()).unwrap());
    }
}
