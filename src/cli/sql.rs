//! `schemawarden sql`: prints SQL for a person to read and run. Runs nothing. A database that the config names
//! is not connected to where its config says enough; one of a registry is looked up there.

mod audited;
pub(in crate::cli) mod guard;
pub(in crate::cli) mod login;
mod mark;
pub(in crate::cli) mod observer;
mod own_schema;
mod quarantine;
mod quoting;
mod repair;
mod role;

use std::path::PathBuf;

use clap::Subcommand;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::registries;
use super::selection;
use super::selection::Selection;
use crate::schema::Mark;
use crate::schema::PRODUCTION;
use login::Login;

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
    /// Prints SQL; runs nothing. Event triggers that refuse, inside the transaction, a table that the manifest
    /// does not list, and the end of one that it lists (docs/guard.md).
    Guard {
        /// The registered database.
        database: String,
        /// Print nothing to run: look whether the guard that is installed is the manifest's. 0: it is; 1: it is
        /// not, or is not there, or refuses nothing; 2: that could not be told.
        #[arg(long, conflicts_with = "uninstall")]
        check: bool,
        /// What removes it.
        #[arg(long)]
        uninstall: bool,
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

pub(super) async fn run(global: &Global, command: &SqlCommand) -> anyhow::Result<Status> {
    let name = command.database();
    let config = environment::load(&global.config)?;
    let selection = Selection::of_one(name);
    let config = registries::with_registries(config, &selection, &environment::environment()).await;
    let database = selection::named(&config, name)?;
    let login = Login::of(&database.connection, command.role());
    let dbname = login.dbname.as_deref();
    let sql = match command {
        SqlCommand::Role { .. } => role::statements(name, &login, &database.manifest)?,
        SqlCommand::Observer { with_query, .. } => observer::statements(&observer::Observer {
            database: name,
            dbname,
            role: &login.role,
            with_query: *with_query,
        })?,
        SqlCommand::Guard { check: true, .. } => return guard::check(database).await,
        SqlCommand::Guard { uninstall: true, .. } => guard::uninstall(name, dbname),
        SqlCommand::Guard { .. } => guard::statements(database, dbname)?,
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
            | Self::Guard { database, .. }
            | Self::Quarantine { database, .. }
            | Self::Repair { database }
            | Self::Mark { database, .. } => database,
        }
    }

    /// The auditing role, where the command names it.
    fn role(&self) -> Option<&str> {
        match self {
            Self::Role { name, .. } | Self::Observer { name, .. } => name.as_deref(),
            Self::Guard { .. }
            | Self::Quarantine { .. }
            | Self::Repair { .. }
            | Self::Mark { .. } => None,
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
