//! The manifest: which tables one class of database may and must hold.
//!
//! A file under `expected-schemas/` is read once at load, resolved (`extends`, presets, globs) into
//! a [`Manifest`] that needs no further check, and shared by every database of its class.
//!
//! ```text
//! file ─ shape ─► entries with positions ─ sense ─► Draft ─┐
//!                                                          ├─ load (extends) ─► Manifest
//! parents' files ─ the same ─────────────► Drafts ─────────┘
//! ```

mod glob;
mod guard;
#[cfg(test)]
mod guide;
mod hash;
mod known;
mod load;
pub mod objects;
pub mod presets;
pub mod print;
pub mod resolved;
mod sense;
mod shape;
mod source;
pub mod spec;
mod spell;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::yaml::Position;

pub use glob::Glob;
pub use glob::GlobError;
pub use glob::Globs;
pub use guard::GuardRules;
pub use known::KnownEntry;
pub use known::Noted;
pub use known::accepted;
pub use known::notice;
pub use load::load;
pub use load::load_folder;
pub use load::load_noting;
pub use load::read;
pub use objects::Objects;
pub use presets::Presets;
pub use print::print;
pub use print::print_source;
pub use print::scalar;
pub use shape::schema;
pub use source::Golden;
pub use source::framed;
pub use spec::ColumnSpec;
pub use spec::ColumnsSpec;
pub use spec::Depth;
pub use spec::RowFloor;
pub use spec::TableSpec;

/// Every manifest of a configuration, by name.
pub type Manifests = BTreeMap<String, Arc<Manifest>>;

/// One resolved manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its name; a config's databases refer to it.
    pub name: String,
    /// What it is for, in the author's words.
    pub description: Option<String>,
    /// The file it came from.
    pub path: PathBuf,
    /// SHA-256 of everything that decides a comparison, first 16 hex digits. Comments, order and
    /// spelling do not change it.
    pub hash: String,
    /// What is expected, of every kind.
    pub expected: BTreeMap<(RelationKind, RelationName), Expected>,
    /// Views are compared only where `views:` is present.
    pub compares_views: bool,
    /// Materialized views are compared only where `materialized_views:` is present.
    pub compares_materialized_views: bool,
    /// Audited schemas; `None` is every schema that is not PostgreSQL's own.
    pub schemas: Option<BTreeSet<Name>>,
    /// Relations that may or may not be there.
    pub ignore: Globs,
    /// Relations that must not be there, even where `tables` lists them.
    pub forbid: Globs,
    /// Which relations of providers, extensions and migration tools are left out.
    pub presets: Presets,
    /// Accepted findings.
    pub known: Vec<Known>,
    /// Severities that differ from the defaults.
    pub severities: BTreeMap<FindingKind, Severity>,
    /// What is declared beside relations.
    pub objects: Objects,
    /// Another database that shows what else is expected.
    pub golden: Option<Golden>,
}

impl Manifest {
    /// The manifest that lists these tables and leaves everything else at its default.
    #[must_use]
    pub fn of_tables(name: &str, tables: impl IntoIterator<Item = RelationName>) -> Self {
        let expected = |table| ((RelationKind::Table, table), Expected::named(false));
        let mut manifest = Self {
            name: name.to_owned(),
            description: None,
            path: PathBuf::from(format!("{name}.yaml")),
            hash: String::new(),
            expected: tables.into_iter().map(expected).collect(),
            compares_views: false,
            compares_materialized_views: false,
            schemas: None,
            ignore: Globs::default(),
            forbid: Globs::default(),
            presets: Presets::default(),
            known: Vec::new(),
            severities: BTreeMap::new(),
            objects: Objects::default(),
            golden: None,
        };
        manifest.hash = hash::hash(&manifest);
        manifest
    }

    /// Whether relations of this kind are compared at all: tables and foreign tables always, the
    /// others where the manifest lists them.
    #[must_use]
    pub fn compares(&self, kind: RelationKind) -> bool {
        match kind {
            RelationKind::Table | RelationKind::ForeignTable => true,
            RelationKind::View => self.compares_views,
            RelationKind::MaterializedView => self.compares_materialized_views,
        }
    }

    /// Whether relations of this schema are compared.
    #[must_use]
    pub fn audits(&self, schema: &Name) -> bool {
        self.schemas.as_ref().is_none_or(|it| it.contains(schema))
    }

    /// What the manifest says of one relation.
    #[must_use]
    pub fn expects(&self, kind: RelationKind, name: &RelationName) -> Option<&Expected> {
        self.expected.get(&(kind, name.clone()))
    }

    /// Every table that must be there, sorted: listed, not optional, and not forbidden after all.
    pub fn required_tables(&self) -> impl Iterator<Item = &RelationName> {
        self.expected
            .iter()
            .filter(|((kind, name), it)| {
                *kind == RelationKind::Table && !it.optional && self.forbid.matching(name).is_none()
            })
            .map(|((_, name), _)| name)
    }

    /// The parts of what a database is made of that must be read to compare it with this manifest.
    #[must_use]
    pub fn parts(&self) -> BTreeSet<Part> {
        let mut parts: BTreeSet<Part> = self
            .expected
            .values()
            .filter_map(|it| it.table.as_ref())
            .flat_map(|it| it.parts())
            .collect();
        if self.expected.values().any(|it| it.definition.is_some()) {
            parts.insert(Part::Views);
        }
        if self.schemas.is_some() {
            parts.insert(Part::Schemas);
        }
        parts.extend(self.objects.parts());
        parts
    }

    /// Every listed table, optional ones too, sorted.
    pub fn tables(&self) -> impl Iterator<Item = &RelationName> {
        let is_table = |kind: &RelationKind| *kind == RelationKind::Table;
        self.expected.keys().filter(move |(kind, _)| is_table(kind)).map(|(_, name)| name)
    }
}

/// One expected relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// It may be absent.
    pub optional: bool,
    /// What a table or foreign table should be made of, where anything is declared.
    pub table: Option<Box<TableSpec>>,
    /// The query of a view or materialized view, where it is declared.
    pub definition: Option<String>,
}

impl Expected {
    /// A relation of which nothing more is declared.
    #[must_use]
    pub fn named(optional: bool) -> Self {
        Self { optional, table: None, definition: None }
    }
}

/// One accepted finding (`known:`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The relation it is about.
    pub object: RelationName,
    /// The kind that is accepted; nothing else about the relation is.
    pub kind: FindingKind,
    /// The column, constraint or index, as reports name it. `None`: all of that kind.
    pub part: Option<String>,
    pub reason: String,
    pub owner: String,
    /// The last day on which it is accepted, in UTC.
    pub until: jiff::civil::Date,
    /// Where it is written, for what is to be said of it later; decides nothing. `None` where it was
    /// not read from a file.
    pub place: Option<KnownPlace>,
}

impl Known {
    /// Whether it is about this finding, on whatever day. An extension, a schema or an event trigger has no
    /// schema to be in, and goes by its name alone.
    #[must_use]
    pub fn is_about(&self, finding: &Finding) -> bool {
        if self.kind != finding.kind {
            return false;
        }
        match &finding.name {
            Some(name) => {
                self.object == *name && (self.part.is_none() || self.part == finding.part)
            }
            None => finding.part.as_ref().is_some_and(|it| *it == self.object.visible()),
        }
    }

    /// The object of an entry for this finding, and its part. `None` where no entry can be about it.
    #[must_use]
    pub fn place_of(finding: &Finding) -> Option<(RelationName, Option<String>)> {
        match (&finding.name, &finding.part) {
            (Some(name), part) => Some((name.clone(), part.clone())),
            (None, Some(part)) => Some((RelationName::new("public", part.as_str()), None)),
            (None, None) => None,
        }
    }
}

/// Where an entry of `known:` is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPlace {
    pub path: PathBuf,
    pub at: Position,
    /// `databases[0].known[2]`
    pub key: String,
}
