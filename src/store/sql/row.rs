//! What comes out of a query.

use std::error::Error as StdError;
use std::fmt;

use rusqlite::types::ValueRef;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::Type;

use super::Error;
use super::Result;
use super::Value;

/// One row, while it is read.
pub(in crate::store) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// Where a column is: its name, or its number from 0.
pub(in crate::store) trait Index: Copy + fmt::Display {
    fn of(self, row: &Row<'_>) -> Option<usize>;
}

impl Index for usize {
    fn of(self, row: &Row<'_>) -> Option<usize> {
        (self < row.len()).then_some(self)
    }
}

impl Index for &str {
    fn of(self, row: &Row<'_>) -> Option<usize> {
        match row {
            Row::Sqlite(it) => it.as_ref().column_index(self).ok(),
            Row::Postgres(it) => it.columns().iter().position(|it| it.name() == self),
        }
    }
}

impl<'a> Row<'a> {
    /// How many columns it has.
    pub(in crate::store) fn len(&self) -> usize {
        match self {
            Self::Sqlite(it) => it.as_ref().column_count(),
            Self::Postgres(it) => it.len(),
        }
    }

    /// The content of one column.
    pub(in crate::store) fn get<I: Index, T: Read>(&self, at: I) -> Result<T> {
        let found = at.of(self).ok_or_else(|| unreadable(at, "there is no such column"))?;
        T::read(self.value(found)?).ok_or_else(|| unreadable(at, "holds another type"))
    }

    /// The same as it is.
    pub(in crate::store) fn value(&self, at: usize) -> Result<Value<'a>> {
        match self {
            Self::Sqlite(it) => match it.get_ref(at)? {
                ValueRef::Null => Ok(Value::Null),
                ValueRef::Integer(it) => Ok(Value::Integer(it)),
                ValueRef::Text(it) => {
                    std::str::from_utf8(it).map(Value::Text).map_err(|error| unreadable(at, error))
                }
                ValueRef::Blob(it) => Ok(Value::Bytes(it)),
                ValueRef::Real(_) => Err(unreadable(at, "holds another type")),
            },
            Self::Postgres(it) => {
                Ok(it.try_get::<_, Option<Held<'a>>>(at)?.map_or(Value::Null, |it| it.0))
            }
        }
    }
}

fn unreadable(at: impl fmt::Display, why: impl fmt::Display) -> Error {
    Error::Unreadable(format!("column `{at}`: {why}"))
}

/// What a column of a server holds.
struct Held<'a>(Value<'a>);

impl<'a> FromSql<'a> for Held<'a> {
    fn from_sql(
        held: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        let value = match *held {
            Type::INT8 => Value::Integer(i64::from_sql(held, raw)?),
            Type::INT4 => Value::Integer(i64::from(i32::from_sql(held, raw)?)),
            Type::BOOL => Value::Flag(bool::from_sql(held, raw)?),
            Type::BYTEA => Value::Bytes(<&[u8]>::from_sql(held, raw)?),
            _ => Value::Text(<&str>::from_sql(held, raw)?),
        };
        Ok(Self(value))
    }

    fn accepts(held: &Type) -> bool {
        matches!(
            *held,
            Type::INT8
                | Type::INT4
                | Type::BOOL
                | Type::BYTEA
                | Type::TEXT
                | Type::VARCHAR
                | Type::NAME
        )
    }
}

/// What can be read from a column.
pub(in crate::store) trait Read: Sized {
    /// `None` where the column holds another type.
    fn read(value: Value<'_>) -> Option<Self>;
}

impl Read for i64 {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(it) => Some(it),
            Value::Flag(it) => Some(Self::from(it)),
            _ => None,
        }
    }
}

impl Read for u32 {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).and_then(|it| Self::try_from(it).ok())
    }
}

impl Read for bool {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).map(|it| it != 0)
    }
}

impl Read for String {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(it) => Some(it.to_owned()),
            _ => None,
        }
    }
}

impl Read for Vec<u8> {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Bytes(it) => Some(it.to_owned()),
            _ => None,
        }
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}
