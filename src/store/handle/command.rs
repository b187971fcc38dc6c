//! What the writer thread is told.

use crate::store::sql;
use crate::store::sql::Connection;
use tokio::sync::oneshot;

use super::backlog::Waiting;
use crate::store::AskTurn;
use crate::store::StoreError;
use crate::store::TurnAnswer;

/// Answers whoever asked, once the transaction's fate is known.
pub(in crate::store) type Finish = Box<dyn FnOnce(sql::Result<()>) + Send>;
/// A read that answers by itself.
pub(in crate::store) type Read = Box<dyn FnOnce(&Connection) + Send>;
/// Statements of one transaction, or the reason why it could not begin: their error, if any, and the
/// answer.
pub(in crate::store) type Write =
    Box<dyn FnOnce(sql::Result<&Connection>) -> (Option<sql::Error>, Finish) + Send>;

/// A question for a turn, and who waits for the answer.
pub(in crate::store) struct Asking {
    pub(in crate::store) ask: AskTurn,
    pub(in crate::store) reply: oneshot::Sender<Result<TurnAnswer, StoreError>>,
}

/// One command.
pub(in crate::store) enum Command {
    Audit(Box<Waiting>),
    Read(Read),
    Write(Write),
    /// For the turn of a database.
    Ask(Asking),
    /// Answered when the file and its lock are free.
    Close(oneshot::Sender<()>),
}
