//! One audit and its commit: a task of its own.
//!
//! Where several replicas share the state, the turn is asked for last, when the place is there and nothing but the
//! connection is left to do: a turn is a lease, and is not to be waited away. Where the state cannot be asked, the
//! audit is made all the same, and nothing is waited for; whether it counts is decided when it can be committed. One
//! that proves nothing because the state was away is not committed at all: were it, every database of the fleet
//! would have an incident after an outage of the state.

use std::sync::Arc;
use std::sync::OnceLock;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::debug;
use tracing::error;

use super::Scheduler;
use super::commit::commit;
use super::ended::Elsewhere;
use super::ended::Ending;
use crate::audit::Before;
use crate::audit::Goldens;
use crate::audit::Means;
use crate::audit::Provisioning;
use crate::audit::Slots;
use crate::audit::Twins;
use crate::audit::audit;
use crate::audit::is_forgotten;
use crate::circuit::Purpose;
use crate::config::Config;
use crate::config::Database;
use crate::demand::Answer;
use crate::demand::Audited;
use crate::deploy::Force;
use crate::report;
use crate::report::origin::Traced;
use crate::store::AskTurn;
use crate::store::Health;
use crate::store::Remembered;
use crate::store::Turn;
use crate::store::TurnAnswer;
use crate::store::WhyNow;

/// How long after the end of somebody's lease the turn is asked for again, at least and at most, in
/// milliseconds: not everybody at one instant.
const AFTER_LEASE: (i64, i64) = (50, 1_000);
/// The same where a server has no room just now.
const WHEN_BUSY: (i64, i64) = (100, 1_000);
/// How long a replica waits whose configuration is not the one in force, before it looks again.
const STANDING_BACK: (i64, i64) = (3_000, 6_000);

/// One audit and its commit.
pub(super) struct Work {
    pub(super) scheduler: Scheduler,
    pub(super) database: Arc<Database>,
    pub(super) force: Arc<Force>,
    pub(super) config: Arc<Config>,
    pub(super) slots: Arc<Slots>,
    pub(super) goldens: Arc<Goldens>,
    pub(super) twins: Option<Arc<Twins>>,
    pub(super) provisioning: Provisioning,
    /// What is known of its findings.
    pub(super) traced: Arc<Traced>,
    /// Why it is audited now.
    pub(super) why: WhyNow,
    /// Who waits for this audit.
    pub(super) asked: Vec<oneshot::Sender<Answer>>,
}

impl Work {
    pub(super) async fn run(mut self, mut ending: Ending) {
        let abort = self.scheduler.abort.clone();
        let _ = abort.run_until_cancelled(self.audit_and_commit(&mut ending)).await;
    }

    /// What the audit goes by; `None` where that cannot be read.
    async fn remembered(&self) -> Option<Remembered> {
        let name = &self.database.name;
        match self.scheduler.store.remembered(name).await {
            Ok(remembered) => Some(remembered),
            Err(error) => {
                error!(
                    database.name = name,
                    error = &error as &dyn std::error::Error,
                    "could not read what is known of `{name}`; it is audited without"
                );
                None
            }
        }
    }

    /// Asks for the turn, and for what is known. `None` where it is not ours to audit it now.
    async fn admitted(&self, granted: &Granted) -> bool {
        let Scheduler { store, clock, .. } = &self.scheduler;
        if store.is_shared() {
            let now = clock.now();
            if store.stands_back() {
                granted.put_off(now, STANDING_BACK);
                return false;
            }
            if *store.health().borrow() != Health::Ok {
                // Neither a turn nor a memory can be had before the writer has found the way back.
                return true;
            }
            let ask = AskTurn {
                database: self.database.name.clone(),
                server: self.database.server(),
                why: self.why,
                per_server: self.config.limits.per_server,
                per_server_rate: self.config.limits.per_server_rate,
            };
            match store.ask_turn(ask).await {
                Ok(TurnAnswer::Yours(turn)) => {
                    let _ = granted.turn.set(turn);
                }
                Ok(TurnAnswer::NotDue { due }) => {
                    let _ = granted.elsewhere.set((due, true));
                    return false;
                }
                Ok(TurnAnswer::Held { until }) => {
                    granted.put_off(until.max(now), AFTER_LEASE);
                    return false;
                }
                Ok(TurnAnswer::Busy) => {
                    granted.put_off(now, WHEN_BUSY);
                    return false;
                }
                Err(error) => debug!(
                    database.name = self.database.name,
                    error = &error as &dyn std::error::Error,
                    "could not ask for the turn; audited all the same"
                ),
            }
        }
        let _ = granted.remembered.set(self.remembered().await);
        if store.is_shared() {
            // The last audit may have been another replica's.
            match store.last_report(&self.database.name).await {
                Ok(report) => {
                    let report = report.and_then(|it| report::json::read(&it));
                    let _ =
                        granted.traced.set(report.map(|it| Traced::of(&it)).unwrap_or_default());
                }
                Err(error) => debug!(
                    database.name = self.database.name,
                    error = &error as &dyn std::error::Error,
                    "could not read the last report; since when findings are there is not known"
                ),
            }
        }
        true
    }

    async fn audit_and_commit(&mut self, ending: &mut Ending) {
        let granted = Granted::default();
        let audited = Box::pin(self.audit(&granted)).await;
        let Scheduler { clock, store, .. } = &self.scheduler;
        let Granted { turn, elsewhere, remembered, traced } = granted;
        if let Some(traced) = traced.into_inner() {
            self.traced = Arc::new(traced);
        }
        let turn = turn.into_inner();
        if let Some((at, is_done)) = elsewhere.into_inner() {
            let anew = match self.why {
                WhyNow::Since(since) if !is_done => Some(since),
                _ => None,
            };
            let asked = std::mem::take(&mut self.asked);
            ending.elsewhere = Some(Elsewhere { at, anew, asked });
            return;
        }
        let Some(mut audited) = audited else { return };
        let remembered = remembered.into_inner().flatten();
        ending.contact = audited.contact.clone();
        self.traced.carry(&mut audited.concluded.report);
        ending.traced = Some(Arc::new(self.traced.after(&audited.concluded.report)));
        let known_version = remembered.map(|it| it.known_version);
        let report = &audited.concluded.report;
        if store.is_shared() && is_forgotten(report) {
            debug!(
                database.name = self.database.name,
                "audited `{}` without what is known of it: nothing is recorded", self.database.name
            );
            if !self.asked.is_empty() {
                let report = report::json::database(report);
                let (transitions, recheck, recorded) = (Vec::new(), None, false);
                answer(self.asked.drain(..), Audited { report, transitions, recheck, recorded });
            }
            return;
        }
        ending.populated = report.proves_populated();
        // The config of now, not of when the audit began: a reload may have taken the database out,
        // or renamed the channels.
        let config = self.scheduler.config.borrow().clone();
        if !config.has(&self.database.name) {
            return;
        }
        let shown = (!self.asked.is_empty()).then(|| report::json::database(report));
        let now = clock.now();
        let receipt =
            commit(store, &self.database, &config, audited, known_version, turn, now).await;
        ending.recorded = receipt.is_some();
        ending.recheck = receipt.as_ref().and_then(|it| it.recheck);
        if let Some(report) = shown {
            let transitions = receipt.map(|it| it.transitions).unwrap_or_default();
            let (recheck, recorded) = (ending.recheck, ending.recorded);
            let audited = Audited { report, transitions, recheck, recorded };
            answer(self.asked.drain(..), audited);
        }
    }

    /// Audits it, if it is ours to do.
    async fn audit(&mut self, granted: &Granted) -> Option<crate::audit::Audited> {
        let Scheduler { environment, clock, shutdown, store, .. } = &self.scheduler;
        let (slots, goldens) = (&*self.slots, &*self.goldens);
        let twins = self.twins.as_deref();
        let purpose = if self.asked.is_empty() { Purpose::Audit } else { Purpose::Asked };
        let means = Means { environment, slots, goldens, twins, clock, shutdown, purpose };
        let (this, provisioning) = (&*self, self.provisioning);
        let admit = async || {
            if !this.admitted(granted).await {
                return None;
            }
            let remembered = granted.remembered.get().and_then(Option::as_ref);
            // Another replica may have seen what its manifest lists.
            let is_provisioned = remembered.is_some_and(|it| it.ever_populated);
            Some(Before {
                provisioning: if is_provisioned { Provisioning::Done } else { provisioning },
                known: remembered.and_then(|it| it.known.as_ref()),
                forgotten: remembered.is_none(),
                last_complete_at: remembered.and_then(|it| it.last_complete_at),
            })
        };
        let manifests = &self.config.manifests;
        let audited = audit(&self.database, &self.force, manifests, admit, means).await;
        if let (None, Some(turn)) = (&audited, granted.turn.get()) {
            // Told to stop in between.
            let _ = store.give_back(&self.database.name, *turn).await;
        }
        audited
    }
}

/// What was found out when the audit was about to begin.
#[derive(Default)]
struct Granted {
    turn: OnceLock<Turn>,
    /// When to ask again, where it is somebody else's; and whether that is because the audit was made.
    elsewhere: OnceLock<(Timestamp, bool)>,
    remembered: OnceLock<Option<Remembered>>,
    /// What is known of its findings, where the last audit may have been another replica's.
    traced: OnceLock<Traced>,
}

impl Granted {
    /// Asks again some time after `at`.
    fn put_off(&self, at: Timestamp, (least, most): (i64, i64)) {
        let by = SignedDuration::from_millis(fastrand::i64(least..=most));
        let _ = self.elsewhere.set((at.checked_add(by).unwrap_or(at), false));
    }
}

/// Tells everybody who waits for an audit how it ended.
fn answer(asked: impl Iterator<Item = oneshot::Sender<Answer>>, audited: Audited) {
    let answer = Answer::Audited(Box::new(audited));
    for it in asked {
        // Who asked may have gone away.
        let _ = it.send(answer.clone());
    }
}
