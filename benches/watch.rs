//! From the commit of a change to the arrival of the alert, with `watch: true`. Run by `benches/run.sh`.
//!
//! Not a test: figures. The real daemon (the program, as a process) watches a database of 25 tables, told by an
//! hourly schedule; this creates a table and drops it again, each in a transaction of its own, and takes the time
//! from the moment the server says that it is committed until the last byte of the webhook is here.
//!
//! ```text
//! watch PROGRAM FOLDER OWNER_URL AUDITOR_URL ACTS GAP_MS     a gap of 0: at random, up to two seconds
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

#[path = "http/program.rs"]
mod program;

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_postgres::NoTls;
use tokio_util::task::TaskTracker;

/// Longer than any alert takes that is worth measuring.
const LOST: Duration = Duration::from_secs(30);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let [program, folder, owner, auditor, acts, gap] = arguments.as_slice() else {
        // `cargo bench` and `cargo test --benches` run this without arguments.
        println!("run benches/run.sh watch");
        return;
    };
    let [acts, gap] = [acts, gap].map(|it| it.parse::<u64>().expect("a number"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut took = runtime.block_on(run(program, Path::new(folder), owner, auditor, acts, gap));
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    let gap = if gap == 0 { "at random".to_owned() } else { format!("each {gap} ms") };
    println!(
        "{:4} acts, {gap:12} from commit to arrival: p50 {:6.1} ms  p90 {:6.1} ms  p99 {:6.1} ms  worst {:6.1} ms",
        took.len(),
        at(50),
        at(90),
        at(99),
        at(100)
    );
}

async fn run(
    program: &str,
    folder: &Path,
    owner: &str,
    auditor: &str,
    acts: u64,
    gap: u64,
) -> Vec<Duration> {
    let tasks = TaskTracker::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (arrive, mut arrived) = mpsc::unbounded_channel();
    let receiving = tasks.clone();
    tasks.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            receiving.spawn(receive(socket, arrive.clone()));
        }
    });
    std::fs::write(folder.join("config.yaml"), config(auditor, port)).expect("our own folder");
    let (mut daemon, _log, _line) = program::start(program, folder, "listening to `central`").await;
    // The audit that comes with it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (client, connection) = tokio_postgres::connect(owner, NoTls).await.expect("let in");
    tasks.spawn(async move { drop(connection.await) });
    let mut took = Vec::new();
    for act in 0..acts {
        let sql =
            if act % 2 == 0 { "create table tmp_import (id int)" } else { "drop table tmp_import" };
        client.batch_execute(sql).await.expect("it commits");
        let committed = Instant::now();
        let at: Instant = tokio::time::timeout(LOST, arrived.recv())
            .await
            .expect("an alert comes")
            .expect("the receiver listens");
        took.push(at.saturating_duration_since(committed));
        let gap = if gap == 0 { fastrand::u64(..2000) } else { gap };
        tokio::time::sleep(Duration::from_millis(gap)).await;
    }
    daemon.kill().await.expect("our own child");
    took
}

/// One audit an hour; each message leaves at once, and what comes back is told again.
fn config(auditor: &str, port: u16) -> String {
    format!(
        "defaults: {{ schedule: {{ every: 1h, splay: 0s }}, flap_window: 0s }}\n\
         http: {{ listen: '127.0.0.1:0' }}\n\
         databases:\n  - {{ name: central, url: '{auditor}', manifest: watched, watch: true }}\n\
         channels: {{ ops: {{ type: webhook, url: 'http://127.0.0.1:{port}/' }} }}\n\
         routes: [{{ to: [ops], group_wait: 0s, group_interval: 0s, group_by: [incident] }}]\n"
    )
}

/// Answers requests and says when each was here.
async fn receive(socket: TcpStream, arrive: mpsc::UnboundedSender<Instant>) {
    let mut socket = BufReader::new(socket);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse().expect("a length in digits");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if socket.read_exact(&mut body).await.is_err() {
            return;
        }
        // The program may have ended.
        let _ = arrive.send(Instant::now());
        if socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
            return;
        }
    }
}
