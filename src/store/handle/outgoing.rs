//! The calls about messages: what waits, what is claimed, what became of it, and channels that are in trouble.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use crate::store::sql::Connection;
use jiff::Timestamp;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Handle;
use crate::policy::Policy;
use crate::store::Attempt;
use crate::store::ChannelTrouble;
use crate::store::Claim;
use crate::store::DeliveryDetail;
use crate::store::DeliveryFilter;
use crate::store::DeliveryRow;
use crate::store::OutboxStatus;
use crate::store::Paces;
use crate::store::Parked;
use crate::store::Rerouted;
use crate::store::Resend;
use crate::store::ResendEnd;
use crate::store::Retry;
use crate::store::StoreError;
use crate::store::ToldOpen;
use crate::store::TransitionRecord;
use crate::store::statements::about_channel;
use crate::store::statements::audience;
use crate::store::statements::column;
use crate::store::statements::deliveries;
use crate::store::statements::due::Horizon;
use crate::store::statements::outbox;
use crate::store::statements::parked;
use crate::store::statements::reroute;

impl Handle {
    pub(in crate::store) async fn outbox_status(
        &self,
        now: Timestamp,
    ) -> Result<OutboxStatus, StoreError> {
        self.read("outbox status", move |it| outbox::status(it, now)).await
    }

    pub(in crate::store) async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        busy: Vec<String>,
        paces: Paces,
    ) -> Result<Claim, StoreError> {
        let horizon = Horizon::new(now, lease);
        // Most looks into the outbox find nothing: those cost no write.
        let idle = {
            let busy = busy.clone();
            self.read("due deliveries", move |it| outbox::peek(it, now, &horizon, &busy)).await?
        };
        if let Some(idle) = idle {
            return Ok(idle);
        }
        let epoch = self.epoch.now();
        self.write("claim", move |it| outbox::claim(it, epoch, now, &horizon, &busy, &paces)).await
    }

    pub(in crate::store) async fn record_attempt(
        &self,
        attempt: Attempt,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        let delivery = attempt.delivery;
        let recorded = self.write("attempt", move |it| outbox::record(it, &attempt)).await?;
        let transitions = recorded.ok_or(StoreError::LeaseLost { delivery })?;
        self.told(&transitions);
        Ok(transitions)
    }

    pub(in crate::store) async fn reroute(
        &self,
        policy: Arc<Policy>,
        now: Timestamp,
    ) -> Result<(Vec<Rerouted>, Vec<TransitionRecord>), StoreError> {
        // A reload that renamed nothing costs no write.
        let (is_any, removed) = {
            let policy = Arc::clone(&policy);
            let look = move |it: &Connection| {
                Ok((reroute::is_any(it, &policy)?, parked::removed(it, &policy)?))
            };
            self.read("lost deliveries", look).await?
        };
        if policy.routes.is_empty() || (!is_any && removed.is_empty()) {
            return Ok((Vec::new(), Vec::new()));
        }
        let reroute = move |it: &Connection| {
            Ok((reroute::reroute(it, &policy, now)?, parked::forget_removed(it, &policy, now)?))
        };
        let rerouted = self.write("reroute", reroute).await?;
        let (moved, transitions) = &rerouted;
        self.count(transitions);
        // Every channel of their routes has them already: these are given up.
        let lost = moved.iter().filter(|it| it.to.is_none()).map(|it| it.deliveries);
        self.metrics.abandoned(lost.sum());
        Ok(rerouted)
    }

    pub(in crate::store) async fn told_open(
        &self,
        channel: &str,
    ) -> Result<Vec<ToldOpen>, StoreError> {
        let channel = channel.to_owned();
        self.read("what is told", move |it| audience::told_open(it, &channel)).await
    }

    pub(in crate::store) async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.read("parked channels", parked::all).await
    }

    pub(in crate::store) async fn probe_at(
        &self,
        channel: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let channel = channel.to_owned();
        let read =
            move |it: &Connection| parked::probe_at(it, &channel)?.map(column::from_ms).transpose();
        self.read("a parked channel", read).await
    }

    pub(in crate::store) async fn record_resend(
        &self,
        resend: Resend,
    ) -> Result<Vec<TransitionRecord>, StoreError> {
        if resend.end == ResendEnd::Taken {
            // As nearly every time: then it costs no write.
            let channel = resend.channel.clone();
            let look = move |it: &Connection| parked::resend_is_in_trouble(it, &channel);
            if !self.read("trouble of a channel", look).await? {
                return Ok(Vec::new());
            }
        }
        let record = move |it: &Connection| parked::after_resend(it, &resend);
        let transitions = self.write("what was told again", record).await?;
        self.count(&transitions);
        // What waited for the channel may be due.
        self.outbox.notify_one();
        Ok(transitions)
    }

    pub(in crate::store) async fn channel_troubles(
        &self,
    ) -> Result<Vec<ChannelTrouble>, StoreError> {
        self.read("trouble of channels", about_channel::troubles).await
    }

    pub(in crate::store) async fn glance_at_channels(
        &self,
    ) -> Result<Vec<ChannelTrouble>, StoreError> {
        self.ask("trouble of channels", about_channel::troubles).await
    }

    pub(in crate::store) async fn glance_at_outbox(
        &self,
        now: Timestamp,
    ) -> Result<(OutboxStatus, Vec<Parked>), StoreError> {
        let look = move |it: &Connection| Ok((outbox::status(it, now)?, parked::all(it)?));
        self.ask("the outbox", look).await
    }

    pub(in crate::store) async fn probe_parked(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.parked().await?.is_empty() {
            return Ok(());
        }
        self.write("parked channels", move |it| parked::probe(it, None, now).map(drop)).await
    }

    pub(in crate::store) async fn deliveries(
        &self,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.ask("deliveries", move |it| deliveries::list(it, &filter, None)).await
    }

    pub(in crate::store) async fn delivery(
        &self,
        id: Uuid,
    ) -> Result<Option<DeliveryDetail>, StoreError> {
        self.ask("delivery", move |it| deliveries::one(it, id)).await
    }

    pub(in crate::store) async fn retry(
        &self,
        what: Retry,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let retry = move |it: &Connection| deliveries::retry(it, &what, now);
        let (count, channel) = self.write("retry", retry).await?;
        self.pushed.lock().unwrap_or_else(PoisonError::into_inner).extend(channel);
        self.outbox.notify_one();
        Ok(count)
    }

    pub(in crate::store) fn take_pushed(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.pushed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(in crate::store) async fn release(&self, id: Uuid, epoch: i64) -> Result<(), StoreError> {
        self.write("release", move |it| outbox::release(it, id, epoch)).await
    }

    pub(in crate::store) fn outbox(&self) -> Arc<Notify> {
        Arc::clone(&self.outbox)
    }
}
