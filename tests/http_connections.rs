//! Connections: many that say nothing, some that say it slowly, and those who ask meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::DEADLINE;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::until;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// As in `src/http/serve.rs` and below it.
const WAITING_MAX: usize = 256;
const STREAMS_MAX: usize = 100;
const SERVED_MAX: usize = 64;
const HEAD_MAX: Duration = Duration::from_secs(5);
/// Sockets that drip; as many as a process may have open anywhere.
const DRIPPING: usize = 700;
/// Looks at `/livez` meanwhile. How soon each is answered is the benchmark's (`benches/http`).
const LOOKS: usize = 200;
/// Between two bytes of a socket that drips: the pace is what is tried here, and nothing is waited for. A head
/// at this pace would take minutes.
const DRIP: Duration = Duration::from_millis(250);
/// Between the end of a connection that dripped and the next one of the same client. At once, this would try
/// how fast the machine connects to itself.
const BACK: Duration = Duration::from_secs(1);

async fn daemon() -> TestDaemon {
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", NOWHERE, "central"));
    TestDaemon::start(workspace).await
}

async fn begin(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.expect("the daemon listens");
    connection.write_all(bytes.as_bytes()).await.expect("the daemon reads");
    connection
}

/// What comes until the end of the head; more may have come with it.
async fn head(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = async {
        while !answer.windows(4).any(|it| it == b"\r\n\r\n") {
            let mut piece = [0; 4096];
            match connection.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend_from_slice(&piece[..count]),
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the daemon answers in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether the daemon has closed it.
async fn is_closed(connection: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_millis(1), connection.read(&mut byte)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

/// Connects, sends a head that never ends, a byte at a time, until it is sent away, and comes back.
async fn drip(address: SocketAddr, come: &AtomicUsize, sent_away: &AtomicUsize) {
    let mut back = tokio::time::interval(BACK);
    loop {
        back.tick().await;
        let Ok(mut connection) = TcpStream::connect(address).await else { continue };
        come.fetch_add(1, Ordering::Relaxed);
        let mut pace = tokio::time::interval(DRIP);
        for byte in "GET /livez HTTP/1.1\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
            pace.tick().await;
            if connection.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        sent_away.fetch_add(1, Ordering::Relaxed);
        back.reset();
    }
}

#[tokio::test]
async fn those_who_drip_keep_nobody_from_being_answered() {
    let daemon = daemon().await;
    let (come, sent_away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Dropping it ends them.
    let mut dripping = JoinSet::new();
    for _ in 0..DRIPPING {
        let address = daemon.address();
        let (come, sent_away) = (Arc::clone(&come), Arc::clone(&sent_away));
        dripping.spawn(async move { drip(address, &come, &sent_away).await });
    }
    let many = || async { (come.load(Ordering::Relaxed) >= DRIPPING).then_some(()) };
    until("all of them drip", many).await;
    for _ in 0..LOOKS {
        // Panics where no answer comes within `DEADLINE`.
        assert_eq!(daemon.get("/livez").await.0, 200);
    }
    // More came than may wait at one time: room was made for those who ask.
    let some = || async { (sent_away.load(Ordering::Relaxed) > 0).then_some(()) };
    until("some are sent away", some).await;
}

/// Who has waited longest goes; who is being served stays.
#[tokio::test]
async fn too_many_that_say_nothing_make_room_for_each_other() {
    let daemon = daemon().await;
    // One is in the middle of a body that does not come: it has asked something.
    let mut asking = begin(
        daemon.address(),
        &format!(
            "POST /api/v1/silences HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
            daemon.token()
        ),
    )
    .await;
    // It is being served: the daemon asks for the body.
    assert!(head(&mut asking).await.starts_with("HTTP/1.1 100"));
    let mut first = begin(daemon.address(), "").await;
    let began = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..WAITING_MAX + 20 {
        silent.push(begin(daemon.address(), "").await);
    }
    tokio::time::timeout(DEADLINE, async { while !is_closed(&mut first).await {} })
        .await
        .expect("the first one makes room");
    assert!(began.elapsed() < HEAD_MAX, "it was given up after {:?}", began.elapsed());
    assert_eq!(daemon.get("/livez").await.0, 200);
    assert!(!is_closed(&mut asking).await);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request_and_not_for_long() {
    let daemon = daemon().await;
    let mut connection = begin(daemon.address(), "").await;
    for _ in 0..3 {
        connection.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is open");
        assert!(head(&mut connection).await.starts_with("HTTP/1.1 200"));
    }
    let began = Instant::now();
    assert_eq!(head(&mut connection).await, "");
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn streams_have_a_budget_of_their_own() {
    let daemon = daemon().await;
    let request = "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    let of_the_api = request.replace("/events", "/api/v1/events");
    let has = |head: &str, line: &str| head.to_lowercase().contains(line);
    let mut streams = Vec::new();
    loop {
        // Both ways to it are counted together.
        let way = if streams.len() % 2 == 0 { request } else { &of_the_api };
        let mut stream = begin(daemon.address(), way).await;
        let answer = head(&mut stream).await;
        if answer.starts_with("HTTP/1.1 503") {
            assert!(has(&answer, "retry-after: 5") && has(&answer, "cache-control: no-store"));
            assert!(has(&answer, "x-content-type-options: nosniff"), "{answer}");
            break;
        }
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(has(&answer, "x-content-type-options: nosniff"), "{answer}");
        assert!(has(&answer, "cache-control: no-cache"), "{answer}");
        streams.push(stream);
        assert!(streams.len() <= STREAMS_MAX, "there is no end to them");
    }
    // More than are served at one time: they are counted apart.
    assert!(streams.len() > SERVED_MAX || streams.len() == STREAMS_MAX, "{}", streams.len());
    let (status, _) = daemon.get("/api/v1/databases").await;
    assert_eq!(status, 200);
    // One that is closed makes room.
    drop(streams.pop());
    until("another one may stream", || async {
        let mut stream = begin(daemon.address(), request).await;
        head(&mut stream).await.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
}

/// A page that is open somewhere does not hold up who stops the daemon.
#[tokio::test]
async fn streams_end_with_the_daemon() {
    let mut daemon = daemon().await;
    let request = "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    let mut stream = begin(daemon.address(), request).await;
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    let (status, took) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let daemon = daemon().await;
    let request = format!(
        "POST /api/v1/silences HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        daemon.token()
    );
    let mut connection = begin(daemon.address(), &request).await;
    assert!(head(&mut connection).await.starts_with("HTTP/1.1 408"));
    let form = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntoken=";
    let mut connection = begin(daemon.address(), form).await;
    assert!(head(&mut connection).await.starts_with("HTTP/1.1 408"));
}
