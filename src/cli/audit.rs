//! `schemawarden audit DATABASE`: asks the daemon to audit now, and shows what it found. Unlike
//! `check` it counts: incidents open and resolve by it.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;

use super::Global;
use super::Status;
use super::client::Client;
use super::client::Daemon;
use super::columns::list;
use super::columns::text;
use super::output;
use super::report_text;
use crate::report::Verdict;

/// The pause between two looks at an audit that takes long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks at an audit that takes long. The deadline of an audit, and of one before it, is far below.
const LOOKS_MAX: usize = 600;

#[derive(Debug, clap::Args)]
pub(super) struct AuditArgs {
    /// A registered database.
    #[arg(value_name = "DATABASE")]
    database: String,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, args: AuditArgs) -> anyhow::Result<Status> {
    let client = Client::new(global, &args.daemon)?;
    let path = ["databases", &args.database, "audit"];
    let (status, mut answer) = client.post(&path, &json!({})).await?;
    if status == StatusCode::ACCEPTED {
        let asked_at = answer["asked_at"].as_str().unwrap_or_default().to_owned();
        answer = json!({ "report": wait(&client, &args.database, &asked_at).await? });
    }
    let verdict = report_text::verdict_of(&answer["report"]);
    args.daemon.format.emit(answer, shown)?;
    Ok(verdict.into())
}

fn shown(answer: &Value) -> String {
    let mut out = report_text::render(std::slice::from_ref(&answer["report"]));
    for it in list(answer, "transitions") {
        let [id, kind, step] = ["incident", "kind", "step"].map(|key| text(it, key));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  incident {id} ({kind}) {step}");
    }
    if let Some(seconds) = answer["recheck_seconds"].as_u64() {
        let what = match report_text::verdict_of(&answer["report"]) {
            Verdict::Unknown => "that it could not tell",
            _ => "what is new there",
        };
        let _ = writeln!(
            out,
            "  not confirmed: {what} is told when further audits see it, too (`confirm`); the next one \
             comes within {seconds} s"
        );
    }
    if answer["recorded"] == false {
        out.push_str("  the daemon could not record this audit; its log says why\n");
    }
    out
}

/// Looks until the last report is of an audit that did not begin before `asked_at`.
async fn wait(client: &Client, database: &str, asked_at: &str) -> anyhow::Result<Value> {
    let asked_at: jiff::Timestamp = asked_at.parse()?;
    output::remark(&format!("the audit of `{database}` takes long; still waiting for it"));
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(LOOK_EVERY).await;
        let mut row = client.get(&["databases", database], &[]).await?;
        let began = row["report"]["evidence"]["audited_at"].as_str();
        if began.and_then(|it| it.parse().ok()).is_some_and(|it: jiff::Timestamp| it >= asked_at) {
            return Ok(row["report"].take());
        }
    }
    bail!("the audit of `{database}` has not ended; `schemawarden next` and the log know more")
}
