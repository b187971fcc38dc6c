//! Indexes that are not there for a constraint.
//!
//! A unique index over plain columns is a key in all but name, and a catalog lists it among what is
//! unique. A manifest may list it among its indexes all the same: then it is looked for there.

use std::fmt::Write as _;

use super::About;
use super::constraints::listed;
use super::pair;
use super::pair::List;
use super::pair::Member;
use super::quoted;
use super::same_optional_sql;
use super::same_sql;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::TableSpec;
use crate::schema::Index;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::Table;

const INDEX: List = List { kind: FindingKind::IndexChanged, noun: "index" };

pub(super) fn compare(
    about: About<'_>,
    spec: &TableSpec,
    actual: &Table,
    findings: &mut Vec<Finding>,
) {
    let Some(expected) = spec.indexes.as_ref().filter(|_| about.tells(Part::Indexes)) else {
        return;
    };
    let mut there = actual.indexes.clone();
    for it in expected.iter().filter(|it| it.as_key().is_some()) {
        there.extend(actual.unique.iter().find(|key| is_this(it, key)).map(as_index));
    }
    pair::compare(about, INDEX, expected, &there, findings);
    for it in actual.indexes.iter().filter(|it| !it.valid) {
        let spelled = it.spelled();
        let name = it.name.as_ref().map_or(spelled, Name::visible);
        let message = format!(
            "index `{name}` of {about} is invalid: a `create index concurrently` failed and left it \
             behind"
        );
        let mut finding = about.finding(FindingKind::IndexChanged, message);
        // Beside what else there may be to say of it.
        finding.part = Some(format!("{name} (invalid)"));
        finding.detail.insert("change".to_owned(), "invalid".into());
        finding.hints.push("drop it, and create it again".to_owned());
        findings.push(finding);
    }
}

fn is_this(index: &Index, key: &Key) -> bool {
    let same_name = index.name.is_some() && index.name == key.name;
    same_name || index.as_key().as_ref() == Some(&key.columns)
}

fn as_index(key: &Key) -> Index {
    Index {
        unique: true,
        include: key.include.clone(),
        nulls_not_distinct: key.nulls_not_distinct,
        ..Index::over(key.name.clone(), key.columns.iter().cloned())
    }
}

impl Member for Index {
    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn says_the_same(&self, actual: &Self) -> bool {
        self.unique == actual.unique
            && self.method == actual.method
            && self.include == actual.include
            && self.nulls_not_distinct == actual.nulls_not_distinct
            && self.keys.len() == actual.keys.len()
            && self.keys.iter().zip(&actual.keys).all(|(one, other)| same_key(one, other))
            && same_optional_sql(self.predicate.as_ref(), actual.predicate.as_ref())
    }

    fn is_alike(&self, actual: &Self) -> bool {
        let on = |it: &Self| it.keys.iter().map(|it| it.on.clone()).collect::<Vec<_>>();
        on(self) == on(actual)
    }

    fn spelled(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(spelled).collect();
        let mut text = String::new();
        text.push_str(if self.unique { "unique " } else { "" });
        if self.method != "btree" {
            text.push_str(&self.method);
            text.push(' ');
        }
        let _ = write!(text, "({})", keys.join(", "));
        if !self.include.is_empty() {
            let _ = write!(text, " include {}", listed(&self.include));
        }
        text.push_str(if self.nulls_not_distinct { " nulls not distinct" } else { "" });
        if let Some(predicate) = &self.predicate {
            let _ = write!(text, " where {}", quoted(predicate));
        }
        text
    }
}

fn same_key(expected: &IndexKey, actual: &IndexKey) -> bool {
    let on = match (&expected.on, &actual.on) {
        (IndexedOn::Column(one), IndexedOn::Column(other)) => one == other,
        (IndexedOn::Expression(one), IndexedOn::Expression(other)) => same_sql(one, other),
        _ => false,
    };
    on && expected.descending == actual.descending
        && expected.nulls_first == actual.nulls_first
        && same_class(expected.operator_class.as_ref(), actual.operator_class.as_ref())
        && same_collation(expected, actual)
}

/// An expression has a collation of its own, which a catalog tells and SQL need not: where none is
/// declared, it is that.
fn same_collation(expected: &IndexKey, actual: &IndexKey) -> bool {
    let is_expression = matches!(expected.on, IndexedOn::Expression(_));
    expected.collation == actual.collation || (is_expression && expected.collation.is_none())
}

/// An operator class with or without its schema; an importer may name the default of its type, which
/// a catalog leaves out, only where it cannot know better.
fn same_class(expected: Option<&String>, actual: Option<&String>) -> bool {
    let bare = |it: &String| it.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
    expected.map(bare) == actual.map(bare)
}

fn spelled(key: &IndexKey) -> String {
    let mut text = match &key.on {
        IndexedOn::Column(name) => name.visible(),
        IndexedOn::Expression(sql) => quoted(sql),
    };
    for word in [&key.collation, &key.operator_class].into_iter().flatten() {
        text.push(' ');
        text.push_str(word);
    }
    text.push_str(if key.descending { " desc" } else { "" });
    if key.nulls_first != key.descending {
        text.push_str(if key.nulls_first { " nulls first" } else { " nulls last" });
    }
    text
}
