//! `schemawarden sql mark`: the SQL that writes into a database's own comment what it is.
//!
//! The text that stands there is kept: it is somebody's. The mark is one line of it.

use std::fmt::Write as _;

use super::quoting::check_database;
use super::quoting::comment;
use super::quoting::literal;
use crate::schema::MARK;
use crate::schema::Mark;

/// The statements. `dbname` is the database's own name, where the connection says it; without a mark, they
/// take it away.
pub(super) fn statements(
    database: &str,
    dbname: Option<&str>,
    mark: Option<&Mark>,
) -> anyhow::Result<String> {
    let mut out = String::new();
    let name = comment(database);
    match mark {
        Some(mark) => writeln!(out, "-- The mark of database `{name}`: {mark}.")?,
        None => writeln!(out, "-- Takes the mark of database `{name}` away.")?,
    }
    writeln!(
        out,
        "-- Read it, then run it there with psql, as the owner of the database. It is one line of the database's\n\
         -- comment; what else stands there is kept. No reset takes it along, and every role may read it."
    )?;
    writeln!(out, "DO $mark$\nDECLARE\n  kept text;\nBEGIN")?;
    out.push_str(&check_database(dbname, "The mark"));
    let begins = literal(MARK);
    writeln!(
        out,
        "  SELECT string_agg(line, E'\\n' ORDER BY place) INTO kept\n  \
           FROM pg_catalog.pg_database d\n  \
           CROSS JOIN regexp_split_to_table(pg_catalog.shobj_description(d.oid, 'pg_database'), E'\\n')\n    \
             WITH ORDINALITY AS said(line, place)\n  \
           WHERE d.datname = current_database() AND NOT starts_with(line, {begins});"
    )?;
    let line = mark.map_or_else(|| "NULL".to_owned(), |it| literal(&it.line()));
    writeln!(
        out,
        "  EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(),\n    \
         nullif(concat_ws(E'\\n', nullif(kept, ''), {line}), ''));\nEND\n$mark$;"
    )?;
    writeln!(
        out,
        "-- What it says now:\n\
         SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = current_database();"
    )?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out_of_the_sql() {
        let evil = "x'; drop table y; --\\\n$mark$; drop table y";
        let mark = Mark {
            class: "central".to_owned(),
            environment: evil.to_owned(),
            owner: Some(evil.to_owned()),
        };
        let sql = statements(evil, Some(evil), Some(&mark)).expect("it is text");
        let code = sql.lines().filter(|it| !it.starts_with("--"));
        assert_eq!(code.filter(|it| it.contains("$mark$")).count(), 2, "{sql}");
        for line in sql.lines().filter(|it| it.contains("drop table")) {
            assert!(line.starts_with("--") || !line.contains("; drop"), "{line}");
        }
    }
}
