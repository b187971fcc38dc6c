//! What is about to be pushed: a Prisma schema, SQL, or the tables of a manifest.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::bail;

use super::expectation::Expectation;
use crate::cli::environment;
use crate::cli::output;
use crate::clock::Clock;
use crate::config::ConnectionSource;
use crate::config::Limits;
use crate::ddl;
use crate::introspect;
use crate::manifest;
use crate::manifest::Manifest;
use crate::nearest::hint;
use crate::preflight::Push;
use crate::prisma;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::RelationName;

/// The file of a migration in the layout of Prisma.
const MIGRATION: &str = "migration.sql";

/// Where Prisma notes which migrations have run.
const LEDGER: &str = "_prisma_migrations";

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("push").required(true).args(["prisma", "sql", "manifest"])))]
pub(super) struct SourceArgs {
    /// `prisma db push` of this schema: a file, or a folder of `*.prisma` files.
    #[arg(long, value_name = "PATH")]
    prisma: Option<PathBuf>,
    /// The push would be made with `--force-reset`.
    #[arg(long, requires = "prisma")]
    force_reset: bool,
    /// SQL: a file that is about to run, or a folder of migrations (`prisma migrate deploy` and others).
    #[arg(long, value_name = "PATH")]
    sql: Option<PathBuf>,
    /// None of the files of the folder has run yet, whatever a ledger says.
    #[arg(long, requires = "sql")]
    pending: bool,
    /// The tables of this manifest: a name of the configuration, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    manifest: Option<String>,
}

/// Where the push is about to go.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) connection: &'a ConnectionSource,
    pub(super) limits: &'a Limits,
    /// Where what names no schema goes.
    pub(super) schema: &'a str,
}

impl fmt::Display for SourceArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.prisma, &self.sql, &self.manifest) {
            (Some(path), ..) => {
                let reset = if self.force_reset { " --force-reset" } else { "" };
                write!(f, "prisma db push{reset} of {}", path.display())
            }
            (_, Some(path), _) => write!(f, "the SQL of {}", path.display()),
            (.., Some(name)) => write!(f, "the tables of manifest {}", output::harmless(name)),
            _ => f.write_str("nothing"),
        }
    }
}

impl SourceArgs {
    /// Says at once where there is nothing to push, before anybody is connected to.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for path in [&self.prisma, &self.sql].into_iter().flatten() {
            std::fs::metadata(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
        }
        Ok(())
    }

    /// What it would do to what is there.
    pub(super) async fn push(
        &self,
        live: &Catalog,
        expectation: &Expectation,
        at: Place<'_>,
    ) -> anyhow::Result<Push> {
        match (&self.prisma, &self.sql, &self.manifest) {
            (Some(path), ..) => {
                let mut desired = taken(path)?;
                moved(&mut desired, at.schema);
                Ok(Push::of_state(&desired, live, self.force_reset))
            }
            (_, Some(path), _) => self.sql(path, live, at).await,
            (.., Some(name)) => {
                let manifest = named(name, expectation)?;
                Ok(Push::of_manifest(&manifest, live))
            }
            _ => bail!("name what is about to be pushed: --prisma, --sql or --manifest"),
        }
    }

    async fn sql(&self, path: &Path, live: &Catalog, at: Place<'_>) -> anyhow::Result<Push> {
        let files =
            ddl::files(path).with_context(|| format!("{} cannot be read", path.display()))?;
        if files.is_empty() {
            bail!("there is no `*.sql` file in {}", path.display());
        }
        let files = migrations(files);
        if !path.is_dir() || self.pending {
            return Ok(Push::of_sql(ddl::follow(&files, Some(live), at.schema)));
        }
        match applied(&files, live, at).await {
            Ok(Some(applied)) => {
                let is_pending = |it: &&PathBuf| !applied.contains(&migration(it));
                let pending: Vec<PathBuf> = files.iter().filter(is_pending).cloned().collect();
                let mut push = Push::of_sql(ddl::follow(&pending, Some(live), at.schema));
                let (all, few) = (files.len(), pending.len());
                push.notes.push(format!("{few} of {all} migrations are pending"));
                Ok(push)
            }
            Ok(None) => Ok(Push::of_history(&ddl::follow(&files, None, at.schema), live)),
            Err(note) => {
                let mut push = Push::of_history(&ddl::follow(&files, None, at.schema), live);
                push.notes.push(note);
                Ok(push)
            }
        }
    }
}

/// The migrations that have run, where the files are in Prisma's layout and its ledger can be read; or why
/// not. Without a ledger none has.
async fn applied(
    files: &[PathBuf],
    live: &Catalog,
    at: Place<'_>,
) -> Result<Option<BTreeSet<String>>, String> {
    if !files.iter().all(|it| it.file_name().is_some_and(|it| it == MIGRATION)) {
        return Ok(None);
    }
    let ledger = RelationName::new(at.schema, LEDGER);
    if !live.has_table(&ledger) {
        return Ok(Some(BTreeSet::new()));
    }
    let schema = at.schema.replace('"', "\"\"");
    let sql = format!(
        "select migration_name from \"{schema}\".{LEDGER} where finished_at is not null and rolled_back_at is null"
    );
    let environment = environment::environment();
    let wanted = ["migration_name"];
    let rows = introspect::rows::rows(at.connection, at.limits, &environment, &sql, &wanted).await;
    let rows = rows.map_err(|error| {
        format!("which migrations have run could not be read from {LEDGER}: {error}")
    })?;
    let names = rows.into_iter().flatten();
    Ok(Some(names.filter_map(|it| Some(it.get("migration_name")?.as_str()?.to_owned())).collect()))
}

/// In Prisma's layout, what it runs: nothing but the one file of each folder.
fn migrations(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_one = |it: &PathBuf| it.file_name().is_some_and(|it| it == MIGRATION);
    if !files.iter().any(is_one) {
        return files;
    }
    files.into_iter().filter(is_one).collect()
}

/// The folder that a migration is named after.
fn migration(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
    folder.to_string_lossy().into_owned()
}

fn taken(path: &Path) -> anyhow::Result<Definitions> {
    match prisma::read(path) {
        Ok((definitions, warnings)) => {
            for it in warnings {
                output::remark(&format!("{} {it}", output::paint(output::WARN, "warning:")));
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

/// A manifest of the configuration, of the daemon, or of a file.
fn named(name: &str, expectation: &Expectation) -> anyhow::Result<Arc<Manifest>> {
    if let Some(manifest) = expectation.all.get(name) {
        return Ok(Arc::clone(manifest));
    }
    let path = Path::new(name);
    if !path.exists() {
        let hint = hint(name, expectation.all.keys().map(String::as_str));
        bail!("there is no manifest `{}`, and no such file{hint}", output::harmless(name));
    }
    let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    manifest::load(path, today).map(Arc::new).map_err(|mistakes| {
        for it in &mistakes {
            output::remark(&it.to_string());
        }
        environment::refused(path, &mistakes)
    })
}

/// The same in that schema in place of `public`.
fn moved(definitions: &mut Definitions, schema: &str) {
    let tables = std::mem::take(&mut definitions.tables);
    let to = |mut name: RelationName| {
        if name.schema.is_public() {
            name.schema = Name::from(schema);
        }
        name
    };
    definitions.tables =
        tables.into_iter().map(|((kind, name), it)| ((kind, to(name)), it)).collect();
}
