//! `schemawarden import`: a manifest made from the source that a team already keeps: a Prisma schema, or
//! SQL.
//!
//! The exact way for SQL that nobody but PostgreSQL understands is `--via-scratch`: the files run in a
//! database of their own, which is read and dropped.

use std::path::Path;
use std::path::PathBuf;

use super::Status;
use super::depth;
use super::depth::DepthArg;
use super::environment;
use super::output;
use super::output::WARN;
use super::output::paint;
use super::scratch;
use crate::ddl;
use crate::manifest;
use crate::manifest::Depth;
use crate::prisma;
use crate::schema::Definitions;
use crate::yaml::Mistake;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ImportCommand {
    /// From a Prisma schema: a file, or a folder of `*.prisma` files.
    Prisma(PrismaArgs),
    /// From SQL: a file, a folder of migrations, or what `pg_dump --schema-only` writes.
    Sql(SqlArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct PrismaArgs {
    #[command(flatten)]
    import: ImportArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct SqlArgs {
    #[command(flatten)]
    import: ImportArgs,
    /// Run the SQL in a throwaway database on this server, read that, and drop it: exact, whatever the
    /// SQL does. Name a server that may be played with; the role needs CREATEDB.
    #[arg(long, value_name = "URL")]
    via_scratch: Option<String>,
    /// Accept `sslmode=prefer` and `allow` to a remote host, for --via-scratch.
    #[arg(long, requires = "via_scratch")]
    insecure: bool,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// The file or folder.
    path: PathBuf,
    /// How much of it is written down.
    #[arg(long, value_enum, default_value_t = DepthArg::Tables)]
    depth: DepthArg,
    /// The manifest's name. Default: that of the file or folder.
    #[arg(long)]
    name: Option<String>,
}

pub(super) async fn run(command: ImportCommand) -> anyhow::Result<Status> {
    match command {
        ImportCommand::Prisma(PrismaArgs { import }) => {
            let definitions = taken(&import.path, prisma::read(&import.path))?;
            emit(&import, "prisma", &definitions)
        }
        ImportCommand::Sql(SqlArgs { import, via_scratch: None, .. }) => {
            let definitions = taken(&import.path, ddl::read(&import.path))?;
            emit(&import, "sql", &definitions)
        }
        ImportCommand::Sql(SqlArgs { import, via_scratch: Some(url), insecure }) => {
            let wanted = Depth::from(import.depth);
            let catalog = Box::pin(scratch::read(&import.path, &url, insecure, wanted)).await?;
            depth::warn_of_unread(&catalog);
            let comments = [format!(
                "What `{}` makes of an empty database, run by PostgreSQL {} for `schemawarden import sql --via-scratch`.",
                import.path.display(),
                catalog.session.server_version
            )];
            let name = name(&import);
            let definitions = manifest::framed(&catalog);
            let text = manifest::print_source(&name, &comments, &definitions, wanted);
            depth::warn_if_too_large(&text, "`from: {sql: …}`");
            output::emit(&text)?;
            Ok(Status::Clean)
        }
    }
}

/// What was read, after a word on every warning; or every mistake.
fn taken(
    path: &Path,
    read: Result<(Definitions, Vec<Mistake>), Vec<Mistake>>,
) -> anyhow::Result<Definitions> {
    match read {
        Ok((definitions, warnings)) => {
            for it in warnings {
                output::remark(&format!("{} {it}", paint(WARN, "warning:")));
            }
            Ok(definitions)
        }
        Err(mistakes) => {
            for it in &mistakes {
                output::remark(&it.to_string());
            }
            Err(environment::refused(path, &mistakes))
        }
    }
}

fn emit(import: &ImportArgs, kind: &str, definitions: &Definitions) -> anyhow::Result<Status> {
    let depth = Depth::from(import.depth);
    let path = import.path.display();
    let comments = [
        format!("What `{path}` makes of an empty database, by `schemawarden import {kind}`."),
        format!(
            "To have it read anew at each load, write instead of what follows: from: {{{kind}: {path}, depth: {}}}",
            depth.word()
        ),
    ];
    let text = manifest::print_source(&name(import), &comments, definitions, depth);
    depth::warn_if_too_large(&text, "`from:`");
    output::emit(&text)?;
    Ok(Status::Clean)
}

/// The manifest's name: as asked for, or that of what was read.
fn name(import: &ImportArgs) -> String {
    if let Some(name) = &import.name {
        return name.clone();
    }
    let absolute = std::path::absolute(&import.path).unwrap_or_else(|_| import.path.clone());
    let named = |path: &Path| path.file_stem().map(|it| it.to_string_lossy().into_owned());
    let stem = named(&absolute).unwrap_or_default();
    // `prisma/schema.prisma` says as much as `schema` does: nothing.
    let meaningless = ["schema", "structure", "migrations", "prisma", "dump", ""];
    if !meaningless.contains(&stem.as_str()) {
        return stem;
    }
    let above = absolute.ancestors().skip(1).filter_map(named);
    let mut above = above.filter(|it| !meaningless.contains(&it.as_str()) && it != "db");
    above.next().unwrap_or(stem)
}
