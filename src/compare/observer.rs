//! The observer, where somebody declared one: whether it still notes what happens.
//!
//! Whoever may drop it can also switch it off for a minute; that is seen only if an audit falls into that minute.

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::schema::Catalog;
use crate::schema::OWN_SCHEMA;

/// The finding that the observer is gone, whole or in part. None where nobody asked for it, and where it
/// could not be looked at: that is a doubt ([`crate::schema::Definitions::doubt`]).
pub(super) fn missing(catalog: &Catalog) -> Option<Finding> {
    let observer = catalog.definitions.observer.as_ref()?.as_ref().ok()?;
    let faults = observer.faults();
    if faults.is_empty() {
        return None;
    }
    let message = if observer.is_there() {
        format!("the observer does not note what happens: {}", faults.join("; "))
    } else {
        "the observer is not installed: nobody notes who changes the schema".to_owned()
    };
    let kind = FindingKind::ObserverMissing;
    let mut finding = Finding::new(kind, ObjectKind::Schema, None, message).of_part(OWN_SCHEMA);
    finding
        .hints
        .push("`schemawarden sql observer` prints the SQL that installs it anew".to_owned());
    finding.detail.insert("faults".to_owned(), faults.into());
    Some(finding)
}
