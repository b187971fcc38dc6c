//! Reads what relations depend on, and what depends on them, for a script that a person will run.
//!
//! One SELECT in a READ ONLY transaction, as that of a registry is, so all of it is of one moment; sizes may wait
//! for a lock for a moment, as nothing else that an audit asks does.

use serde_json::Map;
use serde_json::Value;

use super::Environment;
use super::rows::RowsError;
use super::rows::rows;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::quarantine::Dependency;
use crate::quarantine::DependencyGraph;
use crate::quarantine::DependencyKind;
use crate::quarantine::Oid;
use crate::quarantine::Relation;
use crate::quarantine::UsedType;

/// Schemas that are not PostgreSQL's own (`pg_namespace`).
const THEIRS: &str = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";

/// Relations and sequences.
const RELATIONS: &str = "select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind, \
    pg_get_userbyid(c.relowner) as owner, c.relispartition as partition, \
    case when c.relkind in ('r', 'm') then greatest(c.reltuples::int8, pg_stat_get_live_tuples(c.oid)) end as rows, \
    case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) end as bytes, \
    case when c.relkind in ('r', 'm') then pg_total_relation_size(c.oid) end as total \
    from pg_class c join pg_namespace n on n.oid = c.relnamespace \
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and {theirs}";

/// What depends on what. Partitions repeat the foreign keys of their parents.
const DEPENDENCIES: &str = "select 'foreign_key' as kind, conrelid::int8 as from, confrelid::int8 as to, conname as name \
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
      where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass";

/// Types that somebody made, with the relations that use them (a column depends on its type like all else), and
/// whether something else does.
const TYPES: &str = "with t as (select t.oid, t.typarray, n.nspname, t.typname, t.typtype from pg_type t \
      join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid \
      where (t.typtype in ('e', 'd') or t.typtype = 'c' and c.relkind = 'c') and {theirs}), \
    d as (select p.classid, p.objid, p.deptype, t.oid as type from t \
      join pg_depend p on p.refclassid = 'pg_type'::regclass and p.refobjid in (t.oid, t.typarray)) \
    select t.oid::int8 as oid, t.nspname as schema, t.typname as name, t.typtype = 'd' as domain, \
    (select json_agg(distinct used.rel::int8) from ( \
      select x.adrelid as rel from pg_attrdef x join d on d.classid = 'pg_attrdef'::regclass and d.objid = x.oid and d.type = t.oid \
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
    from t";

/// A lock was not to be had in time (SQLSTATE).
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DependencyGraphError {
    #[error(transparent)]
    Rows(Box<RowsError>),
    #[error("somebody holds a lock on a relation, so its size could not be read; run it again")]
    Locked,
    #[error("a name in it is not UTF-8, which a script cannot hold")]
    NotText,
    #[error("the server's answer makes no sense: no `{column}`")]
    Undecodable { column: &'static str },
}

/// Reads the dependency graph of a database.
///
/// # Errors
///
/// Where the database cannot be read, or a name in it is no text.
pub async fn dependency_graph(
    source: &ConnectionSource,
    limits: &Limits,
    environment: &Environment,
) -> Result<DependencyGraph, DependencyGraphError> {
    let [relations, types] = [RELATIONS, TYPES].map(|it| it.replace("{theirs}", THEIRS));
    let sql = format!(
        "select (select json_agg(r) from ({relations}) r) as relations, \
         (select json_agg(d) from ({DEPENDENCIES}) d) as dependencies, \
         (select json_agg(t) from ({types}) t) as types, \
         (select json_agg(n.nspname) from pg_namespace n) as schemas"
    );
    let answer =
        rows(source, limits, environment, &sql, &[]).await.map_err(|error| match error {
            RowsError::Failed { code } if code == LOCK_NOT_AVAILABLE => {
                DependencyGraphError::Locked
            }
            other => DependencyGraphError::Rows(Box::new(other)),
        })?;
    let answer = answer.into_iter().next().flatten().ok_or(DependencyGraphError::NotText)?;
    let schemas = list(&answer, "schemas")?.iter().map(|it| it.as_str().map(str::to_owned));
    Ok(DependencyGraph {
        relations: each(&answer, "relations", relation)?,
        dependencies: each(&answer, "dependencies", dependency)?,
        types: each(&answer, "types", used_type)?,
        schemas: schemas
            .collect::<Option<_>>()
            .ok_or(DependencyGraphError::Undecodable { column: "schemas" })?,
    })
}

/// What stands in a column, each part read by `one`. NULL is nothing.
fn each<T, All: FromIterator<T>>(
    answer: &Map<String, Value>,
    column: &'static str,
    one: impl Fn(&Map<String, Value>) -> Result<T, DependencyGraphError>,
) -> Result<All, DependencyGraphError> {
    let wrong = || DependencyGraphError::Undecodable { column };
    list(answer, column)?.iter().map(|it| one(it.as_object().ok_or_else(wrong)?)).collect()
}

fn list<'a>(
    answer: &'a Map<String, Value>,
    column: &'static str,
) -> Result<&'a [Value], DependencyGraphError> {
    match answer.get(column) {
        Some(Value::Array(all)) => Ok(all),
        Some(Value::Null) => Ok(&[]),
        _ => Err(DependencyGraphError::Undecodable { column }),
    }
}

fn relation(row: &Map<String, Value>) -> Result<(Oid, Relation), DependencyGraphError> {
    let kind = text(row, "kind")?.chars().next();
    let it = Relation {
        schema: text(row, "schema")?,
        name: text(row, "name")?,
        kind: kind.ok_or(DependencyGraphError::Undecodable { column: "kind" })?,
        owner: text(row, "owner")?,
        is_partition: flag(row, "partition")?,
        // -1: never analyzed.
        rows: row.get("rows").and_then(Value::as_u64).filter(|it| *it > 0),
        bytes: row.get("bytes").and_then(Value::as_u64),
        total_bytes: row.get("total").and_then(Value::as_u64),
    };
    Ok((oid(row, "oid")?, it))
}

fn dependency(row: &Map<String, Value>) -> Result<Dependency, DependencyGraphError> {
    let kind = match text(row, "kind")?.as_str() {
        "foreign_key" => DependencyKind::ForeignKey,
        "reads" => DependencyKind::Reads,
        "child" => DependencyKind::ChildOf,
        "owned" => DependencyKind::OwnedBy,
        "uses" => DependencyKind::Uses,
        _ => return Err(DependencyGraphError::Undecodable { column: "kind" }),
    };
    let name = row.get("name").and_then(|it| it.as_str().map(str::to_owned));
    Ok(Dependency { kind, from: oid(row, "from")?, to: oid(row, "to")?, name })
}

fn used_type(row: &Map<String, Value>) -> Result<UsedType, DependencyGraphError> {
    let columns = row.get("columns").and_then(Value::as_array);
    let columns = columns.into_iter().flatten();
    let columns =
        columns.map(|it| number(it).ok_or(DependencyGraphError::Undecodable { column: "columns" }));
    Ok(UsedType {
        oid: oid(row, "oid")?,
        schema: text(row, "schema")?,
        name: text(row, "name")?,
        is_domain: flag(row, "domain")?,
        columns: columns.collect::<Result<_, _>>()?,
        used_elsewhere: flag(row, "elsewhere")?,
    })
}

fn text(row: &Map<String, Value>, column: &'static str) -> Result<String, DependencyGraphError> {
    let value = row.get(column).and_then(|it| it.as_str().map(str::to_owned));
    value.ok_or(DependencyGraphError::Undecodable { column })
}

fn flag(row: &Map<String, Value>, column: &'static str) -> Result<bool, DependencyGraphError> {
    row.get(column).and_then(Value::as_bool).ok_or(DependencyGraphError::Undecodable { column })
}

fn oid(row: &Map<String, Value>, column: &'static str) -> Result<Oid, DependencyGraphError> {
    row.get(column).and_then(number).ok_or(DependencyGraphError::Undecodable { column })
}

fn number(value: &Value) -> Option<Oid> {
    value.as_u64().and_then(|it| Oid::try_from(it).ok())
}
