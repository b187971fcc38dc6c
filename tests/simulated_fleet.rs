//! The real daemon over a fleet of simulated servers (`support::simulated`), which `benches/fleet` measures with.

use std::sync::Arc;
use std::time::Duration;

use schemawarden::clock::Clock;
use schemawarden::manifest;
use serde_json::Value;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::simulated::Behaviour;
use crate::support::simulated::Recording;
use crate::support::simulated::Session;
use crate::support::simulated::Simulated;
use crate::support::until;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

const DATABASES: usize = 300;
const PORTS: usize = 10;
const PER_SERVER: usize = 3;

/// So long that sessions overlap, where they may.
const LATENCY: Duration = Duration::from_millis(5);

#[tokio::test]
async fn a_fleet_is_audited_clean_and_no_server_gets_more_connections_than_allowed() {
    let tables = [&CENTRAL[..], &ORCHESTRA[..]].concat();
    let mut config =
        ConfigText::new().limits(&format!("{{ concurrency: {PORTS}0, per_server: {PER_SERVER} }}"));
    let servers = simulated(&tables).await;
    for number in 0..DATABASES {
        let port = servers.ports()[number % PORTS];
        let name = format!("tenant_{number:03}");
        let url = format!("postgres://auditor@127.0.0.1:{port}/{name}");
        config = config.database(&name, &url, "everything");
    }
    let workspace = Workspace::new()
        .manifest("everything", &fixtures::manifest("everything", &tables))
        .config(&config);
    let daemon = TestDaemon::start(workspace).await;
    let verdicts = until("each database was audited", || async {
        let (_, body) = daemon.get("/healthz").await;
        let verdicts = serde_json::from_str::<Value>(&body).ok()?["verdicts"].take();
        (verdicts["not_audited"] == 0).then_some(verdicts)
    })
    .await;
    // Twins, a reset, or an answer of the wrong database would be findings.
    assert_eq!(verdicts["clean"], DATABASES, "{verdicts}");
    assert_eq!(servers.counts().peak(), PER_SERVER);
    until("the last one has closed its connection", || async {
        (servers.counts().connected() == 0).then_some(())
    })
    .await;
    let sessions = servers.counts().take_sessions();
    let every = 0..u32::try_from(DATABASES).expect("a few hundred");
    assert!(audited(&sessions).into_iter().eq(every), "each once, to the end: {sessions:?}");
    assert!(sessions.iter().all(|it| it.began <= Clock::System.now()));
}

/// The numbers of the databases that were audited to the end, in order.
fn audited(sessions: &[Session]) -> Vec<u32> {
    let whole = sessions.iter().filter(|it| it.whole);
    let mut numbers: Vec<_> = whole.map(|it| it.database).collect();
    numbers.sort_unstable();
    numbers
}

/// Records an audit of a real database with `tables`, and starts servers that answer like it.
async fn simulated(tables: &[&str]) -> Simulated {
    let (database, _) = fixtures::holding("tenant", tables).await;
    let role = database.create_role("auditor").await;
    let workspace = Workspace::new();
    let path = workspace.rewrite("everything.yaml", &fixtures::manifest("everything", tables));
    let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let manifest = Arc::new(manifest::load(&path, today).expect("it loads"));
    let server = ([127, 0, 0, 1], database.cluster().port()).into();
    let login = format!("{}:{}", role.name, role.password);
    let recording = Recording::of(server, &login, database.name(), manifest).await;
    Simulated::start(recording, PORTS, Behaviour { latency: LATENCY, ..Behaviour::default() }).await
}
