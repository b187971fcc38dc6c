//! Rows of tables, counted no further than somebody asks for: each table is a message of its own, after
//! everything else, under the limits of time and locks of the audit. Needs SELECT on that table.
//!
//! **Row-level security** would hide rows from the count. It is switched off for the message, which makes
//! the server refuse where a policy would act (`row_security`, PostgreSQL's documentation): a count that
//! cannot be had is unknown, never too small.

use tokio_postgres::SimpleQueryMessage;

use super::rows::number;
use super::sql;
use super::waiting;
use super::waiting::ended_with;
use crate::introspect::connect::Deadline;
use crate::introspect::error::IntrospectError;
use crate::introspect::error::TalkError;
use crate::introspect::session::Session;
use crate::schema::Catalog;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Wanted;

/// Counts the rows of the wanted tables that `catalog` holds.
pub(super) async fn read(
    session: &mut Session,
    wanted: &Wanted,
    deadline: Deadline,
    catalog: &mut Catalog,
) {
    // Why nothing more can be asked.
    let mut over: Option<String> = None;
    for (table, many) in &wanted.rows {
        let there = |it: &Relation| it.kind == RelationKind::Table && it.name == *table;
        // One that is not there is missing, which others say.
        if !catalog.relations.iter().any(there) {
            continue;
        }
        let counted = match (&over, query(table, *many)) {
            (Some(reason), _) => Err(reason.clone()),
            (None, None) => Err("its name is not UTF-8, and cannot be asked for".to_owned()),
            (None, Some(sql)) => match count(session, &sql, deadline).await {
                Ok(rows) => Ok(rows),
                Err(error) => {
                    let reason = reason(&error);
                    over = ended_with(session, deadline, reason.clone()).await;
                    Err(reason)
                }
            },
        };
        catalog.definitions.rows.insert(table.clone(), counted);
    }
}

/// How many rows the table has, as far as `many`. `None` where the name is not text.
fn query(table: &RelationName, many: u64) -> Option<String> {
    let quoted = |name: &Name| {
        let text = name.as_text()?;
        Some(format!("\"{}\"", text.replace('"', "\"\"")))
    };
    let (schema, name) = (quoted(&table.schema)?, quoted(&table.name)?);
    let many = many.min(u64::MAX >> 2);
    Some(format!(
        "select pg_catalog.count(*) from (select from {schema}.{name} limit {many}) counted"
    ))
}

async fn count(
    session: &mut Session,
    query: &str,
    deadline: Deadline,
) -> Result<u64, IntrospectError> {
    let sql = sql::message_of_rows(deadline.remaining(), query);
    let mut rows = None;
    session
        .ask(&sql, deadline, |part| {
            if let SimpleQueryMessage::Row(row) = part {
                rows = Some(number(&row, 0)?);
            }
            Ok(())
        })
        .await?;
    rows.ok_or_else(|| session.unanswered())
}

/// Why the rows could not be counted. Holds no secret.
fn reason(error: &IntrospectError) -> String {
    let IntrospectError::Read { source: TalkError::Server { code, message }, .. } = error else {
        return waiting::reason(error);
    };
    match code.as_str() {
        "42501" if message.contains("row-level security") => format!(
            "a policy of row-level security would hide rows from this role ({message}); only a role \
             with BYPASSRLS, or the owner, can count them"
        ),
        "42501" if message.contains("for schema") => {
            format!(
                "this role may not look into the schema ({message}): grant it USAGE on the schema"
            )
        }
        "42501" => {
            format!(
                "this role may not read them ({message}): grant it SELECT on the table, as `schemawarden sql role` writes it"
            )
        }
        _ => waiting::reason(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_inside_its_quotes() {
        let table = RelationName::new("a\"; drop table x; --", "b");
        let sql = query(&table, 5).expect("it is text");
        assert_eq!(
            sql,
            "select pg_catalog.count(*) from (select from \"a\"\"; drop table x; --\".\"b\" limit 5) counted"
        );
        let bytes = RelationName { schema: Name::from("a"), name: Name::from_bytes(&[0xff]) };
        assert_eq!(query(&bytes, 1), None);
    }
}
