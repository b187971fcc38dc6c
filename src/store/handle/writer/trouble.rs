//! What the writer does while the state cannot be written: keeps what comes, says so, tries again, and says that it is
//! over.

use tokio::time::Instant;
use tracing::error;
use tracing::info;

use super::Writer;
use crate::store::Health;
use crate::store::StoreError;
use crate::store::handle::backlog::Waiting;
use crate::store::sql;

impl Writer {
    /// Keeps an audit until the state can be written again.
    pub(super) fn defer(&mut self, mut waiting: Waiting) {
        waiting.audit.deferred = true;
        // One try for all of them, then.
        let reason = self.reason();
        let database = waiting.audit.report.database.clone();
        waiting.answer(Err(StoreError::Deferred { database, reason: reason.clone() }));
        self.backlog.push_bounded(waiting);
        self.say_failing(reason);
    }

    /// Why the state cannot be written.
    pub(super) fn reason(&self) -> String {
        match &*self.health.borrow() {
            Health::Failing { reason, .. } => reason.clone(),
            Health::Ok => "the writer is recovering".to_owned(),
        }
    }

    /// Writes something, to see whether that is possible again.
    pub(super) fn probe(&mut self) {
        let probe = "/* writer.probe */ update meta set value = value where key = 'epoch'";
        let written = self
            .begin()
            .and_then(|()| self.connection.execute(probe, ()).map(drop))
            .map_err(|error| self.fail(&error));
        if written.is_ok() {
            // A failure is handled there.
            let _ = self.commit();
        }
    }

    /// The state cannot be written: nothing of the open transaction holds, everything waits.
    pub(super) fn fail(&mut self, error: &sql::Error) {
        self.roll_back();
        self.ahead.clear();
        let reason = error.to_string();
        for waiting in self.backlog.iter_mut() {
            waiting.receipt = None;
            waiting.audit.deferred = true;
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

    pub(super) fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.roll_back()
        {
            error!(error = %error, "could not roll back in the state: {error}");
        }
        self.applied = 0;
        self.deliveries = 0;
        self.commit_at = None;
    }

    pub(super) fn say_failing(&self, reason: String) {
        let (waiting, dropped) = (self.backlog.len(), self.backlog.dropped);
        self.health.send_modify(|health| {
            let since = match health {
                Health::Failing { since, .. } => *since,
                Health::Ok => std::time::Instant::now(),
            };
            *health = Health::Failing { since, reason, waiting, dropped };
        });
    }

    pub(super) fn recover(&mut self, written: usize) {
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
}
