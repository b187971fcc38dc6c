//! Keys and indexes, both as `pg_index` describes them: a unique index over plain columns is a key,
//! whether a constraint owns it or not.

use tokio_postgres::SimpleQueryRow;

use super::Version;
use super::sql;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::listed;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::name_in_hex;
use crate::introspect::exchange::rows::names;
use crate::introspect::exchange::rows::optional;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::undecodable;
use crate::introspect::exchange::rows::words;
use crate::introspect::exchange::rows::words_in_hex;
use crate::schema::Definitions;
use crate::schema::Index;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;

/// Bits of `pg_index.indoption` (`src/include/catalog/pg_index.h`).
const DESCENDING: u16 = 1;
const NULLS_FIRST: u16 = 2;

/// Unique indexes that need no function that waits. Those with an expression or a condition are not
/// keys, and those are told with [`indexes`].
pub(super) fn keys(version: Version) -> String {
    let joins = format!(
        "join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid and i.indisunique
left join pg_catalog.pg_constraint con on con.conindid operator(pg_catalog.=) i.indexrelid
  and con.conrelid operator(pg_catalog.=) i.indrelid
  and con.contype operator(pg_catalog.=) any ('{{p,u}}'::pg_catalog.\"char\"[])
{}",
        parts_of_an_index("null::pg_catalog.text")
    );
    let condition = "null";
    sql::tables(
        &values(version, "con.contype", condition),
        &joins,
        "and (con.oid is not null or (i.indexprs is null and i.indpred is null))",
    )
}

/// A row for each index that no constraint owns, or one for a table without any. Functions that wait
/// for locks are called only for an expression or a condition, so the other indexes of a locked table
/// are in nobody's way.
pub(super) fn indexes(version: Version) -> String {
    let joins = format!(
        "left join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid
  and not exists (select from pg_catalog.pg_constraint con
    where con.conindid operator(pg_catalog.=) i.indexrelid
      and con.contype operator(pg_catalog.=) any ('{{p,u,x}}'::pg_catalog.\"char\"[]))
{}",
        parts_of_an_index("pg_catalog.pg_get_indexdef(i.indexrelid, k.at::pg_catalog.int4, true)")
    );
    let condition = format!(
        "case when i.indpred is not null then {} end",
        sql::told("pg_catalog.pg_get_expr(i.indpred, i.indrelid)")
    );
    sql::tables(&values(version, "null", &condition), &joins, "")
}

/// What [`index`] reads. `indnullsnotdistinct` came with PostgreSQL 15.
fn values(version: Version, constraint: &str, condition: &str) -> [String; 9] {
    let nulls = if version >= Version(15) { "i.indnullsnotdistinct" } else { "false" };
    [
        sql::name("ic.relname"),
        constraint.to_owned(),
        "i.indisunique".to_owned(),
        sql::name("am.amname"),
        "keys.keys".to_owned(),
        "keys.included".to_owned(),
        condition.to_owned(),
        nulls.to_owned(),
        // That of a partitioned table is not valid until every partition has its own; nothing failed.
        "(i.indisvalid or ic.relkind operator(pg_catalog.=) 'I'::pg_catalog.\"char\")".to_owned(),
    ]
}

/// Joins name, method and keys to the index `i`. A key is `column` or `expression`, what it is on,
/// its options, its operator class where that is not the type's default, and its collation where that
/// is not the column's (or, of an expression, its type's), with colons between.
///
/// Class and collation are looked up key by key, by OID: as joins, PostgreSQL reads each catalog anew
/// for every index, which was measured to take a second for a thousand.
fn parts_of_an_index(expression: &str) -> String {
    format!(
        "left join pg_catalog.pg_class ic on ic.oid operator(pg_catalog.=) i.indexrelid
left join pg_catalog.pg_am am on am.oid operator(pg_catalog.=) ic.relam
left join lateral (
  select pg_catalog.string_agg(pg_catalog.concat(
      case when k.number operator(pg_catalog.=) 0 then 'expression:' else 'column:' end,
      case when k.number operator(pg_catalog.=) 0 then {expression} else {column} end, ':',
      k.options, ':',
      (select {class} from pg_catalog.pg_opclass oc
        where oc.oid operator(pg_catalog.=) k.class and not oc.opcdefault), ':',
      (select {collation} from pg_catalog.pg_collation co
        join pg_catalog.pg_namespace cn on cn.oid operator(pg_catalog.=) co.collnamespace
        where co.oid operator(pg_catalog.=) k.collated
          and k.collated operator(pg_catalog.<>) coalesce(a.attcollation,
            (select t.typcollation from pg_catalog.pg_attribute ia
              join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) ia.atttypid
              where ia.attrelid operator(pg_catalog.=) i.indexrelid
                and ia.attnum operator(pg_catalog.=) k.at)))), ',' order by k.at)
      filter (where k.at operator(pg_catalog.<=) i.indnkeyatts) as keys,
    pg_catalog.string_agg({column}, ',' order by k.at)
      filter (where k.at operator(pg_catalog.>) i.indnkeyatts) as included
  from rows from (pg_catalog.unnest(i.indkey), pg_catalog.unnest(i.indclass),
    pg_catalog.unnest(i.indcollation), pg_catalog.unnest(i.indoption))
    with ordinality k(number, class, collated, options, at)
  left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) i.indrelid
    and a.attnum operator(pg_catalog.=) k.number
) keys on true",
        expression = sql::told(expression),
        column = sql::name("a.attname"),
        class = sql::name("oc.opcname"),
        collation = sql::collation(),
    )
}

pub(super) fn take_key(
    row: &SimpleQueryRow,
    definitions: &mut Definitions,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = told.table(row, definitions)? else { return Ok(()) };
    let constraint = optional(row, 4)?;
    let index = index(row, told)?;
    let columns = if constraint.is_some() {
        index.keys.into_iter().map(column).collect::<Result<_, _>>()?
    } else if let Some(columns) = index.as_key() {
        columns
    } else {
        return Ok(());
    };
    let key = Key {
        include: index.include,
        nulls_not_distinct: index.nulls_not_distinct,
        ..Key::new(index.name, columns)
    };
    if constraint == Some("p") {
        table.primary_key = Some(key);
    } else {
        table.unique.push(key);
    }
    Ok(())
}

fn column(key: IndexKey) -> Result<Name, TalkError> {
    match key.on {
        IndexedOn::Column(name) => Ok(name),
        IndexedOn::Expression(_) => Err(undecodable("a key over an expression")),
    }
}

pub(super) fn take_index(
    row: &SimpleQueryRow,
    definitions: &mut Definitions,
    told: &mut Told,
) -> Result<(), TalkError> {
    let Some(table) = told.table(row, definitions)? else { return Ok(()) };
    if optional(row, 3)?.is_none() {
        return Ok(());
    }
    let index = index(row, told)?;
    if index.as_key().is_none() {
        table.indexes.push(index);
    }
    Ok(())
}

fn index(row: &SimpleQueryRow, told: &mut Told) -> Result<Index, TalkError> {
    Ok(Index {
        name: Some(name(row, 3)?),
        unique: flag(row, 5)?,
        method: words(row, 6)?,
        keys: listed(optional(row, 7)?).map(|it| key(it, told)).collect::<Result<_, _>>()?,
        include: names(row, 8)?,
        predicate: optional_words(row, 9)?.map(|it| told.present(it)),
        nulls_not_distinct: flag(row, 10)?,
        valid: flag(row, 11)?,
    })
}

fn key(text: &str, told: &mut Told) -> Result<IndexKey, TalkError> {
    let fields: Vec<&str> = text.split(':').collect();
    let [kind, on, options, class, collation] = fields[..] else {
        return Err(undecodable("an index key of the wrong shape"));
    };
    let on = match kind {
        "column" => IndexedOn::Column(name_in_hex(on)?),
        _ => IndexedOn::Expression(told.present(words_in_hex(on)?)),
    };
    let options: u16 = options.parse().map_err(|_| undecodable("options that are no number"))?;
    let optional =
        |digits: &str| Some(digits).filter(|it| !it.is_empty()).map(words_in_hex).transpose();
    Ok(IndexKey {
        collation: optional(collation)?,
        operator_class: optional(class)?,
        descending: options & DESCENDING != 0,
        nulls_first: options & NULLS_FIRST != 0,
        ..IndexKey::on(on)
    })
}
