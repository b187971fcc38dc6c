//! Lists in pages, and the one row that a person names.

use jiff::Timestamp;
use uuid::Uuid;

use super::Handle;
use crate::incident::IncidentId;
use crate::silence::Silence;
use crate::store::AuditPlace;
use crate::store::AuditRow;
use crate::store::DeliveryFilter;
use crate::store::DeliveryRow;
use crate::store::Deploy;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;
use crate::store::PageOf;
use crate::store::StoreError;
use crate::store::statements::deliveries;
use crate::store::statements::deploys;
use crate::store::statements::history;
use crate::store::statements::silences;

impl Handle {
    pub(in crate::store) async fn incidents_before(
        &self,
        filter: IncidentFilter,
        before: Option<IncidentId>,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        self.ask("incidents", move |it| history::incidents(it, &filter, before)).await
    }

    pub(in crate::store) async fn audits_before(
        &self,
        database: Option<String>,
        before: Option<AuditPlace>,
        limit: usize,
    ) -> Result<Vec<(AuditPlace, AuditRow)>, StoreError> {
        // By the writer: an audit that changes no incident is told at once, and committed within a second.
        let read = move |it: &_| history::audits(it, database.as_deref(), before, limit);
        self.read("audits", read).await
    }

    pub(in crate::store) async fn deliveries_before(
        &self,
        filter: DeliveryFilter,
        before: Option<Uuid>,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.ask("deliveries", move |it| deliveries::list(it, &filter, before)).await
    }

    pub(in crate::store) async fn silences_page(
        &self,
        page: PageOf,
        now: Timestamp,
    ) -> Result<Vec<Silence>, StoreError> {
        self.ask("silences", move |it| silences::page(it, page, now)).await
    }

    pub(in crate::store) async fn silence(&self, id: i64) -> Result<Option<Silence>, StoreError> {
        self.ask("silence", move |it| silences::one(it, id)).await
    }

    pub(in crate::store) async fn deploys_page(
        &self,
        page: PageOf,
    ) -> Result<Vec<Deploy>, StoreError> {
        self.ask("deploys", move |it| deploys::page(it, page)).await
    }

    pub(in crate::store) async fn deploy(&self, id: u64) -> Result<Option<Deploy>, StoreError> {
        // An id beyond what is stored is none of ours.
        let Ok(id) = i64::try_from(id) else { return Ok(None) };
        self.ask("deploy", move |it| deploys::one(it, id)).await
    }
}
