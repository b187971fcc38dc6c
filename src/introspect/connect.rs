//! From a connection as written to a session that is logged in, with a limit on every wait.
//!
//! Hosts are tried in order, each with its own share of the time; within one host all its addresses
//! are. TLS is negotiated here, before tokio-postgres has the stream, so that a server without it
//! never sees a user name, and so that each phase can be named when it takes too long.

mod address;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio::time::timeout_at;

use self::address::Reached;
use super::credentials;
use super::credentials::Credentials;
use super::environment::Environment;
use super::error::IntrospectError;
use super::error::Phase;
use super::error::TalkError;
use super::session::About;
use super::session::Session;
use super::stream::Guarded;
use super::stream::Negotiated;
use super::stream::PasswordRule;
use super::stream::Seen;
use super::stream::Socket;
use super::stream::Wire;
use super::stream::scan::MAX_MESSAGE_BYTES;
use super::tls::Tls;
use super::tls::TlsError;
use super::tls::Verification;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::connection::Connection;
use crate::connection::Endpoint;
use crate::connection::SslMode;
use crate::connection::is_denied;
use crate::schema::visible;

/// How we appear in `pg_stat_activity`.
const APPLICATION_NAME: &str = "schemawarden";

/// The `SSLRequest` message (PostgreSQL documentation, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// How long a cancel request may take, connection included. It is a courtesy to the server.
const CANCEL_TIMEOUT: Duration = Duration::from_millis(500);

/// The longest message from the state's server, in bytes: a row with the report of one audit.
const KEPT_MESSAGE_MAX: u32 = 256 * 1024 * 1024;

/// A moment, and how long the wait until it was when it was chosen, for the error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    pub(super) limit: Duration,
}

impl Deadline {
    /// `limit` from now. A limit beyond what the clock can say counts as a year.
    pub(super) fn after(limit: Duration) -> Self {
        const YEAR: Duration = Duration::from_hours(366 * 24);
        let limit = limit.min(YEAR);
        Self { at: Instant::now() + limit, limit }
    }

    /// The earlier of two.
    fn earlier(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }

    /// What is left.
    pub(super) fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    fn is_over(self) -> bool {
        self.remaining().is_zero()
    }
}

/// Whether a connection is to be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    No,
    IfOffered,
    Demanded,
}

/// Logs in to the first host that lets us.
pub(super) async fn open(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    deadline: Deadline,
) -> Result<Session, IntrospectError> {
    open_for(source, limits, environment, deadline, MAX_MESSAGE_BYTES).await
}

/// The same, for who keeps the connection: bytes are not counted, and a message may be as long as a report.
pub(super) async fn open_to_keep(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    deadline: Deadline,
) -> Result<Session, IntrospectError> {
    let limits = Limits { max_bytes: u64::MAX, ..*limits };
    open_for(source, &limits, environment, deadline, KEPT_MESSAGE_MAX).await
}

async fn open_for(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    deadline: Deadline,
    max_message: u32,
) -> Result<Session, IntrospectError> {
    if let ConnectionSource::Unusable { reason } = source {
        return Err(IntrospectError::Unusable { reason: reason.to_string() });
    }
    let prepared = async {
        let connection = credentials::connection(source).await?;
        let credentials = credentials::resolve(&connection, environment).await?;
        Ok((connection, credentials))
    };
    let (connection, credentials) = timeout_at(deadline.at, prepared)
        .await
        .map_err(|_| timed_out("", Phase::Credentials, deadline))?
        .map_err(|source| IntrospectError::Credentials { source })?;

    let mut failures = Vec::new();
    for endpoint in &connection.hosts {
        let limit = connection.connect_timeout.unwrap_or(limits.connect_timeout);
        let host = Host {
            endpoint,
            connection: &connection,
            credentials: &credentials,
            max_bytes: limits.max_bytes,
            max_message,
            deadline: deadline.earlier(Deadline::after(limit)),
        };
        match Box::pin(host.log_in()).await {
            Ok(session) => return Ok(session),
            Err(error) => {
                if error.is_wrong_password() {
                    credentials::refused(&connection, environment).await;
                }
                let is_final = error.is_final() || deadline.is_over();
                failures.push(error);
                if is_final {
                    break;
                }
            }
        }
    }
    match failures.pop() {
        Some(only) if failures.is_empty() => Err(only),
        Some(last) => {
            failures.push(last);
            Err(IntrospectError::NoHost { failures })
        }
        // `Connection::hosts` is never empty; if it were, no host would have an address.
        None => Err(IntrospectError::Lookup {
            host: String::new(),
            source: std::io::ErrorKind::NotFound.into(),
        }),
    }
}

/// One host of a connection, and what it takes to log in there.
struct Host<'a> {
    endpoint: &'a Endpoint,
    connection: &'a Connection,
    credentials: &'a Credentials,
    max_bytes: u64,
    max_message: u32,
    deadline: Deadline,
}

impl Host<'_> {
    /// Logs in by the steps that the `sslmode` allows.
    async fn log_in(&self) -> Result<Session, IntrospectError> {
        // libpq ignores `sslmode` on Unix sockets: nobody can listen there.
        if matches!(self.endpoint, Endpoint::Unix { .. }) {
            return self.attempt(Encryption::No).await;
        }
        match self.connection.ssl_mode {
            SslMode::Disable => self.attempt(Encryption::No).await,
            SslMode::Allow => match self.attempt(Encryption::No).await {
                Err(error) if may_depend_on_encryption(&error) => {
                    self.attempt(Encryption::Demanded).await
                }
                outcome => outcome,
            },
            SslMode::Prefer => match self.attempt(Encryption::IfOffered).await {
                Err(error) if may_depend_on_encryption(&error) => {
                    self.attempt(Encryption::No).await
                }
                outcome => outcome,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                self.attempt(Encryption::Demanded).await
            }
        }
    }

    async fn attempt(&self, encryption: Encryption) -> Result<Session, IntrospectError> {
        let tls = match encryption {
            Encryption::No => None,
            Encryption::IfOffered | Encryption::Demanded => {
                let prepared = self.within(Phase::Tls, Tls::prepare(self.connection)).await?;
                Some(prepared.map_err(|source| self.tls_error(source))?)
            }
        };
        let reached = self.reach().await?;
        let peer = Peer { endpoint: self.endpoint.clone(), encryption, tls, reached };
        let socket = self.within(Phase::Connecting, peer.reached.connect(self.max_bytes)).await?;
        let socket = socket.map_err(|error| IntrospectError::Connect {
            server: self.server(),
            unreachable_ipv6: error.unreachable_ipv6,
            source: error.source,
        })?;
        let wire = self.within(Phase::Tls, peer.negotiate(socket)).await?;
        let wire = wire.map_err(|source| self.tls_error(source))?;
        self.authenticate(wire, peer).await
    }

    async fn reach(&self) -> Result<Reached, IntrospectError> {
        let looked_up = self.within(Phase::Lookup, Reached::look_up(self.endpoint)).await?;
        let reached =
            looked_up.map_err(|source| IntrospectError::Lookup { host: self.host(), source })?;
        let denied = &self.connection.denied;
        // On the very addresses that are connected to: a name that resolves otherwise later gets nowhere.
        let kept = reached.without(|it| is_denied(denied, it));
        kept.map_err(|address| IntrospectError::Denied { server: self.server(), address })
    }

    async fn authenticate(&self, wire: Wire, peer: Peer) -> Result<Session, IntrospectError> {
        let password = self.credentials.password_for(self.endpoint);
        let mut config = tokio_postgres::Config::new();
        config
            .user(&self.credentials.user)
            .dbname(&self.credentials.database)
            .application_name(APPLICATION_NAME)
            .ssl_negotiation(tokio_postgres::config::SslNegotiation::Direct)
            .channel_binding(if self.connection.require_channel_binding {
                tokio_postgres::config::ChannelBinding::Require
            } else {
                tokio_postgres::config::ChannelBinding::Prefer
            });
        if let Some(password) = &password {
            config.password(password.expose());
        }
        let encrypted = matches!(wire, Wire::Tls(_));
        // The stream is what it shall be already; `Require` makes tokio-postgres ask it for the
        // channel binding, `Disable` leaves it alone.
        config.ssl_mode(if encrypted {
            tokio_postgres::config::SslMode::Require
        } else {
            tokio_postgres::config::SslMode::Disable
        });
        let verification = if encrypted { peer.tls.as_ref().map(Tls::verification) } else { None };
        let rule = password_rule(peer.reached.is_local(), verification);
        let seen = Arc::<Seen>::default();
        let guarded = Guarded::new(wire, rule, Arc::clone(&seen), self.max_message);
        let logged_in =
            self.within(Phase::Authenticating, config.connect_raw(guarded, Negotiated)).await?;
        let (client, driver) = logged_in.map_err(|error| {
            let source = if password.is_none() && seen.asked_for_password() {
                TalkError::NoPassword { passed_over: self.credentials.passed_over.clone() }
            } else {
                TalkError::from_driver(&error, password.as_ref())
            };
            IntrospectError::Login {
                server: self.server(),
                host: self.host(),
                role: visible(self.credentials.user.as_bytes()),
                database: visible(self.credentials.database.as_bytes()),
                source,
            }
        })?;
        let about = About {
            server: self.server(),
            role: visible(self.credentials.user.as_bytes()),
            database: visible(self.credentials.database.as_bytes()),
            password,
            seen,
            encrypted,
            peer,
        };
        Ok(Session::new(client, driver, about))
    }

    /// Waits for `work` until this host's time is over.
    async fn within<T>(
        &self,
        phase: Phase,
        work: impl Future<Output = T>,
    ) -> Result<T, IntrospectError> {
        timeout_at(self.deadline.at, work)
            .await
            .map_err(|_| timed_out(&self.server(), phase, self.deadline))
    }

    fn tls_error(&self, source: TlsError) -> IntrospectError {
        IntrospectError::Tls { server: self.server(), host: self.host(), source }
    }

    fn host(&self) -> String {
        match self.endpoint {
            Endpoint::Tcp { host, .. } => visible(host.as_bytes()),
            Endpoint::Unix { directory, .. } => visible(directory.as_os_str().as_encoded_bytes()),
        }
    }

    fn server(&self) -> String {
        match self.endpoint {
            Endpoint::Tcp { host, port } if host.contains(':') => {
                format!("[{}]:{port}", visible(host.as_bytes()))
            }
            Endpoint::Tcp { port, .. } => format!("{}:{port}", self.host()),
            Endpoint::Unix { port, .. } => format!("{}/.s.PGSQL.{port}", self.host()),
        }
    }
}

/// Whom a session talks to, kept so that a cancel request takes the same way.
pub(super) struct Peer {
    endpoint: Endpoint,
    encryption: Encryption,
    pub(super) tls: Option<Tls>,
    pub(super) reached: Reached,
}

impl Peer {
    /// Agrees on TLS, or on none.
    async fn negotiate(&self, mut socket: Socket) -> Result<Wire, TlsError> {
        let (Some(tls), Endpoint::Tcp { host, .. }) = (&self.tls, &self.endpoint) else {
            return Ok(Wire::Plain(socket));
        };
        let broken = |source| TlsError::Broken { source };
        socket.write_all(&SSL_REQUEST).await.map_err(broken)?;
        // Exactly one byte: what an attacker appends to it must not be taken for the server's
        // encrypted words (CVE-2021-23222).
        match socket.read_u8().await.map_err(broken)? {
            b'S' => Ok(Wire::Tls(Box::new(tls.connect(host, socket).await?))),
            b'N' if self.encryption == Encryption::IfOffered => Ok(Wire::Plain(socket)),
            b'N' => Err(TlsError::NotOffered),
            _ => Err(TlsError::NotPostgres),
        }
    }

    /// Asks the server to stop what a session is doing. Best effort: it may come too late, and
    /// nobody learns.
    pub(super) async fn cancel(&self, token: &tokio_postgres::CancelToken) {
        let cancelled = async {
            let socket = self.reached.connect(SSL_REQUEST.len() as u64 * 1024).await.ok()?;
            let wire = self.negotiate(socket).await.ok()?;
            let guarded =
                Guarded::new(wire, PasswordRule::ScramOnly, Arc::default(), MAX_MESSAGE_BYTES);
            token.cancel_query_raw(guarded, Negotiated).await.ok()
        };
        let _best_effort = tokio::time::timeout(CANCEL_TIMEOUT, Box::pin(cancelled)).await;
    }
}

/// Whether the other choice about TLS may fare better: the handshake failed, or `pg_hba.conf` has no
/// line for this kind of connection.
fn may_depend_on_encryption(error: &IntrospectError) -> bool {
    match error {
        IntrospectError::Tls { .. } => true,
        IntrospectError::Login { source: TalkError::Server { code, .. }, .. } => code == "28000",
        _ => false,
    }
}

/// What may be done with our password. `verification` is `None` where the connection is not encrypted.
///
/// In clear, or as an MD5 hash, a password is given away to whoever answers; so only to a server on
/// this machine, or to one that TLS proved. SCRAM gives nothing away to an impostor.
fn password_rule(is_local: bool, verification: Option<Verification>) -> PasswordRule {
    let is_proven = verification.is_some_and(|it| it != Verification::Nothing);
    if is_local || is_proven { PasswordRule::Any } else { PasswordRule::ScramOnly }
}

fn timed_out(server: &str, phase: Phase, deadline: Deadline) -> IntrospectError {
    IntrospectError::TimedOut { server: server.to_owned(), phase, limit: deadline.limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proven_or_local_server_may_have_the_password_itself() {
        let any = |is_local, verification| {
            matches!(password_rule(is_local, verification), PasswordRule::Any)
        };
        #[rustfmt::skip]
        let cases = [
            // case                        local  checked                           may have it
            ("plain, this machine",        true,  None,                             true),
            ("plain, over the network",    false, None,                             false),
            ("require, this machine",      true,  Some(Verification::Nothing),      true),
            ("require, over the network",  false, Some(Verification::Nothing),      false),
            ("verify-ca",                  false, Some(Verification::Chain),        true),
            ("verify-full",                false, Some(Verification::ChainAndName), true),
        ];
        for (case, is_local, verification, want) in cases {
            assert_eq!(any(is_local, verification), want, "{case}");
        }
    }
}
