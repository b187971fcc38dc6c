//! What libpq would take from the process environment, read once by whoever may read it.
//!
//! Only `config::load` and `cli` look at the environment, so the values come in here as a parameter.
//! The value also keeps the passwords that commands printed: it lives as long as the process does,
//! and is shared by every audit.

use std::path::PathBuf;

use super::credentials::command::Commands;
use crate::secret::Secret;

/// Values of libpq's environment variables (PostgreSQL documentation, "Environment Variables" of
/// libpq), and the passwords of `password_command` that are still fresh.
///
/// Clones share the kept passwords.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `PGUSER`.
    pub(super) user: Option<String>,
    /// `PGPASSWORD`.
    pub(super) password: Option<Secret>,
    /// `PGPASSFILE`.
    pub(super) passfile: Option<PathBuf>,
    /// `HOME`.
    pub(super) home: Option<PathBuf>,
    /// What commands printed, until it is too old.
    pub(super) commands: Commands,
}

impl Environment {
    /// Asks `lookup` for each variable. An empty value counts as unset, as in libpq.
    #[must_use]
    pub fn new(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        Self {
            user: get("PGUSER"),
            password: get("PGPASSWORD").map(Secret::new),
            passfile: get("PGPASSFILE").map(PathBuf::from),
            home: get("HOME").map(PathBuf::from),
            commands: Commands::default(),
        }
    }
}
