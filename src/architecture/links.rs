//! Which table points where: the foreign keys of a manifest.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::diagram::tables;
use crate::manifest::Manifest;
use crate::schema::ForeignKey;
use crate::schema::RelationName;

/// One foreign key, with the table that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    pub from: &'a RelationName,
    pub key: &'a ForeignKey,
}

impl<'a> Link<'a> {
    /// The table that it points at; the manifest need not list it.
    #[must_use]
    pub fn to(&self) -> &'a RelationName {
        &self.key.table
    }
}

/// Every foreign key, by the table that has it.
#[must_use]
pub fn links(manifest: &Manifest) -> Vec<Link<'_>> {
    let mut all = Vec::new();
    for (from, it) in tables(manifest) {
        let keys = it.table.iter().filter_map(|it| it.foreign_keys.as_ref()).flatten();
        all.extend(keys.map(|key| Link { from, key }));
    }
    all
}

/// The tables at which each points, and those that point at each; a table that points at itself is in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours<'a> {
    at: BTreeMap<&'a RelationName, BTreeSet<&'a RelationName>>,
    by: BTreeMap<&'a RelationName, BTreeSet<&'a RelationName>>,
}

impl<'a> Neighbours<'a> {
    #[must_use]
    pub fn of(links: &[Link<'a>]) -> Self {
        let mut all = Self::default();
        for it in links {
            all.at.entry(it.from).or_default().insert(it.to());
            all.by.entry(it.to()).or_default().insert(it.from);
        }
        all
    }

    /// What `name` points at, sorted.
    #[must_use]
    pub fn at(&self, name: &RelationName) -> Vec<&'a RelationName> {
        self.at.get(name).into_iter().flatten().copied().collect()
    }

    /// What points at `name`, sorted.
    #[must_use]
    pub fn by(&self, name: &RelationName) -> Vec<&'a RelationName> {
        self.by.get(name).into_iter().flatten().copied().collect()
    }
}
