//! `schemawarden silence add|list|expire`: what is not told for a while. Audits go on meanwhile, and
//! what is new and still open at the end is told then.

use std::fmt::Write as _;

use anyhow::bail;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Map;
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
use super::output::WARN;
use super::output::paint;
use super::output::remark;
use crate::config;

#[derive(Debug, clap::Subcommand)]
pub(super) enum SilenceCommand {
    /// Silence what matches, for a while and for a reason.
    Add(Box<AddArgs>),
    /// List the silences that are active, and the maintenance windows that are open.
    List(ListArgs),
    /// End one now.
    Expire(ExpireArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// Databases, `*` and `?` allowed. Of several values of one option one has to match; all options
    /// that are given have to. What is about a whole server or manifest is silenced where all of its
    /// databases match; so '*' is every database, server and manifest, and no channel.
    #[arg(long, value_name = "PATTERN")]
    database: Vec<String>,
    /// Manifests, `*` and `?` allowed.
    #[arg(long, value_name = "PATTERN")]
    manifest: Vec<String>,
    /// Databases with this label.
    #[arg(long, value_name = "LABEL=PATTERN", value_parser = super::selection::label)]
    label: Vec<(String, String)>,
    /// Kinds of incident: `drift`, `wrong_database`, `audit_failing`, ….
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// `critical`, `warning` or `info`.
    #[arg(long, value_name = "SEVERITY")]
    severity: Vec<String>,
    /// Only findings about such tables: `tmp_*`, `staging.*`.
    #[arg(long, value_name = "GLOB")]
    table: Vec<String>,
    /// How long: 30m, 2h, 7d.
    #[arg(
        long = "for",
        value_name = "LENGTH",
        value_parser = length,
        required_unless_present = "until"
    )]
    length: Option<String>,
    /// Until when: 2026-12-01T18:00:00Z, or a date, which is its first moment here.
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    until: Option<String>,
    /// Why, for the others.
    #[arg(long, value_name = "TEXT")]
    reason: String,
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

#[derive(Debug, clap::Args)]
pub(super) struct ExpireArgs {
    /// Its number, as `silence list` shows it.
    #[arg(value_name = "ID")]
    id: u64,
    #[command(flatten)]
    daemon: Daemon,
}

pub(super) async fn run(global: &Global, command: SilenceCommand) -> anyhow::Result<Status> {
    match command {
        SilenceCommand::Add(args) => {
            let mut body = json!({ "match": matcher(&args)?, "reason": args.reason });
            if let Some(length) = &args.length {
                body["for"] = json!(length);
            }
            if let Some(until) = &args.until {
                body["ends_at"] = json!(instant(until, &TimeZone::system())?.to_string());
            }
            let client = Client::new(global, &args.daemon)?;
            let (_, answer) = client.post(&["silences"], &body).await?;
            args.daemon.format.emit(answer, added)
        }
        SilenceCommand::List(args) => {
            let query = if args.all { vec![("all", "1".to_owned())] } else { Vec::new() };
            let client = Client::new(global, &args.daemon)?;
            let answer = client.get(&["silences"], &query).await?;
            args.daemon.format.emit(answer, listed)
        }
        SilenceCommand::Expire(args) => {
            let client = Client::new(global, &args.daemon)?;
            let path = ["silences", &args.id.to_string(), "expire"];
            let (_, answer) = client.post(&path, &json!({})).await?;
            args.daemon.format.emit(answer, |it| {
                format!(
                    "silence {} has ended; what is new and still open is told now\n",
                    it["silence"]["id"]
                )
            })
        }
    }
}

/// A length of time that is one, as it was written: the daemon reads it again.
pub(super) fn length(text: &str) -> Result<String, String> {
    match config::period(text) {
        Some(length) if !length.is_zero() => Ok(text.to_owned()),
        Some(_) => Err("it has to be longer than nothing".to_owned()),
        None => Err("a length of time needs a unit, like 30m or 2h".to_owned()),
    }
}

/// What the options match, as the API takes it.
fn matcher(args: &AddArgs) -> anyhow::Result<Value> {
    let mut matcher = Map::new();
    for (key, values) in [
        ("database", &args.database),
        ("manifest", &args.manifest),
        ("kind", &args.kind),
        ("severity", &args.severity),
        ("table", &args.table),
    ] {
        if !values.is_empty() {
            matcher.insert(key.to_owned(), json!(values));
        }
    }
    let mut labels: Map<String, Value> = Map::new();
    for (label, pattern) in &args.label {
        let values = labels.entry(label.clone()).or_insert_with(|| json!([]));
        values.as_array_mut().expect("put there as one").push(json!(pattern));
    }
    if !labels.is_empty() {
        matcher.insert("labels".to_owned(), Value::Object(labels));
    }
    if matcher.is_empty() {
        bail!(
            "say what to silence: --database, --manifest, --label, --kind, --severity or --table \
             (every database, server and manifest is --database '*'; a channel is --kind \
             channel_parked, a registry --kind registry_shrunk)"
        );
    }
    Ok(Value::Object(matcher))
}

/// An instant, or the first moment of a date in `zone`.
pub(super) fn instant(text: &str, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(date) = text.parse::<Date>()
        && !text.contains(['T', 't', ' ', ':'])
    {
        return Ok(date.to_zoned(zone.clone())?.timestamp());
    }
    bail!("--until: write it as 2026-12-01T18:00:00Z (with its zone), or as a date, 2026-12-01")
}

fn added(answer: &Value) -> String {
    for warning in list(answer, "warnings").iter().filter_map(Value::as_str) {
        remark(&format!("{} {warning}; the silence stands", paint(WARN, "warning:")));
    }
    let it = &answer["silence"];
    format!(
        "silence {} is active until {}\n(`schemawarden silence expire {}` ends it sooner)\n",
        it["id"],
        time(it, "ends_at"),
        it["id"],
    )
}

fn listed(answer: &Value) -> String {
    let (silences, windows) = (list(answer, "silences"), list(answer, "maintenance"));
    let mut out = if silences.is_empty() { "no silences\n".to_owned() } else { rows(silences) };
    for it in windows {
        let what = spelled(&it["match"]);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "maintenance window `{}` of the configuration is open until {}: {}",
            text(it, "name"),
            time(it, "ends_at"),
            if what.is_empty() { "everything" } else { &what },
        );
    }
    out
}

fn rows(silences: &[Value]) -> String {
    let rows: Vec<_> = silences
        .iter()
        .map(|it| {
            let word = if it["active"] == true { "active" } else { "ended" };
            let end = if it["expired_at"].is_string() { "expired_at" } else { "ends_at" };
            vec![
                (it["id"].to_string(), BOLD),
                (word.to_owned(), state(word)),
                (time(it, end), DIM),
                (text(it, "author").to_owned(), PLAIN),
                (spelled(&it["match"]), PLAIN),
                (text(it, "reason").to_owned(), PLAIN),
            ]
        })
        .collect();
    table(&["id", "state", "until", "author", "what", "reason"], &rows)
}

/// `database=sco*,scoso labels.team=red`.
fn spelled(matcher: &Value) -> String {
    let values = |value: &Value| -> String {
        let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts: Vec<_> = list.iter().filter_map(Value::as_str).collect();
        texts.join(",")
    };
    let mut parts = Vec::new();
    for (key, value) in matcher.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(labels) => {
                parts.extend(
                    labels.iter().map(|(label, it)| format!("{key}.{label}={}", values(it))),
                );
            }
            None => parts.push(format!("{key}={}", values(value))),
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_an_instant_or_a_date() {
        let zone = TimeZone::get("Europe/Zurich").unwrap();
        for (typed, want) in [
            ("2026-12-01T18:00:00Z", "2026-12-01T18:00:00Z"),
            ("2026-12-01T18:00:00+01:00", "2026-12-01T17:00:00Z"),
            ("2026-12-01", "2026-11-30T23:00:00Z"),
        ] {
            assert_eq!(instant(typed, &zone).unwrap().to_string(), want, "{typed}");
        }
        for typed in ["2026-12-01T18:00", "2026-12-01 18:00", "tomorrow", "", "2026-13-01"] {
            instant(typed, &zone).unwrap_err();
        }
    }

    #[test]
    fn a_matcher_is_spelled_on_one_line() {
        let matcher = json!({
            "database": ["sco*", "central"], "kind": "drift", "labels": {"team": ["red"]},
        });
        assert_eq!(spelled(&matcher), "database=sco*,central kind=drift labels.team=red");
    }
}
