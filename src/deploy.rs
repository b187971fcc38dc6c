//! Which manifests a database is held to: deploy windows, and the brake on changed manifests. Pure.
//!
//! ```text
//! config's manifest ─┐
//! deploy window ─────┼─ in_force ─► Force ─► audit
//! trusted version ───┘
//! ```
//!
//! A deploy window widens what is allowed to two manifests and mutes nothing. The brake doubts a
//! *change of a manifest*, and nothing else: what differs from the version that was trusted before, too,
//! is told at once.

mod brake;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::manifest::Manifest;

pub use brake::BRAKE_DATABASES_MIN;
pub use brake::BRAKE_PERCENT;
pub use brake::TRIAL_MAX;
pub use brake::Trial;
pub use brake::Verdict;
pub use brake::difference;
pub use brake::judge;

/// What one database is held to.
#[derive(Clone, Debug)]
pub struct Force {
    /// What it is compared with, and what reports name.
    pub manifest: Arc<Manifest>,
    /// What is allowed beside it while a deploy window is open.
    pub also: Vec<Arc<Manifest>>,
    /// While a change of the manifest is on trial or suspect: the version before it. What differs
    /// from `manifest` only is held.
    pub trusted: Option<Arc<Manifest>>,
    /// The `--ref` of the deploy that brought `manifest`, or that is under way.
    pub reference: Option<String>,
    /// The deploy whose window is open.
    pub deploy: Option<u64>,
    /// When a deploy began or ended that decides this: an audit before it proves nothing now.
    pub since: Option<Timestamp>,
}

impl Force {
    /// One manifest, and nothing else to say.
    #[must_use]
    pub fn of(manifest: Arc<Manifest>) -> Self {
        Self {
            manifest,
            also: Vec::new(),
            trusted: None,
            reference: None,
            deploy: None,
            since: None,
        }
    }

    /// Every manifest that an audit needs: what is allowed, and what was trusted before.
    pub fn manifests(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        [&self.manifest].into_iter().chain(&self.also).chain(&self.trusted)
    }

    /// Whether both allow the same, so that an audit against one stands for the other. What is held
    /// is not asked: it changes who is told, not what is there.
    #[must_use]
    pub fn allows_as(&self, other: &Self) -> bool {
        let hashes = |it: &Self| -> Vec<String> {
            [&it.manifest].into_iter().chain(&it.also).map(|it| it.hash.clone()).collect()
        };
        self.deploy == other.deploy && hashes(self) == hashes(other)
    }

    /// Whether an audit held to this says all there is to say while `now` is in force: it allowed the
    /// same, and held nothing that is to be told now.
    #[must_use]
    pub fn stands_under(&self, now: &Self) -> bool {
        self.allows_as(now) && (self.trusted.is_none() || now.trusted.is_some())
    }
}

/// The last deploy of one database, as far as it still decides something.
#[derive(Clone, Debug)]
pub struct Window {
    /// The deploy.
    pub deploy: u64,
    pub reference: String,
    /// What was in force when it began, and what it brings.
    pub old: Arc<Manifest>,
    pub new: Arc<Manifest>,
    pub begun_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// When it did end.
    pub ended_at: Option<Timestamp>,
    pub rolled_back: bool,
    /// Hash of the manifest that the config named when the deploy ended; while it is open, of the one
    /// that it names now. Once the config names another one, the file decides again.
    pub file_hash: String,
    /// The config named another one since it ended.
    pub superseded: bool,
}

impl Window {
    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.ends_at
    }
}

/// What `configured`, the manifest that the config names for a database, comes to with its last
/// deploy. `trusted` is the version before, where the configured one is on trial.
///
/// - While the window is open, old or new is allowed, and so is what the config names, should that be
///   a third one.
/// - Afterwards the new manifest is enforced (the old one after a rollback), until the file says
///   something else than it said then.
/// - What a deploy brought is not on trial: it was announced.
#[must_use]
pub fn in_force(
    configured: &Arc<Manifest>,
    last: Option<&Window>,
    trusted: Option<&Arc<Manifest>>,
    now: Timestamp,
) -> Force {
    let on_trial = trusted.filter(|it| it.hash != configured.hash).cloned();
    let plain = || Force { trusted: on_trial.clone(), ..Force::of(Arc::clone(configured)) };
    let Some(window) = last else { return plain() };
    if window.is_open(now) {
        let mut allowed = vec![Arc::clone(configured)];
        for it in [&window.old, &window.new] {
            if allowed.iter().all(|other| other.hash != it.hash) {
                allowed.push(Arc::clone(it));
            }
        }
        let manifest = allowed.remove(0);
        return Force {
            also: allowed,
            reference: Some(window.reference.clone()),
            deploy: Some(window.deploy),
            since: Some(window.begun_at),
            ..Force::of(manifest)
        };
    }
    let enforced = if window.rolled_back { &window.old } else { &window.new };
    let ended_at = window.ended_at.unwrap_or(window.ends_at);
    let file_is_as_it_was = !window.superseded && configured.hash == window.file_hash;
    let brought = !window.rolled_back && configured.hash == window.new.hash;
    if !file_is_as_it_was && !brought {
        return plain();
    }
    // Equal hashes: the file's own, with its name and its words.
    let manifest = if configured.hash == enforced.hash { configured } else { enforced };
    let reference = match (window.rolled_back, configured.hash == enforced.hash) {
        (false, _) => Some(window.reference.clone()),
        // Not the file's: reports have to say where it comes from.
        (true, false) => Some(format!("{}, rolled back", window.reference)),
        (true, true) => None,
    };
    Force { reference, since: Some(ended_at), ..Force::of(Arc::clone(manifest)) }
}

/// Whether a database takes part in a trial of the manifest that the config names for it: not where a
/// deploy brought that version to it.
#[must_use]
pub fn is_brought(configured_hash: &str, last: Option<&Window>, now: Timestamp) -> bool {
    last.is_some_and(|it| it.is_open(now) || (!it.rolled_back && it.new.hash == configured_hash))
}

/// The length of a window, if it may be opened for that long.
#[must_use]
pub fn fits(length: Duration, max: Duration) -> bool {
    !length.is_zero() && length <= max
}

#[cfg(test)]
mod tests;
