//! The loop that does what time alone does: nobody's audit will say that a reminder is due, or that a
//! silence has ended.
//!
//! Each pass is one call of the store, which costs no write where nothing is due; one pass a second,
//! each after the one before has ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Config;
use crate::health::Health;
use crate::incident::Step;
use crate::store::Muting;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TimePass;
use crate::store::TransitionRecord;

/// The pause between two passes.
const EVERY: Duration = Duration::from_secs(1);
/// What was kept back is looked at this often even where nothing seems to have ended: an audit that
/// waited for the disk is muted by what muted when it was made.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// What the loop works with.
#[derive(Clone, Debug)]
pub struct Timekeeper {
    pub store: Store,
    pub config: watch::Receiver<Arc<Config>>,
    pub clock: Clock,
    /// Told each time that the loop comes round.
    pub health: Health,
    pub shutdown: CancellationToken,
}

/// Keeps time until shutdown.
pub async fn run(mut keeper: Timekeeper) {
    let mut memory = Memory::default();
    loop {
        keeper.health.timekeeper_progressed();
        if keeper.store.stands_back() {
            // Whom to remind, and what mutes, a newer configuration says.
            if keeper.shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
            continue;
        }
        match keeper.pass(&mut memory).await {
            Ok(transitions) => {
                memory.is_failing = false;
                transitions.iter().for_each(say);
            }
            Err(StoreError::Stopped) => {}
            Err(error) => {
                if !std::mem::replace(&mut memory.is_failing, true) {
                    let cause = &error as &dyn std::error::Error;
                    warn!(error = cause, "reminders and ends of silences wait for the state");
                }
            }
        }
        if keeper.shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

/// What one pass tells the next. A process that forgets it looks at more, and tells nothing twice.
#[derive(Debug, Default)]
struct Memory {
    muted: Option<Muting>,
    after: Option<i64>,
    looked_at: Option<Instant>,
    /// The routes were considered as they are.
    knows_config: bool,
    /// The store could not be asked; said once.
    is_failing: bool,
}

impl Timekeeper {
    async fn pass(&mut self, memory: &mut Memory) -> Result<Vec<TransitionRecord>, StoreError> {
        // Nobody publishes any more: then it does not change.
        let changed = self.config.has_changed().unwrap_or(false);
        let config = Arc::clone(&self.config.borrow_and_update());
        memory.knows_config &= !changed;
        let is_time = memory.looked_at.is_none_or(|it| it.elapsed() >= LOOK_EVERY);
        let looks = !memory.knows_config || is_time;
        let pass = TimePass {
            policy: Arc::clone(&config.policy),
            now: self.clock.now(),
            muted: memory.muted.clone().filter(|_| !looks),
            after: memory.after,
            reconsider: !memory.knows_config,
        };
        let kept = self.store.keep_time(pass).await?;
        memory.knows_config = true;
        memory.after = kept.more_after;
        let before = memory.muted.as_ref().map_or(&[][..], |it| &it.windows);
        say_windows(before, &kept.muting.windows);
        memory.muted = Some(kept.muting);
        if looks {
            memory.looked_at = Some(Instant::now());
        }
        Ok(kept.transitions)
    }
}

/// A mute that nobody sees is one that nobody lifts.
fn say_windows(before: &[String], now: &[String]) {
    for it in now.iter().filter(|it| !before.contains(it)) {
        info!(
            maintenance.name = it,
            "maintenance window `{it}` is open: what it is about is not told"
        );
    }
    for it in before.iter().filter(|it| !now.contains(it)) {
        info!(maintenance.name = it, "maintenance window `{it}` has ended");
    }
}

fn say(it: &TransitionRecord) {
    let (kind, step, reason) = (it.kind.word(), it.step.word(), it.reason.word());
    if it.step == Step::Resolved || it.step == Step::Reminded {
        info!(incident.id = %it.incident, incident.kind = kind, reason,
            "incident {} ({kind}) of `{}` {step}: told", it.incident, it.subject);
    } else {
        warn!(incident.id = %it.incident, incident.kind = kind, reason,
            "incident {} ({kind}) of `{}` {step}: told", it.incident, it.subject);
    }
}
