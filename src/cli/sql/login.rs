//! Who logs in to a database, and where: as far as its connection says it, without connecting.

use std::sync::Arc;

use crate::config::ConnectionSource;
use crate::connection;
use crate::connection::Connection;

/// The role where neither the command nor the config names one.
const DEFAULT_ROLE: &str = "schemawarden_auditor";

/// Who audits a database, and what that database calls itself.
pub(super) struct Login {
    pub(super) role: String,
    /// `None` where the connection does not say.
    pub(super) dbname: Option<String>,
}

impl Login {
    /// As the connection says, unless `role` names another.
    pub(super) fn of(source: &ConnectionSource, role: Option<&str>) -> Self {
        let connection = named(source);
        let connection = connection.as_deref();
        // A provider's pooler wants `role.project`; the role itself has no project.
        let login = connection.and_then(|it| it.user.as_deref());
        let user = login.map(|it| it.split('.').next().unwrap_or(it));
        let dbname = connection.and_then(|it| it.database.as_deref()).or(login);
        Self {
            role: role.or(user).unwrap_or(DEFAULT_ROLE).to_owned(),
            dbname: dbname.map(str::to_owned),
        }
    }
}

/// What the connection says, or the file that holds it. Loading the config has read that file a
/// moment ago, so where it cannot be read now, its names are merely left open.
pub(in crate::cli) fn named(source: &ConnectionSource) -> Option<Arc<Connection>> {
    match source {
        ConnectionSource::Parsed(connection) => Some(Arc::clone(connection)),
        ConnectionSource::Unusable { .. } => None,
        ConnectionSource::File { path, defaults } => {
            let text = std::fs::read_to_string(path).ok()?;
            let line = text.lines().next()?.trim();
            connection::parse(line, defaults).ok().map(Arc::new)
        }
    }
}
