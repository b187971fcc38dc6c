//! Reading real databases, and servers that are none.

mod catalog;
mod depth;
mod failures;
mod hostile;
mod pooler;
mod tls;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use schemawarden::config::ConnectionSource;
use schemawarden::config::Limits;
use schemawarden::connection::Connection;
use schemawarden::connection::Endpoint;
use schemawarden::connection::Password;
use schemawarden::connection::SslMode;
use schemawarden::introspect::Environment;
use schemawarden::introspect::IntrospectError;
use schemawarden::schema::Catalog;
use schemawarden::schema::Part;
use schemawarden::schema::Wanted;
use schemawarden::secret::Secret;

use crate::support::postgres::Cluster;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;

/// The limits of the example config.
fn limits() -> Limits {
    Limits {
        concurrency: 32,
        per_server: 8,
        per_server_rate: 20,
        connect_timeout: Duration::from_secs(5),
        audit_deadline: Duration::from_secs(30),
        max_relations: 200_000,
        max_bytes: 64 * 1024 * 1024,
        max_replica_lag: Duration::from_mins(1),
    }
}

/// Limits for a server that never answers: short, because the test waits for them.
fn short_limits() -> Limits {
    Limits {
        connect_timeout: Duration::from_millis(500),
        audit_deadline: Duration::from_secs(1),
        ..limits()
    }
}

/// A connection over TCP without TLS.
fn tcp(role: &Role, database: &str, host: &str, port: u16) -> Connection {
    Connection {
        hosts: vec![Endpoint::Tcp { host: host.to_owned(), port }],
        database: Some(database.to_owned()),
        user: Some(role.name.clone()),
        password: Password::Inline(Secret::new(role.password.clone())),
        ssl_mode: SslMode::Disable,
        ssl_root_cert: None,
        ssl_client: None,
        connect_timeout: None,
        require_channel_binding: false,
        schema: None,
        denied: [].into(),
    }
}

/// A connection to `database` of the shared cluster.
fn to(database: &TestDatabase<'_>, role: &Role) -> Connection {
    tcp(role, database.name(), "127.0.0.1", Cluster::shared().port())
}

async fn read(connection: &Connection, limits: &Limits) -> Result<Catalog, IntrospectError> {
    read_parts(connection, limits, &[]).await
}

/// Reads some of what the database is made of, too.
async fn read_parts(
    connection: &Connection,
    limits: &Limits,
    parts: &[Part],
) -> Result<Catalog, IntrospectError> {
    let source = ConnectionSource::Parsed(Arc::new(connection.clone()));
    let parts: BTreeSet<Part> = parts.iter().copied().collect();
    let wanted = Wanted::from(parts);
    schemawarden::introspect::read(&source, limits, &Environment::default(), &wanted).await
}

/// Reads what must be readable, and is complete.
async fn read_all(connection: &Connection) -> Catalog {
    let catalog = read(connection, &limits())
        .await
        .unwrap_or_else(|error| panic!("{}\n{error:?}", error.reason()));
    assert_eq!(catalog.incomplete, None);
    catalog
}

/// The reason why a read fails.
async fn reason(connection: &Connection, limits: &Limits) -> String {
    let error = read(connection, limits).await.expect_err("this must not be readable");
    let reason = error.reason();
    if let Password::Inline(secret) = &connection.password {
        for text in [reason.as_str(), &format!("{error:?}"), &error.to_string()] {
            assert!(!text.contains(secret.expose()), "a secret got out: {text}");
        }
    }
    assert!(!reason.contains(char::is_control), "{reason:?}");
    reason
}

/// Names as a report shows them, with what sets a relation apart from an ordinary table.
fn shown(catalog: &Catalog) -> Vec<String> {
    catalog
        .relations
        .iter()
        .map(|it| {
            let kind = it.kind.word();
            let unlogged = if it.unlogged { " unlogged" } else { "" };
            let parts = match it.partitions {
                0 => String::new(),
                parts => format!(" of {parts}"),
            };
            format!("{kind} {}{unlogged}{parts}", it.name)
        })
        .collect()
}

fn hidden(catalog: &Catalog) -> usize {
    catalog.relations.iter().filter(|it| it.hidden_from_information_schema).count()
}
