//! Tells an Alertmanager again of what is open: it forgets an alert that nobody repeats.
//!
//! Not through the outbox: the same alert twice is one alert, and the next round repeats what this one
//! lost. Transitions still go through it, so that "resolved" is kept until it has arrived.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::Delivery;
use super::SEND_MAX;
use crate::channel::Outcome;
use crate::channel::alertmanager::lives;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::notification::Notification;

/// How often it is looked whether a channel is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Alerts in one request.
const ALERTS_MAX: usize = 500;

/// Sends again until shutdown. Each channel is a task of its own, so that one that hangs delays no
/// other; a round is skipped while the one before it is under way.
pub(super) async fn run(delivery: Delivery) {
    let mut next: BTreeMap<String, Instant> = BTreeMap::new();
    let mut running = BTreeMap::new();
    loop {
        let config = Arc::clone(&delivery.config.borrow());
        next.retain(|name, _| config.channels.contains_key(name));
        running.retain(|_, task: &mut tokio::task::JoinHandle<()>| !task.is_finished());
        for (name, channel) in &config.channels {
            let ChannelKind::Alertmanager { resend, .. } = channel.kind else { continue };
            let now = Instant::now();
            let due = *next.entry(name.clone()).or_insert(now + resend);
            if due <= now && !running.contains_key(name) {
                next.insert(name.clone(), now + resend);
                let task = delivery.tasks.spawn(round(delivery.clone(), channel.clone(), resend));
                running.insert(name.clone(), task);
            }
        }
        let nap = tokio::time::sleep(LOOK_EVERY);
        if delivery.shutdown.run_until_cancelled(nap).await.is_none() {
            // Nothing is lost with them: the outbox has what is new.
            for task in running.into_values() {
                task.abort();
            }
            return;
        }
    }
}

/// One round of one channel.
async fn round(delivery: Delivery, channel: Channel, resend: Duration) {
    let open = match delivery.store.told_open(&channel.name).await {
        Ok(open) => open,
        Err(error) => {
            let cause = &error as &dyn std::error::Error;
            return warn!(error = cause, "could not read what channel `{}` was told", channel.name);
        }
    };
    for alerts in open.chunks(ALERTS_MAX) {
        let outcome =
            tokio::time::timeout(SEND_MAX, push(&delivery, &channel, alerts, resend)).await;
        let why = match &outcome {
            Ok(Outcome::Delivered { .. }) => continue,
            Ok(outcome) => outcome.detail(),
            Err(_) => "no answer in time",
        };
        // The rest would meet the same; the next round tries again.
        return warn!("could not tell channel `{}` again of what is open: {why}", channel.name);
    }
}

async fn push(
    delivery: &Delivery,
    channel: &Channel,
    alerts: &[Notification],
    resend: Duration,
) -> Outcome {
    let config = Arc::clone(&delivery.config.borrow());
    let now = delivery.clock.now();
    match delivery.sender.with_networks(&config.networks) {
        Ok(sender) => {
            sender.push_alerts(channel, alerts, &config.messages, now, lives(resend)).await
        }
        Err(error) => error.outcome(),
    }
}
