//! What pages ask the state for: how much is open, the worst of it, last reports, and what waits to be sent.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::ChannelTrouble;
use super::IncidentFilter;
use super::IncidentRow;
use super::OutboxStatus;
use super::Parked;
use super::Store;
use super::StoreError;
use crate::finding::Severity;
use crate::incident::About;
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
    pub others: HashMap<About, usize>,
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

impl Store {
    /// Incidents that are not resolved, as `filter` says, the worst first (as in [`Overview::worst`]), and how
    /// many there are of them, whatever its limit.
    pub async fn worst_incidents(
        &self,
        filter: IncidentFilter,
    ) -> Result<(Vec<IncidentRow>, usize), StoreError> {
        self.handle.worst_incidents(filter).await
    }

    /// How much waits to be sent, and which channels are parked, by what is committed: it waits for no writer.
    pub async fn glance_at_outbox(
        &self,
        now: Timestamp,
    ) -> Result<(OutboxStatus, Vec<Parked>), StoreError> {
        self.handle.glance_at_outbox(now).await
    }

    /// Notifications of an incident that wait to be gathered into a delivery: how many for each channel, by
    /// its name.
    pub async fn waiting_to_be_sent(
        &self,
        incident: IncidentId,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        self.handle.waiting_to_be_sent(incident).await
    }

    /// What is wrong with channels ([`Store::channel_troubles`]), by what is committed: it waits for no writer.
    pub async fn glance_at_channels(&self) -> Result<Vec<ChannelTrouble>, StoreError> {
        self.handle.glance_at_channels().await
    }

    /// The last reports of these databases, by name; nothing of one that was never audited.
    pub async fn last_reports_of(
        &self,
        names: Vec<String>,
    ) -> Result<Vec<(String, Value)>, StoreError> {
        self.handle.last_reports_of(names).await
    }
}
