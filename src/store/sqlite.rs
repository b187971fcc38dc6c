//! The state in one SQLite file: how it is opened, locked and migrated.

pub(in crate::store) mod lock;
pub(in crate::store) mod migrations;
pub(in crate::store) mod open;
