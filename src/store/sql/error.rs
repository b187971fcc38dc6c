//! What can go wrong with a statement, whichever engine runs it.

use std::error::Error as StdError;
use std::fmt;

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;

use super::Result;

/// Why a statement failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    Sqlite(rusqlite::Error),
    Postgres(tokio_postgres::Error),
    /// The server did not answer in time, or cannot be reached; the connection is given up.
    Lost(String),
    /// A query that has to bring a row brought none.
    NoRows,
    /// A column holds what we never write.
    Unreadable(String),
    /// A value of ours has no stored form.
    Unwritable(String),
    /// Somebody else took over what this was about.
    Overtaken,
}

impl Error {
    /// Whether the cause is outside the statement: the same statement works when it is gone.
    pub(in crate::store) fn is_trouble(&self) -> bool {
        match self {
            Self::Sqlite(it) => matches!(
                it.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::ReadOnly
                        | ErrorCode::CannotOpen
                        | ErrorCode::PermissionDenied
                        | ErrorCode::OutOfMemory
                        | ErrorCode::FileLockingProtocolFailed
                        | ErrorCode::DatabaseCorrupt
                        | ErrorCode::NotADatabase
                )
            ),
            Self::Postgres(it) => match it.code() {
                Some(code) => is_trouble(code),
                // A value of ours that does not fit is no trouble of the server's.
                None => is_broken(it),
            },
            Self::Lost(_) => true,
            Self::NoRows | Self::Unreadable(_) | Self::Unwritable(_) | Self::Overtaken => false,
        }
    }
}

/// Whether the connection is of no use any more.
pub(super) fn is_broken(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(<dyn StdError + 'static>::is::<std::io::Error>)
}

/// Classes of SQLSTATE (PostgreSQL, appendix A): connection, transaction rollback, insufficient resources
/// (a full disk), operator intervention (shutdown, a terminated backend), system error, a standby.
fn is_trouble(code: &SqlState) -> bool {
    let class = code.code().get(..2).unwrap_or_default();
    matches!(class, "08" | "25" | "28" | "3D" | "3F" | "40" | "53" | "55" | "57" | "58" | "XX")
        || *code == SqlState::INSUFFICIENT_PRIVILEGE
        || *code == SqlState::UNDEFINED_TABLE
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(it) => it.fmt(f),
            Self::Postgres(it) => {
                if let Some(said) = it.as_db_error() {
                    let text = crate::schema::visible(said.message().as_bytes());
                    return write!(f, "{text} ({})", said.code().code());
                }
                it.fmt(f)?;
                it.source().map_or(Ok(()), |source| write!(f, ": {source}"))
            }
            Self::NoRows => f.write_str("the query brought no row"),
            Self::Lost(why) | Self::Unreadable(why) | Self::Unwritable(why) => f.write_str(why),
            Self::Overtaken => f.write_str("somebody else has taken this over"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Sqlite(it) => it.source(),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Self::NoRows,
            error => Self::Sqlite(error),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// Turns "no row" into `None`.
pub(in crate::store) trait Optional<T> {
    fn optional(self) -> Result<Option<T>>;
}

impl<T> Optional<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(it) => Ok(Some(it)),
            Err(Error::NoRows) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
