//! The calls about deploys and the brake: each one transaction, and a word to whoever watches where
//! what is in force may have changed.

use std::sync::Arc;

use crate::store::sql::Connection;
use jiff::Timestamp;
use tokio::sync::watch;

use super::Handle;
use crate::policy::Policy;
use crate::store::BeginDeploy;
use crate::store::Deploy;
use crate::store::DeployRefused;
use crate::store::ManifestState;
use crate::store::Registered;
use crate::store::ReleaseManifest;
use crate::store::Standing;
use crate::store::StoreError;
use crate::store::TransitionRecord;
use crate::store::statements::deploys;
use crate::store::statements::trials;

impl Handle {
    pub(in crate::store) async fn deploys(
        &self,
        all: bool,
        now: Timestamp,
    ) -> Result<Vec<Deploy>, StoreError> {
        self.ask("deploys", move |it| deploys::list(it, all, now)).await
    }

    pub(in crate::store) async fn begin_deploy(
        &self,
        deploy: BeginDeploy,
    ) -> Result<Deploy, DeployRefused> {
        let begun = self.write("deploy", move |it| deploys::begin(it, &deploy)).await?;
        if begun.is_ok() {
            self.standing_changed();
        }
        begun
    }

    pub(in crate::store) async fn end_deploy(
        &self,
        id: u64,
        rolled_back: bool,
        now: Timestamp,
    ) -> Result<Option<Deploy>, StoreError> {
        let ended =
            self.write("end of a deploy", move |it| deploys::end(it, id, rolled_back, now)).await;
        self.standing_changed();
        ended
    }

    pub(in crate::store) async fn end_due_deploys(
        &self,
        now: Timestamp,
    ) -> Result<Vec<Deploy>, StoreError> {
        if !self.read("due deploys", move |it| deploys::is_due(it, now)).await? {
            return Ok(Vec::new());
        }
        let ended = self.write("ends of deploys", move |it| deploys::end_due(it, now)).await?;
        self.standing_changed();
        Ok(ended)
    }

    pub(in crate::store) async fn register_manifests(
        &self,
        registered: Arc<[Registered]>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let register = move |it: &Connection| trials::register(it, &registered, &policy, now);
        let told = self.write("manifests", register).await?;
        self.told(&told);
        self.standing_changed();
        Ok(told)
    }

    pub(in crate::store) async fn judge_trials(
        &self,
        registered: Arc<[Registered]>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let certain = {
            let registered = Arc::clone(&registered);
            self.read("trials", move |it| trials::certain(it, &registered, now)).await?
        };
        if certain.is_empty() {
            return Ok(Vec::new());
        }
        // Judged again in the transaction: something may have come between.
        let conclude = move |it: &Connection| {
            let certain = trials::certain(it, &registered, now)?;
            trials::conclude(it, certain, &policy, now)
        };
        let told = self.write("verdicts on manifests", conclude).await?;
        self.told(&told);
        self.standing_changed();
        Ok(told)
    }

    pub(in crate::store) async fn release_manifest(
        &self,
        name: &str,
        by: &str,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<ReleaseManifest, StoreError> {
        let (name, by) = (name.to_owned(), by.to_owned());
        let release = move |it: &Connection| trials::release(it, &name, &by, &policy, now);
        let (released, ended) = self.write("release of a manifest", release).await?;
        self.count(ended.as_slice());
        if matches!(released, ReleaseManifest::Done { .. }) {
            self.outbox.notify_one();
            self.standing_changed();
        }
        Ok(released)
    }

    pub(in crate::store) async fn manifest_states(&self) -> Result<Vec<ManifestState>, StoreError> {
        // By the writer: what is held back is written with the audits, which commit within a second.
        self.read("manifests", trials::states).await
    }

    pub(in crate::store) async fn standing(&self) -> Result<Standing, StoreError> {
        self.read("deploys and trials", trials::standing).await
    }

    pub(in crate::store) fn standing_changes(&self) -> watch::Receiver<u64> {
        self.standing.subscribe()
    }

    fn standing_changed(&self) {
        self.standing.send_modify(|it| *it = it.wrapping_add(1));
    }
}
