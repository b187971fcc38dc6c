//! What a person at 3 a.m. wants to know beside the finding: the relations around it whose names
//! explain it.

use std::collections::HashMap;

use super::backup;
use crate::manifest::Manifest;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// More names than this in one hint are counted.
const MAX_NAMES: usize = 3;

/// Schema and name without case.
type Folded = (Vec<u8>, Vec<u8>);

/// Both sides of a comparison, to be asked by name.
pub(super) struct Neighbours<'a> {
    manifest: &'a Manifest,
    /// The kinds that the database holds under a name; a view can share its name with nothing, but
    /// two reads of one schema may differ.
    there: HashMap<&'a RelationName, RelationKind>,
    /// Unwanted tables of both kinds, by bare name.
    unwanted_by_name: HashMap<&'a Name, Vec<&'a RelationName>>,
    unwanted_folded: HashMap<Folded, Vec<&'a RelationName>>,
    /// Expected relations, by name, by bare name and without case.
    expected: HashMap<&'a RelationName, RelationKind>,
    expected_by_name: HashMap<&'a Name, Vec<&'a RelationName>>,
    expected_folded: HashMap<Folded, Vec<&'a RelationName>>,
    definitions: &'a Definitions,
    /// Every name on either side, without case, for guesses at copies.
    all_folded: HashMap<Folded, &'a RelationName>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        catalog: &'a Catalog,
        unwanted: impl Iterator<Item = &'a Relation>,
    ) -> Self {
        let there = catalog.relations.iter().map(|it| (&it.name, it.kind)).collect();
        let expected: HashMap<_, _> =
            manifest.expected.keys().map(|(kind, name)| (name, *kind)).collect();
        let mut near = Self {
            manifest,
            definitions: &catalog.definitions,
            there,
            expected,
            unwanted_by_name: HashMap::new(),
            unwanted_folded: HashMap::new(),
            expected_by_name: HashMap::new(),
            expected_folded: HashMap::new(),
            all_folded: HashMap::new(),
        };
        for name in catalog.relations.iter().map(|it| &it.name) {
            let first = near.all_folded.entry(folded(name)).or_insert(name);
            *first = (*first).min(name);
        }
        for it in unwanted.filter(|it| is_table(it.kind)) {
            near.unwanted_by_name.entry(&it.name.name).or_default().push(&it.name);
            near.unwanted_folded.entry(folded(&it.name)).or_default().push(&it.name);
        }
        for (kind, name) in manifest.expected.keys() {
            // The expected one explains a copy better than an actual one that differs in case.
            near.all_folded.insert(folded(name), name);
            if is_table(*kind) {
                near.expected_by_name.entry(&name.name).or_default().push(name);
                near.expected_folded.entry(folded(name)).or_default().push(name);
            }
        }
        near
    }

    /// Hints on a relation that is there and should not be.
    pub(super) fn of_unwanted(&self, relation: &Relation) -> Vec<String> {
        let name = &relation.name;
        let manifest = &self.manifest.name;
        let mut hints = Vec::new();
        if let Some(kind) = self.expected.get(name).filter(|it| **it != relation.kind) {
            hints.push(format!("manifest `{manifest}` expects a {kind} of this name"));
        }
        if !is_table(relation.kind) {
            return hints;
        }
        if let Some(other) = other_case(&self.expected_folded, name) {
            hints.push(case_only(name, other, "which is expected"));
        }
        if let Some(schemas) = other_schemas(&self.expected_by_name, name) {
            hints.push(format!("manifest `{manifest}` expects a table of this name in {schemas}"));
        }
        hints
    }

    /// Hints on an expected relation that is not there.
    pub(super) fn of_missing(&self, kind: RelationKind, name: &RelationName) -> Vec<String> {
        let mut hints = Vec::new();
        if let Some(other) = self.there.get(name).filter(|it| **it != kind) {
            hints.push(format!("a {other} of this name is here"));
        }
        if !is_table(kind) {
            return hints;
        }
        if let Some(other) = other_case(&self.unwanted_folded, name) {
            hints.push(case_only(name, other, "which is here"));
        }
        if let Some(schemas) = other_schemas(&self.unwanted_by_name, name) {
            hints.push(format!("a table of this name is in {schemas}"));
        }
        if let Some(other) = self.renamed(kind, name) {
            hints.push(format!("perhaps renamed: `{other}` has its columns and is not expected"));
        }
        hints
    }

    /// The one unwanted table that has exactly the columns which are declared of a missing one.
    fn renamed(&self, kind: RelationKind, name: &RelationName) -> Option<&'a RelationName> {
        let expected = self.manifest.expects(kind, name)?;
        let columns = expected.table.as_ref()?.columns.as_ref()?;
        if columns.listed.is_empty() || !self.definitions.tell.contains(&Part::Columns) {
            return None;
        }
        let fits = |it: &&&'a RelationName| {
            let Some(there) = self.definitions.tables.get(&(kind, (**it).clone())) else {
                return false;
            };
            there.columns.len() == columns.listed.len()
                && there.columns.iter().all(|column| {
                    let said = columns.listed.get(&column.name);
                    said.is_some_and(|it| {
                        it.type_name.as_ref().is_none_or(|it| *it == column.type_name)
                    })
                })
        };
        let mut fitting = self.unwanted_by_name.values().flatten().filter(fits);
        let first = fitting.next()?;
        fitting.next().is_none().then_some(*first)
    }

    /// The table in the same schema that `name` looks like a copy of. SQL without quotes makes its
    /// copies in lower case, so case does not count.
    pub(super) fn original_of(&self, name: &RelationName) -> Option<&'a RelationName> {
        backup::originals(name.name.as_bytes()).into_iter().find_map(|original| {
            let original =
                RelationName { schema: name.schema.clone(), name: Name::from_bytes(original) };
            self.all_folded.get(&folded(&original)).copied()
        })
    }
}

fn is_table(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Table | RelationKind::ForeignTable)
}

fn folded(name: &RelationName) -> Folded {
    (name.schema.folded(), name.name.folded())
}

/// The first name in byte order that differs from `name` in case only.
fn other_case<'a>(
    by_folded: &HashMap<Folded, Vec<&'a RelationName>>,
    name: &RelationName,
) -> Option<&'a RelationName> {
    by_folded.get(&folded(name))?.iter().copied().filter(|it| *it != name).min()
}

fn case_only(name: &RelationName, other: &RelationName, what: &str) -> String {
    format!(
        "differs from `{other}`, {what}, in case only; Prisma quotes names, so `{other}` and `{name}` \
         are two tables"
    )
}

/// The schemas other than its own in which `name` stands, in words.
fn other_schemas(
    by_name: &HashMap<&Name, Vec<&RelationName>>,
    name: &RelationName,
) -> Option<String> {
    let others = by_name.get(&name.name)?.iter().filter(|it| it.schema != name.schema);
    let mut schemas: Vec<_> = others.map(|it| format!("`{}`", it.schema)).collect();
    if schemas.is_empty() {
        return None;
    }
    schemas.sort();
    let more = schemas.len().saturating_sub(MAX_NAMES);
    schemas.truncate(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let word = if schemas.len() == 1 { "schema" } else { "schemas" };
    Some(format!("{word} {}{more}", schemas.join(", ")))
}
