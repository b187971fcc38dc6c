//! Requests on plain sockets, each on a connection of its own, and what they took; and `wrk`.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Longer than any answer takes that is worth measuring.
const LOST: Duration = Duration::from_secs(30);

/// How much came, and how long it took from the connection to the last byte.
pub(crate) struct Answer {
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

/// What many requests took.
pub(crate) struct Times(Vec<Duration>);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |share: usize| self.0[(self.0.len() - 1) * share / 100].as_secs_f64() * 1000.0;
        write!(f, "p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms", at(50), at(99), at(100))
    }
}

/// `GET path`, which has to answer 200.
pub(crate) async fn get(here: SocketAddr, path: &str, zipped: bool) -> Answer {
    let encoding = if zipped { "Accept-Encoding: gzip\r\n" } else { "" };
    // HTTP/1.0, so that the body ends with the connection and is never in pieces.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {here}\r\n{encoding}\r\n");
    let began = Instant::now();
    let exchange = async {
        let mut socket = TcpStream::connect(here).await?;
        socket.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = tokio::time::timeout(LOST, exchange).await.expect("an answer in time");
    let answer = answer.expect("an answer");
    let took = began.elapsed();
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let said = String::from_utf8_lossy(&answer[..head]);
    assert!(said.split(' ').nth(1) == Some("200"), "{path}: {said}");
    let is_zipped = said.to_ascii_lowercase().contains("content-encoding: gzip");
    assert!(is_zipped == zipped || answer.len() < 2_000, "{path}: {said}");
    Answer { bytes: answer.len() - head - 4, took }
}

/// So many requests, so many at a time, as browsers make them.
pub(crate) async fn ask(here: SocketAddr, path: &str, requests: usize, together: usize) -> Times {
    let zipped = path != "/livez";
    let mut asking = JoinSet::new();
    for _ in 0..together {
        let path = path.to_owned();
        asking.spawn(async move {
            let mut took = Vec::new();
            for _ in 0..requests / together {
                took.push(get(here, &path, zipped).await.took);
            }
            took
        });
    }
    let mut all: Vec<Duration> = asking.join_all().await.into_iter().flatten().collect();
    all.sort_unstable();
    Times(all)
}

/// Requests a second, and the 99th percentile, as `wrk` measures them for ten seconds.
pub(crate) async fn wrk(here: SocketAddr, path: &str) -> String {
    let output = tokio::process::Command::new("wrk")
        .args(["-t2", "-c16", "-d10s", "--latency", &format!("http://{here}{path}")])
        .output()
        .await;
    let Ok(output) = output else { return "no wrk: apt-get install wrk".to_owned() };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = |word: &str| {
        let line = said.lines().find(|it| it.trim_start().starts_with(word));
        line.and_then(|it| it.split_whitespace().last()).unwrap_or("?").to_owned()
    };
    let mut told =
        format!("{}/s, {}/s, p99 {}", after("Requests/sec:"), after("Transfer/sec:"), after("99%"));
    for bad in said.lines().filter(|it| it.contains("Non-2xx") || it.contains("Socket errors")) {
        told.push_str("; ");
        told.push_str(bad.trim());
    }
    told
}

/// A receiver of messages that says yes to everything, and its URL. It ends when what this returns is dropped.
pub(crate) async fn receiver() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = socket.write_all(answer).await;
            // To the end, so that what was not read resets nothing.
            let _ = tokio::time::timeout(LOST, socket.read_to_end(&mut Vec::new())).await;
        }
    });
    (url, accepting)
}
