//! A state that was opened, whichever engine it is on.

use std::fmt;

use super::sql::Connection;
use super::sqlite::lock::Lock;

/// An open state.
pub(in crate::store) struct Opened {
    /// The writer's.
    pub(in crate::store) connection: Connection,
    /// Of those who read for people; it cannot write.
    pub(in crate::store) reading: Connection,
    /// Of audits that are about to begin; it cannot write. On a server they ask on `reading`.
    pub(in crate::store) beginning: Option<Connection>,
    /// The fencing epoch of this process.
    pub(in crate::store) epoch: i64,
    /// Of a large file, whose history is not proven to be sound yet: a connection for who does that.
    pub(in crate::store) unproven: Option<rusqlite::Connection>,
    /// Of a file, held as long as the connections: fields are dropped in order, so this one after them.
    pub(in crate::store) lock: Option<Lock>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
