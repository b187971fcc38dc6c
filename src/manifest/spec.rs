//! What a manifest declares of one relation beyond its name.
//!
//! **Declared is compared, undeclared is not**: every field is an `Option`, and `None` says nothing.
//! `Some` of an empty list says that there must be none.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::schema::Check;
use crate::schema::Column;
use crate::schema::Definitions;
use crate::schema::Exclusion;
use crate::schema::ForeignKey;
use crate::schema::Generated;
use crate::schema::Grantee;
use crate::schema::Identity;
use crate::schema::Index;
use crate::schema::Key;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::Policy;
use crate::schema::RowSecurity;
use crate::schema::Table;
use crate::schema::Trigger;

/// How much of a source becomes expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Which relations there are.
    #[default]
    Tables,
    /// Their columns too.
    Columns,
    /// Everything that the source tells, but owners and grants: those differ from one installation to
    /// the next.
    Full,
}

impl Depth {
    /// Every depth, shallowest first.
    pub const ALL: [Self; 3] = [Self::Tables, Self::Columns, Self::Full];

    /// The word of manifests and the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Columns => "columns",
            Self::Full => "full",
        }
    }

    /// The parts that it takes from a source that tells them.
    #[must_use]
    pub fn parts(self) -> BTreeSet<Part> {
        match self {
            Self::Tables => BTreeSet::new(),
            Self::Columns => BTreeSet::from([Part::Columns, Part::Defaults]),
            Self::Full => {
                let all = Part::ALL.into_iter();
                all.filter(|it| {
                    !matches!(it, Part::Owners | Part::Grants | Part::Schemas | Part::Estimates)
                })
                .collect()
            }
        }
    }
}

/// What is declared of one table or foreign table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSpec {
    pub columns: Option<ColumnsSpec>,
    /// `Some(None)`: it must have none.
    pub primary_key: Option<Option<Key>>,
    pub unique: Option<Vec<Key>>,
    /// Columns that must be unique, by whichever of a primary key, a constraint or an index.
    pub unique_somehow: Option<Vec<Name>>,
    pub foreign_keys: Option<Vec<ForeignKey>>,
    pub checks: Option<Vec<Check>>,
    pub exclusions: Option<Vec<Exclusion>>,
    pub indexes: Option<Vec<Index>>,
    pub triggers: Option<BTreeMap<Name, Trigger>>,
    pub row_security: Option<RowSecurity>,
    pub policies: Option<BTreeMap<Name, Policy>>,
    pub owner: Option<Name>,
    pub grants: Option<BTreeMap<Grantee, BTreeSet<String>>>,
    /// `Some(None)`: it must not be partitioned.
    pub partition_key: Option<Option<String>>,
    pub unlogged: Option<bool>,
    pub rows: Option<RowFloor>,
}

/// The least number of rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFloor {
    /// Never 0.
    pub min: u64,
    /// Whether the statistics' word is enough.
    pub estimate: bool,
}

/// The columns that a table should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnsSpec {
    /// In the order of the manifest; PostgreSQL's own order is history and is not compared.
    pub listed: BTreeMap<Name, ColumnSpec>,
    /// `match: at_least`: others may be there.
    pub at_least: bool,
}

/// What is declared of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSpec {
    /// In the catalog's spelling.
    pub type_name: Option<String>,
    pub nullable: Option<bool>,
    /// `Some(None)`: it must have none.
    pub default: Option<Option<String>>,
    pub identity: Option<Option<Identity>>,
    pub generated: Option<Option<Generated>>,
    pub collation: Option<Option<String>>,
}

impl TableSpec {
    /// What `table` is made of, as far as `parts` go; `None` where that is nothing.
    #[must_use]
    pub fn of(table: &Table, parts: &BTreeSet<Part>) -> Option<Self> {
        let has = |part: Part| parts.contains(&part);
        let columns = has(Part::Columns).then(|| {
            let one = |it: &Column| (it.name.clone(), ColumnSpec::of(it, has(Part::Defaults)));
            ColumnsSpec { listed: table.columns.iter().map(one).collect(), at_least: false }
        });
        // A key that may be of either kind says nothing of which it is.
        let keys = has(Part::Keys) && table.unique_somehow.is_none();
        let spec = Self {
            columns,
            primary_key: keys.then(|| table.primary_key.clone()),
            unique: keys.then(|| table.unique.clone()),
            unique_somehow: table.unique_somehow.clone().filter(|_| has(Part::Keys)),
            foreign_keys: has(Part::ForeignKeys).then(|| table.foreign_keys.clone()),
            checks: has(Part::Checks).then(|| table.checks.clone()),
            exclusions: has(Part::Checks).then(|| table.exclusions.clone()),
            indexes: has(Part::Indexes).then(|| table.indexes.clone()),
            triggers: has(Part::Triggers).then(|| table.triggers.clone()),
            row_security: has(Part::Policies).then_some(table.row_security),
            policies: has(Part::Policies).then(|| table.policies.clone()),
            owner: table.owner.clone().filter(|_| has(Part::Owners)),
            grants: has(Part::Grants).then(|| table.grants.clone()),
            partition_key: has(Part::Partitioning).then(|| table.partition_key.clone()),
            unlogged: has(Part::Persistence).then_some(table.unlogged),
            rows: None,
        };
        (spec != Self::default()).then_some(spec)
    }

    /// The parts that must be read to compare it.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let defaults = self.columns.as_ref().is_some_and(|it| {
            it.listed.values().any(|it| it.default.is_some() || it.generated.is_some())
        });
        // What is listed as an index may be found among what is unique.
        let unique_index = self.indexes.iter().flatten().any(|it| it.as_key().is_some());
        let keys = self.primary_key.is_some()
            || self.unique.is_some()
            || self.unique_somehow.is_some()
            || unique_index;
        let policies = self.row_security.is_some() || self.policies.is_some();
        let wanted = [
            (self.columns.is_some(), Part::Columns),
            (defaults, Part::Defaults),
            (keys, Part::Keys),
            (self.foreign_keys.is_some(), Part::ForeignKeys),
            (self.checks.is_some() || self.exclusions.is_some(), Part::Checks),
            (self.indexes.is_some(), Part::Indexes),
            (self.triggers.is_some(), Part::Triggers),
            (policies, Part::Policies),
            (self.owner.is_some(), Part::Owners),
            (self.grants.is_some(), Part::Grants),
            (self.partition_key.is_some(), Part::Partitioning),
            (self.unlogged.is_some(), Part::Persistence),
            (self.rows.is_some_and(|it| it.estimate), Part::Estimates),
        ];
        wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, part)| part)
    }
}

impl ColumnSpec {
    /// All of `column`; its default and expression where they were read.
    #[must_use]
    pub fn of(column: &Column, defaults: bool) -> Self {
        Self {
            type_name: Some(column.type_name.clone()),
            nullable: Some(column.nullable),
            default: defaults.then(|| column.default.clone()),
            identity: Some(column.identity),
            generated: defaults.then(|| column.generated.clone()),
            collation: Some(column.collation.clone()),
        }
    }
}

/// The parts of `definitions` that `depth` takes and that its source tells.
#[must_use]
pub fn told(definitions: &Definitions, depth: Depth) -> BTreeSet<Part> {
    depth.parts().intersection(&definitions.tell).copied().collect()
}
