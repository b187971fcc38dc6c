//! What this process has counted since it started: audits, transitions, messages. `/metrics` tells it.
//!
//! Only what the state does not know: what is so *now* (verdicts, open incidents, the outbox) is read
//! when somebody asks. No table's name is ever a label, and a database's only where the config wants it: a
//! fleet of ten thousand must not become a million series.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

/// Buckets of an audit's duration, in seconds: from one on a quiet local server to the deadline.
const AUDIT_BUCKETS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Buckets of the time from a message's first moment to its arrival, in seconds. The last ones are outages.
const LATENCY_BUCKETS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0];

/// The verdict of an audit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AuditLabels {
    /// `clean`, `drifted` or `unknown`.
    pub result: &'static str,
}

/// What became of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TransitionLabels {
    pub kind: &'static str,
    /// `opened`, `changed`, `resolved`, ….
    pub to: &'static str,
}

/// A notification, and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct NotificationLabels {
    pub channel: String,
    /// `incident.opened`, `incident.resolved`, ….
    pub r#type: &'static str,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FailureLabels {
    pub channel: String,
    pub r#type: &'static str,
    /// `auth`, `rate_limited`, `client`, `server`, `timeout`, `io`, `payload`.
    pub reason: String,
}

/// Why nobody was told of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suppressed {
    /// A silence muted it.
    Silence,
    /// A maintenance window muted it.
    Maintenance,
    /// The incident of its server tells it.
    Inhibited,
    /// A person has its incident in hand.
    Acknowledged,
    /// Whoever would hear of it knows it already.
    Dedup,
}

impl Suppressed {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Silence, Self::Maintenance, Self::Inhibited, Self::Acknowledged, Self::Dedup];

    /// The label's value. Published, so it never changes.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Maintenance => "maintenance",
            Self::Inhibited => "inhibited",
            Self::Acknowledged => "acknowledged",
            Self::Dedup => "dedup",
        }
    }
}

/// Why nobody was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SuppressedLabels {
    /// The word of a [`Suppressed`].
    pub reason: &'static str,
}

/// Shared by all loops; clones are the same counters.
#[derive(Clone, Debug)]
pub struct Metrics {
    counted: Arc<Counted>,
}

/// The counters themselves.
#[derive(Debug)]
pub struct Counted {
    pub audits: Family<AuditLabels, Counter>,
    pub audit_duration: Histogram,
    /// Audits that were not made, because the circuit of their server was open.
    pub left_alone: Counter,
    pub transitions: Family<TransitionLabels, Counter>,
    /// Notifications that arrived.
    pub notifications: Family<NotificationLabels, Counter>,
    /// Attempts that failed, each for every notification that it carried.
    pub failures: Family<FailureLabels, Counter>,
    /// Changes of incidents that nobody was told of when they happened.
    pub suppressed: Family<SuppressedLabels, Counter>,
    /// From a delivery's first moment to its arrival.
    pub latency: Histogram,
    /// Deliveries that ended without success.
    pub abandoned: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let counted = Counted {
            audits: Family::default(),
            audit_duration: Histogram::new(AUDIT_BUCKETS),
            left_alone: Counter::default(),
            transitions: Family::default(),
            notifications: Family::default(),
            failures: Family::default(),
            suppressed: Family::default(),
            latency: Histogram::new(LATENCY_BUCKETS),
            abandoned: Counter::default(),
        };
        // Those that will be asked for are there from the start: an alert on what never was finds nothing.
        for result in ["clean", "drifted", "unknown"] {
            drop(counted.audits.get_or_create(&AuditLabels { result }));
        }
        for reason in Suppressed::ALL.map(Suppressed::word) {
            drop(counted.suppressed.get_or_create(&SuppressedLabels { reason }));
        }
        Self { counted: Arc::new(counted) }
    }
}

impl Metrics {
    /// The counters, to be told.
    #[must_use]
    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// An audit came back with this verdict, after so long.
    pub fn audited(&self, result: &'static str, took: Duration) {
        self.counted.audits.get_or_create(&AuditLabels { result }).inc();
        self.counted.audit_duration.observe(took.as_secs_f64());
    }

    /// How many audits came back, whatever their verdict.
    #[must_use]
    pub fn audits_made(&self) -> u64 {
        let results = ["clean", "drifted", "unknown"];
        results
            .iter()
            .map(|&result| self.counted.audits.get_or_create(&AuditLabels { result }).get())
            .sum()
    }

    /// An audit was not made, because the circuit of its server was open.
    pub fn left_alone(&self) {
        self.counted.left_alone.inc();
    }

    /// An incident of this kind went on.
    pub fn transition(&self, kind: &'static str, to: &'static str) {
        self.counted.transitions.get_or_create(&TransitionLabels { kind, to }).inc();
    }

    /// Nobody was told of so many changes.
    pub fn suppressed(&self, why: Suppressed, count: usize) {
        let labels = SuppressedLabels { reason: why.word() };
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.counted.suppressed.get_or_create(&labels).inc_by(count);
    }

    /// A delivery arrived so long after its first moment.
    pub fn delivered(&self, took: Duration) {
        self.counted.latency.observe(took.as_secs_f64());
    }

    /// So many deliveries ended without success.
    pub fn abandoned(&self, count: usize) {
        self.counted.abandoned.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// A notification arrived.
    pub fn notified(&self, channel: &str, r#type: &'static str) {
        let labels = NotificationLabels { channel: channel.to_owned(), r#type };
        self.counted.notifications.get_or_create(&labels).inc();
    }

    /// An attempt to deliver a notification failed.
    pub fn not_notified(&self, channel: &str, r#type: &'static str, reason: &str) {
        let (channel, reason) = (channel.to_owned(), reason.to_owned());
        self.counted.failures.get_or_create(&FailureLabels { channel, r#type, reason }).inc();
    }
}
