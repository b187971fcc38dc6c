//! What registries name, and whether they are believed.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Serialize;

use super::At;
use super::words::DoubtWord;
use super::words::among;

/// Every discovery of the config, in its order.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Discoveries {
    /// All of them.
    pub(in crate::http) discoveries: Vec<Discovery>,
}

/// One discovery.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Discovery {
    /// Its name in the config.
    pub(in crate::http) name: String,
    /// What its registry is: a `query`, the `databases` of a server, or `files`.
    #[schemars(schema_with = "kind")]
    pub(in crate::http) kind: &'static str,
    /// The registered database that holds the registry; null where none does.
    pub(in crate::http) from: Option<String>,
    /// How many databases it names.
    pub(in crate::http) databases: usize,
    /// Those of them that make no sense.
    pub(in crate::http) problems: Vec<TenantProblem>,
    /// Those that are gone from it and stay registered.
    pub(in crate::http) gone: Vec<String>,
    /// Why it is not believed; null where it is.
    pub(in crate::http) doubt: Option<DoubtWord>,
    /// When it was last read.
    pub(in crate::http) read_at: Option<At>,
    /// When it was last tried to read it.
    pub(in crate::http) tried_at: Option<At>,
    /// How the last try failed; null where it did not.
    pub(in crate::http) failure: Option<String>,
}

/// A database that a registry names in a way that makes no sense.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct TenantProblem {
    /// Its name.
    pub(in crate::http) database: String,
    /// What is wrong.
    pub(in crate::http) reason: String,
}

/// A registry that was taken for right.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct RegistryAccepted {
    /// The name of the discovery.
    pub(in crate::http) discovery: String,
    /// The databases that are not audited any more.
    pub(in crate::http) retired: Vec<String>,
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    among(&["query", "databases", "files"])
}
