//! Which tool migrates a database, and whose ledger does not belong there.
//!
//! A ledger of the wrong tool is what a migration run against the wrong database leaves behind, and
//! often the only thing that tells it from a change made by hand. It is reported where the manifest
//! itself says which tool is at home, and nowhere else:
//!
//! - by a preset that it names (`presets: [flyway]`, `presets: [auto, flyway]`), or
//! - by a ledger under `tables` that one tool alone calls so (`tables: [flyway_schema_history, …]`).
//!
//! The ledger of a tool that may stand beside another one (`beside` in its data) is never the wrong one,
//! and says of no other that it is. A generic name under `tables` says nothing: `changelog` is many an application's own table. Nor does
//! `from: {prisma: …}`: a Prisma schema can be drawn from a database that Flyway migrates. Nor do two
//! ledgers under `auto`, since nobody said which is right; `doctor` names both.

use std::collections::BTreeSet;

use super::Presets;
use super::library;
use super::library::Needs;
use super::preset::Preset;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// Whether a table of this name is the ledger of one tool and of nothing else.
#[must_use]
pub fn is_ledger(name: &RelationName) -> bool {
    library::get().rules_for(name).any(|(_, needs)| needs == Needs::LedgerName)
}

/// The tools that migrate the databases of one manifest, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tools(BTreeSet<&'static str>);

impl Tools {
    /// Those that `presets` names, and those whose ledger is among the tables that are expected.
    pub fn of(presets: &Presets, expects: impl Fn(&RelationName) -> bool) -> Self {
        let tools = library::get().ledgers();
        let listed = tools.filter(|(name, tool)| tool.migrates_alone() && expects(name));
        let named = library::all().iter().filter(|it| presets.named.contains(it.name()));
        let named = named.filter(|it| it.migrates_alone()).map(Preset::name);
        Self(listed.map(|(_, tool)| tool.name()).chain(named).collect())
    }

    /// The tool whose ledger `relation` is, where the manifest says that another one is at home.
    #[must_use]
    pub fn wrong_ledger(&self, relation: &Relation) -> Option<&'static str> {
        if self.0.is_empty() || relation.kind != RelationKind::Table {
            return None;
        }
        let rules = || library::get().rules_for(&relation.name);
        if rules().any(|(tool, _)| self.0.contains(tool.name())) {
            return None;
        }
        rules()
            .find(|(tool, needs)| *needs == Needs::LedgerName && tool.migrates_alone())
            .map(|(tool, _)| tool.name())
    }

    /// Whether the ledger of `tool` is one too many here.
    pub(super) fn refuse(&self, tool: &Preset) -> bool {
        !self.0.is_empty() && !self.0.contains(tool.name()) && tool.migrates_alone()
    }

    /// Their presets' names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

/// The tools that have left a ledger in a database under a name that no other tool uses, sorted; those
/// left out that may stand beside another.
#[must_use]
pub fn ledgers_in(catalog: &Catalog) -> BTreeSet<&'static str> {
    let tables = catalog.relations.iter().filter(|it| it.kind == RelationKind::Table);
    tables
        .flat_map(|it| library::get().rules_for(&it.name))
        .filter(|(tool, needs)| *needs == Needs::LedgerName && tool.migrates_alone())
        .map(|(tool, _)| tool.name())
        .collect()
}

/// The tools that make a table of this name and of these columns their ledger, in the order of the
/// presets. A hint: its name is generic.
#[must_use]
pub fn ledger_by_columns(relation: &Relation, definitions: &Definitions) -> Vec<&'static str> {
    let Some(columns) = definitions.shapes.get(&relation.name) else { return Vec::new() };
    if relation.kind != RelationKind::Table {
        return Vec::new();
    }
    let fits = |(tool, needs): &(&'static Preset, Needs)| match needs {
        Needs::Columns { shape, .. } => tool.migrates_alone() && tool.fits(*shape, columns),
        _ => false,
    };
    let rules = library::get().rules_for(&relation.name);
    rules.filter(fits).map(|(tool, _)| tool.name()).collect()
}

#[cfg(test)]
mod tests;
