//! Why a database could not be read, in words that help at 3 a.m. and hold no secret.
//!
//! None of these is drift: an audit that ends in one of them observed nothing. What a server says is
//! hostile text. It is made visible, cut, and freed of the password before it gets in here, so that
//! no `Display`, `Debug` or [`IntrospectError::reason`] can leak it.

mod advice;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::error::DbError;

use super::credentials::CredentialsError;
use super::stream::StreamError;
use super::tls::TlsError;
use crate::schema::visible;
use crate::secret::Secret;

/// The most of a server's text that is kept, in characters.
const MAX_EXCERPT_CHARS: usize = 200;

/// What stands where a server quoted the password.
const REDACTED: &str = "[redacted]";

/// Why the catalogs of a database could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntrospectError {
    #[error("there are no credentials to log in with")]
    Credentials { source: CredentialsError },

    /// What is registered says by itself that there is nothing to connect to, and why.
    #[error("{reason}")]
    Unusable { reason: String },

    /// The host stands for addresses that its discovery denies.
    #[error("{server} is {address}, which is in a network of `deny_networks`")]
    Denied { server: String, address: IpAddr },

    #[error("could not find the address of host `{host}`")]
    Lookup { host: String, source: io::Error },

    /// `unreachable_ipv6`: every address of the host is IPv6 and this machine has no way there.
    #[error("could not connect to {server}")]
    Connect { server: String, unreachable_ipv6: bool, source: io::Error },

    #[error("no TLS with {server}")]
    Tls { server: String, host: String, source: TlsError },

    #[error("{server} did not let role `{role}` into database `{database}`")]
    Login { server: String, host: String, role: String, database: String, source: TalkError },

    #[error("could not read the catalogs of database `{database}` on {server} as role `{role}`")]
    Read { server: String, role: String, database: String, source: TalkError },

    /// `server` is empty where time ran out before there was one.
    #[error("timed out after {} while {phase}{}", Span(*limit), At(server))]
    TimedOut { server: String, phase: Phase, limit: Duration },

    /// One failure for each host, in order; never fewer than two.
    #[error("none of {} hosts could be read", failures.len())]
    NoHost { failures: Vec<IntrospectError> },
}

/// What was under way when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Credentials,
    Lookup,
    Connecting,
    Tls,
    Authenticating,
    Reading,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "getting the credentials",
            Self::Lookup => "looking up the host",
            Self::Connecting => "connecting",
            Self::Tls => "agreeing on TLS",
            Self::Authenticating => "authenticating",
            Self::Reading => "reading",
        })
    }
}

/// What went wrong in the talk with a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TalkError {
    /// The server said so.
    #[error("{message} (SQLSTATE {code})")]
    Server { code: String, message: String },
    /// `passed_over`: why the password file that might have held it was not used.
    #[error("the server asks for a password and none is known{}", Because(passed_over.as_deref()))]
    NoPassword { passed_over: Option<String> },
    #[error(
        "the server asks for a password {form}, and nothing proves that it is the right server"
    )]
    OpenPassword { form: &'static str },
    #[error("the login failed: {problem}")]
    Authentication { problem: String },
    #[error("the server sent more than {limit} bytes")]
    TooManyBytes { limit: u64 },
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection broke")]
    Broken { source: io::Error },
    #[error("what answers does not speak PostgreSQL's protocol: {problem}")]
    NotPostgres { problem: String },
    #[error("the answer is undecodable: {problem}")]
    Undecodable { problem: String },
}

impl TalkError {
    /// Says in our words what tokio-postgres says in its own. `password` is taken out of whatever
    /// the server said.
    pub(super) fn from_driver(error: &tokio_postgres::Error, password: Option<&Secret>) -> Self {
        use std::error::Error as _;
        if let Some(found) = error.as_db_error() {
            return Self::from_server(found, password);
        }
        match StreamError::find(error) {
            Some(StreamError::TooManyBytes { limit }) => return Self::TooManyBytes { limit },
            Some(StreamError::OpenPassword { form }) => return Self::OpenPassword { form },
            Some(found @ StreamError::MessageTooLong { .. }) => {
                return Self::NotPostgres { problem: found.to_string() };
            }
            None => {}
        }
        if error.is_closed() {
            return Self::Closed;
        }
        let text = error.to_string();
        let cause = error.source();
        let problem = || {
            let cause = cause.map_or_else(|| text.clone(), ToString::to_string);
            without(password, &cause)
        };
        // tokio-postgres tells its kinds apart by their text only; a test holds these words.
        if text == "authentication error" || text == "invalid configuration" {
            return Self::Authentication { problem: problem() };
        }
        match cause.and_then(|it| it.downcast_ref::<io::Error>()) {
            Some(io) if is_broken(io.kind()) => Self::Broken { source: io.kind().into() },
            _ => Self::NotPostgres { problem: problem() },
        }
    }

    fn from_server(error: &DbError, password: Option<&Secret>) -> Self {
        let code: String = error.code().code().chars().take(5).collect();
        Self::Server { code: visible(code.as_bytes()), message: without(password, error.message()) }
    }

    /// Whether nobody answers, or says only that the whole server takes nobody now: starting up,
    /// shutting down, no free place.
    fn is_silence(&self) -> bool {
        match self {
            // PgBouncer's `08P01` is none of them: it says so of a single database as well.
            Self::Server { code, .. } => matches!(
                code.as_str(),
                "57P01" | "57P02" | "57P03" | "53300" | "08001" | "08004" | "08006"
            ),
            Self::Closed | Self::Broken { .. } => true,
            _ => false,
        }
    }

    /// The SQLSTATE, where the server gave one.
    fn code(&self) -> Option<&str> {
        match self {
            Self::Server { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Whether an I/O error is one of the network. Others are tokio-postgres complaining of nonsense.
fn is_broken(kind: io::ErrorKind) -> bool {
    !matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other)
}

impl IntrospectError {
    /// One line for people: what failed, why, and what to do about it. Holds no secret and no
    /// control character.
    #[must_use]
    pub fn reason(&self) -> String {
        if let Self::NoHost { failures } = self {
            let each: Vec<String> = failures.iter().map(Self::reason).collect();
            return format!("{self}: {}", each.join("; "));
        }
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        if let Some(advice) = advice::advice(self) {
            text = format!("{text}; {advice}");
        }
        // Everything of the server is visible already; this is for what the system quotes (paths).
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    /// Whether another host of the same connection would answer the same: as libpq, once a server
    /// has looked at who we are, the others are not tried.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Credentials { .. } | Self::Unusable { .. } => true,
            Self::Login { source: TalkError::Server { code, .. }, .. } => {
                // Starting up, shutting down, too many connections: another one may do.
                !matches!(code.get(..2), Some("57" | "53" | "08"))
            }
            Self::Login { source, .. } => matches!(
                source,
                TalkError::NoPassword { .. }
                    | TalkError::OpenPassword { .. }
                    | TalkError::Authentication { .. }
            ),
            _ => false,
        }
    }

    /// Whether the server could not be reached at all: it has no address, takes no connection, gives
    /// no answer, or has no free place. The same failure awaits every database on it. One that was
    /// refused a login or a query has been reached; so has one whose certificate is wrong.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Lookup { .. } | Self::Connect { .. } => true,
            Self::Tls { source, .. } => matches!(source, TlsError::Broken { .. }),
            // Once it let us in, it was there; what broke then may be this database's alone.
            Self::Credentials { .. }
            | Self::Read { .. }
            | Self::Unusable { .. }
            | Self::Denied { .. } => false,
            Self::Login { source, .. } => source.is_silence(),
            Self::TimedOut { phase, .. } => match phase {
                Phase::Lookup | Phase::Connecting | Phase::Tls | Phase::Authenticating => true,
                Phase::Credentials | Phase::Reading => false,
            },
            Self::NoHost { failures } => failures.iter().all(Self::is_unreachable),
        }
    }

    /// Whether it failed before any server was asked: it says nothing of one.
    #[must_use]
    pub fn is_untried(&self) -> bool {
        match self {
            Self::Credentials { .. }
            | Self::Unusable { .. }
            | Self::Denied { .. }
            | Self::TimedOut { phase: Phase::Credentials, .. } => true,
            Self::NoHost { failures } => failures.iter().all(Self::is_untried),
            _ => false,
        }
    }

    /// Whether time was up.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::NoHost { failures } => failures.iter().any(Self::is_timeout),
            _ => false,
        }
    }

    /// Whether the server refused the password itself.
    pub(super) fn is_wrong_password(&self) -> bool {
        matches!(self, Self::Login { source, .. } if source.code() == Some("28P01"))
    }
}

/// A text of a server, made visible, and cut at [`MAX_EXCERPT_CHARS`].
pub(super) fn excerpt(text: &str) -> String {
    let spelt = visible(text.as_bytes());
    match spelt.char_indices().nth(MAX_EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &spelt[..end]),
        None => spelt,
    }
}

/// The same, with the password taken out first.
fn without(password: Option<&Secret>, text: &str) -> String {
    match password.map(Secret::expose).filter(|it| !it.is_empty()) {
        Some(secret) if text.contains(secret) => excerpt(&text.replace(secret, REDACTED)),
        _ => excerpt(text),
    }
}

/// A duration as people write it.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(1) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{} s", self.0.as_secs_f64())
        }
    }
}

/// ` at SERVER`, or nothing.
struct At<'a>(&'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " ({})", self.0) }
    }
}

/// ` (WHY)`, or nothing.
struct Because<'a>(Option<&'a str>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |it| write!(f, " ({it})"))
    }
}

#[cfg(test)]
mod tests;
