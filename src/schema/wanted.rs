//! What of a database is read beyond which relations it holds: as much as some manifest declares, and
//! no more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Part;
use super::RelationName;

/// What is read of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The parts of what it is made of.
    pub parts: BTreeSet<Part>,
    /// Tables whose rows are counted, each as far as this many. Needs SELECT on them.
    pub rows: BTreeMap<RelationName, u64>,
    /// Whether the observer is whole.
    pub observer: bool,
    /// Whether the guard is whole, and by which rules it refuses. Where its event triggers are seen, that is
    /// read in any case.
    pub guard: bool,
    /// What its storage says: by it a database is known again.
    pub imprint: bool,
}

impl Wanted {
    /// Which relations there are, and nothing more.
    #[must_use]
    pub fn relations() -> Self {
        Self::default()
    }

    /// Whatever either wants.
    pub fn add(&mut self, other: Self) {
        self.observer |= other.observer;
        self.guard |= other.guard;
        self.parts.extend(other.parts);
        self.imprint |= other.imprint;
        for (table, many) in other.rows {
            let known = self.rows.entry(table).or_default();
            *known = many.max(*known);
        }
    }
}

impl From<BTreeSet<Part>> for Wanted {
    fn from(parts: BTreeSet<Part>) -> Self {
        Self { parts, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_gets_what_it_wants() {
        let table = |name: &str| RelationName::new("public", name);
        let mut wanted = Wanted::from(BTreeSet::from([Part::Columns]));
        wanted.rows = BTreeMap::from([(table("a"), 5), (table("b"), 1)]);
        wanted.add(Wanted {
            parts: BTreeSet::from([Part::Keys]),
            rows: BTreeMap::from([(table("a"), 3), (table("b"), 2), (table("c"), 1)]),
            observer: true,
            guard: true,
            imprint: true,
        });
        assert!(wanted.imprint);
        assert_eq!(wanted.parts, BTreeSet::from([Part::Columns, Part::Keys]));
        let rows = BTreeMap::from([(table("a"), 5), (table("b"), 2), (table("c"), 1)]);
        assert_eq!(wanted.rows, rows);
        assert!(wanted.observer);
    }
}
