//! TEMPORARY: what the stores of others will have.

use super::*;
use crate::incident::*;
use crate::notification::Notification;
use crate::report::Verdict;
use crate::silence::Silence;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    pub states: Vec<IncidentState>,
    pub database: Option<String>,
    pub kind: Option<IncidentKind>,
    pub limit: usize,
}
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRow {
    pub incident: Incident,
    pub reason: String,
    pub facts: Option<Notification>,
    pub untold: bool,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentEvent {
    pub at: Timestamp,
    pub step: String,
    pub reason: String,
    pub actor: Option<String>,
    pub note: Option<String>,
}
#[derive(Clone, Debug, PartialEq)]
pub enum Handled {
    Done(Incident),
    Already,
    Resolved,
    NoSuch,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub database: String,
    pub at: Timestamp,
    pub verdict: Verdict,
    pub complete: bool,
    pub duration: Duration,
    pub findings: u64,
    pub counting: u64,
    pub reason: Option<String>,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub channel: String,
    pub since: Timestamp,
    pub failure: String,
    pub detail: String,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Sending,
    Delivered,
    Abandoned,
}
impl DeliveryState {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sending, Self::Delivered, Self::Abandoned];
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Abandoned => "abandoned",
        }
    }
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}
pub struct DeliveryFilter {
    pub state: Option<DeliveryState>,
    pub channel: Option<String>,
    pub limit: usize,
}
pub struct DeliveryRow {
    pub id: Uuid,
    pub channel: String,
    pub state: DeliveryState,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub attempts: u32,
    pub notifications: usize,
    pub failure: Option<String>,
    pub detail: Option<String>,
}
pub struct DeliveryAttempt {
    pub number: u32,
    pub at: Timestamp,
    pub duration: Duration,
    pub outcome: String,
    pub failure: Option<String>,
    pub detail: String,
}
pub struct Carried {
    pub incident: IncidentId,
    pub kind: String,
    pub reason: String,
    pub database: String,
    pub headline: String,
}
pub struct DeliveryDetail {
    pub row: DeliveryRow,
    pub attempts: Vec<DeliveryAttempt>,
    pub notifications: Vec<Carried>,
}
#[derive(Debug)]
pub enum Retry {
    Channel(String),
    Delivery(Uuid),
}
impl Store {
    pub async fn incidents(&self, _: IncidentFilter) -> Result<Vec<IncidentRow>, StoreError> {
        Ok(vec![])
    }
    pub async fn incident(
        &self,
        _: IncidentId,
    ) -> Result<Option<(IncidentRow, Vec<IncidentEvent>)>, StoreError> {
        Ok(None)
    }
    pub async fn acknowledge(
        &self,
        _: IncidentId,
        _: String,
        _: Option<String>,
        _: Timestamp,
    ) -> Result<Handled, StoreError> {
        Ok(Handled::NoSuch)
    }
    pub async fn release_incident(
        &self,
        _: IncidentId,
        _: String,
        _: Timestamp,
    ) -> Result<Handled, StoreError> {
        Ok(Handled::NoSuch)
    }
    pub async fn audits(&self, _: Option<String>, _: usize) -> Result<Vec<AuditRow>, StoreError> {
        Ok(vec![])
    }
    pub async fn silences(&self, _: bool, _: Timestamp) -> Result<Vec<Silence>, StoreError> {
        Ok(vec![])
    }
    pub async fn add_silence(&self, it: Silence) -> Result<Silence, StoreError> {
        Ok(it)
    }
    pub async fn expire_silence(
        &self,
        _: i64,
        _: Timestamp,
    ) -> Result<Option<Silence>, StoreError> {
        Ok(None)
    }
    pub async fn deliveries(&self, _: DeliveryFilter) -> Result<Vec<DeliveryRow>, StoreError> {
        Ok(vec![])
    }
    pub async fn delivery(&self, _: Uuid) -> Result<Option<DeliveryDetail>, StoreError> {
        Ok(None)
    }
    pub async fn retry(&self, _: Retry, _: Timestamp) -> Result<usize, StoreError> {
        Ok(0)
    }
    pub async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        Ok(vec![])
    }
}
