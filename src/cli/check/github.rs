//! Annotations for GitHub Actions ("Workflow commands for GitHub Actions", `::error …::message`).
//!
//! Each finding is pinned to the manifest file that it contradicts. Data and properties are escaped
//! as the runner's own toolkit does, so a table's name cannot start a second command.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::place::plain;
use crate::cli::output::count;
use crate::config::Database;
use crate::finding::Severity;
use crate::report::Report;
use crate::report::Verdict;

/// GitHub shows at most ten annotations of a kind for each step; more only fill the log.
const ANNOTATIONS_MAX: usize = 50;

/// One annotation for each finding, diagnosis and unknown verdict, then a line for the log.
pub(super) fn render(reports: &[Report], databases: &[Arc<Database>]) -> String {
    let mut out = String::new();
    for report in reports {
        let file = databases
            .iter()
            .find(|it| it.name == report.database)
            .map(|it| it.manifest.path.as_path());
        for diagnosis in &report.diagnoses {
            let title = format!("{}: {}", report.database, diagnosis.kind.word());
            line(&mut out, "error", file, &title, &diagnosis.message);
        }
        for finding in report.findings.iter().take(ANNOTATIONS_MAX) {
            let level = match (finding.severity, &finding.known) {
                (Severity::Info, _) | (_, Some(_)) => "notice",
                (Severity::Warning, None) => "warning",
                (Severity::Critical, None) => "error",
            };
            let title = format!("{}: {}", report.database, finding.kind.word());
            line(&mut out, level, file, &title, &finding.message);
        }
        if report.verdict == Verdict::Unknown {
            let reason = report.reason.as_deref().unwrap_or("no reason is known");
            let title = format!("{}: could not tell", report.database);
            line(&mut out, "error", file, &title, reason);
        } else if let Some(reason) = &report.reason {
            let title = format!("{}: partial read", report.database);
            line(&mut out, "warning", file, &title, reason);
        }
        // A line that began with the name could be a command: `--url` may name a database `::error::`.
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "database `{}`: {}, {} (manifest {})",
            data(&report.database),
            report.verdict,
            count(report.findings.len(), "finding"),
            report.manifest
        );
    }
    out
}

pub(super) fn line(out: &mut String, level: &str, file: Option<&Path>, title: &str, message: &str) {
    let file = file.map_or_else(String::new, |path| {
        format!("file={},", property(&plain(path).display().to_string()))
    });
    let _ = writeln!(out, "::{level} {file}title={}::{}", property(title), data(message));
}

/// Escapes the text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property's value.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_cannot_start_a_second_command() {
        let mut out = String::new();
        line(&mut out, "error", None, "central: x,y", "100%\n::warning::gotcha");
        assert_eq!(out, "::error title=central%3A x%2Cy::100%25%0A::warning::gotcha\n");
    }
}
