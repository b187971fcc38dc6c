//! How fast a channel may be written to: receivers refuse, or silently drop, what comes faster.

use std::time::Duration;

use crate::config::ChannelKind;

/// The least time between the starts of two messages to one channel of this type.
///
/// Slack takes one message a second; Discord 5 in 2 s; Teams 4 a second; PagerDuty 120 a minute; a
/// mail server greylists who hurries. What people run themselves takes what it gets.
pub(super) fn pace(kind: &ChannelKind) -> Duration {
    match kind {
        ChannelKind::Slack { .. } | ChannelKind::Email(_) => Duration::from_secs(1),
        ChannelKind::PagerDuty { .. } => Duration::from_millis(600),
        ChannelKind::Discord { .. } => Duration::from_millis(500),
        ChannelKind::Teams { .. } => Duration::from_millis(300),
        ChannelKind::Webhook { .. } | ChannelKind::Alertmanager { .. } => Duration::ZERO,
    }
}
