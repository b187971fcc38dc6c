//! The thread that owns the connection: groups commits, and keeps what cannot be written until it can.
//!
//! An audit that changes no incident is applied in a transaction that stays open for up to a second,
//! so that a thousand clean audits cost a few `fsync`s. Anything that somebody acts on (an incident
//! change, a claim, a recorded attempt) commits at once, together with what waits; and audits that came
//! while a commit waited for the disk are one batch, so that a thousand incidents cost a few, too.
//!
//! ```text
//!             apply ok                     commit ok
//! backlog ──────────────► open transaction ─────────► backlog emptied
//!    ▲                          │
//!    └────────── rollback ◄─────┘ the disk is full: `Health::Failing`, again every few seconds
//! ```
//!
//! **Invariant.** A report leaves the backlog only after the commit that holds it.

mod claiming;
mod trouble;

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::store::sql::Connection;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;

use super::ahead::Ahead;
use super::backlog::Backlog;
use super::backlog::Waiting;
use super::command::Command;
use super::command::Write;
use super::epoch::Epoch;
use super::pace::Pace;
use crate::failpoint;
use crate::progress::Progress;
use crate::report::Report;
use crate::store::Fleet;
use crate::store::Health;
use crate::store::Receipt;
use crate::store::StoreError;
use crate::store::sql;
use crate::store::sqlite::lock::Lock;
use crate::store::statements::accept;
use crate::store::statements::audits;
use crate::store::statements::column;
use crate::store::statements::databases;
use crate::store::statements::glances;
use crate::store::statements::members;

/// A batch of this many audits is committed without waiting longer.
const BATCH_MAX: usize = 512;

/// The owner of the connection.
pub(super) struct Writer {
    connection: Connection,
    /// Of a file; free after the connection is closed.
    _lock: Option<Lock>,
    pace: Pace,
    backlog: Backlog,
    /// How many of the backlog are applied in the open transaction.
    applied: usize,
    /// Whether the next of them is being applied right now.
    applying: bool,
    /// Deliveries in the open transaction.
    deliveries: usize,
    /// While a batch is open: when it is committed at the latest.
    commit_at: Option<Instant>,
    /// While failing: when to try again.
    retry_at: Option<Instant>,
    health: watch::Sender<Health>,
    progress: Progress,
    outbox: Arc<Notify>,
    fleet: Fleet,
    /// What is acknowledged of the open transaction; after a panic, of what is applied again at once.
    ahead: Ahead,
    epoch: Epoch,
    /// Of a turn.
    lease_ms: i64,
}

/// Starts the thread. It ends when it is told to close or when every handle is gone.
pub(super) fn start(mut writer: Writer, commands: mpsc::Receiver<Command>) -> io::Result<()> {
    // A runtime of its own, for one thing: waiting for the next command or the next deadline.
    let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
    thread::Builder::new().name("state-writer".to_owned()).spawn(move || {
        let closed = writer.serve(&runtime, commands);
        writer.close();
        // The file and its lock are free before whoever closed goes on.
        drop(writer);
        if let Some(reply) = closed {
            let _ = reply.send(());
        }
    })?;
    Ok(())
}

/// What has come meanwhile and is of one kind, up to a batch. The first of another kind is held over.
fn gather<T>(
    first: T,
    commands: &mut mpsc::Receiver<Command>,
    held_over: &mut Option<Command>,
    same: impl Fn(Command) -> Result<T, Command>,
) -> Vec<T> {
    let mut all = vec![first];
    while all.len() < BATCH_MAX
        && let Ok(command) = commands.try_recv()
    {
        match same(command) {
            Ok(it) => all.push(it),
            Err(other) => {
                *held_over = Some(other);
                break;
            }
        }
    }
    all
}

/// Shows an audit to the pages. One that cannot be shown is committed all the same.
fn glance(connection: &Connection, fleet: &Fleet, report: &Report) {
    if let Err(error) = glances::note(connection, fleet, report) {
        error!(error = %error, database.name = report.database, "could not note a glance");
    }
}

impl Writer {
    #[expect(clippy::too_many_arguments, reason = "what it owns, each once")]
    pub(super) fn new(
        connection: Connection,
        lock: Option<Lock>,
        pace: Pace,
        health: watch::Sender<Health>,
        outbox: Arc<Notify>,
        fleet: Fleet,
        ahead: Ahead,
        epoch: Epoch,
        lease: Duration,
    ) -> Self {
        let backlog = Backlog::default();
        Self {
            connection,
            _lock: lock,
            pace,
            backlog,
            applied: 0,
            applying: false,
            deliveries: 0,
            commit_at: None,
            retry_at: None,
            health,
            progress: Progress::new(),
            outbox,
            fleet,
            ahead,
            epoch,
            lease_ms: i64::try_from(lease.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Where it notes that it came round.
    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn serve(
        &mut self,
        runtime: &runtime::Runtime,
        mut commands: mpsc::Receiver<Command>,
    ) -> Option<oneshot::Sender<()>> {
        // What came while more of the same was gathered.
        let mut held_over = None;
        loop {
            self.progress.note();
            let tick = Instant::now() + self.pace.tick;
            let wake = self.commit_at.into_iter().chain(self.retry_at).fold(tick, Instant::min);
            let received = match held_over.take() {
                Some(command) => Some(Some(command)),
                None => runtime
                    .block_on(async { tokio::time::timeout_at(wake, commands.recv()).await.ok() }),
            };
            match received {
                None => self.guarded(Self::on_time),
                Some(None) => return None,
                Some(Some(Command::Close(reply))) => return Some(reply),
                Some(Some(Command::Ask(asking))) => {
                    let all = gather(asking, &mut commands, &mut held_over, |it| match it {
                        Command::Ask(asking) => Ok(asking),
                        other => Err(other),
                    });
                    self.guarded(|it| it.claim_turns(all));
                }
                Some(Some(Command::Audit(waiting))) => {
                    // What came while the disk was waited for is one batch, whatever is in it.
                    let all = gather(*waiting, &mut commands, &mut held_over, |it| match it {
                        Command::Audit(waiting) => Ok(*waiting),
                        other => Err(other),
                    });
                    self.guarded(|it| it.audits(all));
                }
                Some(Some(Command::Read(read))) => self.guarded(|it| read(&it.connection)),
                Some(Some(Command::Write(write))) => self.guarded(|it| it.write(write)),
            }
            // A steady stream of commands must not starve the deadlines.
            let now = Instant::now();
            if self.commit_at.into_iter().chain(self.retry_at).any(|at| at <= now) {
                self.guarded(Self::on_time);
            }
        }
    }

    /// A panic costs the command that caused it, and not the writer.
    fn guarded(&mut self, step: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| step(self))).is_err() {
            error!("the state's writer panicked; the command that caused it is dropped");
            if std::mem::take(&mut self.applying) {
                // It would panic again.
                self.backlog.remove(self.applied);
            }
            self.roll_back();
            self.retry_at = Some(Instant::now());
        }
    }

    fn audits(&mut self, all: Vec<Waiting>) {
        match self.retry_at {
            None => {
                for it in all {
                    self.backlog.push(it);
                }
            }
            Some(retry_at) if retry_at <= Instant::now() => {
                for it in all {
                    self.backlog.push_bounded(it);
                }
            }
            Some(_) => {
                for it in all {
                    self.defer(it);
                }
                return;
            }
        }
        self.apply_backlog();
    }

    /// Applies what is not applied yet; commits if somebody acts on it, or if the batch is full.
    fn apply_backlog(&mut self) {
        let mut commit_now = self.retry_at.is_some()
            || self.backlog.len() >= BATCH_MAX
            || self.connection.is_shared();
        if let Err(error) = self.begin() {
            return self.fail(&error);
        }
        let mut changed = false;
        while let Some(waiting) = self.backlog.get_mut(self.applied) {
            self.applying = true;
            // Each is a step: a batch of large servers may take seconds.
            self.progress.note();
            let applied = audits::apply_alone(&self.connection, &waiting.audit, &waiting.prepared);
            self.applying = false;
            match applied {
                Ok(it) => {
                    commit_now |= it.incident_changed;
                    self.deliveries += it.deliveries;
                    if it.kept {
                        glance(&self.connection, &self.fleet, &waiting.audit.report);
                    }
                    if it.incident_changed {
                        changed = true;
                    }
                    waiting.receipt = Some(Receipt {
                        transitions: it.transitions,
                        durable: false,
                        recheck: it.recheck,
                        inhibited: it.inhibited,
                    });
                    self.applied += 1;
                }
                Err(error) if error.is_trouble() || self.connection.is_autocommit() => {
                    return self.fail(&error);
                }
                Err(source) => {
                    // Its own fault: the others must not wait behind it.
                    if let Some(mut waiting) = self.backlog.remove(self.applied) {
                        let database = waiting.audit.report.database.clone();
                        waiting.answer(Err(match source {
                            sql::Error::Overtaken => StoreError::Overtaken { database },
                            source => StoreError::Write { what: "audit", source },
                        }));
                    }
                }
            }
        }
        if !commit_now {
            match self.acknowledge() {
                Ok(()) => {
                    let at = Instant::now() + self.pace.group_commit;
                    self.commit_at.get_or_insert(at);
                    return;
                }
                Err(error) if error.is_trouble() => return self.fail(&error),
                // One row that cannot be read is no trouble of the others: on disk, nobody needs it here.
                Err(_) => {}
            }
        }
        if let Err(error) = self.note_for_others(changed) {
            return self.fail(&error);
        }
        // A failure is handled there.
        let _ = self.commit();
        if changed {
            self.fleet.told();
        }
    }

    /// Answers who waits for what the open transaction holds: from here on it counts.
    fn acknowledge(&mut self) -> sql::Result<()> {
        let applied = self.backlog.iter_mut().take(self.applied);
        for waiting in applied.filter(|it| it.receipt.is_some()) {
            let database = &waiting.audit.report.database;
            self.ahead.note(database, accept::remembered_row(&self.connection, database)?);
            waiting.acknowledge(false);
        }
        Ok(())
    }

    fn write(&mut self, write: Write) {
        let begun = self
            .begin()
            .and_then(|()| self.connection.execute_batch("savepoint one"))
            .inspect_err(|error| self.fail(error));
        if let Err(error) = begun {
            let (error, finish) = write(Err(error));
            return finish(error.map_or(Ok(()), Err));
        }
        let (error, finish) = write(Ok(&self.connection));
        let Some(error) = error else {
            return match self.note_for_others(true).and_then(|()| self.commit()) {
                Ok(()) => {
                    finish(Ok(()));
                    self.fleet.told();
                }
                Err(error) => finish(Err(error)),
            };
        };
        if error.is_trouble() || self.connection.is_autocommit() {
            self.fail(&error);
        } else if let Err(error) = self.connection.execute_batch("rollback to one; release one") {
            self.fail(&error);
        } else if self.applied == 0 {
            self.roll_back();
        }
        finish(Err(error));
    }

    /// Notes in the open transaction what other replicas follow: which databases were audited, and whether
    /// there is something else to look at.
    fn note_for_others(&mut self, told: bool) -> sql::Result<()> {
        if !self.connection.is_shared() {
            return Ok(());
        }
        let applied = self.backlog.iter_mut().take(self.applied);
        let names: Vec<String> = applied.map(|it| it.audit.report.database.clone()).collect();
        if !names.is_empty() {
            databases::note_changed(&self.connection, &column::to_json(&names)?)?;
        }
        if told { members::count_up(&self.connection, "told") } else { Ok(()) }
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.retry_at.is_some_and(|at| at <= now) {
            if self.backlog.is_empty() {
                self.probe();
            } else {
                self.apply_backlog();
            }
        } else if self.commit_at.is_some_and(|at| at <= now) {
            // A failure is handled there.
            let _ = self.commit();
        }
    }

    fn begin(&mut self) -> sql::Result<()> {
        if self.connection.is_autocommit() {
            self.applied = 0;
            self.deliveries = 0;
            self.connection.begin()?;
        }
        Ok(())
    }

    /// Commits the open transaction; on success everything that was applied is acknowledged.
    fn commit(&mut self) -> sql::Result<()> {
        if self.deliveries > 0 {
            failpoint::reach("audit.applied");
        }
        if let Err(error) = self.connection.commit() {
            self.fail(&error);
            return Err(error);
        }
        self.ahead.clear();
        let written = self.applied;
        for waiting in self.backlog.iter_mut().take(written) {
            waiting.acknowledge(true);
        }
        self.backlog.forget(written);
        self.applied = 0;
        self.commit_at = None;
        if std::mem::take(&mut self.deliveries) > 0 {
            failpoint::reach("audit.committed");
            self.outbox.notify_one();
        }
        if self.backlog.is_empty() {
            self.recover(written);
        } else {
            // There is room again: what waits follows at once.
            self.retry_at = Some(Instant::now());
        }
        Ok(())
    }

    /// The last chance for what waits.
    fn close(&mut self) {
        if self.applied > 0 && self.applied == self.backlog.len() {
            // A failure is counted below.
            let _ = self.commit();
        } else if !self.backlog.is_empty() {
            self.retry_at = Some(Instant::now());
            self.guarded(Self::apply_backlog);
        }
        let lost = self.backlog.len();
        if lost > 0 {
            error!(
                state.lost = lost,
                "closed the state without {lost} reports: it cannot be written"
            );
        }
    }
}
