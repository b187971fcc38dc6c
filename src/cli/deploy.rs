//! `schemawarden deploy begin|end|list`: a window in which the old and the new manifest are allowed,
//! and everything else alerts as ever. At its end the new manifest holds.

use std::path::PathBuf;

use anyhow::anyhow;
use anyhow::bail;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::json;

use super::Global;
use super::Status;
use super::client::Client;
use super::client::Daemon;
use super::columns::PLAIN;
use super::columns::list;
use super::columns::state;
use super::columns::table;
use super::columns::text;
use super::columns::time;
use super::environment;
use super::output;
use super::output::BOLD;
use super::output::DIM;
use super::output::count;
use crate::clock::Clock;
use crate::manifest;
use crate::manifest::resolved;

/// Names of databases in one line.
const NAMES_MAX: usize = 5;

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeployCommand {
    /// Allow what the new manifest allows beside what the old one does, for a while.
    Begin(Box<BeginArgs>),
    /// End a window: the new manifest holds from now on. With --rolled-back the old one does.
    End(EndArgs),
    /// List the windows that are open, and those that have ended whose manifest is in force and not
    /// the file's.
    List(ListArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct BeginArgs {
    /// Names of registered databases. These, or --select.
    #[arg(value_name = "DATABASE", required_unless_present = "select", conflicts_with = "select")]
    databases: Vec<String>,
    /// Every database with this label; several must all hold.
    #[arg(long, value_name = "LABEL=VALUE", value_parser = super::selection::label)]
    select: Vec<(String, String)>,
    /// The manifest that the deploy brings. What it extends is read here.
    /// It has to have the name of the one that the databases are registered with.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The manifest has another name than the databases are registered with, and that is meant.
    #[arg(long)]
    rename_manifest: bool,
    /// What the pipeline calls this deploy: a commit, a ticket. It stands in reports and messages.
    #[arg(long = "ref", value_name = "REF")]
    reference: String,
    /// How long at most: 30m, 2h. It ends by itself then.
    #[arg(
        long = "for",
        value_name = "LENGTH",
        value_parser = super::silence::length,
        default_value = "30m"
    )]
    length: String,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
pub(super) struct EndArgs {
    /// The number of the deploy, or a database of it.
    #[arg(value_name = "ID|DATABASE")]
    which: String,
    /// The deploy was taken back: the old manifest holds. Also for one that has ended, by time for
    /// example, until the manifest file changes or another deploy comes.
    #[arg(long)]
    rolled_back: bool,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Those that have ended too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, command: DeployCommand) -> anyhow::Result<Status> {
    match command {
        DeployCommand::Begin(args) => begin(global, &args).await,
        DeployCommand::End(args) => end(global, &args).await,
        DeployCommand::List(args) => {
            let query = if args.all { vec![("all", "1".to_owned())] } else { Vec::new() };
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["deploys"], &query).await?;
            args.daemon.format.emit(answer, listed)
        }
    }
}

async fn begin(global: &Global, args: &BeginArgs) -> anyhow::Result<Status> {
    let today = Clock::System.now().to_zoned(TimeZone::UTC).date();
    let manifest = manifest::load(&args.manifest, today).map_err(|mistakes| {
        for mistake in &mistakes {
            output::remark(&mistake.to_string());
        }
        environment::refused(&args.manifest, &mistakes)
    })?;
    let mut body = json!({
        "manifest_resolved": resolved::to_json(&manifest),
        "ref": args.reference,
        "for": args.length,
    });
    if args.rename_manifest {
        // Only then: an older daemon does not know the key.
        body["rename_manifest"] = json!(true);
    }
    if args.select.is_empty() {
        body["databases"] = json!(args.databases);
    } else {
        let mut labels = serde_json::Map::new();
        for (label, value) in &args.select {
            if labels.insert(label.clone(), json!(value)).is_some() {
                bail!("--select names the label `{label}` twice");
            }
        }
        body["select"] = Value::Object(labels);
    }
    let client = Client::new(global, &args.daemon)?;
    let (_, answer) = client.post(&["deploys"], &body).await?;
    args.daemon.format.emit(answer, |answer| {
        let it = &answer["deploy"];
        format!(
            "deploy {id} ({reference}) is open until {until}: {databases} may hold what the manifest of \
             now or the new one allows\nit brings manifest `{manifest}`, version {hash}\n\
             (`schemawarden deploy end {id}` ends it; after a rollback, with --rolled-back)\n",
            id = it["id"],
            reference = text(it, "ref"),
            until = time(it, "ends_at"),
            databases = names(it),
            manifest = text(it, "manifest"),
            hash = text(it, "manifest_hash"),
        )
    })
}

async fn end(global: &Global, args: &EndArgs) -> anyhow::Result<Status> {
    let client = Client::new(global, &args.daemon)?;
    let id = match args.which.parse::<u64>() {
        Ok(id) => id,
        Err(_) => deploy_of(&client, &args.which, args.rolled_back).await?,
    };
    let path = ["deploys", &id.to_string(), "end"];
    let (_, answer) = client.post(&path, &json!({ "rolled_back": args.rolled_back })).await?;
    args.daemon.format.emit(answer, |answer| {
        let holds = if args.rolled_back { "the old manifest" } else { "the new manifest" };
        format!("deploy {id} has ended: {holds} holds; {} audited now\n", {
            let names = names(&answer["deploy"]);
            let one = list(&answer["deploy"], "databases").len() == 1;
            format!("{names} {}", if one { "is" } else { "are" })
        })
    })
}

/// The open deploy of a database; to be taken back, the one that has ended and is in force, too.
async fn deploy_of(client: &Client, database: &str, rolled_back: bool) -> anyhow::Result<u64> {
    let answer = client.get(&["deploys"], &[]).await?;
    let is_of = |it: &&Value| {
        let ends = it["state"] == "open";
        let row = list(it, "databases").iter().find(|it| it["name"] == database);
        row.is_some_and(|it| ends || (rolled_back && it["in_force"] == true))
    };
    let found = list(&answer, "deploys").iter().find(is_of).and_then(|it| it["id"].as_u64());
    let or = if rolled_back { ", and none that has ended is in force" } else { "" };
    found.ok_or_else(|| {
        anyhow!("no deploy of `{database}` is open{or} (`schemawarden deploy list --all`)")
    })
}

fn listed(answer: &Value) -> String {
    let deploys = list(answer, "deploys");
    if deploys.is_empty() {
        return "no deploys\n".to_owned();
    }
    let rows: Vec<_> = deploys
        .iter()
        .map(|it| {
            let in_force = if it["in_force"] == true { ", in force" } else { "" };
            let word = format!("{}{in_force}", text(it, "state"));
            let style = if word == "open" { state("active") } else { DIM };
            let end = if it["ended_at"].is_string() { "ended_at" } else { "ends_at" };
            vec![
                (it["id"].to_string(), BOLD),
                (word, style),
                (time(it, end), DIM),
                (text(it, "author").to_owned(), PLAIN),
                (text(it, "ref").to_owned(), PLAIN),
                (format!("{} {}", text(it, "manifest"), text(it, "manifest_hash")), PLAIN),
                (names(it), PLAIN),
            ]
        })
        .collect();
    table(&["id", "state", "until", "author", "ref", "manifest", "databases"], &rows)
}

/// `central`, or `sco, scoso and 3 more databases`.
fn names(deploy: &Value) -> String {
    let names: Vec<&str> = list(deploy, "databases").iter().map(|it| text(it, "name")).collect();
    let shown = names.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        left => format!("{shown} and {} more", count(left, "database")),
    }
}
