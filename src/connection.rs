//! Where a database is and how to log in: the parsed form of a libpq connection string.
//!
//! Our own parser, because tokio-postgres knows neither `verify-full` nor `sslrootcert`, and because
//! our default is stricter than libpq's: a remote host means `verify-full` (design, section 7.3).
//! A text is read in two steps: [`url`] or [`keywords`] turn it into named [`settings`], and
//! [`resolve`] makes sense of them together. Pure: reading files, running commands and looking up names is the business of
//! [`crate::introspect`], at each connection.
//!
//! **Invariant:** no error holds a piece of a text that might be a password. A malformed text is not
//! quoted at all, since where it is malformed is often right after a special character in a password.

mod error;
mod fence;
mod keywords;
mod place;
mod resolve;
mod settings;
mod url;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::secret::Secret;

pub use error::ConnectionError;
pub use fence::embedded;
pub use fence::is_denied;

/// The port of a host that names none.
pub const DEFAULT_PORT: u16 = 5432;

/// The socket's directory where no host is named, as Debian's and Red Hat's libpq have it.
pub const DEFAULT_SOCKET_DIR: &str = "/var/run/postgresql";

/// Hosts of providers' poolers that many projects share; the project's reference is in the user name
/// (`role.projectref`; supabase.com/docs/guides/database/connecting-to-postgres).
const SHARED_POOLERS: [&str; 1] = [".pooler.supabase.com"];

/// What config says beside the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionDefaults {
    /// `insecure: true`: `prefer` and `allow` to a remote host are accepted.
    pub insecure: bool,
    /// `sslrootcert`, where the text names none.
    pub ssl_root_cert: Option<PathBuf>,
    /// `password_file` or `password_command`, where the text holds no password.
    pub password: Option<Password>,
    /// Relative paths in the text are relative to this directory: that of the file that holds it.
    pub directory: PathBuf,
    /// The text came from elsewhere (a registry): it may name no file of this machine.
    pub foreign: bool,
    /// The database, whatever the text names.
    pub database: Option<String>,
    /// Networks that it may not lead to, whatever name it gives them.
    pub denied: Arc<[IpNet]>,
}

/// Reads a connection string: a URL (`postgres://`, `postgresql://`) or libpq keywords
/// (`host=… dbname=…`). White space around it does not count.
///
/// Where no `sslmode` is named, a remote host means `verify-full`, and loopback or a Unix socket
/// means no TLS. `require` with an `sslrootcert` in the text is `verify-ca`, as in libpq.
///
/// # Errors
///
/// What [`ConnectionError`] lists. No error holds a piece of a text that might be a password.
pub fn parse(text: &str, defaults: &ConnectionDefaults) -> Result<Connection, ConnectionError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ConnectionError::Empty);
    }
    if text.len() > settings::MAX_TEXT_BYTES {
        return Err(ConnectionError::TooLong { limit: settings::MAX_TEXT_BYTES });
    }
    let url = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    let settings = match url {
        Some(rest) => url::read(rest)?,
        // In a value of a keyword it stands behind a `=`.
        None if text.split('=').next().is_some_and(|it| it.contains("://")) => {
            return Err(ConnectionError::OtherScheme);
        }
        None => keywords::read(text)?,
    };
    resolve::resolve(&settings, defaults)
}

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
    /// Prisma's `?schema=`: where models that name no schema are. Audits look at all of them.
    pub schema: Option<String>,
    /// Networks that none of its hosts may stand for; checked on each address that is found.
    pub denied: Arc<[IpNet]>,
}

impl Connection {
    /// Whether any of its hosts is beyond this machine.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.hosts.iter().any(Endpoint::is_remote)
    }

    /// What the database lives on, for limits and outages: its first host and port, and on a
    /// provider's shared pooler the project's reference too. Config's `server:` goes before it.
    #[must_use]
    pub fn server(&self) -> String {
        let Some(first) = self.hosts.first() else { return String::new() };
        match self.project(first) {
            Some(project) => format!("{first}/{project}"),
            None => first.to_string(),
        }
    }

    /// On a provider's shared pooler, whose database it is: the part of the user behind the dot.
    fn project(&self, at: &Endpoint) -> Option<&str> {
        let (Endpoint::Tcp { host, .. }, Some(user)) = (at, &self.user) else { return None };
        let host = host.to_ascii_lowercase();
        let shared = SHARED_POOLERS.iter().any(|it| host.ends_with(it));
        user.split_once('.').map(|it| it.1).filter(|_| shared)
    }
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

impl Endpoint {
    /// Whether it is beyond this machine: neither a Unix socket, nor `localhost`, `127.0.0.0/8`, `::1`.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Unix { .. } => false,
            Self::Tcp { host, .. } => match host.parse::<IpAddr>() {
                Ok(address) => !address.is_loopback(),
                Err(_) => !host.eq_ignore_ascii_case("localhost"),
            },
        }
    }
}

/// `host:5432`, `[::1]:5432`, `/run/postgresql:5432`
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { directory, port } => write!(f, "{}:{port}", directory.display()),
        }
    }
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

impl SslMode {
    /// Every mode, weakest first.
    pub const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// libpq's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
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
    /// None, and none is looked for: a text from elsewhere says to which host it would go.
    Withheld,
    /// Written in the URL.
    Inline(Secret),
    /// First line of this file.
    File(PathBuf),
    /// A file in `.pgpass` format (`passfile=`).
    PassFile(PathBuf),
    /// First line of this command's output; kept for `ttl`.
    Command { argv: Vec<String>, timeout: Duration, ttl: Duration },
}

#[cfg(test)]
mod tests;
