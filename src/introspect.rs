//! Reads what a database holds: one connection, one message, one deadline. What can wait for a lock
//! follows in messages of its own.
//!
//! Truth comes from `pg_catalog`, because `information_schema` shows a role only what it was granted;
//! a role with `LOGIN` and `CONNECT` reads everything here. The reader trusts neither the network nor
//! the server: every wait, byte and row has a limit, and every failure is an [`IntrospectError`] or an
//! incomplete [`Catalog`], never a catalog that looks whole and is not.
//!
//! ```text
//! credentials → connect (address → stream → tls) → session → exchange → Catalog
//! ```

mod connect;
mod credentials;
mod environment;
mod error;
mod exchange;
mod listen;

mod dependency_graph;
pub mod probe;
pub mod rows;
mod scratch;
mod session;
mod stream;
mod tls;

pub use credentials::CredentialsError;
pub use dependency_graph::DependencyGraphError;
pub use dependency_graph::dependency_graph;
pub use environment::Environment;
pub use error::IntrospectError;
pub use error::Phase;
pub use error::TalkError;
pub use exchange::message;
pub use exchange::message_with_storage;
pub use exchange::messages;
pub use listen::Listener;
pub use listen::hears;
pub use listen::listen;
pub use scratch::Scratch;
pub use scratch::ScratchError;
pub use scratch::scratch;
pub use tls::TlsError;
pub use tls::TlsVersion;
pub use tls::Verification;

use std::collections::BTreeSet;

use self::connect::Deadline;
use self::session::Session;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::schema::Catalog;
use crate::schema::Origins;
use crate::schema::RelationName;
use crate::schema::Wanted;

/// Reads the catalog of one database, and of what it is made of what is `wanted`. Each part is afterwards
/// told or unread ([`crate::schema::Definitions`]).
///
/// Returns within `limits.audit_deadline`, plus half a second for a cancel request or a goodbye.
/// Dropping the future closes the connection. A failure after relations were read returns what was
/// read, with [`Catalog::incomplete`] saying why it may not be everything.
pub async fn read(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    wanted: &Wanted,
) -> Result<Catalog, IntrospectError> {
    let (catalog, reading) = begin(source, limits, environment, wanted).await?;
    reading.close().await;
    Ok(catalog)
}

/// As [`read`], and the connection stays open for what the catalog makes one want to know.
pub async fn begin(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    wanted: &Wanted,
) -> Result<(Catalog, Reading), IntrospectError> {
    let deadline = Deadline::after(limits.audit_deadline);
    let mut session =
        Box::new(Box::pin(connect::open(source, limits, environment, deadline)).await?);
    match exchange::read(&mut session, limits, wanted, deadline).await {
        Ok(catalog) => Ok((catalog, Reading { session, deadline })),
        Err(error) => {
            session.close().await;
            Err(error)
        }
    }
}

/// What moves the bytes of a connection until it ends.
pub type Driver = futures_util::future::BoxFuture<'static, ()>;

/// Logs in, with the same care and limits as for an audit (`limits.connect_timeout` for each host), for who
/// keeps the connection: the state on a server. Whoever has the client spawns the driver.
pub async fn dial(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
) -> Result<(tokio_postgres::Client, Driver), IntrospectError> {
    let deadline = Deadline::after(limits.connect_timeout);
    let session = Box::pin(connect::open_to_keep(source, limits, environment, deadline)).await?;
    Ok(session.into_parts())
}

/// A connection over which a catalog was read, under the same deadline.
pub struct Reading {
    session: Box<Session>,
    deadline: Deadline,
}

impl Reading {
    /// Where differences about `names` may come from, as far as the database says; and, where
    /// `drops`, what was dropped of late. `has_ledger`: the catalog holds a table of that name. Never fails: what cannot be had is not there, or says why.
    pub async fn origins(
        &mut self,
        has_ledger: bool,
        names: &BTreeSet<RelationName>,
        drops: bool,
    ) -> Origins {
        let Self { session, deadline } = self;
        exchange::observer::origins(session, *deadline, names, drops, has_ledger).await
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.close().await;
    }
}
