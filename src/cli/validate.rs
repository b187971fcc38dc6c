//! `schemawarden validate`: the configuration and every manifest, offline; `--online` connects too.

use std::fmt::Write as _;

use anyhow::bail;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::output::BAD;
use super::output::BOLD;
use super::output::GOOD;
use super::output::count;
use super::output::paint;
use crate::config::Config;
use crate::introspect;

#[derive(Debug, clap::Args)]
pub(super) struct ValidateArgs {
    /// Connect to every database too, and read its catalog. Sends nothing to any channel.
    #[arg(long)]
    online: bool,
}

pub(super) async fn run(global: &Global, args: ValidateArgs) -> anyhow::Result<Status> {
    let config = environment::load(&global.config)?;
    let undelivered = config.require_delivery();
    for mistake in &undelivered {
        output::remark(&mistake.to_string());
    }
    if !undelivered.is_empty() {
        bail!("{} would not start `schemawarden run`", config.path.display());
    }
    let mut out = String::new();
    writeln!(
        out,
        "{} {}: {}, {}, {}",
        paint(GOOD, "ok"),
        config.path.display(),
        count(config.databases.len(), "database"),
        count(config.manifests.len(), "manifest"),
        count(config.channels.len(), "channel"),
    )?;
    let mut status = Status::Clean;
    if args.online {
        let failed = online(&config, &mut out).await?;
        if failed > 0 {
            status = Status::Trouble;
        }
    }
    output::emit(&out)?;
    Ok(status)
}

/// Reads every catalog once; returns how many could not be read, or not to the end.
async fn online(config: &Config, out: &mut String) -> anyhow::Result<usize> {
    let environment = environment::environment();
    let environment = &environment;
    let reads = config.databases.iter().map(|database| async move {
        let read = introspect::read(&database.connection, &database.limits, environment).await;
        (database, read)
    });
    let mut reads = stream::iter(reads).buffered(config.limits.per_server.max(1));
    let mut failed = 0;
    while let Some((database, read)) = reads.next().await {
        let name = paint(BOLD, &database.name);
        match read {
            Ok(catalog) => {
                if let Some(reason) = catalog.incomplete {
                    failed += 1;
                    writeln!(out, "{} {name}: {reason}", paint(BAD, "partial"))?;
                    continue;
                }
                let relations = count(catalog.relations.len(), "relation");
                let role = &catalog.session.role;
                writeln!(out, "{} {name}: {relations} read as {role}", paint(GOOD, "ok"))?;
            }
            Err(error) => {
                failed += 1;
                writeln!(out, "{} {name}: {}", paint(BAD, "unreachable"), error.reason())?;
            }
        }
    }
    Ok(failed)
}
