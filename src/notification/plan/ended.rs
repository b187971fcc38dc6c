//! Words the end of an incident of one database: mended, or only not counted any more.

use super::lasted;
use crate::finding::Finding;
use crate::incident::Incident;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::report::Report;
use crate::report::Verdict;

/// What the headline says after the database's name.
pub(super) fn headline(incident: &Incident, reason: Reason, report: &Report) -> String {
    let end = incident.resolved_at.unwrap_or(incident.changed_at);
    let lasted = lasted(end.duration_since(incident.opened_at));
    // "Clean again" must not be said of what nobody cleaned.
    match reason {
        Reason::Accepted => {
            return format!("{} (open for {lasted})", accepted(incident, report));
        }
        Reason::ResetAccepted => {
            return format!(
                "accepted: what is there now is known from here on (open for {lasted})"
            );
        }
        Reason::DeployBegan => {
            let deploy = report.evidence.deploy.map(|it| format!(" {it}")).unwrap_or_default();
            let by = report.evidence.manifest_ref.as_ref().map(|it| format!(" ({it})"));
            return format!(
                "nothing was changed in the database, as far as can be told: deploy{deploy}{} allows \
                 what was found (open for {lasted})",
                by.unwrap_or_default()
            );
        }
        Reason::ManifestChanged => {
            return format!(
                "nothing was changed in the database, as far as can be told: its manifest was \
                 changed and allows what was found (open for {lasted})"
            );
        }
        _ => {}
    }
    match incident.kind {
        IncidentKind::AuditFailing => format!("audited again after {lasted}"),
        IncidentKind::Drift | IncidentKind::WrongDatabase if report.verdict == Verdict::Clean => {
            format!("clean again after {lasted}")
        }
        IncidentKind::Reset => format!("what was lost is there again after {lasted}"),
        IncidentKind::SameDatabase => format!("a database of its own again after {lasted}"),
        IncidentKind::WrongDatabase => {
            format!("tables of manifest `{}` are there again after {lasted}", report.manifest)
        }
        IncidentKind::Drift => format!("drift is gone after {lasted}"),
        kind => format!("{} is over after {lasted}", kind.word()),
    }
}

/// What became of an incident of which some findings are still there and do not count.
fn accepted(incident: &Incident, report: &Report) -> String {
    let all = incident.fingerprints.len();
    let is_its =
        |it: &&Finding| incident.fingerprints.binary_search(&it.fingerprint().to_string()).is_ok();
    let there: Vec<&Finding> =
        report.findings.iter().filter(|it| !it.counts()).filter(is_its).collect();
    let is_known = there.iter().any(|it| it.known.is_some());
    let how = if is_known { "accepted now (`known`)" } else { "no more than `info` now" };
    match (there.len(), all) {
        (1, 1) => format!("nothing was changed in the database: its finding is {how}"),
        (some, all) if some >= all => {
            format!("nothing was changed in the database: its {all} findings are {how}")
        }
        (some, all) => {
            let verb = if some == 1 { "is" } else { "are" };
            format!("{some} of {all} findings {verb} {how}, the others are not found any more")
        }
    }
}
