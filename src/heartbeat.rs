//! Tells a monitor elsewhere that this daemon does its work, or why it does not.
//!
//! A process that runs and audits nothing looks well from outside. So a sign of life is sent only
//! while the audits are on time, the outbox moves, no incident is open about a channel, the state can
//! be written and every loop comes round; otherwise `/fail`, with the reason. No sign at all means that
//! the process is gone, or cannot reach the monitor, which comes to the same.

mod ping;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Config;
use crate::config::Heartbeat;
use crate::config::Networks;
use crate::health::Health;
use crate::health::not_come_round;
use crate::store;
use crate::store::ChannelTrouble;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TroubleKind;

use ping::Pinger;

/// An audit that is this late is not on time.
const AUDIT_LATE: SignedDuration = SignedDuration::from_secs(60);
/// A delivery that has been due for longer means that the outbox does not move.
const DELIVERY_LATE: Duration = Duration::from_mins(5);
/// How often it is looked whether a heartbeat is configured, and whether the first full look is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the loop works with.
#[derive(Clone, Debug)]
pub struct Pulse {
    pub store: Store,
    pub config: watch::Receiver<Arc<Config>>,
    pub clock: Clock,
    pub health: Health,
    pub shutdown: CancellationToken,
}

/// Sends signs of life until shutdown, where one is configured.
pub async fn run(pulse: Pulse) {
    let beat = pulse.shutdown.clone();
    let _ = beat.run_until_cancelled(pulse.beat()).await;
}

impl Pulse {
    async fn beat(&self) {
        let mut pinger = None;
        let mut looked = false;
        let mut said: Option<String> = None;
        loop {
            let config = Arc::clone(&self.config.borrow());
            let Some(heartbeat) = &config.heartbeat else {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            if !looked && !self.has_looked_at_all(&config) {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            looked = true;
            let fault = self.fault(&config).await;
            if said != fault {
                if let Some(fault) = &fault {
                    warn!("the heartbeat says that something is wrong: {fault}");
                } else {
                    info!("the heartbeat says that all is well");
                }
                said.clone_from(&fault);
            }
            self.ping(&mut pinger, heartbeat, &config.networks, fault).await;
            tokio::time::sleep(heartbeat.every).await;
        }
    }

    async fn ping(
        &self,
        pinger: &mut Option<Pinger>,
        heartbeat: &Heartbeat,
        networks: &Networks,
        fault: Option<String>,
    ) {
        // What may be reached is the config's word of now.
        if !pinger.as_ref().is_some_and(|it| it.is_within(networks)) {
            *pinger =
                Pinger::new(networks).inspect_err(|error| warn!("no heartbeat: {error}")).ok();
        }
        let Some(pinger) = pinger else { return };
        let is_well = fault.is_none();
        match pinger.ping(heartbeat, fault).await {
            Ok(()) if is_well => self.health.heartbeat_taken(self.clock.now()),
            Ok(()) => {}
            Err(why) => warn!("the heartbeat could not be sent: {why}"),
        }
    }

    /// Whether every registered database was ever audited. After a restart the state knows them, and
    /// one that is not on time shows by that.
    fn has_looked_at_all(&self, config: &Config) -> bool {
        let names = config.databases.iter().map(|it| it.name.as_str());
        self.store.fleet().verdicts(names).iter().all(Option::is_some)
    }

    /// What is wrong, the first of it, in words; `None` where all is well.
    async fn fault(&self, config: &Config) -> Option<String> {
        let writer = || not_come_round("state writer", self.store.writer_idle());
        if let Some(stuck) = self.health.stuck().or_else(writer) {
            return Some(stuck);
        }
        if let store::Health::Failing { since, reason, .. } = &*self.store.health().borrow() {
            let seconds = since.elapsed().as_secs();
            return Some(format!("the state could not be written for {seconds} s: {reason}"));
        }
        let now = self.clock.now();
        let late = self.health.timings();
        let late = late.iter().filter(|(_, it)| now.duration_since(it.next_due) > AUDIT_LATE);
        let mut late: Vec<&String> = late.map(|(name, _)| name).collect();
        late.sort();
        if let Some(first) = late.first() {
            let (count, all) = (late.len(), config.databases.len());
            return Some(format!("{count} of {all} audits are overdue, first `{first}`"));
        }
        match self.of_channels(now).await {
            Ok(fault) => fault,
            Err(_) => Some("the state cannot be read; the log says why".to_owned()),
        }
    }

    async fn of_channels(&self, now: Timestamp) -> Result<Option<String>, StoreError> {
        let troubles = self.store.channel_troubles().await?;
        // One that has only begun to fail shows below, if it goes on.
        let is_told =
            |it: &&ChannelTrouble| it.incident.is_some() || it.kind == TroubleKind::Parked;
        if let Some(it) = troubles.iter().find(is_told) {
            return Ok(Some(it.to_string()));
        }
        let status = self.store.outbox_status(now).await?;
        // One that backs off is always due later, and has not arrived all the same.
        let late = status.overdue.max(status.oldest.unwrap_or_default());
        let stuck = late > DELIVERY_LATE;
        Ok(stuck.then(|| format!("a message could not be delivered for {} s", late.as_secs())))
    }
}

#[cfg(test)]
mod tests;
