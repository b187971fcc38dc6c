//! The daemon's endpoints against clients that misbehave, and its ear for SIGTERM while it reads.

use std::net::SocketAddr;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::unix::pipe;

use crate::support::DEADLINE;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::process::must_succeed;
use crate::support::until;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// As in `src/http/serve.rs`.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// SIGTERM ends a daemon that has nothing under way within this.
const STOPPED: Duration = Duration::from_secs(5);

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

/// What messages link to is a page, and one that says so where the thing is not there (any more).
#[tokio::test]
async fn the_pages_that_messages_link_to_are_there() {
    let daemon = TestDaemon::start(workspace()).await;
    let delivery = "/deliveries/0197f0a1-0000-7000-8000-000000000007";
    for (path, status) in [("/", 200), ("/incidents/SW-1001", 404), (delivery, 404)] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = ended(&mut begin(daemon.address(), &request).await).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.to_lowercase().contains("content-type: text/html"), "{path}: {answer}");
        let other = status_of(daemon.address(), path, "Host: evil.example").await;
        assert_eq!(other, 421, "{path}");
    }
    for path in
        ["/incidents/x", "/incidents/%2e%2e", "/deliveries/SW-1", "/incidents/SW-1%0d%0aX:y"]
    {
        assert_eq!(status_of(daemon.address(), path, "Host: localhost").await, 404, "{path}");
    }
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

/// A manifest on a file system that hangs is no reason to ignore who asks the daemon to stop.
#[tokio::test]
async fn sigterm_is_heard_while_a_reload_hangs() {
    let mut daemon = TestDaemon::start(workspace()).await;
    let fifo = hang_the_manifest(daemon.workspace());
    daemon.sighup();
    let _writer = until("the reload reads the manifest", || async {
        pipe::OpenOptions::new().open_sender(&fifo).ok()
    })
    .await;
    assert_eq!(daemon.get("/livez").await.0, 200);
    let (status, took) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < STOPPED, "it took {took:?}");
}

/// A second SIGHUP means files that the first one may have read too early.
#[tokio::test]
async fn sighup_during_a_reload_reloads_once_more() {
    let mut daemon = TestDaemon::start(workspace()).await;
    let fifo = hang_the_manifest(daemon.workspace());
    daemon.sighup();
    let writer = until("the reload reads the manifest", || async {
        pipe::OpenOptions::new().open_sender(&fifo).ok()
    })
    .await;
    daemon.sighup();
    daemon.wait_for_log("the second one waits", |line| says(line, "once more")).await;
    std::fs::remove_file(&fifo).expect("our own file");
    daemon
        .workspace()
        .rewrite("expected-schemas/central.yaml", &fixtures::manifest("central", &CENTRAL));
    // The end of an empty manifest: the first reload is refused.
    drop(writer);
    daemon.wait_for_log("the first one is refused", |line| says(line, "reload refused")).await;
    daemon.wait_for_log("the second one is taken", |line| says(line, "reloaded")).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn sigterm_is_heard_while_the_start_hangs() {
    let workspace = workspace();
    let fifo = hang_the_manifest(&workspace);
    let mut child =
        workspace.command(&["run"]).stderr(Stdio::null()).spawn().expect("the binary starts");
    let _writer = until("the start reads the manifest", || async {
        pipe::OpenOptions::new().open_sender(&fifo).ok()
    })
    .await;
    let pid = i32::try_from(child.id().expect("it was not waited for")).expect("a process id");
    nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGTERM).expect("our own child");
    let status = tokio::time::timeout(DEADLINE, child.wait()).await.expect("it ends in time");
    assert_eq!(status.expect("our own child").code(), Some(0));
}

/// Puts a named pipe in the place of the manifest: whoever reads it waits for a writer.
fn hang_the_manifest(workspace: &Workspace) -> std::path::PathBuf {
    let path = workspace.path().join("expected-schemas/central.yaml");
    std::fs::remove_file(&path).expect("our own file");
    must_succeed(Command::new("mkfifo").arg("-m").arg("600").arg(&path));
    path
}

fn says(line: &serde_json::Value, words: &str) -> bool {
    crate::support::daemon::message(line).contains(words)
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
