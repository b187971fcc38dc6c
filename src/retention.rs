//! Deletes history that is older than the config keeps, in small batches, once an hour; and, once a
//! day, says which entries of `known:` end soon.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Config;
use crate::store::Pruned;
use crate::store::Store;
use crate::store::StoreError;

/// The pause between two passes.
const EVERY: Duration = Duration::from_hours(1);
/// The pause between two batches, so that audits and deliveries come in between.
const BREATH: Duration = Duration::from_millis(50);
/// Batches of one pass; the next pass goes on.
const BATCHES_MAX: usize = 1000;

/// Prunes at once and then every hour, until shutdown. A batch in progress finishes.
pub async fn run(
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    clock: Clock,
    shutdown: CancellationToken,
) {
    // What ends soon was told when the configuration was loaded.
    let mut told = clock.now().to_zoned(TimeZone::UTC).date();
    loop {
        let today = clock.now().to_zoned(TimeZone::UTC).date();
        if today != told {
            told = today;
            for ending in config.borrow().ending(today) {
                warn!("{ending}");
            }
        }
        let (keep_audits, keep_incidents) = {
            let state = &config.borrow().state;
            (state.keep_audits, state.keep_incidents)
        };
        let now = clock.now();
        let pass = pass(&store, before(now, keep_audits), before(now, keep_incidents), &shutdown);
        match pass.await {
            Ok(pruned) if pruned.is_empty() => {}
            Ok(pruned) => info!(
                pruned.audits = pruned.audits,
                pruned.incidents = pruned.incidents,
                pruned.deliveries = pruned.deliveries,
                "deleted history: {} audits, {} incidents, {} deliveries",
                pruned.audits,
                pruned.incidents,
                pruned.deliveries,
            ),
            Err(error) => {
                let cause = &error as &dyn std::error::Error;
                warn!(error = cause, "could not delete old history; trying again in an hour");
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

/// Deletes batch after batch until nothing is left.
async fn pass(
    store: &Store,
    audits_before: Timestamp,
    incidents_before: Timestamp,
    shutdown: &CancellationToken,
) -> Result<Pruned, StoreError> {
    let mut all = Pruned::default();
    for _ in 0..BATCHES_MAX {
        // How long history is kept is the word of the configuration that is in force.
        if shutdown.is_cancelled() || store.stands_back() {
            break;
        }
        let batch = store.prune(audits_before, incidents_before).await?;
        if batch.is_empty() {
            break;
        }
        all.audits += batch.audits;
        all.incidents += batch.incidents;
        all.deliveries += batch.deliveries;
        tokio::time::sleep(BREATH).await;
    }
    Ok(all)
}

/// The instant so long ago, or the beginning of representable time.
fn before(now: Timestamp, keep: Duration) -> Timestamp {
    now.checked_sub(keep).unwrap_or(Timestamp::MIN)
}
