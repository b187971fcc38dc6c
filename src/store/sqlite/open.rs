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
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;

use super::lock;
use super::lock::Lock;
use super::migrations;
use super::outbox;
use crate::store::StoreError;

/// How long a statement waits for somebody who looks into the file with another program.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that are kept; more than there are.
const STATEMENTS_MAX: usize = 192;
/// The write-ahead log is cut back to this size at a checkpoint.
const WAL_BYTES_KEPT: i64 = 16 * 1024 * 1024;

/// An open state file, held for this process.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// The fencing epoch of this process.
    pub(super) epoch: i64,
    /// The file, without links.
    pub(super) path: PathBuf,
    /// Held as long as the connection: fields are dropped in order, so this one after it.
    _lock: Lock,
}

/// Opens the file at `path`, creating it where there is none.
pub(super) fn open(path: &Path, now: Timestamp) -> Result<Opened, StoreError> {
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
    let mut connection = Connection::open_with_flags(path, flags).map_err(trouble)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(trouble)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    check(&connection, path)?;
    migrations::migrate(&mut connection, path)?;
    set_up(&connection).map_err(trouble)?;
    let epoch = take_over(&mut connection).map_err(trouble)?;
    Ok(Opened { connection, epoch, path: real, _lock: lock })
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
/// unlike `integrity_check` it does not compare indexes with tables.
fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let answer: String = connection
        .query_row("/* open.quick_check */ pragma quick_check(1)", [], |row| row.get(0))
        .map_err(|source| classify(path, source))?;
    if answer == "ok" {
        Ok(())
    } else {
        Err(StoreError::Corrupt { path: path.to_owned(), detail: answer })
    }
}

/// FULL: a commit is on disk before it is acknowledged, also when the power fails (NORMAL loses
/// acknowledged commits in WAL mode).
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
}

/// Counts the epoch up and frees every claim of an earlier one: the lock proves that its process is
/// gone.
fn take_over(connection: &mut Connection) -> rusqlite::Result<i64> {
    let transaction = connection.transaction()?;
    let epoch: i64 = transaction.query_row(
        "/* open.epoch */ update meta set value = value + 1 where key = 'epoch' returning value",
        [],
        |row| row.get(0),
    )?;
    outbox::free_claims_before(&transaction, epoch)?;
    transaction.commit()?;
    Ok(epoch)
}

/// A file that is no database, or a damaged one, has its own error: it says what to do.
fn classify(path: &Path, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path: path.to_owned(), detail: source.to_string() }
        }
        _ => StoreError::Open { path: path.to_owned(), source },
    }
}
