//! `schemawarden incidents list|show|ack|release`: what is wrong, and who has it in hand.

mod ack;

use jiff::tz::TimeZone;
use serde::Deserialize as _;
use serde_json::Value;
use serde_json::json;

use super::Global;
use super::Status;
use super::client::Client;
use super::client::Daemon;
use super::columns::PLAIN;
use super::columns::list;
use super::columns::moment;
use super::columns::state;
use super::columns::table;
use super::columns::text;
use super::columns::time;
use super::output::BOLD;
use super::output::DIM;
use super::output::WARN;
use super::output::paint;
use crate::notification::Actor;
use ack::AckArgs;

#[derive(Debug, clap::Subcommand)]
pub(super) enum IncidentsCommand {
    /// List incidents that are not resolved, the latest first.
    List(ListArgs),
    /// Show one with its findings and its history.
    Show(ShowArgs),
    /// Say that you have one, several or all that a selector takes in hand: no reminders until their
    /// findings grow.
    Ack(AckArgs),
    /// Let go of one: it is told again as any other.
    Release(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// `open`, `acknowledged`, `resolved`, `unresolved` or `all`. Default: `unresolved`.
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those about this database.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Only those of this kind: `drift`, `audit_failing`, ….
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// `SW-1042`, or 1042.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, command: IncidentsCommand) -> anyhow::Result<Status> {
    match command {
        IncidentsCommand::List(args) => {
            let mut query = vec![("limit", args.limit.to_string())];
            for (key, value) in
                [("state", args.state), ("database", args.database), ("kind", args.kind)]
            {
                query.extend(value.map(|it| (key, it)));
            }
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["incidents"], &query).await?;
            args.daemon.format.emit(answer, listed)
        }
        IncidentsCommand::Show(args) => {
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["incidents", &id(&args.id)], &[]).await?;
            args.daemon.format.emit(answer, shown)
        }
        IncidentsCommand::Ack(args) => ack::run(global, args).await,
        IncidentsCommand::Release(args) => {
            let client = Client::new(global, &args.daemon)?;
            let path = ["incidents", &id(&args.id), "release"];
            let (_, answer) = client.post(&path, &json!({})).await?;
            args.daemon.format.emit(answer, released)
        }
    }
}

/// The id as the API spells it; a number alone is one too.
fn id(text: &str) -> String {
    let number = match text.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("SW-") => &text[3..],
        _ => text,
    };
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    // Anything else goes as it was typed: the daemon says what is wrong about it.
    if is_number { format!("SW-{number}") } else { text.to_owned() }
}

fn listed(answer: &Value) -> String {
    let incidents = list(answer, "incidents");
    if incidents.is_empty() {
        return "no incidents\n".to_owned();
    }
    let rows: Vec<_> = incidents
        .iter()
        .map(|it| {
            let word = text(it, "state");
            vec![
                (text(it, "id").to_owned(), BOLD),
                (format!("{word}{}", marks(it)), state(word)),
                (text(it, "kind").to_owned(), PLAIN),
                (text(it, "subject").to_owned(), PLAIN),
                (time(it, "opened_at"), DIM),
                (text(it, "headline").to_owned(), PLAIN),
            ]
        })
        .collect();
    let mut out = table(&["id", "state", "kind", "about", "opened", "what"], &rows);
    if answer["more"] == true {
        out.push_str("… there are more (--limit, --database, --kind, --state)\n");
    }
    out
}

/// What else is to be said of its state.
fn marks(it: &Value) -> &'static str {
    match (it["flapping"] == true, it["muted"] == true) {
        (true, true) => " (flapping, muted)",
        (true, false) => " (flapping)",
        (false, true) => " (muted)",
        (false, false) => "",
    }
}

fn shown(it: &Value) -> String {
    let word = text(it, "state");
    let mut lines = vec![format!(
        "{}  {}  {} of {} `{}`",
        paint(BOLD, text(it, "id")),
        paint(state(word), format!("{word}{}", marks(it))),
        text(it, "kind"),
        text(it, "about"),
        text(it, "subject"),
    )];
    let mut say = |lead: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("  {}{text}", paint(DIM, format!("{lead:11}"))));
        }
    };
    say("", text(it, "headline"));
    for diagnosis in list(it, "diagnoses").iter().filter_map(Value::as_str) {
        say(">", diagnosis);
    }
    say("why", text(it, "unknown_reason"));
    say("manifest", text(it, "manifest"));
    say("ref", text(it, "manifest_ref"));
    say("opened", &moment(it, "opened_at"));
    if it["resolved_at"].is_string() {
        say("resolved", &moment(it, "resolved_at"));
    }
    let seen = &it["acknowledged"];
    if seen.is_object() {
        let note = seen["note"].as_str().map_or_else(String::new, |it| format!(": {it}"));
        say("in hand of", &format!("{}, {}{note}", text(seen, "by"), moment(seen, "at")));
    }
    let mute = &it["muted_by"];
    say(
        "muted by",
        &match (mute["silence"].as_i64(), mute["maintenance"].as_str()) {
            (Some(id), _) => format!("silence {id} by {}", text(mute, "author")),
            (_, Some(window)) => format!("maintenance window `{window}`"),
            _ => String::new(),
        },
    );
    let owners: Vec<_> = list(it, "owners").iter().filter_map(Value::as_str).collect();
    say("owners", &owners.join(", "));
    for actor in list(it, "actors") {
        // A later daemon may say more; what is not understood is left out.
        let Ok(actor) = Actor::deserialize(actor) else { continue };
        let now = it["audited_at"].as_str().and_then(|it| it.parse().ok()).unwrap_or(actor.until);
        say("who", &actor.sentence(now, &TimeZone::UTC));
    }
    findings(&mut lines, it);
    for (lead, step) in list(it, "next_steps").iter().filter_map(Value::as_str).enumerate() {
        let lead = if lead == 0 { "next" } else { "" };
        lines.push(format!("  {}{step}", paint(WARN, format!("{lead:11}"))));
    }
    lines.push(paint(DIM, "  history"));
    for event in list(it, "events") {
        let by = event["actor"].as_str().map_or_else(String::new, |it| format!(" by {it}"));
        let note = event["note"].as_str().map_or_else(String::new, |it| format!(": {it}"));
        let [step, reason] = ["step", "reason"].map(|key| text(event, key));
        lines.push(format!("    {}  {step} ({reason}){by}{note}", moment(event, "at")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn findings(lines: &mut Vec<String>, it: &Value) {
    let findings = list(it, "findings");
    for finding in findings {
        let [severity, kind, name] = ["severity", "kind", "name"].map(|key| text(finding, key));
        lines
            .push(format!("  {}  {kind}  {name}", paint(state(severity), format!("{severity:8}"))));
    }
    let total = it["findings_total"].as_u64().and_then(|it| usize::try_from(it).ok());
    let more = total.unwrap_or(0).saturating_sub(findings.len());
    if more > 0 {
        lines.push(format!("  … and {more} more (`schemawarden audit` lists those of a database)"));
    }
}

fn released(it: &Value) -> String {
    let id = text(it, "id");
    if it["changed"] == false {
        return format!("nobody had {id} in hand\n");
    }
    format!("{id} is open again, with reminders\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_a_number() {
        for (typed, want) in [("1042", "SW-1042"), ("sw-1042", "SW-1042"), ("SW-1", "SW-1")] {
            assert_eq!(id(typed), want);
        }
    }

    #[test]
    fn an_incident_is_shown_with_what_to_do_and_who_did_what() {
        let answer = json!({
            "id": "SW-1042", "kind": "drift", "state": "acknowledged", "about": "database",
            "subject": "central", "headline": "central: 2 tables that should not be there",
            "diagnoses": ["both belong to manifest `orchestra`"], "manifest": "central",
            "manifest_ref": "abc123", "opened_at": "2026-11-24T10:00:00Z", "resolved_at": null,
            "acknowledged": {"by": "alice", "at": "2026-11-24T10:05:00Z", "note": "on it"},
            "owners": ["migrator"], "unknown_reason": null, "flapping": false, "muted": true,
            "findings": [{"severity": "critical", "kind": "unexpected_table", "name": "Musician"}],
            "findings_total": 2, "next_steps": ["schemawarden check central"],
            "events": [
                {"at": "2026-11-24T10:00:00Z", "step": "opened", "reason": "new_findings"},
                {"at": "2026-11-24T10:05:07.25Z", "step": "acknowledged", "reason": "acknowledged",
                 "actor": "alice", "note": "on it"},
            ],
        });
        let shown = anstream::adapter::strip_str(&shown(&answer)).to_string();
        insta::assert_snapshot!(shown);
    }
}
