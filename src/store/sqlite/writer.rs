//! The thread that owns the connection: groups commits, and keeps what cannot be written until it can.
//!
//! An audit that changes no incident is applied in a transaction that stays open for up to a second,
//! so that a thousand clean audits cost a few `fsync`s. Anything that somebody acts on (an incident
//! change, a claim, a recorded attempt) commits at once, together with what waits.
//!
//! ```text
//!             apply ok                     commit ok
//! backlog ──────────────► open transaction ─────────► backlog emptied
//!    ▲                          │
//!    └────────── rollback ◄─────┘ the disk is full: `Health::Failing`, again every few seconds
//! ```
//!
//! **Invariant.** A report leaves the backlog only after the commit that holds it.

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;
use tracing::info;

use super::audits;
use super::backlog::Backlog;
use super::backlog::Waiting;
use super::command::Command;
use super::command::Write;
use super::glances;
use super::open::Opened;
use super::pace::Pace;
use super::trouble::is_trouble;
use crate::failpoint;
use crate::progress::Progress;
use crate::report::Report;
use crate::store::Fleet;
use crate::store::Health;
use crate::store::Receipt;
use crate::store::StoreError;

/// A batch of this many audits is committed without waiting longer.
const BATCH_MAX: usize = 512;

/// The owner of the connection.
pub(super) struct Writer {
    opened: Opened,
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

/// Shows an audit to the pages. One that cannot be shown is committed all the same.
fn glance(connection: &Connection, fleet: &Fleet, report: &Report) {
    if let Err(error) = glances::note(connection, fleet, report) {
        error!(error = %error, database.name = report.database, "could not note a glance");
    }
}

impl Writer {
    pub(super) fn new(
        opened: Opened,
        pace: Pace,
        health: watch::Sender<Health>,
        outbox: Arc<Notify>,
        fleet: Fleet,
    ) -> Self {
        let backlog = Backlog::default();
        Self {
            opened,
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
        loop {
            self.progress.note();
            let tick = Instant::now() + self.pace.tick;
            let wake = self.commit_at.into_iter().chain(self.retry_at).fold(tick, Instant::min);
            let received = runtime
                .block_on(async { tokio::time::timeout_at(wake, commands.recv()).await.ok() });
            match received {
                None => self.guarded(Self::on_time),
                Some(None) => return None,
                Some(Some(Command::Close(reply))) => return Some(reply),
                Some(Some(command)) => self.guarded(|it| it.handle(command)),
            }
            // A steady stream of commands must not starve the deadlines.
            let now = Instant::now();
            if self.commit_at.is_some_and(|at| at <= now) {
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

    fn handle(&mut self, command: Command) {
        match command {
            Command::Audit(waiting) => self.audit(*waiting),
            Command::Read(read) => read(&self.opened.connection),
            Command::Write(write) => self.write(write),
            Command::Close(_) => {}
        }
    }

    fn audit(&mut self, mut waiting: Waiting) {
        let Some(retry_at) = self.retry_at else {
            self.backlog.push(waiting);
            return self.apply_backlog();
        };
        if retry_at <= Instant::now() {
            self.backlog.push_bounded(waiting);
            return self.apply_backlog();
        }
        // One try for all of them, then.
        let reason = match &*self.health.borrow() {
            Health::Failing { reason, .. } => reason.clone(),
            Health::Ok => "the writer is recovering".to_owned(),
        };
        let database = waiting.audit.report.database.clone();
        waiting.answer(Err(StoreError::Deferred { database, reason: reason.clone() }));
        self.backlog.push_bounded(waiting);
        self.say_failing(reason);
    }

    /// Applies what is not applied yet; commits if somebody acts on it, or if the batch is full.
    fn apply_backlog(&mut self) {
        let mut commit_now = self.retry_at.is_some() || self.backlog.len() >= BATCH_MAX;
        if let Err(error) = self.begin() {
            return self.fail(&error);
        }
        let mut changed = false;
        while let Some(waiting) = self.backlog.get_mut(self.applied) {
            self.applying = true;
            let applied =
                audits::apply_alone(&self.opened.connection, &waiting.audit, &waiting.prepared);
            self.applying = false;
            match applied {
                Ok(it) => {
                    commit_now |= it.incident_changed;
                    self.deliveries += it.deliveries;
                    if it.kept {
                        glance(&self.opened.connection, &self.fleet, &waiting.audit.report);
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
                Err(error) if is_trouble(&error) || self.opened.connection.is_autocommit() => {
                    return self.fail(&error);
                }
                Err(source) => {
                    // Its own fault: the others must not wait behind it.
                    if let Some(mut waiting) = self.backlog.remove(self.applied) {
                        waiting.answer(Err(StoreError::Write { what: "audit", source }));
                    }
                }
            }
        }
        if commit_now {
            // A failure is handled there.
            let _ = self.commit();
            if changed {
                self.fleet.told();
            }
        } else {
            for waiting in self.backlog.iter_mut() {
                waiting.acknowledge(false);
            }
            let at = Instant::now() + self.pace.group_commit;
            self.commit_at.get_or_insert(at);
        }
    }

    fn write(&mut self, write: Write) {
        let begun = self
            .begin()
            .and_then(|()| self.opened.connection.execute_batch("savepoint one"))
            .inspect_err(|error| self.fail(error));
        if let Err(error) = begun {
            let (error, finish) = write(Err(error));
            return finish(error.map_or(Ok(()), Err));
        }
        let (error, finish) = write(Ok(&self.opened.connection));
        let Some(error) = error else {
            return match self.commit() {
                Ok(()) => {
                    finish(Ok(()));
                    self.fleet.told();
                }
                Err(error) => finish(Err(error)),
            };
        };
        if is_trouble(&error) || self.opened.connection.is_autocommit() {
            self.fail(&error);
        } else if let Err(error) =
            self.opened.connection.execute_batch("rollback to one; release one")
        {
            self.fail(&error);
        } else if self.applied == 0 {
            self.roll_back();
        }
        finish(Err(error));
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

    /// Writes something, to see whether that is possible again.
    fn probe(&mut self) {
        let probe = "/* writer.probe */ update meta set value = value where key = 'epoch'";
        let written = self
            .begin()
            .and_then(|()| self.opened.connection.execute(probe, []).map(drop))
            .map_err(|error| self.fail(&error));
        if written.is_ok() {
            // A failure is handled there.
            let _ = self.commit();
        }
    }

    fn begin(&mut self) -> rusqlite::Result<()> {
        if self.opened.connection.is_autocommit() {
            self.applied = 0;
            self.deliveries = 0;
            self.opened.connection.execute_batch("begin immediate")?;
        }
        Ok(())
    }

    /// Commits the open transaction; on success everything that was applied is acknowledged.
    fn commit(&mut self) -> rusqlite::Result<()> {
        if self.deliveries > 0 {
            failpoint::reach("audit.applied");
        }
        if let Err(error) = self.opened.connection.execute_batch("commit") {
            self.fail(&error);
            return Err(error);
        }
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

    /// The state cannot be written: nothing of the open transaction holds, everything waits.
    fn fail(&mut self, error: &rusqlite::Error) {
        self.roll_back();
        let reason = error.to_string();
        for waiting in self.backlog.iter_mut() {
            waiting.receipt = None;
            let database = waiting.audit.report.database.clone();
            waiting.answer(Err(StoreError::Deferred { database, reason: reason.clone() }));
        }
        if *self.health.borrow() == Health::Ok {
            error!(
                error = reason,
                state.waiting = self.backlog.len(),
                "the state cannot be written: {reason}; audits go on, their reports wait in memory",
            );
        }
        self.retry_at = Some(Instant::now() + self.pace.retry);
        self.say_failing(reason);
    }

    fn roll_back(&mut self) {
        if !self.opened.connection.is_autocommit()
            && let Err(error) = self.opened.connection.execute_batch("rollback")
        {
            error!(error = %error, "could not roll back in the state: {error}");
        }
        self.applied = 0;
        self.deliveries = 0;
        self.commit_at = None;
    }

    fn say_failing(&self, reason: String) {
        let (waiting, dropped) = (self.backlog.len(), self.backlog.dropped);
        self.health.send_modify(|health| {
            let since = match health {
                Health::Failing { since, .. } => *since,
                Health::Ok => std::time::Instant::now(),
            };
            *health = Health::Failing { since, reason, waiting, dropped };
        });
    }

    fn recover(&mut self, written: usize) {
        self.retry_at = None;
        self.backlog.dropped = 0;
        if *self.health.borrow() == Health::Ok {
            return;
        }
        if let Health::Failing { since, dropped, .. } = self.health.send_replace(Health::Ok) {
            info!(
                state.failing_s = since.elapsed().as_secs(),
                state.written = written,
                state.dropped = dropped,
                "the state can be written again; {written} waiting reports are on disk",
            );
        }
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
