//! Expected beside actual: one row for each relation that a manifest lists or a report names. Pure.
//!
//! A report holds differences only. So what is listed and has no finding is as expected, where the read
//! was complete; what is left out or ignored is in neither column.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::finding::ObjectKind;
use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::report::Report;

/// What is the matter with one row; the worst of its findings decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Same,
    /// Something of it differs.
    Changed,
    /// It is listed and not there.
    Missing,
    /// It is there and should not be.
    Extra,
}

/// One relation, or another object that has a name.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) sign: Sign,
    pub(super) object: ObjectKind,
    /// Visible, schema `public` left out.
    pub(super) name: String,
    /// What the manifest says of it; `None` where it says nothing, or where it is no relation.
    pub(super) listed: Option<&'a Expected>,
    pub(super) findings: Vec<&'a Finding>,
}

/// Every row, by name.
#[derive(Debug)]
pub(super) struct Diff<'a> {
    pub(super) differing: Vec<Row<'a>>,
    pub(super) same: Vec<Row<'a>>,
    /// Findings about the database as a whole.
    pub(super) whole: Vec<&'a Finding>,
}

/// Lays what `manifest` lists beside what `report` names.
pub(super) fn diff<'a>(manifest: &'a Manifest, report: Option<&'a Report>) -> Diff<'a> {
    let findings = report.map_or(&[][..], |it| &it.findings);
    let none_is_there = findings.iter().any(Finding::stands_for_missing);
    let mut rows: BTreeMap<(String, ObjectKind), Row<'a>> = BTreeMap::new();
    for ((kind, name), listed) in &manifest.expected {
        if !manifest.compares(*kind) || manifest.forbid.matching(name).is_some() {
            continue;
        }
        let (name, object) = (name.visible(), ObjectKind::from(*kind));
        let missing = none_is_there && object == ObjectKind::Table && !listed.optional;
        let sign = if missing { Sign::Missing } else { Sign::Same };
        let row = Row { sign, object, name: name.clone(), listed: Some(listed), findings: vec![] };
        rows.insert((name, object), row);
    }
    let mut whole = Vec::new();
    for finding in findings {
        let Some(name) = name(finding) else {
            whole.push(finding);
            continue;
        };
        let object = finding.object;
        let row = rows.entry((name.clone(), object)).or_insert_with(|| Row {
            sign: Sign::Same,
            object,
            name,
            listed: None,
            findings: Vec::new(),
        });
        row.sign = row.sign.max(sign(finding));
        row.findings.push(finding);
    }
    let (same, differing) = rows.into_values().partition(|it| it.sign == Sign::Same);
    Diff { differing, same, whole }
}

/// The object that a finding is about, as its row is called.
fn name(finding: &Finding) -> Option<String> {
    if finding.object == ObjectKind::Database {
        return None;
    }
    match (&finding.name, &finding.part) {
        // Functions of one name are told apart by what they take.
        (Some(name), Some(part)) if finding.object == ObjectKind::Function => {
            Some(format!("{}{part}", name.visible()))
        }
        (Some(name), _) => Some(name.visible()),
        (None, part) => part.clone(),
    }
}

fn sign(finding: &Finding) -> Sign {
    let relation = matches!(
        finding.object,
        ObjectKind::Table
            | ObjectKind::ForeignTable
            | ObjectKind::View
            | ObjectKind::MaterializedView
    );
    // `unexpected_column` is about a part of what is there.
    if relation && finding.part.is_some() {
        return Sign::Changed;
    }
    let word = finding.kind.word();
    match () {
        () if finding.kind.is_unexpected() || word.starts_with("unexpected_") => Sign::Extra,
        () if word.starts_with("missing_") => Sign::Missing,
        () => Sign::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingKind;
    use crate::http::screen::pages::database::sample::report;
    use crate::manifest;
    use crate::schema::RelationName;

    fn manifest() -> Manifest {
        let text = "manifest: central\ntables: [User, Customer, billing.Invoice]\nviews: [v]\n";
        let today = jiff::civil::date(2026, 11, 24);
        manifest::read(std::path::Path::new("central.yaml"), text, today).unwrap()
    }

    fn finding(kind: FindingKind, object: ObjectKind, name: Option<&str>) -> Finding {
        Finding::new(kind, object, name.map(|it| RelationName::parse(it).unwrap()), "m")
    }

    fn shown(rows: &[Row<'_>]) -> Vec<(Sign, String, usize)> {
        rows.iter().map(|it| (it.sign, it.name.clone(), it.findings.len())).collect()
    }

    #[test]
    fn what_is_listed_stands_beside_what_was_found() {
        let manifest = manifest();
        let report = report(vec![
            finding(FindingKind::UnexpectedTable, ObjectKind::Table, Some("Musician")),
            finding(FindingKind::MissingTable, ObjectKind::Table, Some("Customer")),
            finding(FindingKind::UnexpectedColumn, ObjectKind::Table, Some("User")).of_part("age"),
            finding(FindingKind::MissingColumn, ObjectKind::Table, Some("User")).of_part("id"),
            finding(FindingKind::MissingExtension, ObjectKind::Extension, None).of_part("citext"),
            finding(FindingKind::UnexpectedFunction, ObjectKind::Function, Some("f"))
                .of_part("(integer)"),
            finding(FindingKind::DatabaseReset, ObjectKind::Database, None),
        ]);
        let diff = diff(&manifest, Some(&report));
        let want = [
            (Sign::Missing, "Customer", 1),
            (Sign::Extra, "Musician", 1),
            (Sign::Changed, "User", 2),
            (Sign::Missing, "citext", 1),
            (Sign::Extra, "f(integer)", 1),
        ];
        let want: Vec<_> =
            want.into_iter().map(|(sign, name, n)| (sign, name.to_owned(), n)).collect();
        assert_eq!(shown(&diff.differing), want);
        let same = [(Sign::Same, "billing.Invoice".to_owned(), 0), (Sign::Same, "v".to_owned(), 0)];
        assert_eq!(shown(&diff.same), same);
        assert_eq!(diff.whole.len(), 1);
    }

    #[test]
    fn where_none_is_there_every_listed_table_is_missing() {
        let manifest = manifest();
        let all = finding(FindingKind::WrongDatabase, ObjectKind::Database, None);
        let report = report(vec![all]);
        let diff = diff(&manifest, Some(&report));
        assert!(diff.differing.iter().all(|it| it.sign == Sign::Missing));
        assert_eq!(diff.differing.len(), 3);
        assert_eq!(diff.same.len(), 1, "a view says nothing of the tables");
        assert_eq!(diff.whole.len(), 1);
    }

    #[test]
    fn without_a_report_only_what_is_expected_is_there() {
        let manifest = manifest();
        assert_eq!(diff(&manifest, None).same.len(), 4);
    }
}
