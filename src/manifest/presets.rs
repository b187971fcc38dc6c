//! Which relations of providers, extensions and migration tools a comparison leaves out.
//!
//! A preset is data (`presets/*.yaml`, each with its sources). What it leaves out depends on how it
//! was chosen:
//!
//! | chosen by | a provider's relations | a tool's ledger |
//! |---|---|---|
//! | `auto` (default) | listed name or schema, *and* owned by the provider's role | a name that one tool alone uses, a table |
//! | its name | listed name or schema, whoever owns it | generic names too, where the columns are that tool's; and its own schemas |
//! | — (`[]`) | nothing | nothing |
//!
//! So under `auto` the database itself proves what is left out: nobody but the provider can own a
//! table as `supabase_auth_admin`. And whatever is chosen, a table that somebody plants in `auth`,
//! `storage`, `realtime`, `neon` or `public` is on no list and is found, and one under a name that
//! anybody may use (`health_check`, `schema_migrations`) is found unless its columns are right
//! ([`Shape`]).
//!
//! Which tool's ledger is the wrong one is decided in [`Tools`].

mod entry;
mod ledger;
mod library;
mod preset;
mod shape;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use crate::manifest::glob::Glob;
use crate::schema::Catalog;
use crate::schema::Definitions;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::yaml::nearest;
use library::Needs;

pub use entry::PresetKind;
pub use ledger::Tools;
pub use ledger::is_ledger;
pub use ledger::ledger_by_columns;
pub use ledger::ledgers_in;
pub use library::all;
pub use library::prepare;
pub use library::shaped_names;
pub use preset::Chosen;
pub use preset::Preset;
pub use shape::Shape;

/// The word that stands for what the database itself proves.
pub const AUTO: &str = "auto";

/// A preset's name that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset `{name}`")]
pub struct UnknownPreset {
    /// As written.
    pub name: String,
    /// The known name that is nearest to it.
    pub nearest: Option<&'static str>,
}

/// What presets let pass by name or owner alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passing {
    /// Relations, and whether only a table of that name passes.
    pub globs: Vec<(Glob, bool)>,
    /// Roles of providers, as regular expressions of PostgreSQL.
    pub roles: BTreeSet<String>,
}

/// Which presets apply to a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presets {
    auto: bool,
    named: BTreeSet<&'static str>,
}

/// `auto`.
impl Default for Presets {
    fn default() -> Self {
        Self { auto: true, named: BTreeSet::new() }
    }
}

impl Presets {
    /// No preset at all.
    #[must_use]
    pub fn none() -> Self {
        Self { auto: false, named: BTreeSet::new() }
    }

    /// The presets of these names, among which `auto` may be.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownPreset> {
        let mut presets = Self::none();
        for name in names {
            if name == AUTO {
                presets.auto = true;
                continue;
            }
            let Some(found) = selectable().find(|it| it.name() == name) else {
                let known = selectable().map(Preset::name).chain([AUTO]);
                return Err(UnknownPreset { name: name.to_owned(), nearest: nearest(name, known) });
            };
            presets.named.insert(found.name());
        }
        Ok(presets)
    }

    /// The words that [`Self::named`] reads the same presets from.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'static str> {
        self.auto.then_some(AUTO).into_iter().chain(self.named.iter().copied())
    }

    /// What Schemawarden's own relations are counted as, whatever presets apply.
    #[must_use]
    pub fn own(relation: &Relation) -> Option<&'static str> {
        library::get().own(&relation.name).map(Preset::name)
    }

    /// The preset that leaves `relation` out, if one does. `definitions` hold the columns of tables
    /// that are told by them.
    #[must_use]
    pub fn left_out(&self, relation: &Relation, definitions: &Definitions) -> Option<&'static str> {
        if *self == Self::none() {
            return None;
        }
        let is_table = relation.kind == RelationKind::Table;
        let applies = |(preset, needs): &(&'static Preset, Needs)| {
            let named = self.named.contains(preset.name());
            let owned = || (named || self.auto) && preset.has_role(&relation.owner);
            match *needs {
                Needs::Nothing => false,
                Needs::Owner => owned(),
                Needs::NameOrOwner => named || owned(),
                Needs::LedgerName => is_table && (named || self.auto),
                Needs::TableChosen => is_table && named,
                Needs::Chosen => named,
                Needs::Columns { shape, owned: by_owner } => {
                    let columns = definitions.shapes.get(&relation.name);
                    is_table
                        && (named && !by_owner || owned())
                        && columns.is_some_and(|it| preset.fits(shape, it))
                }
            }
        };
        library::get().rules_for(&relation.name).find(applies).map(|(preset, _)| preset.name())
    }

    /// What these presets leave out whatever its owner and columns are, and whose relations they leave out, for
    /// `expects`, whether a table is listed. For the guard, which knows a name and an owner, and no columns: what
    /// is told by its columns passes where its preset is named.
    #[must_use]
    pub fn passing(&self, expects: impl Fn(&RelationName) -> bool) -> Passing {
        let mut passing = Passing::default();
        let tools = Tools::of(self, expects);
        for (glob, preset, needs) in library::get().all_rules() {
            let named = self.named.contains(preset.name());
            let (passes, table) = match needs {
                Needs::Nothing | Needs::Owner => (false, false),
                Needs::NameOrOwner | Needs::Chosen => (named, false),
                Needs::LedgerName => (named || (self.auto && !tools.refuse(preset)), true),
                Needs::TableChosen => (named, true),
                Needs::Columns { owned, .. } => (named && !owned, true),
            };
            if passes {
                passing.globs.push((glob, table));
            }
        }
        let theirs = selectable().filter(|it| self.auto || self.named.contains(it.name()));
        passing.roles = theirs.flat_map(Preset::role_regexes).collect();
        passing
    }

    /// Schemas in which these presets leave out some relation of `catalog`: a provider's, a tool's, our own.
    /// What else is in them is theirs, too. `public` is everybody's.
    #[must_use]
    pub fn schemas_left_out(&self, catalog: &Catalog) -> BTreeSet<Name> {
        let theirs = catalog.relations.iter().filter(|it| {
            !it.name.schema.is_public()
                && (Self::own(it).is_some() || self.left_out(it, &catalog.definitions).is_some())
        });
        theirs.map(|it| it.name.schema.clone()).collect()
    }

    /// The provider whose role owns `relation` in one of that provider's schemas. Such a relation,
    /// when no list names it, is most likely new in the provider's own software.
    #[must_use]
    pub fn provider_of(&self, relation: &Relation) -> Option<&'static str> {
        selectable()
            .filter(|it| self.auto || self.named.contains(it.name()))
            .find(|it| it.has_role(&relation.owner) && it.has_schema(&relation.name.schema))
            .map(Preset::name)
    }
}

/// As a manifest spells it: `auto`, or `[prisma, supabase]`.
impl fmt::Display for Presets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.auto && self.named.is_empty() {
            return f.write_str(AUTO);
        }
        let auto = self.auto.then_some(AUTO);
        let names: Vec<_> = auto.into_iter().chain(self.named.iter().copied()).collect();
        write!(f, "[{}]", names.join(", "))
    }
}

/// How many relations of `catalog` each preset leaves out under `auto`: those that the database
/// itself proves to fit.
#[must_use]
pub fn fitting(catalog: &Catalog) -> BTreeMap<&'static str, usize> {
    let auto = Presets::default();
    let mut counts = BTreeMap::new();
    for name in catalog.relations.iter().filter_map(|it| auto.left_out(it, &catalog.definitions)) {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// The presets that would leave out a relation which `auto` keeps, were they named, with how many.
/// A hint only: generic names fit several tools.
#[must_use]
pub fn fitting_by_name(catalog: &Catalog) -> BTreeMap<&'static str, usize> {
    let auto = Presets::default();
    let definitions = &catalog.definitions;
    let kept: Vec<_> =
        catalog.relations.iter().filter(|it| auto.left_out(it, definitions).is_none()).collect();
    let count = |preset: &'static Preset| {
        let presets = Presets { auto: false, named: BTreeSet::from([preset.name()]) };
        let count = kept.iter().filter(|it| presets.left_out(it, definitions).is_some()).count();
        (preset.name(), count)
    };
    selectable().map(count).filter(|(_, count)| *count > 0).collect()
}

/// Every preset that a manifest may name.
fn selectable() -> impl Iterator<Item = &'static Preset> {
    all().iter().filter(|it| !it.is_always())
}

#[cfg(test)]
mod tests;
