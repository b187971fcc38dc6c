//! The daemon's endpoints against clients that misbehave.

use std::net::SocketAddr;

use futures_util::future;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::DEADLINE;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// As in `src/http/serve.rs`.
const CONNECTIONS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Nobody listens there: these tests need no database.
const NOWHERE: &str = "postgres://auditor:hunter2@127.0.0.1:9/nowhere";

fn workspace() -> Workspace {
    Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", NOWHERE, "central"))
}

/// A web page that calls its own name 127.0.0.1 must not be able to read which databases there are.
#[tokio::test]
async fn the_api_answers_to_names_of_this_machine_only() {
    let daemon = TestDaemon::start(workspace()).await;
    let here = daemon.address();
    for (host, status) in [
        (format!("Host: {here}"), 200),
        ("Host: localhost".to_owned(), 200),
        ("Host: LocalHost.:9847".to_owned(), 200),
        ("Host: [::1]:9847".to_owned(), 200),
        ("host: evil.example".to_owned(), 421),
        (format!("Host: evil.example:{}", here.port()), 421),
        ("Host: 127.0.0.1.evil.example".to_owned(), 421),
        ("Host: localhost.evil.example".to_owned(), 421),
        ("Host: 192.0.2.1".to_owned(), 421),
        ("Host: localhost@evil.example".to_owned(), 421),
        ("Host: ".to_owned(), 421),
        ("Host: localhost\r\nHost: evil.example".to_owned(), 421),
        ("X-No: host".to_owned(), 421),
    ] {
        for path in ["/api/v1/databases", "/api/v1/databases/central"] {
            assert_eq!(status_of(here, path, &host).await, status, "{path} with {host:?}");
        }
        for path in ["/livez", "/readyz", "/healthz", "/-/healthy", "/-/ready"] {
            assert_eq!(status_of(here, path, &host).await, 200, "{path} with {host:?}");
        }
    }
    // What is asked for goes before what the header says.
    let absolute = "http://evil.example/api/v1/databases";
    assert_eq!(status_of(here, absolute, "Host: localhost").await, 421);
}

#[tokio::test]
async fn a_request_that_is_never_finished_is_given_up() {
    let daemon = TestDaemon::start(workspace()).await;
    for begun in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut connection = begin(daemon.address(), begun).await;
        assert!(!ended(&mut connection).await.contains("200 OK"), "{begun:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let daemon = TestDaemon::start(workspace()).await;
    let padding = |bytes: usize| format!("Host: localhost\r\nX-Padding: {}", "x".repeat(bytes));
    assert_eq!(status_of(daemon.address(), "/livez", &padding(HEAD_BYTES_MAX / 2)).await, 200);
    assert_eq!(status_of(daemon.address(), "/livez", &padding(HEAD_BYTES_MAX)).await, 431);
}

/// Connections beyond the limit wait for one of the others to end, and no longer than that.
#[tokio::test]
async fn connections_are_limited() {
    let daemon = TestDaemon::start(workspace()).await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        held.push(begin(daemon.address(), "GET /livez HTTP/1.1\r\n").await);
    }
    let mut ends = Vec::new();
    for connection in &mut held {
        ends.push(Box::pin(ended(connection)));
    }
    let first = future::select_all(ends);
    let one_more = Box::pin(status_of(daemon.address(), "/livez", "Host: localhost"));
    match future::select(first, one_more).await {
        future::Either::Left((_, one_more)) => assert_eq!(one_more.await, 200),
        future::Either::Right(_) => panic!("it was answered beside {CONNECTIONS_MAX} others"),
    }
}

/// The status of `GET path` with these header lines.
async fn status_of(address: SocketAddr, path: &str, headers: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
    let answer = ended(&mut begin(address, &request).await).await;
    let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
    status.unwrap_or_else(|| panic!("{path} with {headers:?}: no status in {answer:?}"))
}

/// A connection on which this much of a request was sent.
async fn begin(address: SocketAddr, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.expect("the daemon listens");
    connection.write_all(request.as_bytes()).await.expect("the daemon reads");
    connection
}

/// What the daemon sent until it ended the connection.
async fn ended(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(DEADLINE, connection.read_to_end(&mut answer)).await;
    // A reset is an end as well: what was sent too much is not read.
    let _end = read.unwrap_or_else(|_| panic!("the daemon keeps a connection for {DEADLINE:?}"));
    String::from_utf8_lossy(&answer).into_owned()
}
