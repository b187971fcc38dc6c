//! Deploy windows.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Serialize;

use super::At;
use super::words::among;

/// The states of a deploy.
pub(in crate::http) const STATES: [&str; 3] = ["open", "ended", "rolled_back"];

/// One page of deploys, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Deploys {
    /// Those that are open or have left something in force, or all that are kept.
    pub(in crate::http) deploys: Vec<Deploy>,
    /// Whether there are more than these.
    pub(in crate::http) more: bool,
    /// What `after` has to say for the next page; null where this is the last.
    pub(in crate::http) next: Option<String>,
}

/// One deploy.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Deploy {
    /// Its number.
    pub(in crate::http) id: u64,
    /// `open`; `ended`: what it brought holds; `rolled_back`: what was before holds.
    #[schemars(schema_with = "state")]
    pub(in crate::http) state: &'static str,
    /// It has ended, and a database is held to what it left although the manifest file says another.
    pub(in crate::http) in_force: bool,
    /// The name of the manifest that it brings.
    pub(in crate::http) manifest: String,
    /// Its hash.
    pub(in crate::http) manifest_hash: String,
    /// What the pipeline calls it: a commit, a ticket.
    pub(in crate::http) r#ref: String,
    /// The name of the token or user that began it.
    pub(in crate::http) author: String,
    /// When it began.
    pub(in crate::http) begun_at: At,
    /// When it ends by itself.
    pub(in crate::http) ends_at: At,
    /// When it ended; null while it is open.
    pub(in crate::http) ended_at: Option<At>,
    /// The databases that it is for, by name.
    pub(in crate::http) databases: Vec<DeployDatabase>,
}

/// One database of a deploy.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DeployDatabase {
    /// Its name.
    pub(in crate::http) name: String,
    /// Hash of the manifest that was in force when the deploy began.
    pub(in crate::http) old_hash: String,
    /// It is held to what the deploy left although the manifest file says another.
    pub(in crate::http) in_force: bool,
}

/// A deploy that was begun or ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct DeployHandled {
    /// It, as it is now.
    pub(in crate::http) deploy: Deploy,
}

fn state(_: &mut SchemaGenerator) -> Schema {
    among(&STATES)
}
