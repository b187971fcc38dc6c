//! SIGHUP: read everything anew; take it whole or not at all.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::error;
use tracing::info;

use super::Options;
use super::load;
use super::needs_restart;
use crate::clock::Clock;
use crate::config::Config;
use crate::health::Health;

/// Loads the configuration again. A bad one leaves the running one in force and says why, in the
/// log and in `/readyz?verbose`.
pub(super) fn reload(
    options: &Options,
    publish: &watch::Sender<Arc<Config>>,
    health: &Health,
    clock: &Clock,
) {
    let loaded = load(options, clock).and_then(|new| {
        needs_restart(&publish.borrow(), &new)?;
        Ok(new)
    });
    match loaded {
        Ok(new) => {
            info!(config.hash = %new.hash, "reloaded {}", options.config.display());
            health.set_reload(None);
            publish.send_replace(Arc::new(new));
        }
        Err(refused) => {
            let reason = format!("{refused:#}");
            error!(error = %reason, "reload refused; the running configuration stays in force");
            health.set_reload(Some(reason));
        }
    }
}
