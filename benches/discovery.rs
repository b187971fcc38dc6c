//! How long a registry of thousands of tenants takes from the question to the published
//! configuration, without audits. Run by `benches/run.sh discovery`, which starts the server.
//!
//! Not a test: figures. The loop is the daemon's own: read the registry, judge it, encrypt the URLs, commit
//! to SQLite (`synchronous=FULL`), make a database of each, publish.
//!
//! ```text
//! discovery CONFIG N    CONFIG has one discovery, whose registry names N databases
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use schemawarden::audit::Slots;
use schemawarden::clock::Clock;
use schemawarden::config;
use schemawarden::config::Config;
use schemawarden::discovery;
use schemawarden::discovery::Discoverer;
use schemawarden::discovery::Registries;
use schemawarden::introspect::Environment;
use schemawarden::store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Turns of each figure. Odd, so that the median is a turn that happened.
const TURNS: usize = 9;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    let (Some(path), Some(count)) = (arguments.next(), arguments.next()) else {
        println!("discovery CONFIG N");
        return;
    };
    let count: usize = count.parse().expect("a number of tenants");
    let clock = Clock::System;
    let config = config::load(Path::new(&path), &|_| None, clock.now());
    let config = Arc::new(config.unwrap_or_else(|mistakes| panic!("{mistakes:?}")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut first = Vec::new();
        let mut restart = Vec::new();
        let mut look = Vec::new();
        for _ in 0..TURNS {
            let folder = tempfile::tempdir().expect("a directory");
            let state = folder.path().join("state.db");
            first.push(publish(&config, &state, count).await);
            restart.push(recall(&config, &state, count).await);
            let began = Instant::now();
            let environment = Environment::default();
            let it = &config.discoveries[0];
            let found = discovery::look(it, &config, &[], &environment, |_| None).await;
            assert_eq!(found.expect("a registry").len(), count);
            look.push(began.elapsed());
        }
        println!("{count} tenants, median of {TURNS} turns (least, most):");
        println!("  from the start of the loop to the published config  {}", figures(first));
        println!("  what was kept, after a restart, to the config       {}", figures(restart));
        println!("  reading the registry alone                          {}", figures(look));
    });
}

/// From the start of the loop with an empty state until a config with all databases is published.
async fn publish(config: &Arc<Config>, state: &Path, count: usize) -> Duration {
    let clock = Clock::System;
    let store = Store::open_sqlite(state, clock.now()).expect("a state");
    let (_file, file) = watch::channel(Arc::clone(config));
    let (publish, mut current) = watch::channel(Arc::clone(config));
    let slots = watch::Sender::new(Arc::new(Slots::new(&config.limits)));
    let shutdown = CancellationToken::new();
    let discoverer = Discoverer {
        file,
        publish: Arc::new(publish),
        store: store.clone(),
        clock,
        environment: Arc::new(Environment::default()),
        variable: |_| None,
        slots: slots.subscribe(),
        looked: CancellationToken::new(),
        shutdown: shutdown.clone(),
    };
    let tracker = TaskTracker::new();
    let began = Instant::now();
    tracker.spawn(discovery::run(discoverer, Registries::default()));
    while current.borrow_and_update().databases.len() < count + 1 {
        current.changed().await.expect("the loop runs");
    }
    let took = began.elapsed();
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    store.close().await.expect("a state that closes");
    took
}

/// What a restart costs before anything is asked.
async fn recall(config: &Config, state: &Path, count: usize) -> Duration {
    let store = Store::open_sqlite(state, Clock::System.now()).expect("a state");
    let began = Instant::now();
    let registries = Registries::recall(&store, config).await;
    let merged = registries.merged(config);
    let took = began.elapsed();
    assert!(!registries.lost_some(), "the URLs were kept");
    assert_eq!(merged.databases.len(), count + 1);
    store.close().await.expect("a state that closes");
    took
}

fn figures(mut all: Vec<Duration>) -> String {
    all.sort();
    let ms = |it: Duration| it.as_secs_f64() * 1000.0;
    let (least, median, most) = (all[0], all[all.len() / 2], all[all.len() - 1]);
    format!("{:7.1} ms ({:.1}, {:.1})", ms(median), ms(least), ms(most))
}
