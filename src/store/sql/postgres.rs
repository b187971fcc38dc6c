//! A session on the state's server, driven from a thread that waits.
//!
//! tokio-postgres is asynchronous; the threads that own a connection are not. So each has a runtime of its
//! own, and every call drives it until the answer is there, at most for [`ANSWER_MAX`]: a server that
//! says nothing any more is given up like one that has closed the connection, and dialled anew by the next
//! call outside a transaction.
//!
//! A transaction takes the fleet's write lock first: replicas write one after the other, as the one writer
//! of a file does, and each sees all that was written before. A transaction holds that lock for
//! milliseconds; where its process is frozen or cut off, the server ends it after [`IDLE_MAX`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures_util::future::BoxFuture;
use tokio::runtime;
use tokio_postgres::Client;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Error;
use super::Result;
use super::Value;
use super::dialect;
use super::error::is_broken;

/// No statement of ours takes longer, and no login; the retention's are batches.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// How long the server lets a transaction wait for our next statement: no other replica can write meanwhile.
const IDLE_MAX: Duration = Duration::from_secs(3);
/// How long a transaction waits for others: several that were frozen one after the other.
const LOCK_MAX: Duration = Duration::from_secs(6);
/// How long the server is left alone that could not be reached: whoever asks meanwhile is answered at once, and does
/// not wait behind the others for the same.
const REST: Duration = Duration::from_secs(1);
/// Prepared statements that are kept; more than there are.
const STATEMENTS_MAX: usize = 512;
/// The advisory lock of everything that writes to a state; a database holds one.
const WRITE_LOCK: i64 = 0x5363_6865_6d61_5772;
/// That of claiming turns, so that limits which hold over all replicas are counted by one at a time.
const CLAIM_LOCK: i64 = 0x5363_6865_6d61_436c;

/// A client, and what moves its bytes; whoever has it spawns that.
pub type Dialled = (Client, BoxFuture<'static, ()>);

/// Opens a connection to the state's server; the error is a line for people without secrets.
pub type Dial =
    Arc<dyn Fn() -> BoxFuture<'static, std::result::Result<Dialled, String>> + Send + Sync>;

/// One session.
pub(in crate::store) struct Session {
    runtime: runtime::Runtime,
    dial: Dial,
    /// Run on each new connection: the search path, and whether it may write.
    set_up: String,
    open: Option<Open>,
    /// When it could not be reached, and why.
    unreachable: Option<(Instant, String)>,
    in_transaction: bool,
}

struct Open {
    client: Client,
    statements: HashMap<String, tokio_postgres::Statement>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open, in_transaction, .. } = self;
        f.debug_struct("Session")
            .field("open", &open.is_some())
            .field("in_transaction", in_transaction)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session that is dialled when it is first used.
    pub(in crate::store) fn new(dial: Dial, set_up: String) -> std::io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, dial, set_up, open: None, unreachable: None, in_transaction: false })
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Begins a transaction that alone writes to the state.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.begin_under(WRITE_LOCK, "on")
    }

    /// Begins a transaction that claims turns: beside those that write. A claim that a crash of the server
    /// undoes costs nothing: it names its holder, so what is committed under it is refused.
    pub(super) fn begin_claim(&mut self) -> Result<()> {
        self.begin_under(CLAIM_LOCK, "off")
    }

    /// Begins a transaction that sees one instant.
    pub(super) fn begin_reading(&mut self) -> Result<()> {
        let begun = self.send("begin isolation level repeatable read read only", true);
        self.in_transaction = true;
        if begun.is_err() {
            let _ = self.roll_back();
        }
        begun
    }

    fn begin_under(&mut self, key: i64, synchronous: &str) -> Result<()> {
        let (idle, lock) = (IDLE_MAX.as_millis(), LOCK_MAX.as_millis());
        let statement = ANSWER_MAX.as_millis();
        // One message. The limits are the transaction's own, whatever the session has.
        let sql = format!(
            "begin isolation level read committed; \
             set local idle_in_transaction_session_timeout = {idle}; \
             set local lock_timeout = {lock}; set local statement_timeout = {statement}; \
             set local synchronous_commit = {synchronous}; \
             select pg_catalog.pg_advisory_xact_lock({key})"
        );
        let begun = self.send(&sql, true);
        self.in_transaction = true;
        if begun.is_err() {
            // Half a beginning is none.
            let _ = self.roll_back();
        }
        begun
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        let committed = self.send("commit", false);
        self.in_transaction = false;
        if committed.is_err() {
            // Whether it was committed is not known: the connection says nothing more.
            self.open = None;
        }
        committed
    }

    pub(super) fn roll_back(&mut self) -> Result<()> {
        let rolled_back = if self.open.is_some() { self.send("rollback", false) } else { Ok(()) };
        self.in_transaction = false;
        if rolled_back.is_err() {
            self.open = None;
        }
        rolled_back
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.send(sql, !self.in_transaction)
    }

    /// Sends statements as they are. `may_dial`: the connection may be a new one.
    fn send(&mut self, sql: &str, may_dial: bool) -> Result<()> {
        self.connected(may_dial)?;
        let Self { runtime, open: Some(open), .. } = self else { return Err(gone()) };
        let sent = within(runtime, open.client.batch_execute(sql));
        self.noted(sent)
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        self.connected(!self.in_transaction)?;
        let done = self.run(sql, values, async |client, statement, values| {
            client.execute(&statement, values).await
        });
        self.noted(done).map(|it| usize::try_from(it).unwrap_or(usize::MAX))
    }

    pub(super) fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.connected(!self.in_transaction)?;
        let rows = self.run(sql, values, async |client, statement, values| {
            client.query(&statement, values).await
        });
        self.noted(rows)
    }

    fn run<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        ask: impl AsyncFnOnce(
            &Client,
            tokio_postgres::Statement,
            &[&(dyn ToSql + Sync)],
        ) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let Self { runtime, open: Some(open), .. } = self else { return Err(gone()) };
        let Open { client, statements } = open;
        let values: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|it| it as &(dyn ToSql + Sync)).collect();
        within(runtime, async {
            let statement = if let Some(it) = statements.get(sql) {
                it.clone()
            } else {
                let prepared = client.prepare(&dialect::postgres(sql)).await?;
                if statements.len() >= STATEMENTS_MAX {
                    statements.clear();
                }
                statements.insert(sql.to_owned(), prepared.clone());
                prepared
            };
            ask(client, statement, &values).await
        })
    }

    /// Makes sure that there is a connection.
    fn connected(&mut self, may_dial: bool) -> Result<()> {
        if self.open.as_ref().is_some_and(|it| !it.client.is_closed()) {
            return Ok(());
        }
        let was_open = self.open.take().is_some();
        if !may_dial {
            // What the transaction did is undone with it.
            return Err(if was_open {
                gone()
            } else {
                Error::Lost("there is no connection".to_owned())
            });
        }
        if let Some((at, why)) = &self.unreachable
            && at.elapsed() < REST
        {
            return Err(Error::Lost(why.clone()));
        }
        let opened = self.dial();
        self.unreachable = opened.as_ref().err().map(|error| (Instant::now(), error.to_string()));
        self.open = Some(opened?);
        Ok(())
    }

    fn dial(&self) -> Result<Open> {
        let Self { runtime, dial, set_up, .. } = self;
        let open = async {
            let (client, driver) = dial().await.map_err(Error::Lost)?;
            #[expect(
                clippy::disallowed_methods,
                reason = "it ends with its client, on a runtime of this thread"
            )]
            tokio::spawn(driver);
            client.batch_execute(set_up).await?;
            Ok(Open { client, statements: HashMap::new() })
        };
        let within = async { tokio::time::timeout(ANSWER_MAX, open).await };
        runtime.block_on(within).unwrap_or_else(|_| Err(late()))
    }

    /// Gives a connection up that an answer shows to be of no use any more.
    fn noted<T>(&mut self, answer: Result<T>) -> Result<T> {
        let is_of_no_use = match &answer {
            Err(Error::Postgres(it)) => {
                is_broken(it)
                    || it.code().is_some_and(|it| {
                        let class = it.code().get(..2).unwrap_or_default();
                        matches!(class, "08" | "57")
                    })
            }
            Err(Error::Lost(_)) => true,
            Ok(_) | Err(_) => false,
        };
        if is_of_no_use {
            self.open = None;
        }
        answer
    }
}

fn within<T>(
    runtime: &runtime::Runtime,
    work: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> Result<T> {
    match runtime.block_on(async { tokio::time::timeout(ANSWER_MAX, work).await }) {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(late()),
    }
}

fn gone() -> Error {
    Error::Lost("the connection to the state server broke off".to_owned())
}

fn late() -> Error {
    Error::Lost(format!("the state server gave no answer for {} s", ANSWER_MAX.as_secs()))
}
