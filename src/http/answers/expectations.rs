//! What is expected of a database, and by what it is known again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::resolved::ResolvedManifest;

/// What is expected of the databases that fit.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Expectations {
    /// One for each database that fits.
    pub(in crate::http) expectations: Vec<Expectation>,
    /// Every manifest of the config.
    #[schemars(with = "Vec<ResolvedManifest>")]
    pub(in crate::http) manifests: Vec<Value>,
    /// How many databases are registered.
    pub(in crate::http) registered: usize,
}

/// What is expected of one database.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Expectation {
    /// Its name.
    pub(in crate::http) database: String,
    /// Its labels.
    pub(in crate::http) labels: BTreeMap<String, String>,
    /// What may be there: one manifest, or two while a deploy window is open.
    #[schemars(with = "Vec<ResolvedManifest>")]
    pub(in crate::http) manifests: Vec<Value>,
    /// The number of that deploy.
    pub(in crate::http) deploy: Option<u64>,
    /// Which database it is, as the config says.
    pub(in crate::http) declared: Option<DeclaredIdentity>,
    /// Which database it is, as audits saw.
    pub(in crate::http) learnt: Option<LearntIdentity>,
}

/// What the config says of which database it is.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DeclaredIdentity {
    /// `system_identifier` of the cluster.
    pub(in crate::http) system: Option<u64>,
    /// OID of the database.
    pub(in crate::http) oid: Option<u32>,
    /// The database's own name, made visible.
    pub(in crate::http) name: Option<String>,
}

/// Which database audits saw.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct LearntIdentity {
    /// `system_identifier` of the cluster.
    pub(in crate::http) system: u64,
    /// OID of the database.
    pub(in crate::http) oid: u32,
}
