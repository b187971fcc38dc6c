//! Tells an Alertmanager again of what is open: it forgets an alert that nobody repeats.
//!
//! Not through the outbox: the same alert twice is one alert, and the next round repeats what this one
//! lost. Transitions still go through it, so that "resolved" is kept until it has arrived.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::warn;

use super::Delivery;
use super::SEND_MAX;
use super::decide::BROKEN_RETRY;
use super::say;
use crate::channel::Failure;
use crate::channel::Outcome;
use crate::channel::alertmanager::lives;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::notification::Notification;
use crate::store::Resend;
use crate::store::ResendEnd;
use crate::store::StoreError;

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
            if due <= now && !running.contains_key(name) && !delivery.store.stands_back() {
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

/// One round of one channel; what comes of it is recorded as an attempt is, so that a channel that
/// stops taking alerts is as loud as one that stops taking messages.
pub(super) async fn round(delivery: Delivery, channel: Channel, resend: Duration) {
    let policy = Arc::clone(&delivery.config.borrow().policy);
    let name = channel.name.clone();
    let end = match try_round(&delivery, &channel, resend).await {
        Ok(Some(end)) => end,
        Ok(None) => return,
        Err(error) => {
            let cause = &error as &dyn std::error::Error;
            return warn!(error = cause, "could not read what channel `{name}` was told");
        }
    };
    if let ResendEnd::Failed { failure, detail } | ResendEnd::Broken { failure, detail, .. } = &end
    {
        warn!(
            channel.name = name,
            delivery.failure = failure,
            "could not tell channel `{name}` again of what is open: {detail}",
        );
    }
    let round = Resend { channel: name.clone(), at: delivery.clock.now(), end, policy };
    match delivery.store.record_resend(round).await {
        Ok(transitions) => transitions.iter().for_each(say::transition),
        // The next round finds the same.
        Err(error) => {
            let cause = &error as &dyn std::error::Error;
            warn!(error = cause, "it is not recorded how channel `{name}` took what is open");
        }
    }
}

/// Tells it again of what is open; `None` where there is nothing to tell, or its hour has not come.
async fn try_round(
    delivery: &Delivery,
    channel: &Channel,
    resend: Duration,
) -> Result<Option<ResendEnd>, StoreError> {
    let now = delivery.clock.now();
    if delivery.store.probe_at(&channel.name).await?.is_some_and(|it| it > now) {
        return Ok(None);
    }
    let open = delivery.store.told_open(&channel.name).await?;
    let (minimal, full): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| it.minimal);
    let mut end = None;
    for (told, minimal) in [(full, false), (minimal, true)] {
        let told: Vec<Notification> = told.into_iter().map(|it| it.notification).collect();
        for alerts in told.chunks(ALERTS_MAX) {
            match push(delivery, channel, alerts, resend, minimal).await {
                Outcome::Delivered { .. } => end = Some(ResendEnd::Taken),
                // The rest would meet the same; the next round tries again.
                failed => return Ok(Some(ended(&failed, now))),
            }
        }
    }
    Ok(end)
}

fn ended(outcome: &Outcome, now: Timestamp) -> ResendEnd {
    let failure = outcome.failure().map_or("", Failure::word).to_owned();
    let detail = outcome.detail().to_owned();
    match outcome {
        Outcome::Broken { .. } => {
            let due_at = now.checked_add(BROKEN_RETRY).unwrap_or(Timestamp::MAX);
            ResendEnd::Broken { failure, detail, due_at }
        }
        _ => ResendEnd::Failed { failure, detail },
    }
}

/// Once, and where that is refused in its minimal form.
async fn push(
    delivery: &Delivery,
    channel: &Channel,
    alerts: &[Notification],
    resend: Duration,
    minimal: bool,
) -> Outcome {
    let outcome = push_once(delivery, channel, alerts, resend, minimal).await;
    if !minimal && matches!(outcome, Outcome::Refused { .. }) {
        return push_once(delivery, channel, alerts, resend, true).await;
    }
    outcome
}

async fn push_once(
    delivery: &Delivery,
    channel: &Channel,
    alerts: &[Notification],
    resend: Duration,
    minimal: bool,
) -> Outcome {
    let config = Arc::clone(&delivery.config.borrow());
    let (look, now, ends_in) = (&config.messages, delivery.clock.now(), lives(resend));
    let send = async {
        match delivery.sender.with_networks(&config.networks) {
            Ok(it) => it.push_alerts(channel, alerts, look, now, ends_in, minimal).await,
            Err(error) => error.outcome(),
        }
    };
    tokio::time::timeout(SEND_MAX, send).await.unwrap_or_else(|_| Outcome::Retry {
        failure: Failure::Timeout,
        detail: format!("the send did not end within {} s", SEND_MAX.as_secs()),
        after: None,
    })
}
