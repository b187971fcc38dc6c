//! Keys, what is unique, foreign keys, checks and exclusions.

use std::fmt::Write as _;

use super::About;
use super::pair;
use super::pair::List;
use super::pair::Member;
use super::quoted;
use super::same_sql;
use crate::canonical;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::TableSpec;
use crate::schema::Action;
use crate::schema::Check;
use crate::schema::Exclusion;
use crate::schema::ForeignKey;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::Table;

const PRIMARY_KEY: List = List { kind: FindingKind::PrimaryKeyChanged, noun: "primary key" };
const UNIQUE: List = List { kind: FindingKind::UniqueChanged, noun: "unique" };
const FOREIGN_KEY: List = List { kind: FindingKind::ForeignKeyChanged, noun: "foreign key" };
const CHECK: List = List { kind: FindingKind::CheckChanged, noun: "check" };
const EXCLUSION: List = List { kind: FindingKind::ExclusionChanged, noun: "exclusion" };

pub(super) fn compare(
    about: About<'_>,
    spec: &TableSpec,
    actual: &Table,
    findings: &mut Vec<Finding>,
) {
    if about.tells(Part::Keys) {
        if let Some(expected) = &spec.primary_key {
            let (expected, actual) = (expected.as_slice(), actual.primary_key.as_slice());
            pair::compare(about, PRIMARY_KEY, expected, actual, findings);
        }
        if let Some(expected) = &spec.unique {
            pair::compare(about, UNIQUE, expected, &actual.unique, findings);
        }
        if let Some(columns) = &spec.unique_somehow {
            unique_somehow(about, columns, actual, findings);
        }
    }
    if let Some(expected) = spec.foreign_keys.as_ref().filter(|_| about.tells(Part::ForeignKeys)) {
        pair::compare(about, FOREIGN_KEY, expected, &actual.foreign_keys, findings);
    }
    if about.tells(Part::Checks) {
        if let Some(expected) = &spec.checks {
            pair::compare(about, CHECK, expected, &actual.checks, findings);
        }
        if let Some(expected) = &spec.exclusions {
            pair::compare(about, EXCLUSION, expected, &actual.exclusions, findings);
        }
    }
}

/// A primary key or anything that is unique over exactly these columns, in whatever order: `(a, b)`
/// is unique when `(b, a)` is.
fn unique_somehow(about: About<'_>, columns: &[Name], actual: &Table, findings: &mut Vec<Finding>) {
    let wanted = sorted(columns);
    let mut keys = actual.primary_key.iter().chain(&actual.unique);
    if keys.any(|it| sorted(&it.columns) == wanted) {
        return;
    }
    let spelled = listed(columns);
    let message =
        format!("nothing makes {spelled} of {about} unique: no primary key, no unique index");
    let mut finding = about.finding(FindingKind::UniqueChanged, message).of_part(spelled.clone());
    finding.detail.insert("change".to_owned(), "missing".into());
    finding.detail.insert("expected".to_owned(), spelled.into());
    findings.push(finding);
}

fn sorted(columns: &[Name]) -> Vec<&Name> {
    let mut columns: Vec<&Name> = columns.iter().collect();
    columns.sort_unstable();
    columns
}

/// `(a, b)`
pub(super) fn listed(columns: &[Name]) -> String {
    let columns: Vec<String> = columns.iter().map(Name::visible).collect();
    format!("({})", columns.join(", "))
}

impl Member for Key {
    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn says_the_same(&self, actual: &Self) -> bool {
        self.columns == actual.columns
            && self.include == actual.include
            && self.nulls_not_distinct == actual.nulls_not_distinct
    }

    fn is_alike(&self, actual: &Self) -> bool {
        sorted(&self.columns) == sorted(&actual.columns)
    }

    fn spelled(&self) -> String {
        let mut text = listed(&self.columns);
        if !self.include.is_empty() {
            text.push_str(" include ");
            text.push_str(&listed(&self.include));
        }
        if self.nulls_not_distinct {
            text.push_str(" nulls not distinct");
        }
        text
    }
}

impl Member for ForeignKey {
    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn says_the_same(&self, actual: &Self) -> bool {
        // Left out, they are the primary key of the other table, which is what the catalog names.
        let references = self.references.is_empty() || self.references == actual.references;
        references
            && self.columns == actual.columns
            && self.table == actual.table
            && (self.on_update, self.on_delete) == (actual.on_update, actual.on_delete)
            && self.match_full == actual.match_full
            && (self.deferrable, self.initially_deferred)
                == (actual.deferrable, actual.initially_deferred)
    }

    fn is_alike(&self, actual: &Self) -> bool {
        self.columns == actual.columns
    }

    fn spelled(&self) -> String {
        let mut text = format!("{} to {}", listed(&self.columns), self.table.visible());
        if !self.references.is_empty() {
            text.push(' ');
            text.push_str(&listed(&self.references));
        }
        for (when, action) in [("update", self.on_update), ("delete", self.on_delete)] {
            if action != Action::NoAction {
                let _ = write!(text, " on {when} {}", action.word().replace('_', " "));
            }
        }
        for (is, word) in [
            (self.match_full, " match full"),
            (self.deferrable, " deferrable"),
            (self.initially_deferred, " initially deferred"),
        ] {
            text.push_str(if is { word } else { "" });
        }
        text
    }
}

impl Member for Check {
    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn says_the_same(&self, actual: &Self) -> bool {
        same_sql(&self.expression, &actual.expression)
    }

    fn is_alike(&self, _: &Self) -> bool {
        false
    }

    fn spelled(&self) -> String {
        quoted(&self.expression)
    }
}

impl Member for Exclusion {
    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn says_the_same(&self, actual: &Self) -> bool {
        // Only the condition is an expression; the rest is spelt by the server, or as the server does.
        let parts = |it: &Self| {
            let (rest, condition) = match it.definition.split_once(" WHERE ") {
                Some((rest, condition)) => (rest, condition.to_owned()),
                None => (it.definition.as_str(), String::new()),
            };
            (canonical::expression(rest), canonical::expression(&condition))
        };
        self.definition == actual.definition || parts(self) == parts(actual)
    }

    fn is_alike(&self, _: &Self) -> bool {
        false
    }

    fn spelled(&self) -> String {
        quoted(&self.definition)
    }
}
