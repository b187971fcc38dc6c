//! A resolved manifest, as [`crate::manifest::resolved`] writes and reads it.
#![expect(dead_code, reason = "describes what manifest::resolved writes")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Map;
use serde_json::Value;

/// A manifest with everything that it extends. Names are spelt as in manifest files.
#[derive(Debug, JsonSchema)]
pub(in crate::http) struct ResolvedManifest {
    /// The version of this form.
    format: u32,
    /// Its name.
    manifest: String,
    /// What it is for.
    description: Option<String>,
    /// The file that it is from, where it was read.
    path: String,
    /// Its tables.
    tables: Listed,
    /// Its foreign tables.
    foreign_tables: Listed,
    /// Its views.
    views: Listed,
    /// Its materialized views.
    materialized_views: Listed,
    /// Whether views are compared.
    compares_views: bool,
    /// Whether materialized views are compared.
    compares_materialized_views: bool,
    /// The schemas that are audited; null is all of them.
    schemas: Option<Vec<String>>,
    /// Globs of what is left out.
    ignore: Vec<String>,
    /// Globs of what must not be there.
    forbid: Vec<String>,
    /// Presets in force.
    presets: Vec<String>,
    /// Accepted findings.
    known: Vec<Accepted>,
    /// Severities by kind of finding, where they are not the default.
    severity: BTreeMap<String, String>,
    /// What is declared beside relations; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<Map<String, Value>>,
    /// The database that it is taken from; absent where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden: Option<Golden>,
}

/// Relations of one kind.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "ResolvedRelations")]
pub(in crate::http) struct Listed {
    /// Those that must be there.
    required: Vec<String>,
    /// Those that may be there.
    optional: Vec<String>,
    /// What is declared of some of them; absent where nothing is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    declared: BTreeMap<String, Value>,
}

/// An accepted finding.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "ResolvedKnown")]
pub(in crate::http) struct Accepted {
    /// The object.
    object: String,
    /// What kind of finding.
    kind: String,
    /// What of the object; null: all of it.
    part: Option<String>,
    /// Why it is accepted.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The last day on which it is.
    until: String,
}

/// A manifest that is taken from a database.
#[derive(Debug, JsonSchema)]
#[schemars(rename = "ResolvedGolden")]
pub(in crate::http) struct Golden {
    /// The database.
    database: String,
    /// How much of it: `tables`, `columns` or `full`.
    depth: String,
}
