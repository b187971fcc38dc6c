//! How fast a channel may be written to: receivers refuse, or silently drop, what comes faster.

use std::time::Duration;

use crate::config::ChannelKind;

/// The rest after the first send that failed.
const REST_FIRST: Duration = Duration::from_millis(125);
/// The longest rest that nobody asked for: so much later, at most, is it noticed that a receiver is
/// well again.
const REST_MAX: Duration = Duration::from_secs(1);

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

/// How long a channel rests after so many sends in a row that failed.
///
/// Each message backs off by itself, but of thousands that wait for one receiver there is always one
/// that is due: without a rest they would be tried as fast as the receiver fails, and each try costs
/// two commits that every other channel's messages wait behind.
pub(super) fn rest(failed_in_a_row: u32) -> Duration {
    let doublings = failed_in_a_row.saturating_sub(1);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    REST_FIRST.saturating_mul(factor).min(REST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_and_end() {
        let rests = [1, 2, 3, 4, 5, 40, u32::MAX].map(|it| rest(it).as_millis());
        assert_eq!(rests, [125, 250, 500, 1000, 1000, 1000, 1000]);
    }
}
