//! `schemawarden report --since 30d`: what to tell an auditor, a customer or a team once a month. How well
//! the fleet was watched, which incidents there were and how long they lasted, and what is accepted
//! until when.

mod csv;
mod markdown;

use super::Global;
use super::Status;
use super::client::Client;
use super::client::Contact;
use super::output;

/// How the report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people, and for wikis.
    Markdown,
    /// For spreadsheets: one table, a row for each database, incident and known finding.
    Csv,
    /// As the API gives it.
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// From when on: a length of time before now (`30d`, `12h`), or an instant
    /// (`2026-11-01T00:00:00Z`).
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: String,
    /// How the report looks.
    #[arg(long, value_enum, default_value = "markdown")]
    format: Format,
    #[command(flatten)]
    contact: Contact,
}

pub(super) async fn run(global: &Global, args: ReportArgs) -> anyhow::Result<Status> {
    let client = Client::new(global, &args.contact)?;
    let mut answer = client.get(&["report"], &[("since", args.since)]).await?;
    let text = match args.format {
        Format::Json => format!("{answer:#}\n"),
        Format::Csv => csv::written(&answer)?,
        Format::Markdown => {
            output::harmless_all(&mut answer);
            markdown::worded(&answer)
        }
    };
    output::emit(&text)?;
    Ok(Status::Clean)
}
