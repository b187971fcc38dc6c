//! About how many rows each table holds, as the statistics say: `pg_class.reltuples`, and the live rows
//! of the cumulative statistics (`pg_stat_get_live_tuples`), whichever is more. Needs no privilege on
//! any table, and waits for nobody.
//!
//! Statistics may say nothing: a table that was never analysed has -1 rows (0 before PostgreSQL 14), and
//! a crash takes the counters. Then there is no estimate, which is not the same as none. Counters that
//! remember an insert were not lost, so their zero is one.

use tokio_postgres::SimpleQueryRow;

use super::known::Known;
use super::sql;
use super::sql::Server;
use super::sql::Version;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::optional;
use crate::introspect::exchange::rows::undecodable;
use crate::schema::RelationKind;

/// A row for each table, with the rows of all that inherits from it (partitions too), as a query over it
/// would count them.
pub(super) fn estimates(server: Server) -> String {
    let analysed = if server.version >= Version(14) {
        "t.reltuples operator(pg_catalog.>=) 0::pg_catalog.float4"
    } else {
        "(t.reltuples operator(pg_catalog.>) 0::pg_catalog.float4
      or t.relpages operator(pg_catalog.>) 0)"
    };
    let live = "pg_catalog.pg_stat_get_live_tuples(t.oid)";
    sql::tables(
        &["estimate.sum".to_owned(), "coalesce(estimate.silent, true)".to_owned()],
        &format!(
            "cross join lateral (
  with recursive part(oid) as (
    select c.oid
    union all
    select i.inhrelid from part p join pg_catalog.pg_inherits i
      on i.inhparent operator(pg_catalog.=) p.oid)
  select pg_catalog.sum(greatest(t.reltuples::pg_catalog.float8, {live}::pg_catalog.float8,
      0::pg_catalog.float8))::pg_catalog.numeric::pg_catalog.int8 as sum,
    pg_catalog.bool_or(not ({analysed}
      or {live} operator(pg_catalog.>) 0
      or pg_catalog.pg_stat_get_tuples_inserted(t.oid) operator(pg_catalog.>) 0)) as silent
  from part p join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) p.oid
  where t.relkind operator(pg_catalog.=) 'r'::pg_catalog.\"char\") estimate"
        ),
        "",
    )
}

pub(super) fn take_estimate(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let table = match known.relation(told.about(row)?) {
        Some(it) if it.kind == RelationKind::Table => it.name.clone(),
        _ => return Ok(()),
    };
    let rows = match optional(row, 1)? {
        Some(rows) => Some(rows.parse().map_err(|_| undecodable("an estimate without a number"))?),
        None => None,
    };
    let silent = flag(row, 2)?;
    known.definitions.estimates.insert(table, rows.filter(|_| !silent));
    Ok(())
}
