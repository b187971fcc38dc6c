//! What people, and databases that are watched, ask of the scheduler, over a bounded queue: "audit this database now".
//!
//! The scheduler alone starts audits, so that none overlaps itself; whoever wants one before its tick
//! asks here. An audit that is asked for begins after the question: one that runs already may have
//! read the catalogs before the person who asks has mended them.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::store::TransitionRecord;

/// Demands that may wait for the scheduler, which takes them within one round. Whoever finds the
/// queue full waits.
const QUEUE_MAX: usize = 64;

/// One thing asked of the scheduler.
#[derive(Debug)]
pub enum Demand {
    /// Audit this database now and say what was found. Dropping `reply` says that nothing came of it.
    Audit { database: String, reply: oneshot::Sender<Answer> },
    /// Audit this database now: something has happened there. Nobody waits for it.
    Hasten { database: String },
}

/// What came of [`Demand::Audit`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The audit has ended, and its report is committed or kept to be.
    Audited(Box<Audited>),
    /// No such database is registered.
    NotRegistered,
    /// The daemon is stopping, or the database left the registry meanwhile.
    GivenUp,
}

/// One audit that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Audited {
    /// The JSON form of `report::json::database`.
    pub report: Value,
    /// What it changed, in the order in which it is told.
    pub transitions: Vec<TransitionRecord>,
    /// The next audit comes after this: what was seen has to be seen again before it counts.
    pub recheck: Option<Duration>,
    /// Whether the report is in the state, or is kept and will be.
    pub recorded: bool,
}

/// The end of the queue that asks. Clones share it.
#[derive(Clone, Debug)]
pub struct Demands(mpsc::Sender<Demand>);

/// A queue, and the end of it that the scheduler serves.
#[must_use]
pub fn queue() -> (Demands, mpsc::Receiver<Demand>) {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    (Demands(sender), receiver)
}

impl Demands {
    /// Asks for an audit and waits for its end. Giving up the wait does not give up the audit.
    pub async fn audit(&self, database: &str) -> Answer {
        let (reply, answer) = oneshot::channel();
        let demand = Demand::Audit { database: database.to_owned(), reply };
        if self.0.send(demand).await.is_err() {
            return Answer::GivenUp;
        }
        answer.await.unwrap_or(Answer::GivenUp)
    }

    /// Asks for an audit that nobody waits for; false where nobody serves any more.
    pub async fn hasten(&self, database: &str) -> bool {
        self.0.send(Demand::Hasten { database: database.to_owned() }).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scheduler_that_has_ended_gives_up() {
        let (demands, served) = queue();
        drop(served);
        assert_eq!(demands.audit("central").await, Answer::GivenUp);
    }

    #[tokio::test]
    async fn a_demand_that_is_dropped_is_given_up() {
        let (demands, mut served) = queue();
        let asked = tokio::join!(demands.audit("central"), async {
            let Some(Demand::Audit { database, reply }) = served.recv().await else {
                panic!("an audit was asked for")
            };
            assert_eq!(database, "central");
            drop(reply);
        });
        assert_eq!(asked.0, Answer::GivenUp);
    }
}
