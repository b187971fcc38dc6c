//! Deploy windows and the brake, as the store keeps them: what goes in, what comes out, and the calls.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Store;
use super::StoreError;
use super::TransitionRecord;
use crate::deploy::Window;
use crate::manifest::Manifest;
use crate::policy::Policy;

/// A longer `--ref` is refused: it stands in every message.
pub const REFERENCE_MAX: usize = 200;

/// One deploy to begin.
#[derive(Clone, Debug)]
pub struct BeginDeploy {
    /// Registered databases, each with the manifest that the config names for it.
    pub databases: Vec<(String, Arc<Manifest>)>,
    /// The manifest that the deploy brings.
    pub manifest: Arc<Manifest>,
    /// What the pipeline calls it: a commit, a ticket.
    pub reference: String,
    /// The name of a token.
    pub author: String,
    /// When it ends by itself.
    pub until: Timestamp,
    /// The longest window there may be (`deploy.max`).
    pub max: Duration,
    pub now: Timestamp,
}

/// Why a deploy did not begin. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployRefused {
    #[error("it names no database")]
    NoDatabase,
    #[error(
        "a deploy of `{database}` is open already, deploy {deploy} ({reference}); end that one first"
    )]
    Open { database: String, deploy: u64, reference: String },
    #[error("a deploy window must be longer than nothing and at most {} long (`deploy.max`)", length(*max))]
    Length { max: Duration },
    #[error("the ref must have 1 to {REFERENCE_MAX} characters, none of which controls anything")]
    Reference,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// `4h`, `90m`, `45s`: as the config spells it.
fn length(period: Duration) -> String {
    let seconds = period.as_secs();
    match () {
        () if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        () if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        () => format!("{seconds}s"),
    }
}

/// One deploy, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    pub id: u64,
    /// What it brings: name and hash of the manifest.
    pub manifest: String,
    pub hash: String,
    pub reference: String,
    pub author: String,
    pub begun_at: Timestamp,
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub rolled_back: bool,
    /// Sorted by name.
    pub databases: Vec<DeployDatabase>,
}

/// One database of a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployDatabase {
    pub name: String,
    /// Hash of the manifest that was in force when the deploy began.
    pub old_hash: String,
    /// It has ended, and what it left in force is not what the file says: so it stands until the file
    /// changes, another deploy comes, or it is taken back.
    pub in_force: bool,
}

/// One registered database, and the manifest that the config names for it.
#[derive(Clone, Debug)]
pub struct Registered {
    pub database: String,
    pub manifest: Arc<Manifest>,
}

/// Everything that decides what is in force, beside the config.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The last deploy of each database, by its name.
    pub windows: Vec<(String, Window)>,
    /// Changed manifests that are on trial or suspect.
    pub trials: Vec<OnTrial>,
    /// Databases whose last audit held findings that nothing holds any more: to be audited now.
    pub held: Vec<String>,
}

/// A changed manifest that is not trusted yet.
#[derive(Clone, Debug)]
pub struct OnTrial {
    pub name: String,
    /// Hash of the changed version.
    pub hash: String,
    /// The version before.
    pub trusted: Arc<Manifest>,
    pub suspect: bool,
}

/// What the brake knows of one manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestState {
    pub name: String,
    pub trusted_hash: String,
    /// The changed version that is on trial or suspect, and since when.
    pub trial: Option<(String, Timestamp)>,
    /// Its findings wait for a person or the next change.
    pub suspect: bool,
    /// Databases whose last audit held findings, sorted.
    pub held: Vec<String>,
}

/// What became of a wish to release a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseManifest {
    /// It is trusted; these databases are audited now.
    Done {
        databases: Vec<String>,
    },
    /// Nothing of it is held.
    NothingHeld,
    NoSuch,
}

impl Store {
    /// Every deploy that is open, newest first; with `all`, ended ones too, as far as history is kept.
    pub async fn deploys(&self, all: bool, now: Timestamp) -> Result<Vec<Deploy>, StoreError> {
        self.handle.deploys(all, now).await
    }

    /// Begins a deploy. It is on disk when this resolves, and from then on no audit that did not know
    /// of it changes anything.
    pub async fn begin_deploy(&self, begin: BeginDeploy) -> Result<Deploy, DeployRefused> {
        self.handle.begin_deploy(begin).await
    }

    /// Ends a deploy. One that has ended stays as it is, unless `rolled_back` takes it back while its
    /// manifest is in force for a database whose file says another; `None` where there is none of this number.
    pub async fn end_deploy(
        &self,
        id: u64,
        rolled_back: bool,
        now: Timestamp,
    ) -> Result<Option<Deploy>, StoreError> {
        self.handle.end_deploy(id, rolled_back, now).await
    }

    /// Ends every deploy whose time is over; returns those, with their databases.
    pub async fn end_due_deploys(&self, now: Timestamp) -> Result<Vec<Deploy>, StoreError> {
        self.handle.end_due_deploys(now).await
    }

    /// Notes the manifests of a configuration: which of them changed and are on trial, which files
    /// have overtaken a deploy, and which suspicion is over because the file changed.
    pub async fn register_manifests(
        &self,
        registered: Arc<[Registered]>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        self.handle.register_manifests(registered, policy, now).await
    }

    /// Judges every trial; tells those that end suspect. Costs no write while nothing is decided.
    pub async fn judge_trials(
        &self,
        registered: Arc<[Registered]>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        self.handle.judge_trials(registered, policy, now).await
    }

    /// Trusts the changed version of a manifest, by the wish of the token `by`.
    pub async fn release_manifest(
        &self,
        name: &str,
        by: &str,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<ReleaseManifest, StoreError> {
        self.handle.release_manifest(name, by, policy, now).await
    }

    /// What the brake knows of every manifest, by name.
    pub async fn manifest_states(&self) -> Result<Vec<ManifestState>, StoreError> {
        self.handle.manifest_states().await
    }

    /// Everything that decides what is in force, beside the config.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        self.handle.standing().await
    }

    /// Counts up whenever [`Self::standing`] may have changed.
    #[must_use]
    pub fn standing_changes(&self) -> watch::Receiver<u64> {
        self.handle.standing_changes()
    }
}
