//! What to do next, as commands to copy: what a person who was woken should not have to remember.

use super::NotifiedFinding;
use crate::finding::FindingKind;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::Step;
use crate::report::Evidence;
use crate::reset::IDENTITY;

/// What is gone comes back from a backup alone.
const RESTORE: &str = "Restore what is gone from a backup.";
/// And nothing is there that should not be.
const NOTHING_ELSE: &str = "Restore what is gone from a backup; there is nothing to quarantine.";

pub(super) fn next_steps(
    incident: &Incident,
    step: Step,
    evidence: &Evidence,
    findings: &[NotifiedFinding],
) -> Vec<String> {
    if step == Step::Resolved {
        return Vec::new();
    }
    let database = shell_word(&incident.subject);
    // `check` reads the file; what a deploy brought, only the daemon knows.
    let by_deploy = evidence.manifest_ref.is_some() || evidence.deploy.is_some();
    let verb = if by_deploy { "audit" } else { "check" };
    let check = format!("schemawarden {verb} {database}");
    let doctor = format!("schemawarden doctor {database}");
    match incident.kind {
        IncidentKind::Drift => {
            // The first finding is one of the worst.
            let explain = findings.first().map(|it| format!("schemawarden explain {}", it.kind));
            let kinds: Vec<FindingKind> =
                findings.iter().filter_map(|it| it.kind.parse().ok()).collect();
            let aside = if kinds.iter().any(|it| it.is_unexpected()) {
                Some(format!("schemawarden sql quarantine {database}"))
            } else if kinds.contains(&FindingKind::MissingTable) {
                Some(NOTHING_ELSE.to_owned())
            } else {
                None
            };
            [check].into_iter().chain(aside).chain(explain).collect()
        }
        IncidentKind::WrongDatabase => {
            let mut steps = vec![doctor, check, "schemawarden explain wrong_database".to_owned()];
            // Which database it is was learnt, and can be learnt anew.
            if findings.iter().any(|it| it.name == IDENTITY) {
                steps.push(format!("schemawarden accept-reset {database} --reason TEXT"));
            }
            steps
        }
        IncidentKind::AuditFailing | IncidentKind::SameDatabase => vec![doctor, check],
        IncidentKind::Reset => {
            let explain = findings.first().map(|it| format!("schemawarden explain {}", it.kind));
            let accept = format!("schemawarden accept-reset {database} --reason TEXT");
            [RESTORE.to_owned(), check].into_iter().chain(explain).chain([accept]).collect()
        }
        _ => Vec::new(),
    }
}

/// A registered name as one word of a POSIX shell.
pub(in crate::notification) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@%+-".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
