//! A database that no config names: `check --url` and `snapshot --url`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::ConnectionDefaults;
use super::ConnectionSource;
use super::Database;
use super::Limits;
use crate::connection;
use crate::connection::ConnectionError;
use crate::incident::Life;
use crate::manifest::Manifest;
use crate::reset::Thresholds;
use crate::schedule::Schedule;
use crate::schema::visible;

/// What such a database is called where its URL names none.
const NAMELESS: &str = "database";

impl Database {
    /// A database known by its URL alone, with the default limits. Its name is the visible name of
    /// the database in the URL. It is due never: nothing schedules it.
    ///
    /// # Panics
    ///
    /// Never: the one cron line that it reads is a constant.
    pub fn unregistered(
        url: &str,
        insecure: bool,
        manifest: Arc<Manifest>,
    ) -> Result<Self, ConnectionError> {
        let connection = ConnectionSource::from_url(url, insecure)?;
        let schedule = Schedule::cron("@yearly", TimeZone::UTC, Duration::ZERO)
            .expect("a constant line that fires");
        Ok(Self {
            name: connection.database_name().unwrap_or_else(|| NAMELESS.to_owned()),
            connection,
            manifest,
            schedule,
            min_interval: Duration::ZERO,
            scales_to_zero: false,
            labels: BTreeMap::new(),
            observer: false,
            guard: false,
            watch: false,
            server: None,
            known: Vec::new(),
            severities: BTreeMap::new(),
            limits: Limits::default(),
            provision_grace: Duration::ZERO,
            life: Life::default(),
            resets: Thresholds::default(),
            pin: None,
            discovery: None,
        })
    }

    /// What it lives on, for limits: `server:` of the config, or else host and port. Where those
    /// stand in a file that is read at each connection, the file stands for them.
    #[must_use]
    pub fn server(&self) -> String {
        if let Some(server) = &self.server {
            return server.clone();
        }
        match &self.connection {
            ConnectionSource::Parsed(connection) => connection.server(),
            ConnectionSource::File { path, .. } => path.display().to_string(),
            // On no server that anybody knows, and so on one of its own.
            ConnectionSource::Unusable { .. } => format!("{} (unknown)", self.name),
        }
    }
}

impl ConnectionSource {
    /// A connection given on the command line.
    pub fn from_url(url: &str, insecure: bool) -> Result<Self, ConnectionError> {
        let defaults = ConnectionDefaults { insecure, ..ConnectionDefaults::default() };
        Ok(Self::Parsed(Arc::new(connection::parse(url, &defaults)?)))
    }

    /// Whether every audit is `unknown`, whatever happens outside.
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Unusable { .. })
    }

    /// The visible name of the database that it names, or of the role that stands for it.
    #[must_use]
    pub fn database_name(&self) -> Option<String> {
        let Self::Parsed(connection) = self else { return None };
        let name = connection.database.as_ref().or(connection.user.as_ref())?;
        Some(visible(name.as_bytes()))
    }
}
