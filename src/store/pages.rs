//! Lists in pages: what follows one row, by its key and never by a count of rows, so that a walk through
//! the pages sees each row once while others come and go.

use jiff::Timestamp;
use uuid::Uuid;

use super::AuditRow;
use super::DeliveryFilter;
use super::DeliveryRow;
use super::Deploy;
use super::IncidentFilter;
use super::IncidentRow;
use super::Store;
use super::StoreError;
use crate::incident::IncidentId;
use crate::silence::Silence;

/// Where an audit stands in the order of history, of which the latest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// Tells those of one millisecond apart.
    pub id: i64,
}

/// Which page of silences or deploys, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageOf {
    /// Those that have ended, too.
    pub all: bool,
    /// Only those with a smaller id.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Store {
    /// Incidents as `filter` says, the latest first, from the one after `before` on.
    pub async fn incidents_before(
        &self,
        filter: IncidentFilter,
        before: Option<IncidentId>,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        self.handle.incidents_before(filter, before).await
    }

    /// Audits that history keeps, of one database or of all, the latest first, from the one after
    /// `before` on, at most `limit`; each with its place.
    pub async fn audits_before(
        &self,
        database: Option<String>,
        before: Option<AuditPlace>,
        limit: usize,
    ) -> Result<Vec<(AuditPlace, AuditRow)>, StoreError> {
        self.handle.audits_before(database, before, limit).await
    }

    /// Deliveries as `filter` says, newest first, from the one after `before` on: none, where there is
    /// no such delivery any more.
    pub async fn deliveries_before(
        &self,
        filter: DeliveryFilter,
        before: Option<Uuid>,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.handle.deliveries_before(filter, before).await
    }

    /// One page of silences: those that are active, or all.
    pub async fn silences_page(
        &self,
        page: PageOf,
        now: Timestamp,
    ) -> Result<Vec<Silence>, StoreError> {
        self.handle.silences_page(page, now).await
    }

    /// One silence.
    pub async fn silence(&self, id: i64) -> Result<Option<Silence>, StoreError> {
        self.handle.silence(id).await
    }

    /// One page of deploys: those that are open, and those that have ended whose manifest is in force
    /// and not the file's; or all.
    pub async fn deploys_page(&self, page: PageOf) -> Result<Vec<Deploy>, StoreError> {
        self.handle.deploys_page(page).await
    }

    /// One deploy, open or ended.
    pub async fn deploy(&self, id: u64) -> Result<Option<Deploy>, StoreError> {
        self.handle.deploy(id).await
    }
}
