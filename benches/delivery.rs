//! What a receiver that hangs and one that answers 500 cost a healthy one. Run by `benches/run.sh`.
//!
//! Not a test: figures, side by side with their reference, in one run. The delivery loop of the daemon
//! runs with a real state file and three receivers on loopback. Incidents are committed at a steady
//! pace, and the time from the commit to the arrival at the healthy receiver is taken. In the baseline
//! all three receivers answer at once; in the other half two of them are ill. The halves take turns.
//!
//! ```text
//! delivery SECONDS [TURNS [PACE [BASELINE]]]    3 turns; 10 incidents a second; SECONDS for the baseline too
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use schemawarden::channel::Sender;
use schemawarden::clock::Clock;
use schemawarden::config;
use schemawarden::delivery;
use schemawarden::delivery::Delivery;
use schemawarden::finding::Finding;
use schemawarden::finding::FindingKind;
use schemawarden::finding::ObjectKind;
use schemawarden::health::Health;
use schemawarden::incident::Life;
use schemawarden::report::Evidence;
use schemawarden::report::Report;
use schemawarden::report::Verdict;
use schemawarden::schema::RelationName;
use schemawarden::store::AuditCommit;
use schemawarden::store::Store;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a receiver behaves.
#[derive(Clone, Copy)]
enum Receiver {
    Healthy,
    Hanging,
    Failing,
}

/// When each incident was committed, and how long its message took.
#[derive(Default)]
struct Times {
    committed: HashMap<String, Instant>,
    took: Vec<Duration>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|it| it.parse().ok()).collect();
    let Some(seconds) = numbers.first() else {
        // `cargo bench` and `cargo test --benches` run this without arguments.
        println!("run benches/run.sh delivery");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let half = Duration::from_secs(*seconds);
    let pace = numbers.get(2).and_then(|it| u32::try_from(*it).ok()).unwrap_or(10);
    let baseline = numbers.get(3).map_or(half, |it| Duration::from_secs(*it));
    let (mut alone, mut among_ill) = (Vec::new(), Vec::new());
    for _ in 0..numbers.get(1).copied().unwrap_or(3) {
        alone.extend(runtime.block_on(run([Receiver::Healthy, Receiver::Healthy], baseline, pace)));
        among_ill.extend(runtime.block_on(run([Receiver::Hanging, Receiver::Failing], half, pace)));
    }
    let (healthy, ill) = (say("all healthy", alone), say("two ill", among_ill));
    println!("ratio of p99 {:.2}", ill.as_secs_f64() / healthy.as_secs_f64());
}

/// Prints what was measured; returns the 99th percentile.
fn say(what: &str, mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    let ms = |it: Duration| it.as_secs_f64() * 1000.0;
    println!(
        "{what:12} {:6} messages  p50 {:6.2} ms  p99 {:6.2} ms  worst {:6.2} ms",
        took.len(),
        ms(at(50)),
        ms(at(99)),
        ms(at(100))
    );
    at(99)
}

async fn run(others: [Receiver; 2], length: Duration, pace: u32) -> Vec<Duration> {
    let folder = tempfile::tempdir().expect("a folder");
    let tasks = TaskTracker::new();
    let times = Arc::new(Mutex::new(Times::default()));
    let mut channels = String::new();
    for (name, receiver) in
        [("healthy", Receiver::Healthy), ("second", others[0]), ("third", others[1])]
    {
        let counted = (name == "healthy").then(|| Arc::clone(&times));
        let port = listen(receiver, counted, &tasks).await;
        let url = format!("http://127.0.0.1:{port}/");
        channels.extend(["  ", name, ": { type: webhook, url: '", &url, "' }\n"]);
    }
    let config = config(folder.path(), &channels);
    let clock = Clock::System;
    let store = Store::open_sqlite(&folder.path().join("state.db"), clock.now()).expect("a state");
    let (_publish, current) = watch::channel(Arc::new(config));
    let policy = Arc::clone(&current.borrow().policy);
    let shutdown = CancellationToken::new();
    let delivery = Delivery {
        store: store.clone(),
        sender: Sender::new().expect("a sender"),
        config: current,
        clock: clock.clone(),
        health: Health::new(),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
    };
    let running = tasks.spawn(delivery::run(delivery));
    let began = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / pace);
    for number in 0_u64.. {
        tick.tick().await;
        if began.elapsed() >= length {
            break;
        }
        let database = format!("db{number}");
        lock(&times).committed.insert(database.clone(), Instant::now());
        let audit = AuditCommit {
            report: Arc::new(report(&database, clock.now())),
            now: clock.now(),
            labels: BTreeMap::new(),
            server: database,
            life: Life::default(),
            policy: Arc::clone(&policy),
            known: None,
            known_version: None,
            residence: None,
            turn: None,
            next_due: clock.now(),
            deferred: false,
        };
        store.commit_audit(audit).await.expect("it commits");
    }
    shutdown.cancel();
    running.await.expect("the loop ends");
    store.close().await.expect("the state closes");
    std::mem::take(&mut lock(&times).took)
}

fn lock(times: &Mutex<Times>) -> std::sync::MutexGuard<'_, Times> {
    times.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything to all three, each incident a message of its own.
fn config(folder: &Path, channels: &str) -> config::Config {
    std::fs::create_dir(folder.join("expected-schemas")).expect("our own folder");
    let manifest = "manifest: central\ntables: [User]\n";
    std::fs::write(folder.join("expected-schemas/central.yaml"), manifest).expect("our own file");
    let path = folder.join("config.yaml");
    let text = format!(
        "databases:\n  - {{ name: db, url: 'postgres://127.0.0.1/db', manifest: central }}\n\
         channels:\n{channels}\
         routes:\n  - {{ to: [healthy, second, third], group_wait: 0s, group_interval: 0s, \
         group_by: [incident] }}\n"
    );
    std::fs::write(&path, text).expect("our own file");
    config::load(&path, &|_| None, Clock::System.now()).expect("a config without mistakes")
}

fn report(database: &str, now: jiff::Timestamp) -> Report {
    let name = RelationName::new("public", "tmp_import");
    let message = "table `tmp_import` is not in manifest `central`";
    Report {
        database: database.to_owned(),
        manifest: "central".to_owned(),
        verdict: Verdict::Drifted,
        reason: None,
        findings: vec![Finding::new(
            FindingKind::UnexpectedTable,
            ObjectKind::Table,
            Some(name),
            message,
        )],
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: now,
            duration: Duration::from_millis(8),
            server_version: None,
            role: None,
            relations: Some(2),
            hidden_from_information_schema: Some(2),
            left_out: BTreeMap::new(),
            manifest_hash: "0".to_owned(),
            manifest_ref: None,
            unreachable: false,
            deploy: None,
            complete: true,
        },
    }
}

/// Starts a receiver; the healthy one that is measured notes when each database was told.
async fn listen(
    receiver: Receiver,
    counted: Option<Arc<Mutex<Times>>>,
    tasks: &TaskTracker,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            connections.spawn(answer(socket, receiver, counted.clone()));
        }
    });
    port
}

async fn answer(socket: TcpStream, receiver: Receiver, counted: Option<Arc<Mutex<Times>>>) {
    let mut socket = BufReader::new(socket);
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
    socket.read_exact(&mut body).await.expect("the body comes");
    if let Some(times) = counted {
        let message: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let parts = match message["data"]["notifications"].as_array() {
            Some(parts) => parts.clone(),
            None => vec![message],
        };
        let mut times = lock(&times);
        for part in parts {
            let database = part["data"]["database"].as_str().expect("a database");
            let took = times.committed[database].elapsed();
            times.took.push(took);
        }
    }
    let status = match receiver {
        Receiver::Healthy => "200 OK",
        Receiver::Failing => "500 Internal Server Error",
        // Holds the connection until the sender gives up.
        Receiver::Hanging => {
            let _ = socket.read_u8().await;
            return;
        }
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    // The sender may have given up.
    let _ = socket.write_all(head.as_bytes()).await;
}
