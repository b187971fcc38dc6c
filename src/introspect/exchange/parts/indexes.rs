//! Keys and indexes, both as `pg_index` describes them: a unique index over plain columns is a key,
//! whether a constraint owns it or not.

use tokio_postgres::SimpleQueryRow;

use super::known::Called;
use super::known::Known;
use super::known::Named;
use super::known::Oid;
use super::known::elements;
use super::known::parsed;
use super::sql;
use super::sql::Server;
use super::sql::Version;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::listed;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::optional;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::text;
use crate::introspect::exchange::rows::undecodable;
use crate::introspect::exchange::rows::words_in_hex;
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
pub(super) fn keys(server: Server) -> String {
    sql::tables(
        &values(server, "con.contype", "null", "null"),
        "join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid and i.indisunique
join pg_catalog.pg_class ic on ic.oid operator(pg_catalog.=) i.indexrelid
left join pg_catalog.pg_constraint con on con.conindid operator(pg_catalog.=) i.indexrelid
  and con.conrelid operator(pg_catalog.=) i.indrelid
  and con.contype operator(pg_catalog.=) any ('{p,u}'::pg_catalog.\"char\"[])",
        "and (con.oid is not null or (i.indexprs is null and i.indpred is null))",
    )
}

/// A row for each index that no constraint owns, or one for a table without any. Functions that wait
/// for locks are called only for an expression or a condition, so the other indexes of a locked table
/// are in nobody's way.
pub(super) fn indexes(server: Server) -> String {
    // What each key is as SQL, and the collation of its type.
    let expressions = format!(
        "case when i.indexprs is not null then (select pg_catalog.string_agg(pg_catalog.concat({}, ':',
      (select t.typcollation from pg_catalog.pg_type t where t.oid operator(pg_catalog.=) ia.atttypid)),
      ',' order by ia.attnum)
    from pg_catalog.pg_attribute ia where ia.attrelid operator(pg_catalog.=) i.indexrelid
      and ia.attnum operator(pg_catalog.<=) i.indnkeyatts) end",
        server.told("pg_catalog.pg_get_indexdef(i.indexrelid, ia.attnum::pg_catalog.int4, true)")
    );
    let condition = format!(
        "case when i.indpred is not null then {} end",
        server.told("pg_catalog.pg_get_expr(i.indpred, i.indrelid)")
    );
    sql::tables(
        &values(server, "null", &expressions, &condition),
        "left join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid
  and not exists (select from pg_catalog.pg_constraint con
    where con.conindid operator(pg_catalog.=) i.indexrelid
      and con.contype operator(pg_catalog.=) any ('{p,u,x}'::pg_catalog.\"char\"[]))
left join pg_catalog.pg_class ic on ic.oid operator(pg_catalog.=) i.indexrelid",
        "",
    )
}

/// What [`index`] reads. `indnullsnotdistinct` came with PostgreSQL 15.
fn values(server: Server, constraint: &str, expressions: &str, condition: &str) -> [String; 13] {
    let nulls = if server.version >= Version(15) { "i.indnullsnotdistinct" } else { "false" };
    [
        server.name("ic.relname"),
        constraint.to_owned(),
        "i.indisunique".to_owned(),
        "ic.relam".to_owned(),
        "i.indkey".to_owned(),
        "i.indnkeyatts".to_owned(),
        "i.indclass".to_owned(),
        "i.indcollation".to_owned(),
        "i.indoption".to_owned(),
        expressions.to_owned(),
        condition.to_owned(),
        nulls.to_owned(),
        // That of a partitioned table is not valid until every partition has its own; nothing failed.
        "(i.indisvalid or ic.relkind operator(pg_catalog.=) 'I'::pg_catalog.\"char\")".to_owned(),
    ]
}

pub(super) fn take_key(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let oid = told.about(row)?;
    let constraint = optional(row, 2)?;
    let Some(index) = index(row, oid, known, told)? else { return Ok(()) };
    let Some(table) = known.table(oid) else { return Ok(()) };
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
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let oid = told.about(row)?;
    if optional(row, 1)?.is_none() {
        return Ok(());
    }
    let Some(index) = index(row, oid, known, told)? else { return Ok(()) };
    let Some(table) = known.table(oid) else { return Ok(()) };
    if index.as_key().is_none() {
        table.indexes.push(index);
    }
    Ok(())
}

/// The index of a row. `None` where it is about a table that is not compared, or names something that
/// was not told: a column that is new, say.
fn index(
    row: &SimpleQueryRow,
    table: Oid,
    known: &Known,
    told: &mut Told,
) -> Result<Option<Index>, TalkError> {
    if known.relation(table).is_none() {
        return Ok(None);
    }
    let numbers: Vec<i16> = elements(text(row, 5)?)?;
    let on_keys = parsed(text(row, 6)?)?;
    let (on_keys, included) = numbers.split_at_checked(on_keys).ok_or_else(wrong_shape)?;
    let method = known.name(Named::AccessMethod, parsed(text(row, 4)?)?).and_then(Called::to_owned);
    let (Some(method), Some(include), Some(keys)) =
        (method, known.columns(table, included), keys_of(row, table, on_keys, known, told)?)
    else {
        told.changed();
        return Ok(None);
    };
    Ok(Some(Index {
        name: Some(name(row, 1)?),
        unique: flag(row, 3)?,
        method,
        keys,
        include,
        predicate: optional_words(row, 11)?.map(|it| told.present(it)),
        nulls_not_distinct: flag(row, 12)?,
        valid: flag(row, 13)?,
    }))
}

/// Its keys, which are on the columns of these numbers; 0 is an expression. `None` where one names
/// something that was not told.
fn keys_of(
    row: &SimpleQueryRow,
    table: Oid,
    on: &[i16],
    known: &Known,
    told: &mut Told,
) -> Result<Option<Vec<IndexKey>>, TalkError> {
    let classes: Vec<Oid> = elements(text(row, 7)?)?;
    let collations: Vec<Oid> = elements(text(row, 8)?)?;
    let options: Vec<u16> = elements(text(row, 9)?)?;
    let expressions: Vec<&str> = listed(optional(row, 10)?).collect();
    let mut keys = Vec::with_capacity(on.len());
    for (at, number) in on.iter().enumerate() {
        let (Some(class), Some(collation), Some(options)) =
            (classes.get(at), collations.get(at), options.get(at))
        else {
            return Err(wrong_shape());
        };
        // What it is on, and the collation that goes without saying.
        let (on, usual) = if *number == 0 {
            let told_of_it = expressions.get(at).and_then(|it| it.split_once(':'));
            let (definition, usual) = told_of_it.ok_or_else(wrong_shape)?;
            let definition = told.present(words_in_hex(definition)?);
            (IndexedOn::Expression(definition), parsed(usual)?)
        } else {
            let Some(column) = known.column(table, *number) else { return Ok(None) };
            (IndexedOn::Column(column.name.clone()), column.collation)
        };
        let Some(class) = known.name(Named::OperatorClass, *class) else { return Ok(None) };
        let collation = if [0, usual].contains(collation) {
            None
        } else {
            match known.name(Named::Collation, *collation) {
                Some(called) => called.to_owned(),
                None => return Ok(None),
            }
        };
        keys.push(IndexKey {
            collation,
            operator_class: class.to_owned(),
            descending: options & DESCENDING != 0,
            nulls_first: options & NULLS_FIRST != 0,
            ..IndexKey::on(on)
        });
    }
    Ok(Some(keys))
}

fn wrong_shape() -> TalkError {
    undecodable("an index of the wrong shape")
}
