//! SIGHUP: read everything anew; take it whole or not at all.
//!
//! One reading at a time: a SIGHUP meanwhile asks for one more, since it may be about files that
//! were read already.

use std::mem;
use std::sync::Arc;

use anyhow::bail;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::error;
use tracing::info;

use super::source::Source;
use crate::config::Config;
use crate::health::Health;

/// The configuration in force, and the reading of the next one.
pub(super) struct Reloads {
    source: Source,
    health: Health,
    /// Dropping it ends the loops that follow it.
    publish: watch::Sender<Arc<Config>>,
    reading: Option<BoxFuture<'static, anyhow::Result<Config>>>,
    once_more: bool,
}

impl Reloads {
    /// Publishes what `source` holds, whenever it is asked to.
    pub(super) fn new(source: Source, health: Health, publish: watch::Sender<Arc<Config>>) -> Self {
        Self { source, health, publish, reading: None, once_more: false }
    }

    /// Reads the configuration again; [`Self::ended`] takes it.
    pub(super) fn ask(&mut self) {
        if self.reading.is_some() {
            info!("a reload is under way; once more after that");
            self.once_more = true;
        } else {
            self.reading = Some(self.source.clone().read().boxed());
        }
    }

    /// Waits until the reading under way has ended, and takes what it brought; for ever while none
    /// is. May be given up and asked again.
    pub(super) async fn ended(&mut self) {
        let Some(reading) = &mut self.reading else { return std::future::pending().await };
        let loaded = reading.await;
        self.reading = None;
        self.take(loaded);
        if mem::take(&mut self.once_more) {
            self.ask();
        }
    }

    /// A bad configuration leaves the running one in force and says why, in the log and in
    /// `/readyz?verbose`.
    fn take(&self, loaded: anyhow::Result<Config>) {
        let loaded = loaded.and_then(|new| {
            needs_restart(&self.publish.borrow(), &new)?;
            Ok(new)
        });
        match loaded {
            Ok(new) => {
                info!(config.hash = %new.hash, "reloaded {}", self.source.path.display());
                self.health.set_reload(None);
                self.health.config_read(self.source.clock.now());
                self.publish.send_replace(Arc::new(new));
            }
            Err(refused) => {
                let reason = format!("{refused:#}");
                error!(error = %reason, "reload refused; the running configuration stays in force");
                self.health.set_reload(Some(reason));
            }
        }
    }
}

/// A configuration that lost what only a restart can change.
fn needs_restart(old: &Config, new: &Config) -> anyhow::Result<()> {
    if old.state.sqlite != new.state.sqlite {
        bail!("`state.sqlite` changed: that takes a restart");
    }
    let name = |it: &Config| it.state.postgres.as_ref().map(|it| (it.fleet.clone(), it.lease));
    if name(old) != name(new) {
        bail!("`state.postgres`, `state.fleet` or `state.lease` changed: that takes a restart");
    }
    if old.http.listen != new.http.listen {
        bail!("`http.listen` changed: that takes a restart");
    }
    Ok(())
}
