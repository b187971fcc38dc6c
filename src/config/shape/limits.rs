//! The shape of limits: those of all audits, and those of one database.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::period::Period;
use crate::config::period::Size;
use crate::yaml::At;

/// Limits of audits.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Limits {
    /// Audits at one time, over all servers. Default: 32.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) concurrency: Option<At<usize>>,
    /// Audits at one time on one server. Default: 8.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) per_server: Option<At<usize>>,
    /// New connections to one server in each second. Default: 20.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) per_server_rate: Option<At<usize>>,
    /// Name lookup, TCP, TLS and authentication together, for one host. Default: `5s`.
    pub(in crate::config) connect_timeout: Option<At<Period>>,
    /// The whole audit. Default: `30s`.
    pub(in crate::config) audit_deadline: Option<At<Period>>,
    /// More relations than this make a read partial. Default: 200000.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(in crate::config) max_relations: Option<At<usize>>,
    /// More bytes than this from the server make a read partial. Default: `64MiB`.
    pub(in crate::config) max_bytes: Option<At<Size>>,
    /// A read replica that lags further behind proves nothing to be gone. Default: `1m`.
    pub(in crate::config) max_replica_lag: Option<At<Period>>,
}

/// Limits that a database may have of its own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct OwnLimits {
    /// As under the top-level `limits`.
    pub(in crate::config) connect_timeout: Option<At<Period>>,
    /// As under the top-level `limits`.
    pub(in crate::config) audit_deadline: Option<At<Period>>,
    /// As under the top-level `limits`.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(in crate::config) max_relations: Option<At<usize>>,
    /// As under the top-level `limits`.
    pub(in crate::config) max_bytes: Option<At<Size>>,
    /// As under the top-level `limits`.
    pub(in crate::config) max_replica_lag: Option<At<Period>>,
}
