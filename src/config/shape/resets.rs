//! The shape of `resets:`, in the defaults and under a database, and of `identity:`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::period::Period;
use crate::yaml::At;

/// From when on a database is told to have been reset or emptied.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Resets {
    /// More than this share of the known tables of a schema, dropped and created again between two
    /// audits, is a reset. Default: 0.5.
    #[schemars(range(min = 0, max = 1))]
    pub(in crate::config) recreated_share: Option<At<f64>>,
    /// And at least so many of them. Default: 2.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) recreated_min: Option<At<usize>>,
    /// A table that held fewer rows than this is not told to be emptied. Default: 1.
    #[schemars(range(min = 1))]
    pub(in crate::config) emptied_rows: Option<At<usize>>,
    /// For how long a recreated table is told. Default: `24h`.
    pub(in crate::config) settle: Option<At<Period>>,
    /// Globs of tables that may be emptied and recreated at any time (`staging.*`).
    pub(in crate::config) volatile: Option<Vec<At<String>>>,
}

/// Which database it is. What is left out is not compared; without `identity` it is learnt by the first
/// complete audit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Identity {
    /// `select system_identifier from pg_control_system()`, in quotes.
    #[schemars(regex(pattern = "^[0-9]{1,20}$"))]
    pub(in crate::config) system_identifier: Option<At<String>>,
    /// `select oid from pg_database where datname = current_database()`.
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub(in crate::config) oid: Option<At<usize>>,
    /// `select current_database()`.
    pub(in crate::config) database: Option<At<String>>,
}
