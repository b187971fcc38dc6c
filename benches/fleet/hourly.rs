//! A hundred thousand databases every hour, from the start of the daemon to the end of a tick; and how what one
//! database costs grows with their number. A registry names them: a config file may have 4 MiB, and that many do not
//! fit into it.
//!
//! An hour is not waited for: what is measured is the start on an empty state with the audits that follow it, then a
//! start on what that left behind, and then one whole tick, in which every database is audited, over the tenth of the
//! interval that a splay may be. Between ticks nothing is due; that is measured for a minute.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use jiff::SignedDuration;
use jiff::Timestamp;
use schemawarden::clock::Clock;

use super::Scene;
use super::daemon;
use super::daemon::Daemon;
use super::lateness::Lateness;
use super::often::sleep_until;
use super::plan::Plan;
use super::process;
use super::process::mebibytes;
use super::row;
use super::servers::Servers;

const PORTS: usize = 300;
/// Before each answer of a server, in milliseconds.
const LATENCY_MS: u64 = 20;
/// Audits a second of each size, so that sizes compare: a hundred thousand over six minutes.
const PACE: usize = 278;
/// What the audits of a wave may take beyond their splay.
const SETTLE: Duration = Duration::from_secs(15);
/// From the second start to the tick: the longest start, and the time in which it is idle.
const IDLE: Duration = Duration::from_mins(1);
const RESTART: Duration = Duration::from_secs(30);
/// Longest time of the first audits of all.
const FIRST_MAX: Duration = Duration::from_mins(30);
/// Between two looks whether they are over.
const LOOK: Duration = Duration::from_millis(500);
const HOUR: f64 = 3600.0;

/// What one size cost.
struct Waves {
    databases: usize,
    splay: Duration,
    first_ready: Duration,
    first_rss: u64,
    /// Until each was audited once; and the processor time of that and of the start.
    first_took: Duration,
    first_peak: u64,
    first_cpu: Duration,
    again_ready: Duration,
    again_rss: u64,
    /// Processor time of a minute in which nothing is due.
    idle_cpu: Duration,
    /// Of the whole tick, until its last audit.
    tick_cpu: Duration,
    lateness: Lateness,
    rss: u64,
    peak: u64,
    metrics: (Duration, Duration),
    healthz: (Duration, Duration),
    connections: usize,
    load: String,
}

/// The rows of a hundred thousand databases.
pub(crate) async fn hundred_thousand(scene: &Scene) {
    tell(&waves(scene, 100_000).await);
}

/// What one more database costs, from size to size.
pub(crate) async fn growth(scene: &Scene) {
    let mut all = Vec::new();
    for databases in [1_000, 10_000, 100_000] {
        let it = waves(scene, databases).await;
        tell(&it);
        all.push(it);
    }
    for it in &all {
        let said = format!(
            "tick {:.2} s of processor time, resident {}, load average {}",
            it.tick_cpu.as_secs_f64(),
            mebibytes(it.rss),
            it.load
        );
        row(&format!("{} databases", it.databases), "", &said);
    }
    for two in all.windows(2) {
        let [less, more] = two else { unreachable!("windows of two") };
        #[expect(clippy::cast_precision_loss, reason = "sizes")]
        let (n, bytes) = ((more.databases - less.databases) as f64, (more.rss - less.rss) as f64);
        let cpu = more.tick_cpu.saturating_sub(less.tick_cpu).as_secs_f64() * 1000.0;
        row(
            &format!("one more, from {} to {}", less.databases, more.databases),
            "equal ± 20 %",
            &format!("{:.3} ms an audit, {:.0} bytes resident", cpu / n, bytes / n),
        );
    }
}

fn tell(it: &Waves) {
    let seconds = |it: Duration| format!("{:.2} s", it.as_secs_f64());
    let n = it.databases;
    let what = |about: &str| format!("{n} databases, hourly: {about}");
    let ready = |it, rss| format!("{}; resident {}", seconds(it), mebibytes(rss));
    row(&what("start to ready, empty state"), "≤ 5 s", &ready(it.first_ready, it.first_rss));
    row(&what("start to ready, again"), "≤ 5 s", &ready(it.again_ready, it.again_rss));
    let length = (it.splay + SETTLE).as_secs_f64();
    let cores = |it: Duration| it.as_secs_f64() / length;
    #[expect(clippy::cast_precision_loss, reason = "sizes")]
    let each = |it: Duration| it.as_secs_f64() * 1000.0 / n as f64;
    let first = format!(
        "within {}; {:.2} ms each; peak {}",
        seconds(it.first_took),
        each(it.first_cpu),
        mebibytes(it.first_peak)
    );
    row(&what("audits of the start"), "", &first);
    let tick = format!(
        "{:.3} core over {length:.0} s; {:.2} ms each",
        cores(it.tick_cpu),
        each(it.tick_cpu)
    );
    row(&what("one tick"), "≤ 0.5 core", &tick);
    let idle = it.idle_cpu.as_secs_f64() / IDLE.as_secs_f64();
    let hour = (it.tick_cpu.as_secs_f64() + idle * (HOUR - length)) / HOUR;
    let hour = format!("{hour:.3} core; {idle:.4} between ticks");
    row(&what("so an hour"), "≤ 0.5 core", &hour);
    row(&what("how late"), "", &it.lateness.to_string());
    let rss = format!("{} (peak {})", mebibytes(it.rss), mebibytes(it.peak));
    row(&what("resident memory after a tick"), "≤ 700 MiB", &rss);
    for (path, (took, cpu)) in [("/metrics", it.metrics), ("/healthz", it.healthz)] {
        let said = format!("{} ({} of processor time)", seconds(took), seconds(cpu));
        row(&what(path), "", &said);
    }
    let most = format!("{} (limit 8); load average {}", it.connections, it.load);
    row(&what("most connections to one server"), "", &most);
}

async fn waves(scene: &Scene, databases: usize) -> Waves {
    let splay = Duration::from_secs(u64::try_from(databases.div_ceil(PACE)).expect("minutes"));
    let folder = tempfile::tempdir_in(&scene.folder).expect("a folder");
    let mut servers = Servers::start(scene, PORTS, LATENCY_MS, (0, 0)).await;
    let (receiver, _receiving) = daemon::receiver().await;
    let mut plan = Plan {
        databases,
        cron: "0 * * * *".to_owned(),
        splay: splay.as_secs(),
        limits: "{ concurrency: 64, per_server: 8, per_server_rate: 100 }",
    };
    write_registry(scene, databases, &servers.ports).await;
    plan.write_with_registry(folder.path(), scene.port, &receiver);

    let mut daemon = Daemon::start(&scene.program, folder.path()).await;
    let (first_ready, first_rss) = (daemon.ready, daemon.memory().0);
    let first_took = until_audited(&mut daemon, &mut servers, databases, folder.path()).await;
    let first_peak = daemon.memory().1;
    let first_cpu = daemon.cpu();
    daemon.stop().await;

    // The tick that is measured is in the first whole minute after everything before it.
    let tick_in = RESTART + IDLE * 2 + SETTLE;
    let minute = later(Clock::System.now(), tick_in).to_zoned(jiff::tz::TimeZone::UTC).minute();
    plan.cron = format!("{minute} * * * *");
    plan.write_with_registry(folder.path(), scene.port, &receiver);
    let mut daemon = Daemon::start(&scene.program, folder.path()).await;
    let (again_ready, again_rss) = (daemon.ready, daemon.memory().0);
    tokio::time::sleep(RESTART).await;
    let idle = daemon.cpu();
    tokio::time::sleep(IDLE).await;
    let idle_cpu = daemon.cpu_since(idle);
    let tick = plan.tick_after(Clock::System.now());
    sleep_until(tick - SignedDuration::from_secs(1)).await;
    servers.sessions(folder.path()).await;
    let cpu = daemon.cpu();
    sleep_until(later(tick, splay + SETTLE)).await;
    daemon.must_run();
    let tick_cpu = daemon.cpu_since(cpu);
    let (rss, peak) = daemon.memory();
    let (sessions, connections) = servers.sessions(folder.path()).await;
    let lateness =
        Lateness::of(&plan, &sessions, &(tick..later(tick, splay + SETTLE)), 1, |_| true);
    let load = process::load();
    let (metrics, healthz) = (daemon.asked("/metrics").await, daemon.asked("/healthz").await);
    daemon.stop().await;
    Waves {
        databases,
        splay,
        first_ready,
        first_rss,
        first_took,
        first_peak,
        first_cpu,
        again_ready,
        again_rss,
        idle_cpu,
        tick_cpu,
        lateness,
        rss,
        peak,
        metrics,
        healthz,
        connections,
        load,
    }
}

/// Waits until every database was audited once; how long that took.
async fn until_audited(
    daemon: &mut Daemon,
    servers: &mut Servers,
    databases: usize,
    folder: &Path,
) -> Duration {
    let began = Instant::now();
    let mut seen = HashSet::new();
    while seen.len() < databases {
        assert!(began.elapsed() < FIRST_MAX, "{} of {databases} were audited", seen.len());
        tokio::time::sleep(LOOK).await;
        daemon.must_run();
        let (sessions, _) = servers.sessions(folder).await;
        seen.extend(sessions.iter().filter(|it| it.whole).map(|it| it.database));
    }
    began.elapsed()
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).expect("minutes from now")
}

/// Fills the registry on the scene's server.
async fn write_registry(scene: &Scene, databases: usize, ports: &[u16]) {
    let url = |name| format!("postgres://postgres@127.0.0.1:{}/{name}", scene.port);
    obeyed(&url("postgres"), "drop database if exists registry").await;
    obeyed(&url("postgres"), "create database registry").await;
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    // The same names and ports as in a file.
    let sql = format!(
        "create table public.tenants as
           select 'tenant_' || lpad(n::text, 6, '0') as name,
             ('{{{}}}'::text[])[n % {} + 1] as port
           from generate_series(0, {databases} - 1) n;
         grant select on public.tenants to auditor",
        ports.join(","),
        ports.len(),
    );
    obeyed(&url("registry"), &sql).await;
}

/// Runs `sql` on a real server.
pub(crate) async fn obeyed(url: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server answers");
    let (done, _) = tokio::join!(async move { client.batch_execute(sql).await }, connection);
    done.expect("the server obeys");
}
