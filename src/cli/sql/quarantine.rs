//! `schemawarden sql quarantine`: one script that puts aside what should not be there, for a person to read and
//! run. It connects to read; it changes nothing.

mod check;
mod script;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

use self::script::Script;
use super::audited::audited;
use super::quoting::comment;
use crate::cli::Global;
use crate::cli::client::Client;
use crate::cli::client::Contact;
use crate::cli::environment;
use crate::cli::output;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::Database;
use crate::introspect;
use crate::quarantine;
use crate::report::Report;
use crate::schema::RelationName;

/// The script for `database`, or where `write` names a folder, what was written there.
pub(super) async fn run(
    global: &Global,
    config: &Config,
    database: &Arc<Database>,
    dbname: Option<&str>,
    write: Option<&Path>,
) -> anyhow::Result<String> {
    let report = audited(config, database, "moved").await?;
    let found = found(&report);
    if found.is_empty() {
        return Ok(nothing(database, &report));
    }
    let environment = environment::environment();
    let read = introspect::dependency_graph(&database.connection, &database.limits, &environment);
    let graph = read
        .await
        .with_context(|| format!("could not read what depends on what in `{}`", database.name))?;
    let now = Clock::System.now();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let plan = quarantine::plan(&found, &graph, today);
    if let Some(it) = plan.gone.first() {
        bail!("`{}` came or went while the database was read; run it again", it.visible());
    }
    let seen = first_seen(global, database).await;
    let script =
        Script { database: &database.name, dbname, now, graph: &graph, plan: &plan, seen: &seen };
    match write {
        None => Ok(script.whole()),
        Some(folder) => written(&script, folder),
    }
}

/// Relations that should not be there, and count.
fn found(report: &Report) -> Vec<RelationName> {
    let counting = report.counting().filter(|it| it.kind.is_unexpected());
    counting.filter_map(|it| it.name.clone()).collect()
}

fn nothing(database: &Database, report: &Report) -> String {
    let name = comment(&database.name);
    let missing = report.counting().any(|it| it.stands_for_missing() || it.kind.is_missing());
    let more = if missing {
        "Tables are missing: restore; there is nothing to quarantine."
    } else {
        "No relation is there that should not be."
    };
    format!("-- Nothing to quarantine in database `{name}`. {more}\n")
}

/// Since when the daemon sees each, by visible name. Without a daemon, nothing is known.
async fn first_seen(global: &Global, database: &Database) -> BTreeMap<String, String> {
    let ask = async || {
        let client = Client::new(global, &Contact::default()).ok()?;
        client.get(&["databases", &database.name], &[]).await.ok()
    };
    let Some(answer) = ask().await else { return BTreeMap::new() };
    let findings = answer["report"]["findings"].as_array().into_iter().flatten();
    findings
        .filter_map(|it| {
            let name = format!("{}.{}", it["schema"].as_str()?, it["name"].as_str()?);
            let facts = [window(&it["detail"]["first_seen_window"]), who(&it["detail"]["acts"][0])];
            let facts: Vec<String> = facts.into_iter().flatten().collect();
            (!facts.is_empty()).then(|| (name, facts.join(", ")))
        })
        .collect()
}

/// Between which two audits it came, as far as that is known.
fn window(window: &Value) -> Option<String> {
    let before = window["before"].as_str()?;
    let text = match window["after"].as_str() {
        Some(after) => format!("came between {after} and {before}"),
        None => format!("there since {before} or earlier"),
    };
    Some(output::harmless(&text))
}

/// Who did it, where the observer noted that.
fn who(act: &Value) -> Option<String> {
    let (role, tag) = (act["role"].as_str()?, act["tag"].as_str()?);
    let application =
        act["application"].as_str().map_or_else(String::new, |it| format!(", application {it}"));
    Some(output::harmless(&format!("{tag} by role {role}{application}")))
}

/// Writes the three scripts. None that is there already is touched.
fn written(script: &Script<'_>, folder: &Path) -> anyhow::Result<String> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let files: [(PathBuf, String); 3] = [
        (folder.join("quarantine.sql"), script.move_there()),
        (folder.join("undo.sql"), script.undo()),
        (folder.join("drop.sql"), script.drop()),
    ];
    for (path, _) in &files {
        if path.exists() {
            bail!("{} is there already; name another folder, or remove it", path.display());
        }
    }
    let mut said = String::new();
    for (path, text) in &files {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        file.and_then(|mut it| it.write_all(text.as_bytes()))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        said.push_str(&path.display().to_string());
        said.push('\n');
    }
    Ok(said)
}
