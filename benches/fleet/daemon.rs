//! The real program over a fleet: how long it takes to be ready, and what it costs from then on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::task::JoinSet;

use super::process;
use super::program;

/// What stands before the address in the line of the log that says where it listens.
const LISTENING: &str = "\"http.listen\":\"";
/// Between two looks at what announces no event.
const POLL: Duration = Duration::from_millis(10);

/// Dropping it ends the program.
pub(crate) struct Daemon {
    address: SocketAddr,
    child: Child,
    /// From the start of the process to the first 200 of `/readyz`.
    pub(crate) ready: Duration,
    /// Reads the log, so that the program never waits for it.
    _reading: JoinSet<()>,
}

impl Daemon {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(program: &str, folder: &Path) -> Self {
        let began = Instant::now();
        let (child, reading, line) = program::start(program, folder, LISTENING).await;
        let address =
            line.split(LISTENING).nth(1).and_then(|it| it.split('"').next()?.parse().ok());
        let address = address.expect("an address");
        while get(address, "/readyz").await.is_none() {
            tokio::time::sleep(POLL).await;
        }
        Self { address, child, ready: began.elapsed(), _reading: reading }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The processor time that it has had.
    pub(crate) fn cpu(&self) -> Duration {
        process::cpu(self.id())
    }

    /// What of it came after it had `before`.
    pub(crate) fn cpu_since(&self, before: Duration) -> Duration {
        self.cpu().saturating_sub(before)
    }

    /// Resident memory now, and the most it ever was, in bytes.
    pub(crate) fn memory(&self) -> (u64, u64) {
        process::memory(self.id())
    }

    /// Audits that came back so far, by verdict. Reading `/metrics` costs the daemon something.
    pub(crate) async fn audits(&self) -> BTreeMap<String, u64> {
        let text = get(self.address, "/metrics").await.expect("it answers");
        let of = |line: &str| {
            let line = line.strip_prefix("schemawarden_audits_total{result=\"")?;
            let (verdict, count) = line.split_once("\"} ")?;
            Some((verdict.to_owned(), count.parse().ok()?))
        };
        text.lines().filter_map(of).collect()
    }

    /// How long `GET path` takes, and the processor time of it.
    pub(crate) async fn asked(&self, path: &str) -> (Duration, Duration) {
        let (cpu, began) = (self.cpu(), Instant::now());
        get(self.address, path).await.expect("it answers");
        (began.elapsed(), self.cpu_since(cpu))
    }

    /// Stands still (or goes on) as `signal` says.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).expect("a process id");
        nix::sys::signal::kill(Pid::from_raw(id), signal).expect("it runs");
    }

    /// Stops it in order.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let status = self.child.wait().await.expect("our own child");
        assert!(status.success(), "{status}");
    }
}

/// The body of a 200; `None` for anything else.
async fn get(here: SocketAddr, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: {here}\r\n\r\n");
    let mut socket = TcpStream::connect(here).await.ok()?;
    socket.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    (head.split(' ').nth(1) == Some("200")).then(|| body.to_owned())
}

/// A receiver of messages that says yes to everything, and its URL. It ends when what this returns is dropped.
pub(crate) async fn receiver() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _gone = socket.write_all(answer).await;
            let _gone = socket.read_to_end(&mut Vec::new()).await;
        }
    });
    (url, accepting)
}
