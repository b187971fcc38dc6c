//! Where a state is, for who carries it from one place to another.

use std::io::BufRead;
use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;

use super::Dial;
use super::MoveError;
use super::Moved;
use super::SCHEMA_VERSION;
use super::moving;
use super::opened::Opened;
use super::postgres;
use super::sqlite;

/// Where a state is, for who moves it while no daemon has it.
#[derive(Clone)]
pub enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A server, and the fleet whose state it is.
    Postgres(Dial, String),
}

impl Place {
    /// Writes all of the state to `to`, as lines of JSON. Blocks.
    pub fn export(&self, now: Timestamp, to: &mut dyn Write) -> Result<Moved, MoveError> {
        let opened = self.open(now)?;
        opened.connection.begin_reading().map_err(MoveError::State)?;
        moving::export(&opened.connection, SCHEMA_VERSION, to)
    }

    /// Reads all of a state from what [`Self::export`] wrote; all of it or nothing. Only into an empty one.
    /// Blocks.
    pub fn import(&self, now: Timestamp, from: &mut dyn BufRead) -> Result<Moved, MoveError> {
        let opened = self.open(now)?;
        opened.connection.begin().map_err(MoveError::State)?;
        let moved = moving::import(&opened.connection, SCHEMA_VERSION, from);
        match &moved {
            Ok(_) => opened.connection.commit().map_err(MoveError::State)?,
            Err(_) => {
                // Nothing of it holds either way.
                let _ = opened.connection.roll_back();
            }
        }
        moved
    }

    fn open(&self, now: Timestamp) -> Result<Opened, MoveError> {
        let opened = match self {
            Self::Sqlite(path) => sqlite::open::open(path, now),
            Self::Postgres(dial, fleet) => postgres::open::open(dial, fleet),
        };
        opened.map_err(|error| MoveError::Open(Box::new(error)))
    }
}
