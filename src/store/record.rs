//! What goes into the store and what comes out of it.

use std::collections::BTreeMap;
use std::fmt;
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
use crate::notification::Thread;
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
    /// What all of it is about, where that is one thread.
    pub thread: Option<Thread>,
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
    /// The receiver said that the channel itself is wrong: it is parked.
    pub broken: bool,
    /// Whom to tell of a channel that is parked, or that takes messages again.
    pub policy: Arc<Policy>,
}

/// How an attempt ended. `failure` is a closed word (`timeout`, `rate_limited`, …), `detail` a line
/// for people without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    Delivered {
        answer: String,
        /// What kind of failure it was for some of several recipients, who will not have it.
        failure: Option<String>,
    },
    /// To be tried again at `due_at`.
    Again { due_at: Timestamp, minimal: bool, failure: String, detail: String },
    /// Ended without success.
    Abandoned { failure: String, detail: String },
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
    /// Deliveries that wait or are being sent, and notifications that are gathered for one.
    pub pending: u64,
    /// Age of the oldest delivery among them.
    pub oldest: Option<Duration>,
    /// How long something has been due that is not sent yet, on channels that are not parked.
    pub overdue: Duration,
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

/// A channel that its receiver says is wrong. Nothing is sent to it but one try an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub channel: String,
    pub since: Timestamp,
    /// A closed word: `auth`, `client`, ….
    pub failure: String,
    /// A line for people, without secrets.
    pub detail: String,
}

/// What is wrong with a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTrouble {
    pub channel: String,
    pub kind: TroubleKind,
    pub since: Timestamp,
    /// The incident that is open about it; a channel that has not failed for long has none.
    pub incident: Option<IncidentId>,
    /// A line for people, without secrets.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    Parked,
    /// Nothing arrives, and it goes on being tried.
    Failing,
    /// A message was given up, and none has arrived since.
    GaveUp,
}

impl fmt::Display for ChannelTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, kind, since, incident, detail } = self;
        let what = match kind {
            TroubleKind::Parked => "is parked since",
            TroubleKind::Failing => "is failing since",
            TroubleKind::GaveUp => "has taken nothing since a message was given up at",
        };
        write!(f, "channel {channel} {what} {since}")?;
        if let Some(incident) = incident {
            write!(f, " ({incident})")?;
        }
        write!(f, ": {detail}")
    }
}

/// What a channel was told of an incident that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldOpen {
    pub notification: Notification,
    /// It took the minimal form, and had refused the full one.
    pub minimal: bool,
}

/// An Alertmanager was told again of what is open, or could not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Resend {
    pub channel: String,
    pub at: Timestamp,
    pub end: ResendEnd,
    /// Whom to tell of the channel.
    pub policy: Arc<Policy>,
}

/// How that ended; the words are those of [`AttemptEnd`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResendEnd {
    Taken,
    Failed {
        failure: String,
        detail: String,
    },
    /// The channel itself is wrong: the next try comes at `due_at`.
    Broken {
        failure: String,
        detail: String,
        due_at: Timestamp,
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
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    Pending,
    Sending,
    Delivered,
    /// Given up.
    Abandoned,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sending, Self::Delivered, Self::Abandoned];

    /// The one that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// The word used in state and API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Which deliveries to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub state: Option<DeliveryState>,
    pub channel: Option<String>,
    /// The newest so many.
    pub limit: usize,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    pub id: Uuid,
    pub channel: String,
    pub state: DeliveryState,
    /// When it was made, or last given another chance.
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub attempts: u32,
    /// Of the last attempt: a closed word, and a line for people without secrets. Of one that was
    /// delivered, what the receiver answered; with a word, some of several recipients did not get it.
    pub failure: Option<String>,
    pub detail: Option<String>,
    /// How many notifications it carries, and the first of them in words.
    pub notifications: usize,
    pub headline: String,
}

/// One delivery with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryDetail {
    pub row: DeliveryRow,
    /// In their order.
    pub attempts: Vec<AttemptRow>,
    /// In their order.
    pub carries: Vec<Carried>,
}

/// One attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    pub number: u32,
    pub at: Timestamp,
    pub duration: Duration,
    /// `delivered`, `again` or `abandoned`.
    pub outcome: String,
    pub failure: Option<String>,
    pub detail: String,
}

/// One notification of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// `SW-1042`.
    pub incident: IncidentId,
    /// `incident.opened`, ….
    pub kind: String,
    /// What the incident is about; where it is about a database, that as well.
    pub subject: String,
    pub database: String,
    pub headline: String,
}

/// What to try again now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// All that waits for a channel, and what was given up there and is still news.
    Channel(String),
    /// One delivery that waits or was given up.
    Delivery(Uuid),
}
