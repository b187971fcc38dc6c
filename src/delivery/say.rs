//! What the log says of deliveries.

use tracing::error;
use tracing::info;
use tracing::warn;

use crate::incident::Step;
use crate::notification::Notification;
use crate::store::AttemptEnd;
use crate::store::Claimed;
use crate::store::Rerouted;
use crate::store::TransitionRecord;

/// Incidents of one digest that a log line names; more are counted.
const NAMED_MAX: usize = 20;

/// Says how an attempt ended, once.
pub(super) fn end(claimed: &Claimed, end: &AttemptEnd, broken: bool) {
    let channel = &claimed.channel;
    let what = claimed.notifications.first().map_or("nothing", |it| it.headline.as_str());
    match end {
        AttemptEnd::Delivered { answer, failure: Some(failure) } => warn!(
            delivery.failure = failure,
            "delivered to channel `{channel}`, but not to each of its recipients: {what}: {answer}",
        ),
        AttemptEnd::Delivered { failure: None, .. } => {
            info!("delivered to channel `{channel}`: {what}");
        }
        AttemptEnd::Abandoned { failure, detail } => {
            let incidents = incidents(&claimed.notifications);
            error!(
                delivery.failure = failure,
                "abandoned for channel `{channel}`, nobody was told there of {incidents} ({what}): \
                 {detail}",
            );
        }
        AttemptEnd::Again { due_at, failure, detail, .. } if broken => error!(
            delivery.failure = failure,
            delivery.due_at = %due_at,
            "channel `{channel}` is broken and needs a person: {detail}",
        ),
        AttemptEnd::Again { due_at, failure, detail, .. } => warn!(
            delivery.failure = failure,
            delivery.due_at = %due_at,
            "could not deliver to channel `{channel}`, trying again: {detail}",
        ),
    }
}

/// Says what became of messages whose channel is gone.
pub(super) fn rerouted(it: &Rerouted) {
    let (from, count) = (&it.from, it.deliveries);
    let fate = match &it.to {
        Some(to) => format!("go to `{to}`"),
        None => "are abandoned, as every channel of the route has them".to_owned(),
    };
    warn!(
        channel.name = from,
        deliveries = count,
        "channel `{from}` is not in the config any more: {count} messages for it {fate}",
    );
}

/// Says what happened to an incident about a channel.
pub(super) fn transition(it: &TransitionRecord) {
    let (kind, step, reason) = (it.kind.word(), it.step.word(), it.reason.word());
    if it.step == Step::Resolved {
        info!(incident.id = %it.incident, incident.kind = kind, reason,
            "incident {} ({kind}) of `{}` resolved", it.incident, it.subject);
    } else {
        warn!(incident.id = %it.incident, incident.kind = kind, reason,
            "incident {} ({kind}) of `{}` {step}", it.incident, it.subject);
    }
}

/// "SW-1042, SW-1043"; of a digest each incident once, and not all of a storm.
pub(super) fn incidents(notifications: &[Notification]) -> String {
    let mut ids: Vec<&str> = notifications.iter().filter_map(|it| it.incident.as_deref()).collect();
    ids.dedup();
    let more = ids.len().saturating_sub(NAMED_MAX);
    ids.truncate(NAMED_MAX);
    let named = ids.join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}
