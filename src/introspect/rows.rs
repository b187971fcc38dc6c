//! Asks a registered database for the rows of a registry: one SELECT of somebody's config, read only.
//!
//! **One statement, and nothing written.** The query goes by the extended protocol as an unnamed
//! statement, inside a READ ONLY transaction: under the simple protocol `select 1; commit; create …`
//! would leave the transaction and write. It stands as a subquery, so that rows come as JSON of one
//! known type, the driver has nothing to look up, and the server counts them for us.
//!
//! **No row is repeated.** A registry holds URLs, and a server quotes values in its errors
//! (`invalid input syntax for type integer: "postgres://…"`): only errors that are about the query
//! itself keep their words.

use serde_json::Map;
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::Type;

use super::connect;
use super::connect::Deadline;
use super::environment::Environment;
use super::error::IntrospectError;
use super::error::TalkError;
use super::exchange;
use super::session::Session;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::schema::visible;

/// Rows of one registry. More are a mistake, or somebody's attempt.
pub const ROWS_MAX: usize = 100_000;

/// Every database of a server that takes connections, but the one that is asked.
pub const DATABASES: &str = "select datname as name from pg_catalog.pg_database where datallowconn \
                             and not datistemplate and datname <> current_database()";

/// The longest name of a column in an error, in characters; and how many are named.
const COLUMN_CHARS_MAX: usize = 60;
const COLUMNS_MAX: usize = 20;

/// A row: its columns, or `None` where it is not even text.
pub type RegistryRow = Option<Map<String, Value>>;

/// Why there are no rows. Nothing of a row is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    #[error("{}", .0.reason())]
    Database(IntrospectError),
    #[error("the query was refused: {message} (SQLSTATE {code})")]
    Refused { code: String, message: String },
    #[error("the query failed with SQLSTATE {code}; its message may hold a row, so it is left out")]
    Failed { code: String },
    #[error("the query has more than {max} rows")]
    TooMany { max: usize },
    #[error("the query has no column `{missing}`; it has {there}")]
    NoColumn { missing: String, there: String },
}

/// The rows of `sql` in the database of `source`, each with at least the columns that are `wanted`.
///
/// Returns within `limits.audit_deadline`, and takes at most [`ROWS_MAX`] rows and `limits.max_bytes`.
pub async fn rows(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
    sql: &str,
    wanted: &[&str],
) -> Result<Vec<RegistryRow>, RowsError> {
    let deadline = Deadline::after(limits.audit_deadline);
    let opened = Box::pin(connect::open(source, limits, environment, deadline)).await;
    let mut session = opened.map_err(RowsError::Database)?;
    let outcome = read(&mut session, sql, deadline).await;
    session.close().await;
    let rows = outcome.map_err(|error| in_words(error, sql))?;
    if rows.len() > ROWS_MAX {
        return Err(RowsError::TooMany { max: ROWS_MAX });
    }
    // Every row has the same columns.
    if let Some(first) = rows.iter().flatten().next()
        && let Some(missing) = wanted.iter().find(|it| !first.contains_key(**it))
    {
        return Err(RowsError::NoColumn { missing: (*missing).to_owned(), there: named(first) });
    }
    Ok(rows)
}

async fn read(
    session: &mut Session,
    sql: &str,
    deadline: Deadline,
) -> Result<Vec<RegistryRow>, IntrospectError> {
    // The encoding of the rows is ours to choose; of a database without one, bytes come as they are.
    let begin =
        format!("{}set local client_encoding = 'UTF8'", exchange::begin(deadline.remaining()));
    let nothing = |_: SimpleQueryMessage| Ok(());
    session.ask(&begin, deadline, nothing).await?;
    // A comment at the end of the query ends with its line.
    let one = format!(
        "select pg_catalog.row_to_json(registry)::pg_catalog.text from (\n{sql}\n) as registry limit {}",
        ROWS_MAX + 1
    );
    let mut rows = Vec::new();
    let each = |row: tokio_postgres::Row| {
        let bytes: Option<Raw<'_>> = row
            .try_get(0)
            .map_err(|_| TalkError::Undecodable { problem: "a row is no text".to_owned() })?;
        rows.push(bytes.and_then(|it| serde_json::from_slice(it.0).ok()));
        Ok(())
    };
    session.ask_one_statement(&one, deadline, each).await?;
    // Ends the transaction, so that a pooler can give the connection to somebody else.
    session.ask("commit", deadline, nothing).await?;
    Ok(rows)
}

/// The bytes of a text, whether or not it is one.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What a server says of the query itself is kept, as far as it quotes nothing but the query; what it
/// says while it reads rows may quote those.
fn in_words(error: IntrospectError, sql: &str) -> RowsError {
    let IntrospectError::Read { source: TalkError::Server { code, message }, .. } = &error else {
        return RowsError::Database(error);
    };
    let (code, message) = (code.clone(), message.clone());
    match code.get(..2) {
        // Out of resources; cancelled, shutting down.
        Some("53" | "57") if quotes_only(&message, sql) => RowsError::Database(error),
        // Syntax or access rule; read-only and its kin; not supported.
        Some("42" | "25" | "0A") if quotes_only(&message, sql) => {
            RowsError::Refused { code, message }
        }
        _ => RowsError::Failed { code },
    }
}

/// Words of messages that are about a query; whatever else stands in one may be a piece of a row.
const WORDS: &str = "syntax error at or near end of input cannot execute in a an read-only transaction set \
    read-write mode inside permission denied for table view schema function relation column operator type \
    does not exist with clause containing data-modifying statement must be the top level insert multiple \
    commands into prepared statement insert update delete merge truncate create drop alter select share key no before \
    any query nextval setval reference is ambiguous missing from-clause entry subquery has too many columns \
    for appear group by used aggregate canceling statement due to lock timeout user request terminating \
    connection because administrator command out memory";

/// Whether every word of `message` is one of [`WORDS`] or stands in the query.
fn quotes_only(message: &str, sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let lower = message.to_lowercase();
    let mut words = lower.split(|it: char| it.is_whitespace() || "\"'(),.;".contains(it));
    words.all(|it| sql.contains(it) || WORDS.split_whitespace().any(|word| word == it))
}

fn named(columns: &Map<String, Value>) -> String {
    let cut =
        |it: &String| visible(it.as_bytes()).chars().take(COLUMN_CHARS_MAX).collect::<String>();
    let names: Vec<String> =
        columns.keys().take(COLUMNS_MAX).map(|it| format!("`{}`", cut(it))).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_quotes_more_than_the_query_is_left_out() {
        let sql = "select name, url::regclass from public.\"Orchestra\"";
        #[rustfmt::skip]
        let cases = [
            ("relation \"public.Orchestra\" does not exist",          true),
            ("permission denied for table Orchestra",                  true),
            ("syntax error at or near \"from\"",                      true),
            ("relation \"postgres://a:hunter2@b/c\" does not exist",  false),
            ("improper relation name (too many dotted names): postgres://a:hunter2@b/c", false),
            ("cannot execute INSERT in a read-only transaction",       true),
            ("syntax error at end of input",                           true),
            ("canceling statement due to statement timeout",           true),
            ("canceling statement due to lock timeout",                true),
        ];
        for (message, want) in cases {
            assert_eq!(quotes_only(message, sql), want, "{message}");
        }
    }
}
