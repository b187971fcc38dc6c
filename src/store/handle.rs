//! A handle on the thread that writes the state, and on those that read it for people and for audits that begin.
//!
//! One thread owns the connection; everything else sends it commands through a bounded queue and
//! waits for the answer. So there is one writer by construction, no lock is held across an `await`,
//! and commits can be grouped. Which engine is behind the connection makes no difference here.

mod ahead;
mod asking;
mod backlog;
mod command;
mod epoch;
mod in_force;
mod outgoing;
mod overview;
mod pace;
mod pages;
mod proof;
mod reader;
mod registries;
mod sharing;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::time::Duration;

use crate::store::sql::Connection;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;

use self::ahead::Ahead;
use self::backlog::Waiting;
use self::command::Command;
use self::epoch::Epoch;
use self::pace::Pace;
use self::reader::Question;
use self::sharing::Seen;
use self::writer::Writer;
use super::AcceptReset;
use super::Accepted;
use super::AuditCommit;
use super::AuditRow;
use super::DatabaseState;
use super::Fleet;
use super::Handled;
use super::Health;
use super::IncidentEvent;
use super::IncidentFilter;
use super::IncidentRow;
use super::Past;
use super::Pruned;
use super::Receipt;
use super::Remembered;
use super::StoreError;
use super::TimeKept;
use super::TimePass;
use super::TransitionRecord;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::metrics::Metrics;
use crate::metrics::Suppressed;
use crate::policy::Policy;
use crate::progress::Progress;
use crate::silence::Silence;
use crate::store::Followed;
use crate::store::Members;
use crate::store::opened::Opened;
use crate::store::postgres;
use crate::store::sql::Dial;
use crate::store::sqlite::open;
use crate::store::statements::accept;
use crate::store::statements::acknowledge;
use crate::store::statements::audits;
use crate::store::statements::coverage;
use crate::store::statements::databases;
use crate::store::statements::glances;
use crate::store::statements::history;
use crate::store::statements::incidents;
use crate::store::statements::members;
use crate::store::statements::prune;
use crate::store::statements::silences;
use crate::store::statements::time_pass;
use crate::store::statements::unregistered;

/// Commands that may wait for the writer. Whoever finds the queue full waits.
const QUEUE_MAX: usize = 1024;
/// How far back strips are recalled.
const STRIP: SignedDuration = SignedDuration::from_hours(24);

/// A handle on the writer thread. Clones share it; the file is closed when the last one is gone.
#[derive(Clone)]
pub(super) struct Handle {
    commands: mpsc::Sender<Command>,
    questions: mpsc::Sender<Question>,
    /// Of audits that are about to begin, on a file.
    beginning: Option<mpsc::Sender<Question>>,
    ahead: Ahead,
    health: watch::Receiver<Health>,
    progress: Progress,
    outbox: Arc<Notify>,
    /// Channels that a person wants tried now; held for a moment.
    pushed: Arc<Mutex<BTreeSet<String>>>,
    /// Counts changes of what decides what is in force.
    standing: watch::Sender<u64>,
    /// Counts registries that a person accepted.
    accepted: watch::Sender<u64>,
    metrics: Metrics,
    fleet: Fleet,
    epoch: Epoch,
    /// How long a turn is held, at most.
    lease: Duration,
    /// Whether others write to the same state.
    is_shared: bool,
    members: watch::Sender<Members>,
    /// What was found to be wrong with the file after it was opened.
    damage: Arc<OnceLock<String>>,
    followed: Seen,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("epoch", &self.epoch.now()).finish_non_exhaustive()
    }
}

impl Handle {
    /// See [`super::Store::open_sqlite`].
    pub(super) fn open_sqlite(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        Self::start(open::open(path, now)?, now, Pace::default(), Duration::MAX)
    }

    /// See [`super::Store::open_postgres`].
    pub(super) fn open_postgres(
        dial: &Dial,
        fleet: &str,
        lease: Duration,
    ) -> Result<Self, StoreError> {
        let opened = postgres::open::open(dial, fleet)?;
        let now = members::now(&opened.connection)
            .map_err(|source| StoreError::Read { what: "the time", source })?;
        Self::start(opened, now, Pace::default(), lease)
    }

    /// Starts the threads that own the connections.
    fn start(
        opened: Opened,
        now: Timestamp,
        pace: Pace,
        lease: Duration,
    ) -> Result<Self, StoreError> {
        let (epoch, is_shared) = (Epoch::new(opened.epoch), opened.connection.is_shared());
        let followed = if is_shared {
            members::followed(&opened.connection)
                .map_err(|source| StoreError::Read { what: "what replicas did", source })?
        } else {
            Followed::default()
        };
        let (commands, received) = mpsc::channel(QUEUE_MAX);
        let (says, health) = watch::channel(Health::Ok);
        let outbox = Arc::new(Notify::new());
        let fleet = Fleet::default();
        glances::recall(&opened.connection, &fleet)
            .map_err(|source| StoreError::Read { what: "the last audits", source })?;
        let Opened { connection, reading, beginning, unproven, lock, .. } = opened;
        let damage = Arc::new(OnceLock::new());
        if let Some(unproven) = unproven {
            proof::start(unproven, Arc::clone(&damage))
                .map_err(|source| StoreError::Thread { source })?;
        }
        let (questions, asked) = mpsc::channel(QUEUE_MAX);
        let (shown, ahead) = (fleet.clone(), Ahead::default());
        let writer = Writer::new(
            connection,
            lock,
            pace,
            says,
            Arc::clone(&outbox),
            shown,
            ahead.clone(),
            epoch.clone(),
            lease,
        );
        let progress = writer.progress();
        writer::start(writer, received).map_err(|source| StoreError::Thread { source })?;
        let since = now.checked_sub(STRIP).unwrap_or(Timestamp::MIN);
        reader::start("state-reader", reading, Some((fleet.clone(), since)), asked)
            .map_err(|source| StoreError::Thread { source })?;
        let beginning = beginning.map(|connection| {
            let (questions, asked) = mpsc::channel(QUEUE_MAX);
            reader::start("state-beginning", connection, None, asked)
                .map_err(|source| StoreError::Thread { source })?;
            Ok(questions)
        });
        let beginning = beginning.transpose()?;
        let standing = watch::Sender::new(0);
        let accepted = watch::Sender::new(0);
        let (pushed, metrics) = (Arc::default(), Metrics::default());
        Ok(Self {
            commands,
            questions,
            beginning,
            ahead,
            health,
            progress,
            outbox,
            pushed,
            standing,
            accepted,
            metrics,
            fleet,
            epoch,
            lease,
            is_shared,
            members: watch::Sender::new(Members::default()),
            damage,
            followed: Arc::new(Mutex::new(followed)),
        })
    }

    pub(super) async fn commit_audit(&self, audit: AuditCommit) -> Result<Receipt, StoreError> {
        let prepared = audits::prepare(&audit.report);
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting::new(audit, prepared, reply);
        self.send(Command::Audit(Box::new(waiting))).await?;
        let receipt = answer.await.map_err(|_| StoreError::Unanswered)??;
        self.count(&receipt.transitions);
        self.metrics.suppressed(Suppressed::Inhibited, usize::from(receipt.inhibited));
        Ok(receipt)
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) async fn database_states(&self) -> Result<Vec<DatabaseState>, StoreError> {
        self.read("database states", databases::states).await
    }

    pub(super) async fn database_state(
        &self,
        name: &str,
    ) -> Result<Option<DatabaseState>, StoreError> {
        let name = name.to_owned();
        self.read("database state", move |it| databases::state(it, &name)).await
    }

    pub(super) async fn remembered(&self, name: &str) -> Result<Remembered, StoreError> {
        let (what, owned) = ("what is known of a database", name.to_owned());
        let read = move |it: &Connection| accept::remembered(it, &owned);
        let Some(beginning) = &self.beginning else { return self.read(what, read).await };
        // Looked up first: what is gone from there when the other connection looks is on disk by then, or undone.
        match self.ahead.of(name) {
            Some(row) => Ok(row.read(name)),
            None => asking::ask(beginning, what, read).await,
        }
    }

    pub(super) async fn accept_reset(&self, accept: AcceptReset) -> Result<Accepted, StoreError> {
        let accepted =
            self.write("an accepted reset", move |it| accept::accept(it, &accept)).await?;
        if let Accepted::Done(transitions) = &accepted {
            self.count(transitions);
        }
        Ok(accepted)
    }

    pub(super) async fn last_report(&self, name: &str) -> Result<Option<Value>, StoreError> {
        let name = name.to_owned();
        self.read("last report", move |it| databases::report(it, &name)).await
    }

    pub(super) async fn last_reports(&self) -> Result<Vec<(String, Value)>, StoreError> {
        self.read("last reports", databases::reports).await
    }

    pub(super) async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.read("open incidents", incidents::open).await
    }

    pub(super) async fn incidents(
        &self,
        filter: IncidentFilter,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        self.ask("incidents", move |it| history::incidents(it, &filter, None)).await
    }

    pub(super) async fn incident(
        &self,
        id: IncidentId,
    ) -> Result<Option<(IncidentRow, Vec<IncidentEvent>)>, StoreError> {
        self.ask("incident", move |it| history::incident(it, id)).await
    }

    pub(super) async fn acknowledge(
        &self,
        id: IncidentId,
        by: String,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<Handled, StoreError> {
        let write =
            move |it: &Connection| acknowledge::acknowledge(it, id, &by, note.as_deref(), now);
        self.write("acknowledgement", write).await
    }

    pub(super) async fn release_incident(
        &self,
        id: IncidentId,
        by: String,
        now: Timestamp,
    ) -> Result<Handled, StoreError> {
        self.write("release of an incident", move |it| acknowledge::release(it, id, &by, now)).await
    }

    pub(super) async fn audits(
        &self,
        database: Option<String>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = self.audits_before(database, None, limit).await?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    pub(super) async fn past(&self, since: Timestamp, now: Timestamp) -> Result<Past, StoreError> {
        self.ask("the past", move |it| coverage::past(it, since, now)).await
    }

    pub(super) async fn close_unregistered(
        &self,
        registered: Vec<String>,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let close = move |it: &Connection| unregistered::close(it, &registered, &policy, now);
        let closed = self.write("unregistered databases", close).await?;
        self.told(&closed);
        Ok(closed)
    }

    pub(super) async fn keep_time(&self, pass: TimePass) -> Result<TimeKept, StoreError> {
        let idle = {
            let pass = pass.clone();
            self.read("what time does", move |it| time_pass::peek(it, &pass)).await?
        };
        if let Some(idle) = idle {
            return Ok(idle);
        }
        let kept = self.write("what time does", move |it| time_pass::keep(it, &pass)).await?;
        self.told(&kept.transitions);
        self.metrics.suppressed(Suppressed::Dedup, kept.known_already);
        Ok(kept)
    }

    /// What changed by itself may have put something into the outbox.
    fn told(&self, transitions: &[TransitionRecord]) {
        self.count(transitions);
        if !transitions.is_empty() {
            self.outbox.notify_one();
        }
    }

    fn count(&self, transitions: &[TransitionRecord]) {
        for it in transitions {
            self.metrics.transition(it.kind.word(), it.step.word());
            if let Some(why) = it.suppressed {
                self.metrics.suppressed(why, 1);
            }
        }
    }

    pub(super) async fn silences(
        &self,
        all: bool,
        now: Timestamp,
    ) -> Result<Vec<Silence>, StoreError> {
        self.ask("silences", move |it| silences::list(it, all, now)).await
    }

    pub(super) async fn add_silence(&self, silence: Silence) -> Result<Silence, StoreError> {
        let added = self.write("silence", move |it| silences::add(it, silence)).await?;
        added.ok_or(StoreError::TooManySilences { max: silences::ACTIVE_MAX })
    }

    pub(super) async fn expire_silence(
        &self,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<Silence>, StoreError> {
        self.write("silence", move |it| silences::expire(it, id, now)).await
    }

    pub(super) async fn prune(
        &self,
        audits_before: Timestamp,
        incidents_before: Timestamp,
    ) -> Result<Pruned, StoreError> {
        self.write("prune", move |it| prune::prune(it, audits_before, incidents_before)).await
    }

    pub(super) fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    pub(super) fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    pub(super) fn writer_idle(&self) -> Duration {
        self.progress.idle()
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        // The readers first: the last connection empties the log, and they cannot write.
        for questions in self.beginning.iter().chain([&self.questions]) {
            let (reply, answer) = oneshot::channel();
            if questions.send(Question::Close(reply)).await.is_ok() {
                let _ = answer.await;
            }
        }
        let (reply, answer) = oneshot::channel();
        self.send(Command::Close(reply)).await?;
        answer.await.map_err(|_| StoreError::Unanswered)
    }
}

#[cfg(test)]
mod tests;
