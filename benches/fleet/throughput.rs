//! Audits per second of real databases by the real daemon, against loops that do nothing but the exchange: connect,
//! send, read, close. One sends what the daemon sends; the other asks for the relations alone, and not for what
//! storage says of them, so that one sees what that costs.
//!
//! Every database is due each second, so the daemon always has as many audits under way as it may. It stands still
//! (SIGSTOP) while the bare loops have their turn, so that they never share the cores. Its deadlines are long for that.

use std::fmt::Write as _;
use std::time::Duration;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;
use nix::sys::signal::Signal;
use schemawarden::config::Limits;
use schemawarden::introspect;

use super::Scene;
use super::daemon;
use super::daemon::Daemon;
use super::plan;
use super::process;
use super::process::mebibytes;
use super::row;

const DATABASES: usize = 500;
const CONCURRENCY: usize = 16;
/// Turns of each. Odd, so that the median is a turn that happened.
const TURNS: usize = 7;
/// Of the daemon; the bare loop goes once over all databases.
const TURN: Duration = Duration::from_secs(4);
/// So long the daemon goes on before a turn of it counts.
const SETTLE: Duration = Duration::from_secs(1);

/// Audits the databases `fleet_0` to `fleet_499` of the scene's server.
pub(crate) async fn measure(scene: &Scene) {
    let url = |n| format!("postgres://auditor@127.0.0.1:{}/fleet_{n}", scene.port);
    let urls: Vec<String> = (0..DATABASES).map(url).collect();
    let (receiver, _receiving) = daemon::receiver().await;
    plan::write_manifest(&scene.folder);
    let mut text = format!(
        "defaults: {{ schedule: {{ every: 1s, splay: 0s }} }}\n\
         http: {{ listen: '127.0.0.1:0' }}\n\
         limits: {{ concurrency: {CONCURRENCY}, per_server: {CONCURRENCY}, per_server_rate: 10000, connect_timeout: 1m, \
         audit_deadline: 2m }}\n\
         channels: {{ ops: {{ type: webhook, url: '{receiver}' }} }}\n\
         routes: [{{ to: [ops] }}]\n\
         databases:\n"
    );
    for (n, url) in urls.iter().enumerate() {
        writeln!(text, "  - {{ name: fleet_{n}, url: '{url}', manifest: everything }}")
            .expect("a String");
    }
    std::fs::write(scene.folder.join("config.yaml"), text).expect("our own file");
    let limits = Limits::default();
    let version = version(&urls[0]).await;
    let whole = introspect::message_with_storage(&limits, limits.audit_deadline, &version);
    let relations = introspect::message(&limits, limits.audit_deadline);
    bare(&urls, &whole).await;
    let daemon = Daemon::start(&scene.program, &scene.folder).await;
    tokio::time::sleep(SETTLE * 5).await;

    let (mut full, mut cpu) = (Vec::new(), Vec::new());
    let (mut with_storage, mut without) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        daemon.signal(Signal::SIGSTOP);
        let mut loops = [(&mut with_storage, &whole), (&mut without, &relations)];
        // The sessions that the daemon had open end during the first of them: each is first in turn.
        loops.rotate_left(turn % 2);
        for (turns, message) in loops {
            turns.push(rate(DATABASES, bare(&urls, message).await));
        }
        daemon.signal(Signal::SIGCONT);
        tokio::time::sleep(SETTLE).await;
        let (before, spent, began) = (clean(&daemon).await, daemon.cpu(), Instant::now());
        tokio::time::sleep(TURN).await;
        let (spent, took) = (daemon.cpu_since(spent), began.elapsed());
        let audits = clean(&daemon).await - before;
        full.push(rate(audits, took));
        cpu.push(1000.0 / rate(audits, spent));
    }
    let audits = daemon.audits().await;
    let not_clean: u64 = audits.iter().filter(|(it, _)| *it != "clean").map(|(_, it)| it).sum();
    assert_eq!(not_clean, 0, "{audits:?}");
    let (full, with_storage, without) = (median(full), median(with_storage), median(without));
    let against = |bare: f64| format!("{:.3} × ({full:.0}/s; bare loop {bare:.0}/s)", full / bare);
    row(
        "audits a second, 500 real databases of 25 tables, concurrency 16",
        "≥ 0.9 ×",
        &format!("{}; {audits:?}", against(with_storage)),
    );
    row("the same against a loop that does not ask for storage", "", &against(without));
    let cpu = median(cpu);
    row("processor time of the daemon for one audit", "", &format!("{cpu:.2} ms"));
    row("its resident memory", "", &mebibytes(daemon.memory().0));
    row("load average", "", &process::load());
    daemon.stop().await;
}

async fn clean(daemon: &Daemon) -> usize {
    let count = daemon.audits().await.get("clean").copied().unwrap_or_default();
    usize::try_from(count).expect("a few thousand")
}

/// What the server says that it is.
async fn version(url: &str) -> String {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server answers");
    let ask =
        async move { client.query_one("select current_setting('server_version')", &[]).await };
    let (answer, _) = tokio::join!(ask, connection);
    answer.expect("a version").get(0)
}

/// The reference: nothing but the exchange, once with each.
async fn bare(urls: &[String], message: &str) -> Duration {
    let began = Instant::now();
    stream::iter(urls)
        .for_each_concurrent(CONCURRENCY, |url| async move {
            let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
            let (client, connection) = connected.expect("the server answers");
            let (answer, _) = tokio::join!(
                async move { client.simple_query(message).await.map(|it| it.len()) },
                connection
            );
            assert!(answer.expect("the message is answered") > plan::TABLES.len());
        })
        .await;
    began.elapsed()
}

fn rate(n: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let n = n as f64;
    n / took.as_secs_f64()
}

fn median(mut turns: Vec<f64>) -> f64 {
    turns.sort_by(f64::total_cmp);
    turns[turns.len() / 2]
}
