//! What one incident has to say to one channel.
//!
//! A [`Notification`] is complete in itself: it is written into the outbox in the transaction that
//! changes the incident, and rendered by a channel possibly days later, after a restart, when the
//! database may look quite different. So it holds the facts of its moment, already made visible
//! (never raw bytes), and no reference to anything that may be gone.

mod anew;
mod digest;
mod news;
mod origin;
mod outage;
mod plan;
mod removed;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

pub use anew::Anew;
pub use anew::Since;
pub use anew::anew;
pub use digest::Cause;
pub use digest::Digest;
pub use digest::digest;
pub use digest::newest;
pub use news::News;
pub use news::again;
pub use news::gone_since;
pub use news::news;
pub use news::type_of;
pub use origin::Actor;
pub use origin::Came;
pub use origin::NotifiedAct;
pub use origin::NotifiedOrigin;
pub use origin::actors;
pub use origin::joined;
pub use outage::Resident;
pub use outage::ServerNews;
pub use outage::common_labels;
pub use outage::server_news;
pub use outage::told_by_server;
pub use plan::Told;
pub use plan::hold;
pub use plan::lasted;
pub use plan::plan;
pub use removed::Removed;
pub use removed::removed;

/// Notification types. The words are published (webhook `type`) and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NotificationType {
    #[serde(rename = "incident.opened")]
    Opened,
    #[serde(rename = "incident.changed")]
    Changed,
    #[serde(rename = "incident.reminder")]
    Reminder,
    #[serde(rename = "incident.resolved")]
    Resolved,
    #[serde(rename = "test")]
    Test,
}

impl NotificationType {
    /// The published word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "incident.opened",
            Self::Changed => "incident.changed",
            Self::Reminder => "incident.reminder",
            Self::Resolved => "incident.resolved",
            Self::Test => "test",
        }
    }
}

/// What an incident has to say, complete in itself. Stored as JSON in the outbox; fields may be
/// added (with `#[serde(default)]`), never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    #[serde(rename = "type")]
    pub kind: NotificationType,
    /// Why now: `new_findings`, `all_findings_gone`, `audits_failed`, `audited_again`, ….
    pub reason: String,
    /// `SW-1042`; `None` for a test.
    pub incident: Option<String>,
    /// `drift`, `wrong_database`, `audit_failing`; `None` for a test.
    pub incident_kind: Option<String>,
    /// What it is about: the database, or a server, a manifest, a channel. Empty where an earlier
    /// version wrote it: then it is the database.
    #[serde(default)]
    pub subject: String,
    /// Empty where it is not about a database.
    pub database: String,
    pub manifest: String,
    pub labels: std::collections::BTreeMap<String, String>,
    /// The worst severity among the findings: `critical`, `warning`, `info`.
    pub severity: String,
    /// One line: "central: 21 tables that should not be there".
    pub headline: String,
    /// One sentence each, the best first.
    pub diagnoses: Vec<String>,
    /// The findings of the incident now (for resolved: those it last held), at most
    /// [`FINDINGS_MAX`], in report order.
    pub findings: Vec<NotifiedFinding>,
    /// How many findings there are in all; may exceed `findings.len()`.
    pub findings_total: usize,
    /// How many of them are new since the last notification of this incident.
    pub new_total: usize,
    /// How many went away since the last notification of this incident.
    #[serde(default)]
    pub gone_total: usize,
    /// Roles that own the tables it is about, made visible, each once.
    #[serde(default)]
    pub owners: Vec<String>,
    /// Who made, changed or dropped what is new in it, as far as an observer noted that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<Actor>,
    /// When what is new in it came.
    #[serde(default, skip_serializing_if = "Came::is_unknown")]
    pub came: Came,
    /// Of the manifest that it was compared with.
    #[serde(default)]
    pub manifest_hash: String,
    /// The `--ref` of the deploy that brought that manifest.
    #[serde(default)]
    pub manifest_ref: Option<String>,
    /// What the route says about how to tell it.
    #[serde(default)]
    pub told: HowTold,
    /// Other severities with which its channel was told of this incident before. Some receivers know an
    /// alert by its severity as well, and would keep those for ever.
    #[serde(default)]
    pub former_severities: Vec<FormerSeverity>,
    /// Why the audits fail; for `audit_failing`, or for drift seen on a partial read.
    pub unknown_reason: Option<String>,
    /// When the audit behind this notification ran.
    pub audited_at: Timestamp,
    pub opened_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// What to do next, one command or sentence each.
    pub next_steps: Vec<String>,
    /// Role that read, and what `information_schema` would have hidden: for the footer.
    pub evidence: String,
}

/// What a route says about how its notifications look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HowTold {
    /// Whom to call, in the receiver's own syntax. From the config, so it may act.
    pub mention: Option<String>,
    pub runbook_url: Option<String>,
    /// Names listed in one message.
    pub max_items: Option<usize>,
}

/// A severity that an incident had when a channel was last told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSeverity {
    pub severity: String,
    /// When the channel was told of another one.
    pub until: Timestamp,
}

/// A mention longer than this does not act: no list of people is that long.
pub const MENTION_MAX: usize = 300;

/// What the messages of one channel about the same incidents have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The incident that leads the message in which they were first told there, `SW-1042`.
    pub key: String,
    /// How many of them are not yet told as resolved there, once this message has arrived.
    pub open: usize,
}

impl Notification {
    /// What it is about: the database, or the server, manifest or channel.
    #[must_use]
    pub fn about(&self) -> &str {
        if self.subject.is_empty() { &self.database } else { &self.subject }
    }

    /// The same as somebody reads it who never heard of the incident: all of it is new.
    #[must_use]
    pub fn told_first(&self) -> Self {
        let mut it = self.clone();
        it.kind = NotificationType::Opened;
        it.new_total = it.findings_total;
        it.gone_total = 0;
        for finding in &mut it.findings {
            finding.new = true;
        }
        it
    }

    /// The findings in the order in which a message names them: it has room for some, so those come
    /// first that are news in it.
    #[must_use]
    pub fn by_news(&self) -> Vec<&NotifiedFinding> {
        let mut findings: Vec<&NotifiedFinding> = self.findings.iter().collect();
        // Stable: both halves stay in the order of reports.
        findings.sort_by_key(|it| !it.new);
        findings
    }

    /// How bad it is, for sorting: higher is worse.
    #[must_use]
    pub fn severity_rank(&self) -> u8 {
        match self.severity.parse::<crate::finding::Severity>() {
            Ok(crate::finding::Severity::Critical) => 3,
            Ok(crate::finding::Severity::Warning) => 2,
            Ok(crate::finding::Severity::Info) => 1,
            Err(_) => 0,
        }
    }

    /// What is to be known of severities once this was told at `until`, for what tells of `severity`
    /// next.
    #[must_use]
    pub fn severities_before(&self, severity: &str, until: Timestamp) -> Vec<FormerSeverity> {
        if self.kind == NotificationType::Resolved {
            // That ended all of them.
            return Vec::new();
        }
        let last = FormerSeverity { severity: self.severity.clone(), until };
        let mut all = self.former_severities.clone();
        all.retain(|it| it.severity != last.severity);
        all.push(last);
        all.retain(|it| it.severity != severity);
        all
    }

    /// A notification that says nothing, for what does not fill every field.
    #[must_use]
    pub fn blank(now: Timestamp) -> Self {
        Self {
            kind: NotificationType::Test,
            reason: String::new(),
            incident: None,
            incident_kind: None,
            subject: String::new(),
            database: String::new(),
            manifest: String::new(),
            labels: std::collections::BTreeMap::new(),
            severity: "info".to_owned(),
            headline: String::new(),
            diagnoses: Vec::new(),
            findings: Vec::new(),
            findings_total: 0,
            new_total: 0,
            gone_total: 0,
            owners: Vec::new(),
            actors: Vec::new(),
            came: Came::default(),
            manifest_hash: String::new(),
            manifest_ref: None,
            told: HowTold::default(),
            former_severities: Vec::new(),
            unknown_reason: None,
            audited_at: now,
            opened_at: now,
            resolved_at: None,
            next_steps: Vec::new(),
            evidence: String::new(),
        }
    }
}

/// Names that one message lists at most: no receiver has room for more.
pub const ITEMS_MAX: usize = 50;

/// How many findings a notification carries. More are counted, not listed: no receiver shows more.
pub const FINDINGS_MAX: usize = 200;

/// One finding, spelt for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifiedFinding {
    /// `unexpected_table`, …
    pub kind: String,
    pub severity: String,
    /// The object's visible name, schema `public` left out; the database's name where it is about
    /// the whole database.
    pub name: String,
    pub message: String,
    pub hints: Vec<String>,
    pub fingerprint: String,
    /// The role that owns the object, made visible.
    #[serde(default)]
    pub owner: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "NotifiedOrigin::is_unknown")]
    pub origin: NotifiedOrigin,
    /// Whether it is new since the last notification of this incident.
    pub new: bool,
}
