//! Proves the harness itself, before anything is proven with it.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;

use crate::support::disk::SmallDisk;
use crate::support::fake_server::Behaviour;
use crate::support::fake_server::FakeServer;
use crate::support::fake_server::SSL_REQUEST;
use crate::support::fixtures;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::proxy::AUTHENTICATION;
use crate::support::proxy::DATA_ROW;
use crate::support::proxy::Event;
use crate::support::proxy::Fault;
use crate::support::proxy::Proxy;
use crate::support::proxy::READY;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::receiver::SECRET_PATH;
use crate::support::tls::Authority;
use crate::support::tls::ServerIdentity;
use crate::support::tls::Validity;
use crate::support::until;

/// How long the harness's own clients wait for something that never comes. Nothing races with it:
/// each case holds after any time at all.
const PATIENCE: Duration = Duration::from_millis(300);

/// More bytes than the proxied query's true answer has.
const FLOOD: u64 = 1 << 20;

/// What the product is for, in one query: `information_schema` shows a plain login role nothing.
#[tokio::test]
async fn a_login_role_sees_no_table_in_information_schema_and_all_of_them_in_pg_class() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &fixtures::CENTRAL).await;
    fixtures::create_tables(&database, &fixtures::ORCHESTRA).await;
    let role = database.create_role("auditor").await;
    let session = database.session(&role).await;

    let naive = "select count(*) from information_schema.tables where table_schema = 'public'";
    let truth = "select count(*) from pg_catalog.pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r'";
    assert_eq!(session.one(naive).await, "0");
    assert_eq!(session.one(truth).await, "25");
    assert_eq!(database.one(naive).await, "25", "the superuser sees all of them in both");
}

#[tokio::test]
async fn only_roles_that_were_let_in_may_connect() {
    let first = TestDatabase::create("first").await;
    let second = TestDatabase::create("second").await;
    let role = first.create_role("auditor").await;
    login(&first.url(&role)).await.expect("let in");
    let error = login(&second.url(&role)).await.expect_err("not let in");
    assert!(error.contains("permission denied for database"), "{error}");
    let wrong = first.url(&role).replace("hunter2-", "hunter3-");
    let error = login(&wrong).await.expect_err("a wrong password");
    assert!(error.contains("password authentication failed"), "{error}");
    login(&first.socket_keywords(&role)).await.expect("let in over the Unix socket");
}

#[tokio::test]
async fn databases_come_in_other_encodings() {
    let ascii = TestDatabase::create_in(Cluster::shared(), "ascii", Encoding::SqlAscii).await;
    ascii
        .execute(
            r"do $$ begin execute 'create table ' ||
            quote_ident(convert_from('\x626164ff', 'SQL_ASCII')) || ' ()'; end $$",
        )
        .await;
    let hex = "select encode(convert_to(relname::text, 'SQL_ASCII'), 'hex') from pg_class
        where relname ~ '^bad'";
    assert_eq!(ascii.one(hex).await, "626164ff");
    let latin = TestDatabase::create_in(Cluster::shared(), "latin", Encoding::Latin1).await;
    assert_eq!(latin.one("show server_encoding").await, "LATIN1");
}

#[tokio::test]
async fn a_receiver_records_requests_and_answers_by_script() {
    let mut receiver = Receiver::start();
    receiver.script([
        Answer::status(500, "rollup_error"),
        Answer::Status(429, "", vec![("retry-after", "7".to_owned())]),
        Answer::redirect("http://127.0.0.1:1/"),
        Answer::Reset,
    ]);
    for (case, want) in [
        ("a status with a body", Ok("HTTP/1.1 500 X\r\ncontent-length: 12\r\n\r\nrollup_error")),
        ("a header", Ok("HTTP/1.1 429 X\r\ncontent-length: 0\r\nretry-after: 7\r\n\r\n")),
        (
            "a redirect",
            Ok("HTTP/1.1 307 X\r\ncontent-length: 0\r\nlocation: http://127.0.0.1:1/\r\n\r\n"),
        ),
        ("a reset", Err(std::io::ErrorKind::ConnectionReset)),
        ("the end of the script", Ok("HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok")),
    ] {
        let got = post(&receiver, r#"{"text": "hello"}"#).await;
        assert_eq!(got.as_deref().map_err(std::io::Error::kind), want, "{case}");
        let request = receiver.next().await;
        assert_eq!(request.json()["text"], "hello", "{case}");
        assert_eq!(request.header("content-type"), "application/json", "{case}");
        assert_eq!((request.method.as_str(), request.path.contains(SECRET_PATH)), ("POST", true));
    }
    receiver.assert_idle();
}

#[tokio::test]
async fn a_receiver_can_hang_and_trickle() {
    let mut receiver = Receiver::start();
    receiver.script([Answer::Hang]);
    receiver.otherwise(Answer::Trickle);
    for (case, head) in [("hang", ""), ("trickle", "HTTP/1.1 200 X\r\n")] {
        let mut connection = send(&receiver, "{}").await;
        let mut got = vec![0; head.len()];
        connection.read_exact(&mut got).await.expect("answered");
        assert_eq!(got, head.as_bytes(), "{case}");
        let read = connection.read_to_end(&mut got);
        let ended = tokio::time::timeout(PATIENCE, read).await;
        assert!(ended.is_err(), "{case}: the answer ended");
        receiver.next().await;
    }
}

#[tokio::test]
#[should_panic(expected = "an unexpected request came")]
async fn a_receiver_tells_when_something_comes_before_the_event() {
    let mut receiver = Receiver::start();
    let mut connection = send(&receiver, "{}").await;
    let mut byte = [0];
    let event = async { connection.read_exact(&mut byte).await.is_ok() };
    receiver.expect_nothing_until(event).await;
}

#[tokio::test]
async fn a_fake_server_records_what_it_was_sent() {
    for (behaviour, answer) in [
        (Behaviour::Silent, &b""[..]),
        (Behaviour::RefuseTls, b"N"),
        (Behaviour::StallInTls, b"S"),
        (Behaviour::SpeakHttp, b"HTTP/1.1 400"),
    ] {
        let mut server = FakeServer::start(behaviour);
        let mut client = TcpStream::connect(("127.0.0.1", server.port())).await.expect("open");
        client.write_all(&SSL_REQUEST).await.expect("open");
        let mut got = vec![0; answer.len()];
        client.read_exact(&mut got).await.expect("answered");
        assert_eq!(got, answer);
        client.write_all(b"more").await.expect("open");
        drop(client);
        assert_eq!(server.next_ended().await, [&SSL_REQUEST[..], b"more"].concat());
    }
    let mut server = FakeServer::start(Behaviour::HangUp);
    let url = format!("postgres://nobody@127.0.0.1:{}/nowhere?sslmode=disable", server.port());
    login(&url).await.expect_err("closed");
    assert_eq!(server.next_ended().await.len(), SSL_REQUEST.len());
}

#[tokio::test]
async fn a_proxy_is_faithful_until_its_fault() {
    let database = TestDatabase::create("proxied").await;
    let role = database.create_role("auditor").await;
    let query = "select g from generate_series(1, 100) g";
    let work = async |port| {
        let session = login(&database.url_at(&role, "127.0.0.1", port)).await?;
        let messages = session.client.simple_query(query).await;
        messages.map(|it| it.len()).map_err(|error| format!("{error:?}"))
    };

    let mut proxy = Proxy::start(Cluster::shared(), Fault::None);
    // RowDescription, 100 rows, CommandComplete.
    assert_eq!(work(proxy.port()).await, Ok(102));
    proxy.wait_for(Event::ClientGone).await;

    for message in [AUTHENTICATION, DATA_ROW, READY] {
        let mut proxy = Proxy::start(Cluster::shared(), Fault::StallAt { message, nth: 1 });
        let mut work = Box::pin(work(proxy.port()));
        tokio::select! {
            outcome = &mut work => panic!("{}: {outcome:?}", char::from(message)),
            () = proxy.wait_for(Event::FaultReached) => {}
        }
        let outcome = tokio::time::timeout(PATIENCE, &mut work).await;
        assert!(outcome.is_err(), "{}: {outcome:?}", char::from(message));
        drop(work);
        proxy.wait_for(Event::ClientGone).await;
    }

    let proxy = Proxy::start(Cluster::shared(), Fault::CutAt { message: DATA_ROW, nth: 50 });
    work(proxy.port()).await.expect_err("cut");

    for fault in
        [Fault::EndlessRows, Fault::EndlessNotices, Fault::EndlessParameters, Fault::HugeRow]
    {
        let proxy = Proxy::start(Cluster::shared(), fault);
        let url = database.url_at(&role, "127.0.0.1", proxy.port());
        let session = login(&url).await.expect("the login is not flooded");
        let flooded = until("a flood", || async { (proxy.sent() > FLOOD).then_some(()) });
        tokio::select! {
            outcome = session.client.simple_query(query) => panic!("{fault:?}: {outcome:?}"),
            () = flooded => {}
        }
    }
    let mut proxy = Proxy::start(Cluster::shared(), Fault::ScramBomb);
    work(proxy.port()).await.expect_err("tokio-postgres refuses so many iterations");
    proxy.wait_for(Event::FaultReached).await;
}

#[tokio::test]
async fn pgbouncer_shares_its_pool_in_transaction_mode() {
    let database = TestDatabase::create("pooled").await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, 2).await;
    let url = database.url_at(&role, "127.0.0.1", bouncer.port());
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions
            .push(login(&url).await.unwrap_or_else(|error| panic!("{error}\n{}", bouncer.log())));
    }
    for session in &sessions {
        session.client.simple_query("select 1").await.expect("a query through the pool");
    }
    let backends = format!("select count(*) from pg_stat_activity where usename = '{}'", role.name);
    let backends: u32 = database.one(&backends).await.parse().expect("a number");
    assert!((1..=2).contains(&backends), "{backends} server connections");
    login(&format!("{url}?options=-cstatement_timeout%3D1s")).await.expect_err("options refused");
}

#[tokio::test]
async fn a_cluster_with_tls_takes_nothing_else_over_tcp() {
    let authority = Authority::new("right");
    let identity = authority.server(&["localhost", "127.0.0.1"], Validity::Current);
    let identity =
        ServerIdentity { identity, client_authority: Some(authority.certificate().to_owned()) };
    let cluster = Cluster::start(&ClusterOptions { tls: Some(&identity), ..Default::default() });
    let database = TestDatabase::create_in(&cluster, "secure", Encoding::Utf8).await;
    assert_eq!(database.one("show ssl").await, "on");
    let role = database.create_role("auditor").await;
    let error = login(&database.url(&role)).await.expect_err("no TLS offered");
    assert!(error.contains("no encryption"), "{error}");
}

#[tokio::test]
async fn a_small_disk_can_be_filled_and_freed() {
    let disk = SmallDisk::mount(4);
    let file = disk.path().join("state");
    std::fs::write(&file, vec![0; 1 << 20]).expect("it fits");
    disk.fill();
    let error = std::fs::write(disk.path().join("more"), vec![0; 1 << 20]).expect_err("full");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    disk.free();
    std::fs::write(disk.path().join("more"), vec![0; 1 << 20]).expect("it fits again");
    let path = disk.path().to_owned();
    drop(disk);
    assert!(!path.exists(), "unmounted and removed");
}

#[tokio::test]
async fn a_cluster_is_gone_when_its_owner_is() {
    let cluster = Cluster::start(&ClusterOptions::default());
    let (port, directory) = (cluster.port(), cluster.socket_directory().to_owned());
    TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    drop(cluster);
    assert!(!directory.exists(), "{} is left behind", directory.display());
    until("the port is closed", || async {
        TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(())
    })
    .await;
}

/// A connection and the task that moves its bytes.
#[derive(Debug)]
struct Login {
    client: tokio_postgres::Client,
    _connection: AbortOnDropHandle<Result<(), tokio_postgres::Error>>,
}

/// Logs in over TCP without TLS, as a client of an operator would.
async fn login(url: &str) -> Result<Login, String> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|error| format!("{error:?}"))?;
    let connection = AbortOnDropHandle::new(TaskTracker::new().spawn(connection));
    Ok(Login { client, _connection: connection })
}

/// Posts `body` and returns the whole answer.
async fn post(receiver: &Receiver, body: &str) -> Result<String, std::io::Error> {
    let mut connection = send(receiver, body).await;
    // No more requests: the receiver closes when it has answered this one.
    connection.shutdown().await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn send(receiver: &Receiver, body: &str) -> TcpStream {
    let url = receiver.url();
    let rest = url.strip_prefix("http://").expect("our own URL");
    let (address, path) = rest.split_once('/').expect("a path");
    let mut connection = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.expect("it listens");
    connection
}
