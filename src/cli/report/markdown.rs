//! The report as Markdown: short tables, worst first.

use std::fmt::Write as _;

use jiff::SignedDuration;
use serde_json::Value;

use crate::cli::columns::list;
use crate::cli::columns::text;
use crate::cli::columns::time;
use crate::cli::output::count;
use crate::notification::lasted;

/// Incidents and databases that are listed; the rest is counted.
const ROWS_MAX: usize = 100;

/// The whole page.
pub(super) fn worded(report: &Value) -> String {
    let mut out =
        format!("# Schemawarden: {} to {}\n", time(report, "since"), time(report, "until"));
    // Writing to a String cannot fail.
    let _ = summary(&mut out, report);
    let _ = coverage(&mut out, report);
    let _ = incidents(&mut out, report);
    let _ = known(&mut out, report);
    out
}

fn summary(out: &mut String, report: &Value) -> std::fmt::Result {
    let databases = list(report, "databases");
    let sum = |key: &str| databases.iter().filter_map(|it| it[key].as_u64()).sum::<u64>();
    let (audits, complete) = (sum("audits"), sum("complete"));
    writeln!(
        out,
        "\n{} watched, {audits} audits, of which {} could tell.",
        count(databases.len(), "database"),
        share(complete, audits)
    )?;
    if report["history_from"].as_str() > report["since"].as_str() {
        writeln!(
            out,
            "History begins at {}: audits before it are not kept.",
            time(report, "history_from")
        )?;
    }
    let kinds = list(report, "kinds");
    if kinds.is_empty() {
        writeln!(out, "There was no incident.")?;
        return Ok(());
    }
    let took = &report["time_to_resolve"];
    if let Some(median) = took["median_seconds"].as_i64() {
        writeln!(
            out,
            "{} resolved; half of them within {}, nine of ten within {}, the longest after {}.",
            count(usize::try_from(took["resolved"].as_u64().unwrap_or(0)).unwrap_or(0), "incident"),
            seconds(median),
            seconds(took["p90_seconds"].as_i64().unwrap_or(0)),
            seconds(took["longest_seconds"].as_i64().unwrap_or(0)),
        )?;
    }
    writeln!(out, "\n| incidents | opened | resolved | open now |\n|---|---:|---:|---:|")?;
    for it in kinds {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            text(it, "kind"),
            it["opened"],
            it["resolved"],
            it["open"]
        )?;
    }
    Ok(())
}

/// Databases, those that were watched worst first.
fn coverage(out: &mut String, report: &Value) -> std::fmt::Result {
    let mut databases: Vec<&Value> = list(report, "databases").iter().collect();
    if databases.is_empty() {
        return Ok(());
    }
    databases.sort_by_key(|it| std::cmp::Reverse(it["longest_gap_seconds"].as_u64()));
    writeln!(
        out,
        "\n## Coverage\n\n| database | manifest | audits | could tell | drifted | longest time unseen |\n\
         |---|---|---:|---:|---:|---:|"
    )?;
    for it in databases.iter().take(ROWS_MAX) {
        let (audits, complete) = (&it["audits"], it["complete"].as_u64().unwrap_or(0));
        writeln!(
            out,
            "| {} | {} | {audits} | {} | {} | {} |",
            cell(text(it, "name")),
            cell(text(it, "manifest")),
            share(complete, audits.as_u64().unwrap_or(0)),
            it["drifted"],
            seconds(it["longest_gap_seconds"].as_i64().unwrap_or(0)),
        )?;
    }
    rest(out, databases.len(), "database")
}

fn incidents(out: &mut String, report: &Value) -> std::fmt::Result {
    let incidents = list(report, "incidents");
    if incidents.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Incidents\n\n| id | kind | about | opened | resolved | what |\n|---|---|---|---|---|---|"
    )?;
    for it in incidents.iter().rev().take(ROWS_MAX) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            text(it, "id"),
            text(it, "kind"),
            cell(text(it, "subject")),
            time(it, "opened_at"),
            if it["resolved_at"].is_null() {
                text(it, "state").to_owned()
            } else {
                time(it, "resolved_at")
            },
            cell(text(it, "headline")),
        )?;
    }
    rest(out, incidents.len(), "incident")?;
    if report["more"] == true {
        writeln!(out, "\nThere were more than these; only the latest are reported.")?;
    }
    Ok(())
}

fn known(out: &mut String, report: &Value) -> std::fmt::Result {
    let known = list(report, "known");
    if known.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Accepted findings, by their end\n\n| until | database | finding | object | reason | owner |\n\
         |---|---|---|---|---|---|"
    )?;
    for it in known.iter().take(ROWS_MAX) {
        let part = it["part"].as_str().map(|it| format!(" ({it})")).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {}.{}{} | {} | {} |",
            text(it, "until"),
            cell(text(it, "database")),
            text(it, "kind"),
            cell(text(it, "schema")),
            cell(text(it, "name")),
            cell(&part),
            cell(text(it, "reason")),
            cell(text(it, "owner")),
        )?;
    }
    rest(out, known.len(), "accepted finding")
}

fn rest(out: &mut String, all: usize, noun: &str) -> std::fmt::Result {
    match all.saturating_sub(ROWS_MAX) {
        0 => Ok(()),
        more => writeln!(out, "\nAnd {} more; `--format csv` has all.", count(more, noun)),
    }
}

/// "99.8 %"; "-" of nothing.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    // In tenths of a percent, rounded down: 100 % means all.
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    if tenths % 10 == 0 {
        format!("{} %", tenths / 10)
    } else {
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

fn seconds(seconds: i64) -> String {
    lasted(SignedDuration::from_secs(seconds))
}

/// What stands in a cell: Markdown must not see what a name holds.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        if "\\`*_{}[]()#+!|<>~&".contains(it) {
            out.push('\\');
        }
        out.push(if it.is_control() { ' ' } else { it });
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_says_what_there_was() {
        let report = json!({
            "since": "2026-10-27T12:00:00Z", "until": "2026-11-26T12:00:00Z",
            "history_from": "2026-11-01T00:00:00Z",
            "databases": [
                {"name": "central", "manifest": "central", "audits": 8640, "complete": 8639, "clean": 8000,
                 "drifted": 639, "unknown": 1, "longest_gap_seconds": 612},
                {"name": "sc|o", "manifest": "orchestra", "audits": 0, "complete": 0, "clean": 0,
                 "drifted": 0, "unknown": 0, "longest_gap_seconds": 90_000}],
            "kinds": [{"kind": "drift", "opened": 2, "resolved": 1, "open": 1}],
            "time_to_resolve": {"resolved": 1, "median_seconds": 3600, "p90_seconds": 3600, "longest_seconds": 3600},
            "incidents": [
                {"id": "SW-1001", "kind": "drift", "subject": "central", "state": "resolved",
                 "opened_at": "2026-11-02T10:00:00Z", "resolved_at": "2026-11-02T11:00:00Z", "headline": "central: 1 table <b>"},
                {"id": "SW-1002", "kind": "drift", "subject": "central", "state": "open",
                 "opened_at": "2026-11-03T10:00:00Z", "resolved_at": null, "headline": "central: 2 tables"}],
            "more": false,
            "known": [{"database": "central", "kind": "unexpected_table", "schema": "public", "name": "tmp_import",
                       "part": null, "reason": "ticket 7", "owner": "data", "until": "2026-12-01"}],
        });
        assert_eq!(
            worded(&report),
            "# Schemawarden: 2026-10-27 12:00 UTC to 2026-11-26 12:00 UTC\n\n\
             2 databases watched, 8640 audits, of which 99.9 % could tell.\n\
             History begins at 2026-11-01 00:00 UTC: audits before it are not kept.\n\
             1 incident resolved; half of them within 1 h, nine of ten within 1 h, the longest after 1 h.\n\n\
             | incidents | opened | resolved | open now |\n|---|---:|---:|---:|\n| drift | 2 | 1 | 1 |\n\n\
             ## Coverage\n\n| database | manifest | audits | could tell | drifted | longest time unseen |\n\
             |---|---|---:|---:|---:|---:|\n\
             | sc\\|o | orchestra | 0 | - | 0 | 1 d 1 h |\n\
             | central | central | 8640 | 99.9 % | 639 | 10 min |\n\n\
             ## Incidents\n\n| id | kind | about | opened | resolved | what |\n|---|---|---|---|---|---|\n\
             | SW-1002 | drift | central | 2026-11-03 10:00 UTC | open | central: 2 tables |\n\
             | SW-1001 | drift | central | 2026-11-02 10:00 UTC | 2026-11-02 11:00 UTC | central: 1 table \\<b\\> |\n\n\
             ## Accepted findings, by their end\n\n| until | database | finding | object | reason | owner |\n\
             |---|---|---|---|---|---|\n\
             | 2026-12-01 | central | unexpected_table | public.tmp\\_import | ticket 7 | data |\n"
        );
    }
}
