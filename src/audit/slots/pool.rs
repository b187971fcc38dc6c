//! Places to wait for, first come, first served; and how many there are may change meanwhile.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

/// Places of one kind. Clones are the same places.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    free: Arc<Semaphore>,
    /// Held for a change only.
    size: Arc<Mutex<Size>>,
}

/// How many places there are, taken or free; and how many there are to be, which is less while more are taken.
#[derive(Debug)]
struct Size {
    now: usize,
    wanted: usize,
}

/// A place; dropping it frees it, or does away with it where there are to be fewer.
#[derive(Debug)]
pub(super) struct Place {
    pool: Pool,
    permit: Option<OwnedSemaphorePermit>,
}

impl Pool {
    /// So many places, at least one.
    pub(super) fn of(size: usize) -> Self {
        let size = size.max(1);
        let free = Arc::new(Semaphore::new(size));
        Self { free, size: Arc::new(Mutex::new(Size { now: size, wanted: size })) }
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Place {
        // It is never closed, so the place is always there in the end.
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        Place { pool: self.clone(), permit }
    }

    /// Makes it `size` places, at least one: more of them now, fewer as soon as they are free.
    pub(super) fn resize(&self, size: usize) {
        let mut it = self.size();
        it.wanted = size.max(1);
        if it.wanted > it.now {
            self.free.add_permits(it.wanted - it.now);
            it.now = it.wanted;
        } else {
            it.now -= self.free.forget_permits(it.now - it.wanted);
        }
    }

    fn size(&self) -> MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Where many wait, no place is ever free: who goes hands it on, unless it is one too many.
        let mut size = self.pool.size();
        if size.now > size.wanted
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            size.now -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn it_grows_at_once_and_shrinks_by_what_is_freed() {
        let pool = Pool::of(0);
        let first = pool.take().await;
        assert!(pool.take().now_or_never().is_none(), "one, and it is taken");
        pool.resize(3);
        let second = pool.take().await;
        let third = pool.take().await;
        pool.resize(1);
        // Somebody waits all the time, so that no place is ever seen to be free.
        let mut waiting = Box::pin(pool.take());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop((first, second));
        assert!(waiting.as_mut().now_or_never().is_none(), "the third is the one that stays");
        drop(third);
        let place = waiting.await;
        assert!(pool.take().now_or_never().is_none());
        drop(place);
        assert_eq!(pool.free.available_permits(), 1);
    }

    #[tokio::test]
    async fn one_that_is_not_taken_goes_at_once() {
        let pool = Pool::of(5);
        pool.resize(2);
        assert_eq!(pool.free.available_permits(), 2);
        pool.resize(4);
        assert_eq!(pool.free.available_permits(), 4);
    }
}
