//! What relations are as a whole: partition keys (`pg_partitioned_table`), and definitions of views
//! and materialized views.

use tokio_postgres::SimpleQueryRow;

use super::known::Known;
use super::sql;
use super::sql::Server;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::words;

/// A row for each table. The function waits for a lock on a partitioned table (measured on
/// PostgreSQL 15); on any other it returns NULL before it looks.
pub(super) fn partitioning(server: Server) -> String {
    let key = server.told("pg_catalog.pg_get_partkeydef(c.oid)");
    sql::tables(
        &[format!(
            "case when c.relkind operator(pg_catalog.=) 'p'::pg_catalog.\"char\" then {key} end"
        )],
        "",
        "",
    )
}

pub(super) fn take_partition_key(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = known.table(told.about(row)?) else { return Ok(()) };
    table.partition_key = optional_words(row, 1)?.map(|it| told.present(it));
    Ok(())
}

pub(super) fn views(server: Server) -> String {
    sql::relations("v,m", &[server.told("pg_catalog.pg_get_viewdef(c.oid)")], "", "")
}

pub(super) fn take_view(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(view) = known.view(told.about(row)?) else { return Ok(()) };
    let definition = told.present(words(row, 1)?);
    let definition = definition.trim().trim_end_matches(';');
    view.definition = Some(definition.to_owned()).filter(|it| !it.is_empty());
    Ok(())
}
