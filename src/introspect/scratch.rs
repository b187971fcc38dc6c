//! A throwaway database: made on a server that somebody names, filled by their SQL, read, and dropped.
//!
//! **The one place that writes to a server.** It makes a database of its own and touches no other: SQL that
//! is about databases, roles or the server itself is not run. Whatever happens in between, the database is
//! dropped; where even that fails, its name is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::connect;
use super::connect::Deadline;
use super::environment::Environment;
use super::error::IntrospectError;
use super::error::TalkError;
use super::exchange;
use super::session::Session;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::connection::Connection;
use crate::ddl::Runnable;
use crate::schema::Catalog;
use crate::schema::Wanted;

/// Longest run of everything that somebody's SQL does.
const RUN_MAX: Duration = Duration::from_mins(10);

/// Longest making, reading and dropping of the database, each.
const STEP_MAX: Duration = Duration::from_mins(1);

/// What a throwaway database is called, before what makes its name its own.
const PREFIX: &str = "schemawarden_scratch_";

/// Kinds of statements that are about more than one database.
const BEYOND: [&str; 16] = [
    "CREATE DATABASE",
    "ALTER DATABASE",
    "DROP DATABASE",
    "CREATE ROLE",
    "ALTER ROLE",
    "DROP ROLE",
    "CREATE USER",
    "ALTER USER",
    "DROP USER",
    "CREATE GROUP",
    "ALTER GROUP",
    "DROP GROUP",
    "CREATE TABLESPACE",
    "ALTER TABLESPACE",
    "DROP TABLESPACE",
    "ALTER SYSTEM",
];

/// SQLSTATE of something that is named and not there, a role for example.
const UNDEFINED_OBJECT: &str = "42704";

const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Why there is no catalog.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScratchError {
    #[error("the throwaway database could not be made or read: {}", in_words(.0))]
    Server(IntrospectError),
    #[error("{}:{}:{}: {reason}", statement.path.display(), statement.at.line, statement.at.column)]
    Statement { statement: Box<Runnable>, reason: String },
    #[error("stopped before the end; the throwaway database is dropped")]
    Stopped,
    #[error("database `{name}` could not be dropped, drop it by hand: {reason}")]
    Left { name: String, reason: String },
}

/// Who may not make databases lacks no right of an auditor.
fn in_words(error: &IntrospectError) -> String {
    match error {
        IntrospectError::Read { role, source: TalkError::Server { code, .. }, .. }
            if code == INSUFFICIENT_PRIVILEGE =>
        {
            format!("role `{role}` may not create databases: alter role … createdb")
        }
        other => other.reason(),
    }
}

/// What a throwaway database holds after its SQL has run.
#[derive(Debug)]
pub struct Scratch {
    pub catalog: Catalog,
    /// What was not run, by reason, and how many statements of it.
    pub passed_over: BTreeMap<String, usize>,
}

/// Runs `statements` in a database of their own on the server of `connection`, and reads `wanted` of it.
/// Breaks off where `stop` is cancelled, and drops the database all the same.
///
/// # Errors
///
/// A server that cannot be reached or lets nobody make databases; a statement that fails; a database that
/// could not be dropped afterwards.
pub async fn scratch(
    connection: &Connection,
    environment: &Environment,
    statements: &[Runnable],
    wanted: &Wanted,
    stop: &CancellationToken,
) -> Result<Scratch, ScratchError> {
    let name = format!("{PREFIX}{}", uuid::Uuid::now_v7().simple());
    let maintenance = ConnectionSource::Parsed(Arc::new(connection.clone()));
    let own = Connection { database: Some(name.clone()), ..connection.clone() };
    let own = ConnectionSource::Parsed(Arc::new(own));
    let mut session = open(&maintenance, environment).await.map_err(ScratchError::Server)?;
    let create = format!("create database {name} template template0 encoding 'UTF8'");
    run(&mut session, &create, STEP_MAX).await.map_err(ScratchError::Server)?;
    session.close().await;

    let work = Box::pin(fill_and_read(&own, environment, statements, wanted));
    let outcome = stop.run_until_cancelled(work).await.unwrap_or(Err(ScratchError::Stopped));
    let dropped = drop_it(&maintenance, environment, &name).await;
    // What is left behind is worse than why the rest failed.
    if let Err(error) = dropped {
        return Err(ScratchError::Left { name, reason: error.reason() });
    }
    outcome
}

async fn fill_and_read(
    own: &ConnectionSource,
    environment: &Environment,
    statements: &[Runnable],
    wanted: &Wanted,
) -> Result<Scratch, ScratchError> {
    let mut passed_over: BTreeMap<String, usize> = BTreeMap::new();
    let began = tokio::time::Instant::now();
    // Each file has a session of its own, as `psql -f` gives it one.
    for file in statements.chunk_by(|one, other| one.path == other.path) {
        let mut session = open(own, environment).await.map_err(ScratchError::Server)?;
        for statement in file {
            if let Some(kind) = statement.kind.as_deref().filter(|it| BEYOND.contains(it)) {
                *passed_over.entry(format!("{kind}, which is about the server")).or_default() += 1;
                continue;
            }
            let left = RUN_MAX.saturating_sub(began.elapsed());
            match run(&mut session, &statement.text, left).await {
                Ok(()) => {}
                Err(error) if is_about_a_role(statement, &error) => {
                    let kind = statement.kind.clone().unwrap_or_default();
                    let reason = format!("{kind} of a role that the server does not have");
                    *passed_over.entry(reason).or_default() += 1;
                }
                Err(error) => {
                    let reason = match error {
                        IntrospectError::Read { source: it @ TalkError::Server { .. }, .. } => {
                            it.to_string()
                        }
                        other => other.reason(),
                    };
                    let statement = Box::new(statement.clone());
                    return Err(ScratchError::Statement { statement, reason });
                }
            }
        }
        session.close().await;
    }
    let limits = Limits { audit_deadline: STEP_MAX, ..Limits::default() };
    let mut session = open(own, environment).await.map_err(ScratchError::Server)?;
    let deadline = Deadline::after(STEP_MAX);
    let catalog = exchange::read(&mut session, &limits, wanted, deadline).await;
    session.close().await;
    Ok(Scratch { catalog: catalog.map_err(ScratchError::Server)?, passed_over })
}

async fn drop_it(
    maintenance: &ConnectionSource,
    environment: &Environment,
    name: &str,
) -> Result<(), IntrospectError> {
    let mut session = open(maintenance, environment).await?;
    let forced = run(&mut session, &format!("drop database {name} with (force)"), STEP_MAX).await;
    let outcome = match forced {
        // Before PostgreSQL 13 there is no force.
        Err(_) => run(&mut session, &format!("drop database {name}"), STEP_MAX).await,
        done => done,
    };
    session.close().await;
    outcome
}

async fn open(
    source: &ConnectionSource,
    environment: &Environment,
) -> Result<Session, IntrospectError> {
    let limits = Limits::default();
    Box::pin(connect::open(source, &limits, environment, Deadline::after(STEP_MAX))).await
}

/// Runs one statement; what it answers is of no interest.
async fn run(session: &mut Session, sql: &str, limit: Duration) -> Result<(), IntrospectError> {
    session.ask(sql, Deadline::after(limit), |_| Ok(())).await
}

/// A dump names its roles; whether a server has them says nothing of tables.
fn is_about_a_role(statement: &Runnable, error: &IntrospectError) -> bool {
    let IntrospectError::Read { source: TalkError::Server { code, message }, .. } = error else {
        return false;
    };
    let word = statement.kind.as_deref().unwrap_or_default();
    let grants = ["GRANT", "REVOKE", "ALTER … OWNER TO", "ALTER DEFAULT PRIVILEGES"];
    let owner = statement.text.to_ascii_lowercase().contains("owner to");
    code == UNDEFINED_OBJECT && message.starts_with("role ") && (grants.contains(&word) || owner)
}
