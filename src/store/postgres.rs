//! The state on a PostgreSQL server, for several replicas: how it is opened, proved ours, and migrated.
//!
//! PostgreSQL is the engine: replicas know of each other only what stands in its tables, nobody leads, and
//! all times that decide between them are the server's. Everything is in one schema ([`SCHEMA`]), which
//! belongs to whoever the URL logs in as.

pub(in crate::store) mod open;

/// Where the state's tables are.
pub const SCHEMA: &str = "schemawarden_state";
