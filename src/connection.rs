//! Where a database is and how to log in: the parsed form of a libpq connection string.
//!
//! Our own parser, because tokio-postgres knows neither `verify-full` nor `sslrootcert`, and because
//! our default is stricter than libpq's: a remote host means `verify-full` (design, section 7.3).
//! Pure: reading files, running commands and looking up names is the business of
//! [`crate::introspect`], at each connection.

use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// How to reach and log in to one database.
///
/// What is `None` here was not said; [`crate::introspect`] fills in libpq's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Hosts to try in order; never empty.
    pub hosts: Vec<Endpoint>,
    /// Database name (`dbname`). libpq's default is the user name.
    pub database: Option<String>,
    /// Role to log in as. libpq's default is `PGUSER`, then the operating system's user.
    pub user: Option<String>,
    /// Where the password comes from.
    pub password: Password,
    /// How much of TLS is demanded. Already resolved: a remote host without a word is `verify-full`.
    pub ssl_mode: SslMode,
    /// Extra roots beside the system's store (`sslrootcert`).
    pub ssl_root_cert: Option<PathBuf>,
    /// Client certificate and key (`sslcert`, `sslkey`); both or none.
    pub ssl_client: Option<ClientCertificate>,
    /// What the URL or config said of `connect_timeout`, if anything.
    pub connect_timeout: Option<Duration>,
    /// `channel_binding=require`: refuse SCRAM without channel binding.
    pub require_channel_binding: bool,
}

/// One place to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Host name or address, and port.
    Tcp { host: String, port: u16 },
    /// Directory of a Unix socket, and the port that names the socket file
    /// (`DIR/.s.PGSQL.PORT`).
    Unix { directory: PathBuf, port: u16 },
}

/// libpq's `sslmode` (PostgreSQL documentation, "SSL Support", table of modes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    /// Encryption without proof of who answers. `doctor` says so.
    Require,
    VerifyCa,
    VerifyFull,
}

/// A client certificate for TLS authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM chain.
    pub certificate: PathBuf,
    /// PEM key. Refused when group or world may read it, as libpq does.
    pub key: PathBuf,
}

/// Where a password comes from. Read anew at each connection, so that rotation needs no restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// Nothing was said: `PGPASSFILE`, `~/.pgpass`, or none at all.
    Default,
    /// Written in the URL.
    Inline(Secret),
    /// First line of this file.
    File(PathBuf),
    /// A file in `.pgpass` format (`passfile=`).
    PassFile(PathBuf),
    /// First line of this command's output; kept for `ttl`.
    Command { argv: Vec<String>, timeout: Duration, ttl: Duration },
}
