//! The relations of a manifest in the order in which they are told: by kind, then by schema.

use crate::manifest::Expected;
use crate::manifest::Manifest;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// The kinds in their order, with what a section about one is called.
pub const KINDS: [(RelationKind, &str); 4] = [
    (RelationKind::Table, "Tables"),
    (RelationKind::ForeignTable, "Foreign tables"),
    (RelationKind::View, "Views"),
    (RelationKind::MaterializedView, "Materialized views"),
];

/// The relations of one kind in one schema, by name.
#[derive(Clone, Debug)]
pub struct InSchema<'a> {
    pub schema: &'a Name,
    pub relations: Vec<(&'a RelationName, &'a Expected)>,
}

/// The relations of one kind, by schema.
#[must_use]
pub fn by_schema(manifest: &Manifest, kind: RelationKind) -> Vec<InSchema<'_>> {
    let mut all: Vec<InSchema<'_>> = Vec::new();
    let of_kind = manifest.expected.iter().filter(|((it, _), _)| *it == kind);
    // Sorted by schema, then by name.
    for ((_, name), it) in of_kind {
        match all.last_mut().filter(|last| *last.schema == name.schema) {
            Some(last) => last.relations.push((name, it)),
            None => all.push(InSchema { schema: &name.schema, relations: vec![(name, it)] }),
        }
    }
    all
}

/// Whether it has to be said which schema relations are in: not where all are in `public`.
#[must_use]
pub fn are_headed(schemas: &[InSchema<'_>]) -> bool {
    schemas.len() > 1 || schemas.iter().any(|it| !it.schema.is_public())
}

/// Whether a kind of which nothing is listed is compared all the same. Of tables that is said in
/// [`super::compared`].
#[must_use]
pub fn none_may_be_there(manifest: &Manifest, kind: RelationKind) -> bool {
    let is_told = !matches!(kind, RelationKind::Table | RelationKind::ForeignTable);
    is_told && manifest.compares(kind)
}

/// Whether nothing but its name is declared.
#[must_use]
pub fn is_plain(it: &Expected) -> bool {
    it.table.is_none() && it.definition.is_none()
}
