//! Columns: those that are missing or should not be there, and what differs in those that are.
//!
//! Their order is not compared: PostgreSQL cannot reorder columns, so a difference there is history.

use std::collections::BTreeMap;

use super::About;
use super::same_sql;
use crate::canonical;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::ColumnSpec;
use crate::manifest::TableSpec;
use crate::schema::Column;
use crate::schema::Identity;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::Table;

pub(super) fn compare(
    about: About<'_>,
    spec: &TableSpec,
    actual: &Table,
    findings: &mut Vec<Finding>,
) {
    let Some(columns) = spec.columns.as_ref().filter(|_| about.tells(Part::Columns)) else {
        return;
    };
    let there: BTreeMap<&Name, &Column> = actual.columns.iter().map(|it| (&it.name, it)).collect();
    let unlisted: Vec<&Column> =
        actual.columns.iter().filter(|it| !columns.listed.contains_key(&it.name)).collect();
    let missing: Vec<(&Name, &ColumnSpec)> =
        columns.listed.iter().filter(|(name, _)| !there.contains_key(name)).collect();
    for (name, spec) in &missing {
        let message = match &spec.type_name {
            Some(it) => format!("column `{name}` ({it}) of {about} is missing"),
            None => format!("column `{name}` of {about} is missing"),
        };
        let mut finding =
            about.finding(FindingKind::MissingColumn, message).of_part(name.visible());
        if let Some(it) = renamed(name, spec, &unlisted) {
            finding
                .hints
                .push(format!("perhaps renamed: `{}` has its type and is not expected", it.name));
        }
        findings.push(finding);
    }
    for it in unlisted.iter().filter(|_| !columns.at_least) {
        let message = format!("column `{}` ({}) of {about} is not expected", it.name, it.type_name);
        let mut finding =
            about.finding(FindingKind::UnexpectedColumn, message).of_part(it.name.visible());
        finding.detail.insert("type".to_owned(), it.type_name.clone().into());
        let folded = it.name.folded();
        if let Some((name, _)) = missing.iter().find(|(name, _)| name.folded() == folded) {
            finding.hints.push(format!("differs from `{name}` in case only"));
        }
        findings.push(finding);
    }
    for (name, spec) in &columns.listed {
        if let Some(actual) = there.get(name) {
            column(about, name, spec, actual, findings);
        }
    }
}

/// The one column that could be the missing one under another name.
fn renamed<'a>(name: &Name, spec: &ColumnSpec, unlisted: &[&'a Column]) -> Option<&'a Column> {
    if let Some(same) = unlisted.iter().find(|it| it.name.folded() == name.folded()) {
        return Some(same);
    }
    let wanted = spec.type_name.as_ref()?;
    let mut fitting = unlisted.iter().filter(|it| {
        same_type(wanted, &it.type_name) && spec.nullable.is_none_or(|null| null == it.nullable)
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

fn column(
    about: About<'_>,
    name: &Name,
    spec: &ColumnSpec,
    actual: &Column,
    findings: &mut Vec<Finding>,
) {
    let part = || Some(name.visible());
    let mut differs = |kind, what: &str, expected: Option<&str>, actual: Option<&str>| {
        findings.push(about.differs(kind, part(), what, expected, actual));
    };
    if let Some(it) = spec.type_name.as_ref().filter(|it| !same_type(it, &actual.type_name)) {
        differs(FindingKind::ColumnTypeChanged, "type", Some(it), Some(&actual.type_name));
    }
    if spec.nullable.is_some_and(|it| it != actual.nullable) {
        let word = |nullable: bool| if nullable { "null" } else { "not null" };
        let (expected, actual) = (word(!actual.nullable), word(actual.nullable));
        differs(FindingKind::NullabilityChanged, "nullability", Some(expected), Some(actual));
    }
    if let Some(it) = spec.identity.filter(|it| *it != actual.identity) {
        let (expected, actual) = (it.map(Identity::word), actual.identity.map(Identity::word));
        differs(FindingKind::IdentityChanged, "identity", expected, actual);
    }
    if let Some(it) = &spec.collation
        && it.as_deref().map(collation) != actual.collation.as_deref().map(collation)
    {
        let kind = FindingKind::CollationChanged;
        differs(kind, "collation", it.as_deref(), actual.collation.as_deref());
    }
    if !about.tells(Part::Defaults) {
        return;
    }
    if let Some(it) = &spec.default
        && !same_default(it.as_deref(), actual.default.as_deref(), &actual.type_name)
    {
        differs(FindingKind::DefaultChanged, "default", it.as_deref(), actual.default.as_deref());
    }
    if let Some(it) = &spec.generated {
        let same = match (it, &actual.generated) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                one.stored == other.stored && same_sql(&one.expression, &other.expression)
            }
            _ => false,
        };
        if !same {
            let said = |it: &crate::schema::Generated| {
                let when = if it.stored { "stored" } else { "virtual" };
                format!("{} {when}", it.expression)
            };
            let (expected, actual) = (it.as_ref().map(said), actual.generated.as_ref().map(said));
            let kind = FindingKind::GeneratedChanged;
            differs(kind, "generated value", expected.as_deref(), actual.as_deref());
        }
    }
}

/// A default of `null` is none.
fn same_default(expected: Option<&str>, actual: Option<&str>, type_name: &str) -> bool {
    let form = |it: Option<&str>| it.and_then(|it| canonical::default_value(it, type_name));
    expected == actual || form(expected) == form(actual)
}

fn same_type(expected: &str, actual: &str) -> bool {
    expected == actual || canonical::type_name(actual).is_ok_and(|it| it == expected)
}

/// `pg_catalog."C"`, `"C"` and `C` are one collation.
fn collation(text: &str) -> String {
    let text = text.strip_prefix("pg_catalog.").unwrap_or(text);
    text.strip_prefix("public.").unwrap_or(text).trim_matches('"').to_owned()
}
