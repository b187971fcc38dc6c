//! `schemawarden discover`: what each registry names now; and `discover accept`, by which a person says
//! that one which shrank is right.
//!
//! Exit 0 where every registry could be read and every row makes sense, 2 otherwise.

use std::fmt::Write as _;

use anyhow::anyhow;
use serde_json::Value;
use serde_json::json;

use super::Global;
use super::Status;
use super::client::Client;
use super::client::Daemon;
use super::client::Format;
use super::columns::PLAIN;
use super::columns::list;
use super::columns::table;
use super::columns::text;
use super::environment;
use super::output::BAD;
use super::output::BOLD;
use super::output::DIM;
use super::output::count;
use super::output::paint;
use super::registries;
use super::registries::Looked;
use crate::config::Config;
use crate::nearest::hint;
use crate::registry::database;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct DiscoverArgs {
    /// Names of discoveries. Default: all.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// How the answer looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(subcommand)]
    command: Option<DiscoverCommand>,
}

#[derive(Debug, clap::Subcommand)]
enum DiscoverCommand {
    /// Take a registry for right that names fewer databases than before: what is gone from it is not
    /// audited any more.
    Accept(AcceptArgs),
}

#[derive(Debug, clap::Args)]
struct AcceptArgs {
    /// The discovery's name.
    #[arg(value_name = "NAME")]
    name: String,
    /// Why they are gone for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, args: DiscoverArgs) -> anyhow::Result<Status> {
    if let Some(DiscoverCommand::Accept(args)) = args.command {
        return accept(global, args).await;
    }
    let mut config = environment::load(&global.config)?;
    if config.discoveries.is_empty() {
        return Err(anyhow!("{} has no `discover:`", config.path.display()));
    }
    for name in &args.names {
        let names = || config.discoveries.iter().map(|it| it.name.as_str());
        if !names().any(|it| it == name) {
            let hint = hint(name, names());
            return Err(anyhow!("no discovery `{name}` in {}{hint}", config.path.display()));
        }
    }
    if !args.names.is_empty() {
        config.discoveries.retain(|it| args.names.contains(&it.name));
    }
    let looked = registries::look(&config, &environment::environment()).await;
    let all: Vec<Value> = looked.iter().map(|it| said(&config, it)).collect();
    let is_whole = all.iter().all(|it| it["failure"].is_null() && it["problems"] == 0);
    args.format.emit(json!({ "version": 1, "discoveries": all }), shown)?;
    Ok(if is_whole { Status::Clean } else { Status::Trouble })
}

async fn accept(global: &Global, args: AcceptArgs) -> anyhow::Result<Status> {
    let client = Client::new(global, &args.daemon)?;
    let path = ["discoveries", args.name.as_str(), "accept"];
    let (_, answer) = client.post(&path, &json!({ "reason": args.reason })).await?;
    args.daemon.format.emit(answer, |it| {
        let retired: Vec<&str> = list(it, "retired").iter().filter_map(Value::as_str).collect();
        format!(
            "registry `{}` is accepted; {} not audited any more: {}\n",
            text(it, "discovery"),
            count(retired.len(), "database"),
            retired.join(", ")
        )
    })
}

/// What a registry names, without a URL, a user or a password.
fn said(config: &Config, it: &Looked<'_>) -> Value {
    let name = &it.discovery.name;
    let tenants = match &it.tenants {
        Ok(tenants) => tenants,
        Err(failure) => {
            return json!({ "name": name, "databases": [], "problems": 0, "failure": failure });
        }
    };
    let rows: Vec<Value> = tenants
        .iter()
        .map(|tenant| {
            let database = database(tenant, it.discovery, &config.manifests);
            let place = registries::place(&database.connection);
            json!({
                "name": database.name,
                "place": place.as_ref().ok(),
                "manifest": database.manifest.name,
                "labels": database.labels,
                "problem": place.as_ref().err(),
            })
        })
        .collect();
    let problems = rows.iter().filter(|it| !it["problem"].is_null()).count();
    json!({ "name": name, "databases": rows, "problems": problems, "failure": null })
}

fn shown(answer: &Value) -> String {
    let mut out = String::new();
    for it in list(answer, "discoveries") {
        let name = paint(BOLD, text(it, "name"));
        // Writing to a String cannot fail.
        if let Some(failure) = it["failure"].as_str() {
            let _ = writeln!(out, "{name}: {} {failure}", paint(BAD, "cannot be read:"));
            continue;
        }
        let databases = list(it, "databases");
        let _ = writeln!(out, "{name}: {}", count(databases.len(), "database"));
        let row = |it: &Value| {
            let end = match it["problem"].as_str() {
                Some(problem) => (problem.to_owned(), BAD),
                None => (text(it, "place").to_owned(), DIM),
            };
            vec![
                (text(it, "name").to_owned(), PLAIN),
                (text(it, "manifest").to_owned(), PLAIN),
                end,
            ]
        };
        let rows: Vec<_> = databases.iter().map(row).collect();
        if !rows.is_empty() {
            out.push_str(&table(&["name", "manifest", "where"], &rows));
        }
    }
    out
}
