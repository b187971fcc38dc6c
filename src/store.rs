//! What the daemon must not forget: databases, audits, incidents, and the outbox.
//!
//! An audit's report, the incident change and its notifications are **one transaction**, so that a
//! kill at any instant leaves either all of them or none: nothing is told that is not stored, and
//! nothing is stored that will not be told. [`crate::delivery`] sends later, from what is stored.
//!
//! ```text
//! commit_audit ─► report + incident + notification ─► delivery (pending)
//!                                                       │ claim
//!                                                     sending ──► delivered
//!                                                       │  └────► pending (again, later)
//!                                                       └───────► abandoned
//! ```
//!
//! The backends are a closed enum; PostgreSQL joins in a later step.

mod deploys;
mod error;
mod fleet;
mod outbox;
mod overview;
mod pages;
mod record;
mod registries;
mod sqlite;
mod strip;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::sync::watch;
use uuid::Uuid;

use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::silence::Silence;

pub use deploys::BeginDeploy;
pub use deploys::Deploy;
pub use deploys::DeployDatabase;
pub use deploys::DeployRefused;
pub use deploys::ManifestState;
pub use deploys::OnTrial;
pub use deploys::REFERENCE_MAX;
pub use deploys::Registered;
pub use deploys::ReleaseManifest;
pub use deploys::Standing;
pub use error::StoreError;
pub use fleet::Change;
pub use fleet::Fleet;
pub use fleet::Glance;
pub use outbox::Attempt;
pub use outbox::AttemptEnd;
pub use outbox::AttemptRow;
pub use outbox::Carried;
pub use outbox::ChannelTrouble;
pub use outbox::Claim;
pub use outbox::Claimed;
pub use outbox::DeliveryDetail;
pub use outbox::DeliveryFilter;
pub use outbox::DeliveryRow;
pub use outbox::DeliveryState;
pub use outbox::OutboxStatus;
pub use outbox::Parked;
pub use outbox::Rerouted;
pub use outbox::Resend;
pub use outbox::ResendEnd;
pub use outbox::Retry;
pub use outbox::ToldOpen;
pub use outbox::TroubleKind;
pub use overview::OpenIncident;
pub use overview::Overview;
pub use overview::WORST_MAX;
pub use pages::AuditPlace;
pub use pages::PageOf;
pub use record::AcceptReset;
pub use record::Accepted;
pub use record::AuditCommit;
pub use record::AuditRow;
pub use record::Coverage;
pub use record::DatabaseState;
pub use record::Handled;
pub use record::Health;
pub use record::IncidentEvent;
pub use record::IncidentFilter;
pub use record::IncidentRow;
pub use record::Muting;
pub use record::Past;
pub use record::Pruned;
pub use record::Receipt;
pub use record::Remembered;
pub use record::TimeKept;
pub use record::TimePass;
pub use record::TransitionRecord;
pub use registries::AcceptRegistry;
pub use registries::KeptRegistry;
pub use registries::KeptTenant;
pub use registries::RegistryCommit;
pub use sqlite::EVENTS_MAX;
pub use sqlite::Sqlite;
pub use strip::SLOT_SECONDS;
pub use strip::SLOTS;
pub use strip::Strip;

/// The state of one daemon. Clones share it.
#[derive(Clone, Debug)]
pub enum Store {
    /// One file beside the daemon.
    Sqlite(Sqlite),
}

impl Store {
    /// Opens the state file at `path`, creating it where there is none, and takes it for this
    /// process, since `now`. Blocks; meant for the start, before the runtime.
    ///
    /// Deliveries that an earlier process had claimed and not recorded are pending again, with the
    /// same ids.
    pub fn open_sqlite(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self::Sqlite(Sqlite::open(path, now)?))
    }

    /// What this process has counted. Transitions are counted here, by whomever they are caused.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        match self {
            Self::Sqlite(it) => it.metrics(),
        }
    }

    /// Commits one audit: report, database state, incidents, notifications and deliveries, in one
    /// transaction.
    ///
    /// Resolves after the commit where an incident changed. Otherwise it resolves at once, and the
    /// commit follows within a second, together with others; a kill before that loses only the trace
    /// of an audit that found nothing new.
    ///
    /// [`StoreError::Deferred`] means that the state cannot be written now: the report is kept in
    /// memory and committed when that is possible again. Do not commit it a second time.
    pub async fn commit_audit(&self, audit: AuditCommit) -> Result<Receipt, StoreError> {
        match self {
            Self::Sqlite(it) => it.commit_audit(audit).await,
        }
    }

    /// Every database that was ever audited, by name.
    pub async fn database_states(&self) -> Result<Vec<DatabaseState>, StoreError> {
        match self {
            Self::Sqlite(it) => it.database_states().await,
        }
    }

    /// One database; `None` where it was never audited.
    pub async fn database_state(&self, name: &str) -> Result<Option<DatabaseState>, StoreError> {
        match self {
            Self::Sqlite(it) => it.database_state(name).await,
        }
    }

    /// What the next audit of a database goes by.
    pub async fn remembered(&self, name: &str) -> Result<Remembered, StoreError> {
        match self {
            Self::Sqlite(it) => it.remembered(name).await,
        }
    }

    /// When the last complete audit of a database was, if there was one.
    pub async fn last_complete_at(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.database_state(name).await?.and_then(|it| it.last_complete_at))
    }

    /// The last report of a database in the JSON form of `report::json::database`.
    pub async fn last_report(&self, name: &str) -> Result<Option<Value>, StoreError> {
        match self {
            Self::Sqlite(it) => it.last_report(name).await,
        }
    }

    /// The last report of every database, by name.
    pub async fn last_reports(&self) -> Result<Vec<(String, Value)>, StoreError> {
        match self {
            Self::Sqlite(it) => it.last_reports().await,
        }
    }

    /// Every incident that is open or acknowledged, oldest first.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        match self {
            Self::Sqlite(it) => it.open_incidents().await,
        }
    }

    /// Incidents as `filter` says, the latest first.
    pub async fn incidents(&self, filter: IncidentFilter) -> Result<Vec<IncidentRow>, StoreError> {
        match self {
            Self::Sqlite(it) => it.incidents(filter).await,
        }
    }

    /// One incident, and its audit trail: the latest [`EVENTS_MAX`] lines, oldest first.
    pub async fn incident(
        &self,
        id: IncidentId,
    ) -> Result<Option<(IncidentRow, Vec<IncidentEvent>)>, StoreError> {
        match self {
            Self::Sqlite(it) => it.incident(id).await,
        }
    }

    /// A person, by the name of a token, takes an open incident in hand.
    pub async fn acknowledge(
        &self,
        id: IncidentId,
        by: String,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<Handled, StoreError> {
        match self {
            Self::Sqlite(it) => it.acknowledge(id, by, note, now).await,
        }
    }

    /// A person lets go of an acknowledged incident.
    pub async fn release_incident(
        &self,
        id: IncidentId,
        by: String,
        now: Timestamp,
    ) -> Result<Handled, StoreError> {
        match self {
            Self::Sqlite(it) => it.release_incident(id, by, now).await,
        }
    }

    /// A person takes what answers as a database, and what it holds, as known, by the name of a token.
    pub async fn accept_reset(&self, accept: AcceptReset) -> Result<Accepted, StoreError> {
        match self {
            Self::Sqlite(it) => it.accept_reset(accept).await,
        }
    }

    /// The latest `limit` audits that history keeps, of one database or of all, the latest first.
    pub async fn audits(
        &self,
        database: Option<String>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        match self {
            Self::Sqlite(it) => it.audits(database, limit).await,
        }
    }

    /// What history says of the time from `since` to `now`.
    pub async fn past(&self, since: Timestamp, now: Timestamp) -> Result<Past, StoreError> {
        match self {
            Self::Sqlite(it) => it.past(since, now).await,
        }
    }

    /// Notes which databases are `registered`; resolves, in one transaction, every open incident
    /// whose database is not, or none of whose server's databases is, and tells so. Returns what it
    /// resolved, oldest first; nothing where there is nothing to do, so it may be called at each start
    /// and reload.
    pub async fn close_unregistered(
        &self,
        registered: Vec<String>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        match self {
            Self::Sqlite(it) => it.close_unregistered(registered, policy, now).await,
        }
    }

    /// What waits in the outbox, and what was given up.
    pub async fn outbox_status(&self, now: Timestamp) -> Result<OutboxStatus, StoreError> {
        match self {
            Self::Sqlite(it) => it.outbox_status(now).await,
        }
    }

    /// Makes deliveries of the notifications whose group is due, then claims at most one due delivery
    /// for each channel that is not in `busy`, for `lease`. Where a lease has ended and nothing was
    /// recorded, its delivery is due again. Of a parked channel, the oldest is due once an hour.
    ///
    /// A delivery is due only when no earlier one of the same incident and channel is unfinished, so
    /// that "resolved" never overtakes "opened". The claim is on disk before this resolves.
    pub async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        busy: Vec<String>,
    ) -> Result<Claim, StoreError> {
        match self {
            Self::Sqlite(it) => it.claim(now, lease, busy).await,
        }
    }

    /// Records how one attempt of a claimed delivery ended: a channel that is broken is parked, one
    /// that takes a message is not any more. Returns what that changed of incidents about channels.
    ///
    /// [`StoreError::LeaseLost`] where the claim is not held any more: somebody else sends it.
    pub async fn record_attempt(
        &self,
        attempt: Attempt,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        match self {
            Self::Sqlite(it) => it.record_attempt(attempt).await,
        }
    }

    /// Moves what waits for channels that `policy` does not know any more: each to the first channel
    /// of its routes that was not told the same already, where it is due now. What all of them were
    /// told is abandoned, and what is routed nowhere waits. Incidents about channels that are gone are
    /// resolved. Without any route nothing happens.
    pub async fn reroute(
        &self,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<(Vec<Rerouted>, Vec<TransitionRecord>), StoreError> {
        match self {
            Self::Sqlite(it) => it.reroute(policy, now).await,
        }
    }

    /// Does what time alone does: reminds of incidents that stay open, and tells what was kept back
    /// by a silence or a maintenance window that has ended. Costs no write where nothing is due.
    pub async fn keep_time(&self, pass: TimePass) -> Result<TimeKept, StoreError> {
        match self {
            Self::Sqlite(it) => it.keep_time(pass).await,
        }
    }

    /// Silences, newest first: the active ones, or all that are kept.
    pub async fn silences(&self, all: bool, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        match self {
            Self::Sqlite(it) => it.silences(all, now).await,
        }
    }

    /// Keeps a silence; returns it with its id. [`StoreError::TooManySilences`] where there are too
    /// many.
    pub async fn add_silence(&self, silence: Silence) -> Result<Silence, StoreError> {
        match self {
            Self::Sqlite(it) => it.add_silence(silence).await,
        }
    }

    /// Ends a silence now; one that has ended stays as it is. `None` where there is none of that id.
    pub async fn expire_silence(
        &self,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<Silence>, StoreError> {
        match self {
            Self::Sqlite(it) => it.expire_silence(id, now).await,
        }
    }

    /// What a channel was told of each incident that it knows to be open, as that stands now; oldest
    /// first.
    pub async fn told_open(&self, channel: &str) -> Result<Vec<ToldOpen>, StoreError> {
        match self {
            Self::Sqlite(it) => it.told_open(channel).await,
        }
    }

    /// Channels that are parked, by name.
    pub async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        match self {
            Self::Sqlite(it) => it.parked().await,
        }
    }

    /// When a parked channel is tried next; `None` where it is not parked.
    pub async fn probe_at(&self, channel: &str) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(it) => it.probe_at(channel).await,
        }
    }

    /// Records how it ended to tell an Alertmanager again of what is open: as an attempt does, that
    /// may park the channel, or prove that it works. Returns what that changed of incidents about it.
    pub async fn record_resend(&self, resend: Resend) -> Result<Vec<TransitionRecord>, StoreError> {
        match self {
            Self::Sqlite(it) => it.record_resend(resend).await,
        }
    }

    /// What is wrong with channels, by name: those that are parked, those to which nothing gets
    /// through, those where a message was given up.
    pub async fn channel_troubles(&self) -> Result<Vec<ChannelTrouble>, StoreError> {
        match self {
            Self::Sqlite(it) => it.channel_troubles().await,
        }
    }

    /// Has every parked channel tried now.
    pub async fn probe_parked(&self, now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(it) => it.probe_parked(now).await,
        }
    }

    /// Deliveries, newest first.
    pub async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliveryRow>, StoreError> {
        match self {
            Self::Sqlite(it) => it.deliveries(filter).await,
        }
    }

    /// One delivery, with its attempts and what it carries.
    pub async fn delivery(&self, id: Uuid) -> Result<Option<DeliveryDetail>, StoreError> {
        match self {
            Self::Sqlite(it) => it.delivery(id).await,
        }
    }

    /// Tries again now what waits, and what was given up; returns how many deliveries that makes due.
    pub async fn retry(&self, what: Retry, now: Timestamp) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(it) => it.retry(what, now).await,
        }
    }

    /// The channels of what [`Self::retry`] made due since the last call: a person wants them tried,
    /// whatever rest they asked for.
    #[must_use]
    pub fn take_pushed(&self) -> BTreeSet<String> {
        match self {
            Self::Sqlite(it) => it.take_pushed(),
        }
    }

    /// Gives a claimed delivery back: it is pending and due again, and no attempt is counted. Nothing
    /// happens where the claim is not held any more.
    pub async fn release(&self, delivery: Uuid, epoch: i64) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(it) => it.release(delivery, epoch).await,
        }
    }

    /// Deletes one small batch of each kind of history: audits before `audits_before`; incidents
    /// resolved before `incidents_before` whose deliveries have all ended, with those deliveries.
    /// Call again until nothing is left.
    pub async fn prune(
        &self,
        audits_before: Timestamp,
        incidents_before: Timestamp,
    ) -> Result<Pruned, StoreError> {
        match self {
            Self::Sqlite(it) => it.prune(audits_before, incidents_before).await,
        }
    }

    /// What the last audits said, in memory: see [`Fleet`].
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        match self {
            Self::Sqlite(it) => it.fleet(),
        }
    }

    /// How much is open, and the worst of it.
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        match self {
            Self::Sqlite(it) => it.overview().await,
        }
    }

    /// The latest `limit` deliveries that carry something of an incident, oldest first, with every
    /// attempt.
    pub async fn sent(
        &self,
        incident: IncidentId,
        limit: usize,
    ) -> Result<Vec<DeliveryDetail>, StoreError> {
        match self {
            Self::Sqlite(it) => it.sent(incident, limit).await,
        }
    }

    /// Whether the state can be written.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        match self {
            Self::Sqlite(it) => it.health(),
        }
    }

    /// How long ago the thread that owns the state last came round. It does so at least each second,
    /// so more than a few mean that the disk, or the thread, is stuck.
    #[must_use]
    pub fn writer_idle(&self) -> Duration {
        match self {
            Self::Sqlite(it) => it.writer_idle(),
        }
    }

    /// Notified after each commit that put a delivery into the outbox.
    #[must_use]
    pub fn outbox(&self) -> Arc<Notify> {
        match self {
            Self::Sqlite(it) => it.outbox(),
        }
    }

    /// Commits what waits, closes the file and lets go of its lock. Every later call on any clone
    /// fails with [`StoreError::Stopped`].
    pub async fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(it) => it.close().await,
        }
    }
}
