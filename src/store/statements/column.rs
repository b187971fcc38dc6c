//! How values of ours stand in columns, in both directions.

use crate::store::sql;
use std::fmt;

use crate::store::sql::Row;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// The error of a column with unexpected content.
pub(in crate::store) fn unreadable(column: &str, why: impl fmt::Display) -> sql::Error {
    sql::Error::Unreadable(format!("column `{column}`: {why}"))
}

/// An instant as it is stored: whole milliseconds, rounded down, so that nothing is due late.
pub(in crate::store) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The instant that stands for so many milliseconds.
pub(in crate::store) fn from_ms(ms: i64) -> sql::Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|error| unreadable("milliseconds", error))
}

/// An instant.
pub(in crate::store) fn instant(row: &Row<'_>, column: &str) -> sql::Result<Timestamp> {
    let ms: i64 = row.get(column)?;
    Timestamp::from_millisecond(ms).map_err(|error| unreadable(column, error))
}

/// An instant, or null.
pub(in crate::store) fn instant_or_null(
    row: &Row<'_>,
    column: &str,
) -> sql::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => instant(row, column).map(Some),
        None => Ok(None),
    }
}

/// A count. Ours are never negative; one that is reads as 0.
pub(in crate::store) fn unsigned(row: &Row<'_>, column: &str) -> sql::Result<u64> {
    let n: i64 = row.get(column)?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// One of the words of a closed list.
pub(in crate::store) fn word<T>(
    row: &Row<'_>,
    column: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> sql::Result<T> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| unreadable(column, format!("`{text}` is not a known word")))
}

/// A value stored as JSON.
pub(in crate::store) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> sql::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

/// A value stored as JSON, or null.
pub(in crate::store) fn json_or_null<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
) -> sql::Result<Option<T>> {
    match row.get::<_, Option<String>>(column)? {
        Some(_) => json(row, column).map(Some),
        None => Ok(None),
    }
}

/// A value as JSON.
pub(in crate::store) fn to_json<T: serde::Serialize>(value: &T) -> sql::Result<String> {
    serde_json::to_string(value).map_err(|error| sql::Error::Unwritable(error.to_string()))
}

/// A count; `SQLite` has no unsigned integers, and no count of ours reaches 2^63.
pub(in crate::store) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
