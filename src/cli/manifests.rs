//! `schemawarden manifests list|release`: which manifests the daemon knows, and letting the findings
//! of a changed one through that it holds back.

use std::fmt::Write as _;

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
use super::output::BOLD;
use super::output::DIM;
use super::output::count;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ManifestsCommand {
    /// List the manifests of the daemon's configuration, and databases that a deploy holds to another
    /// version.
    List(ListArgs),
    /// Let the findings of a suspect manifest through: its databases are audited now.
    Release(ReleaseArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReleaseArgs {
    /// The manifest's name.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, command: ManifestsCommand) -> anyhow::Result<Status> {
    match command {
        ManifestsCommand::List(args) => {
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["manifests"], &[]).await?;
            args.daemon.format.emit(answer, listed)
        }
        ManifestsCommand::Release(args) => {
            let client = Client::new(global, &args.daemon)?;
            let path = ["manifests", args.name.as_str(), "release"];
            let (_, answer) = client.post(&path, &json!({})).await?;
            args.daemon.format.emit(answer, |it| {
                let databases = list(it, "audited_now").len();
                let name = text(it, "manifest");
                format!(
                    "manifest `{name}` is released; {} audited now\n",
                    count(databases, "database")
                )
            })
        }
    }
}

fn listed(answer: &Value) -> String {
    let manifests = list(answer, "manifests");
    if manifests.is_empty() {
        return "no manifests\n".to_owned();
    }
    let rows: Vec<_> = manifests
        .iter()
        .map(|it| {
            let word = text(it, "state");
            vec![
                (text(it, "name").to_owned(), BOLD),
                (word.to_owned(), state(word)),
                (it["tables"].to_string(), PLAIN),
                (it["databases"].to_string(), PLAIN),
                (text(it, "hash").to_owned(), DIM),
                (list(it, "held").len().to_string(), PLAIN),
                (time(it, "since"), DIM),
            ]
        })
        .collect();
    let mut out = table(&["name", "state", "tables", "databases", "hash", "held", "since"], &rows);
    for it in manifests.iter().flat_map(|it| list(it, "by_deploy")) {
        let [database, manifest, hash] = ["database", "manifest", "hash"].map(|key| text(it, key));
        let by = format!("`{manifest}` {hash} of deploy {} ({})", it["deploy"], text(it, "ref"));
        // Writing to a String cannot fail.
        let _ = if it["state"] == "open" {
            writeln!(out, "{database} may hold what {by} allows, too, while that is open")
        } else {
            writeln!(
                out,
                "{database} is held to {by} and not to the file's, until that changes \
                 (`schemawarden deploy end {database} --rolled-back` takes the deploy back)"
            )
        };
    }
    out
}
