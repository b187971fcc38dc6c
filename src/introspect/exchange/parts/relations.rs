//! What relations are as a whole: partition keys (`pg_partitioned_table`), and definitions of views
//! and materialized views.

use tokio_postgres::SimpleQueryRow;

use super::Version;
use super::sql;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::words;
use crate::schema::Definitions;

/// A row for each table. The function waits for a lock on a partitioned table (measured on
/// PostgreSQL 15); on any other it returns NULL before it looks.
pub(super) fn partitioning(_: Version) -> String {
    let key = sql::told("pg_catalog.pg_get_partkeydef(c.oid)");
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
    definitions: &mut Definitions,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = told.table(row, definitions)? else { return Ok(()) };
    table.partition_key = optional_words(row, 3)?.map(|it| told.present(it));
    Ok(())
}

pub(super) fn views(_: Version) -> String {
    sql::relations("v,m", &[sql::told("pg_catalog.pg_get_viewdef(c.oid)")], "", "")
}

pub(super) fn take_view(
    row: &SimpleQueryRow,
    definitions: &mut Definitions,
    told: &mut Told,
) -> Result<(), TalkError> {
    let relation = told.relation(row)?;
    let Some(view) = definitions.views.get_mut(&relation) else { return Ok(()) };
    let definition = told.present(words(row, 3)?);
    let definition = definition.trim().trim_end_matches(';');
    view.definition = Some(definition.to_owned()).filter(|it| !it.is_empty());
    Ok(())
}
