//! What the writer thread is told.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::backlog::Waiting;

/// Answers whoever asked, once the transaction's fate is known.
pub(super) type Finish = Box<dyn FnOnce(rusqlite::Result<()>) + Send>;
/// A read that answers by itself.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;
/// Statements of one transaction, or the reason why it could not begin: their error, if any, and the
/// answer.
pub(super) type Write =
    Box<dyn FnOnce(rusqlite::Result<&Connection>) -> (Option<rusqlite::Error>, Finish) + Send>;

/// One command.
pub(super) enum Command {
    Audit(Box<Waiting>),
    Read(Read),
    Write(Write),
    /// Answered when the file and its lock are free.
    Close(oneshot::Sender<()>),
}
