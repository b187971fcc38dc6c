//! What goes into the store and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use super::Turn;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Life;
use crate::incident::Reason;
use crate::incident::Step;
use crate::metrics::Suppressed;
use crate::notification::Notification;
use crate::policy::Policy;
use crate::report::Report;
use crate::report::Verdict;
use crate::reset;
use crate::silence::Mute;

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
    /// What is known of its storage from now on, where that is worth writing down.
    pub known: Option<reset::Known>,
    /// The version of what was known when the audit began: an audit that began before a person accepted
    /// what it saw is overtaken. `None`: it had none to go by.
    pub known_version: Option<i64>,
    /// Where it was seen to live, in the form of [`crate::schema::Residence`].
    pub residence: Option<String>,
    /// What it was made under, where several replicas share the state; `None` where the state could not be
    /// asked: such an audit counts where nothing later is recorded.
    pub turn: Option<Turn>,
    /// When the database is due again by its schedule, for whichever replica asks then.
    pub next_due: Timestamp,
    /// It could not be committed when it ended. The store sets this.
    pub deferred: bool,
}

/// A person's word that what a database holds is what it should be known by.
#[derive(Clone, Debug)]
pub struct AcceptReset {
    pub database: String,
    /// The name of a token.
    pub by: String,
    pub reason: String,
    pub policy: Arc<Policy>,
    pub now: Timestamp,
}

/// What became of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was never audited.
    NoSuch,
    /// There is nothing to accept.
    Nothing,
    /// The incidents that ended by it.
    Done(Vec<TransitionRecord>),
}

/// What an audit goes by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    pub known: Option<reset::Known>,
    /// Of `known`.
    pub known_version: i64,
    pub last_complete_at: Option<Timestamp>,
    /// Whether a complete read ever found tables of its manifest there.
    pub ever_populated: bool,
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
    /// It would have opened an incident of its own, were that not told by that of its server.
    pub inhibited: bool,
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
    /// Why nobody was told of it, where that is so.
    pub suppressed: Option<Suppressed>,
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
    /// Where it was last seen to live, in the form of [`crate::schema::Residence`].
    pub residence: Option<String>,
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
    /// By what, at its last change.
    pub muted_by: Option<Mute>,
}

/// What history says of a stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The oldest audit that history keeps.
    pub history_from: Option<Timestamp>,
    /// Registered databases, by name.
    pub databases: Vec<Coverage>,
    /// Incidents that are open, or were opened or resolved in that time, oldest first.
    pub incidents: Vec<IncidentRow>,
    /// There are more than those.
    pub more: bool,
}

/// How well a database was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    pub database: String,
    pub manifest: String,
    pub audits: u64,
    /// Those that read everything.
    pub complete: u64,
    pub clean: u64,
    pub drifted: u64,
    pub unknown: u64,
    /// The longest time without a complete audit.
    pub longest_gap: Duration,
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
    /// How many relations it read; `None` where it could not, or an earlier version wrote it.
    pub relations: Option<u64>,
    pub reason: Option<String>,
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

/// What mutes at some instant: when that changes, something may have to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muting {
    /// Ids of silences.
    pub silences: Vec<i64>,
    /// Names of maintenance windows.
    pub windows: Vec<String>,
    /// How many silences have ended, as far as they are kept: one that began and ended between two
    /// looks is in neither list.
    pub ended: i64,
}

/// What the timekeeper asks for.
#[derive(Clone, Debug)]
pub struct TimePass {
    pub policy: Arc<Policy>,
    pub now: Timestamp,
    /// What muted at the last pass; `None` has everything looked at that was kept back.
    pub muted: Option<Muting>,
    /// How far the last pass came with that, where it did not reach the end.
    pub after: Option<i64>,
    /// The routes may be others than before: reminders are due by what they say now.
    pub reconsider: bool,
}

/// What a pass did.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeKept {
    pub transitions: Vec<TransitionRecord>,
    pub muting: Muting,
    /// For [`TimePass::after`].
    pub more_after: Option<i64>,
    /// Incidents of which, now that nothing mutes them, everybody knows what there is to tell.
    pub known_already: usize,
}
