//! How a handle asks its threads, and waits for the answer.

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::Handle;
use super::command::Command;
use super::command::Finish;
use super::reader::Question;
use crate::store::StoreError;
use crate::store::sql;
use crate::store::sql::Connection;

impl Handle {
    /// Runs `read` on the reader's connection: it sees what is committed, and keeps no audit waiting.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        ask(&self.questions, what, read).await
    }

    /// Runs `read` on the writer's connection, outside any new transaction. It sees what is about to
    /// be committed.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.is_shared {
            // Nothing is ever about to be committed there: a transaction waits for nobody.
            return self.ask(what, read).await;
        }
        let (reply, answer) = oneshot::channel();
        let command = Box::new(move |connection: &Connection| {
            // Nobody waits any more: nothing is lost, it was a read.
            let _ = reply.send(read(connection));
        });
        self.send(Command::Read(command)).await?;
        let answer = answer.await.map_err(|_| StoreError::Unanswered)?;
        answer.map_err(|source| StoreError::Read { what, source })
    }

    /// Runs `write` in a transaction; resolves when that is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        write: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(move |begun: sql::Result<&Connection>| {
            let (value, error) = match begun.and_then(write) {
                Ok(value) => (Some(value), None),
                Err(error) => (None, Some(error)),
            };
            let finish: Finish = Box::new(move |outcome: sql::Result<()>| {
                let outcome = outcome.map(|()| value.expect("a write without error has a value"));
                // Nobody waits any more: it is written all the same.
                let _ = reply.send(outcome);
            });
            (error, finish)
        });
        self.send(Command::Write(command)).await?;
        let answer = answer.await.map_err(|_| StoreError::Unanswered)?;
        answer.map_err(|source| StoreError::Write { what, source })
    }

    pub(super) async fn send(&self, command: Command) -> Result<(), StoreError> {
        self.commands.send(command).await.map_err(|_| StoreError::Stopped)
    }
}

/// Runs `read` on a connection that cannot write.
pub(super) async fn ask<T: Send + 'static>(
    questions: &mpsc::Sender<Question>,
    what: &'static str,
    read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let (reply, answer) = oneshot::channel();
    let question = Box::new(move |connection: &Connection| {
        // Nobody waits any more: nothing is lost, it was a read.
        let _ = reply.send(read(connection));
    });
    let sent = questions.send(Question::Read(question)).await;
    sent.map_err(|_| StoreError::Stopped)?;
    let answer = answer.await.map_err(|_| StoreError::Unanswered)?;
    answer.map_err(|source| StoreError::Read { what, source })
}
