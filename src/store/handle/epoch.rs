//! The fencing epoch of this process: one number, until a state that was restored makes it another.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

/// Shared by the handle and its threads.
#[derive(Clone, Debug)]
pub(in crate::store) struct Epoch(Arc<AtomicI64>);

impl Epoch {
    pub(in crate::store) fn new(epoch: i64) -> Self {
        Self(Arc::new(AtomicI64::new(epoch)))
    }

    pub(in crate::store) fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(in crate::store) fn set(&self, epoch: i64) {
        self.0.store(epoch, Ordering::Relaxed);
    }
}
