//! The traces by which a database is known again: which one it is, and what its storage says of each
//! table.
//!
//! A name diff cannot see that a database was emptied and built anew. Its catalogs can: an object that
//! is created gets an OID that none had before, a table that is truncated gets a new file, and the
//! statistics count what was inserted and deleted. None of that needs a privilege on a table.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Name;
use super::RelationName;

/// What one read saw of a database's storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imprint {
    /// Which database that is.
    pub identity: DatabaseIdentity,
    /// When its server started; `None` where the role may not ask. Two names for one database see the
    /// same instant, a database and its copy on another server do not.
    pub started_at: Option<StartedAt>,
    /// OIDs of the schemas (`pg_namespace.oid`), PostgreSQL's own left out.
    pub schemas: BTreeMap<Name, u32>,
    /// Tables that are compared. A table of the catalog that is not among them was dropped or created
    /// while it was read.
    pub tables: BTreeMap<RelationName, Stored>,
    /// OIDs of all tables, those that are not compared too: a partition lives on in its parent.
    pub oids: BTreeSet<u32>,
    /// What tells whether statistics were lost since; `None` where the role may not ask.
    pub statistics: Option<Statistics>,
}

/// What the cumulative statistics say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// `pg_stat_get_db_stat_reset_time`, as the server spells it.
    pub reset_at: Option<String>,
    /// `pg_stat_get_db_xact_commit`: grows, unless they were lost.
    pub commits: u64,
}

/// Which database it is, wherever a connection string says it lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DatabaseIdentity {
    /// `pg_control_system().system_identifier`: given to a cluster by `initdb`, kept by its physical
    /// copies. `None` where the role may not ask.
    pub system: Option<u64>,
    /// `pg_database.oid`.
    pub oid: u32,
    /// `current_database()`, made visible.
    pub name: String,
    /// Major version of the server. Not part of who it is: it explains why the system differs.
    pub major: u32,
}

/// When a server started (`pg_postmaster_start_time()`), as microseconds since 1970.
pub type StartedAt = i64;

/// What storage says of one table. For a partitioned one, of all its partitions together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// `pg_class.oid`: another one means another table of the same name.
    pub oid: u32,
    /// `pg_class.relfilenode`: another one means that it was rewritten, or truncated.
    pub file: u64,
    /// About how many rows it holds; `None` where the statistics say nothing.
    pub rows: Option<u64>,
    /// What the cumulative statistics count; `None` where the role may not ask.
    pub counters: Option<Counters>,
    /// It is partitioned: all of this is a sum, which falls when a partition goes.
    pub partitioned: bool,
}

/// Counters of the cumulative statistics. They are lost by a crash, a failover, an upgrade and
/// `pg_stat_reset`, and begin again at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// `pg_stat_get_live_tuples`: falls to zero when the table is truncated.
    pub live: u64,
    /// `pg_stat_get_tuples_inserted`.
    pub inserted: u64,
    /// `pg_stat_get_tuples_deleted`: a truncated row is not counted.
    pub deleted: u64,
}
