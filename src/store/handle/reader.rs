//! The threads that read: one for people (incidents, deliveries, silences, deploys, the past), and on a file one for
//! audits that are about to begin.
//!
//! Each has a connection of its own that cannot write, so that a long list never keeps an audit or a
//! claim waiting, that whoever reads waits for no commit, and that a disk that hangs under the writer does not take the
//! pages with it. It sees what is committed. Between questions the one for people recalls the strips of the last 24 hours, a few databases at a
//! time: with ten thousand of them that are millions of rows.

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::thread;

use crate::store::sql::Connection;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::oneshot;
use tracing::error;
use tracing::warn;

use super::command::Read;
use crate::store::Fleet;
use crate::store::statements::glances;

/// What the thread is told.
pub(super) enum Question {
    Read(Read),
    /// Answered when the connection is closed.
    Close(oneshot::Sender<()>),
}

/// Starts a thread. It ends when it is told to close or when every handle is gone. `strips`: whose it recalls, and
/// since when.
pub(super) fn start(
    name: &str,
    connection: Connection,
    strips: Option<(Fleet, Timestamp)>,
    mut questions: mpsc::Receiver<Question>,
) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let closed = serve(&connection, strips, &mut questions);
        drop(connection);
        if let Some(reply) = closed {
            let _ = reply.send(());
        }
    })?;
    Ok(())
}

fn serve(
    connection: &Connection,
    strips: Option<(Fleet, Timestamp)>,
    questions: &mut mpsc::Receiver<Question>,
) -> Option<oneshot::Sender<()>> {
    // With the last database whose strip was recalled; none when all are.
    let mut left = strips.map(|it| (it, 0));
    loop {
        let question = match &left {
            None => questions.blocking_recv()?,
            Some(((fleet, since), after)) => match questions.try_recv() {
                Ok(question) => question,
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    let next = glances::recall_strips(connection, fleet, *since, *after)
                        .unwrap_or_else(|error| {
                            warn!(error = %error, "could not recall the last 24 hours");
                            None
                        });
                    left = left.zip(next).map(|((it, _), after)| (it, after));
                    continue;
                }
            },
        };
        match question {
            Question::Close(reply) => return Some(reply),
            Question::Read(read) => {
                // A panic costs the question that caused it.
                if catch_unwind(AssertUnwindSafe(|| read(connection))).is_err() {
                    error!(
                        "the state's reader panicked; the question that caused it has no answer"
                    );
                }
            }
        }
    }
}
