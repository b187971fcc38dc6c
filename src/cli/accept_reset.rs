//! `schemawarden accept-reset DATABASE --reason TEXT`: tells the daemon that what a database holds now,
//! and which database it is, is what it should be known by.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::Global;
use super::Status;
use super::client::Client;
use super::client::Daemon;
use super::columns::list;
use super::columns::text;

#[derive(Debug, clap::Args)]
pub(super) struct AcceptResetArgs {
    /// A registered database.
    #[arg(value_name = "DATABASE")]
    database: String,
    /// Why: a ticket, "restored from the backup of 09:00". It stands in the trail and in the message.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, args: AcceptResetArgs) -> anyhow::Result<Status> {
    let client = Client::new(global, &args.daemon)?;
    let path = ["databases", &args.database, "accept-reset"];
    let (_, answer) = client.post(&path, &json!({ "reason": args.reason })).await?;
    args.daemon.format.emit(answer, shown)
}

fn shown(answer: &Value) -> String {
    let database = text(answer, "database");
    let mut out = format!("`{database}`: what it holds now is known from here on\n");
    for it in list(answer, "transitions") {
        let [id, kind, step] = ["incident", "kind", "step"].map(|key| text(it, key));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  incident {id} ({kind}) {step}");
    }
    let _ = match answer["verdict"].as_str() {
        Some(verdict) => writeln!(out, "  audited: {verdict}"),
        None => writeln!(out, "  its audit goes on; `schemawarden audit {database}` shows the end"),
    };
    out
}
