//! JUnit XML, as Jenkins, GitLab and the test reporters of GitHub read it.
//!
//! A database is a test suite. Its first test case is the verdict, under a name that stays the same from
//! run to run, so that a reporter's history of it means something; then each finding is one. A finding
//! that does not count (known, `info`, milder than `--fail-on`) is skipped, with the reason; `unknown` is
//! an error, never a failure. So a run has failures or errors exactly where its exit code is not 0.
//!
//! One test case has one outcome: of several failures in a test case, Jenkins and GitLab keep one.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::FailOn;
use super::subject;
use super::xml::Element;
use crate::cli::output::count;
use crate::cli::output::harmless;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::report::Report;
use crate::report::Verdict;

/// How many test cases of one kind there are.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// What came of a test case.
enum Outcome {
    Passed,
    Failed(Element),
    Error(Element),
    Skipped(Element),
}

/// The whole document.
pub(super) fn render(reports: &[Report], fail_on: FailOn) -> String {
    let mut whole = Tally::default();
    let mut suites = Vec::new();
    for report in reports {
        let (suite, tally) = suite(report, fail_on);
        whole.tests += tally.tests;
        whole.failures += tally.failures;
        whole.errors += tally.errors;
        suites.push(suite);
    }
    let took = reports.iter().map(|it| it.evidence.duration.as_secs_f64()).sum();
    let root = Element::new("testsuites")
        .with("name", "schemawarden")
        .with("tests", whole.tests)
        .with("failures", whole.failures)
        .with("errors", whole.errors)
        .with("time", seconds(took));
    suites.into_iter().fold(root, Element::holding).document()
}

fn suite(report: &Report, fail_on: FailOn) -> (Element, Tally) {
    let database = harmless(&report.database);
    let mut tally = Tally::default();
    let mut cases = Vec::new();
    let mut case = |name: &str, took: f64, outcome: Outcome| {
        let case = Element::new("testcase")
            .with("classname", &database)
            .with("name", name)
            .with("time", seconds(took));
        tally.tests += 1;
        cases.push(match outcome {
            Outcome::Passed => case,
            Outcome::Failed(it) => {
                tally.failures += 1;
                case.holding(it)
            }
            Outcome::Error(it) => {
                tally.errors += 1;
                case.holding(it)
            }
            Outcome::Skipped(it) => {
                tally.skipped += 1;
                case.holding(it)
            }
        });
    };
    let took = report.evidence.duration.as_secs_f64();
    let name = format!("holds what manifest {} expects", report.manifest);
    case(&name, took, verdict(report, fail_on));
    for finding in &report.findings {
        case(&named(finding), 0.0, outcome(finding, fail_on));
    }
    let evidence = &report.evidence;
    let suite = Element::new("testsuite")
        .with("name", &database)
        .with("tests", tally.tests)
        .with("failures", tally.failures)
        .with("errors", tally.errors)
        .with("skipped", tally.skipped)
        .with("time", seconds(took))
        .with(
            "timestamp",
            evidence.audited_at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        )
        .holding(properties(report));
    (cases.into_iter().fold(suite, Element::holding), tally)
}

/// What the verdict rests on.
fn properties(report: &Report) -> Element {
    let evidence = &report.evidence;
    let number = |it: Option<usize>| it.map(|it| it.to_string());
    let known = [
        ("verdict", Some(report.verdict.word().to_owned())),
        ("manifest", Some(report.manifest.clone())),
        ("manifest_hash", Some(evidence.manifest_hash.clone())),
        ("server_version", evidence.server_version.clone()),
        ("role", evidence.role.clone()),
        ("relations", number(evidence.relations)),
        ("hidden_from_information_schema", number(evidence.hidden_from_information_schema)),
        ("complete", Some(evidence.complete.to_string())),
    ];
    let one = |(name, value): (&str, Option<String>)| {
        let property = Element::new("property").with("name", name);
        value.map(|it| property.with("value", harmless(&it)))
    };
    known.into_iter().filter_map(one).fold(Element::new("properties"), Element::holding)
}

/// The verdict, at the same floor as the exit code.
fn verdict(report: &Report, fail_on: FailOn) -> Outcome {
    let reason = harmless(report.reason.as_deref().unwrap_or("no reason is known"));
    let unknown = |words: &str| {
        let error = Element::new("error").with("type", Verdict::Unknown.word());
        Outcome::Error(error.with("message", format!("{words}: {reason}")))
    };
    let failing = report.counting().filter(|it| it.severity >= fail_on.floor()).count();
    match report.verdict {
        Verdict::Drifted if failing > 0 => {
            let mut body = String::new();
            for diagnosis in &report.diagnoses {
                // Writing to a String cannot fail.
                let _ = writeln!(body, "{}", harmless(&diagnosis.message));
            }
            if !report.evidence.complete {
                let _ = writeln!(body, "The read is not complete: {reason}");
            }
            let _ = write!(body, "Each finding is a test case of its own.");
            let message = match report.diagnoses.first() {
                Some(it) => harmless(&it.message),
                None => format!("{} of this database", count(failing, "finding")),
            };
            let failure = Element::new("failure").with("type", Verdict::Drifted.word());
            Outcome::Failed(failure.with("message", message).around(body))
        }
        // Drift below the floor passes; what was not read does not.
        Verdict::Drifted if !report.evidence.complete => unknown("the read is not complete"),
        Verdict::Unknown => unknown("could not tell"),
        Verdict::Drifted | Verdict::Clean => Outcome::Passed,
    }
}

fn outcome(finding: &Finding, fail_on: FailOn) -> Outcome {
    let skipped = |why: String| {
        let message = format!("{why}: {}", harmless(&finding.message));
        Outcome::Skipped(Element::new("skipped").with("message", message))
    };
    if let Some(known) = &finding.known {
        let (reason, owner) = (harmless(&known.reason), harmless(&known.owner));
        return skipped(format!("known until {} ({reason}, {owner})", known.until));
    }
    if finding.severity == Severity::Info {
        return skipped("info".to_owned());
    }
    if finding.severity < fail_on.floor() {
        return skipped(format!("{}, which --fail-on lets pass", finding.severity));
    }
    let failure = Element::new("failure")
        .with("type", finding.kind.word())
        .with("message", harmless(&finding.message));
    Outcome::Failed(failure.around(told(finding)))
}

/// `unexpected_table: public.Musician`, the same in every run and for no other finding of the database.
fn named(finding: &Finding) -> String {
    let kind = finding.kind.word();
    subject::of(finding).map_or_else(|| kind.to_owned(), |it| format!("{kind}: {it}"))
}

/// All that there is to say of a finding, a line each.
fn told(finding: &Finding) -> String {
    let mut out = format!("{}: {}\n", finding.severity, harmless(&finding.message));
    for hint in &finding.hints {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", harmless(hint));
    }
    let kind = finding.kind.word();
    let _ = writeln!(out, "What it means and what to do: schemawarden explain {kind}");
    let _ = write!(out, "fingerprint {}", finding.fingerprint());
    out
}

/// As Surefire writes it, and everybody reads it.
fn seconds(it: f64) -> String {
    format!("{it:.3}")
}

#[cfg(test)]
mod tests;
