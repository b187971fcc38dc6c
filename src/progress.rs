//! When a loop last came round: what liveness is measured by.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// Noted by one loop, read by others; clones are the same loop's. It counts on the monotonic clock,
/// so a wall clock that jumps makes nobody look stuck.
#[derive(Clone, Debug)]
pub struct Progress {
    started: Instant,
    /// Milliseconds after `started` at which the loop last came round.
    last: Arc<AtomicU64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A loop that has come round just now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now(), last: Arc::new(AtomicU64::new(0)) }
    }

    /// The loop came round.
    pub fn note(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    /// How long ago it came round.
    #[must_use]
    pub fn idle(&self) -> Duration {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(last)
    }
}
