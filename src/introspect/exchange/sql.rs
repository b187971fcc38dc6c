//! The one message of an audit, and why it reads as it does.
//!
//! - `search_path` is emptied before anything is looked up, types and functions are qualified, and
//!   operators are written `operator(pg_catalog.=)`: with a hostile search path even
//!   `pg_catalog.pg_class where relname <> 'x'` was measured to return nothing.
//! - `client_encoding` is `SQL_ASCII`, which means "convert nothing". `namesend` then gives the bytes
//!   of any name, valid or not, and hex carries them. Only in a database whose encoding is neither
//!   UTF-8 nor `SQL_ASCII` are names of relations converted to UTF-8. Names of roles never are: roles
//!   are shared by all databases of a server, so their encoding is nobody's.
//! - Everything is a join of catalogs by OID, or a function that takes no lock on the relation. No
//!   `regclass`, no definition, no size: those wait for whoever holds `ACCESS EXCLUSIVE`.
//! - Without `jit` and parallel workers a large catalog costs the server one process and no
//!   compilation. Row-level security needs no word: PostgreSQL ignores policies on its own catalogs
//!   (`check_enable_rls` in `src/backend/utils/misc/rls.c`), and a test holds that.
//! - OIDs 1259 and 3079 are `pg_class` and `pg_extension` (`src/include/catalog/pg_class.h`,
//!   `pg_extension.h`); they are fixed, and a cast from their names would look up a path.

use std::fmt::Write as _;
use std::time::Duration;

use super::shapes;
use crate::config::Limits;
use crate::schema::COMMENT_BYTES_MAX;
use crate::schema::GUARD_PREFIX;

/// How long a statement may wait for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long our transaction may sit idle before the server ends it: we may have been stopped.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Statements of [`begin`].
const STATEMENTS_OF_BEGIN: usize = 8;

/// What decides how PostgreSQL spells types, expressions and the constants in them. A database or a
/// role may have its own of each, and equal definitions must read the same. (`pg_dump` sets the same,
/// time zone and money apart.)
const SPELLING: &str = "\
set local quote_all_identifiers = off;
set local standard_conforming_strings = on;
set local bytea_output = 'hex';
set local datestyle = 'ISO, MDY';
set local intervalstyle = 'postgres';
set local timezone = 'UTC';
set local extra_float_digits = 3;
set local lc_monetary = 'C';
";

/// Statements of [`SPELLING`].
const STATEMENTS_OF_SPELLING: usize = 8;

/// Which statement of [`message_of_part`], from 1, returns the part.
pub(super) const PART_AT: usize = STATEMENTS_OF_BEGIN + STATEMENTS_OF_SPELLING + 1;

/// How the message of an audit is laid out, which depends on how much rides in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    parts: usize,
    imprint: usize,
}

impl Layout {
    /// With so many queries of parts, and of the imprint behind them.
    pub(super) fn with(parts: usize, imprint: usize) -> Self {
        Self { parts, imprint }
    }

    /// Statements of the message.
    pub(super) fn statements(self) -> usize {
        self.before_imprint() + self.imprint + 1
    }

    /// Statements up to the imprint.
    pub(super) fn before_imprint(self) -> usize {
        self.relations_at() + self.parts
    }

    /// Which of them, from 1, returns the relations. The parts follow.
    pub(super) fn relations_at(self) -> usize {
        let spelling = if self.parts == 0 { 0 } else { STATEMENTS_OF_SPELLING };
        STATEMENTS_OF_BEGIN + spelling + 2
    }
}

/// The database's comment, in hex, as far as a mark ([`crate::schema::Mark`]) is looked for in it, and one byte more;
/// as bytes, since a shared catalog may hold text of any encoding. 1262 is `pg_database`.
fn comment() -> String {
    format!(
        "(select pg_catalog.encode(pg_catalog.substr(pg_catalog.textsend(d.description), 1, {}), 'hex')
    from pg_catalog.pg_shdescription d
    where d.classoid operator(pg_catalog.=) 1262::pg_catalog.oid
      and d.objoid operator(pg_catalog.=) (select b.oid from pg_catalog.pg_database b
        where b.datname operator(pg_catalog.=) pg_catalog.current_database()))",
        COMMENT_BYTES_MAX + 1
    )
}

/// Who reads what: one row. The count repeats the filter of [`RELATIONS`] in another shape (by
/// namespaces to leave out, without the join), so that a row that a join loses is missed.
const EVIDENCE: &str = "\
select pg_catalog.current_setting('server_version'),
  pg_catalog.encode(pg_catalog.namesend(pg_catalog.current_database()), 'hex'),
  pg_catalog.encode(pg_catalog.namesend(current_user), 'hex'),
  pg_catalog.current_setting('server_encoding'),
  pg_catalog.pg_is_in_recovery(),
  (select pg_catalog.string_agg(pg_catalog.encode(pg_catalog.namesend(e.extname), 'hex'), ',')
    from pg_catalog.pg_extension e),
  counted.relations, counted.sees_pg_class,
  {comment},
  exists (select from pg_catalog.pg_event_trigger t
      where pg_catalog.starts_with(t.evtname::pg_catalog.text, '{guard}'))
    or exists (select from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
      where p.proname operator(pg_catalog.=) 'guard'::pg_catalog.name
        and n.nspname operator(pg_catalog.=) 'schemawarden'::pg_catalog.name)
from (
  select pg_catalog.count(*) filter (
      where c.relkind operator(pg_catalog.=) any ('{r,p,f,v,m}'::pg_catalog.\"char\"[])
      and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
      and not (c.relnamespace operator(pg_catalog.=) any (
        select n.oid from pg_catalog.pg_namespace n
        where n.nspname operator(pg_catalog.=) any
            ('{pg_catalog,information_schema}'::pg_catalog.name[])
          or pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
          or pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp_')))) as relations,
    pg_catalog.bool_or(c.oid operator(pg_catalog.=) 1259::pg_catalog.oid) as sees_pg_class
  from pg_catalog.pg_class c) counted";

/// The relations, one row each, in no order. Partitions and members of extensions are among them and
/// say so: they are not compared, but one that a manifest lists is not missing.
///
/// What presets tell tables by (`super::shapes`) is the last value of a row.
///
/// `pg_get_userbyid` is a look-up by OID like any join, but costs nothing for the owner of the row
/// before. Hidden is the predicate of `information_schema.tables`
/// (`src/backend/catalog/information_schema.sql`); `has_any_column_privilege` walks every column, so
/// it is asked only where a column has an access list at all: measured on 10,000 tables of 10 columns
/// that the role may not see, 87 ms in place of 310.
const RELATIONS: &str = "\
select
  pg_catalog.encode(case when names.raw then pg_catalog.namesend(n.nspname)
    else pg_catalog.convert_to(n.nspname::pg_catalog.text, 'UTF8') end, 'hex'),
  pg_catalog.encode(case when names.raw then pg_catalog.namesend(c.relname)
    else pg_catalog.convert_to(c.relname::pg_catalog.text, 'UTF8') end, 'hex'),
  c.relkind, c.relpersistence,
  pg_catalog.encode(pg_catalog.namesend(pg_catalog.pg_get_userbyid(c.relowner)), 'hex'),
  case when c.relkind operator(pg_catalog.=) 'p'::pg_catalog.\"char\" and not c.relispartition then (
    with recursive part(oid) as (
      select i.inhrelid from pg_catalog.pg_inherits i
        where i.inhparent operator(pg_catalog.=) c.oid
      union all
      select i.inhrelid from part p join pg_catalog.pg_inherits i
        on i.inhparent operator(pg_catalog.=) p.oid)
    select pg_catalog.count(*) from part) else 0 end,
  case when c.relkind operator(pg_catalog.=) 'm'::pg_catalog.\"char\" or c.relispartition then false
    else not coalesce(
      pg_catalog.pg_has_role(c.relowner, 'USAGE')
      or pg_catalog.has_table_privilege(c.oid,
        'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
      or (exists (select from pg_catalog.pg_attribute a
            where a.attrelid operator(pg_catalog.=) c.oid and a.attacl is not null)
          and pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')),
      true) end,
  c.relispartition,
  c.oid operator(pg_catalog.=) any (
    select d.objid from pg_catalog.pg_depend d
    where d.refclassid operator(pg_catalog.=) 3079::pg_catalog.oid
      and d.classid operator(pg_catalog.=) 1259::pg_catalog.oid
      and d.deptype operator(pg_catalog.=) 'e'::pg_catalog.\"char\"),
  c.oid,
  {shape}
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
cross join (select pg_catalog.current_setting('server_encoding') operator(pg_catalog.=) any
  ('{UTF8,SQL_ASCII}'::pg_catalog.text[]) as raw offset 0) names
where c.relkind operator(pg_catalog.=) any ('{r,p,f,v,m}'::pg_catalog.\"char\"[])
  and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
  and not (n.nspname operator(pg_catalog.=) any
    ('{pg_catalog,information_schema}'::pg_catalog.name[]))
  and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
  and not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_temp_')";

/// Begins the transaction that every exchange runs in. `remaining` is what is left of the deadline.
/// `statement_timeout` comes first, in case the database has one of a millisecond.
pub(in crate::introspect) fn begin(remaining: Duration) -> String {
    // 0 would mean "no limit", and the setting is a signed 32-bit number of milliseconds.
    let milliseconds = |limit: Duration| limit.as_millis().clamp(1, 2_147_483_647);
    format!(
        "begin isolation level repeatable read read only;\n\
         set local statement_timeout = {};\n\
         set local search_path = '';\n\
         set local lock_timeout = {};\n\
         set local idle_in_transaction_session_timeout = {};\n\
         set local client_encoding = 'SQL_ASCII';\n\
         set local jit = off;\n\
         set local max_parallel_workers_per_gather = 0;\n",
        milliseconds(remaining),
        milliseconds(remaining.min(LOCK_TIMEOUT)),
        milliseconds(IDLE_TIMEOUT),
    )
}

/// The whole message of an audit that reads relations and no part, for `remaining` time. Benchmarks
/// send the same.
#[must_use]
pub fn message(limits: &Limits, remaining: Duration) -> String {
    message_with(limits, remaining, &[], &[])
}

/// The message of an audit in which `parts` and `imprint` (queries) ride. The latter spell no SQL.
pub(super) fn message_with(
    limits: &Limits,
    remaining: Duration,
    parts: &[String],
    imprint: &[String],
) -> String {
    // One more than allowed tells "exactly at the limit" from "beyond it".
    let rows = i64::try_from(limits.max_relations).unwrap_or(i64::MAX).saturating_add(1);
    let mut sql = begin(remaining);
    if !parts.is_empty() {
        sql.push_str(SPELLING);
    }
    // Writing to a String cannot fail.
    let relations = RELATIONS.replace("{shape}", &shapes::columns());
    let evidence = EVIDENCE.replace("{comment}", &comment()).replace("{guard}", GUARD_PREFIX);
    let _ = writeln!(sql, "{evidence};\n{relations}\nlimit {rows};");
    for query in parts.iter().chain(imprint) {
        let _ = writeln!(sql, "{query};");
    }
    sql.push_str("commit");
    sql
}

/// A message that reads one part, in a snapshot of its own.
pub(super) fn message_of_part(remaining: Duration, part: &str) -> String {
    format!("{}{SPELLING}{part};\ncommit", begin(remaining))
}

/// Which statement of [`message_of_queries`], from 1, is the first query.
pub(super) const QUERIES_AT: usize = STATEMENTS_OF_BEGIN + 1;

/// A message of several queries that spell no SQL, in a snapshot of its own.
pub(super) fn message_of_queries(remaining: Duration, queries: &[String]) -> String {
    format!("{}{};\ncommit", begin(remaining), queries.join(";\n"))
}

/// A message that counts rows of a table. Its name is sent as UTF-8, which the server converts. A policy
/// that would hide rows makes it fail.
pub(super) fn message_of_rows(remaining: Duration, query: &str) -> String {
    let begin = begin(remaining);
    format!(
        "{begin}set local client_encoding = 'UTF8';\nset local row_security = off;\n{query};\ncommit"
    )
}

/// A message that reads a table which may be anybody's: no policy on it runs.
pub(super) fn message_of_ledger(remaining: Duration, query: &str) -> String {
    let begin = begin(remaining);
    format!("{begin}{SPELLING}set local row_security = off;\n{query};\ncommit")
}

/// Checks that a query is at nobody's mercy: every operator, cast and call names its schema. (`in`
/// stands for an operator that cannot be named.)
#[cfg(test)]
pub(super) fn holds_the_rules(query: &str) {
    let mut bare = query.replace("(*)", "()");
    while let Some(at) = bare.find("operator(pg_catalog.") {
        let end = at + bare[at..].find(')').expect("it is closed");
        bare.replace_range(at..=end, "");
    }
    assert!(!bare.contains("operator("), "{bare}");
    assert!(!bare.contains(['=', '<', '>', '~', '+', '|', '-', '*', '/', '%']), "{bare}");
    for word in [" in ", " like ", " between ", " similar "] {
        assert!(!query.contains(word), "{word}: {query}");
    }
    for after in query.split("::").skip(1) {
        assert!(after.starts_with("pg_catalog."), "::{after}");
    }
    // Every word directly before a parenthesis is qualified, is SQL's own, or names the columns of
    // something that the query itself has put there.
    let own = [
        "", "any", "coalesce", "exists", "filter", "operator", "part", "k", "r", "u", "greatest",
        "lateral",
    ];
    for (at, _) in query.match_indices('(') {
        let mut words = query[..at].rsplit(|c: char| !c.is_alphanumeric() && !"_.".contains(c));
        let word = words.next().expect("split returns something");
        assert!(word.starts_with("pg_catalog.") || own.contains(&word), "{word}(");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            concurrency: 1,
            per_server: 1,
            per_server_rate: 20,
            connect_timeout: Duration::from_secs(5),
            audit_deadline: Duration::from_secs(30),
            max_relations: 200_000,
            max_bytes: 1 << 26,
            max_replica_lag: Duration::from_mins(1),
        }
    }

    #[test]
    fn the_message_keeps_its_promises() {
        let sql = message(&limits(), Duration::from_secs(30));
        assert!(sql.starts_with("begin isolation level repeatable read read only;\nset local "));
        assert!(sql.ends_with("\nlimit 200001;\ncommit"));
        // Nothing is looked up before these are in force.
        let before = &sql[..sql.find("\nselect ").expect("it asks something")];
        for setting in [
            "statement_timeout = 30000;",
            "search_path = '';",
            "lock_timeout = 2000;",
            "idle_in_transaction_session_timeout = 15000;",
            "client_encoding = 'SQL_ASCII';",
        ] {
            assert!(before.contains(&format!("\nset local {setting}")), "{setting}");
        }
        // A pooler passes only what ends with the transaction.
        assert_eq!(sql.matches("\nset ").count(), sql.matches("\nset local ").count());
        assert_eq!(sql.matches(';').count() + 1, Layout::with(0, 0).statements());
        assert_eq!(begin(Duration::ZERO).matches(';').count(), STATEMENTS_OF_BEGIN);
        // Nothing that waits for a lock on a relation, and nothing that looks up a path.
        for word in ["regclass", "pg_get_expr", "pg_get_viewdef", "pg_relation_size", "::text"] {
            assert!(!sql.contains(word), "{word}");
        }
        // A backslash would mean something else under `standard_conforming_strings = off`.
        assert!(!sql.contains('\\'));
    }

    #[test]
    fn every_operator_cast_and_call_names_its_schema() {
        for query in [EVIDENCE, RELATIONS] {
            holds_the_rules(query);
        }
    }

    #[test]
    fn the_rules_are_seen_to_be_broken() {
        for query in [
            "select 1 from t where a = b",
            "select a || b",
            "select a - 1",
            "select a::text",
            "select count(*)",
            "select 1 from t where a operator(evil.=) b",
            "select a in (b, c)",
        ] {
            assert!(std::panic::catch_unwind(|| holds_the_rules(query)).is_err(), "{query}");
        }
    }

    #[test]
    fn a_message_with_parts_is_laid_out_as_it_is_counted() {
        assert_eq!(SPELLING.matches(';').count(), STATEMENTS_OF_SPELLING);
        assert_eq!(SPELLING.matches("\nset local ").count() + 1, STATEMENTS_OF_SPELLING);
        let parts = ["select 1".to_owned(), "select 2".to_owned()];
        let imprint = ["select 3".to_owned()];
        let sql = message_with(&limits(), Duration::from_secs(30), &parts, &imprint);
        let statements: Vec<&str> = sql.split(';').map(str::trim).collect();
        let layout = Layout::with(parts.len(), imprint.len());
        assert_eq!(statements.len(), layout.statements());
        assert!(statements[layout.relations_at() - 1].ends_with("limit 200001"));
        let behind = ["select 1", "select 2", "select 3", "commit"];
        assert_eq!(statements[layout.relations_at()..], behind);
        assert_eq!(statements[layout.before_imprint()..], behind[2..]);
        let sql = message_of_part(Duration::from_secs(30), "select 1");
        let statements: Vec<&str> = sql.split(';').map(str::trim).collect();
        assert_eq!(statements[PART_AT - 1..], ["select 1", "commit"]);
        assert!(sql.starts_with(&begin(Duration::from_secs(30))));
    }

    #[test]
    fn limits_of_time_never_mean_no_limit() {
        assert!(begin(Duration::ZERO).contains("statement_timeout = 1;"));
        assert!(begin(Duration::MAX).contains("statement_timeout = 2147483647;"));
        assert!(begin(Duration::from_secs(1)).contains("lock_timeout = 1000;"));
        assert!(begin(Duration::from_secs(30)).contains("lock_timeout = 2000;"));
    }
}
