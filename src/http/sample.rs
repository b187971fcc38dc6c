//! What tests of requests ask: a configuration of a few databases that nothing connects to, with a state of its
//! own.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::watch;

use super::Face;
use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::demand;
use crate::health::Health;
use crate::store::Store;

/// A configuration in `directory`. `databases` are lines of YAML; manifests `central` and `orchestra` list one
/// table.
pub(super) fn config(directory: &TempDir, databases: &[&str], clock: &Clock) -> Arc<Config> {
    let lines = databases.iter().map(|it| format!("  - {{ {it} }}\n"));
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, format!("databases:\n{}", lines.collect::<String>())).unwrap();
    let manifests = directory.path().join("expected-schemas");
    std::fs::create_dir(&manifests).unwrap();
    for name in ["central", "orchestra"] {
        let text = format!("manifest: {name}\ntables: [x]\n");
        std::fs::write(manifests.join(format!("{name}.yaml")), text).unwrap();
    }
    Arc::new(config::load(&path, &|_| None, clock.now()).unwrap())
}

/// Everything that a request may ask, of this configuration; nothing was audited yet.
pub(super) fn face(directory: &TempDir, config: Arc<Config>, clock: Clock) -> Face {
    Face {
        store: Store::open_sqlite(&directory.path().join("state.db"), clock.now()).unwrap(),
        health: Health::new(),
        clock,
        config: watch::channel(config).1,
        demands: demand::queue().0,
    }
}
