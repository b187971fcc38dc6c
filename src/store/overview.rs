//! What the first page asks the state for: how much is open, and the worst of it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::IncidentRow;
use crate::finding::Severity;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;

/// The worst incidents of an [`Overview`].
pub const WORST_MAX: usize = 20;

/// The incidents that are not resolved, in numbers, and the worst of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Worst first: critical before warning, open before acknowledged, those about
    /// databases before those about servers or channels, then the oldest. At most
    /// [`WORST_MAX`].
    pub worst: Vec<IncidentRow>,
    /// Of every database that has some, every incident that is not resolved; worst first.
    pub of_database: HashMap<String, Vec<OpenIncident>>,
    /// Those about something else than one database (a server, a channel, a registry, …).
    pub others: usize,
    /// When the oldest of all of them opened.
    pub oldest: Option<Timestamp>,
    /// Those of which something is muted.
    pub muted: usize,
    /// Not taken in hand by anybody.
    pub open: usize,
    pub acknowledged: usize,
}

/// One incident in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIncident {
    pub id: IncidentId,
    pub kind: IncidentKind,
    pub severity: Severity,
    pub state: IncidentState,
    pub opened_at: Timestamp,
    /// Something of it was muted.
    pub untold: bool,
}
