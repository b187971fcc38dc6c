//! Columns (`pg_attribute`), and their defaults and generation expressions (`pg_attrdef`).

use tokio_postgres::SimpleQueryRow;

use super::known::ColumnOf;
use super::known::Known;
use super::known::parsed;
use super::sql;
use super::sql::Server;
use super::sql::Version;
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
use crate::schema::Generated;
use crate::schema::Identity;

/// What `format_type` says of a type that is gone.
const NO_TYPE: &str = "???";

/// Types whose collation is the database's default (100), as nearly every column's is: `text`,
/// `character`, `character varying`, and arrays of them (`src/include/catalog/pg_type.dat`).
const DEFAULT_COLLATED: &str = "{25,1042,1043,1009,1014,1015}";

/// `attnotnull` holds for NOT NULL constraints as well, which PostgreSQL 18 lists in `pg_constraint`.
/// A row for each column, or one for a table without any. `attgenerated` came with PostgreSQL 12, and
/// `oid`, which may be a key, was a column that nobody lists until then.
pub(super) fn columns(server: Server) -> String {
    let since_12 = server.version >= Version(12);
    let generated = if since_12 { "a.attgenerated" } else { "''" };
    let hidden =
        if since_12 { "" } else { " or a.attname operator(pg_catalog.=) 'oid'::pg_catalog.name" };
    sql::tables(
        &[
            "a.attnum".to_owned(),
            server.name("a.attname"),
            server.words("pg_catalog.format_type(a.atttypid, a.atttypmod)"),
            "a.attnotnull".to_owned(),
            "a.attidentity".to_owned(),
            generated.to_owned(),
            "a.attcollation".to_owned(),
            format!(
                "case when a.attcollation operator(pg_catalog.=) 0::pg_catalog.oid
      or a.attcollation operator(pg_catalog.=) 100::pg_catalog.oid
        and a.atttypid operator(pg_catalog.=) any ('{DEFAULT_COLLATED}'::pg_catalog.oid[]) then null
    else (select {} from pg_catalog.pg_collation co
      join pg_catalog.pg_namespace cn on cn.oid operator(pg_catalog.=) co.collnamespace
      where co.oid operator(pg_catalog.=) a.attcollation
        and not exists (select from pg_catalog.pg_type t
          where t.oid operator(pg_catalog.=) a.atttypid
            and t.typcollation operator(pg_catalog.=) co.oid)) end",
                server.collation()
            ),
        ],
        &format!(
            "left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
  and (a.attnum operator(pg_catalog.>) 0{hidden}) and not a.attisdropped"
        ),
        "order by a.attnum",
    )
}

pub(super) fn take_column(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let oid = told.about(row)?;
    let Some(number) = optional(row, 1)? else { return Ok(()) };
    let number: i16 = parsed(number)?;
    let name = name(row, 2)?;
    let of = ColumnOf {
        name: name.clone(),
        generated: text(row, 6)?.to_owned(),
        collation: parsed(text(row, 7)?)?,
    };
    known.add_column(oid, number, of);
    let Some(table) = known.table(oid).filter(|_| number > 0) else { return Ok(()) };
    let type_name = words(row, 3)?;
    if type_name.starts_with(NO_TYPE) {
        told.changed();
    }
    table.columns.push(Column {
        nullable: !flag(row, 4)?,
        identity: match text(row, 5)? {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            "" => None,
            _ => return Err(undecodable("an identity column of an unknown kind")),
        },
        collation: optional_words(row, 8)?,
        ..Column::new(name, type_name)
    });
    Ok(())
}

/// A row for each default, or one for a table without any.
pub(super) fn defaults(server: Server) -> String {
    sql::tables(
        &["d.adnum".to_owned(), server.told("pg_catalog.pg_get_expr(d.adbin, d.adrelid)")],
        "left join pg_catalog.pg_attrdef d on d.adrelid operator(pg_catalog.=) c.oid",
        "",
    )
}

pub(super) fn take_default(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let oid = told.about(row)?;
    let Some(number) = optional(row, 1)? else { return Ok(()) };
    let of = known.column(oid, parsed(number)?).cloned();
    let Some(table) = known.table(oid) else { return Ok(()) };
    let expression = told.present(words(row, 2)?);
    // Columns were read before: one that was not there then is new.
    let Some(of) = of else {
        told.changed();
        return Ok(());
    };
    let Some(column) = table.columns.iter_mut().find(|it| it.name == of.name) else {
        told.changed();
        return Ok(());
    };
    match of.generated.as_str() {
        "" => column.default = Some(expression),
        kind @ ("s" | "v") => {
            column.generated = Some(Generated { expression, stored: kind == "s" });
        }
        _ => return Err(undecodable("a generated column of an unknown kind")),
    }
    Ok(())
}
