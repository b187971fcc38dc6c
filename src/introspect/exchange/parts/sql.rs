//! What the queries of all parts are put together from. The rules are those of the audit's message
//! (`super::super::sql`): everything qualified, no path looked up, names and texts in hex.
//!
//! A session that logs in pays for every function, operator and catalog that its queries name, before
//! the first row: most of what an audit of a small database costs. So they name few.

/// What the queries depend on of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::introspect::exchange) struct Server {
    pub(super) version: Version,
    /// Names and texts are sent as they are, not converted to UTF-8; see `super::super::sql`.
    raw: bool,
}

/// Major version of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32);

impl Version {
    /// From `server_version`: `15.18 (Debian …)`, `18beta1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok().map(Self)
    }
}

/// The OIDs of PostgreSQL's own schemas, as the audit's message has them. Temporary and TOAST tables
/// are told by other columns. (OIDs of relations say nothing: whoever initialises a cluster may make
/// tables of their own below `FirstNormalObjectId`.)
pub(super) const OWN_SCHEMAS: &str = "\
select n.oid from pg_catalog.pg_namespace n where n.nspname operator(pg_catalog.=) any
    ('{pg_catalog,information_schema}'::pg_catalog.name[])";

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

/// The name of a role by its OID, in hex. Roles are shared by all databases of a server, so their
/// encoding is nobody's.
pub(super) fn role(oid: &str) -> String {
    format!("pg_catalog.encode(pg_catalog.namesend(pg_catalog.pg_get_userbyid({oid})), 'hex')")
}

impl Server {
    /// From `server_version` and `server_encoding`, as the server reports them at login. `None`: the
    /// version cannot be read.
    pub(in crate::introspect::exchange) fn new(version: &str, encoding: &str) -> Option<Self> {
        Some(Self { version: Version::parse(version)?, raw: Self::is_raw(encoding) })
    }

    fn is_raw(encoding: &str) -> bool {
        matches!(encoding, "UTF8" | "SQL_ASCII")
    }

    /// Whether the queries are right for a database of this encoding. A pooler may have told that of
    /// another database. To convert what needs no conversion is no mistake.
    pub(in crate::introspect::exchange) fn fits(self, encoding: &str) -> bool {
        !self.raw || Self::is_raw(encoding)
    }

    /// Its major version.
    pub(in crate::introspect::exchange) fn major(self) -> u32 {
        self.version.0
    }

    /// A value of type `name`, in hex.
    pub(in crate::introspect::exchange) fn name(self, value: &str) -> String {
        if self.raw {
            format!("pg_catalog.encode(pg_catalog.namesend({value}), 'hex')")
        } else {
            self.words(&format!("{value}::pg_catalog.text"))
        }
    }

    /// The bytes of a value of type `text`.
    pub(super) fn bytes(self, value: &str) -> String {
        if self.raw {
            format!("pg_catalog.textsend({value})")
        } else {
            format!("pg_catalog.convert_to({value}, 'UTF8')")
        }
    }

    /// A value of type `text`, in hex.
    pub(super) fn words(self, value: &str) -> String {
        format!("pg_catalog.encode({}, 'hex')", self.bytes(value))
    }

    /// What `pg_get_…` says, in hex. It looks into the newest state of the catalogs, not into our
    /// snapshot, and says NULL of what is gone meanwhile: an empty text here, which no SQL is.
    pub(super) fn told(self, value: &str) -> String {
        format!("coalesce({}, '')", self.words(value))
    }

    /// The names of the columns of `relation` that `numbers` (an array of `attnum`) lists, in its order.
    pub(super) fn columns(self, relation: &str, numbers: &str) -> String {
        format!(
            "(select pg_catalog.string_agg({}, ',' order by k.at)
    from pg_catalog.unnest({numbers}) with ordinality k(attnum, at)
    join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) {relation}
      and a.attnum operator(pg_catalog.=) k.attnum)",
            self.name("a.attname")
        )
    }

    /// The name of the collation `co` in schema `cn` as SQL, in hex.
    pub(super) fn collation(self) -> String {
        self.words(
            "pg_catalog.concat(case when cn.nspname operator(pg_catalog.<>) 'pg_catalog'::pg_catalog.name
      then pg_catalog.concat(pg_catalog.quote_ident(cn.nspname::pg_catalog.text), '.') end,
      pg_catalog.quote_ident(co.collname::pg_catalog.text))",
        )
    }
}

/// A query about relations of some kinds (`c`): the OID, then `values`. Left out are partitions,
/// temporary relations, and what belongs to an extension.
pub(super) fn relations(kinds: &str, values: &[String], joins: &str, tail: &str) -> String {
    format!(
        "select c.oid,
  {}
from pg_catalog.pg_class c
{joins}
where c.relkind operator(pg_catalog.=) any ('{{{kinds}}}'::pg_catalog.\"char\"[])
  and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
  and not c.relispartition
  and not (c.relnamespace operator(pg_catalog.=) any ({OWN_SCHEMAS}))
  and {}
{tail}",
        values.join(",\n  "),
        of_no_extension(Catalogued::Relation, "c.oid"),
    )
}

/// A query about tables and foreign tables.
pub(super) fn tables(values: &[String], joins: &str, tail: &str) -> String {
    relations("r,p,f", values, joins, tail)
}
