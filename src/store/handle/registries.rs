//! What registries last named, as the rest of the daemon asks for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Handle;
use crate::policy::Policy;
use crate::store::AcceptRegistry;
use crate::store::KeptRegistry;
use crate::store::RegistryCommit;
use crate::store::StoreError;
use crate::store::TransitionRecord;
use crate::store::sql::Connection;
use crate::store::statements::registries;

impl Handle {
    pub(in crate::store) async fn registries(&self) -> Result<Vec<KeptRegistry>, StoreError> {
        self.read("registries", registries::all).await
    }

    pub(in crate::store) async fn commit_registry(
        &self,
        it: RegistryCommit,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let commit = move |connection: &Connection| registries::commit(connection, &it);
        let transitions = self.write("registry", commit).await?;
        self.told(&transitions);
        Ok(transitions)
    }

    pub(in crate::store) async fn accept_registry(
        &self,
        discovery: &str,
        by: &str,
        reason: &str,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<AcceptRegistry, StoreError> {
        let [discovery, by, reason] = [discovery, by, reason].map(str::to_owned);
        let accept = move |connection: &Connection| {
            registries::accept(connection, &discovery, (&by, &reason), &policy, now)
        };
        let accepted = self.write("accepted registry", accept).await?;
        if let AcceptRegistry::Done { transitions, .. } = &accepted {
            self.told(transitions);
            self.accepted.send_modify(|it| *it += 1);
        }
        Ok(accepted)
    }

    pub(in crate::store) async fn forget_registries(
        &self,
        discoveries: Vec<String>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let kept: BTreeSet<String> = discoveries.into_iter().collect();
        let known = self.read("names of registries", registries::names).await?;
        if known.iter().all(|it| kept.contains(it)) {
            return Ok(Vec::new());
        }
        let forget =
            move |connection: &Connection| registries::forget(connection, &kept, &policy, now);
        let transitions = self.write("registries that are gone", forget).await?;
        self.told(&transitions);
        Ok(transitions)
    }

    pub(in crate::store) fn accepted_registries(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }
}
