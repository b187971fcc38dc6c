//! The parameters that a text may name: which count, which do not matter, which are refused.
//!
//! Sources: PostgreSQL 18 documentation, "Parameter Key Words" of libpq; Prisma's documentation of
//! PostgreSQL connection URLs; the query strings that Supabase, Neon and node-postgres hand out.

use std::collections::BTreeMap;

use super::ConnectionError;

/// Longer texts are refused, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Parameters that count.
pub(super) const KNOWN: [&str; 16] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
    "channel_binding",
    "ssl",
    "requiressl",
    // Prisma: of no use to an audit, and where a push goes.
    "schema",
];

/// Accepted, without effect on an audit: it opens one connection, sends one message and closes.
const IGNORED: [&str; 37] = [
    // libpq
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "target_session_attrs",
    "load_balance_hosts",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "gssencmode",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "sslcompression",
    "sslsni",
    "sslnegotiation",
    "sslcertmode",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "min_protocol_version",
    "max_protocol_version",
    // Prisma
    "pgbouncer",
    "connection_limit",
    "pool_timeout",
    "socket_timeout",
    "statement_cache_size",
    "single_use_connections",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "sslaccept",
    // Supabase, Vercel, node-postgres, Neon
    "supa",
    "workaround",
    "pool_mode",
    "uselibpqcompat",
    "endpoint",
    "pooler",
];

/// Refused, because leaving them out would drop something that was asked for.
const UNSUPPORTED: [&str; 12] = [
    "requirepeer",
    "require_auth",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
    "sslidentity",
    "sslkeylogfile",
    "service",
    "servicefile",
    "replication",
    "oauth_issuer",
    "oauth_client_id",
];

/// Named values, as the text gives them; decoded, unquoted, not yet understood.
#[derive(Debug, Default)]
pub(super) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// What the text says of a parameter. Empty is the same as nothing, as in libpq.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// Takes a part of a URL that has a place and not a name. A named one goes over it.
    pub(super) fn place(&mut self, name: &'static str, value: String) {
        self.0.insert(name, value);
    }
}

/// Named parameters on their way into [`Settings`].
#[derive(Debug, Default)]
pub(super) struct Named {
    seen: Settings,
    /// A password went before: names that follow may be pieces of it.
    after_password: bool,
}

impl Named {
    /// Takes one parameter.
    pub(super) fn take(&mut self, name: &str, value: String) -> Result<(), ConnectionError> {
        if name == "options" {
            return Err(ConnectionError::Options);
        }
        if let Some(name) = UNSUPPORTED.into_iter().find(|it| *it == name) {
            return Err(ConnectionError::Unsupported { name });
        }
        let Some(name) = KNOWN.into_iter().find(|it| *it == name) else {
            if IGNORED.contains(&name) {
                return Ok(());
            }
            return Err(ConnectionError::unknown(name, !self.after_password));
        };
        self.after_password |= name == "password";
        match self.seen.0.insert(name, value) {
            Some(_) => Err(ConnectionError::DuplicateParameter { name }),
            None => Ok(()),
        }
    }

    /// The named parameters, over those that have a place.
    pub(super) fn over(self, mut placed: Settings) -> Settings {
        placed.0.extend(self.seen.0);
        placed
    }
}
