//! Reads what relations depend on, and what depends on them, for a script that a person will run.
//!
//! Each query is one SELECT in a READ ONLY transaction, as those of registries are; sizes may wait for a lock
//! for a moment, as nothing else that an audit asks does.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use super::Environment;
use super::rows::RegistryRow;
use super::rows::RowsError;
use super::rows::rows;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::quarantine::Neighbour;
use crate::quarantine::Oid;
use crate::quarantine::Surroundings;
use crate::quarantine::Tie;
use crate::quarantine::TieKind;
use crate::quarantine::UsedType;

/// Schemas that are not anybody's (`pg_namespace`).
const THEIRS: &str = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";

/// A lock was not to be had in time (SQLSTATE).
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurroundingsError {
    #[error(transparent)]
    Rows(Box<RowsError>),
    #[error("somebody holds a lock on a relation, so its size could not be read; run it again")]
    Locked,
    #[error("a name in it is not UTF-8, which a script cannot hold")]
    NotText,
    #[error("the server's answer makes no sense: no `{column}`")]
    Undecodable { column: &'static str },
}

/// Everything around the relations of a database.
///
/// # Errors
///
/// Where the database cannot be read, or a name in it is no text.
pub async fn surroundings(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
) -> Result<Surroundings, SurroundingsError> {
    let ask = async |sql: &str| {
        let all = rows(source, limits, environment, sql, &[]).await;
        texts(all.map_err(|error| match error {
            RowsError::Failed { code } if code == LOCK_NOT_AVAILABLE => SurroundingsError::Locked,
            other => SurroundingsError::Rows(Box::new(other)),
        })?)
    };
    let relations = ask(&format!(
        "select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind, \
         pg_get_userbyid(c.relowner) as owner, c.relispartition as partition, \
         case when c.relkind in ('r', 'm') then greatest(c.reltuples::int8, pg_stat_get_live_tuples(c.oid)) end as rows, \
         case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) end as bytes, \
         case when c.relkind in ('r', 'm') then pg_total_relation_size(c.oid) end as total \
         from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and {THEIRS}"
    ))
    .await?;
    let ties = ask(
        "select 'foreign_key' as kind, conrelid::int8 as from, confrelid::int8 as to, conname as name \
           from pg_constraint where contype = 'f' and conparentid = 0 \
         union all select distinct 'reads', r.ev_class::int8, d.refobjid::int8, null from pg_depend d \
           join pg_rewrite r on r.oid = d.objid where d.classid = 'pg_rewrite'::regclass \
           and d.refclassid = 'pg_class'::regclass and r.ev_class <> d.refobjid \
         union all select 'child', inhrelid::int8, inhparent::int8, null from pg_inherits \
         union all select 'owned', d.objid::int8, d.refobjid::int8, null from pg_depend d \
           join pg_class s on s.oid = d.objid and s.relkind = 'S' where d.classid = 'pg_class'::regclass \
           and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') \
         union all select distinct 'uses', a.adrelid::int8, d.refobjid::int8, null from pg_depend d \
           join pg_attrdef a on a.oid = d.objid join pg_class s on s.oid = d.refobjid and s.relkind = 'S' \
           where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass",
    )
    .await?;
    let types = ask(&format!(
        "with d as (select p.classid, p.objid, p.deptype, y.oid as type from pg_depend p \
           join pg_type y on p.refclassid = 'pg_type'::regclass and p.refobjid in (y.oid, y.typarray)) \
         select t.oid::int8 as oid, n.nspname as schema, t.typname as name, t.typtype = 'd' as domain, \
         (select json_agg(distinct used.rel::int8) from ( \
           select a.attrelid as rel from pg_attribute a where a.atttypid in (t.oid, t.typarray) \
             and a.atttypid <> 0 and not a.attisdropped \
           union select x.adrelid from pg_attrdef x join d on d.classid = 'pg_attrdef'::regclass and d.objid = x.oid and d.type = t.oid \
           union select x.conrelid from pg_constraint x join d on d.classid = 'pg_constraint'::regclass and d.objid = x.oid and d.type = t.oid \
             where x.conrelid <> 0 \
           union select x.ev_class from pg_rewrite x join d on d.classid = 'pg_rewrite'::regclass and d.objid = x.oid and d.type = t.oid \
           union select x.polrelid from pg_policy x join d on d.classid = 'pg_policy'::regclass and d.objid = x.oid and d.type = t.oid \
           union select x.tgrelid from pg_trigger x join d on d.classid = 'pg_trigger'::regclass and d.objid = x.oid and d.type = t.oid \
           union select coalesce(x.indrelid, d.objid) from d left join pg_index x on x.indexrelid = d.objid \
             where d.classid = 'pg_class'::regclass and d.type = t.oid \
         ) used) as columns, \
         exists (select from d where d.type = t.oid \
           and d.classid not in ('pg_attrdef'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_class'::regclass) \
           and not (d.classid = 'pg_type'::regclass and d.deptype = 'i') \
           and not (d.classid = 'pg_constraint'::regclass and exists (select from pg_constraint x where x.oid = d.objid and (x.conrelid <> 0 or x.contypid = t.oid)))) \
         or exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e') as elsewhere \
         from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid \
         where (t.typtype in ('e', 'd') or t.typtype = 'c' and c.relkind = 'c') and {THEIRS}"
    ))
    .await?;
    let schemas = ask("select nspname as name from pg_namespace").await?;
    Ok(Surroundings {
        relations: relations.iter().map(relation).collect::<Result<BTreeMap<_, _>, _>>()?,
        ties: ties.iter().map(tie).collect::<Result<_, _>>()?,
        types: types.iter().map(used_type).collect::<Result<_, _>>()?,
        schemas: schemas.iter().map(|it| text(it, "name")).collect::<Result<_, _>>()?,
    })
}

fn texts(rows: Vec<RegistryRow>) -> Result<Vec<Map<String, Value>>, SurroundingsError> {
    rows.into_iter().map(|it| it.ok_or(SurroundingsError::NotText)).collect()
}

fn relation(row: &Map<String, Value>) -> Result<(Oid, Neighbour), SurroundingsError> {
    let kind = text(row, "kind")?.chars().next();
    let it = Neighbour {
        schema: text(row, "schema")?,
        name: text(row, "name")?,
        kind: kind.ok_or(SurroundingsError::Undecodable { column: "kind" })?,
        owner: text(row, "owner")?,
        is_partition: flag(row, "partition")?,
        // -1: never analyzed.
        rows: row.get("rows").and_then(Value::as_u64).filter(|it| *it > 0),
        bytes: row.get("bytes").and_then(Value::as_u64),
        total_bytes: row.get("total").and_then(Value::as_u64),
    };
    Ok((oid(row, "oid")?, it))
}

fn tie(row: &Map<String, Value>) -> Result<Tie, SurroundingsError> {
    let kind = match text(row, "kind")?.as_str() {
        "foreign_key" => TieKind::ForeignKey,
        "reads" => TieKind::Reads,
        "child" => TieKind::ChildOf,
        "owned" => TieKind::OwnedBy,
        "uses" => TieKind::Uses,
        _ => return Err(SurroundingsError::Undecodable { column: "kind" }),
    };
    let name = row.get("name").and_then(|it| it.as_str().map(str::to_owned));
    Ok(Tie { kind, from: oid(row, "from")?, to: oid(row, "to")?, name })
}

fn used_type(row: &Map<String, Value>) -> Result<UsedType, SurroundingsError> {
    let columns = row.get("columns").and_then(Value::as_array);
    let columns = columns.into_iter().flatten();
    let columns =
        columns.map(|it| number(it).ok_or(SurroundingsError::Undecodable { column: "columns" }));
    Ok(UsedType {
        oid: oid(row, "oid")?,
        schema: text(row, "schema")?,
        name: text(row, "name")?,
        is_domain: flag(row, "domain")?,
        columns: columns.collect::<Result<_, _>>()?,
        used_elsewhere: flag(row, "elsewhere")?,
    })
}

fn text(row: &Map<String, Value>, column: &'static str) -> Result<String, SurroundingsError> {
    let value = row.get(column).and_then(|it| it.as_str().map(str::to_owned));
    value.ok_or(SurroundingsError::Undecodable { column })
}

fn flag(row: &Map<String, Value>, column: &'static str) -> Result<bool, SurroundingsError> {
    row.get(column).and_then(Value::as_bool).ok_or(SurroundingsError::Undecodable { column })
}

fn oid(row: &Map<String, Value>, column: &'static str) -> Result<Oid, SurroundingsError> {
    row.get(column).and_then(number).ok_or(SurroundingsError::Undecodable { column })
}

fn number(value: &Value) -> Option<Oid> {
    value.as_u64().and_then(|it| Oid::try_from(it).ok())
}
