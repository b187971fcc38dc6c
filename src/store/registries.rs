//! What the state keeps of registries: the last known tenants, and whether the registry is believed.
//!
//! The tenants outlive a restart, so that a registry that was wiped meanwhile is noticed, and its
//! databases are audited on. A URL of a registry is a secret: it comes here encrypted, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Store;
use super::StoreError;
use super::TransitionRecord;
use crate::policy::Policy;
use crate::registry::Doubt;
use crate::registry::Why;

/// One tenant as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTenant {
    pub name: String,
    /// The registry does not name it any more; it stays registered all the same.
    pub is_gone: bool,
    /// It was named first while the registry was not believed.
    pub is_fresh: bool,
    pub manifest: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// What leads to it, in JSON, where nothing of it is secret.
    pub parts: Option<String>,
    /// Its URL, encrypted.
    pub sealed: Option<Vec<u8>>,
    /// Why its row makes no sense.
    pub problem: Option<String>,
}

/// What is kept of one registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptRegistry {
    pub discovery: String,
    /// When it was last read whole.
    pub read_at: Option<Timestamp>,
    pub tried_at: Option<Timestamp>,
    pub failures: u32,
    pub doubt: Option<Why>,
    /// Why it could not be read the last time.
    pub detail: Option<String>,
    /// By name.
    pub tenants: Vec<KeptTenant>,
}

/// One try to read a registry, judged.
#[derive(Clone, Debug)]
pub struct RegistryCommit {
    pub discovery: String,
    /// For routes: those of the discovery.
    pub manifest: String,
    pub labels: BTreeMap<String, String>,
    /// What is known from now on; `None` where that did not change.
    pub tenants: Option<Vec<KeptTenant>>,
    /// Tenants that are not registered any more.
    pub retired: Vec<String>,
    pub failures: u32,
    /// Whether it is believed from now on.
    pub is_doubted: Option<Why>,
    /// What to tell, where it is not.
    pub doubt: Option<Doubt>,
    /// Why it could not be read; `None` where it was.
    pub detail: Option<String>,
    pub policy: Arc<Policy>,
    pub now: Timestamp,
}

/// What became of a wish to accept a smaller registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptRegistry {
    /// These are not registered any more.
    Done { retired: Vec<String>, transitions: Vec<TransitionRecord> },
    /// It names all that are known, or could not be read.
    NothingGone,
}

impl Store {
    /// What is kept of every registry, by discovery.
    pub async fn registries(&self) -> Result<Vec<KeptRegistry>, StoreError> {
        self.handle.registries().await
    }

    /// Commits one try to read a registry: its tenants, its incident and what is told of it, in one
    /// transaction.
    pub async fn commit_registry(
        &self,
        commit: RegistryCommit,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        self.handle.commit_registry(commit).await
    }

    /// A person, by the name of a token, says that what is gone from a registry is gone for good.
    pub async fn accept_registry(
        &self,
        discovery: &str,
        by: &str,
        reason: &str,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<AcceptRegistry, StoreError> {
        self.handle.accept_registry(discovery, by, reason, policy, now).await
    }

    /// Forgets registries of discoveries that are not among `discoveries`, and ends their incidents.
    pub async fn forget_registries(
        &self,
        discoveries: Vec<String>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        self.handle.forget_registries(discoveries, policy, now).await
    }

    /// Counts up whenever a person accepted a registry.
    #[must_use]
    pub fn accepted_registries(&self) -> watch::Receiver<u64> {
        self.handle.accepted_registries()
    }
}
