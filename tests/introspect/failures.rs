//! Servers that are not there, do not let us in, or stop in the middle.

use std::time::Duration;
use std::time::Instant;

use schemawarden::config::ConnectionDefaults;
use schemawarden::config::ConnectionSource;
use schemawarden::config::Limits;
use schemawarden::connection::Endpoint;
use schemawarden::connection::Password;
use schemawarden::connection::SslMode;
use schemawarden::introspect::Environment;
use schemawarden::schema::Wanted;
use schemawarden::secret::Secret;

use super::limits;
use super::read;
use super::read_all;
use super::reason;
use super::short_limits;
use super::tcp;
use super::to;
use crate::support::fake_server::Behaviour;
use crate::support::fake_server::FakeServer;
use crate::support::fake_server::SSL_REQUEST;
use crate::support::fixtures;
use crate::support::postgres::Cluster;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::postgres::free_port;
use crate::support::proxy::AUTHENTICATION;
use crate::support::proxy::DATA_ROW;
use crate::support::proxy::Event;
use crate::support::proxy::Fault;
use crate::support::proxy::Proxy;
use crate::support::proxy::READY;

/// The deadline of [`short_limits`] is one second, and the cancel request has half of one; the rest is
/// for a busy machine.
const IN_TIME: Duration = Duration::from_secs(10);

fn nobody() -> Role {
    Role { name: "nobody".to_owned(), password: "hunter2-nobody".to_owned() }
}

#[tokio::test]
async fn a_host_that_is_not_there_says_which_part_is_missing() {
    let mut connection = tcp(&nobody(), "app", "127.0.0.1", free_port());
    let refused = reason(&connection, &limits()).await;
    assert!(refused.contains("could not connect to 127.0.0.1:"), "{refused}");
    assert!(refused.contains("Connection refused"), "{refused}");

    let host = "no-such-host.invalid";
    connection.hosts = vec![Endpoint::Tcp { host: host.to_owned(), port: 5432 }];
    let unknown = reason(&connection, &limits()).await;
    assert!(
        unknown.contains("could not find the address of host `no-such-host.invalid`"),
        "{unknown}"
    );

    connection.hosts = vec![Endpoint::Unix { directory: "/nonexistent".into(), port: 5432 }];
    let socket = reason(&connection, &limits()).await;
    assert!(socket.contains("/nonexistent/.s.PGSQL.5432"), "{socket}");
}

#[tokio::test]
async fn what_the_server_refuses_is_said_in_words_that_help() {
    let database = TestDatabase::create("refused").await;
    let role = database.create_role("auditor").await;
    let good = to(&database, &role);

    let mut wrong = good.clone();
    wrong.password = Password::Inline(Secret::new("hunter2-wrong"));
    let wrong = reason(&wrong, &limits()).await;
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    assert!(wrong.contains("28P01"), "{wrong}");

    let mut none = good.clone();
    none.password = Password::Default;
    let none = reason(&none, &limits()).await;
    assert!(none.contains("asks for a password and none is known"), "{none}");
    assert!(none.contains("password_file"), "{none}");

    let mut absent = good.clone();
    absent.database = Some("no_such_database".to_owned());
    let absent = reason(&absent, &limits()).await;
    assert!(absent.contains("3D000"), "{absent}");
    assert!(absent.contains("no_such_database"), "{absent}");

    let stranger = TestDatabase::create("other").await.create_role("stranger").await;
    let stranger = reason(&to(&database, &stranger), &limits()).await;
    assert!(stranger.contains("permission denied for database"), "{stranger}");
    assert!(stranger.contains("grant connect"), "{stranger}");
}

#[tokio::test]
async fn too_many_connections_is_no_drift_and_says_so() {
    let database = TestDatabase::create("full").await;
    let role = database.create_role("auditor").await;
    database.execute(&format!("alter role {} connection limit 0", role.name)).await;
    let reason = reason(&to(&database, &role), &limits()).await;
    assert!(reason.contains("53300"), "{reason}");
    assert!(reason.contains("per_server"), "{reason}");
}

/// A hostile server can quote whatever it was told; the reason holds neither secret nor control.
#[tokio::test]
async fn a_server_that_quotes_the_password_is_not_quoted() {
    let password = "hunter2-quoted";
    let text = format!("no \u{1b}[31m{password}\u{202e} {}", "x".repeat(1000));
    let error = format!("SFATAL\0VFATAL\0C28000\0M{text}\0\0");
    let length = u32::try_from(error.len() + 4).expect("short");
    let answer = [&b"E"[..], &length.to_be_bytes(), error.as_bytes()].concat();
    let server = crate::support::listener::Listener::start(move |mut connection| {
        let mut startup = [0; 8];
        let _client_may_be_gone = std::io::Read::read_exact(&mut connection, &mut startup);
        let _client_may_be_gone = std::io::Write::write_all(&mut connection, &answer);
        crate::support::listener::read_to_close(connection);
    });
    let role = Role { name: "auditor".to_owned(), password: password.to_owned() };
    let reason = reason(&tcp(&role, "app", "127.0.0.1", server.address().port()), &limits()).await;
    assert!(reason.contains("no \\x1b[31m[redacted]\\u{202e} xxx"), "{reason}");
    assert!(reason.chars().count() < 600, "{reason}");
}

#[tokio::test]
async fn silence_ends_at_the_limit_of_its_phase() {
    let database = TestDatabase::create("silence").await;
    fixtures::create_tables(&database, &["a", "b", "c"]).await;
    let role = database.create_role("auditor").await;
    let stalls = |message, nth| Fault::StallAt { message, nth };
    #[rustfmt::skip]
    let cases = [
        ("the first word",        stalls(AUTHENTICATION, 1), "authenticating"),
        ("SCRAM",                 stalls(AUTHENTICATION, 2), "authenticating"),
        ("ready for queries",     stalls(READY, 1),          "authenticating"),
        ("the evidence",          stalls(DATA_ROW, 1),       "reading"),
        ("the first relation",    stalls(DATA_ROW, 2),       "reading"),
    ];
    for (case, fault, phase) in cases {
        let mut proxy = Proxy::start(Cluster::shared(), fault);
        let connection = tcp(&role, database.name(), "127.0.0.1", proxy.port());
        let started = Instant::now();
        let reason = reason(&connection, &short_limits()).await;
        assert!(reason.contains(&format!("while {phase}")), "{case}: {reason}");
        assert!(started.elapsed() < IN_TIME, "{case}: {:?}", started.elapsed());
        proxy.wait_for(Event::ClientGone).await;
    }

    for (behaviour, ssl_mode, phase) in [
        (Behaviour::Silent, SslMode::Disable, "authenticating"),
        (Behaviour::Silent, SslMode::Require, "agreeing on TLS"),
        (Behaviour::StallInTls, SslMode::Require, "agreeing on TLS"),
    ] {
        let server = FakeServer::start(behaviour);
        let mut connection = tcp(&role, "app", "127.0.0.1", server.port());
        connection.ssl_mode = ssl_mode;
        let reason = reason(&connection, &short_limits()).await;
        assert!(reason.contains(&format!("timed out after 500 ms while {phase}")), "{reason}");
    }
}

/// What was read before the silence, or before the cut, is evidence.
#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_partial() {
    let database = TestDatabase::create("middle").await;
    fixtures::create_tables(&database, &["a", "b", "c"]).await;
    let role = database.create_role("auditor").await;
    for (fault, words) in [
        (Fault::StallAt { message: DATA_ROW, nth: 4 }, "timed out after 1 s while reading"),
        (Fault::CutAt { message: DATA_ROW, nth: 4 }, "the server closed the connection"),
        (Fault::StallAt { message: READY, nth: 2 }, "timed out after 1 s while reading"),
    ] {
        let proxy = Proxy::start(Cluster::shared(), fault);
        let connection = tcp(&role, database.name(), "127.0.0.1", proxy.port());
        let catalog = read(&connection, &short_limits()).await.expect("some was read");
        assert!(!catalog.relations.is_empty(), "{fault:?}");
        assert_eq!(catalog.session.role, role.name);
        let doubt = catalog.incomplete.unwrap_or_else(|| panic!("{fault:?}: not complete"));
        assert!(doubt.contains(words), "{fault:?}: {doubt}");
    }
}

#[tokio::test]
async fn a_flood_ends_at_the_byte_budget() {
    let database = TestDatabase::create("flood").await;
    fixtures::create_tables(&database, &["a", "b", "c"]).await;
    let role = database.create_role("auditor").await;
    let budget = Limits { max_bytes: 1024 * 1024, ..limits() };
    for fault in
        [Fault::EndlessRows, Fault::EndlessNotices, Fault::EndlessParameters, Fault::HugeRow]
    {
        let mut proxy = Proxy::start(Cluster::shared(), fault);
        let connection = tcp(&role, database.name(), "127.0.0.1", proxy.port());
        let reason = reason(&connection, &budget).await;
        let words = match fault {
            Fault::HugeRow => "announced a message of 2147483647 bytes",
            _ => "more than 1048576 bytes",
        };
        assert!(reason.contains(words), "{fault:?}: {reason}");
        proxy.wait_for(Event::ClientGone).await;
        // What the kernel's buffers hold may be on its way; nobody takes it.
        assert!(proxy.sent() < 16 * 1024 * 1024, "{fault:?}: {}", proxy.sent());
    }
}

#[tokio::test]
async fn a_login_that_costs_a_billion_rounds_is_refused() {
    let database = TestDatabase::create("bomb").await;
    let role = database.create_role("auditor").await;
    let proxy = Proxy::start(Cluster::shared(), Fault::ScramBomb);
    let connection = tcp(&role, database.name(), "127.0.0.1", proxy.port());
    // The words are those of the refusal: nobody has begun to count.
    let reason = reason(&connection, &limits()).await;
    assert!(reason.contains("SCRAM iteration count"), "{reason}");
}

#[tokio::test]
async fn what_is_no_postgresql_is_said_to_be_none() {
    for (behaviour, ssl_mode, words) in [
        (Behaviour::SpeakHttp, SslMode::Disable, "does not speak PostgreSQL's protocol"),
        (Behaviour::SpeakHttp, SslMode::Require, "something that is not PostgreSQL's"),
        // Closed or reset: the network decides.
        (Behaviour::HangUp, SslMode::Disable, "connection"),
    ] {
        let server = FakeServer::start(behaviour);
        let mut connection = tcp(&nobody(), "app", "127.0.0.1", server.port());
        connection.ssl_mode = ssl_mode;
        let reason = reason(&connection, &limits()).await;
        assert!(reason.contains(words), "{behaviour:?}: {reason}");
    }
}

#[tokio::test]
async fn a_server_without_tls_learns_no_name() {
    for ssl_mode in [SslMode::VerifyFull, SslMode::VerifyCa, SslMode::Require] {
        let mut server = FakeServer::start(Behaviour::RefuseTls);
        let mut connection = tcp(&nobody(), "app", "localhost", server.port());
        connection.ssl_mode = ssl_mode;
        let reason = reason(&connection, &limits()).await;
        assert!(reason.contains("the server does not speak TLS"), "{ssl_mode:?}: {reason}");
        assert_eq!(server.next_ended().await, SSL_REQUEST, "{ssl_mode:?}");
    }
}

#[tokio::test]
async fn hosts_are_tried_in_order_until_one_answers() {
    let database = TestDatabase::create("hosts").await;
    let role = database.create_role("auditor").await;
    let silent = FakeServer::start(Behaviour::Silent);
    let mut connection = to(&database, &role);
    let good = connection.hosts[0].clone();
    let local = |port| Endpoint::Tcp { host: "127.0.0.1".to_owned(), port };
    let limits = Limits { connect_timeout: Duration::from_millis(300), ..limits() };
    connection.hosts = vec![local(free_port()), local(silent.port()), good.clone()];
    assert_eq!(read(&connection, &limits).await.expect("the third answers").incomplete, None);

    connection.hosts = vec![local(free_port()), local(silent.port())];
    let both = reason(&connection, &limits).await;
    assert!(both.contains("none of 2 hosts could be read"), "{both}");
    assert!(both.contains("Connection refused") && both.contains("timed out"), "{both}");

    // As libpq: one that has looked at the password has the last word.
    connection.password = Password::Inline(Secret::new("hunter2-wrong"));
    connection.hosts = vec![good.clone(), good];
    let once = reason(&connection, &limits).await;
    assert!(!once.contains("none of 2 hosts"), "{once}");
}

#[tokio::test]
async fn passwords_are_read_anew_at_each_connection() {
    let database = TestDatabase::create("rotate").await;
    let role = database.create_role("auditor").await;
    let directory = tempfile::tempdir().expect("temporary directory");
    let file = directory.path().join("password");
    let mut connection = to(&database, &role);
    connection.password = Password::File(file.clone());
    let missing = reason(&connection, &limits()).await;
    assert!(missing.contains("could not read") && missing.contains("password"), "{missing}");
    std::fs::write(&file, "hunter2-old\n").expect("our own directory");
    assert!(reason(&connection, &limits()).await.contains("28P01"));
    std::fs::write(&file, format!("{}\n", role.password)).expect("our own directory");
    read_all(&connection).await;

    connection.password = Password::Command {
        argv: ["cat".to_owned(), file.display().to_string()].to_vec(),
        timeout: Duration::from_secs(10),
        ttl: Duration::from_mins(1),
    };
    read_all(&connection).await;
}

#[tokio::test]
async fn a_url_file_is_read_anew_at_each_connection() {
    let database = TestDatabase::create("mounted").await;
    let role = database.create_role("auditor").await;
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("url");
    let source =
        ConnectionSource::File { path: path.clone(), defaults: ConnectionDefaults::default() };
    let read = async || {
        schemawarden::introspect::read(
            &source,
            &limits(),
            &Environment::default(),
            &Wanted::relations(),
        )
        .await
    };
    let missing = read().await.expect_err("no file yet").reason();
    assert!(missing.contains("could not read"), "{missing}");
    std::fs::write(&path, "postgres://a:hunter2@p@ss@host/x\n").expect("our own directory");
    let malformed = read().await.expect_err("a bad URL").reason();
    assert!(malformed.contains("percent-encoded") && !malformed.contains("p@ss"), "{malformed}");
    std::fs::write(&path, format!("{}\n", database.url(&role))).expect("our own directory");
    assert_eq!(read().await.expect("a good URL").incomplete, None);
}
