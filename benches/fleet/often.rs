//! Ten thousand databases every five minutes; and the same while a tenth of them is in a black hole.

use std::time::Duration;

use jiff::SignedDuration;
use schemawarden::clock::Clock;

use super::Scene;
use super::daemon;
use super::daemon::Daemon;
use super::lateness::Lateness;
use super::plan::Plan;
use super::process;
use super::process::mebibytes;
use super::row;
use super::servers::Servers;

const DATABASES: usize = 10_000;
const PORTS: usize = 300;
/// Before each answer of a server, in milliseconds.
const LATENCY_MS: u64 = 20;
const INTERVAL: SignedDuration = SignedDuration::from_mins(5);
/// From the start to the first tick that counts: the audits of the start are over by then.
const WARM: SignedDuration = SignedDuration::from_secs(75);
/// The window opens and closes so long before a tick.
const AHEAD: SignedDuration = SignedDuration::from_secs(5);

/// What one run cost.
struct Run {
    ready: Duration,
    lateness: Lateness,
    /// Cores: processor time in the window by its length.
    cpu: f64,
    servers_cpu: f64,
    rss: u64,
    peak: u64,
    connections: usize,
    load: String,
}

/// The row of ten thousand databases, over two intervals.
pub(crate) async fn ten_thousand(scene: &Scene) {
    let it = run(scene, (0, 0), 2, 0).await;
    let late = it.lateness.to_string();
    row("10,000 every 5 minutes, 20 ms: how late an audit began", "≤ 5 s", &late);
    let cpu = format!("{:.3} core (the simulated servers {:.3})", it.cpu, it.servers_cpu);
    row("the same: the daemon's processor time over two intervals", "≤ 0.25 core", &cpu);
    let rss = format!("{} (peak {})", mebibytes(it.rss), mebibytes(it.peak));
    row("the same: resident memory at their end", "≤ 160 MiB", &rss);
    let ready = format!("{:.2} s, with all of them in a file", it.ready.as_secs_f64());
    row("the same: start to ready", "", &ready);
    let most = format!("{} (limit 8); load average {}", it.connections, it.load);
    row("the same: most connections to one server at once", "", &most);
}

/// The lateness of nine tenths while one tenth never answers. All three run at the same time, each with servers of its
/// own, and their ticks are a minute apart: so the machine is as busy for one as for the others.
pub(crate) async fn black_holes(scene: &Scene) {
    let (without, own, spread) = tokio::join!(
        run(scene, (0, 0), 1, 1),
        run(scene, (PORTS / 10, 0), 1, 2),
        run(scene, (0, 10), 1, 3)
    );
    let without = without.lateness;
    row("nothing in a black hole: how late an audit began", "", &without.to_string());
    for (how, it) in [("on ports of their own", own), ("spread over all ports", spread)] {
        let ratio = it.lateness.at(990).as_secs_f64() / without.at(990).as_secs_f64();
        let said = format!("{ratio:.2} ×: {}; load average {}", it.lateness, it.load);
        row(&format!("a tenth black, {how}: the others' p99"), "≤ 2 ×", &said);
    }
}

/// Runs the daemon over so many intervals, after the audits of its start. Its ticks are `minute` after each fifth.
async fn run(scene: &Scene, black: (usize, u32), ticks: usize, minute: u8) -> Run {
    let plan = Plan {
        databases: DATABASES,
        cron: format!("{minute}-59/5 * * * *"),
        splay: 30,
        limits: "{ concurrency: 32, per_server: 8, per_server_rate: 100 }",
    };
    let folder = tempfile::tempdir_in(&scene.folder).expect("a folder");
    let mut servers = Servers::start(scene, PORTS, LATENCY_MS, black).await;
    let (receiver, _receiving) = daemon::receiver().await;
    plan.write(folder.path(), &servers.ports, &receiver);

    // Late enough that little time is lost, early enough that the start is over.
    let first = plan.tick_after(Clock::System.now() + WARM);
    sleep_until(first - WARM).await;
    let mut daemon = Daemon::start(&scene.program, folder.path()).await;
    sleep_until(first - AHEAD).await;
    let (cpu, servers_cpu) = (daemon.cpu(), process::cpu(servers.id()));
    let intervals = i32::try_from(ticks).expect("a few");
    let window = first..first + INTERVAL * intervals;
    sleep_until(window.end - AHEAD).await;
    let length = SignedDuration::as_secs_f64(&(INTERVAL * intervals));
    let cores = |it: Duration| it.as_secs_f64() / length;
    daemon.must_run();
    let cpu = cores(daemon.cpu_since(cpu));
    let servers_cpu = cores(process::cpu(servers.id()).saturating_sub(servers_cpu));
    let (rss, peak) = daemon.memory();
    let (sessions, connections) = servers.sessions(folder.path()).await;
    let is_black = |it: usize| {
        let every = usize::try_from(black.1).expect("a small number");
        it % PORTS < black.0 || (every > 0 && it.is_multiple_of(every))
    };
    let lateness = Lateness::of(&plan, &sessions, &window, ticks, |it| !is_black(it));
    let ready = daemon.ready;
    daemon.stop().await;
    Run { ready, lateness, cpu, servers_cpu, rss, peak, connections, load: process::load() }
}

/// Sleeps to an instant of the wall clock.
pub(crate) async fn sleep_until(at: jiff::Timestamp) {
    let left = at.duration_since(Clock::System.now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}
