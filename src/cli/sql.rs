//! `schemawarden sql`: prints SQL for a person to read and run. Runs nothing. A database that the config names
//! is not connected to where its config says enough; one of a registry is looked up there.

mod mark;
pub(in crate::cli) mod observer;
mod quarantine;
mod repair;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::registries;
use super::selection;
use super::selection::Selection;
use crate::config::ConnectionSource;
use crate::connection;
use crate::connection::Connection;
use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::schema::Mark;
use crate::schema::Name;
use crate::schema::PRODUCTION;
use crate::schema::RelationKind;
use crate::schema::RelationName;

#[derive(Debug, Subcommand)]
pub(super) enum SqlCommand {
    /// Prints SQL; runs nothing. The least-privilege role that audits a database.
    Role {
        /// The registered database.
        database: String,
        /// The role's name. Default: the user of the database's connection, or
        /// `schemawarden_auditor`.
        #[arg(long)]
        name: Option<String>,
    },
    /// Prints SQL; runs nothing. Event triggers that note who changes the schema of a database, from where
    /// and with what, and that call `watch: true` (docs/observer.md).
    Observer {
        /// The registered database.
        database: String,
        /// Keep the first 1,000 characters of each query too, without what may be a secret.
        #[arg(long)]
        with_query: bool,
        /// The role that audits, as for `sql role`.
        #[arg(long)]
        name: Option<String>,
    },
    /// Prints SQL; runs nothing. What puts the relations aside that should not be there, with the evidence of
    /// each, the way back, and (as comments) what drops them for good.
    Quarantine {
        /// The registered database. It is read.
        database: String,
        /// Write quarantine.sql, undo.sql and drop.sql into this folder, and print where they are.
        #[arg(long, value_name = "FOLDER")]
        write: Option<PathBuf>,
    },
    /// Prints SQL; runs nothing. What would make the database what its manifest says: proposals, each with the
    /// locks, rewrites and losses that it means.
    Repair {
        /// The registered database. It is read.
        database: String,
    },
    /// Prints SQL; runs nothing. What the database is, in its own comment: `preflight` and every audit read
    /// it, and a production database refuses to lose tables (docs/preflight.md).
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Mark {
        /// The registered database.
        database: String,
        /// It is production.
        #[arg(long, group = "what")]
        production: bool,
        /// It is this: `staging`, `development`, a word of yours.
        #[arg(long, group = "what", value_name = "WORD")]
        environment: Option<String>,
        /// Whom to ask before anything is done to it.
        #[arg(long, value_name = "TEXT", conflicts_with = "remove")]
        owner: Option<String>,
        /// Take the mark away.
        #[arg(long, group = "what")]
        remove: bool,
    },
}

/// The role where neither the command nor the config names one.
const DEFAULT_ROLE: &str = "schemawarden_auditor";

pub(super) async fn run(global: &Global, command: &SqlCommand) -> anyhow::Result<Status> {
    let name = command.database();
    let config = environment::load(&global.config)?;
    let selection = Selection::of_one(name);
    let config = registries::with_registries(config, &selection, &environment::environment()).await;
    let database = selection::named(&config, name)?;
    let login = Login::of(&database.connection, command.role());
    let dbname = login.dbname.as_deref();
    let sql = match command {
        SqlCommand::Role { .. } => {
            let counted: Vec<&RelationName> = wanted_rows(&database.manifest).collect();
            statements(name, &login.role, dbname, &counted)?
        }
        SqlCommand::Observer { with_query, .. } => observer::statements(&observer::Observer {
            database: name,
            dbname,
            role: &login.role,
            with_query: *with_query,
        })?,
        SqlCommand::Mark { production, environment, owner, .. } => {
            let environment = match (production, environment) {
                (true, _) => Some(PRODUCTION),
                (false, Some(word)) => Some(said("--environment", word)?),
                (false, None) => None,
            };
            let owner = owner.as_deref().map(|it| said("--owner", it)).transpose()?;
            let mark = environment.map(|it| Mark {
                class: database.manifest.name.clone(),
                environment: it.to_owned(),
                owner: owner.map(str::to_owned),
            });
            if let Some(it) = mark.as_ref().filter(|it| !it.is_production()) {
                output::remark(&format!(
                    "note: `{}` refuses nothing; only `production` (or `prod`) refuses drops",
                    output::harmless(&it.environment)
                ));
            }
            mark::statements(name, dbname, mark.as_ref())?
        }
        SqlCommand::Repair { .. } => repair::run(&config, database).await?,
        SqlCommand::Quarantine { write, .. } => {
            quarantine::run(global, &config, database, dbname, write.as_deref()).await?
        }
    };
    output::emit(&sql)?;
    Ok(Status::Clean)
}

impl SqlCommand {
    fn database(&self) -> &str {
        match self {
            Self::Role { database, .. }
            | Self::Observer { database, .. }
            | Self::Quarantine { database, .. }
            | Self::Repair { database }
            | Self::Mark { database, .. } => database,
        }
    }

    /// The auditing role, where the command names it.
    fn role(&self) -> Option<&str> {
        match self {
            Self::Role { name, .. } | Self::Observer { name, .. } => name.as_deref(),
            Self::Quarantine { .. } | Self::Repair { .. } | Self::Mark { .. } => None,
        }
    }
}

/// A text of a mark: something, and in the whole of it less than is read.
fn said<'a>(option: &str, text: &'a str) -> anyhow::Result<&'a str> {
    const MAX: usize = 200;
    if text.trim().is_empty() {
        anyhow::bail!("{option} says nothing");
    }
    if text.len() > MAX || text.contains(char::is_control) {
        anyhow::bail!("{option}: at most {MAX} bytes, on one line");
    }
    Ok(text)
}

/// Who audits a database, and what that database calls itself.
struct Login {
    role: String,
    /// `None` where the connection does not say.
    dbname: Option<String>,
}

impl Login {
    /// As the connection says, unless `role` names another.
    fn of(source: &ConnectionSource, role: Option<&str>) -> Self {
        let connection = named(source);
        let connection = connection.as_deref();
        // A provider's pooler wants `role.project`; the role itself has no project.
        let login = connection.and_then(|it| it.user.as_deref());
        let user = login.map(|it| it.split('.').next().unwrap_or(it));
        let dbname = connection.and_then(|it| it.database.as_deref()).or(login);
        Self {
            role: role.or(user).unwrap_or(DEFAULT_ROLE).to_owned(),
            dbname: dbname.map(str::to_owned),
        }
    }
}

/// What the connection says, or the file that holds it. Loading the config has read that file a
/// moment ago, so where it cannot be read now, its names are merely left open.
pub(in crate::cli) fn named(source: &ConnectionSource) -> Option<Arc<Connection>> {
    match source {
        ConnectionSource::Parsed(connection) => Some(Arc::clone(connection)),
        ConnectionSource::Unusable { .. } => None,
        ConnectionSource::File { path, defaults } => {
            let text = std::fs::read_to_string(path).ok()?;
            let line = text.lines().next()?.trim();
            connection::parse(line, defaults).ok().map(Arc::new)
        }
    }
}

/// The statements. `LOGIN` and `CONNECT` are enough for every audit: `pg_catalog` shows a role all
/// tables, whatever it may read in them (design, section 3.9).
fn statements(
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

/// A name as SQL. One that is not text cannot be written here, and its line is a comment.
fn spelt(name: &Name) -> String {
    match std::str::from_utf8(name.as_bytes()) {
        Ok(text) if !text.contains(char::is_control) => identifier(text),
        _ => identifier(&name.visible()),
    }
}

/// What stands before a line with that name.
fn lead(name: &Name) -> &'static str {
    let text = std::str::from_utf8(name.as_bytes());
    if text.is_ok_and(|it| !it.contains(char::is_control)) { "" } else { "-- by hand: " }
}

/// A quoted SQL identifier.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The same on one line, whatever the name holds.
fn identifier_in_line(name: &str) -> String {
    // What breaks a line, hides, or reorders what is read.
    let acts = |it: char| {
        it != '\\'
            && crate::schema::visible(it.encode_utf8(&mut [0; 4]).as_bytes()).starts_with('\\')
    };
    if !name.contains(acts) {
        return identifier(name);
    }
    let mut out = String::from("U&\"");
    for it in name.chars() {
        match it {
            '"' => out.push_str("\"\""),
            '\\' => out.push_str("\\\\"),
            _ if acts(it) => drop(write!(out, "\\+{:06x}", u32::from(it))),
            _ => out.push(it),
        }
    }
    out.push('"');
    out
}

/// Text that cannot leave its comment line.
fn comment(text: &str) -> String {
    crate::schema::visible(text.as_bytes())
}

/// A quoted SQL string, whatever `standard_conforming_strings` says. What is not plain goes over as code
/// points, so that it cannot leave its line either.
fn literal(text: &str) -> String {
    let mut out = String::from("E'");
    for it in text.chars() {
        match it {
            // Not what ends a string, a statement or a body, and not what starts an escape.
            ' '..='~' if !"'\\;$".contains(it) => out.push(it),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "\\U{:08x}", u32::from(it))),
        }
    }
    out.push('\'');
    out
}

/// The lines of a block that stop in another database than `dbname`, which is what the connection says. `what`
/// was printed for it.
fn check_database(dbname: Option<&str>, what: &str) -> String {
    dbname.map_or_else(String::new, |dbname| {
        format!(
            "  IF current_database() <> {} THEN\n    \
             RAISE EXCEPTION 'this is database \"%\"', current_database()\n      \
             USING HINT = '{what} was printed for another one. (Behind a pooler the name may differ: then \
             take these lines out.)';\n  END IF;\n",
            literal(dbname)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_sql() {
        let sql =
            statements("x\n; drop table y", "a\"b", Some("c\"; drop database d; --"), &[]).unwrap();
        assert!(sql.contains("CREATE ROLE \"a\"\"b\" LOGIN"));
        assert!(sql.contains("GRANT CONNECT ON DATABASE \"c\"\"; drop database d; --\" TO"));
        assert!(sql.lines().all(|line| line.starts_with("--") || !line.contains("drop table")));
    }

    #[test]
    fn what_is_counted_may_be_read() {
        let [plain, odd] =
            [RelationName::new("billing", "a\"b"), RelationName::new("public", "x\ny")];
        let sql = statements("d", "r", Some("d"), &[&plain, &odd]).expect("it is text");
        assert!(sql.contains("\nGRANT USAGE ON SCHEMA \"billing\" TO \"r\";"), "{sql}");
        assert!(sql.contains("\nGRANT SELECT ON \"billing\".\"a\"\"b\" TO \"r\";"), "{sql}");
        assert!(sql.contains("\n-- by hand: GRANT SELECT ON \"public\".\"x\\x0ay\""), "{sql}");
    }
}
