//! How long the writer waits: a value, so that tests need not.

use std::time::Duration;

/// How long things wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// For others, before a batch of audits without change is committed.
    pub(super) group_commit: Duration,
    /// Before the next try while the state cannot be written.
    pub(super) retry: Duration,
    /// At most, before the thread comes round and says so.
    pub(super) tick: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            group_commit: Duration::from_secs(1),
            retry: Duration::from_secs(3),
            tick: Duration::from_secs(1),
        }
    }
}
