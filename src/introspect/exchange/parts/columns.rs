//! Columns (`pg_attribute`), and their defaults and generation expressions (`pg_attrdef`).

use tokio_postgres::SimpleQueryRow;

use super::Version;
use super::sql;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::optional;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::text;
use crate::introspect::exchange::rows::undecodable;
use crate::introspect::exchange::rows::words;
use crate::schema::Column;
use crate::schema::Definitions;
use crate::schema::Generated;
use crate::schema::Identity;

/// What `format_type` says of a type that is gone.
const NO_TYPE: &str = "???";

/// `attnotnull` holds for NOT NULL constraints as well, which PostgreSQL 18 lists in `pg_constraint`.
pub(super) fn columns(_: Version) -> String {
    sql::tables(
        &[
            sql::name("a.attname"),
            sql::words("pg_catalog.format_type(a.atttypid, a.atttypmod)"),
            "a.attnotnull".to_owned(),
            "a.attidentity".to_owned(),
            sql::collation(),
        ],
        "join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
  and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
left join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) a.atttypid
left join (pg_catalog.pg_collation co
    join pg_catalog.pg_namespace cn on cn.oid operator(pg_catalog.=) co.collnamespace)
  on co.oid operator(pg_catalog.=) a.attcollation
  and a.attcollation operator(pg_catalog.<>) t.typcollation",
        "order by a.attnum",
    )
}

pub(super) fn take_column(
    row: &SimpleQueryRow,
    definitions: &mut Definitions,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = told.table(row, definitions)? else { return Ok(()) };
    let type_name = words(row, 4)?;
    if type_name.starts_with(NO_TYPE) {
        told.changed();
    }
    table.columns.push(Column {
        nullable: !flag(row, 5)?,
        identity: match text(row, 6)? {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            "" => None,
            _ => return Err(undecodable("an identity column of an unknown kind")),
        },
        collation: optional_words(row, 7)?,
        ..Column::new(name(row, 3)?, type_name)
    });
    Ok(())
}

/// A row for each default, or one for a table without any. `attgenerated` came with PostgreSQL 12.
pub(super) fn defaults(version: Version) -> String {
    let generated = if version >= Version(12) { "a.attgenerated" } else { "''" };
    sql::tables(
        &[
            sql::name("a.attname"),
            generated.to_owned(),
            sql::told("pg_catalog.pg_get_expr(d.adbin, d.adrelid)"),
        ],
        "left join (pg_catalog.pg_attrdef d
    join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) d.adrelid
      and a.attnum operator(pg_catalog.=) d.adnum)
  on d.adrelid operator(pg_catalog.=) c.oid",
        "",
    )
}

pub(super) fn take_default(
    row: &SimpleQueryRow,
    definitions: &mut Definitions,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = told.table(row, definitions)? else { return Ok(()) };
    if optional(row, 3)?.is_none() {
        return Ok(());
    }
    let name = name(row, 3)?;
    let expression = told.present(words(row, 5)?);
    // Columns were read before: one that was not there then is new, or has a new name.
    let Some(column) = table.columns.iter_mut().find(|it| it.name == name) else {
        told.changed();
        return Ok(());
    };
    match text(row, 4)? {
        "" => column.default = Some(expression),
        kind @ ("s" | "v") => {
            column.generated = Some(Generated { expression, stored: kind == "s" });
        }
        _ => return Err(undecodable("a generated column of an unknown kind")),
    }
    Ok(())
}
