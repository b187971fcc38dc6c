//! The real program on the state that was written, and audits that people ask it for.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::task::JoinSet;

use super::client;
use super::fleet;
use super::program;

/// What stands before the address in the line of the log that says where it listens.
const LISTENING: &str = "\"http.listen\":\"";

/// Dropping it ends the program.
pub(crate) struct Daemon {
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    child: Child,
    /// Reads the log, so that the program never waits for it.
    #[expect(dead_code, reason = "is held, for as long as the program runs")]
    reading: JoinSet<()>,
}

impl Daemon {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(program: &str, folder: &Path) -> Self {
        let (child, reading, line) = program::start(program, folder, LISTENING).await;
        let address =
            line.split(LISTENING).nth(1).and_then(|it| it.split('"').next()?.parse().ok());
        let address = address.expect("an address");
        let daemon = Self { address, folder: folder.to_owned(), child, reading };
        client::get(address, "/readyz", false).await;
        daemon
    }

    /// Has one database audited, and waits for the answer.
    pub(crate) async fn audit(&self, number: usize) {
        audit(self.address, self.token(), number).await;
    }

    fn token(&self) -> String {
        let token = std::fs::read_to_string(self.folder.join("schemawarden.token"));
        token.expect("the daemon made it").trim().to_owned()
    }

    /// So many audits a second from now on, of databases where nobody listens: each is over at once, and
    /// changes what pages say. They end when what this returns is dropped.
    pub(crate) async fn audits(&self, per_second: u32) -> JoinSet<()> {
        let (here, token) = (self.address, self.token());
        let mut asking = JoinSet::new();
        asking.spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second);
            let mut under_way = JoinSet::new();
            // From the end: those are well.
            for number in (0..fleet::DATABASES).rev().cycle() {
                tick.tick().await;
                under_way.spawn(audit(here, token.clone(), number));
                while under_way.try_join_next().is_some() {}
            }
        });
        // The first of them have ended.
        tokio::time::sleep(Duration::from_secs(1)).await;
        asking
    }

    /// What the kernel says that it holds.
    pub(crate) fn memory(&self) -> String {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let of = |key: &str| {
            let line = status.lines().find_map(|it| it.strip_prefix(key));
            let kilobytes = line.and_then(|it| it.split_whitespace().next()?.parse::<f64>().ok());
            format!("{:.1} MiB", kilobytes.unwrap_or_default() / 1024.0)
        };
        format!("{} (peak {})", of("VmRSS:"), of("VmHWM:"))
    }
}

async fn audit(here: SocketAddr, token: String, number: usize) {
    let request = format!(
        "POST /api/v1/databases/{}/audit HTTP/1.0\r\nHost: {here}\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\n\r\n{{}}",
        fleet::name(number)
    );
    let mut socket = TcpStream::connect(here).await.expect("it listens");
    socket.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("it answers");
    assert!(answer.contains(" 20"), "{answer}");
}
