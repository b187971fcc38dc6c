//! Sends what the outbox holds: claim, send, record.
//!
//! ```text
//! commit or due time ─► claim (on disk) ─► channel ─► record (on disk) ─► claim the next
//! ```
//!
//! Each channel is a queue of its own with one message in flight, so a receiver that hangs delays
//! nobody else, and no faster than its type takes them ([`pace()`]); one that fails again and again
//! rests ([`rest()`]). A kill between "send" and "record" sends the message again, with the same id:
//! duplicates are preferred to silence.
//!
//! **Invariant.** Nothing is sent that is not claimed on disk, and nothing is remembered here that a
//! restart would need.

mod decide;
mod pace;
mod resend;
mod say;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use tracing::error;
use tracing::info;
use tracing::info_span;
use tracing::warn;
use uuid::Uuid;

use self::decide::decide;
use self::pace::pace;
use self::pace::rest;
use crate::backoff;
use crate::channel::Failure;
use crate::channel::Message;
use crate::channel::Outcome;
use crate::channel::Sender;
use crate::clock::Clock;
use crate::config::Config;
use crate::failpoint;
use crate::health::Health;
use crate::store::Attempt;
use crate::store::AttemptEnd;
use crate::store::Claim;
use crate::store::Claimed;
use crate::store::Store;
use crate::store::StoreError;

/// How long a claim holds: longer than a send and its record take.
const LEASE: Duration = Duration::from_mins(1);
/// A send ends by itself before this; the limit is for a defect in it.
const SEND_MAX: Duration = Duration::from_secs(30);
/// Without any event, the outbox is looked at this often: the wall clock may have jumped.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Without anything to do, the loop says this often that it is there.
const COME_ROUND: Duration = Duration::from_secs(1);
/// The pause after the store could not be asked, and between tries to record an attempt.
const STORE_RETRY: Duration = Duration::from_secs(2);
/// How long the last pass may take when the daemon stops.
pub const FLUSH_MAX: Duration = Duration::from_secs(3);
/// How long giving claims back may take after that; the next start frees what is left.
const RELEASE_MAX: Duration = Duration::from_secs(1);

/// What the loop works with.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub store: Store,
    pub sender: Sender,
    /// The channels as they are configured now.
    pub config: watch::Receiver<Arc<Config>>,
    pub clock: Clock,
    /// Told each time that the loop comes round.
    pub health: Health,
    /// Sends run on it.
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
}

/// Delivers until shutdown, then makes one last pass of at most [`FLUSH_MAX`] and gives back what it
/// could not finish.
pub async fn run(delivery: Delivery) {
    tokio::join!(run_flushing(delivery.clone(), FLUSH_MAX), resend::run(delivery));
}

async fn run_flushing(delivery: Delivery, flush_max: Duration) {
    let outbox = delivery.store.outbox();
    let shutdown = delivery.shutdown.clone();
    let mut lanes = Lanes::new(delivery);
    while !shutdown.is_cancelled() {
        let due = Instant::now() + lanes.dispatch().await;
        // Coming round is cheap and says that the loop lives; looking into the outbox is not.
        loop {
            lanes.delivery.health.delivery_progressed();
            let nap = due.min(Instant::now() + COME_ROUND);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = outbox.notified() => break,
                Some(landed) = lanes.landings.next() => {
                    lanes.land(landed);
                    break;
                }
                () = tokio::time::sleep_until(nap) => {}
            }
            if nap == due || lanes.config_changed() {
                break;
            }
        }
    }
    // The last pass: what is in flight, and what was due when the daemon was told to stop.
    let last_pass = async {
        loop {
            lanes.dispatch().await;
            match (lanes.landings.next().await, lanes.paced.values().min().copied()) {
                (Some(landed), _) => lanes.land(landed),
                (None, Some(paced)) => tokio::time::sleep_until(paced).await,
                (None, None) => return,
            }
        }
    };
    // What it does not finish is given back.
    let _ = tokio::time::timeout(flush_max, last_pass).await;
    lanes.give_back().await;
}

/// One channel's message in flight.
struct Flight {
    delivery: Uuid,
    epoch: i64,
    task: AbortHandle,
    /// A person wanted the channel tried meanwhile: what rest it asks for was known to them.
    pushed: bool,
}

/// A send that ended.
struct Landed {
    channel: String,
    /// What follows from it; an error where the send panicked.
    after: Result<After, JoinError>,
}

/// What follows from an attempt.
enum After {
    /// The channel is free.
    Nothing,
    /// Its receiver has trouble, and may have asked for rest until then, by the monotonic clock.
    Failed(Option<Instant>),
    /// It is not in the config any more.
    Gone,
}

/// The channels: which are in flight, and which rest.
struct Lanes {
    delivery: Delivery,
    flights: BTreeMap<String, Flight>,
    landings: FuturesUnordered<BoxFuture<'static, Landed>>,
    resting: BTreeMap<String, Instant>,
    /// How many sends failed in a row, of channels whose last one did.
    failed: BTreeMap<String, u32>,
    /// Channels that were written to so lately that their receivers would mind more.
    paced: BTreeMap<String, Instant>,
    /// Something may wait for a channel that is not there any more.
    reroute: bool,
    /// The store could not be asked; said once.
    store_is_failing: bool,
}

impl Lanes {
    fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            flights: BTreeMap::new(),
            landings: FuturesUnordered::new(),
            resting: BTreeMap::new(),
            failed: BTreeMap::new(),
            paced: BTreeMap::new(),
            // The config may have changed while nobody was there.
            reroute: true,
            store_is_failing: false,
        }
    }

    /// Claims and starts what is due on free channels; returns how long to wait for more.
    async fn dispatch(&mut self) -> Duration {
        let now = self.delivery.clock.now();
        let instant = Instant::now();
        // A person who wants a channel tried knows more than what its receiver last asked for.
        let pushed = self.delivery.store.take_pushed();
        for (_, flight) in self.flights.iter_mut().filter(|(channel, _)| pushed.contains(*channel))
        {
            flight.pushed = true;
        }
        self.resting.retain(|channel, until| *until > instant && !pushed.contains(channel));
        self.paced.retain(|_, until| *until > instant);
        let claim = match self.claim(now).await {
            Ok(claim) => claim,
            Err(error) => {
                if !std::mem::replace(&mut self.store_is_failing, true) {
                    let cause = &error as &dyn std::error::Error;
                    warn!(error = cause, "deliveries wait: the outbox cannot be used");
                }
                return STORE_RETRY;
            }
        };
        if std::mem::take(&mut self.store_is_failing) {
            info!("deliveries go on: the outbox can be used again");
        }
        for claimed in claim.deliveries {
            self.start(claimed);
        }
        // A due time in the past means that it is due now.
        let due = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        let rests = self.resting.values().chain(self.paced.values());
        let rests = rests.map(|until| until.duration_since(instant));
        claim.next_due.map(due).into_iter().chain(rests).fold(LOOK_EVERY, Duration::min)
    }

    fn config_changed(&self) -> bool {
        // Nobody publishes any more: then it does not change.
        self.delivery.config.has_changed().unwrap_or(false)
    }

    /// Claims for free channels, after moving what waits for channels that are gone.
    async fn claim(&mut self, now: Timestamp) -> Result<Claim, StoreError> {
        if self.delivery.store.stands_back() {
            // Another replica knows the channels that there are now.
            return Ok(Claim { deliveries: Vec::new(), next_due: None });
        }
        if self.reroute || self.config_changed() {
            let config = Arc::clone(&self.delivery.config.borrow_and_update());
            self.reroute = true;
            let store = &self.delivery.store;
            let (rerouted, transitions) = store.reroute(Arc::clone(&config.policy), now).await?;
            rerouted.iter().for_each(say::rerouted);
            transitions.iter().for_each(say::transition);
            // Whoever reloads, or restarts, may have mended one.
            store.probe_parked(now).await?;
            self.reroute = false;
        }
        let busy = self.flights.keys().chain(self.resting.keys()).chain(self.paced.keys());
        let busy = busy.cloned().collect();
        let config = self.delivery.config.borrow().clone();
        let paces = config.channels.iter().map(|(name, it)| (name.clone(), pace(&it.kind)));
        let paces = paces.filter(|(_, it)| !it.is_zero()).collect();
        self.delivery.store.claim(now, LEASE, busy, paces).await
    }

    fn start(&mut self, claimed: Claimed) {
        failpoint::reach("delivery.claimed");
        let channel = claimed.channel.clone();
        let (delivery, epoch) = (claimed.id, claimed.epoch);
        let span = info_span!(
            "delivery.attempt",
            delivery.id = %claimed.id,
            delivery.attempt = claimed.attempt,
            channel.name = claimed.channel,
            incident.id = say::incidents(&claimed.notifications),
        );
        let kind = self.delivery.config.borrow().channels.get(&channel).map(|it| pace(&it.kind));
        if let Some(pace) = kind.filter(|it| !it.is_zero()) {
            self.paced.insert(channel.clone(), Instant::now() + pace);
        }
        let send = deliver(self.delivery.clone(), claimed).instrument(span);
        let handle = self.delivery.tasks.spawn(send);
        let task = handle.abort_handle();
        self.flights.insert(channel.clone(), Flight { delivery, epoch, task, pushed: false });
        self.landings.push(Box::pin(async move { Landed { channel, after: handle.await } }));
    }

    fn land(&mut self, landed: Landed) {
        let flight = self.flights.remove(&landed.channel);
        match landed.after {
            Ok(After::Nothing) => drop(self.failed.remove(&landed.channel)),
            Ok(After::Failed(asked)) => {
                let in_a_row =
                    self.failed.get(&landed.channel).map_or(1, |it| it.saturating_add(1));
                self.failed.insert(landed.channel.clone(), in_a_row);
                if !flight.is_some_and(|it| it.pushed) {
                    let until = Instant::now() + rest(in_a_row);
                    self.resting.insert(landed.channel, asked.map_or(until, |it| it.max(until)));
                }
            }
            Ok(After::Gone) => self.reroute = true,
            // Its claim holds until the lease ends, so it is not tried in a circle.
            Err(error) => error!(
                error = %error,
                channel.name = landed.channel,
                "a send to channel `{}` panicked; it is tried again",
                landed.channel,
            ),
        }
    }

    /// Stops what is in flight and gives every claim back.
    async fn give_back(self) {
        let give_back = async {
            for flight in self.flights.values() {
                flight.task.abort();
                // The next start frees what cannot be given back now.
                let _ = self.delivery.store.release(flight.delivery, flight.epoch).await;
            }
        };
        let _ = tokio::time::timeout(RELEASE_MAX, give_back).await;
    }
}

/// One attempt.
async fn deliver(delivery: Delivery, claimed: Claimed) -> After {
    let began = Instant::now();
    let config = Arc::clone(&delivery.config.borrow());
    let channel = config.channels.get(&claimed.channel);
    let (outcome, mut after) = match channel {
        None => {
            let detail = format!("channel `{}` is not in the config any more", claimed.channel);
            (Outcome::Broken { failure: Failure::Client, detail }, After::Gone)
        }
        Some(channel) => {
            let message = Message {
                id: claimed.id,
                now: delivery.clock.now(),
                notifications: &claimed.notifications,
                minimal: claimed.minimal,
                look: &config.messages,
                thread: claimed.thread.as_ref(),
            };
            // What may be reached is the config's word of now, not of the start.
            let send = async {
                match delivery.sender.with_networks(&config.networks) {
                    Ok(sender) => sender.send(channel, &message).await,
                    Err(error) => error.outcome(),
                }
            };
            let outcome = match tokio::time::timeout(SEND_MAX, send).await {
                Ok(outcome) => outcome,
                Err(_) => Outcome::Retry {
                    failure: Failure::Timeout,
                    detail: format!("the send did not end within {} s", SEND_MAX.as_secs()),
                    after: None,
                },
            };
            (outcome, After::Nothing)
        }
    };
    if let Outcome::Retry { after: asked, .. } = outcome {
        let until = |asked: Duration| Instant::now() + asked.min(backoff::RETRY_AFTER_MAX);
        after = After::Failed(asked.map(until));
    }
    failpoint::reach("delivery.posted");
    let end = decide(&outcome, &claimed, delivery.clock.now(), fastrand::f64());
    let broken = matches!(outcome, Outcome::Broken { .. });
    say::end(&claimed, &end, broken);
    count(&delivery, &claimed, &end);
    let attempt = Attempt {
        delivery: claimed.id,
        epoch: claimed.epoch,
        number: claimed.attempt,
        at: delivery.clock.now(),
        duration: began.elapsed(),
        end,
        // A channel that is not configured cannot be mended: what it had goes elsewhere.
        broken: broken && channel.is_some(),
        policy: Arc::clone(&config.policy),
    };
    record(&delivery.store, attempt).await;
    failpoint::reach("delivery.recorded");
    after
}

/// Counts how an attempt ended, for each notification that it carried.
fn count(delivery: &Delivery, claimed: &Claimed, end: &AttemptEnd) {
    let (metrics, channel) = (delivery.store.metrics(), &claimed.channel);
    let types = claimed.notifications.iter().map(|it| it.kind.word());
    match end {
        AttemptEnd::Delivered { .. } => {
            types.for_each(|it| metrics.notified(channel, it));
            let took = delivery.clock.now().duration_since(claimed.created_at);
            metrics.delivered(Duration::try_from(took).unwrap_or_default());
        }
        AttemptEnd::Again { failure, .. } => {
            types.for_each(|it| metrics.not_notified(channel, it, failure));
        }
        AttemptEnd::Abandoned { failure, .. } => {
            types.for_each(|it| metrics.not_notified(channel, it, failure));
            metrics.abandoned(1);
        }
    }
}

/// Records until it is on disk: a message that arrived must not be sent again because the disk was
/// full for a minute.
async fn record(store: &Store, attempt: Attempt) {
    loop {
        match store.record_attempt(attempt.clone()).await {
            Ok(transitions) => return transitions.iter().for_each(say::transition),
            Err(error @ (StoreError::LeaseLost { .. } | StoreError::Stopped)) => {
                let cause = &error as &dyn std::error::Error;
                warn!(error = cause, "an attempt is not recorded: the message may be sent again");
                return;
            }
            // The store has said so, and says when it is over.
            Err(_) => tokio::time::sleep(STORE_RETRY).await,
        }
    }
}

#[cfg(test)]
mod tests;
