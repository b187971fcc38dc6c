//! The answer for people: the worst first in words, the diagnosis before the findings, aligned.
//!
//! Names are visible spellings, so nothing from a database can act on the terminal.

use std::fmt::Write as _;

use crate::cli::output::BOLD;
use crate::cli::output::DIM;
use crate::cli::output::WARN;
use crate::cli::output::count;
use crate::cli::output::paint;
use crate::cli::output::severity;
use crate::cli::output::verdict;
use crate::finding::Finding;
use crate::report::Report;
use crate::report::Verdict;

/// How many findings of one database are listed. Their number is always told; `--format json` has
/// all of them.
const LISTED_MAX: usize = 100;

/// The whole answer.
pub(super) fn render(reports: &[Report]) -> String {
    let width = reports.iter().map(|it| it.database.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for report in reports {
        // Writing to a String cannot fail.
        let _ = database(&mut out, report, width);
    }
    let _ = summary(&mut out, reports);
    out
}

fn database(out: &mut String, report: &Report, width: usize) -> std::fmt::Result {
    let name = format!("{:width$}", report.database);
    let word = format!("{:7}", report.verdict.word());
    write!(out, "{}  {}", paint(BOLD, name), paint(verdict(report.verdict), word))?;
    writeln!(out, "  {}", paint(DIM, evidence(report)))?;
    for diagnosis in &report.diagnoses {
        writeln!(out, "  {} {}", paint(WARN, "▸"), diagnosis.message)?;
    }
    if let Some(reason) = &report.reason {
        let lead =
            if report.verdict == Verdict::Unknown { "could not tell:" } else { "partial read:" };
        writeln!(out, "  {} {reason}", paint(WARN, lead))?;
    }
    let kinds = report.findings.iter().map(|it| it.kind.word().len()).max().unwrap_or(0);
    for it in report.findings.iter().take(LISTED_MAX) {
        finding(out, it, kinds)?;
    }
    if report.findings.len() > LISTED_MAX {
        let more = report.findings.len() - LISTED_MAX;
        writeln!(out, "  … and {more} more (--format json lists all)")?;
    }
    Ok(())
}

fn finding(out: &mut String, it: &Finding, kinds: usize) -> std::fmt::Result {
    let level = format!("{:8}", it.severity.word());
    let kind = format!("{:kinds$}", it.kind.word());
    let subject = match &it.name {
        Some(name) => name.visible(),
        None => it.message.clone(),
    };
    write!(out, "  {}  {kind}  {subject}", paint(severity(it.severity), level))?;
    if let Some(known) = &it.known {
        let word = format!("(known until {}: {}, {})", known.until, known.reason, known.owner);
        write!(out, "  {}", paint(DIM, word))?;
    }
    for hint in &it.hints {
        write!(out, "  {}", paint(DIM, format!("— {hint}")))?;
    }
    writeln!(out)
}

/// What the verdict rests on, in one line.
fn evidence(report: &Report) -> String {
    let it = &report.evidence;
    let mut parts = vec![format!("manifest {}", report.manifest)];
    if let Some(relations) = it.relations {
        let role = it.role.as_deref().unwrap_or("an unknown role");
        let millis = it.duration.as_secs_f64() * 1000.0;
        parts.push(format!("{} read as {role} in {millis:.0} ms", count(relations, "relation")));
    }
    if let Some(hidden) = it.hidden_from_information_schema.filter(|hidden| *hidden > 0) {
        parts.push(format!("information_schema hides {hidden} of them from this role"));
    }
    for (reason, n) in &it.left_out {
        parts.push(format!("{n} left out ({reason})"));
    }
    parts.join(" · ")
}

fn summary(out: &mut String, reports: &[Report]) -> std::fmt::Result {
    let of = |wanted: Verdict| reports.iter().filter(|it| it.verdict == wanted).count();
    let (drifted, unknown, clean) =
        (of(Verdict::Drifted), of(Verdict::Unknown), of(Verdict::Clean));
    if reports.len() == 1 {
        return Ok(());
    }
    let mut parts = Vec::new();
    for (n, it) in
        [(drifted, Verdict::Drifted), (unknown, Verdict::Unknown), (clean, Verdict::Clean)]
    {
        if n > 0 {
            parts.push(paint(verdict(it), format!("{n} {it}")));
        }
    }
    writeln!(out, "{}: {}", count(reports.len(), "database"), parts.join(", "))
}
