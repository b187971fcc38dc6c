//! One SQL over two engines: what every statement of the state is written against.
//!
//! The state's rules are statements (`store::statements`), and each of them exists once. They are
//! written in what SQLite and PostgreSQL have in common; the few differences of spelling are in
//! [`dialect`]. Columns hold integers, text and bytes only: flags are 0 or 1, instants are milliseconds.
//!
//! Everything here blocks. It is used by the threads that own a connection, never by a task.

mod dialect;
mod error;
mod postgres;
mod row;
mod value;

use std::cell::RefCell;
use std::ops::ControlFlow;

pub use error::Error;
pub(in crate::store) use error::Optional;
pub use postgres::Dial;
pub use postgres::Dialled;
pub(in crate::store) use postgres::Session;
pub(in crate::store) use row::Row;
pub(in crate::store) use value::Params;
pub(in crate::store) use value::Value;

/// What a statement comes to.
pub(in crate::store) type Result<T> = std::result::Result<T, Error>;

/// A connection to the state. One thread owns it.
pub(in crate::store) enum Connection {
    /// A file.
    Sqlite(rusqlite::Connection),
    /// A server. In a cell: every call moves the session on.
    Postgres(Box<RefCell<Session>>),
}

/// A statement that was made ready.
pub(in crate::store) enum Statement<'a> {
    Sqlite(rusqlite::CachedStatement<'a>),
    Postgres { session: &'a RefCell<Session>, sql: String },
}

/// What a query brought, row by row.
pub(in crate::store) type Rows<T> = std::vec::IntoIter<Result<T>>;

impl Connection {
    /// Makes a statement ready; the engine keeps it for the next time.
    pub(in crate::store) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(it) => Ok(Statement::Sqlite(it.prepare_cached(sql)?)),
            Self::Postgres(session) => Ok(Statement::Postgres { session, sql: sql.to_owned() }),
        }
    }

    /// Runs one statement; returns how many rows it changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// Runs one query that brings one row.
    pub(in crate::store) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// Runs statements that take nothing and bring nothing.
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(it) => Ok(it.execute_batch(sql)?),
            Self::Postgres(it) => it.borrow_mut().batch(sql),
        }
    }

    /// Begins a transaction that alone writes: on a server it waits for the transactions of other
    /// replicas, and sees what they have written.
    pub(in crate::store) fn begin(&self) -> Result<()> {
        match self {
            Self::Sqlite(it) => Ok(it.execute_batch("begin immediate")?),
            Self::Postgres(it) => it.borrow_mut().begin(),
        }
    }

    /// Begins a transaction that claims turns: beside the one that writes.
    pub(in crate::store) fn begin_claim(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.begin(),
            Self::Postgres(it) => it.borrow_mut().begin_claim(),
        }
    }

    /// Begins a transaction that sees one instant and writes nothing.
    pub(in crate::store) fn begin_reading(&self) -> Result<()> {
        match self {
            Self::Sqlite(it) => Ok(it.execute_batch("begin")?),
            Self::Postgres(it) => it.borrow_mut().begin_reading(),
        }
    }

    /// Commits it.
    pub(in crate::store) fn commit(&self) -> Result<()> {
        match self {
            Self::Sqlite(it) => Ok(it.execute_batch("commit")?),
            Self::Postgres(it) => it.borrow_mut().commit(),
        }
    }

    /// Undoes it.
    pub(in crate::store) fn roll_back(&self) -> Result<()> {
        match self {
            Self::Sqlite(it) => Ok(it.execute_batch("rollback")?),
            Self::Postgres(it) => it.borrow_mut().roll_back(),
        }
    }

    /// Whether no transaction is open.
    pub(in crate::store) fn is_autocommit(&self) -> bool {
        match self {
            Self::Sqlite(it) => it.is_autocommit(),
            Self::Postgres(it) => !it.borrow().in_transaction(),
        }
    }

    /// Whether others write to the same state: then a transaction is short, and nothing waits in it.
    pub(in crate::store) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what is bound is built for the call")]
impl Statement<'_> {
    /// Runs it; returns how many rows it changed.
    pub(in crate::store) fn execute(&mut self, params: impl Params) -> Result<usize> {
        let values = params.values();
        match self {
            Self::Sqlite(it) => Ok(it.execute(rusqlite::params_from_iter(values))?),
            Self::Postgres { session, sql } => session.borrow_mut().execute(sql, &values),
        }
    }

    /// The first row; [`Error::NoRows`] where there is none.
    pub(in crate::store) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let values = params.values();
        match self {
            Self::Sqlite(it) => {
                let mut rows = it.query(rusqlite::params_from_iter(values))?;
                read(&Row::Sqlite(rows.next()?.ok_or(Error::NoRows)?))
            }
            Self::Postgres { session, sql } => {
                let rows = session.borrow_mut().query(sql, &values)?;
                read(&Row::Postgres(rows.first().ok_or(Error::NoRows)?))
            }
        }
    }

    /// Whether there is a row.
    pub(in crate::store) fn exists(&mut self, params: impl Params) -> Result<bool> {
        let mut exists = false;
        self.walk(params, |_| {
            exists = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(exists)
    }

    /// Every row.
    pub(in crate::store) fn query_map<T>(
        &mut self,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Rows<T>> {
        let mut all = Vec::new();
        self.walk(params, |row| {
            all.push(read(row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all.into_iter())
    }

    /// Row by row, until `step` breaks: of a file, what comes after that is never read.
    pub(in crate::store) fn walk(
        &mut self,
        params: impl Params,
        mut step: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let values = params.values();
        match self {
            Self::Sqlite(it) => {
                let mut rows = it.query(rusqlite::params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    if step(&Row::Sqlite(row))?.is_break() {
                        break;
                    }
                }
            }
            Self::Postgres { session, sql } => {
                let rows = session.borrow_mut().query(sql, &values)?;
                for row in &rows {
                    if step(&Row::Postgres(row))?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
