//! `schemawarden validate`: the configuration and every manifest, offline; `--online` connects too.

mod unused;
mod wake;

use std::fmt::Write as _;

use anyhow::bail;
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::tz::TimeZone;

use super::Global;
use super::Status;
use super::environment;
use super::notify_test;
use super::output;
use super::output::BAD;
use super::output::BOLD;
use super::output::GOOD;
use super::output::WARN;
use super::output::count;
use super::output::paint;
use super::registries;
use super::selection::Selection;
use crate::channel::Sender;
use crate::clock::Clock;
use crate::config::Config;
use crate::introspect;
use unused::Entries;

/// Test messages under way at one time.
const SENDS: usize = 8;

#[derive(Debug, clap::Args)]
pub(super) struct ValidateArgs {
    /// Connect to every database too, read its catalog, and name the entries of `known` that match
    /// nothing any more.
    #[arg(long)]
    online: bool,
    /// With --online: send a test message through every channel.
    #[arg(long, requires = "online")]
    send_test: bool,
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
    for it in config.databases.iter().filter(|it| it.scales_to_zero) {
        writeln!(out, "{} {}", paint(BOLD, &it.name), wake::told(it, Clock::System.now()))?;
    }
    let mut failed = 0;
    if args.online {
        let environment = environment::environment();
        let all = Selection::default();
        let config = registries::with_registries(config.clone(), &all, &environment).await;
        failed += online(&config, &mut out).await?;
    }
    if args.send_test {
        failed += send_tests(&config, &mut out).await?;
    }
    output::emit(&out)?;
    Ok(if failed > 0 { Status::Trouble } else { Status::Clean })
}

/// Reads every catalog once; returns how many could not be read, or not to the end.
async fn online(config: &Config, out: &mut String) -> anyhow::Result<usize> {
    let environment = environment::environment();
    let environment = &environment;
    let today = Clock::System.now().to_zoned(TimeZone::UTC).date();
    let reads = config.databases.iter().map(|database| async move {
        let read = introspect::read(
            &database.connection,
            &database.limits,
            environment,
            &database.manifest.wanted(),
        )
        .await;
        (database, read)
    });
    let mut reads = stream::iter(reads).buffered(config.limits.per_server.max(1));
    let mut failed = 0;
    let mut known = Entries::default();
    while let Some((database, read)) = reads.next().await {
        let name = paint(BOLD, &database.name);
        known.look(database, read.as_ref().ok(), today);
        match read {
            Ok(catalog) => {
                if let Some(reason) = catalog.doubt() {
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
    for unused in known.unused() {
        output::remark(&format!("{} {unused}", paint(WARN, "warning:")));
    }
    Ok(failed)
}

/// Sends a test message through every channel; returns how many did not arrive.
async fn send_tests(config: &Config, out: &mut String) -> anyhow::Result<usize> {
    let sender = Sender::new()?.with_networks(&config.networks)?;
    let sender = &sender;
    let sends = config.channels.values().map(|channel| async move {
        (&channel.name, notify_test::send(sender, config, channel).await)
    });
    let mut sends = stream::iter(sends).buffered(SENDS);
    let mut failed = 0;
    while let Some((name, (delivered, text))) = sends.next().await {
        let lead = if delivered { paint(GOOD, "ok") } else { paint(BAD, "not delivered") };
        failed += usize::from(!delivered);
        writeln!(out, "{lead} channel {}: {text}", paint(BOLD, name))?;
    }
    Ok(failed)
}
