//! The guard, where somebody declared one or one is there: whether it refuses, and by the rules of the manifest.
//!
//! Rules that are not the manifest's do harm in both ways: a table that belongs here by now is refused, and one
//! that does not may come.

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::manifest::GuardRules;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::OWN_SCHEMA;

/// What tells these findings from others about our own schema.
const GUARD: &str = "guard";

/// The finding about the guard. None where nobody asked for one and none is there, and where it could not be looked
/// at: that is a doubt ([`crate::schema::Definitions::doubt`]).
pub(super) fn finding(manifest: &Manifest, known: &[Known], catalog: &Catalog) -> Option<Finding> {
    let guard = catalog.definitions.guard.as_ref()?.as_ref().ok()?;
    let faults = guard.faults();
    let outdated = guard.outdated(&GuardRules::of(manifest, known).hash(), &manifest.name);
    let (kind, message) = match (guard.is_there(), outdated) {
        (false, _) => {
            let message =
                "the guard is not installed: nothing refuses a table that should not come";
            (FindingKind::GuardMissing, message.to_owned())
        }
        (true, _) if !faults.is_empty() => {
            let faults: Vec<&str> = faults.iter().map(|it| it.what.as_str()).collect();
            let message = format!("the guard does not refuse as it should: {}", faults.join("; "));
            (FindingKind::GuardMissing, message)
        }
        (true, Some(outdated)) => {
            (FindingKind::GuardOutdated, format!("the guard is out of date: {outdated}"))
        }
        (true, None) => return None,
    };
    let mut finding = Finding::new(kind, ObjectKind::Schema, None, message)
        .of_part(format!("{OWN_SCHEMA}.{GUARD}"));
    if faults.is_empty() || faults.iter().any(|it| it.mended_anew) {
        let hint = "`schemawarden sql guard` prints the SQL that installs it anew";
        finding.hints.push(hint.to_owned());
    }
    if !faults.is_empty() {
        let faults: Vec<String> = faults.into_iter().map(|it| it.what).collect();
        finding.detail.insert("faults".to_owned(), faults.into());
    }
    Some(finding)
}
