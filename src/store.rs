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
//! The statements are written once (`statements`), over one SQL for two engines (`sql`): a file of one
//! daemon (`sqlite`), or a server that several share (`postgres`).

mod deploys;
mod error;
mod fleet;
mod handle;
mod moving;
mod opened;
mod outbox;
mod overview;
mod pages;
mod place;
mod postgres;
mod record;
mod registries;
mod sharing;
mod sql;
mod sqlite;
mod statements;
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

use handle::Handle;

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
pub use moving::MoveError;
pub use moving::Moved;
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
pub use outbox::Paces;
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
pub use place::Place;
pub use postgres::SCHEMA;
pub use postgres::open::VERSION as SCHEMA_VERSION;
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
pub use sharing::AskTurn;
pub use sharing::Beat;
pub use sharing::Followed;
pub use sharing::Member;
pub use sharing::Members;
pub use sharing::Turn;
pub use sharing::TurnAnswer;
pub use sharing::WhyNow;
pub use sql::Dial;
pub use sql::Dialled;
pub use sql::Error as SqlError;
pub use statements::history::EVENTS_MAX;
pub use strip::SLOT_SECONDS;
pub use strip::SLOTS;
pub use strip::Strip;

/// The state of one daemon, or of several that share it. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    handle: Handle,
}

impl Store {
    /// Opens the state file at `path`, creating it where there is none, and takes it for this
    /// process, since `now`. Blocks; meant for the start, before the runtime.
    ///
    /// Deliveries that an earlier process had claimed and not recorded are pending again, with the
    /// same ids.
    pub fn open_sqlite(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self { handle: Handle::open_sqlite(path, now)? })
    }

    /// Opens the state on the server that `dial` leads to, for the fleet of that name, beside whoever else
    /// has it open. Blocks, on a thread where that is allowed. `lease`: how long a claim on a database holds,
    /// which has to be longer than any audit.
    pub fn open_postgres(dial: &Dial, fleet: &str, lease: Duration) -> Result<Self, StoreError> {
        Ok(Self { handle: Handle::open_postgres(dial, fleet, lease)? })
    }

    /// Whether other replicas may write to the same state.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.handle.is_shared()
    }

    /// How long a turn holds.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.handle.lease()
    }

    /// Asks for the turn to audit a database. Where nobody else is there it is always given.
    pub async fn ask_turn(&self, ask: AskTurn) -> Result<TurnAnswer, StoreError> {
        self.handle.ask_turn(ask).await
    }

    /// Gives a turn back under which nothing was done.
    pub async fn give_back(&self, database: &str, turn: Turn) -> Result<(), StoreError> {
        self.handle.give_back(database, turn).await
    }

    /// Says that this replica runs; returns who else does.
    pub async fn beat(&self, beat: Beat) -> Result<Members, StoreError> {
        self.handle.beat(beat).await
    }

    /// Says that this replica has ended in order, and lets go of its turns.
    pub async fn leave(&self) -> Result<(), StoreError> {
        self.handle.leave().await
    }

    /// The replicas that share the state; nobody where it is not shared.
    #[must_use]
    pub fn members(&self) -> watch::Receiver<Members> {
        self.handle.members()
    }

    /// Whether another replica has a newer configuration. That one decides then what is registered, held to, told and
    /// kept; whatever this one would write by its own would be taken back.
    #[must_use]
    pub fn stands_back(&self) -> bool {
        self.handle.members().borrow().stands_back_for().is_some()
    }

    /// What the state server's clock shows.
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        self.handle.server_time().await
    }

    /// Takes over what other replicas have written since the last call; returns the version of the state's
    /// schema, which a newer release may have raised.
    pub async fn follow(&self) -> Result<i64, StoreError> {
        self.handle.follow().await
    }

    /// What this process has counted. Transitions are counted here, by whomever they are caused.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        self.handle.metrics()
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
        self.handle.commit_audit(audit).await
    }

    /// Every database that was ever audited, by name.
    pub async fn database_states(&self) -> Result<Vec<DatabaseState>, StoreError> {
        self.handle.database_states().await
    }

    /// One database; `None` where it was never audited.
    pub async fn database_state(&self, name: &str) -> Result<Option<DatabaseState>, StoreError> {
        self.handle.database_state(name).await
    }

    /// What the next audit of a database goes by.
    pub async fn remembered(&self, name: &str) -> Result<Remembered, StoreError> {
        self.handle.remembered(name).await
    }

    /// When the last complete audit of a database was, if there was one.
    pub async fn last_complete_at(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.database_state(name).await?.and_then(|it| it.last_complete_at))
    }

    /// The last report of a database in the JSON form of `report::json::database`.
    pub async fn last_report(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.handle.last_report(name).await
    }

    /// The last report of every database, by name.
    pub async fn last_reports(&self) -> Result<Vec<(String, Value)>, StoreError> {
        self.handle.last_reports().await
    }

    /// Every incident that is open or acknowledged, oldest first.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.handle.open_incidents().await
    }

    /// Incidents as `filter` says, the latest first.
    pub async fn incidents(&self, filter: IncidentFilter) -> Result<Vec<IncidentRow>, StoreError> {
        self.handle.incidents(filter).await
    }

    /// One incident, and its audit trail: the latest [`EVENTS_MAX`] lines, oldest first.
    pub async fn incident(
        &self,
        id: IncidentId,
    ) -> Result<Option<(IncidentRow, Vec<IncidentEvent>)>, StoreError> {
        self.handle.incident(id).await
    }

    /// A person, by the name of a token, takes an open incident in hand.
    pub async fn acknowledge(
        &self,
        id: IncidentId,
        by: String,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<Handled, StoreError> {
        self.handle.acknowledge(id, by, note, now).await
    }

    /// A person lets go of an acknowledged incident.
    pub async fn release_incident(
        &self,
        id: IncidentId,
        by: String,
        now: Timestamp,
    ) -> Result<Handled, StoreError> {
        self.handle.release_incident(id, by, now).await
    }

    /// A person takes what answers as a database, and what it holds, as known, by the name of a token.
    pub async fn accept_reset(&self, accept: AcceptReset) -> Result<Accepted, StoreError> {
        self.handle.accept_reset(accept).await
    }

    /// The latest `limit` audits that history keeps, of one database or of all, the latest first.
    pub async fn audits(
        &self,
        database: Option<String>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.handle.audits(database, limit).await
    }

    /// What history says of the time from `since` to `now`.
    pub async fn past(&self, since: Timestamp, now: Timestamp) -> Result<Past, StoreError> {
        self.handle.past(since, now).await
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
        self.handle.close_unregistered(registered, policy, now).await
    }

    /// What waits in the outbox, and what was given up.
    pub async fn outbox_status(&self, now: Timestamp) -> Result<OutboxStatus, StoreError> {
        self.handle.outbox_status(now).await
    }

    /// Makes deliveries of the notifications whose group is due, then claims at most one due delivery
    /// for each channel that is not in `busy`, for `lease`. Where a lease has ended and nothing was
    /// recorded, its delivery is due again. Of a parked channel, the oldest is due once an hour.
    ///
    /// A delivery is due only when no earlier one of the same incident and channel is unfinished, so
    /// that "resolved" never overtakes "opened". The claim is on disk before this resolves. Over replicas that share
    /// the state, one message at a time goes to a channel, no faster than `paces` says.
    pub async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        busy: Vec<String>,
        paces: Paces,
    ) -> Result<Claim, StoreError> {
        self.handle.claim(now, lease, busy, paces).await
    }

    /// Records how one attempt of a claimed delivery ended: a channel that is broken is parked, one
    /// that takes a message is not any more. Returns what that changed of incidents about channels.
    ///
    /// [`StoreError::LeaseLost`] where the claim is not held any more: somebody else sends it.
    pub async fn record_attempt(
        &self,
        attempt: Attempt,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        self.handle.record_attempt(attempt).await
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
        self.handle.reroute(policy, now).await
    }

    /// Does what time alone does: reminds of incidents that stay open, and tells what was kept back
    /// by a silence or a maintenance window that has ended. Costs no write where nothing is due.
    pub async fn keep_time(&self, pass: TimePass) -> Result<TimeKept, StoreError> {
        self.handle.keep_time(pass).await
    }

    /// Silences, newest first: the active ones, or all that are kept.
    pub async fn silences(&self, all: bool, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        self.handle.silences(all, now).await
    }

    /// Keeps a silence; returns it with its id. [`StoreError::TooManySilences`] where there are too
    /// many.
    pub async fn add_silence(&self, silence: Silence) -> Result<Silence, StoreError> {
        self.handle.add_silence(silence).await
    }

    /// Ends a silence now; one that has ended stays as it is. `None` where there is none of that id.
    pub async fn expire_silence(
        &self,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<Silence>, StoreError> {
        self.handle.expire_silence(id, now).await
    }

    /// What a channel was told of each incident that it knows to be open, as that stands now; oldest
    /// first.
    pub async fn told_open(&self, channel: &str) -> Result<Vec<ToldOpen>, StoreError> {
        self.handle.told_open(channel).await
    }

    /// Channels that are parked, by name.
    pub async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.handle.parked().await
    }

    /// When a parked channel is tried next; `None` where it is not parked.
    pub async fn probe_at(&self, channel: &str) -> Result<Option<Timestamp>, StoreError> {
        self.handle.probe_at(channel).await
    }

    /// Records how it ended to tell an Alertmanager again of what is open: as an attempt does, that
    /// may park the channel, or prove that it works. Returns what that changed of incidents about it.
    pub async fn record_resend(&self, resend: Resend) -> Result<Vec<TransitionRecord>, StoreError> {
        self.handle.record_resend(resend).await
    }

    /// What is wrong with channels, by name: those that are parked, those to which nothing gets
    /// through, those where a message was given up.
    pub async fn channel_troubles(&self) -> Result<Vec<ChannelTrouble>, StoreError> {
        self.handle.channel_troubles().await
    }

    /// Has every parked channel tried now.
    pub async fn probe_parked(&self, now: Timestamp) -> Result<(), StoreError> {
        self.handle.probe_parked(now).await
    }

    /// Deliveries, newest first.
    pub async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliveryRow>, StoreError> {
        self.handle.deliveries(filter).await
    }

    /// One delivery, with its attempts and what it carries.
    pub async fn delivery(&self, id: Uuid) -> Result<Option<DeliveryDetail>, StoreError> {
        self.handle.delivery(id).await
    }

    /// Tries again now what waits, and what was given up; returns how many deliveries that makes due.
    pub async fn retry(&self, what: Retry, now: Timestamp) -> Result<usize, StoreError> {
        self.handle.retry(what, now).await
    }

    /// The channels of what [`Self::retry`] made due since the last call: a person wants them tried,
    /// whatever rest they asked for.
    #[must_use]
    pub fn take_pushed(&self) -> BTreeSet<String> {
        self.handle.take_pushed()
    }

    /// Gives a claimed delivery back: it is pending and due again, and no attempt is counted. Nothing
    /// happens where the claim is not held any more.
    pub async fn release(&self, delivery: Uuid, epoch: i64) -> Result<(), StoreError> {
        self.handle.release(delivery, epoch).await
    }

    /// Deletes one small batch of each kind of history: audits before `audits_before`; incidents
    /// resolved before `incidents_before` whose deliveries have all ended, with those deliveries.
    /// Call again until nothing is left.
    pub async fn prune(
        &self,
        audits_before: Timestamp,
        incidents_before: Timestamp,
    ) -> Result<Pruned, StoreError> {
        self.handle.prune(audits_before, incidents_before).await
    }

    /// What the last audits said, in memory: see [`Fleet`].
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        self.handle.fleet()
    }

    /// How much is open, and the worst of it.
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        self.handle.overview().await
    }

    /// The latest `limit` deliveries that carry something of an incident, oldest first, with every
    /// attempt.
    pub async fn sent(
        &self,
        incident: IncidentId,
        limit: usize,
    ) -> Result<Vec<DeliveryDetail>, StoreError> {
        self.handle.sent(incident, limit).await
    }

    /// Whether the state can be written.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.handle.health()
    }

    /// What was found to be wrong with a large state file after it was opened; `None` as long as nothing was.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.handle.damage()
    }

    /// How long ago the thread that owns the state last came round. It does so at least each second,
    /// so more than a few mean that the disk, or the thread, is stuck.
    #[must_use]
    pub fn writer_idle(&self) -> Duration {
        self.handle.writer_idle()
    }

    /// Notified after each commit that put a delivery into the outbox.
    #[must_use]
    pub fn outbox(&self) -> Arc<Notify> {
        self.handle.outbox()
    }

    /// Commits what waits, closes the file and lets go of its lock. Every later call on any clone
    /// fails with [`StoreError::Stopped`].
    pub async fn close(&self) -> Result<(), StoreError> {
        self.handle.close().await
    }
}
