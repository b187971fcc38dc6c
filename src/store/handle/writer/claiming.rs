//! Claims turns in the state: a transaction of its own, beside those that write.

use tokio::time::Instant;
use tracing::error;

use super::Writer;
use crate::store::StoreError;
use crate::store::handle::command::Asking;
use crate::store::statements::turns;

impl Writer {
    /// Claims turns, all that are asked for in one transaction.
    pub(super) fn claim_turns(&mut self, all: Vec<Asking>) {
        let (asked, replies): (Vec<_>, Vec<_>) =
            all.into_iter().map(|it| (it.ask, it.reply)).unzip();
        if self.retry_at.is_some_and(|at| at > Instant::now()) {
            let reason = self.reason();
            return replies.into_iter().for_each(|it| {
                let _ = it.send(Err(StoreError::NoTurn { reason: reason.clone() }));
            });
        }
        let claimed = self.connection.begin_claim().and_then(|()| {
            let answers = turns::claim(&self.connection, self.epoch.now(), &asked, self.lease_ms)?;
            self.connection.commit()?;
            Ok(answers)
        });
        match claimed {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Nobody waits any more: the lease ends by itself.
                    let _ = reply.send(Ok(answer));
                }
            }
            Err(error) => {
                let reason = error.to_string();
                for it in replies {
                    let _ = it.send(Err(StoreError::NoTurn { reason: reason.clone() }));
                }
                if error.is_trouble() {
                    self.fail(&error);
                } else {
                    self.roll_back();
                    error!(error = %error, "could not claim turns: {error}");
                }
            }
        }
    }
}
