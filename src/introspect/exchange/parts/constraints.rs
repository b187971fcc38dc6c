//! Foreign keys, checks and exclusions (`pg_constraint`).

use tokio_postgres::SimpleQueryRow;

use super::known::Known;
use super::known::elements;
use super::sql;
use super::sql::Server;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::names;
use crate::introspect::exchange::rows::optional;
use crate::introspect::exchange::rows::text;
use crate::introspect::exchange::rows::undecodable;
use crate::introspect::exchange::rows::words;
use crate::schema::Action;
use crate::schema::Check;
use crate::schema::Exclusion;
use crate::schema::ForeignKey;
use crate::schema::RelationName;

/// One that points at a partitioned table has a child for each partition (`conparentid`); somebody
/// made the parent only. What it references may be a partition, or a table of a schema that is not read:
/// nobody else tells its name and columns.
pub(super) fn foreign_keys(server: Server) -> String {
    sql::tables(
        &[
            server.name("con.conname"),
            "con.conkey".to_owned(),
            server.name("rn.nspname"),
            server.name("rc.relname"),
            server.columns("con.confrelid", "con.confkey"),
            "con.confupdtype".to_owned(),
            "con.confdeltype".to_owned(),
            "con.confmatchtype".to_owned(),
            "con.condeferrable".to_owned(),
            "con.condeferred".to_owned(),
        ],
        "join pg_catalog.pg_constraint con on con.conrelid operator(pg_catalog.=) c.oid
  and con.contype operator(pg_catalog.=) 'f'::pg_catalog.\"char\"
  and con.conparentid operator(pg_catalog.=) 0::pg_catalog.oid
left join pg_catalog.pg_class rc on rc.oid operator(pg_catalog.=) con.confrelid
left join pg_catalog.pg_namespace rn on rn.oid operator(pg_catalog.=) rc.relnamespace",
        "",
    )
}

pub(super) fn take_foreign_key(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let oid = told.about(row)?;
    let columns = known.columns(oid, &elements(text(row, 2)?)?);
    let Some(table) = known.table(oid) else { return Ok(()) };
    // All of it is of one snapshot, unless there is more than may be read.
    let Some(columns) = columns else {
        told.changed();
        return Ok(());
    };
    table.foreign_keys.push(ForeignKey {
        name: Some(name(row, 1)?),
        columns,
        table: RelationName { schema: name(row, 3)?, name: name(row, 4)? },
        references: names(row, 5)?,
        on_update: action(text(row, 6)?)?,
        on_delete: action(text(row, 7)?)?,
        match_full: text(row, 8)? == "f",
        deferrable: flag(row, 9)?,
        initially_deferred: flag(row, 10)?,
    });
    Ok(())
}

fn action(letter: &str) -> Result<Action, TalkError> {
    Ok(match letter {
        "a" => Action::NoAction,
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => return Err(undecodable("a foreign key with an unknown action")),
    })
}

/// A row for each check and exclusion, or one for a table without any. The condition of a check is
/// read by itself (`conbin`), because `pg_get_constraintdef` wraps it in words.
pub(super) fn checks(server: Server) -> String {
    sql::tables(
        &[
            server.name("con.conname"),
            "con.contype".to_owned(),
            format!(
                "case when con.contype operator(pg_catalog.=) 'c'::pg_catalog.\"char\" then {} else {} end",
                server.told("pg_catalog.pg_get_expr(con.conbin, con.conrelid)"),
                server.told("pg_catalog.pg_get_constraintdef(con.oid)"),
            ),
        ],
        "left join pg_catalog.pg_constraint con on con.conrelid operator(pg_catalog.=) c.oid
  and con.contype operator(pg_catalog.=) any ('{c,x}'::pg_catalog.\"char\"[])",
        "",
    )
}

pub(super) fn take_check(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = known.table(told.about(row)?) else { return Ok(()) };
    let Some(kind) = optional(row, 2)? else { return Ok(()) };
    let name = Some(name(row, 1)?);
    let definition = told.present(words(row, 3)?);
    if kind == "x" {
        let definition = without_parameters(&definition);
        table.exclusions.push(Exclusion { name, definition });
    } else {
        table.checks.push(Check { name, expression: definition });
    }
    Ok(())
}

/// An exclusion without the storage parameters of its index (`with (fillfactor='60')`), which say
/// nothing of any other index either. An operator, which follows `with` too, never has parentheses
/// alone.
fn without_parameters(definition: &str) -> String {
    let Some((before, behind)) = definition.split_once(" WITH (") else {
        return definition.to_owned();
    };
    let rest = behind.split_once(')').map_or("", |(_, rest)| rest);
    format!("{before}{rest}")
}
