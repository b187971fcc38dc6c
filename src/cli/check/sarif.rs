//! SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), as code scanning reads it.
//!
//! Each finding is a result, pinned to the manifest file that it contradicts; rules are the kinds that
//! occur, with the texts of `explain`. What could not be told is no result: it is a notification of the
//! invocation, which then was not successful, so that nobody takes an empty list for clean.
//!
//! Written with `serde_json`: the crate of SARIF's types (serde-sarif) generates them with a compiler of
//! schemas of its own at each build.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::place;
use super::subject;
use crate::cli::output::harmless;
use crate::config::Database;
use crate::explain;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::report::Diagnosis;
use crate::report::Report;
use crate::report::Verdict;

/// What the document says that it keeps to; GitHub asks for it.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Under which name a finding's fingerprint stands; its version is that of the algorithm.
const FINGERPRINT: &str = "schemawardenFinding/v1";

/// The kinds that occur, in the order in which they do.
#[derive(Default)]
struct Rules(Vec<&'static str>);

impl Rules {
    /// The index of `kind` among the rules.
    fn of(&mut self, kind: &'static str) -> usize {
        self.0.iter().position(|it| *it == kind).unwrap_or_else(|| {
            self.0.push(kind);
            self.0.len() - 1
        })
    }
}

/// The whole document. Files are named as seen from `folder`.
pub(super) fn document(reports: &[Report], databases: &[Arc<Database>], folder: &Path) -> Value {
    let mut rules = Rules::default();
    let mut results = Vec::new();
    let mut notifications = Vec::new();
    for report in reports {
        let file = databases
            .iter()
            .find(|it| it.name == report.database)
            .map(|it| place::uri(&it.manifest.path, folder));
        let file = file.as_deref();
        results.extend(report.diagnoses.iter().map(|it| diagnosis(report, it, file, &mut rules)));
        results.extend(report.findings.iter().map(|it| finding(report, it, file, &mut rules)));
        notifications.extend(notification(report, file));
    }
    let told = reports.iter().all(|it| it.verdict != Verdict::Unknown && it.evidence.complete);
    let times = reports.iter().map(|it| it.evidence.audited_at);
    let mut invocation = json!({
        "executionSuccessful": told,
        "toolExecutionNotifications": notifications,
    });
    if let (Some(first), Some(last)) = (
        times.min(),
        reports
            .iter()
            .filter_map(|it| it.evidence.audited_at.checked_add(it.evidence.duration).ok())
            .max(),
    ) {
        invocation["startTimeUtc"] = utc(first);
        invocation["endTimeUtc"] = utc(last);
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Schemawarden",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.0.iter().map(|it| rule(it)).collect::<Vec<_>>(),
            }},
            // No name of a database's is text of a file: columns are never counted.
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
        }],
    })
}

/// Notes of one run hold from the second to the second.
fn utc(at: jiff::Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into()
}

/// One kind of finding or diagnosis, as `explain` tells it.
fn rule(kind: &str) -> Value {
    let finding = kind.parse::<FindingKind>().ok();
    let severity = finding.map_or(Severity::Critical, FindingKind::default_severity);
    let mut rule = json!({
        "id": kind,
        "name": pascal(kind),
        "defaultConfiguration": { "level": level(severity) },
        "properties": {
            "tags": ["database", "schema-drift"],
            "problem.severity": match severity {
                Severity::Critical => "error",
                Severity::Warning => "warning",
                Severity::Info => "recommendation",
            },
        },
    });
    if let Some(entry) = explain::entry(kind) {
        let short = finding.map_or(entry.means, FindingKind::summary);
        rule["shortDescription"] = json!({ "text": short });
        rule["fullDescription"] = json!({ "text": format!("{} {}", entry.means, entry.matters) });
        rule["help"] = json!({
            "text": format!("{}\n\n{}", entry.matters, entry.to_do),
            "markdown": format!(
                "**Why it matters.** {}\n\n**What to do.** {}",
                entry.matters, entry.to_do
            ),
        });
    }
    rule
}

/// SARIF likes the names of rules in one word: `UnexpectedTable`.
fn pascal(kind: &str) -> String {
    let word = |it: &str| {
        let (first, rest) = it.split_at(it.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    kind.split('_').map(word).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn finding(report: &Report, it: &Finding, file: Option<&str>, rules: &mut Rules) -> Value {
    let kind = it.kind.word();
    let mut text = vec![inert(&it.message)];
    text.extend(it.hints.iter().map(|it| inert(it)));
    let mut result = json!({
        "ruleId": kind,
        "ruleIndex": rules.of(kind),
        "level": level(it.severity),
        "message": { "text": format!("database {}: {}", harmless(&report.database), text.join("; ")) },
        "locations": [location(file, &logical(report, it))],
        "partialFingerprints": {
            FINGERPRINT: format!("{}/{}", harmless(&report.database), it.fingerprint()),
        },
        "properties": { "database": harmless(&report.database), "manifest": report.manifest },
    });
    if let Some(known) = &it.known {
        let (reason, owner) = (harmless(&known.reason), harmless(&known.owner));
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": format!("{reason} ({owner}, until {})", known.until),
        }]);
    }
    result
}

/// A text that a viewer takes for text: in messages `{0}` is a placeholder and `[a](b)` a link (SARIF,
/// sections 3.11.5 and 3.11.6). Only what would act is escaped, since few viewers take it back.
fn inert(text: &str) -> String {
    let mut out = harmless(text);
    if out.contains("](") {
        out = out.replace('[', "\\[").replace(']', "\\]");
    }
    let placeholder = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0 && text[digits..].starts_with('}')).then_some(digits)
    };
    let mut done = String::with_capacity(out.len());
    let mut rest = out.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        done.push_str(before);
        rest = after;
        match placeholder(after) {
            Some(digits) => {
                // Writing to a String cannot fail.
                let _ = write!(done, "{{{{{}}}}}", &after[..digits]);
                rest = &after[digits + 1..];
            }
            None => done.push('{'),
        }
    }
    done + rest
}

/// What findings mean together is a result too: it is what a person should read first.
fn diagnosis(report: &Report, it: &Diagnosis, file: Option<&str>, rules: &mut Rules) -> Value {
    let kind = it.kind.word();
    let database = harmless(&report.database);
    let about = it.manifest.as_deref().unwrap_or_default();
    json!({
        "ruleId": kind,
        "ruleIndex": rules.of(kind),
        "level": "error",
        "message": { "text": format!("database {database}: {}", inert(&it.message)) },
        "locations": [location(file, &[part(&database, &database, "database")])],
        "partialFingerprints": { FINGERPRINT: format!("{database}/{kind}/{about}") },
        "properties": { "database": database, "manifest": report.manifest },
    })
}

/// Why nothing, or not everything, can be told of a database.
fn notification(report: &Report, file: Option<&str>) -> Option<Value> {
    let unknown = report.verdict == Verdict::Unknown;
    if !unknown && report.evidence.complete {
        return None;
    }
    let database = harmless(&report.database);
    let reason = inert(report.reason.as_deref().unwrap_or("no reason is known"));
    let (id, words) = if unknown {
        ("unknown", "could not tell")
    } else {
        ("partial_read", "the read is not complete")
    };
    Some(json!({
        "descriptor": { "id": id },
        "level": "error",
        "message": { "text": format!("database {database}: {words}: {reason}") },
        "locations": [location(file, &[part(&database, &database, "database")])],
    }))
}

/// The manifest file, and the object in the database. Code scanning wants a line; a manifest that takes
/// its tables from elsewhere has none for them, so it is the first.
fn location(file: Option<&str>, logical: &[Value]) -> Value {
    let mut location = json!({ "logicalLocations": logical });
    if let Some(uri) = file {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri },
            "region": { "startLine": 1 },
        });
    }
    location
}

/// The object, under its schema and database by its full name.
fn logical(report: &Report, it: &Finding) -> Vec<Value> {
    let database = harmless(&report.database);
    let Some(subject) = subject::of(it) else {
        return vec![part(&database, &database, "database")];
    };
    let name = match (&it.part, &it.name) {
        (Some(it), _) => harmless(it),
        (None, Some(it)) => it.name.visible(),
        (None, None) => subject.clone(),
    };
    let kind = match (it.object, &it.part, &it.name) {
        (ObjectKind::Function, ..) => "function",
        (ObjectKind::Schema, ..) => "namespace",
        (_, Some(_), Some(_)) => "member",
        (object, ..) => object.word(),
    };
    vec![part(&name, &format!("{database}.{subject}"), kind)]
}

fn part(name: &str, full: &str, kind: &str) -> Value {
    json!({ "name": name, "fullyQualifiedName": full, "kind": kind })
}

#[cfg(test)]
mod tests;
