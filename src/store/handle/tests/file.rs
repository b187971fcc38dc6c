//! What a file promises.

mod committing;
mod opening;
mod order;
mod plans;
mod trouble;
mod waiting;

use super::*;

/// A state file in a folder of its own.
pub(super) struct File {
    pub(super) folder: tempfile::TempDir,
}

pub(super) type Bench = BenchOn<File>;

impl Place for File {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn open(&self, now: Timestamp, pace: Pace) -> Handle {
        let opened = open::open(&self.path(), now).unwrap();
        Handle::start(opened, now, pace, Duration::MAX).unwrap()
    }

    fn connect(&self) -> Connection {
        Connection::Sqlite(rusqlite::Connection::open(self.path()).unwrap())
    }
}

impl File {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }
}

impl Bench {
    fn path(&self) -> PathBuf {
        self.place.path()
    }
}
