//! One daemon per state file.
//!
//! The lock is `flock` on a file beside the state, not on the state itself: SQLite uses POSIX locks
//! there, which closing any other handle of this process would drop. The kernel lets go when the
//! process ends, however it ends; the text inside only says who holds it.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;

use super::migrations::beside;
use crate::store::StoreError;

/// More than this is not read of what the holder wrote.
const HOLDER_BYTES_MAX: u64 = 512;

/// Held while it lives.
#[derive(Debug)]
pub(in crate::store) struct Lock {
    _file: File,
}

/// Takes the lock of the state file at `state`, a path without links, and writes who holds it.
pub(in crate::store) fn take(state: &Path, now: Timestamp) -> Result<Lock, StoreError> {
    let path = beside(state, ".lock");
    let trouble = |source| StoreError::Lock { path: path.clone(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(trouble)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = read_holder(&file);
            return Err(StoreError::Locked { path: state.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(trouble(source)),
    }
    write_holder(&mut file, now).map_err(trouble)?;
    Ok(Lock { _file: file })
}

fn write_holder(file: &mut File, now: Timestamp) -> io::Result<()> {
    let pid = std::process::id();
    let since = now.strftime("%Y-%m-%d %H:%M:%S UTC");
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {pid} on host {host}, started {since}", host = host())
}

/// What the holder wrote, on one line and without anything that acts.
fn read_holder(file: &File) -> String {
    let mut bytes = Vec::new();
    // An unreadable text is no reason to hide that the lock is held.
    let _ = file.take(HOLDER_BYTES_MAX).read_to_end(&mut bytes);
    match crate::schema::visible(bytes.trim_ascii()) {
        text if text.is_empty() => "another process".to_owned(),
        text => text,
    }
}

fn host() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/hostname") {
        Ok(text) => text.trim().to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}
