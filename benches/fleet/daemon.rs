//! The real program over a fleet: how long it takes to be ready, and what it costs from then on.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
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

/// What stands before the address in the line of the log that says where it listens.
const LISTENING: &str = "\"http.listen\":\"";
/// Between two looks at what announces no event.
const POLL: Duration = Duration::from_millis(10);

/// How much of its log is shown where it has ended by itself, in bytes.
const SHOWN: usize = 2_000;

/// Dropping it ends the program.
pub(crate) struct Daemon {
    address: SocketAddr,
    child: Child,
    /// From the start of the process to the first 200 of `/readyz`.
    pub(crate) ready: Duration,
    log: PathBuf,
}

impl Daemon {
    /// Starts it in `folder`, where its config is, and waits until it is ready.
    pub(crate) async fn start(program: &str, folder: &Path) -> Self {
        let began = Instant::now();
        let log = folder.join("log");
        let child = tokio::process::Command::new(program)
            .current_dir(folder)
            .args(["--log-format", "json", "run"])
            .stderr(File::create(&log).expect("our own folder"))
            .kill_on_drop(true)
            .spawn()
            .expect("the program can be started");
        let address = ([0, 0, 0, 0], 0).into();
        let mut daemon = Self { address, child, ready: Duration::ZERO, log };
        daemon.address = loop {
            daemon.must_run();
            if let Some(address) = daemon.listening() {
                break address;
            }
            tokio::time::sleep(POLL).await;
        };
        while get(daemon.address, "/readyz").await.is_none() {
            daemon.must_run();
            tokio::time::sleep(POLL).await;
        }
        daemon.ready = began.elapsed();
        daemon
    }

    /// Where it says that it listens.
    fn listening(&self) -> Option<SocketAddr> {
        let log = std::fs::read_to_string(&self.log).ok()?;
        log.split(LISTENING).nth(1)?.split('"').next()?.parse().ok()
    }

    /// Panics with what it said where it has ended: figures of a program that is not there would be zero.
    pub(crate) fn must_run(&mut self) {
        if let Some(status) = self.child.try_wait().expect("our own child") {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let from = log.len().saturating_sub(SHOWN);
            panic!("the daemon ended with {status}: {}", log.get(from..).unwrap_or(&log));
        }
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
