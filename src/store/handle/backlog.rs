//! Audits that are not on disk yet: those of the batch that is about to be committed, and those that
//! wait because the disk is full.
//!
//! It is the only copy of what they say, so entries leave it after a commit and not before. It is
//! bounded: while nothing can be written, equal reports of one database become one, and of different
//! ones the latest few are kept; those that could not tell push out none that could.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::incident;
use crate::report::Verdict;
use crate::store::AuditCommit;
use crate::store::Receipt;
use crate::store::StoreError;
use crate::store::statements::audits::Prepared;

/// Reports that could tell which one database may have waiting.
const TELLING_MAX: usize = 4;
/// `unknown` reports that one database may have waiting: as many as open an incident, so that a disk
/// that was full hides no failing audits.
const UNKNOWN_MAX: usize = incident::UNKNOWN_MAX as usize;
/// Reports that may wait in all.
const WAITING_MAX: usize = 20_000;

/// One audit that waits for its commit.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) audit: AuditCommit,
    pub(super) prepared: Prepared,
    /// Whoever waits for the answer; `None` once answered.
    reply: Option<oneshot::Sender<Result<Receipt, StoreError>>>,
    /// Since it was applied in the open transaction.
    pub(super) receipt: Option<Receipt>,
}

impl Waiting {
    pub(super) fn new(
        audit: AuditCommit,
        prepared: Prepared,
        reply: oneshot::Sender<Result<Receipt, StoreError>>,
    ) -> Self {
        Self { audit, prepared, reply: Some(reply), receipt: None }
    }

    /// Answers whoever still waits. One that does not wait any more is no loss.
    pub(super) fn answer(&mut self, answer: Result<Receipt, StoreError>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }

    /// Answers with the receipt of the open transaction.
    pub(super) fn acknowledge(&mut self, durable: bool) {
        if let Some(receipt) = self.receipt.take() {
            self.answer(Ok(Receipt { durable, ..receipt }));
        }
    }

    fn database(&self) -> &str {
        &self.audit.report.database
    }

    fn is_unknown(&self) -> bool {
        self.audit.report.verdict == Verdict::Unknown
    }

    /// Whether committing only `self` says as much as committing `earlier` and then `self`. `unknown`
    /// ones are counted, so each of them says something.
    fn repeats(&self, earlier: &Self) -> bool {
        self.prepared.hash == earlier.prepared.hash && !self.is_unknown()
    }
}

/// The queue, oldest first.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    queue: VecDeque<Waiting>,
    /// How many were dropped because too many waited.
    pub(super) dropped: u64,
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Waiting> {
        self.queue.get_mut(at)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.queue.iter_mut()
    }

    pub(super) fn remove(&mut self, at: usize) -> Option<Waiting> {
        self.queue.remove(at)
    }

    /// The oldest `count` are on disk.
    pub(super) fn forget(&mut self, count: usize) {
        self.queue.drain(..count.min(self.queue.len()));
    }

    /// Adds to the batch that is about to be committed; the writer keeps that small.
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.queue.push_back(waiting);
    }

    /// Adds while nothing can be written, and keeps within the limits.
    pub(super) fn push_bounded(&mut self, mut waiting: Waiting) {
        let database = waiting.database().to_owned();
        let of_database = |it: &Waiting| it.database() == database;
        if let Some(last) = self.queue.iter().rposition(of_database)
            && waiting.repeats(&self.queue[last])
        {
            // The trouble began when it was first seen.
            waiting.audit.now = self.queue[last].audit.now;
            self.queue[last] = waiting;
            return;
        }
        let unknown = waiting.is_unknown();
        let alike = |it: &Waiting| of_database(it) && it.is_unknown() == unknown;
        let most = if unknown { UNKNOWN_MAX } else { TELLING_MAX };
        if self.queue.iter().filter(|it| alike(it)).count() >= most {
            self.drop_at(self.queue.iter().position(alike));
        }
        if self.queue.len() >= WAITING_MAX {
            self.drop_at(self.queue.iter().position(Waiting::is_unknown).or(Some(0)));
        }
        self.queue.push_back(waiting);
    }

    fn drop_at(&mut self, at: Option<usize>) {
        if at.and_then(|at| self.queue.remove(at)).is_some() {
            self.dropped += 1;
        }
    }
}
