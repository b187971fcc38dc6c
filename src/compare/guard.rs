//! The guard, where somebody declared one or one is there: whether it refuses, and by the rules of the manifest.
//!
//! Rules that are not the manifest's do harm in both ways: a table that belongs here by now is refused, and one
//! that does not may come.

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::manifest::GuardRules;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::OWN_SCHEMA;

/// What tells these findings from others about our own schema.
const GUARD: &str = "guard";

/// The finding about the guard. None where nobody asked for one and none is there, and where it could not be looked
/// at: that is a doubt ([`crate::schema::Definitions::doubt`]).
pub(super) fn finding(manifest: &Manifest, catalog: &Catalog) -> Option<Finding> {
    let guard = catalog.definitions.guard.as_ref()?.as_ref().ok()?;
    let faults = guard.faults();
    let (kind, message) = if !guard.is_there() {
        let message = "the guard is not installed: nothing refuses a table that should not come";
        (FindingKind::GuardMissing, message.to_owned())
    } else if !faults.is_empty() {
        let message = format!("the guard does not refuse as it should: {}", faults.join("; "));
        (FindingKind::GuardMissing, message)
    } else if !guard.has_rules(&GuardRules::of(manifest).hash()) {
        let name = &manifest.name;
        let message = format!("the guard does not refuse by manifest `{name}` as it is now");
        (FindingKind::GuardOutdated, message)
    } else {
        return None;
    };
    let mut finding = Finding::new(kind, ObjectKind::Schema, None, message)
        .of_part(format!("{OWN_SCHEMA}.{GUARD}"));
    finding.hints.push("`schemawarden sql guard` prints the SQL that installs it anew".to_owned());
    if !faults.is_empty() {
        finding.detail.insert("faults".to_owned(), faults.into());
    }
    Some(finding)
}
