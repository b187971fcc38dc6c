//! `schemawarden deliveries list|show|retry`: what waits in the outbox, what was sent, and a push.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

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
use super::output::BAD;
use super::output::BOLD;
use super::output::DIM;
use super::output::count;
use super::output::paint;

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries, the latest first, and the channels that are parked.
    List(ListArgs),
    /// Show one: its attempts, and every notification that it carries.
    Show(ShowArgs),
    /// Send what waits for a channel, or one delivery, now; abandoned ones too.
    Retry(RetryArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// `pending`, `sending`, `delivered` or `abandoned`.
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those to this channel.
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// Its id, as messages and `deliveries list` show it.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
pub(super) struct RetryArgs {
    /// A channel, or the id of a delivery.
    #[arg(value_name = "CHANNEL|ID")]
    what: String,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, command: DeliveriesCommand) -> anyhow::Result<Status> {
    match command {
        DeliveriesCommand::List(args) => {
            let mut query = vec![("limit", args.limit.to_string())];
            query.extend(args.state.map(|it| ("state", it)));
            query.extend(args.channel.map(|it| ("channel", it)));
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["deliveries"], &query).await?;
            args.daemon.format.emit(answer, listed)
        }
        DeliveriesCommand::Show(args) => {
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["deliveries", &args.id], &[]).await?;
            args.daemon.format.emit(answer, shown)
        }
        DeliveriesCommand::Retry(args) => {
            let client = Client::new(global, &args.daemon)?;
            let key = if args.what.parse::<Uuid>().is_ok() { "delivery" } else { "channel" };
            let (_, answer) =
                client.post(&["deliveries", "retry"], &json!({ key: args.what })).await?;
            args.daemon.format.emit(answer, due)
        }
    }
}

fn listed(answer: &Value) -> String {
    let mut out = String::new();
    for it in list(answer, "parked") {
        let [channel, failure, detail] = ["channel", "failure", "detail"].map(|key| text(it, key));
        let lead = paint(BAD, format!("channel `{channel}` is parked"));
        let since = time(it, "since");
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{lead} since {since}: {failure}: {detail}\n  \
             (`schemawarden deliveries retry {channel}` tries it now)"
        );
    }
    let deliveries = list(answer, "deliveries");
    if deliveries.is_empty() {
        out.push_str("no deliveries\n");
        return out;
    }
    let rows: Vec<_> = deliveries
        .iter()
        .map(|it| {
            let word = text(it, "state");
            vec![
                (text(it, "id").to_owned(), BOLD),
                (word.to_owned(), state(word)),
                (text(it, "channel").to_owned(), PLAIN),
                (time(it, "created_at"), DIM),
                (it["notifications_total"].to_string(), PLAIN),
                (it["attempts_total"].to_string(), PLAIN),
                (trouble(it), PLAIN),
            ]
        })
        .collect();
    out.push_str(&table(
        &["id", "state", "channel", "created", "notifications", "attempts", "trouble"],
        &rows,
    ));
    if answer["more"] == true {
        out.push_str("… there are more (--limit, --channel, --state)\n");
    }
    out
}

/// What went wrong last.
fn trouble(it: &Value) -> String {
    let [failure, detail] = ["failure", "detail"].map(|key| text(it, key));
    if failure.is_empty() { String::new() } else { format!("{failure}: {detail}") }
}

/// The same, or what was answered where nothing went wrong.
fn said(it: &Value) -> String {
    let trouble = trouble(it);
    if trouble.is_empty() { text(it, "detail").to_owned() } else { trouble }
}

fn shown(it: &Value) -> String {
    let word = text(it, "state");
    let mut out = format!(
        "{}  {}  to channel `{}`, created {}\n",
        paint(BOLD, text(it, "id")),
        paint(state(word), word),
        text(it, "channel"),
        time(it, "created_at"),
    );
    for attempt in list(it, "attempts") {
        let (number, at) = (&attempt["number"], time(attempt, "at"));
        // Of one that was taken, what the receiver answered.
        let (outcome, why) = (text(attempt, "outcome"), paint(DIM, said(attempt)));
        let _ = writeln!(out, "  attempt {number}  {at}  {outcome}  {why}");
    }
    let notifications = list(it, "notifications");
    let _ = writeln!(out, "  carries {}", count(notifications.len(), "notification"));
    let rows: Vec<_> = notifications
        .iter()
        .map(|it| {
            vec![
                (format!("  {}", text(it, "incident")), BOLD),
                (text(it, "type").to_owned(), PLAIN),
                (text(it, "database").to_owned(), PLAIN),
                (text(it, "headline").to_owned(), PLAIN),
            ]
        })
        .collect();
    out.push_str(&table(&["  incident", "type", "database", "headline"], &rows));
    out
}

fn due(answer: &Value) -> String {
    match answer["due"].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(0) {
        0 => "nothing waits there\n".to_owned(),
        1 => "1 delivery is sent now\n".to_owned(),
        n => format!("{n} deliveries are sent now, in order\n"),
    }
}
