//! The thread that reads for people: incidents, deliveries, silences, deploys, the past.
//!
//! It has a connection of its own that cannot write, so that a long list never keeps an audit or a
//! claim waiting, and a disk that hangs under the writer does not take the pages with it. It sees what
//! is committed. Between questions it recalls the strips of the last 24 hours, a few databases at a
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

/// Starts the thread. It ends when it is told to close or when every handle is gone.
pub(super) fn start(
    connection: Connection,
    fleet: Fleet,
    since: Timestamp,
    mut questions: mpsc::Receiver<Question>,
) -> io::Result<()> {
    thread::Builder::new().name("state-reader".to_owned()).spawn(move || {
        let closed = serve(&connection, &fleet, since, &mut questions);
        drop(connection);
        if let Some(reply) = closed {
            let _ = reply.send(());
        }
    })?;
    Ok(())
}

fn serve(
    connection: &Connection,
    fleet: &Fleet,
    since: Timestamp,
    questions: &mut mpsc::Receiver<Question>,
) -> Option<oneshot::Sender<()>> {
    // The last database whose strip was recalled; none when all are.
    let mut recalled = Some(0);
    loop {
        let question = match recalled {
            None => questions.blocking_recv()?,
            Some(after) => match questions.try_recv() {
                Ok(question) => question,
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    recalled = glances::recall_strips(connection, fleet, since, after)
                        .unwrap_or_else(|error| {
                            warn!(error = %error, "could not recall the last 24 hours");
                            None
                        });
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
