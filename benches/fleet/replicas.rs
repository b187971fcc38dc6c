//! Several replicas on one state against one of them, where what takes time is the way to the databases and not the
//! processor: each answer of a simulated server comes late, and each replica may audit only so many at a time.
//!
//! Every database is due each second and there are more of them than all replicas together can audit in one, so each
//! has as many audits under way as it may. The state, the replicas and the simulated servers share this machine.

use std::time::Duration;
use std::time::Instant;

use super::Scene;
use super::daemon;
use super::daemon::Daemon;
use super::hourly::obeyed;
use super::plan::Plan;
use super::process;
use super::row;
use super::servers::Servers;

const DATABASES: usize = 600;
const PORTS: usize = 60;
/// Before each answer of a server, in milliseconds. An audit waits for two: the login, and its message.
const LATENCY_MS: u64 = 50;
/// From the last start until a turn counts: the first audits are over, and the turns are spread over all.
const SETTLE: Duration = Duration::from_secs(10);
const TURN: Duration = Duration::from_secs(30);

/// What so many replicas did together.
struct Together {
    /// Audits a second.
    rate: f64,
    /// Cores of all of them.
    cpu: f64,
    load: String,
}

/// The row of three against one.
pub(crate) async fn measure(scene: &Scene) {
    let one = together(scene, 1).await;
    let three = together(scene, 3).await;
    let told =
        |it: &Together| format!("{:.1}/s, {:.2} cores, load average {}", it.rate, it.cpu, it.load);
    row(
        "three replicas against one, 100 ms a database, 8 at a time each",
        "≥ 2.5 ×",
        &format!("{:.2} × ({}; one: {})", three.rate / one.rate, told(&three), told(&one)),
    );
}

async fn together(scene: &Scene, replicas: usize) -> Together {
    let servers = Servers::start(scene, PORTS, LATENCY_MS, (0, 0)).await;
    let (receiver, _receiving) = daemon::receiver().await;
    let state = format!("state_of_{replicas}");
    let url = |name: &str| format!("postgres://postgres@127.0.0.1:{}/{name}", scene.port);
    obeyed(&url("postgres"), &format!("drop database if exists {state}")).await;
    obeyed(&url("postgres"), &format!("create database {state}")).await;
    let plan = Plan {
        databases: DATABASES,
        cron: "* * * * * *".to_owned(),
        splay: 0,
        limits: "{ concurrency: 8, per_server: 8, per_server_rate: 1000 }",
    };
    let mut all = Vec::new();
    for _ in 0..replicas {
        let folder = tempfile::tempdir_in(&scene.folder).expect("a folder");
        plan.write(folder.path(), &servers.ports, &receiver);
        let path = folder.path().join("config.yaml");
        let text = std::fs::read_to_string(&path).expect("we wrote it");
        let shared = format!("state: {{ postgres: '{}', fleet: bench }}\n{text}", url(&state));
        std::fs::write(&path, shared).expect("our own file");
        let daemon = Daemon::start(&scene.program, folder.path()).await;
        all.push((daemon, folder));
    }
    tokio::time::sleep(SETTLE).await;
    let (before, spent, began) = (audited(&all).await, cpu(&all), Instant::now());
    tokio::time::sleep(TURN).await;
    let took = began.elapsed().as_secs_f64();
    let (after, spent) = (audited(&all).await, cpu(&all).saturating_sub(spent));
    let load = process::load();
    for (daemon, _folder) in all {
        daemon.stop().await;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let rate = (after - before) as f64 / took;
    Together { rate, cpu: spent.as_secs_f64() / took, load }
}

async fn audited(all: &[(Daemon, tempfile::TempDir)]) -> u64 {
    let mut sum = 0;
    for (daemon, _) in all {
        let audits = daemon.audits().await;
        let not_clean: u64 = audits.iter().filter(|(it, _)| *it != "clean").map(|(_, it)| it).sum();
        assert_eq!(not_clean, 0, "{audits:?}");
        sum += audits.get("clean").copied().unwrap_or_default();
    }
    sum
}

fn cpu(all: &[(Daemon, tempfile::TempDir)]) -> Duration {
    all.iter().map(|(it, _)| it.cpu()).sum()
}
