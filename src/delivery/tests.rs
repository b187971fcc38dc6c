//! The loop against real receivers on loopback, with a real state file.

mod telling;

use std::collections::VecDeque;

use jiff::SignedDuration;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::*;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::Http;
use crate::config::Limits;
use crate::config::Messages;
use crate::config::Networks;
use crate::config::SecretSource;
use crate::config::State;
use crate::config::WebhookFormat;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::incident::Life;
use crate::policy::Policy;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::schema::RelationName;
use crate::secret::Secret;
use crate::store::AuditCommit;
use crate::store::OutboxStatus;
use crate::store::Paces;

/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A receiver that answers as it was told, one answer a request; the last one stays. An empty answer
/// is a hang.
struct Receiver {
    url: String,
    /// `webhook-id` and body of each request.
    requests: mpsc::Receiver<(String, String)>,
}

impl Receiver {
    async fn start(tasks: &TaskTracker, answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, requests) = mpsc::channel(64);
        let mut answers: VecDeque<String> = answers.iter().map(|it| (*it).to_owned()).collect();
        tasks.spawn(async move {
            let mut hanging = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let request = read(&mut socket).await;
                let answer =
                    if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
                if tell.send(request).await.is_err() {
                    return;
                }
                match answer.filter(|it| !it.is_empty()) {
                    Some(answer) => {
                        let head = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
                        socket.write_all(head.as_bytes()).await.unwrap();
                    }
                    None => hanging.push(socket),
                }
            }
        });
        Self { url, requests }
    }

    async fn next(&mut self) -> (String, String) {
        let request = tokio::time::timeout(PATIENCE, self.requests.recv()).await;
        request.expect("a request in time").expect("the receiver lives")
    }
}

async fn read(socket: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let line = head.lines().find(|it| it.to_lowercase().starts_with(name));
                line.and_then(|it| it.split_once(": ")).map(|(_, value)| value.to_owned())
            };
            let length: usize = header("content-length").unwrap_or_default().parse().unwrap_or(0);
            if body.len() >= length {
                return (header("webhook-id").unwrap_or_default(), body.to_owned());
            }
        }
        let mut chunk = [0; 4096];
        match socket.read(&mut chunk).await.unwrap() {
            0 => return (String::new(), text),
            n => bytes.extend_from_slice(&chunk[..n]),
        }
    }
}

/// A delivery loop that runs, and what it works with.
struct Bench {
    folder: tempfile::TempDir,
    delivery: Delivery,
    publish: watch::Sender<Arc<Config>>,
    running: Option<JoinHandle<()>>,
    channels: Vec<String>,
    /// What audits are told by; otherwise everything to `channels`, at once.
    policy: Option<Arc<Policy>>,
}

impl Bench {
    fn new(channels: &[(&str, &str)], tasks: &TaskTracker) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_750_000_000).unwrap());
        let store = Store::open_sqlite(&folder.path().join("state.db"), clock.now()).unwrap();
        let (publish, current) = watch::channel(Arc::new(config(channels)));
        let delivery = Delivery {
            store,
            sender: Sender::new().unwrap(),
            config: current,
            clock,
            health: Health::new(),
            tasks: tasks.clone(),
            shutdown: CancellationToken::new(),
        };
        let channels = channels.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self { folder, delivery, publish, running: None, channels, policy: None }
    }

    /// Reloads: these channels, and all of them on the route.
    fn configure(&mut self, channels: &[(&str, &str)]) {
        self.channels = channels.iter().map(|(name, _)| (*name).to_owned()).collect();
        self.publish.send(Arc::new(config(channels))).unwrap();
    }

    fn start(&mut self, flush_max: Duration) {
        let run = run_flushing(self.delivery.clone(), flush_max);
        self.running = Some(self.delivery.tasks.spawn(run));
    }

    async fn stop(&mut self) {
        self.delivery.shutdown.cancel();
        let running = self.running.take().expect("it was started");
        tokio::time::timeout(PATIENCE, running).await.expect("it stops in time").unwrap();
    }

    fn pass(&self, seconds: i64) {
        self.delivery.clock.advance(SignedDuration::from_secs(seconds));
        self.delivery.store.outbox().notify_one();
    }

    async fn audit(&self, database: &str, tables: &[&str]) {
        let finding = |name: &&str| {
            let message = format!("unexpected table `{name}`");
            let name = RelationName::new("public", *name);
            Finding::new(FindingKind::UnexpectedTable, ObjectKind::Table, Some(name), message)
        };
        let report = Report {
            database: database.to_owned(),
            manifest: "central".to_owned(),
            verdict: if tables.is_empty() { Verdict::Clean } else { Verdict::Drifted },
            reason: None,
            findings: tables.iter().map(finding).collect(),
            diagnoses: Vec::new(),
            evidence: Evidence {
                audited_at: self.delivery.clock.now(),
                duration: Duration::from_millis(8),
                server_version: None,
                role: None,
                relations: Some(4),
                hidden_from_information_schema: Some(4),
                left_out: BTreeMap::new(),
                manifest_hash: "0".to_owned(),
                manifest_ref: None,
                deploy: None,
                unreachable: false,
                complete: true,
            },
        };
        let audit = AuditCommit {
            report: Arc::new(report),
            now: self.delivery.clock.now(),
            labels: BTreeMap::new(),
            server: "db.example:5432".to_owned(),
            life: Life::default(),
            policy: self
                .policy
                .clone()
                .unwrap_or_else(|| Arc::new(Policy::of_channels(self.channels.clone()))),
            known: None,
            known_version: None,
            residence: None,
            turn: None,
            next_due: self.delivery.clock.now(),
            deferred: false,
        };
        self.delivery.store.commit_audit(audit).await.unwrap();
    }

    /// Waits until the outbox looks as `is` says.
    async fn until(&self, is: impl Fn(&OutboxStatus) -> bool) -> OutboxStatus {
        let look = async {
            loop {
                let now = self.delivery.clock.now();
                let status = self.delivery.store.outbox_status(now).await.unwrap();
                if is(&status) {
                    return status;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the outbox gets there in time")
    }

    /// Waits until so many attempts are recorded.
    async fn attempts(&self, count: i64) {
        let connection = rusqlite::Connection::open(self.folder.path().join("state.db")).unwrap();
        let look = async {
            let sql = "select count(*) from attempts";
            while connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("attempts are recorded in time");
    }
}

fn config(channels: &[(&str, &str)]) -> Config {
    let channel = |(name, url): &(&str, &str)| {
        let url = SecretSource::Inline(Secret::new(*url));
        let kind =
            ChannelKind::Webhook { url, secrets: Vec::new(), format: WebhookFormat::Standard };
        ((*name).to_owned(), Channel { name: (*name).to_owned(), kind, insecure: false })
    };
    Config {
        path: "config.yaml".into(),
        hash: String::new(),
        databases: Vec::new(),
        discoveries: Vec::new(),
        known_files: Vec::new(),
        manifests: BTreeMap::new(),
        channels: channels.iter().map(channel).collect(),
        policy: Arc::new(Policy::of_channels(channels.iter().map(|(name, _)| (*name).to_owned()))),
        state: State {
            postgres: None,
            sqlite: "state.db".into(),
            keep_audits: Duration::from_hours(1),
            keep_incidents: Duration::from_hours(1),
            encryption_key: None,
        },
        http: Http::at("127.0.0.1:0".parse().unwrap()),
        metrics_per_database: false,
        messages: Messages::default(),
        heartbeat: None,
        networks: Networks::default(),
        deploy_max: Duration::from_hours(4),
        limits: Limits {
            concurrency: 1,
            per_server: 1,
            per_server_rate: 20,
            connect_timeout: Duration::from_secs(1),
            audit_deadline: Duration::from_secs(1),
            max_relations: 1,
            max_bytes: 1,
            max_replica_lag: Duration::from_mins(1),
        },
        warnings: Vec::new(),
        names: std::sync::OnceLock::new(),
    }
}

#[tokio::test]
async fn what_is_committed_is_delivered_in_order() {
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &["200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    bench.audit("central", &[]).await;
    let (opened_id, opened) = receiver.next().await;
    let (resolved_id, resolved) = receiver.next().await;
    assert!(opened.contains("incident.opened") && opened.contains("SW-1001"), "{opened}");
    assert!(resolved.contains("incident.resolved"), "{resolved}");
    assert_ne!(opened_id, resolved_id);
    bench.until(|it| it.pending == 0).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_with_the_same_id() {
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &["500 No", "400 Bad", "200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    let (first, _) = receiver.next().await;
    bench.attempts(1).await;
    bench.pass(10);
    let (second, full) = receiver.next().await;
    // The refused payload follows at once, in its minimal form.
    let (third, minimal) = receiver.next().await;
    assert!(!first.is_empty() && first == second && second == third);
    assert!(minimal.len() < full.len(), "{minimal}");
    bench.until(|it| it.pending == 0 && it.abandoned == 0).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody_else() {
    let tasks = TaskTracker::new();
    let mut hanging = Receiver::start(&tasks, &[""]).await;
    let mut healthy = Receiver::start(&tasks, &["200 OK"]).await;
    let urls = [("dead", hanging.url.as_str()), ("ops", healthy.url.as_str())];
    let mut bench = Bench::new(&urls, &tasks);
    bench.start(Duration::from_millis(50));
    for database in ["a", "b", "c", "d"] {
        bench.audit(database, &["Musician"]).await;
    }
    hanging.next().await;
    for _ in 0..4 {
        healthy.next().await;
    }
    bench.until(|it| it.pending == 4).await;
    assert!(hanging.requests.try_recv().is_err(), "one in flight a channel");
    bench.stop().await;
    // What hung is given back: it is due at once, and no attempt was counted.
    let now = bench.delivery.clock.now();
    let claim = bench.delivery.store.claim(now, LEASE, Vec::new(), Paces::new()).await.unwrap();
    assert_eq!((claim.deliveries.len(), claim.deliveries[0].attempt), (1, 1));
}

#[tokio::test]
async fn a_receiver_that_asks_for_rest_gets_it_whatever_the_clock_does() {
    for jump_s in [7200, -86_400] {
        let tasks = TaskTracker::new();
        let limited = "429 Slow\r\nretry-after: 1";
        let mut receiver = Receiver::start(&tasks, &[limited, "200 OK"]).await;
        let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
        bench.audit("central", &["Musician"]).await;
        bench.audit("sco", &["Orchestra"]).await;
        bench.start(FLUSH_MAX);
        let (first, _) = receiver.next().await;
        let asked = Instant::now();
        bench.attempts(1).await;
        bench.pass(jump_s);
        let (second, _) = receiver.next().await;
        assert!(asked.elapsed() >= Duration::from_secs(1), "{jump_s}: the other one rests as well");
        let (third, _) = receiver.next().await;
        assert!([&second, &third].contains(&&first), "{jump_s}");
        bench.until(|it| it.pending == 0).await;
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_receiver_that_fails_again_and_again_gets_rest() {
    let tasks = TaskTracker::new();
    let mut failing = Receiver::start(&tasks, &["500 No"]).await;
    let mut bench = Bench::new(&[("ops", &failing.url)], &tasks);
    for database in ["a", "b", "c", "d", "e"] {
        bench.audit(database, &["Musician"]).await;
    }
    bench.start(FLUSH_MAX);
    failing.next().await;
    let began = Instant::now();
    for _ in 0..3 {
        failing.next().await;
    }
    assert!(began.elapsed() >= Duration::from_millis(125 + 250 + 500), "{:?}", began.elapsed());
    bench.stop().await;
}

#[tokio::test]
async fn without_any_channel_a_message_waits_for_one() {
    let tasks = TaskTracker::new();
    let mut bench = Bench::new(&[], &tasks);
    bench.channels = vec!["old".to_owned()];
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    bench.attempts(1).await;
    bench.until(|it| (it.pending, it.abandoned) == (1, 0)).await;
    let mut receiver = Receiver::start(&tasks, &["200 OK"]).await;
    bench.configure(&[("new", &receiver.url)]);
    receiver.next().await;
    bench.until(|it| (it.pending, it.abandoned) == (0, 0)).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_renamed_channel_takes_its_messages_along_in_order() {
    let tasks = TaskTracker::new();
    let mut old = Receiver::start(&tasks, &["500 No"]).await;
    let mut new = Receiver::start(&tasks, &["200 OK"]).await;
    let mut bench = Bench::new(&[("old", &old.url)], &tasks);
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    let (first, _) = old.next().await;
    bench.attempts(1).await;
    bench.configure(&[("new", &new.url)]);
    let (moved, opened) = new.next().await;
    assert_eq!(moved, first, "and keeps its id");
    assert!(opened.contains("incident.opened"), "{opened}");
    bench.audit("central", &[]).await;
    let (_, resolved) = new.next().await;
    assert!(resolved.contains("incident.resolved"), "{resolved}");
    bench.until(|it| (it.pending, it.abandoned) == (0, 0)).await;
    bench.stop().await;
}

#[tokio::test]
async fn what_a_removed_channel_had_to_say_is_not_said_twice_elsewhere() {
    let tasks = TaskTracker::new();
    let mut ops = Receiver::start(&tasks, &["200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &ops.url)], &tasks);
    bench.channels = vec!["ops".to_owned(), "old".to_owned()];
    bench.audit("central", &["Musician"]).await;
    bench.start(FLUSH_MAX);
    ops.next().await;
    bench.until(|it| (it.pending, it.abandoned) == (0, 1)).await;
    bench.stop().await;
    assert!(ops.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_broken_channel_is_tried_hourly_for_three_days() {
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &["410 Gone"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    bench.start(FLUSH_MAX);
    bench.audit("central", &["Musician"]).await;
    receiver.next().await;
    bench.attempts(1).await;
    bench.pass(3601);
    receiver.next().await;
    bench.attempts(2).await;
    bench.pass(72 * 3600);
    receiver.next().await;
    bench.until(|it| (it.pending, it.abandoned) == (0, 1)).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_loop_with_nothing_to_do_says_that_it_comes_round() {
    let tasks = TaskTracker::new();
    let mut bench = Bench::new(&[], &tasks);
    bench.start(FLUSH_MAX);
    let health = bench.delivery.health.clone();
    let half = COME_ROUND / 2;
    let look = async {
        for _ in 0..2 {
            while health.delivery_idle() < half {
                tokio::task::yield_now().await;
            }
            while health.delivery_idle() >= half {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("it comes round in time");
    bench.stop().await;
}

#[tokio::test]
async fn the_last_pass_delivers_what_is_due() {
    let tasks = TaskTracker::new();
    let mut receiver = Receiver::start(&tasks, &["200 OK"]).await;
    let mut bench = Bench::new(&[("ops", &receiver.url)], &tasks);
    bench.audit("central", &["Musician"]).await;
    bench.audit("central", &[]).await;
    bench.delivery.shutdown.cancel();
    bench.start(FLUSH_MAX);
    bench.stop().await;
    receiver.next().await;
    receiver.next().await;
    bench.until(|it| it.pending == 0).await;
}
