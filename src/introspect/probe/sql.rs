//! The questions of `doctor`. They keep the rules of [`crate::introspect::message`]: qualified names
//! and operators, names as hex, nothing that waits for a lock on a relation.

use std::fmt::Write as _;

/// Who we are and where: one row.
pub(super) const WHO: &str = "\
select pg_catalog.pg_backend_pid(),
  pg_catalog.current_setting('server_version'),
  pg_catalog.encode(pg_catalog.namesend(pg_catalog.current_database()), 'hex'),
  pg_catalog.current_setting('server_encoding'),
  pg_catalog.encode(pg_catalog.namesend(current_user), 'hex'),
  pg_catalog.encode(pg_catalog.namesend(session_user), 'hex'),
  coalesce((select r.rolsuper from pg_catalog.pg_roles r
    where r.rolname operator(pg_catalog.=) current_user), false),
  pg_catalog.pg_is_in_recovery(),
  coalesce((select pg_catalog.string_agg(
      pg_catalog.encode(pg_catalog.namesend(e.extname), 'hex'), ',')
    from pg_catalog.pg_extension e), ''),
  coalesce((select s.cipher from pg_catalog.pg_stat_ssl s
    where s.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()), '')";

/// How many relations there are, and how many of those the real view lists: one row. Relations that
/// an audit leaves out are left out of both. Materialized views are in neither.
pub(super) const LISTED: &str = "\
select pg_catalog.count(*),
  pg_catalog.count(*) filter (where exists (
    select from information_schema.tables t
    where t.table_schema::pg_catalog.name operator(pg_catalog.=) audited.nspname
      and t.table_name::pg_catalog.name operator(pg_catalog.=) audited.relname))
from (
  select n.nspname, c.relname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  where c.relkind operator(pg_catalog.=) any ('{r,p,f,v}'::pg_catalog.\"char\"[])
    and not c.relispartition
    and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
    and not (n.nspname operator(pg_catalog.=) any
      ('{pg_catalog,information_schema}'::pg_catalog.name[]))
    and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
    and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp_')
    and not (c.oid operator(pg_catalog.=) any (
      select d.objid from pg_catalog.pg_depend d
      where d.refclassid operator(pg_catalog.=) 3079::pg_catalog.oid
        and d.classid operator(pg_catalog.=) 1259::pg_catalog.oid
        and d.deptype operator(pg_catalog.=) 'e'::pg_catalog.\"char\"))) audited";

/// Whether the server keeps the times of commits.
pub(super) const COMMIT_TIMES: &str =
    "select pg_catalog.current_setting('track_commit_timestamp') operator(pg_catalog.=) 'on'";

/// What the role could do: one row.
pub(super) const RIGHTS: &str = "\
select
  (select pg_catalog.count(*) from pg_catalog.pg_namespace n
    where not (n.nspname operator(pg_catalog.=) any
        ('{pg_catalog,information_schema}'::pg_catalog.name[]))
      and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
      and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp_')
      and pg_catalog.has_schema_privilege(n.oid, 'CREATE')),
  pg_catalog.count(*) filter (where pg_catalog.pg_has_role(c.relowner, 'USAGE')),
  pg_catalog.count(*) filter (where not pg_catalog.pg_has_role(c.relowner, 'USAGE')
    and pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where c.relkind operator(pg_catalog.=) any ('{r,p,f,v,m}'::pg_catalog.\"char\"[])
  and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
  and not (n.nspname operator(pg_catalog.=) any
    ('{pg_catalog,information_schema}'::pg_catalog.name[]))";

/// Which of `roles` the server has: one row, names in hex with commas between. The names go over in
/// hex too, so that there is nothing to quote.
pub(super) fn known_roles(roles: &[&str]) -> String {
    let mut hex = String::new();
    for role in roles {
        if !hex.is_empty() {
            hex.push(',');
        }
        for byte in role.bytes() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
    }
    format!(
        "select coalesce(pg_catalog.string_agg(known.name, ','), '') from (
           select pg_catalog.encode(pg_catalog.namesend(r.rolname), 'hex') as name
           from pg_catalog.pg_roles r) known
         where known.name operator(pg_catalog.=) any ('{{{hex}}}'::pg_catalog.text[])"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_name_can_get_out_of_its_literal() {
        let sql = known_roles(&["supabase_admin", "x'; drop table t; --"]);
        assert!(
            sql.contains(
                "'{73757061626173655f61646d696e,78273b2064726f70207461626c6520743b202d2d}'"
            )
        );
        assert!(!sql.contains("drop"));
        assert!(known_roles(&[]).contains("any ('{}'::"));
    }
}
