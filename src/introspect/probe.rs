//! What `doctor` wants to know about a connection, beyond what an audit needs.
//!
//! Unlike an audit it reads the real `information_schema.tables`, to say what somebody else's check
//! would have missed, and asks what the role could do if it wanted to. Each question is a message of
//! its own in one session.

mod sql;

use tokio_postgres::SimpleQueryRow;

use super::connect;
use super::connect::Deadline;
use super::environment::Environment;
use super::error::IntrospectError;
use super::error::TalkError;
use super::exchange::decode_hex;
use super::exchange::decode_visible;
use super::exchange::flag;
use super::exchange::number;
use super::exchange::text;
use super::session::Session;
use super::tls::TlsVersion;
use super::tls::Verification;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::schema::Observer;
use crate::schema::visible;

/// Facts about a connection. Names are visible spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Host and port, or the socket, of the host that let us in.
    pub server: String,
    /// The addresses of that host; none for a Unix socket.
    pub addresses: Vec<std::net::IpAddr>,
    /// `None`: not encrypted.
    pub tls: Option<TlsFacts>,
    /// As the server spells it, without what the packager added.
    pub server_version: String,
    /// The database we are in.
    pub database: String,
    pub encoding: String,
    /// The role whose rights count.
    pub current_user: String,
    /// The role that logged in; differs where `ALTER ROLE … SET role` is in force.
    pub session_user: String,
    pub superuser: bool,
    /// A physical replica.
    pub in_recovery: bool,
    /// Installed extensions, sorted.
    pub extensions: Vec<String>,
    pub pooler: Pooler,
    /// Tables, foreign tables and views, with an audit's rules of what is left out.
    pub relations: u64,
    /// How many of them `information_schema.tables` lists for this role.
    pub listed_by_information_schema: u64,
    /// Those of the asked-for roles that the server has.
    pub known_roles: Vec<String>,
    pub rights: Rights,
    /// What is there of the observer, or why that is not known.
    pub observer: Result<Observer, String>,
    /// `track_commit_timestamp`.
    pub keeps_commit_times: bool,
}

/// How a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// As our side negotiated it.
    pub version: Option<TlsVersion>,
    /// As the server names it; unknown behind a pooler, which would name that of its own connection.
    pub cipher: Option<String>,
    pub verification: Verification,
}

/// Whether something pools connections between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// The backend that answers is the one that let us in.
    None,
    /// It is another one: something stands between.
    Certain,
}

/// What the role could do beyond reading catalogs. An auditor needs none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Schemas in which it may create objects.
    pub schemas_to_create_in: u64,
    /// Relations that it owns, itself or through a role that it is a member of.
    pub relations_owned: u64,
    /// Relations of others whose rows it may insert, change or delete.
    pub relations_to_write: u64,
}

impl Rights {
    /// Whether there is any: then `sql role` has a better one.
    #[must_use]
    pub fn may_write(&self) -> bool {
        *self != Self::default()
    }
}

/// Looks a connection over. `roles` are names to look for in `pg_roles`.
///
/// Takes no longer than an audit may.
pub async fn probe(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    roles: &[&str],
) -> Result<Probe, IntrospectError> {
    let deadline = Deadline::after(limits.audit_deadline);
    let mut session = Box::pin(connect::open(source, limits, environment, deadline)).await?;
    let outcome = ask_all(&mut session, deadline, roles).await;
    session.close().await;
    outcome
}

async fn ask_all(
    session: &mut Session,
    deadline: Deadline,
    roles: &[&str],
) -> Result<Probe, IntrospectError> {
    let who = ask_one(session, deadline, sql::WHO, Who::decode).await?;
    let listed =
        ask_one(session, deadline, sql::LISTED, |row| Ok((number(row, 0)?, number(row, 1)?)))
            .await?;
    let rights = ask_one(session, deadline, sql::RIGHTS, |row| {
        Ok(Rights {
            schemas_to_create_in: number(row, 0)?,
            relations_owned: number(row, 1)?,
            relations_to_write: number(row, 2)?,
        })
    })
    .await?;
    let known_roles =
        ask_one(session, deadline, &sql::known_roles(roles), |row| names(row, 0)).await?;

    let keeps_commit_times =
        ask_one(session, deadline, sql::COMMIT_TIMES, |row| flag(row, 0)).await?;
    let observer = super::exchange::observer::state(session, deadline).await;
    let pooler =
        if who.backend == session.about.seen.backend() { Pooler::None } else { Pooler::Certain };
    let tls = session.about.peer.tls.as_ref().filter(|_| session.about.encrypted);
    Ok(Probe {
        server: session.about.server.clone(),
        addresses: session.about.peer.reached.addresses(),
        tls: tls.map(|tls| TlsFacts {
            version: tls.version(),
            cipher: who.cipher.filter(|_| pooler == Pooler::None),
            verification: tls.verification(),
        }),
        server_version: who.server_version,
        database: who.database,
        encoding: who.encoding,
        current_user: who.current_user,
        session_user: who.session_user,
        superuser: who.superuser,
        in_recovery: who.in_recovery,
        extensions: who.extensions,
        pooler,
        relations: listed.0,
        listed_by_information_schema: listed.1,
        known_roles,
        rights,
        observer,
        keeps_commit_times,
    })
}

/// Asks one question whose answer is one row.
async fn ask_one<T>(
    session: &mut Session,
    deadline: Deadline,
    query: &str,
    decode: impl Fn(&SimpleQueryRow) -> Result<T, TalkError>,
) -> Result<T, IntrospectError> {
    let sql = format!("{}{query};\ncommit", super::exchange::begin(deadline.remaining()));
    let mut found = None;
    session
        .ask(&sql, deadline, |part| {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = part {
                found = Some(decode(&row)?);
            }
            Ok(())
        })
        .await?;
    found.ok_or_else(|| session.unanswered())
}

/// The answer to [`sql::WHO`].
struct Who {
    backend: i32,
    server_version: String,
    database: String,
    encoding: String,
    current_user: String,
    session_user: String,
    superuser: bool,
    in_recovery: bool,
    extensions: Vec<String>,
    cipher: Option<String>,
}

impl Who {
    fn decode(row: &SimpleQueryRow) -> Result<Self, TalkError> {
        let cipher = text(row, 9)?;
        Ok(Self {
            backend: text(row, 0)?.parse().unwrap_or_default(),
            server_version: super::exchange::version(text(row, 1)?),
            database: decode_visible(row, 2)?,
            encoding: super::error::excerpt(text(row, 3)?),
            current_user: decode_visible(row, 4)?,
            session_user: decode_visible(row, 5)?,
            superuser: flag(row, 6)?,
            in_recovery: flag(row, 7)?,
            extensions: names(row, 8)?,
            cipher: Some(super::error::excerpt(cipher)).filter(|it| !it.is_empty()),
        })
    }
}

/// Names in hex, with commas between, made visible and sorted.
fn names(row: &SimpleQueryRow, column: usize) -> Result<Vec<String>, TalkError> {
    let mut names = text(row, column)?
        .split(',')
        .filter(|it| !it.is_empty())
        .map(|it| decode_hex(it).map(|bytes| visible(&bytes)))
        .collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    Ok(names)
}
