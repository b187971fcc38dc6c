//! What can go wrong with the state.

use std::io;
use std::path::PathBuf;

use uuid::Uuid;

use super::sql;

/// Why the state could not be opened, read or written.
///
/// Opening errors end the start (exit 2); none of them changes the file. Of the others only
/// [`Deferred`](Self::Deferred) and [`Write`](Self::Write) are expected in operation: a full disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("the folder `{folder}` of the state file does not exist; create it, or change `state.sqlite`", folder = folder.display())]
    NoFolder { folder: PathBuf },

    #[error("the state file `{path}` is in use by {holder}; one daemon per state file", path = path.display())]
    Locked { path: PathBuf, holder: String },

    #[error("could not resolve the path of the state file `{path}`", path = path.display())]
    Resolve { path: PathBuf, source: io::Error },

    #[error("could not lock the state file with `{path}`", path = path.display())]
    Lock { path: PathBuf, source: io::Error },

    #[error("could not open the state file `{path}`", path = path.display())]
    Open { path: PathBuf, source: sql::Error },

    #[error("could not create the state file `{path}`", path = path.display())]
    Create { path: PathBuf, source: io::Error },

    #[error("`{path}` is a SQLite database of something else; choose another `state.sqlite`", path = path.display())]
    Foreign { path: PathBuf },

    #[error(
        "the state file `{path}` is damaged ({detail}); move it away, with its `-wal` and `-shm`, or \
         put a backup in its place: without it, Schemawarden starts anew and tells open incidents again",
        path = path.display()
    )]
    Corrupt { path: PathBuf, detail: String },

    #[error(
        "the state file `{path}` has schema version {found}, and this release knows versions up to \
         {known}; run the newer release, or put the backup it made in its place",
        path = path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },

    #[error("could not back up the state file to `{path}` before its migration", path = path.display())]
    BackUp { path: PathBuf, source: sql::Error },

    #[error("could not put the backup of the state file at `{path}`", path = path.display())]
    KeepBackup { path: PathBuf, source: io::Error },

    #[error("could not migrate the state file `{path}` to schema version {to}; it is unchanged", path = path.display())]
    Migrate { path: PathBuf, to: i64, source: sql::Error },

    #[error("could not open the state on its server (`state.postgres`)")]
    OpenServer { source: sql::Error },

    #[error("the server of `state.postgres` cannot hold a state: {why}")]
    Unfit { why: String },

    #[error(
        "the state on the server has schema version {found}, and this release knows versions up to {known}; \
         run the newer release on every replica"
    )]
    NewerServer { found: i64, known: i64 },

    #[error("could not migrate the state on the server to schema version {to}; it is unchanged")]
    MigrateServer { to: i64, source: sql::Error },

    #[error(
        "the state on the server belongs to the fleet `{found}`, and this configuration is of the fleet \
         `{ours}` (`state.fleet`): two fleets need two databases"
    )]
    OtherFleet { found: String, ours: String },

    /// Whose turn it is could not be found out.
    #[error("the state could not be asked whose turn it is: {reason}")]
    NoTurn { reason: String },

    /// Its lease ran out, and another replica took it over: what this one found is not committed.
    #[error(
        "the audit of `{database}` was taken over by another replica, and is not recorded here"
    )]
    Overtaken { database: String },

    #[error("could not start the state's writer thread")]
    Thread { source: io::Error },

    /// The report is kept in memory and written when that is possible again.
    #[error("the state cannot be written ({reason}); the audit of `{database}` is kept in memory")]
    Deferred { database: String, reason: String },

    /// Nothing of it was stored.
    #[error("could not write the state ({what})")]
    Write { what: &'static str, source: sql::Error },

    #[error("could not read the state ({what})")]
    Read { what: &'static str, source: sql::Error },

    #[error("the claim on delivery {delivery} is not held any more")]
    LeaseLost { delivery: Uuid },

    #[error("{max} silences are active already; end some of them first")]
    TooManySilences { max: usize },

    /// A panic inside; the state goes on.
    #[error("the state's writer gave no answer")]
    Unanswered,

    #[error("the state is closed")]
    Stopped,
}
