//! Which databases of a fleet hold the same, and what the others hold otherwise. Pure.
//!
//! Two databases have one shape where `snapshot` would print the same manifest of both: so what a shape
//! is, is said once, and whatever presets leave out is left out here, too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::civil::Date;

use super::Accepted;
use super::compare;
use crate::finding::Finding;
use crate::manifest;
use crate::manifest::Depth;
use crate::manifest::Manifest;
use crate::manifest::Presets;
use crate::schema::Catalog;
use crate::yaml::Mistake;

/// Databases that hold the same.
#[derive(Debug)]
pub struct Shape {
    /// Their numbers, ascending: whatever the caller counts them by.
    pub members: Vec<usize>,
    /// What the first of them holds, which stands for all. What presets leave out of it, others may lack.
    pub catalog: Catalog,
}

/// Sorts databases by what they hold, one at a time: of each shape one catalog is kept.
#[derive(Debug)]
pub struct Shapes {
    depth: Depth,
    /// By what a manifest of it says.
    found: HashMap<String, Shape>,
}

impl Shapes {
    /// None so far. `depth`: how closely databases are looked at.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self { depth, found: HashMap::new() }
    }

    /// Takes a database. Its read must be complete: half a database would be a shape of its own.
    pub fn add(&mut self, member: usize, catalog: Catalog) {
        let text = manifest::print("shape", &catalog, &Presets::default(), self.depth);
        // Comments say whose it is and how it was read.
        let key: Vec<&str> = text.lines().filter(|it| !it.starts_with('#')).collect();
        match self.found.entry(key.join("\n")) {
            Entry::Vacant(it) => {
                it.insert(Shape { members: vec![member], catalog });
            }
            Entry::Occupied(mut it) => {
                let shape = it.get_mut();
                // The first of them stands for all, whichever was read first.
                if shape.members.iter().all(|it| *it > member) {
                    shape.catalog = catalog;
                }
                shape.members.push(member);
            }
        }
    }

    /// The shapes, the most common first.
    #[must_use]
    pub fn sorted(self) -> Vec<Shape> {
        let mut shapes: Vec<Shape> = self.found.into_values().collect();
        for it in &mut shapes {
            it.members.sort_unstable();
        }
        shapes.sort_unstable_by_key(|it| {
            (std::cmp::Reverse(it.members.len()), it.members.first().copied())
        });
        shapes
    }
}

impl Shape {
    /// A manifest of it, as a file.
    #[must_use]
    pub fn text(&self, name: &str, depth: Depth) -> String {
        manifest::print(name, &self.catalog, &Presets::default(), depth)
    }

    /// The same, read.
    ///
    /// # Errors
    ///
    /// Where there is more of it than a manifest may say.
    pub fn manifest(&self, depth: Depth, today: Date) -> Result<Manifest, Vec<Mistake>> {
        manifest::read(std::path::Path::new("shape.yaml"), &self.text("shape", depth), today)
    }

    /// What databases of this shape have otherwise than `manifest` says, the worst first.
    #[must_use]
    pub fn differs_from(&self, manifest: &Manifest, today: Date) -> Vec<Finding> {
        differs(&self.catalog, manifest, today)
    }
}

/// What `catalog` has otherwise than `manifest` says, the worst first, with nothing accepted but what the
/// manifest accepts.
#[must_use]
pub fn differs(catalog: &Catalog, manifest: &Manifest, today: Date) -> Vec<Finding> {
    let severities = std::collections::BTreeMap::new();
    let accepted = Accepted { known: &[], severities: &severities };
    compare(manifest, &accepted, catalog, today).findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Aside;
    use crate::schema::AsideBy;
    use crate::schema::Definitions;
    use crate::schema::Name;
    use crate::schema::Relation;
    use crate::schema::RelationKind;
    use crate::schema::RelationName;
    use crate::schema::Session;

    fn holding(tables: &[&str], database: &str) -> Catalog {
        let table = |name: &&str| Relation {
            name: RelationName::new("public", *name),
            kind: RelationKind::Table,
            owner: Name::from(database),
            unlogged: false,
            partitions: 0,
            hidden_from_information_schema: false,
        };
        let aside = Aside {
            name: RelationName::new("public", database),
            kind: RelationKind::Table,
            by: AsideBy::Partition,
        };
        Catalog {
            relations: tables.iter().map(table).collect(),
            aside: vec![aside],
            incomplete: None,
            session: Session { database: database.to_owned(), ..Session::default() },
            definitions: Definitions::default(),
        }
    }

    #[test]
    fn databases_that_hold_the_same_are_one_shape_and_the_most_common_leads() {
        let mut shapes = Shapes::new(Depth::Tables);
        // Who owns it, whose it is, and what presets leave out makes no shape.
        let fleet: [(&[&str], &str); 5] = [
            (&["a", "c"], "one"),
            (&["a", "b"], "two"),
            (&["a", "b", "_prisma_migrations"], "three"),
            (&[], "four"),
            (&["a", "b"], "five"),
        ];
        for (at, (tables, database)) in fleet.into_iter().enumerate().rev() {
            shapes.add(at, holding(tables, database));
        }
        let shapes = shapes.sorted();
        let members: Vec<_> = shapes.iter().map(|it| it.members.clone()).collect();
        assert_eq!(members, [vec![1, 2, 4], vec![0], vec![3]]);

        let today = jiff::civil::date(2026, 11, 26);
        let common = shapes[0].manifest(Depth::Tables, today).expect("it is small");
        let stand = |it: &Shape| it.catalog.session.database.clone();
        assert_eq!(shapes.iter().map(stand).collect::<Vec<_>>(), ["two", "one", "four"]);
        let told = |at: usize| -> Vec<String> {
            let findings = shapes[at].differs_from(&common, today);
            findings.iter().map(|it| it.kind.to_string()).collect()
        };
        assert_eq!(told(0), [""; 0]);
        assert_eq!(told(1), ["unexpected_table", "missing_table"]);
        assert_eq!(told(2), ["wrong_database"]);
    }
}
