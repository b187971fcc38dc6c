//! The durable life of one kind of trouble on one database, as a pure rule.
//!
//! [`advance()`] takes what is stored and what one audit said, and returns what should be stored and
//! told. It has no clock and does no I/O; the store calls it inside the transaction that commits the
//! audit, so that an incident and its notifications can never disagree.
//!
//! **Invariants.** `unknown` opens no drift incident and resolves none. A partial read may open an
//! incident; only a complete one may resolve it. One open incident per database (or server, manifest,
//! channel, discovery) and kind. With the default [`Life`] the first audit that sees a finding opens its incident.

mod advance;
mod handle;
mod memory;
mod observe;
mod server;
mod transition;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

pub use advance::Advance;
pub use advance::RECHECK_FAILING;
pub use advance::RECHECK_FINDINGS;
pub use advance::UNKNOWN_MAX;
pub use advance::advance;
pub use advance::close_unregistered;
pub use advance::kind_of;
pub use handle::accept_reset;
pub use handle::acknowledge;
pub use handle::release;
pub use memory::HeldTo;
pub use memory::Memory;
pub use memory::SUSPECTS_MAX;
pub use server::Outage;
pub use server::Server;
pub use server::outage;
pub use server::told_by_server;
pub use transition::Change;
pub use transition::Reason;
pub use transition::Step;
pub use transition::Transition;

/// Kinds of trouble. Later steps add more; the words never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// All schema findings of one database.
    Drift,
    /// None of the tables of its manifest is there, or another database answers.
    WrongDatabase,
    /// It was emptied and built anew, or tables of it were emptied.
    Reset,
    /// Two names are registered for one database.
    SameDatabase,
    /// Several `unknown` verdicts in a row.
    AuditFailing,
    /// A server that answers for none of its databases.
    ServerUnreachable,
    /// A manifest whose change would make a large part of its databases drift.
    ManifestSuspect,
    /// A channel that is broken, or that gave a message up.
    ChannelParked,
    /// A registry that names far fewer databases than before, or cannot be read.
    RegistryShrunk,
}

/// What an incident is about; [`Incident::subject`] is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    Database,
    Server,
    Manifest,
    Channel,
    Discovery,
}

impl About {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Database, Self::Server, Self::Manifest, Self::Channel, Self::Discovery];

    /// The word that the API uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Server => "server",
            Self::Manifest => "manifest",
            Self::Channel => "channel",
            Self::Discovery => "discovery",
        }
    }
}

impl IncidentKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Drift,
        Self::WrongDatabase,
        Self::Reset,
        Self::SameDatabase,
        Self::AuditFailing,
        Self::ServerUnreachable,
        Self::ManifestSuspect,
        Self::ChannelParked,
        Self::RegistryShrunk,
    ];

    /// What incidents of this kind are about.
    #[must_use]
    pub fn about(self) -> About {
        match self {
            Self::Drift
            | Self::WrongDatabase
            | Self::Reset
            | Self::SameDatabase
            | Self::AuditFailing => About::Database,
            Self::ServerUnreachable => About::Server,
            Self::ManifestSuspect => About::Manifest,
            Self::ChannelParked => About::Channel,
            Self::RegistryShrunk => About::Discovery,
        }
    }

    /// The one that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// The word used in state, API and messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::WrongDatabase => "wrong_database",
            Self::Reset => "reset",
            Self::SameDatabase => "same_database",
            Self::AuditFailing => "audit_failing",
            Self::ServerUnreachable => "server_unreachable",
            Self::ManifestSuspect => "manifest_suspect",
            Self::ChannelParked => "channel_parked",
            Self::RegistryShrunk => "registry_shrunk",
        }
    }
}

/// Where an incident is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IncidentState {
    Open,
    /// A person has seen it: it is quiet until its findings grow.
    Acknowledged,
    Resolved,
}

impl IncidentState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Resolved];

    /// The one that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// The word used in state and API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// Short and stable: `SW-1042`. Numbers start at 1001 in a new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub u64);

impl IncidentId {
    /// Of an incident that opens: the store gives it a number when it is written.
    pub const UNASSIGNED: Self = Self(0);
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SW-{}", self.0)
    }
}

/// A text that is no incident id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an incident id looks like `SW-1042`")]
pub struct NotAnIncidentId;

impl FromStr for IncidentId {
    type Err = NotAnIncidentId;

    fn from_str(text: &str) -> Result<Self, NotAnIncidentId> {
        let digits = text.strip_prefix("SW-").ok_or(NotAnIncidentId)?;
        digits.parse().map(Self).map_err(|_| NotAnIncidentId)
    }
}

/// How the incidents of one database live, from the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// So many audits in a row have to see a finding before it opens an incident or joins one.
    pub confirm: u32,
    /// So many `unknown` verdicts in a row open an `audit_failing` incident.
    pub confirm_failing: u32,
    /// What returns within this time of having gone is the same trouble, told once as flapping.
    pub flap_window: Duration,
}

impl Default for Life {
    fn default() -> Self {
        Self { confirm: 1, confirm_failing: UNKNOWN_MAX, flap_window: Duration::from_mins(10) }
    }
}

/// Who has seen an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The name of the token.
    pub by: String,
    pub at: Timestamp,
    pub note: Option<String>,
}

/// One incident as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Given by the store when it opens.
    pub id: IncidentId,
    /// What kind of trouble.
    pub kind: IncidentKind,
    /// The name of what [`IncidentKind::about`] says: a registered database, a server, a manifest, a
    /// channel or a discovery.
    pub subject: String,
    pub state: IncidentState,
    pub opened_at: Timestamp,
    /// When its findings last changed.
    pub changed_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// Fingerprints (hex) of the findings it holds now, sorted. For `audit_failing`, empty.
    pub fingerprints: Vec<String>,
    /// It came back within the flap window: it resolves only after that long without findings.
    pub flapping: bool,
    /// Since when complete reads found nothing of it; while it is flapping.
    pub clean_since: Option<Timestamp>,
    /// Findings that went away within the last flap window, and when.
    pub gone: BTreeMap<String, Timestamp>,
    pub acknowledged: Option<Acknowledged>,
}

impl Incident {
    /// One that opens now, without findings.
    #[must_use]
    pub fn opened(kind: IncidentKind, subject: &str, now: Timestamp) -> Self {
        Self {
            id: IncidentId::UNASSIGNED,
            kind,
            subject: subject.to_owned(),
            state: IncidentState::Open,
            opened_at: now,
            changed_at: now,
            resolved_at: None,
            fingerprints: Vec::new(),
            flapping: false,
            clean_since: None,
            gone: BTreeMap::new(),
            acknowledged: None,
        }
    }

    /// The same, which resolves now.
    #[must_use]
    pub fn resolved(self, now: Timestamp) -> Self {
        Self { state: IncidentState::Resolved, changed_at: now, resolved_at: Some(now), ..self }
    }
}
