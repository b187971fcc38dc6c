//! Reports for people: the worst first in words, the diagnosis before the findings, aligned.
//!
//! It reads the published JSON form, so that `check`, which has just audited, and `audit`, which asked
//! the daemon, say the same in the same way. Names are visible spellings in it, so nothing from a
//! database can act on the terminal.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::output::BOLD;
use super::output::DIM;
use super::output::WARN;
use super::output::count;
use super::output::paint;
use super::output::severity;
use super::output::verdict;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::notification::Actor;
use crate::notification::NotifiedOrigin;
use crate::notification::actors;
use crate::report::Verdict;

/// How many findings of one database are listed. Their number is always told; `--format json` has
/// all of them.
const LISTED_MAX: usize = 100;

/// The whole answer, of reports in the form of `report::json::database`.
pub(super) fn render(reports: &[Value]) -> String {
    let width = reports.iter().map(|it| text(it, "database").chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for report in reports {
        // Writing to a String cannot fail.
        let _ = database(&mut out, report, width);
    }
    let _ = summary(&mut out, reports);
    out
}

fn database(out: &mut String, report: &Value, width: usize) -> std::fmt::Result {
    let name = format!("{:width$}", text(report, "database"));
    let found = verdict_of(report);
    let word = format!("{:7}", found.word());
    write!(out, "{}  {}", paint(BOLD, name), paint(verdict(found), word))?;
    writeln!(out, "  {}", paint(DIM, evidence(report)))?;
    for diagnosis in list(report, "diagnoses") {
        writeln!(out, "  {} {}", paint(WARN, "▸"), text(diagnosis, "message"))?;
    }
    if let Some(reason) = report["reason"].as_str() {
        let lead = if found == Verdict::Unknown { "could not tell:" } else { "partial read:" };
        writeln!(out, "  {} {reason}", paint(WARN, lead))?;
    }
    let findings = list(report, "findings");
    for sentence in who(report) {
        writeln!(out, "  {} {sentence}", paint(WARN, "▸"))?;
    }
    let kinds = findings.iter().map(|it| text(it, "kind").len()).max().unwrap_or(0);
    for it in findings.iter().take(LISTED_MAX) {
        finding(out, it, kinds)?;
    }
    if findings.len() > LISTED_MAX {
        let more = findings.len() - LISTED_MAX;
        writeln!(out, "  … and {more} more (--format json lists all)")?;
    }
    Ok(())
}

/// Who did what the findings are about, where an observer noted it.
fn who(report: &Value) -> Vec<String> {
    let findings = list(report, "findings");
    let origins: Vec<(&str, NotifiedOrigin)> = findings
        .iter()
        .filter(|it| it["known"] != true)
        .filter_map(|it| Some((text(it, "kind"), NotifiedOrigin::of(it["detail"].as_object()?))))
        .collect();
    let now = report["evidence"]["audited_at"].as_str().and_then(|it| it.parse().ok());
    let told = actors(origins.iter().map(|(kind, origin)| (*kind, origin)));
    let sentence = |it: &Actor| {
        let said = it.sentence(now.unwrap_or(it.until), &TimeZone::UTC);
        format!("{said} ({}; times in UTC)", count(it.findings, "finding"))
    };
    told.iter().map(sentence).collect()
}

/// A line about one finding, in the form of `report::json::finding`. `kinds`: the width of the words for kinds.
pub(super) fn finding(out: &mut String, it: &Value, kinds: usize) -> std::fmt::Result {
    let word = text(it, "severity");
    // A word of a newer daemon is no reason to say less.
    let style = word.parse().map_or(DIM, |it: Severity| severity(it));
    let level = format!("{word:8}");
    let kind = format!("{:kinds$}", text(it, "kind"));
    // Which relation is there or not is said by its name; what of it differs takes a sentence.
    let by_name = text(it, "kind")
        .parse::<FindingKind>()
        .map_or(it["part"].is_null(), |it| it.is_unexpected() || it.is_missing());
    let subject = match (it["schema"].as_str(), it["name"].as_str()) {
        _ if !by_name => text(it, "message").to_owned(),
        (Some("public") | None, Some(name)) => name.to_owned(),
        (Some(schema), Some(name)) => format!("{schema}.{name}"),
        (_, None) => text(it, "message").to_owned(),
    };
    write!(out, "  {}  {kind}  {subject}", paint(style, level))?;
    if it["known"] == true {
        let known = &it["detail"]["known"];
        let [until, reason, owner] = ["until", "reason", "owner"].map(|key| text(known, key));
        let word = format!("(known until {until}: {reason}, {owner})");
        write!(out, "  {}", paint(DIM, word))?;
    }
    if it["held"] == true {
        let word = "(held: only the changed manifest finds it; `schemawarden manifests list`)";
        write!(out, "  {}", paint(DIM, word))?;
    }
    for hint in list(it, "hints").iter().filter_map(Value::as_str) {
        write!(out, "  {}", paint(DIM, format!("— {hint}")))?;
    }
    writeln!(out)
}

/// What the verdict rests on, in one line.
fn evidence(report: &Value) -> String {
    let it = &report["evidence"];
    let mut manifest = format!("manifest {}", text(report, "manifest"));
    let more = [
        it["manifest_hash"].as_str().map(str::to_owned),
        it["manifest_ref"].as_str().map(|it| format!("ref {it}")),
        it["deploy"].as_u64().map(|it| format!("deploy {it} is open")),
    ];
    let more: Vec<String> = more.into_iter().flatten().filter(|it| !it.is_empty()).collect();
    if !more.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(manifest, " ({})", more.join(", "));
    }
    let mut parts = vec![manifest];
    if let Some(relations) = it["relations"].as_u64() {
        let role = it["role"].as_str().unwrap_or("an unknown role");
        let millis = it["duration_ms"].as_f64().unwrap_or_default();
        let relations = count(usize::try_from(relations).unwrap_or(usize::MAX), "relation");
        parts.push(format!("{relations} read as {role} in {millis:.0} ms"));
    }
    let hidden = it["hidden_from_information_schema"].as_u64();
    if let Some(hidden) = hidden.filter(|hidden| *hidden > 0) {
        parts.push(format!("information_schema hides {hidden} of them from this role"));
    }
    for (reason, n) in it["left_out"].as_object().into_iter().flatten() {
        parts.push(format!("{n} left out ({reason})"));
    }
    parts.join(" · ")
}

fn summary(out: &mut String, reports: &[Value]) -> std::fmt::Result {
    if reports.len() == 1 {
        return Ok(());
    }
    let of = |wanted: Verdict| reports.iter().filter(|it| verdict_of(it) == wanted).count();
    let mut parts = Vec::new();
    for it in [Verdict::Drifted, Verdict::Unknown, Verdict::Clean] {
        let n = of(it);
        if n > 0 {
            parts.push(paint(verdict(it), format!("{n} {it}")));
        }
    }
    writeln!(out, "{}: {}", count(reports.len(), "database"), parts.join(", "))
}

/// The verdict of a report. A word that is none is no proof of anything.
pub(super) fn verdict_of(report: &Value) -> Verdict {
    match text(report, "verdict") {
        "clean" => Verdict::Clean,
        "drifted" => Verdict::Drifted,
        _ => Verdict::Unknown,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_says_what_it_was_held_to_and_which_findings_are_held() {
        let report = json!({
            "database": "f2", "manifest": "orchestra", "verdict": "drifted",
            "findings": [
                { "kind": "missing_table", "severity": "critical", "schema": "public", "name": "A",
                  "held": true },
                { "kind": "missing_table", "severity": "critical", "schema": "public", "name": "B",
                  "held": false },
            ],
            "evidence": { "manifest_hash": "0123abcd", "manifest_ref": "v2", "deploy": 7 },
        });
        let text = render(&[report]);
        assert!(text.contains("manifest orchestra (0123abcd, ref v2, deploy 7 is open)"), "{text}");
        let line = |name: &str| {
            text.lines()
                .find(|it| it.contains(&format!("missing_table  {name}")))
                .unwrap_or_default()
        };
        assert!(line("A").contains("(held: only the changed manifest finds it"), "{text}");
        assert!(line("B").ends_with('B'), "{text}");
    }
}
