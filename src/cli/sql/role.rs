//! `schemawarden sql role`: the least-privilege role that audits a database.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::login::Login;
use super::quoting::comment;
use super::quoting::identifier;
use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// The statements. `LOGIN` and `CONNECT` are enough for every audit: `pg_catalog` shows a role all
/// tables, whatever it may read in them (design, section 3.9).
pub(super) fn statements(name: &str, login: &Login, manifest: &Manifest) -> anyhow::Result<String> {
    let counted: Vec<&RelationName> = wanted_rows(manifest).collect();
    printed(name, &login.role, login.dbname.as_deref(), &counted)
}

fn printed(
    name: &str,
    role: &str,
    dbname: Option<&str>,
    counted: &[&RelationName],
) -> anyhow::Result<String> {
    let quoted = identifier(role);
    let connect_to = dbname.map_or_else(|| "current_database".to_owned(), identifier);
    let mut out = String::new();
    writeln!(
        out,
        "-- The role that audits database `{}`: it may log in, connect, {}.",
        comment(name),
        if counted.is_empty() {
            "and nothing else"
        } else {
            "read what is counted, and nothing else"
        }
    )?;
    writeln!(
        out,
        "-- Read it, then run it with psql as a role that may create roles. If the role is there"
    )?;
    writeln!(out, "-- already, CREATE ROLE fails and changes nothing.")?;
    writeln!(out, "BEGIN;")?;
    writeln!(
        out,
        "CREATE ROLE {quoted} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;"
    )?;
    writeln!(
        out,
        "-- A second lock beside the one it lacks keys for; audits set the same themselves."
    )?;
    writeln!(out, "ALTER ROLE {quoted} SET default_transaction_read_only = on;")?;
    if dbname.is_some() {
        writeln!(out, "GRANT CONNECT ON DATABASE {connect_to} TO {quoted};")?;
    } else {
        writeln!(out, "-- The connection names no database:")?;
        writeln!(out, "-- GRANT CONNECT ON DATABASE … TO {quoted};")?;
    }
    if !counted.is_empty() {
        writeln!(
            out,
            "-- The manifest asks for a least number of rows of these, which are counted:"
        )?;
    }
    let schemas: BTreeSet<&Name> = counted.iter().map(|it| &it.schema).collect();
    for schema in schemas.into_iter().filter(|it| !it.is_public()) {
        writeln!(out, "{}GRANT USAGE ON SCHEMA {} TO {quoted};", lead(schema), spelt(schema))?;
    }
    for it in counted {
        let (schema, table) = (spelt(&it.schema), spelt(&it.name));
        writeln!(out, "{}GRANT SELECT ON {schema}.{table} TO {quoted};", lead(&it.name))?;
    }
    writeln!(out, "COMMIT;")?;
    writeln!(out, "-- Then give it a password, which psql asks for and sends hashed:")?;
    writeln!(out, "--   \\password {quoted}")?;
    writeln!(
        out,
        "-- PostgreSQL before 15 lets PUBLIC create tables in schema public. To take that away:"
    )?;
    writeln!(out, "--   REVOKE CREATE ON SCHEMA public FROM PUBLIC;")?;
    Ok(out)
}

/// The tables whose rows an audit counts, which takes SELECT.
fn wanted_rows(manifest: &Manifest) -> impl Iterator<Item = &RelationName> {
    let exact = |it: &(&(RelationKind, RelationName), &Expected)| {
        it.1.table.as_ref().and_then(|it| it.rows).is_some_and(|it| !it.estimate)
    };
    manifest.expected.iter().filter(exact).map(|it| &it.0.1)
}

/// A name as SQL. One that is not text, or would break its line, cannot be written here.
fn writable(name: &Name) -> Option<String> {
    name.as_text().filter(|it| !it.contains(char::is_control)).map(identifier)
}

/// A name as SQL; where it cannot be written, its line is a comment.
fn spelt(name: &Name) -> String {
    writable(name).unwrap_or_else(|| identifier(&name.visible()))
}

/// What stands before a line with that name.
fn lead(name: &Name) -> &'static str {
    if writable(name).is_some() { "" } else { "-- by hand: " }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_sql() {
        let sql = printed("x\n; drop table y", "a\"b", Some("c\"; drop database d; --"), &[])
            .expect("it is text");
        assert!(sql.contains("CREATE ROLE \"a\"\"b\" LOGIN"));
        assert!(sql.contains("GRANT CONNECT ON DATABASE \"c\"\"; drop database d; --\" TO"));
        assert!(sql.lines().all(|line| line.starts_with("--") || !line.contains("drop table")));
    }

    #[test]
    fn what_is_counted_may_be_read() {
        let [plain, odd] =
            [RelationName::new("billing", "a\"b"), RelationName::new("public", "x\ny")];
        let sql = printed("d", "r", Some("d"), &[&plain, &odd]).expect("it is text");
        assert!(sql.contains("\nGRANT USAGE ON SCHEMA \"billing\" TO \"r\";"), "{sql}");
        assert!(sql.contains("\nGRANT SELECT ON \"billing\".\"a\"\"b\" TO \"r\";"), "{sql}");
        assert!(sql.contains("\n-- by hand: GRANT SELECT ON \"public\".\"x\\x0ay\""), "{sql}");
    }
}
