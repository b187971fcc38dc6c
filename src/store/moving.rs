//! Moves a state from one engine to the other, with nothing lost: `schemawarden state export` and `import`.
//!
//! The exported form is text, one JSON array a line: first what it is, then for each table its columns and its
//! rows, and at the end how many rows there were, so that a file that was cut short is noticed. Both engines hold
//! the same tables with the same columns, so nothing is translated; what only replicas need (turns, members) is
//! not moved, for it is of the moment.

use std::io;
use std::io::BufRead;
use std::io::Write;
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use serde_json::json;

use super::StoreError;
use super::sql;
use super::sql::Connection;
use super::sql::Row;
use super::sql::Value;

/// The word in the first line, and the version of the form.
const FORM: &str = "schemawarden state";
const FORM_VERSION: i64 = 1;

/// Every table that is moved, those first that others refer to; and how its rows are ordered.
const TABLES: [(&str, &str); 17] = [
    ("databases", "id"),
    ("audits", "id"),
    ("incidents", "id"),
    ("deliveries", "seq"),
    ("notifications", "id"),
    ("attempts", "id"),
    ("incident_events", "id"),
    ("groups", "channel, group_key"),
    ("silences", "id"),
    ("parked", "channel"),
    ("manifest_versions", "hash, name"),
    ("manifests", "name"),
    ("deploys", "id"),
    ("deploy_databases", "deploy_id, database"),
    ("failing", "channel, way"),
    ("unheard", "channel"),
    ("registries", "discovery"),
];
/// The one with bytes that nobody may read without the key; moved as they are.
const TENANTS: (&str, &str) = ("registry_tenants", "discovery, name");

/// Rows that are read at one time.
const PAGE: i64 = 5_000;
/// Columns that say how far this engine's state has come, and mean nothing in another.
const NOT_MOVED: [&str; 1] = ["change"];

/// Why a state could not be moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    #[error("could not open the state")]
    Open(#[source] Box<StoreError>),
    #[error("could not read or write the state")]
    State(#[from] sql::Error),
    #[error("could not read or write the exported file")]
    File(#[from] io::Error),
    #[error("line {line} of the exported file makes no sense: {problem}")]
    Line { line: u64, problem: String },
    #[error("the file is no exported state: its first line is not `{FORM}`")]
    Foreign,
    #[error(
        "the file has form {found}, and this release reads form {FORM_VERSION}: export it with this release"
    )]
    Form { found: i64 },
    #[error(
        "the file was exported from schema version {found}, and this state has {ours}: use one release for both"
    )]
    Schema { found: i64, ours: i64 },
    #[error("the exported file ends in the middle: it was cut short")]
    CutShort,
    #[error("the state is not empty: it holds {databases} databases; import into a new one")]
    NotEmpty { databases: i64 },
}

/// How much was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub tables: u64,
    pub rows: u64,
}

/// Writes all of a state. Inside one transaction, so that it is of one instant.
pub(super) fn export(
    connection: &Connection,
    version: i64,
    to: &mut dyn Write,
) -> Result<Moved, MoveError> {
    let head = json!([FORM, { "form": FORM_VERSION, "schema": version }]);
    writeln!(to, "{head}")?;
    let mut moved = Moved::default();
    for (table, order) in TABLES.into_iter().chain([TENANTS]) {
        let columns = columns(connection, table)?;
        writeln!(to, "{}", json!(["table", table, columns]))?;
        moved.rows += rows(connection, (table, order), &columns, to)?;
        moved.tables += 1;
    }
    writeln!(to, "{}", json!(["end", moved.rows]))?;
    to.flush()?;
    Ok(moved)
}

/// Writes the rows of one table; those of the long ones a page at a time.
fn rows(
    connection: &Connection,
    (table, order): (&str, &str),
    columns: &[String],
    to: &mut dyn Write,
) -> Result<u64, MoveError> {
    let list = columns.join(", ");
    let number = columns.iter().position(|it| it == order && matches!(order, "id" | "seq"));
    let after_it = if number.is_some() { format!("where {order} > ?1") } else { String::new() };
    let sql =
        format!("/* export */ select {list} from {table} {after_it} order by {order} limit ?2");
    let sql = if number.is_some() { sql } else { sql.replace(" limit ?2", "") };
    let (mut count, mut after) = (0, i64::MIN);
    loop {
        let (mut page, mut failed) = (0, None);
        let from = after;
        let mut statement = connection.prepare_cached(&sql)?;
        let write = |row: &Row<'_>| {
            let mut cells = vec![json!("row")];
            for at in 0..columns.len() {
                cells.push(cell(&row.value(at)?));
            }
            if let Some(number) = number {
                after = row.get(number)?;
            }
            if let Err(error) = writeln!(to, "{}", Json::Array(cells)) {
                failed = Some(error);
                return Ok(ControlFlow::Break(()));
            }
            page += 1;
            Ok(ControlFlow::Continue(()))
        };
        match number {
            Some(_) => statement.walk([from, PAGE], write)?,
            None => statement.walk((), write)?,
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        count += u64::try_from(page).unwrap_or(0);
        if number.is_none() || page < PAGE {
            return Ok(count);
        }
    }
}

/// Reads all of a state into an empty one. Inside one transaction: all of it or nothing.
pub(super) fn import(
    connection: &Connection,
    version: i64,
    from: &mut dyn BufRead,
) -> Result<Moved, MoveError> {
    let databases: i64 =
        connection.query_row("select count(*) from databases", (), |row| row.get(0))?;
    let incidents: i64 =
        connection.query_row("select count(*) from incidents", (), |row| row.get(0))?;
    if databases + incidents > 0 {
        return Err(MoveError::NotEmpty { databases });
    }
    let mut moved = Moved::default();
    let mut into: Option<String> = None;
    let mut width = 0;
    let mut text = String::new();
    for line in 1.. {
        text.clear();
        if from.read_line(&mut text)? == 0 {
            return Err(MoveError::CutShort);
        }
        let wrong = |problem: String| MoveError::Line { line, problem };
        let parsed: Json = match serde_json::from_str(&text) {
            Ok(it) => it,
            Err(_) if line == 1 => return Err(MoveError::Foreign),
            Err(_) if !text.ends_with('\n') => return Err(MoveError::CutShort),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let cells = parsed.as_array().map(Vec::as_slice).unwrap_or_default();
        match cells {
            [Json::String(word), about] if line == 1 && word == FORM => {
                let found = about["form"].as_i64().unwrap_or(0);
                if found != FORM_VERSION {
                    return Err(MoveError::Form { found });
                }
                let found = about["schema"].as_i64().unwrap_or(0);
                if found != version {
                    return Err(MoveError::Schema { found, ours: version });
                }
            }
            _ if line == 1 => return Err(MoveError::Foreign),
            [Json::String(word), Json::String(table), Json::Array(named)] if word == "table" => {
                let known = TABLES.iter().chain([&TENANTS]).any(|(it, _)| it == table);
                let ours = if known { columns(connection, table)? } else { Vec::new() };
                let named: Vec<_> = named.iter().filter_map(Json::as_str).collect();
                // Only names that this state has by itself go into a statement.
                if !known
                    || named.is_empty()
                    || named.iter().any(|it| !ours.iter().any(|our| our == it))
                {
                    return Err(wrong(format!(
                        "this release has no such table or columns: {table}"
                    )));
                }
                let places: Vec<_> = (1..=named.len()).map(|it| format!("?{it}")).collect();
                width = named.len();
                into = Some(format!(
                    "/* import */ insert into {table} ({}) values ({})",
                    named.join(", "),
                    places.join(", ")
                ));
                moved.tables += 1;
            }
            [Json::String(word), row @ ..] if word == "row" && row.len() == width => {
                let Some(sql) = &into else {
                    return Err(wrong("a row before any table".to_owned()));
                };
                let bytes: Vec<Option<Vec<u8>>> = row.iter().map(bytes).collect();
                let mut values = Vec::with_capacity(width);
                for (cell, bytes) in row.iter().zip(&bytes) {
                    values.push(match (cell, bytes) {
                        (_, Some(bytes)) => Value::Bytes(bytes),
                        (Json::Null, _) => Value::Null,
                        (Json::String(text), _) => Value::Text(text),
                        (Json::Number(number), _) => Value::Integer(
                            number
                                .as_i64()
                                .ok_or_else(|| wrong(format!("{number} is no integer of ours")))?,
                        ),
                        (other, _) => return Err(wrong(format!("{other} is no value of ours"))),
                    });
                }
                connection.prepare_cached(sql)?.execute(values.as_slice())?;
                moved.rows += 1;
            }
            [Json::String(word), rows] if word == "end" => {
                if rows.as_u64() != Some(moved.rows) {
                    return Err(wrong(format!(
                        "it counts {rows} rows, and there were {}",
                        moved.rows
                    )));
                }
                // Whoever had begun to send them is gone.
                connection.execute(
                    "/* import.free */ update deliveries set state = 'pending', lease_until = null, \
                     epoch = null where state = 'sending'",
                    (),
                )?;
                renumber(connection)?;
                return Ok(moved);
            }
            _ => return Err(wrong("it is neither a table, a row nor the end".to_owned())),
        }
    }
    Err(MoveError::CutShort)
}

/// New rows count on from those that came; epochs from those that were.
fn renumber(connection: &Connection) -> sql::Result<()> {
    if !connection.is_shared() {
        // A file counts on from the highest number by itself.
        return Ok(());
    }
    for (table, column) in [
        ("databases", "id"),
        ("audits", "id"),
        ("incidents", "id"),
        ("deliveries", "seq"),
        ("notifications", "id"),
        ("attempts", "id"),
        ("incident_events", "id"),
        ("silences", "id"),
        ("deploys", "id"),
    ] {
        connection.query_row(
            &format!(
                "/* renumber */ select setval(pg_get_serial_sequence('{table}', '{column}'), \
                 coalesce((select max({column}) from {table}) + 1, \
                 case when '{table}' = 'incidents' then 1001 else 1 end), false)"
            ),
            (),
            |row| row.get::<_, i64>(0),
        )?;
    }
    Ok(())
}

/// The columns of one of our tables, in the order of their names.
fn columns(connection: &Connection, table: &str) -> sql::Result<Vec<String>> {
    let sql = if connection.is_shared() {
        "/* columns */ select cast(a.attname as text) from pg_catalog.pg_attribute a \
         join pg_catalog.pg_class c on c.oid = a.attrelid \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         where n.nspname = current_schema() and c.relname = ?1 and a.attnum > 0 and not a.attisdropped"
    } else {
        "/* columns */ select name from pragma_table_info(?1)"
    };
    let mut all: Vec<String> = connection
        .prepare_cached(sql)?
        .query_map([table], |row| row.get(0))?
        .collect::<sql::Result<_>>()?;
    all.retain(|it| !NOT_MOVED.contains(&it.as_str()));
    all.sort_unstable();
    Ok(all)
}

/// One value as it is written: bytes as `{"base64": …}`.
fn cell(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(it) => json!(it),
        Value::Flag(it) => json!(i64::from(*it)),
        Value::Text(it) => json!(it),
        Value::Bytes(it) => json!({ "base64": STANDARD.encode(it) }),
    }
}

fn bytes(cell: &Json) -> Option<Vec<u8>> {
    STANDARD.decode(cell.get("base64")?.as_str()?).ok()
}
