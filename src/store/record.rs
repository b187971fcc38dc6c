//! What goes into the store and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Life;
use crate::incident::Reason;
use crate::incident::Step;
use crate::notification::Notification;
use crate::policy::Policy;
use crate::report::Report;
use crate::report::Verdict;

/// One audit to commit.
#[derive(Clone, Debug)]
pub struct AuditCommit {
    pub report: Arc<Report>,
    /// When it ended: the instant of every change that follows from it, however late that is written.
    pub now: Timestamp,
    /// The database's labels, for its notifications.
    pub labels: BTreeMap<String, String>,
    /// What its server is called, for outages.
    pub server: String,
    /// How its incidents live.
    pub life: Life,
    /// Whom to tell, if there is something to tell.
    pub policy: Arc<Policy>,
}

/// What became of a committed audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    /// Incident transitions, in the order in which they are told.
    pub transitions: Vec<TransitionRecord>,
    /// Whether it is on disk already. Always, where an incident changed.
    pub durable: bool,
    /// The next audit of the database should come after this time, unless its tick is earlier.
    pub recheck: Option<Duration>,
}

/// One incident transition, for logs and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionRecord {
    pub incident: IncidentId,
    pub kind: IncidentKind,
    /// What the incident is about: not always the database that was audited.
    pub subject: String,
    pub step: Step,
    pub reason: Reason,
}

/// What is known of one database from its audits.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseState {
    pub name: String,
    pub manifest: String,
    /// Hash of the resolved manifest that the last audit compared with.
    pub manifest_hash: Option<String>,
    /// Of the last audit.
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub audited_at: Timestamp,
    pub duration: Duration,
    /// Findings of the last audit; and those of them that count.
    pub findings: u64,
    pub counting: u64,
    /// When its first audit was committed.
    pub first_seen_at: Timestamp,
    /// When the verdict last became another one.
    pub verdict_since: Timestamp,
    pub last_complete_at: Option<Timestamp>,
    /// Whether a complete read ever found tables of its manifest there.
    pub ever_populated: bool,
    /// `unknown` verdicts in a row.
    pub unknown_streak: u32,
    /// Findings were seen that another audit has to confirm.
    pub suspected: bool,
}

/// Which incidents to list, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// In one of these states; in any, where it is empty.
    pub states: Vec<IncidentState>,
    /// About this database.
    pub database: Option<String>,
    pub kind: Option<IncidentKind>,
    /// At most so many.
    pub limit: usize,
}

/// One incident, and what is to be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRow {
    pub incident: Incident,
    /// Why it went the way it last went: the word of a [`Reason`], or `findings_gone`.
    pub reason: String,
    /// What told its last change, or would have told it were it not muted; `None` where an earlier
    /// version wrote it.
    pub facts: Option<Notification>,
    /// Something of it was muted, and is told when nothing mutes it any more.
    pub untold: bool,
}

/// One line of the audit trail of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentEvent {
    pub at: Timestamp,
    /// The word of a [`Step`].
    pub step: String,
    /// The word of a [`Reason`].
    pub reason: String,
    /// The name of the token, where a person did it.
    pub actor: Option<String>,
    pub note: Option<String>,
}

/// What became of what a person wanted to do with an incident.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one a request")]
pub enum Handled {
    /// As it is stored now.
    Done(Incident),
    /// It was so before.
    Already,
    /// It is over.
    Resolved,
    NoSuch,
}

/// One audit, as history keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub database: String,
    /// When it began.
    pub at: Timestamp,
    pub verdict: Verdict,
    pub complete: bool,
    pub duration: Duration,
    /// All findings; and those of them that count.
    pub findings: u64,
    pub counting: u64,
    pub reason: Option<String>,
}

/// The due deliveries that were claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// At most one a channel.
    pub deliveries: Vec<Claimed>,
    /// When the next one that was not claimed is due (or its lease ends), among channels that are
    /// not busy. Others may become due when a busy channel is free.
    pub next_due: Option<Timestamp>,
}

/// One claimed delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The same in every attempt: the receiver's key to drop duplicates.
    pub id: Uuid,
    pub channel: String,
    pub created_at: Timestamp,
    /// Number of the attempt that this claim is for; the first is 1.
    pub attempt: u32,
    /// The receiver refused the full message: send the shortest form.
    pub minimal: bool,
    /// In the order in which they happened; at least one.
    pub notifications: Vec<Notification>,
    /// The fencing epoch of the claim.
    pub epoch: i64,
}

/// One attempt that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The delivery.
    pub delivery: Uuid,
    /// Of its claim.
    pub epoch: i64,
    /// Its number; the first is 1.
    pub number: u32,
    /// When it ended.
    pub at: Timestamp,
    pub duration: Duration,
    pub end: AttemptEnd,
}

/// How an attempt ended. `failure` is a closed word (`timeout`, `rate_limited`, …), `detail` a line
/// for people without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    Delivered {
        answer: String,
    },
    /// To be tried again at `due_at`.
    Again {
        due_at: Timestamp,
        minimal: bool,
        failure: String,
        detail: String,
    },
    /// Ended without success.
    Abandoned {
        failure: String,
        detail: String,
    },
}

/// What became of the deliveries that waited for a channel which is not configured any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerouted {
    pub from: String,
    /// `None` where every channel of the route was told already: they are abandoned.
    pub to: Option<String>,
    pub deliveries: usize,
}

/// What the outbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Deliveries that wait or are being sent.
    pub pending: u64,
    /// Age of the oldest of them.
    pub oldest: Option<Duration>,
    /// Deliveries that ended without success, as far as history is kept.
    pub abandoned: u64,
}

/// How much history was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub audits: usize,
    pub incidents: usize,
    pub deliveries: usize,
}

impl Pruned {
    /// Whether there was nothing (more) to delete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether the state can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// Audits go on; their reports wait in memory and are written when that is possible again.
    Failing {
        /// Monotonic, so that a clock that jumps does not change how long it has lasted.
        since: Instant,
        reason: String,
        /// Reports that wait.
        waiting: usize,
        /// Reports that were dropped because too many waited.
        dropped: u64,
    },
}
