//! The shape of one entry of `routes:`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::At;

use super::Later;

/// Which notifications go where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Route {
    /// Names of channels.
    pub(in crate::config) to: At<Vec<At<String>>>,
    #[serde(rename = "match")]
    #[schemars(skip)]
    pub(in crate::config) matchers: Later,
    #[serde(rename = "continue")]
    #[schemars(skip)]
    pub(in crate::config) goes_on: Later,
    #[schemars(skip)]
    pub(in crate::config) group_by: Later,
    #[schemars(skip)]
    pub(in crate::config) group_wait: Later,
    #[schemars(skip)]
    pub(in crate::config) group_interval: Later,
    #[schemars(skip)]
    pub(in crate::config) repeat_interval: Later,
}
