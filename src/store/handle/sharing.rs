//! The calls by which replicas share one state: turns, signs of life, and what the others have done.

use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::sync::watch;

use super::Handle;
use super::command::Asking;
use super::command::Command;
use crate::store::AskTurn;
use crate::store::Beat;
use crate::store::Followed;
use crate::store::Members;
use crate::store::StoreError;
use crate::store::Turn;
use crate::store::TurnAnswer;
use crate::store::sql::Connection;
use crate::store::statements::databases;
use crate::store::statements::glances;
use crate::store::statements::members;
use crate::store::statements::turns;

/// Databases that are looked at in one step behind the others.
const FOLLOWED_AT_ONCE: i64 = 2_000;
/// A replica that has not been heard of for so many leases is not listed any more.
const GONE_AFTER_LEASES: u32 = 2;

impl Handle {
    pub(in crate::store) fn is_shared(&self) -> bool {
        self.is_shared
    }

    pub(in crate::store) fn lease(&self) -> Duration {
        self.lease
    }

    pub(in crate::store) async fn ask_turn(&self, ask: AskTurn) -> Result<TurnAnswer, StoreError> {
        if !self.is_shared {
            // Nobody else is there, and an audit never overlaps itself.
            return Ok(TurnAnswer::Yours(Turn { holder: self.epoch.now(), epoch: 0 }));
        }
        let (reply, answer) = oneshot::channel();
        self.send(Command::Ask(Asking { ask, reply })).await?;
        answer.await.map_err(|_| StoreError::Unanswered)?
    }

    pub(in crate::store) async fn give_back(
        &self,
        database: &str,
        turn: Turn,
    ) -> Result<(), StoreError> {
        if !self.is_shared {
            return Ok(());
        }
        let name = database.to_owned();
        self.write("a turn", move |it| turns::give_back(it, &name, turn)).await
    }

    pub(in crate::store) async fn beat(&self, beat: Beat) -> Result<Members, StoreError> {
        if !self.is_shared {
            return Ok(Members::default());
        }
        let gone = self.lease.saturating_mul(GONE_AFTER_LEASES);
        let [gone_ms, lease_ms] =
            [gone, self.lease].map(|it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX));
        let epoch = self.epoch.now();
        let write = move |it: &Connection| {
            // Before those are forgotten that are gone.
            let freed = members::free_claims_of_silent(it, epoch, lease_ms)?;
            let known = members::beat(it, epoch, &beat, gone_ms)?;
            Ok((known, freed, members::all(it)?))
        };
        let (known, freed, all) = self.write("a sign of life", write).await?;
        if freed > 0 {
            tracing::warn!(
                delivery.freed = freed,
                "a replica that does not say any more that it runs was sending messages: {freed} of them are \
                 sent again"
            );
            self.outbox.notify_one();
        }
        let mut members = Members { me: epoch, all };
        if !known && self.members.borrow().me == epoch {
            // Whatever this process had claimed is somebody else's by now, or of another past. Who it was is
            // nobody any more.
            let anew = move |it: &Connection| {
                members::leave(it, epoch)?;
                members::new_epoch(it, epoch)
            };
            let new = self.write("a new epoch", anew).await?;
            tracing::warn!(
                replica.epoch = epoch,
                "the state does not know this replica any more: it was frozen for long, or the state was \
                 restored from a backup; it goes on as a new one"
            );
            self.epoch.set(new);
            members.me = 0;
        }
        self.members.send_if_modified(|it| {
            let differs = *it != members;
            it.clone_from(&members);
            differs
        });
        Ok(members)
    }

    pub(in crate::store) async fn leave(&self) -> Result<(), StoreError> {
        let epoch = self.epoch.now();
        self.write("the end of a replica", move |it| members::leave(it, epoch)).await
    }

    pub(in crate::store) fn members(&self) -> watch::Receiver<Members> {
        self.members.subscribe()
    }

    pub(in crate::store) async fn server_time(&self) -> Result<Timestamp, StoreError> {
        self.ask("the time", members::now).await
    }

    /// Takes over what other replicas have written since the last call. Returns the schema's version.
    pub(in crate::store) async fn follow(&self) -> Result<i64, StoreError> {
        let last = *self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let fleet = self.fleet.clone();
        let look = move |it: &Connection| {
            let mut found = members::followed(it)?;
            // Restored from a backup: everything may be another.
            let mut change = if found.change < last.change { 0 } else { last.change };
            while change < found.change {
                let changed = databases::changed_since(it, change, FOLLOWED_AT_ONCE)?;
                let Some((last, _)) = changed.last() else { break };
                // Those of one change are never split: the next step begins after it.
                let is_all =
                    changed.len() < usize::try_from(FOLLOWED_AT_ONCE).unwrap_or(usize::MAX);
                let end = if is_all { found.change.max(*last) } else { *last - 1 };
                for (_, state) in changed {
                    glances::follow(it, &fleet, state)?;
                }
                if end <= change {
                    break;
                }
                change = end;
            }
            found.change = change.max(found.change);
            Ok(found)
        };
        let found: Followed = self.ask("what other replicas did", look).await?;
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = found;
        if found.told != last.told {
            self.fleet.told();
            self.outbox.notify_one();
        }
        if found.standing != last.standing {
            self.standing.send_modify(|it| *it += 1);
        }
        if found.accepted != last.accepted {
            self.accepted.send_modify(|it| *it += 1);
        }
        Ok(found.version)
    }
}

/// What a handle that shares its state knows of the others.
pub(super) type Seen = Arc<std::sync::Mutex<Followed>>;
