//! What the queries of all parts are put together from. The rules are those of the audit's message
//! (`super::super::sql`): everything qualified, no path looked up, names and texts in hex.

/// Whether names and texts are sent as they are (`names.raw`); see `super::super::sql`.
pub(super) const NAMES: &str = "\
cross join (select pg_catalog.current_setting('server_encoding') operator(pg_catalog.=) any
  ('{UTF8,SQL_ASCII}'::pg_catalog.text[]) as raw offset 0) names";

/// Leaves out the schemas that are PostgreSQL's own.
pub(super) const USERS: &str = "\
not (n.nspname operator(pg_catalog.=) any
    ('{pg_catalog,information_schema}'::pg_catalog.name[]))
  and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
  and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp_')";

/// A catalog whose rows can belong to an extension, by its OID (`src/include/catalog/*.h`; they are
/// fixed).
#[derive(Clone, Copy)]
pub(super) enum Catalogued {
    /// `pg_type`.
    Type = 1247,
    /// `pg_proc`.
    Function = 1255,
    /// `pg_class`.
    Relation = 1259,
    /// `pg_namespace`.
    Schema = 2615,
    /// `pg_event_trigger`.
    EventTrigger = 3466,
}

/// Leaves out what belongs to an extension. `oid`: of the object.
pub(super) fn of_no_extension(catalog: Catalogued, oid: &str) -> String {
    format!(
        "not ({oid} operator(pg_catalog.=) any (select d.objid from pg_catalog.pg_depend d
    where d.refclassid operator(pg_catalog.=) 3079::pg_catalog.oid
      and d.classid operator(pg_catalog.=) {}::pg_catalog.oid
      and d.deptype operator(pg_catalog.=) 'e'::pg_catalog.\"char\"))",
        catalog as u32
    )
}

/// A value of type `name`, in hex.
pub(super) fn name(value: &str) -> String {
    format!(
        "pg_catalog.encode(case when names.raw then pg_catalog.namesend({value})
    else pg_catalog.convert_to({value}::pg_catalog.text, 'UTF8') end, 'hex')"
    )
}

/// The bytes of a value of type `text`.
pub(super) fn bytes(value: &str) -> String {
    format!(
        "case when names.raw then pg_catalog.textsend({value})
    else pg_catalog.convert_to({value}, 'UTF8') end"
    )
}

/// A value of type `text`, in hex.
pub(super) fn words(value: &str) -> String {
    format!("pg_catalog.encode({}, 'hex')", bytes(value))
}

/// What `pg_get_…` says, in hex. It looks into the newest state of the catalogs, not into our
/// snapshot, and says NULL of what is gone meanwhile: an empty text here, which no SQL is.
pub(super) fn told(value: &str) -> String {
    format!("coalesce({}, '')", words(value))
}

/// The name of a role by its OID, in hex. Roles are shared by all databases of a server, so their
/// encoding is nobody's.
pub(super) fn role(oid: &str) -> String {
    format!("pg_catalog.encode(pg_catalog.namesend(pg_catalog.pg_get_userbyid({oid})), 'hex')")
}

/// The names of the columns of `relation` that `numbers` (an array of `attnum`) lists, in its order.
pub(super) fn columns(relation: &str, numbers: &str) -> String {
    format!(
        "(select pg_catalog.string_agg({}, ',' order by k.at)
    from pg_catalog.unnest({numbers}) with ordinality k(attnum, at)
    join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) {relation}
      and a.attnum operator(pg_catalog.=) k.attnum)",
        name("a.attname")
    )
}

/// The name of the collation `co` in schema `cn` as SQL, in hex; NULL where there is none.
pub(super) fn collation() -> String {
    let name = "pg_catalog.quote_ident(co.collname::pg_catalog.text)";
    format!(
        "case when co.oid is null then null
    when cn.nspname operator(pg_catalog.=) 'pg_catalog'::pg_catalog.name then {}
    else {} end",
        words(name),
        words(&format!(
            "pg_catalog.concat(pg_catalog.quote_ident(cn.nspname::pg_catalog.text), '.', {name})"
        ))
    )
}

/// A query about relations of some kinds (`c`, in schema `n`): kind, schema and name, then `values`.
/// Left out are partitions, temporary relations, and what belongs to an extension.
pub(super) fn relations(kinds: &str, values: &[String], joins: &str, tail: &str) -> String {
    format!(
        "select c.relkind,
  {},
  {},
  {}
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
{NAMES}
{joins}
where c.relkind operator(pg_catalog.=) any ('{{{kinds}}}'::pg_catalog.\"char\"[])
  and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
  and not c.relispartition
  and {USERS}
  and {}
{tail}",
        name("n.nspname"),
        name("c.relname"),
        values.join(",\n  "),
        of_no_extension(Catalogued::Relation, "c.oid"),
    )
}

/// A query about tables and foreign tables.
pub(super) fn tables(values: &[String], joins: &str, tail: &str) -> String {
    relations("r,p,f", values, joins, tail)
}
