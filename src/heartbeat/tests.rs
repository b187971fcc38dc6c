//! The heartbeat against a real monitor on loopback, with a real state file.

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::*;
use crate::config;
use crate::config::SecretSource;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::health::Timing;
use crate::incident::Life;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::schema::RelationName;
use crate::secret::Secret;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::AuditCommit;
use crate::store::Paces;

const PATIENCE: Duration = Duration::from_secs(20);
const CONFIG: &str = "databases:\n  - { name: central, url: \"host=/tmp\", manifest: central }\n";

/// A monitor that answers 200 and hands on each request: its first line and its body.
async fn monitor(tasks: &TaskTracker) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping/secret", listener.local_addr().unwrap());
    let (tell, requests) = mpsc::channel(64);
    tasks.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut bytes = vec![0; 8192];
            let mut length = 0;
            loop {
                length += socket.read(&mut bytes[length..]).await.unwrap();
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let told = head.lines().find_map(|it| it.strip_prefix("content-length: "));
                if body.len() >= told.map_or(0, |it| it.parse().unwrap()) {
                    let first = head.lines().next().unwrap_or_default().to_owned();
                    if tell.send((first, body.to_owned())).await.is_err() {
                        return;
                    }
                    break;
                }
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(answer).await.unwrap();
        }
    });
    (url, requests)
}

fn audit(now: Timestamp) -> AuditCommit {
    let report = Report {
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        verdict: Verdict::Clean,
        reason: None,
        findings: Vec::new(),
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: now,
            duration: Duration::from_millis(8),
            server_version: None,
            role: None,
            relations: Some(4),
            hidden_from_information_schema: Some(4),
            left_out: std::collections::BTreeMap::new(),
            manifest_hash: "0".to_owned(),
            manifest_ref: None,
            deploy: None,
            unreachable: false,
            complete: true,
        },
    };
    AuditCommit {
        report: Arc::new(report),
        now,
        labels: std::collections::BTreeMap::new(),
        server: String::new(),
        life: Life::default(),
        policy: Arc::default(),
        known: None,
        known_version: None,
        residence: None,
        turn: None,
        next_due: now,
        deferred: false,
    }
}

#[tokio::test]
async fn a_sign_of_life_comes_after_the_first_look_and_says_what_fails() {
    let tasks = TaskTracker::new();
    let (url, mut requests) = monitor(&tasks).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, CONFIG).unwrap();
    let manifests = folder.path().join("expected-schemas");
    std::fs::create_dir(&manifests).unwrap();
    std::fs::write(manifests.join("central.yaml"), "manifest: central\ntables: [x]\n").unwrap();
    let clock = Clock::manual(Timestamp::from_second(1_750_000_000).unwrap());
    let mut config = config::load(&path, &|_| None, clock.now()).unwrap();
    config.heartbeat = Some(Heartbeat {
        url: SecretSource::Inline(Secret::new(url)),
        every: Duration::from_millis(50),
        insecure: false,
    });
    let (_publish, config) = watch::channel(Arc::new(config));
    let pulse = Pulse {
        store: Store::open_sqlite(&folder.path().join("state.db"), clock.now()).unwrap(),
        config,
        clock: clock.clone(),
        health: Health::new(),
        shutdown: CancellationToken::new(),
    };
    assert!(!pulse.has_looked_at_all(&pulse.config.borrow().clone()));
    pulse.store.commit_audit(audit(clock.now())).await.unwrap();
    let running = tasks.spawn(run(pulse.clone()));
    let mut next = async || {
        let next = tokio::time::timeout(PATIENCE, requests.recv()).await;
        next.expect("a request in time").expect("the monitor lives")
    };
    assert_eq!(next().await.0, "GET /ping/secret HTTP/1.1");
    // A second one is sent once the first was taken.
    assert_eq!(next().await.0, "GET /ping/secret HTTP/1.1");
    assert_eq!(pulse.health.heartbeat_taken_at(), Some(clock.now()));

    let timing = Timing { next_due: clock.now(), running_since: None };
    pulse.health.set_timing("central", timing);
    clock.advance(SignedDuration::from_secs(61));
    let (line, reason) = loop {
        let (line, reason) = next().await;
        if line.starts_with("POST") {
            break (line, reason);
        }
    };
    assert_eq!(line, "POST /ping/secret/fail HTTP/1.1");
    assert_eq!(reason, "1 of 1 audits are overdue, first `central`");
    // That something is wrong was heard, and is no sign that all is well.
    let taken = pulse.health.heartbeat_taken_at();
    clock.advance(SignedDuration::from_secs(1));
    for _ in 0..2 {
        assert_eq!(next().await.0, "POST /ping/secret/fail HTTP/1.1");
    }
    assert_eq!(pulse.health.heartbeat_taken_at(), taken);
    pulse.shutdown.cancel();
    tokio::time::timeout(PATIENCE, running).await.expect("it stops in time").unwrap();
}

#[tokio::test]
async fn a_message_that_was_given_up_is_a_fault_until_another_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, CONFIG).unwrap();
    let manifests = folder.path().join("expected-schemas");
    std::fs::create_dir(&manifests).unwrap();
    std::fs::write(manifests.join("central.yaml"), "manifest: central\ntables: [x]\n").unwrap();
    let clock = Clock::manual(Timestamp::from_second(1_750_000_000).unwrap());
    let (_publish, config) =
        watch::channel(Arc::new(config::load(&path, &|_| None, clock.now()).unwrap()));
    let pulse = Pulse {
        store: Store::open_sqlite(&folder.path().join("state.db"), clock.now()).unwrap(),
        config,
        clock: clock.clone(),
        health: Health::new(),
        shutdown: CancellationToken::new(),
    };
    let policy = Arc::new(crate::policy::Policy::of_channels(["ops".to_owned()]));
    let mut drifted = audit(clock.now());
    drifted.policy = Arc::clone(&policy);
    let report = Arc::make_mut(&mut drifted.report);
    report.verdict = Verdict::Drifted;
    let (kind, object) = (FindingKind::UnexpectedTable, ObjectKind::Table);
    let name = RelationName::new("public", "Musician");
    report.findings = vec![Finding::new(kind, object, Some(name), "unexpected".to_owned())];
    pulse.store.commit_audit(drifted).await.unwrap();
    let lease = Duration::from_mins(1);
    let claimed = pulse.store.claim(clock.now(), lease, Vec::new(), Paces::new()).await.unwrap();
    let claimed = &claimed.deliveries[0];
    let (failure, detail) = ("payload".to_owned(), "400 too large".to_owned());
    let attempt = Attempt {
        delivery: claimed.id,
        epoch: claimed.epoch,
        number: 1,
        at: clock.now(),
        duration: Duration::from_millis(8),
        end: AttemptEnd::Abandoned { failure, detail },
        broken: false,
        policy,
    };
    pulse.store.record_attempt(attempt).await.unwrap();
    let config = pulse.config.borrow().clone();
    let fault = pulse.fault(&config).await.expect("it is a fault");
    assert!(fault.contains("ops") && fault.contains("of SW-1001"), "{fault}");
}
