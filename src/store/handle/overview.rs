//! What pages ask, as the rest of the daemon asks for it.

use serde_json::Value;

use super::Handle;
use crate::incident::IncidentId;
use crate::store::DeliveryDetail;
use crate::store::IncidentFilter;
use crate::store::IncidentRow;
use crate::store::Overview;
use crate::store::StoreError;
use crate::store::statements::databases;
use crate::store::statements::overview;

impl Handle {
    pub(in crate::store) async fn overview(&self) -> Result<Overview, StoreError> {
        self.ask("what is open", overview::overview).await
    }

    pub(in crate::store) async fn worst_incidents(
        &self,
        filter: IncidentFilter,
    ) -> Result<(Vec<IncidentRow>, usize), StoreError> {
        self.ask("the worst incidents", move |it| overview::worst(it, &filter)).await
    }

    pub(in crate::store) async fn waiting_to_be_sent(
        &self,
        incident: IncidentId,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        self.ask("what waits to be sent", move |it| overview::waiting(it, incident)).await
    }

    pub(in crate::store) async fn last_reports_of(
        &self,
        names: Vec<String>,
    ) -> Result<Vec<(String, Value)>, StoreError> {
        // By the writer: an audit that changes no incident is told at once, and committed within a second.
        self.read("last reports", move |it| databases::reports_of(it, &names)).await
    }

    pub(in crate::store) async fn sent(
        &self,
        incident: IncidentId,
        limit: usize,
    ) -> Result<Vec<DeliveryDetail>, StoreError> {
        self.ask("what was sent", move |it| overview::sent(it, incident, limit)).await
    }
}
