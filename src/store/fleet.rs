//! What the last audits said of each database, in memory: for pages that are asked for often and may
//! not wait for the disk.
//!
//! The writer notes an audit here as soon as it is applied, with what it reads on its own connection; the
//! commit follows within a second. An audit whose commit fails is applied again when that is possible: the
//! glance says what was seen, and the page says that the state cannot be written. After a start everything
//! is recalled once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio::sync::watch;

use super::DatabaseState;
use super::Strip;
use crate::report::Verdict;

/// Changes that a slow listener may lag behind before it has to look at everything.
const CHANGES_KEPT: usize = 1024;

/// One database at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// What its last audit left.
    pub state: DatabaseState,
    /// Tables that should not be there and count, by the last audit that could tell; `None` where none
    /// could.
    pub unexpected: Option<u64>,
    /// The verdicts of the last 24 hours.
    pub strip: Strip,
}

/// Something that a page may show has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A database was audited.
    Audited { database: Arc<str>, verdict: Verdict, at: Timestamp },
    /// Incidents, deliveries, silences or deploys changed.
    Told,
}

/// All of them. Clones are the same fleet.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Held for a copy or one insertion.
    glances: Arc<RwLock<HashMap<Arc<str>, Arc<Glance>>>>,
    /// Counts changes.
    version: watch::Sender<u64>,
    changes: broadcast::Sender<Change>,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            glances: Arc::default(),
            version: watch::Sender::new(0),
            changes: broadcast::Sender::new(CHANGES_KEPT),
        }
    }
}

impl Fleet {
    /// One database; `None` where it was never audited.
    #[must_use]
    pub fn glance(&self, database: &str) -> Option<Arc<Glance>> {
        self.glances.read().unwrap_or_else(PoisonError::into_inner).get(database).cloned()
    }

    /// Every database that was ever audited, by name; cheap: the glances are shared.
    #[must_use]
    pub fn all(&self) -> HashMap<Arc<str>, Arc<Glance>> {
        self.glances.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last verdict of each of these, in their order; `None` of one that was never audited.
    #[must_use]
    pub fn verdicts<'a>(&self, of: impl IntoIterator<Item = &'a str>) -> Vec<Option<Verdict>> {
        let glances = self.glances.read().unwrap_or_else(PoisonError::into_inner);
        of.into_iter().map(|it| glances.get(it).map(|it| it.state.verdict)).collect()
    }

    /// Counts every change that a page may show.
    #[must_use]
    pub fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Every change from now on; whoever lags behind by more than a thousand is told so.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// An audit was taken into the state.
    pub(super) fn note(&self, glance: Glance) {
        let database: Arc<str> = Arc::from(glance.state.name.as_str());
        let change = Change::Audited {
            database: Arc::clone(&database),
            verdict: glance.state.verdict,
            at: glance.state.audited_at,
        };
        let mut glances = self.glances.write().unwrap_or_else(PoisonError::into_inner);
        glances.insert(database, Arc::new(glance));
        drop(glances);
        self.changed(change);
    }

    /// What the last audit of an earlier process left; nobody is told.
    pub(super) fn recall(&self, glance: Glance) {
        let database: Arc<str> = Arc::from(glance.state.name.as_str());
        let mut glances = self.glances.write().unwrap_or_else(PoisonError::into_inner);
        glances.entry(database).or_insert_with(|| Arc::new(glance));
    }

    /// Notes audits of the last 24 hours that an earlier process committed. One that is noted twice
    /// changes nothing: a slot keeps the worst.
    pub(super) fn recall_strip(&self, database: &str, audits: &[(Timestamp, Verdict)]) {
        let mut glances = self.glances.write().unwrap_or_else(PoisonError::into_inner);
        let Some(glance) = glances.get_mut(database) else { return };
        let glance = Arc::make_mut(glance);
        for (at, verdict) in audits {
            glance.strip.note(*at, *verdict);
        }
        drop(glances);
        self.version.send_modify(|it| *it += 1);
    }

    /// Something else changed that pages show.
    pub(super) fn told(&self) {
        self.changed(Change::Told);
    }

    fn changed(&self, change: Change) {
        self.version.send_modify(|it| *it += 1);
        // Nobody listens: nobody has to know.
        let _ = self.changes.send(change);
    }
}
