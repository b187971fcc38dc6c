//! Where the configuration comes from, at start and at each reload.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::timeout;
use tracing::info;
use tracing::warn;

use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::http::tokens;
use crate::yaml::Mistake;

/// How long reading may take. A thread that hangs longer is left behind.
const READ_MAX: Duration = Duration::from_secs(30);

/// The configuration file, and what it is read with.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The process environment.
    pub(super) variable: fn(&str) -> Option<String>,
    pub(super) clock: Clock,
}

impl Source {
    /// Loads a configuration that a daemon can run with, or says everything that is wrong with it.
    ///
    /// Files are read on a thread of their own, so that a disk that hangs holds up neither SIGTERM
    /// nor the loops.
    pub(super) async fn read(self) -> anyhow::Result<Config> {
        let path = self.path.display().to_string();
        let reading = tokio::task::spawn_blocking(move || self.load());
        let read = timeout(READ_MAX, reading)
            .await
            .with_context(|| format!("reading {path} took longer than {} s", READ_MAX.as_secs()))?;
        read.with_context(|| format!("reading {path} broke off"))?
    }

    fn load(&self) -> anyhow::Result<Config> {
        let config = match config::load(&self.path, &self.variable, self.clock.now()) {
            Ok(config) => config,
            Err(mistakes) => return Err(refused(&self.path, &mistakes)),
        };
        let undelivered = config.require_delivery();
        if !undelivered.is_empty() {
            return Err(refused(&self.path, &undelivered));
        }
        let made = tokens::prepare(&config.http.tokens).context("could not prepare http.tokens")?;
        for path in made {
            info!("made a token for the API in {}", path.display());
        }
        for warning in &config.warnings {
            warn!("{warning}");
        }
        Ok(config)
    }
}

/// Every mistake, a line each.
fn refused(path: &Path, mistakes: &[Mistake]) -> anyhow::Error {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{} cannot be used:\n{}", path.display(), lines.join("\n"))
}
