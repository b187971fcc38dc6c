//! What goes into the outbox and what comes out of it: deliveries, their attempts, and the channels that
//! they are for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::incident::IncidentId;
use crate::notification::Notification;
use crate::notification::Thread;
use crate::policy::Policy;

/// The due deliveries that were claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// At most one a channel.
    pub deliveries: Vec<Claimed>,
    /// When the next one that was not claimed is due (or its lease ends), among channels that are
    /// not busy. Others may become due when a busy channel is free.
    pub next_due: Option<Timestamp>,
}

/// The least time between two messages to a channel, where its receiver wants one.
pub type Paces = BTreeMap<String, Duration>;

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
    /// Those of them that are in no delivery yet.
    pub gathered: u64,
    /// Age of the oldest delivery among them.
    pub oldest: Option<Duration>,
    /// How long something has been due that is not sent yet, on channels that are not parked.
    pub overdue: Duration,
    /// Deliveries that ended without success, as far as history is kept.
    pub abandoned: u64,
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
    /// Those that carry something about this incident.
    pub incident: Option<IncidentId>,
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
