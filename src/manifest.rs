//! The manifest: which tables one class of database may and must hold.
//!
//! A file under `expected-schemas/` is read once at load, resolved (`extends`, presets, globs) into
//! a [`Manifest`] that needs no further check, and shared by every database of its class.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

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
}

/// One expected relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// It may be absent.
    pub optional: bool,
}

/// One accepted finding (`known:`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The relation it is about.
    pub object: RelationName,
    /// The kind that is accepted; nothing else about the relation is.
    pub kind: FindingKind,
    pub reason: String,
    pub owner: String,
    /// The last day on which it is accepted, in UTC.
    pub until: jiff::civil::Date,
}

/// A set of relation-name globs.
#[derive(Clone, Debug, Default)]
pub struct Globs;

/// Which presets apply.
#[derive(Clone, Debug, Default)]
pub struct Presets;
