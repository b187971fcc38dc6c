//! A real PgBouncer in transaction mode, which refuses what a session would need.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use schemawarden::config::ConnectionSource;
use schemawarden::config::Limits;
use schemawarden::introspect::Environment;
use schemawarden::introspect::probe::Pooler;
use schemawarden::introspect::probe::probe;

use super::limits;
use super::read;
use super::read_all;
use super::reason;
use super::shown;
use super::tcp;
use crate::support::DEADLINE;
use crate::support::fixtures;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;

const READS: usize = 100;

#[tokio::test]
async fn a_pool_of_two_serves_a_hundred_audits_and_keeps_no_trace_of_them() {
    let database = TestDatabase::create("pooled").await;
    fixtures::create_tables(&database, &fixtures::ORCHESTRA).await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 2).await;
    let connection = tcp(&role, database.name(), "127.0.0.1", bouncer.port());
    let expected = shown(&read_all(&connection).await);
    assert_eq!(expected.len(), 21);
    // A hundred logins at once by SCRAM, without optimization, on one thread, take their time.
    let patient = Limits { connect_timeout: DEADLINE, ..limits() };
    let catalogs: Vec<_> = stream::iter(0..READS)
        .map(|_| read(&connection, &patient))
        .buffer_unordered(READS)
        .collect()
        .await;
    assert_eq!(catalogs.len(), READS);
    for catalog in catalogs {
        let catalog = catalog.unwrap_or_else(|error| panic!("{}", error.reason()));
        assert_eq!((shown(&catalog), catalog.incomplete), (expected.clone(), None));
    }

    // The next client of the same server connection finds everything as it was.
    let (client, driver) = tokio_postgres::connect(
        &database.url_at(&role, "127.0.0.1", bouncer.port()),
        tokio_postgres::NoTls,
    )
    .await
    .expect("the pooler answers");
    let task = tokio_util::task::TaskTracker::new().spawn(driver);
    for (setting, want) in [
        ("statement_timeout", "0"),
        ("search_path", "\"$user\", public"),
        ("client_encoding", "UTF8"),
        ("transaction_read_only", "off"),
    ] {
        let answer = client.simple_query(&format!("show {setting}")).await.expect("a setting");
        let found = answer.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(found, Some(want), "{setting}");
    }
    task.abort();
}

#[tokio::test]
async fn a_pooler_is_recognized_for_certain() {
    let database = TestDatabase::create("pooled").await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 2).await;
    let connection = tcp(&role, database.name(), "127.0.0.1", bouncer.port());
    let source = ConnectionSource::Parsed(Arc::new(connection));
    let facts = probe(&source, &limits(), &Environment::default(), &[]).await.expect("a probe");
    assert_eq!(facts.pooler, Pooler::Certain);
}

#[tokio::test]
async fn what_a_pooler_refuses_is_said_to_be_the_poolers() {
    let database = TestDatabase::create("pooled").await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 2).await;
    let mut stranger = role.clone();
    stranger.name = "stranger".to_owned();
    let unknown = tcp(&stranger, database.name(), "127.0.0.1", bouncer.port());
    let unknown = reason(&unknown, &limits()).await;
    assert!(unknown.contains("pooler") || unknown.contains("password"), "{unknown}");
    let absent = tcp(&role, "no_such_database", "127.0.0.1", bouncer.port());
    let absent = reason(&absent, &limits()).await;
    assert!(absent.contains("no_such_database"), "{absent}");
}
