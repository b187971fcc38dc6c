//! The manifests of the config, and what the brake holds of a changed one.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Serialize;

use super::At;
use super::words::among;

/// Every manifest of the config, by name.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Manifests {
    /// All of them: there is one for each class of database.
    pub(in crate::http) manifests: Vec<Manifest>,
}

/// One manifest in short.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Manifest {
    /// Its name.
    pub(in crate::http) name: String,
    /// Of the resolved manifest: the first 16 hexadecimal digits of its SHA-256.
    pub(in crate::http) hash: String,
    /// `trusted`; `trial`: it changed, and few databases have been held to it yet; `suspect`: too many
    /// would drift by the change, and its findings wait for a person.
    #[schemars(schema_with = "state")]
    pub(in crate::http) state: &'static str,
    /// How many tables it lists.
    pub(in crate::http) tables: usize,
    /// How many registered databases use it.
    pub(in crate::http) databases: usize,
    /// Hash of the version that is trusted; null where no audit went by it yet.
    pub(in crate::http) trusted_hash: Option<String>,
    /// Since when a changed version is on trial or suspect; null where it is trusted.
    pub(in crate::http) since: Option<At>,
    /// Databases whose last audit held findings back, by name.
    pub(in crate::http) held: Vec<String>,
    /// Databases that a deploy holds to another version, or to another one as well.
    pub(in crate::http) by_deploy: Vec<ByDeploy>,
}

/// A database that a deploy holds to something else than the manifest file says, or beside it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ManifestByDeploy")]
pub(in crate::http) struct ByDeploy {
    /// Its name.
    pub(in crate::http) database: String,
    /// The number of the deploy.
    pub(in crate::http) deploy: u64,
    /// `open`: both manifests are allowed; `in_force`: it has ended, and what it left holds.
    #[schemars(schema_with = "by_deploy_state")]
    pub(in crate::http) state: &'static str,
    /// The name of the manifest that the deploy brought.
    pub(in crate::http) manifest: String,
    /// Its hash.
    pub(in crate::http) hash: String,
    /// What the pipeline called the deploy.
    pub(in crate::http) r#ref: Option<String>,
}

/// A changed manifest was let through.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct ManifestReleased {
    /// Its name.
    pub(in crate::http) manifest: String,
    /// The databases that are audited now, because findings of theirs were held.
    pub(in crate::http) audited_now: Vec<String>,
}

fn state(_: &mut SchemaGenerator) -> Schema {
    among(&["trusted", "trial", "suspect"])
}

fn by_deploy_state(_: &mut SchemaGenerator) -> Schema {
    among(&["open", "in_force"])
}
