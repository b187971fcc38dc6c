//! Wrong tokens: each waits for its answer, so that guessing is slow, and only a few may wait at one time, so
//! that waiting costs nobody else anything.
//!
//! A right token never comes here: it is compared first. Who guesses while many do is told so at once, which
//! tells that the guess was wrong; a token of 32 characters is not found that way in the age of the universe.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::warn;

use crate::http::refusal::Refusal;

/// How long whoever presents a wrong token waits for the answer.
pub(in crate::http) const PAUSE: Duration = Duration::from_millis(500);
/// How many of them at one time.
pub(in crate::http) const WAITING_MAX: usize = 16;

/// Those who wait.
#[derive(Debug)]
pub(super) struct Guesses(Semaphore);

impl Guesses {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(WAITING_MAX))
    }

    /// Waits, and says that the token was wrong; or says at once that too many guess.
    pub(super) async fn wrong(&self, realm: &'static str, detail: &str) -> Refusal {
        let Ok(_one_of_few) = self.0.try_acquire() else {
            let detail = "too many wrong tokens are being presented; ask again in a moment";
            return Refusal::new(StatusCode::TOO_MANY_REQUESTS, detail).after_seconds(1);
        };
        warn!("a request with a token that nobody knows was refused");
        sleep(PAUSE).await;
        Refusal::unauthorized(realm, detail)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_guess_waits_and_a_storm_is_sent_away() {
        let guesses = Guesses::new();
        let before = Instant::now();
        let refusal = guesses.wrong("x", "wrong").await;
        assert_eq!(refusal, Refusal::unauthorized("x", "wrong"));
        assert!(before.elapsed() >= PAUSE);

        let mut waiting: Vec<_> =
            (0..WAITING_MAX).map(|_| Box::pin(guesses.wrong("x", "wrong"))).collect();
        for it in &mut waiting {
            assert!(it.now_or_never().is_none());
        }
        let one_more = guesses.wrong("x", "wrong").now_or_never().expect("at once");
        assert_eq!(one_more.status(), StatusCode::TOO_MANY_REQUESTS);
        // One that gave up makes room.
        waiting.pop();
        assert!(guesses.wrong("x", "wrong").now_or_never().is_none());
    }
}
