//! Which recipients of a mail have it, while its other recipients are asked again.
//!
//! Kept in memory and bounded: a restart, or a thousand mails later, the worst is a second copy with
//! the same `Message-ID`.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::Timestamp;
use uuid::Uuid;

/// Mails that are remembered; the oldest are forgotten first.
const MAILS_MAX: usize = 1_000;

/// Who has one mail, and who will not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// When the first of them took it.
    pub(super) since: Timestamp,
    pub(super) taken: BTreeSet<String>,
    /// Those who are refused for good, and what the server said.
    pub(super) refused: Vec<(String, String)>,
}

impl Share {
    /// Nobody was asked yet.
    fn begin(now: Timestamp) -> Self {
        Self { since: now, taken: BTreeSet::new(), refused: Vec::new() }
    }

    /// Whether there is nothing more to ask of this recipient.
    pub(super) fn is_settled(&self, recipient: &str) -> bool {
        self.taken.contains(recipient) || self.refused.iter().any(|(it, _)| it == recipient)
    }
}

/// The shares of all mails on their way. Clones are the same memory, held for one look-up.
#[derive(Clone, Debug, Default)]
pub(in crate::channel) struct Shares(Arc<Mutex<VecDeque<(Uuid, Share)>>>);

impl Shares {
    /// What is known of a mail.
    pub(super) fn of(&self, delivery: Uuid, now: Timestamp) -> Share {
        let shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shares.iter().find(|(id, _)| *id == delivery);
        known.map_or_else(|| Share::begin(now), |(_, it)| it.clone())
    }

    /// Some of its recipients are to be asked again.
    pub(super) fn keep(&self, delivery: Uuid, share: Share) {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|(id, _)| *id != delivery);
        shares.push_back((delivery, share));
        while shares.len() > MAILS_MAX {
            shares.pop_front();
        }
    }

    /// Nobody is asked any more.
    pub(super) fn forget(&self, delivery: Uuid) {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|(id, _)| *id != delivery);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let now = Timestamp::from_second(1_750_000_000).unwrap();
        let shares = Shares::default();
        let taken = |who: &str| Share { taken: [who.to_owned()].into(), ..Share::begin(now) };
        for n in 0..=MAILS_MAX {
            shares.keep(Uuid::from_u128(n as u128), taken("a"));
        }
        assert_eq!(shares.of(Uuid::from_u128(0), now), Share::begin(now));
        let newest = Uuid::from_u128(MAILS_MAX as u128);
        assert!(shares.of(newest, now).is_settled("a"));
        shares.keep(newest, taken("b"));
        assert_eq!(shares.of(newest, now), taken("b"));
        shares.forget(newest);
        assert!(!shares.of(newest, now).is_settled("b"));
    }
}
