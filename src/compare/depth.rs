//! Compares what relations are made of, where the manifest declares it.
//!
//! ```text
//! spec of a table (manifest) ─┐
//!                             ├─► one finding for each column, constraint, index, … that differs
//! definitions of it (catalog)─┘
//! ```
//!
//! **Invariants.** What is not declared yields nothing. What could not be read yields nothing either:
//! the catalog says which parts it tells, and the verdict is `unknown` where one is missing. Both sides
//! are brought into one form ([`crate::canonical`]) before they are compared, and messages quote what
//! each side said.

mod columns;
mod constraints;
mod indexes;
mod pair;
mod properties;

use std::collections::BTreeSet;

use crate::canonical;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::manifest::Manifest;
use crate::manifest::RowFloor;
use crate::manifest::TableSpec;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Part;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Table;

/// Longer SQL is cut in messages, in characters. Details hold all of it.
const SQL_SHOWN: usize = 120;

/// Every difference between what `manifest` declares of relations that are there and what they are
/// made of. Unsorted, with default severities.
pub(super) fn depth(manifest: &Manifest, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = Vec::new();
    let definitions = &catalog.definitions;
    for (key, expected) in &manifest.expected {
        if let Some(floor) = expected.table.as_ref().and_then(|it| it.rows) {
            let about = About { kind: key.0, name: &key.1, tell: &definitions.tell };
            findings.extend(rows(about, floor, definitions));
        }
        if let Some(spec) = &expected.table
            && let Some(actual) = definitions.tables.get(key)
        {
            let about = About { kind: key.0, name: &key.1, tell: &definitions.tell };
            table(about, spec, actual, &mut findings);
        }
        if let Some(definition) = &expected.definition
            && definitions.tell.contains(&Part::Views)
            && let Some(actual) = definitions.views.get(key).and_then(|it| it.definition.as_ref())
            && !same_sql(definition, actual)
        {
            let about = About { kind: key.0, name: &key.1, tell: &definitions.tell };
            let message = format!("{about} has another definition than its manifest's");
            let mut finding = about.finding(FindingKind::ViewChanged, message);
            finding.detail.insert("expected".to_owned(), definition.clone().into());
            finding.detail.insert("actual".to_owned(), actual.clone().into());
            findings.push(finding);
        }
    }
    findings
}

fn table(about: About<'_>, spec: &TableSpec, actual: &Table, findings: &mut Vec<Finding>) {
    columns::compare(about, spec, actual, findings);
    constraints::compare(about, spec, actual, findings);
    indexes::compare(about, spec, actual, findings);
    properties::compare(about, spec, actual, findings);
}

/// Fewer rows than the manifest asks for. Where nobody could count them, the read has a doubt.
fn rows(about: About<'_>, floor: RowFloor, definitions: &Definitions) -> Option<Finding> {
    let (rows, by) = if floor.estimate {
        ((*definitions.estimates.get(about.name)?)?, "about ")
    } else {
        (*definitions.rows.get(about.name)?.as_ref().ok()?, "")
    };
    if rows >= floor.min {
        return None;
    }
    let (min, s) = (floor.min, if rows == 1 { "" } else { "s" });
    let message = format!("{about} holds {by}{rows} row{s}; expected at least {min}");
    let mut finding = about.finding(FindingKind::TooFewRows, message);
    finding.detail.insert("expected".to_owned(), min.into());
    finding.detail.insert("actual".to_owned(), rows.into());
    finding.detail.insert("estimate".to_owned(), floor.estimate.into());
    Some(finding)
}

/// The relation that is compared.
#[derive(Clone, Copy)]
struct About<'a> {
    kind: RelationKind,
    name: &'a RelationName,
    /// The parts that were read.
    tell: &'a BTreeSet<Part>,
}

impl About<'_> {
    fn tells(&self, part: Part) -> bool {
        self.tell.contains(&part)
    }

    fn finding(&self, kind: FindingKind, message: String) -> Finding {
        Finding::new(kind, ObjectKind::from(self.kind), Some(self.name.clone()), message)
    }

    /// A finding about one value that differs: `expected` and `actual` go into its details as they
    /// are.
    fn differs(
        &self,
        kind: FindingKind,
        part: Option<String>,
        what: &str,
        expected: Option<&str>,
        actual: Option<&str>,
    ) -> Finding {
        let of = match &part {
            Some(part) => format!("`{part}` of {self}"),
            None => self.to_string(),
        };
        let message = match (expected, actual) {
            (Some(expected), Some(actual)) => {
                let (is, not) = apart(&quoted(actual), &quoted(expected));
                format!("{what} of {of} is {is}, not {not}")
            }
            (Some(expected), None) => format!("{of} has no {what}; expected {}", shown(expected)),
            (None, Some(actual)) => format!("{of} has {what} {}; expected none", shown(actual)),
            (None, None) => format!("{what} of {of} differs"),
        };
        let mut finding = self.finding(kind, message);
        finding.part = part;
        let value = |text: Option<&str>| text.map_or(serde_json::Value::Null, Into::into);
        finding.detail.insert("expected".to_owned(), value(expected));
        finding.detail.insert("actual".to_owned(), value(actual));
        finding
    }
}

impl std::fmt::Display for About<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// A piece of SQL on one line, with nothing in it that acts.
fn quoted(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("`{}`", crate::schema::visible(line.as_bytes()).replace("\\\\", "\\"))
}

/// The same as messages show it: cut.
pub(super) fn shown(sql: &str) -> String {
    brief(&quoted(sql))
}

/// A text as messages show it, if it is long.
fn brief(text: &str) -> String {
    window(text, 0)
}

/// Two texts as messages show them beside each other: where they are long, from shortly before the
/// first character that differs.
fn apart(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let long = one.chars().count().max(other.chars().count()) > SQL_SHOWN;
    let from = if long && same > SQL_SHOWN / 2 { same - SQL_SHOWN / 4 } else { 0 };
    (window(one, from), window(other, from))
}

/// [`SQL_SHOWN`] characters of a text, from the character `from` on.
fn window(text: &str, from: usize) -> String {
    let lead = if from > 0 { "…" } else { "" };
    let mut rest = text.chars().skip(from);
    let cut: String = rest.by_ref().take(SQL_SHOWN).collect();
    let more = if rest.next().is_some() { "…" } else { "" };
    format!("{lead}{cut}{more}")
}

fn same_sql(expected: &str, actual: &str) -> bool {
    expected == actual || canonical::expression(expected) == canonical::expression(actual)
}

fn same_optional_sql(expected: Option<&String>, actual: Option<&String>) -> bool {
    match (expected, actual) {
        (None, None) => true,
        (Some(expected), Some(actual)) => same_sql(expected, actual),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
