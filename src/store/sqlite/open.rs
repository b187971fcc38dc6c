//! Opens the state file: takes its lock, proves that it is sound and ours, migrates it, and frees what
//! a process that is gone had claimed.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;

use super::lock;
use super::migrations;
use crate::store::StoreError;
use crate::store::opened::Opened;
use crate::store::sql;
use crate::store::sql::Connection;
use crate::store::statements::outbox;

/// How long a statement waits for somebody who looks into the file with another program.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that are kept; more than there are.
const STATEMENTS_MAX: usize = 192;
/// The same of the connection that only reads.
const READING_STATEMENTS_MAX: usize = 64;
/// A file up to this size is proven before it is used: a second, at most.
const PROVEN_AT_ONCE_BYTES: i64 = 256 * 1024 * 1024;
/// The table that grows with every audit.
const HISTORY: &str = "audits";
/// The write-ahead log is cut back to this size at a checkpoint.
const WAL_BYTES_KEPT: i64 = 16 * 1024 * 1024;

/// Opens the file at `path`, creating it where there is none.
pub(in crate::store) fn open(path: &Path, now: Timestamp) -> Result<Opened, StoreError> {
    let folder = match path.parent() {
        Some(it) if !it.as_os_str().is_empty() => it,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(StoreError::NoFolder { folder: folder.to_owned() });
    }
    // One file, one lock, whatever names it has: a path may lead through links.
    let real = real(path, folder)
        .map_err(|source| StoreError::Resolve { path: path.to_owned(), source })?;
    let path = real.as_path();
    let lock = lock::take(path, now)?;
    create(path)?;
    let trouble = |source| classify(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = rusqlite::Connection::open_with_flags(path, flags).map_err(trouble)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(trouble)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    let is_unproven = check(&connection, path)?;
    migrations::migrate(&mut connection, path)?;
    set_up(&connection).map_err(trouble)?;
    let connection = Connection::Sqlite(connection);
    let epoch = take_over(&connection)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    let reading = Connection::Sqlite(self::reading(path).map_err(trouble)?);
    let beginning = Some(Connection::Sqlite(self::reading(path).map_err(trouble)?));
    let unproven = if is_unproven { Some(self::reading(path).map_err(trouble)?) } else { None };
    Ok(Opened { connection, reading, beginning, epoch, unproven, lock: Some(lock) })
}

/// The path without links. Of a file that is not there yet, its folder's; a link that leads nowhere
/// is left to fail when the file is opened.
fn real(path: &Path, folder: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = fs::canonicalize(folder)?;
            Ok(path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name)))
        }
        resolved => resolved,
    }
}

/// An empty file that only its owner may read: SQLite would create it for everybody. It gives its
/// `-wal` and `-shm` the same mode.
fn create(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::Create { path: path.to_owned(), source }),
    }
}

/// Proves that every page can be read and belongs somewhere. Milliseconds for a state of this kind;
/// unlike `integrity_check` it does not compare indexes with tables. Of a large file the history of audits, which is
/// nearly all of it, is left to [`prove`]: at tens of millions of rows that takes a minute, and nothing that is told
/// depends on it. Returns whether it was left out.
fn check(connection: &rusqlite::Connection, path: &Path) -> Result<bool, StoreError> {
    let trouble = |source| classify(path, source);
    let size: i64 = connection
        .query_row(
            "/* open.size */ select page_count * page_size from pragma_page_count, pragma_page_size",
            [],
            |row| row.get(0),
        )
        .map_err(trouble)?;
    if size <= PROVEN_AT_ONCE_BYTES {
        prove(connection)
            .map_err(trouble)?
            .map_or(Ok(false), |detail| Err(StoreError::Corrupt { path: path.to_owned(), detail }))
    } else {
        let tables: Vec<String> = connection
            .prepare("/* open.tables */ select name from sqlite_schema where type = 'table'")
            .and_then(|mut it| it.query_map([], |row| row.get(0))?.collect())
            .map_err(trouble)?;
        for table in tables.iter().filter(|it| *it != HISTORY && !it.starts_with("sqlite_")) {
            let sql = format!("/* open.quick_check_of */ pragma quick_check({table})");
            let answer: String =
                connection.query_row(&sql, [], |row| row.get(0)).map_err(trouble)?;
            if answer != "ok" {
                return Err(StoreError::Corrupt { path: path.to_owned(), detail: answer });
            }
        }
        Ok(true)
    }
}

/// What is wrong with a file, if something is.
pub(in crate::store) fn prove(
    connection: &rusqlite::Connection,
) -> rusqlite::Result<Option<String>> {
    let answer: String =
        connection
            .query_row("/* open.quick_check */ pragma quick_check(1)", [], |row| row.get(0))?;
    Ok((answer != "ok").then_some(answer))
}

/// FULL: a commit is on disk before it is acknowledged, also when the power fails (NORMAL loses
/// acknowledged commits in WAL mode).
fn set_up(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
}

/// A connection that cannot write. The file is there and migrated.
fn reading(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(READING_STATEMENTS_MAX);
    Ok(connection)
}

/// Counts the epoch up and frees every claim of an earlier one: the lock proves that its process is
/// gone.
fn take_over(connection: &Connection) -> sql::Result<i64> {
    connection.begin()?;
    let epoch: i64 = connection.query_row(
        "/* open.epoch */ update meta set value = value + 1 where key = 'epoch' returning value",
        (),
        |row| row.get(0),
    )?;
    outbox::free_claims_before(connection, epoch)?;
    connection.commit()?;
    Ok(epoch)
}

/// A file that is no database, or a damaged one, has its own error: it says what to do.
fn classify(path: &Path, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path: path.to_owned(), detail: source.to_string() }
        }
        _ => StoreError::Open { path: path.to_owned(), source: source.into() },
    }
}
