//! `schemawarden sql observer`: the SQL that makes a database note who changes its schema, and call whoever
//! listens.
//!
//! The SQL itself is `observer.sql`, beside this file, with its reasons. Here are the numbers and the names
//! that go into it.

use std::fmt::Write as _;

use super::own_schema::CHECK_OWNER;
use super::own_schema::REVOKE_CREATE;
use super::quoting::check_database;
use super::quoting::comment;
use super::quoting::filled;
use super::quoting::identifier;

/// Rows that one command may add to the ledger. What it did beyond is counted, not listed.
const ROWS_PER_COMMAND: u32 = 1000;

/// Rows that the ledger keeps.
const ROWS_KEPT: u32 = 10_000;

/// How long it keeps them, while it is written.
const DAYS_KEPT: u32 = 90;

/// It is pruned once for so many rows that it gets.
const PRUNE_EACH: u32 = 128;

/// Characters of a query that are kept, and that are looked at for what may be a secret.
const QUERY_KEPT: u32 = 1000;
const QUERY_READ: u32 = 4000;

/// What a database's observer is printed with.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Observer<'a> {
    /// The registered name.
    pub(in crate::cli) database: &'a str,
    /// The database's own name, where the connection says it.
    pub(in crate::cli) dbname: Option<&'a str>,
    /// The role that may read the ledger.
    pub(in crate::cli) role: &'a str,
    /// Whether queries are kept too.
    pub(in crate::cli) with_query: bool,
}

/// The statements.
pub(in crate::cli) fn statements(it: &Observer<'_>) -> anyhow::Result<String> {
    let role = identifier(it.role);
    let mut out = String::new();
    writeln!(
        out,
        "-- The observer of database `{}`: notes who changes its schema.",
        comment(it.database)
    )?;
    writeln!(
        out,
        "-- Read it, then run it there with psql, as a role that may create event triggers. Running it again\n\
         -- installs it anew and keeps what was noted. Role {role} is to be there already: see\n\
         -- `schemawarden sql role`.",
    )?;
    let check = check_database(it.dbname, "The observer");
    let (say, mask, functions) = if it.with_query {
        let say = "said := schemawarden.mask(current_query());";
        let texts =
            [("query_kept", QUERY_KEPT.to_string()), ("query_read", QUERY_READ.to_string())];
        (
            say,
            filled(include_str!("mask.sql"), &texts),
            "schemawarden.note(), schemawarden.mask(text)",
        )
    } else {
        let say = "-- Printed without --with-query: what was sent is not kept.";
        let gone = "DROP FUNCTION IF EXISTS schemawarden.mask(text);\n\n";
        (say, gone.to_owned(), "schemawarden.note()")
    };
    let sql = filled(
        include_str!("observer.sql"),
        &[
            ("mask", mask),
            ("check_database", check),
            ("check_owner", CHECK_OWNER.to_owned()),
            ("revoke_create", REVOKE_CREATE.to_owned()),
            ("say", say.to_owned()),
            ("functions", functions.to_owned()),
            ("role", role),
            ("rows_per_command", ROWS_PER_COMMAND.to_string()),
            ("rows_kept", ROWS_KEPT.to_string()),
            ("days_kept", DAYS_KEPT.to_string()),
            ("prune_each", PRUNE_EACH.to_string()),
        ],
    );
    out.push_str(&sql);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Observer<'_> = Observer {
        database: "central",
        dbname: Some("central"),
        role: "auditor",
        with_query: false,
    };

    #[test]
    fn nothing_is_left_to_fill_in() {
        for with_query in [false, true] {
            let sql = statements(&Observer { with_query, ..PLAIN }).expect("it is text");
            for place in
                ["{role", "{say", "{mask", "{rows", "{query", "{days", "{prune", "{check", "{func"]
            {
                assert!(!sql.contains(place), "{place}");
            }
            assert_eq!(sql.contains("current_query()"), with_query);
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_sql() {
        let sql = statements(&Observer {
            database: "x\n; drop table y",
            dbname: Some("c'; drop table y; --\\"),
            role: "a\"; drop table y",
            with_query: false,
        })
        .expect("it is text");
        assert!(
            sql.contains("GRANT SELECT ON TABLE schemawarden.ledger TO \"a\"\"; drop table y\";")
        );
        assert!(sql.contains("<> E'c\\U00000027\\U0000003b drop table y"), "{sql}");
        assert!(sql.lines().all(|it| it.starts_with("--") || !it.starts_with("; drop")));
    }
}
