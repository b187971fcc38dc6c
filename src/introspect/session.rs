//! A session that is logged in: one message out, its answer in, then the close.
//!
//! The connection is driven by whoever waits for its answer, in the same task. So there is no task to
//! leak: when an audit is over, or is dropped, the socket is closed with it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio::time::timeout_at;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::Row;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::connect::Deadline;
use super::connect::Peer;
use super::error::IntrospectError;
use super::error::Phase;
use super::error::TalkError;
use super::stream::Guarded;
use super::stream::Seen;
use crate::secret::Secret;

/// How long saying goodbye may take. The answer is in hand by then.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

type Driver = tokio_postgres::Connection<Guarded, Guarded>;

/// What is known of a session from logging in.
pub(super) struct About {
    /// Host and port, visible.
    pub(super) server: String,
    /// The role that logged in, visible.
    pub(super) role: String,
    /// The database that was asked for, visible.
    pub(super) database: String,
    /// Taken out of whatever the server says.
    pub(super) password: Option<Secret>,
    pub(super) seen: Arc<Seen>,
    pub(super) encrypted: bool,
    pub(super) peer: Peer,
}

/// One logged-in connection.
pub(super) struct Session {
    client: Client,
    /// `None` once it has failed or ended.
    driver: Option<Driver>,
    /// Notifications that have come and were not taken yet.
    calls: u64,
    pub(super) about: About,
}

impl Session {
    pub(super) fn new(client: Client, driver: Driver, about: About) -> Self {
        Self { client, driver: Some(driver), calls: 0, about }
    }

    /// Its client, and what moves its bytes; what goes wrong is told to whoever waits for an answer.
    pub(super) fn into_parts(self) -> (Client, super::Driver) {
        let Self { client, driver, .. } = self;
        let driving = async move {
            if let Some(driver) = driver {
                // Whoever waits for an answer is told.
                let _ = driver.await;
            }
        };
        (client, Box::pin(driving))
    }

    /// Sends one simple-protocol message and gives each part of the answer to `each`, until the
    /// server is ready again. Gives up at `deadline`, and then asks the server to cancel.
    pub(super) async fn ask(
        &mut self,
        sql: &str,
        deadline: Deadline,
        each: impl FnMut(SimpleQueryMessage) -> Result<(), TalkError>,
    ) -> Result<(), IntrospectError> {
        let answered = timeout_at(deadline.at, self.exchange(sql, each)).await;
        self.settle(answered, deadline).await
    }

    /// What an answer that came in time says; asks the server to cancel where it did not.
    async fn settle(
        &mut self,
        answered: Result<Result<(), TalkError>, Elapsed>,
        deadline: Deadline,
    ) -> Result<(), IntrospectError> {
        let Ok(outcome) = answered else {
            self.about.peer.cancel(&self.client.cancel_token()).await;
            return Err(IntrospectError::TimedOut {
                server: self.about.server.clone(),
                phase: Phase::Reading,
                limit: deadline.limit,
            });
        };
        outcome.map_err(|source| self.read_error(source))
    }

    /// Sends one statement by the extended protocol, unnamed, and gives each row to `each`. The server
    /// refuses a text of two statements here, which by the simple protocol it would run. Gives up at
    /// `deadline`, as [`Self::ask`] does.
    pub(super) async fn ask_one_statement(
        &mut self,
        sql: &str,
        deadline: Deadline,
        each: impl FnMut(Row) -> Result<(), TalkError>,
    ) -> Result<(), IntrospectError> {
        let answered = timeout_at(deadline.at, self.exchange_one(sql, each)).await;
        self.settle(answered, deadline).await
    }

    /// The error of an answer without the row that it should hold.
    pub(super) fn unanswered(&self) -> IntrospectError {
        self.read_error(TalkError::Undecodable { problem: "a row is missing".to_owned() })
    }

    fn read_error(&self, source: TalkError) -> IntrospectError {
        IntrospectError::Read {
            server: self.about.server.clone(),
            role: self.about.role.clone(),
            database: self.about.database.clone(),
            source,
        }
    }

    async fn exchange(
        &mut self,
        sql: &str,
        mut each: impl FnMut(SimpleQueryMessage) -> Result<(), TalkError>,
    ) -> Result<(), TalkError> {
        let Self { client, driver, calls, about } = self;
        let password = about.password.as_ref();
        let reading = async {
            let mut answer = pin!(client.simple_query_raw(sql).await.map_err(Heard::Failed)?);
            while let Some(part) = answer.next().await {
                each(part.map_err(Heard::Failed)?).map_err(Heard::Nonsense)?;
            }
            Ok(())
        };
        drive(driver, calls, password, reading).await
    }

    async fn exchange_one(
        &mut self,
        sql: &str,
        mut each: impl FnMut(Row) -> Result<(), TalkError>,
    ) -> Result<(), TalkError> {
        let Self { client, driver, calls, about } = self;
        let password = about.password.as_ref();
        let reading = async {
            let nothing: [(&(dyn ToSql + Sync), Type); 0] = [];
            let rows = client.query_typed_raw(sql, nothing).await.map_err(Heard::Failed)?;
            let mut rows = pin!(rows);
            while let Some(row) = rows.next().await {
                each(row.map_err(Heard::Failed)?).map_err(Heard::Nonsense)?;
            }
            Ok(())
        };
        drive(driver, calls, password, reading).await
    }

    /// How many notifications have come since this was last asked.
    pub(super) fn take_calls(&mut self) -> u64 {
        std::mem::take(&mut self.calls)
    }

    /// Waits for a notification, while nothing is asked. It is counted; giving up loses none.
    pub(super) async fn called(&mut self) -> Result<(), IntrospectError> {
        let Self { driver, calls, about, .. } = self;
        let outcome = poll_fn(|cx| {
            loop {
                let Some(open) = driver else { return Poll::Ready(Err(TalkError::Closed)) };
                match open.poll_message(cx) {
                    Poll::Ready(Some(Ok(it))) => *calls += u64::from(is_call(&it)),
                    Poll::Ready(Some(Err(error))) => {
                        *driver = None;
                        let error = TalkError::from_driver(&error, about.password.as_ref());
                        return Poll::Ready(Err(error));
                    }
                    Poll::Ready(None) => *driver = None,
                    // All that has come is one call.
                    Poll::Pending if *calls > 0 => return Poll::Ready(Ok(())),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        outcome.map_err(|source| self.read_error(source))
    }

    /// A parameter that the server reported at login (`server_version`, …).
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.driver.as_ref()?.parameter(name)
    }

    /// Says goodbye (`Terminate`), so that the server need not find out.
    pub(super) async fn close(self) {
        let Self { client, driver, .. } = self;
        drop(client);
        if let Some(mut driver) = driver {
            let closed = poll_fn(|cx| {
                loop {
                    match driver.poll_message(cx) {
                        Poll::Ready(Some(Ok(_))) => {}
                        Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            });
            let _best_effort = timeout(CLOSE_TIMEOUT, closed).await;
        }
    }
}

/// Whether a message is a notification, not a notice.
fn is_call(message: &AsyncMessage) -> bool {
    matches!(message, AsyncMessage::Notification(_))
}

/// Why an answer ended early.
enum Heard {
    Failed(tokio_postgres::Error),
    /// It came, and we cannot make sense of it.
    Nonsense(TalkError),
}

/// Moves the bytes of a connection until `reading` has its answer.
async fn drive(
    driver: &mut Option<Driver>,
    calls: &mut u64,
    password: Option<&Secret>,
    reading: impl Future<Output = Result<(), Heard>>,
) -> Result<(), TalkError> {
    let mut reading = pin!(reading);
    let mut broken = None;
    let outcome = poll_fn(|cx| {
        loop {
            // What has arrived is taken before more is let in.
            if let Poll::Ready(outcome) = reading.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            match driver.as_mut().map(|it| it.poll_message(cx)) {
                // A notice, or a notification. The byte budget bounds how many there are.
                Some(Poll::Ready(Some(Ok(it)))) => *calls += u64::from(is_call(&it)),
                Some(Poll::Ready(Some(Err(error)))) => {
                    broken = Some(error);
                    // Dropping it ends the answer, after what has arrived already.
                    *driver = None;
                }
                Some(Poll::Ready(None)) => *driver = None,
                Some(Poll::Pending) | None => return Poll::Pending,
            }
        }
    })
    .await;
    match (outcome, broken) {
        (Ok(()), _) => Ok(()),
        (Err(Heard::Nonsense(error)), _) => Err(error),
        // An answer that ends because the connection broke says only that it ended.
        (Err(Heard::Failed(error)), Some(cause)) if error.is_closed() => {
            Err(TalkError::from_driver(&cause, password))
        }
        (Err(Heard::Failed(error)), _) => Err(TalkError::from_driver(&error, password)),
    }
}
