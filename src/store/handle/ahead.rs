//! What is known of the databases whose last audit was acknowledged and is not on disk yet.
//!
//! An audit begins with what is known of its database, and holds its place on the server meanwhile. On a file the
//! writer could tell, but it waits for the disk at each commit, fifteen milliseconds and more. A connection that only
//! reads waits for no commit, and sees what is on disk; what an open transaction holds besides is here.
//!
//! Where the transaction fails, what it held is forgotten here and waits for the next one: until then, what is on disk
//! is what is known. After a panic it stays, since what was applied is applied again at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::store::statements::accept::RememberedRow;

/// By the name of the database. Clones share them; the lock is held for one look-up.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead(Arc<Mutex<HashMap<String, RememberedRow>>>);

impl Ahead {
    /// Before it is acknowledged: who hears of it finds it here.
    pub(super) fn note(&self, database: &str, row: RememberedRow) {
        self.all().insert(database.to_owned(), row);
    }

    /// After the transaction that was open is committed, or has failed.
    pub(super) fn clear(&self) {
        self.all().clear();
    }

    /// What is known of one; `None` where that is what is on disk.
    pub(super) fn of(&self, database: &str) -> Option<RememberedRow> {
        self.all().get(database).cloned()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, RememberedRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
