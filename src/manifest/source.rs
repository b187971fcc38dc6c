//! Where a manifest's tables come from when nobody lists them: a Prisma schema, SQL, or another database.
//!
//! Files are read at load, with the manifest. A database is read at each audit, and
//! [`Manifest::completed`] makes the manifest of it that the audit compares with.

use std::path::PathBuf;

use super::Depth;
use super::Expected;
use super::Manifest;
use super::TableSpec;
use super::objects::Objects;
use super::print::declared;
use super::sense::Draft;
use super::spec;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Part;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Wanted;
use crate::yaml::Position;

/// `from:`, as a file says it.
#[derive(Clone, Debug)]
pub(super) struct From {
    pub(super) kind: FromKind,
    pub(super) depth: Depth,
    /// Where it is said.
    pub(super) at: Position,
}

/// What `from:` names.
#[derive(Clone, Debug)]
pub(super) enum FromKind {
    Prisma(String),
    Sql(String),
    Database(String),
}

/// Another registered database, which shows what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Golden {
    /// Its name in the config.
    pub database: String,
    pub depth: Depth,
    /// Where it is said, for what the config has to say of it; decides nothing.
    pub place: Option<(PathBuf, Position)>,
}

impl Golden {
    /// What must be read of it.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted::from(self.depth.parts())
    }
}

/// What `catalog` tells of its database, with every relation in it: a read without any part has no need of
/// them.
#[must_use]
pub fn framed(catalog: &Catalog) -> Definitions {
    let mut definitions = catalog.definitions.clone();
    for it in &catalog.relations {
        let key = (it.kind, it.name.clone());
        match it.kind {
            RelationKind::Table | RelationKind::ForeignTable => {
                definitions.tables.entry(key).or_default();
            }
            RelationKind::View | RelationKind::MaterializedView => {
                definitions.views.entry(key).or_default();
            }
        }
    }
    definitions
}

/// What `definitions` make expected, at `depth`.
pub(super) fn draft(definitions: &Definitions, depth: Depth) -> Draft {
    let parts = spec::told(definitions, depth);
    let names = definitions.tables.keys().chain(definitions.views.keys());
    let one = |key: &(RelationKind, RelationName)| {
        (key.clone(), declared(definitions, depth, key.0, &key.1))
    };
    // Which views there are is compared only where somebody wants to know what they are.
    let views = parts.contains(&Part::Views);
    Draft {
        expected: names.map(one).collect(),
        compares_views: views,
        compares_materialized_views: views,
        objects: Objects::of(definitions, &parts),
        ..Draft::default()
    }
}

impl Manifest {
    /// What must be read of a database to compare it with this manifest.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::from(self.parts());
        if let Some(golden) = &self.golden {
            wanted.add(golden.wanted());
        }
        for ((kind, name), expected) in &self.expected {
            if *kind == RelationKind::Table
                && let Some(floor) = expected.table.as_ref().and_then(|it| it.rows)
                && !floor.estimate
            {
                wanted.rows.insert(name.clone(), floor.min);
            }
        }
        wanted
    }

    /// Why `catalog`, though read whole, does not tell everything that this manifest asks for, if so.
    #[must_use]
    pub fn doubt(&self, catalog: &Catalog) -> Option<String> {
        let mut estimated = self.expected.iter().filter(|((kind, _), it)| {
            *kind == RelationKind::Table
                && it.table.as_ref().and_then(|it| it.rows).is_some_and(|it| it.estimate)
        });
        let silent = estimated
            .find(|((_, name), _)| matches!(catalog.definitions.estimates.get(name), Some(None)));
        silent.map(|((_, name), _)| {
            format!(
                "the statistics say nothing of the rows of table `{name}`, which was never analysed: \
                 run ANALYZE on it, or let its rows be counted (`estimate: false`)"
            )
        })
    }

    /// This manifest with what `golden`, a complete read of the database that it names, holds. What the
    /// file lists wins. What the manifest's presets leave out is left out there too.
    #[must_use]
    pub fn completed(&self, golden: &Catalog) -> Self {
        let Some(from) = &self.golden else { return self.clone() };
        let mut definitions = framed(golden);
        for it in &golden.relations {
            let aside = super::Presets::own(it).is_some()
                || self.presets.left_out(it, &golden.definitions).is_some()
                || self.ignore.matching(&it.name).is_some()
                || !self.audits(&it.name.schema);
            if aside {
                let key = (it.kind, it.name.clone());
                definitions.tables.remove(&key);
                definitions.views.remove(&key);
            }
        }
        let mut source = draft(&definitions, from.depth);
        let theirs = self.presets.schemas_left_out(golden);
        source.objects.keep_in(|schema| self.audits(schema) && !theirs.contains(schema));
        let mut completed = self.clone();
        for (key, base) in source.expected {
            let listed = RelationKind::ALL
                .into_iter()
                .any(|it| self.expected.contains_key(&(it, key.1.clone())) && it != key.0);
            if listed {
                continue;
            }
            let said = completed.expected.remove(&key);
            let whole = match said {
                Some(said) => said.over(base),
                None => base,
            };
            completed.expected.insert(key, whole);
        }
        completed.compares_views |= source.compares_views;
        completed.compares_materialized_views |= source.compares_materialized_views;
        let said = std::mem::replace(&mut completed.objects, source.objects);
        completed.objects.overlaid_by(said);
        completed
    }
}

impl Expected {
    /// What this says, and where it says nothing what `base` does.
    pub(super) fn over(self, base: Self) -> Self {
        let table = match (self.table, base.table) {
            (Some(said), Some(base)) => Some(Box::new(said.over(*base))),
            (said, base) => said.or(base),
        };
        Self { optional: self.optional, table, definition: self.definition.or(base.definition) }
    }
}

impl TableSpec {
    fn over(self, base: Self) -> Self {
        // Which of them a key is, the one who lists it decides.
        let keys = self.primary_key.is_some() || self.unique.is_some();
        let (primary_key, unique) = match &self.unique_somehow {
            Some(_) => (self.primary_key, self.unique),
            None => (self.primary_key.or(base.primary_key), self.unique.or(base.unique)),
        };
        Self {
            columns: self.columns.or(base.columns),
            primary_key,
            unique,
            unique_somehow: self.unique_somehow.or(base.unique_somehow.filter(|_| !keys)),
            foreign_keys: self.foreign_keys.or(base.foreign_keys),
            checks: self.checks.or(base.checks),
            exclusions: self.exclusions.or(base.exclusions),
            indexes: self.indexes.or(base.indexes),
            triggers: self.triggers.or(base.triggers),
            row_security: self.row_security.or(base.row_security),
            policies: self.policies.or(base.policies),
            owner: self.owner.or(base.owner),
            grants: self.grants.or(base.grants),
            partition_key: self.partition_key.or(base.partition_key),
            unlogged: self.unlogged.or(base.unlogged),
            rows: self.rows.or(base.rows),
        }
    }
}

#[cfg(test)]
mod tests;
