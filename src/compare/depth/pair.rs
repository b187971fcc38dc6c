//! Pairs what is expected with what is there: by name, then by content, then by likeness.
//!
//! Every list of a table (keys, foreign keys, checks, indexes) is compared by this one rule, so that
//! they all answer alike.

use super::About;
use super::apart;
use super::brief;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::schema::Name;

/// One member of such a list.
pub(super) trait Member {
    /// Its name, where it has one.
    fn name(&self) -> Option<&Name>;
    /// Whether it says the same as one that is there, whatever their names.
    fn says_the_same(&self, actual: &Self) -> bool;
    /// Whether it is about the same columns, so that one is the other changed.
    fn is_alike(&self, actual: &Self) -> bool;
    /// What it says, for people.
    fn spelled(&self) -> String;
}

/// What the members of a list are called, and which kind their findings are.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) kind: FindingKind,
    /// "foreign key"
    pub(super) noun: &'static str,
}

/// One finding for each member that is missing, unexpected, changed or called otherwise.
pub(super) fn compare<M: Member>(
    about: About<'_>,
    list: List,
    expected: &[M],
    actual: &[M],
    findings: &mut Vec<Finding>,
) {
    let mut left: Vec<&M> = actual.iter().collect();
    let mut unpaired = Vec::new();
    for it in expected {
        let by_name =
            left.iter().position(|other| it.name().is_some() && other.name() == it.name());
        match by_name {
            Some(at) => {
                let other = left.remove(at);
                if !it.says_the_same(other) {
                    findings.push(changed(about, list, it, other));
                }
            }
            None => unpaired.push(it),
        }
    }
    let mut missing = Vec::new();
    for it in unpaired {
        match left.iter().position(|other| it.says_the_same(other)) {
            Some(at) => {
                let other = left.remove(at);
                if it.name().is_some() {
                    findings.push(renamed(about, list, it, other));
                }
            }
            None => missing.push(it),
        }
    }
    for it in missing {
        let alike = it.name().is_none().then(|| left.iter().position(|other| it.is_alike(other)));
        match alike.flatten() {
            Some(at) => findings.push(changed(about, list, it, left.remove(at))),
            None => findings.push(lone(about, list, it, true)),
        }
    }
    findings.extend(left.into_iter().map(|it| lone(about, list, it, false)));
}

/// How findings and `known` call a member: by its name, or by what it says.
fn part<M: Member>(it: &M) -> String {
    it.name().map_or_else(|| it.spelled(), Name::visible)
}

fn called<M: Member>(list: List, it: &M) -> String {
    match it.name() {
        Some(name) => format!("{} `{name}` {}", list.noun, brief(&it.spelled())),
        None => format!("{} {}", list.noun, brief(&it.spelled())),
    }
}

fn lone<M: Member>(about: About<'_>, list: List, it: &M, missing: bool) -> Finding {
    let (is, word) =
        if missing { ("is missing", "missing") } else { ("is not expected", "unexpected") };
    let message = format!("{} of {about} {is}", called(list, it));
    let mut finding = about.finding(list.kind, message).of_part(part(it));
    finding.detail.insert("change".to_owned(), word.into());
    let side = if missing { "expected" } else { "actual" };
    finding.detail.insert(side.to_owned(), it.spelled().into());
    finding
}

fn changed<M: Member>(about: About<'_>, list: List, expected: &M, actual: &M) -> Finding {
    let name = actual.name().map_or_else(String::new, |it| format!(" `{it}`"));
    let (is, not) = apart(&actual.spelled(), &expected.spelled());
    let message = format!("{}{name} of {about} is {is}, not {not}", list.noun);
    let mut finding = about.finding(list.kind, message).of_part(part(actual));
    finding.detail.insert("change".to_owned(), "changed".into());
    finding.detail.insert("expected".to_owned(), expected.spelled().into());
    finding.detail.insert("actual".to_owned(), actual.spelled().into());
    finding
}

fn renamed<M: Member>(about: About<'_>, list: List, expected: &M, actual: &M) -> Finding {
    let message = format!(
        "{} {} of {about} is called `{}`, not `{}`",
        list.noun,
        brief(&actual.spelled()),
        part(actual),
        part(expected)
    );
    let mut finding = about.finding(list.kind, message).of_part(part(expected));
    finding.detail.insert("change".to_owned(), "renamed".into());
    finding.detail.insert("expected".to_owned(), part(expected).into());
    finding.detail.insert("actual".to_owned(), part(actual).into());
    finding
}
