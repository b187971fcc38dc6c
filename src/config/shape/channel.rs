//! The shape of one entry of `channels:`. One flat struct for all types: which keys belong to which
//! type is a matter of sense.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use crate::config::CHANNEL_TYPES;
use crate::yaml::At;

use super::Later;

/// One receiver of notifications.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Channel {
    /// `slack` (an incoming webhook) or `webhook` (Standard Webhooks).
    #[serde(rename = "type")]
    #[schemars(schema_with = "channel_types")]
    pub(in crate::config) kind: At<String>,
    /// The receiver's URL; https, but on loopback. This or `url_file`.
    pub(in crate::config) url: Option<At<String>>,
    /// A file that holds the URL, reread at each send.
    pub(in crate::config) url_file: Option<At<String>>,
    /// For `webhook`: the key that signs messages, `whsec_` and 24 to 64 bytes in base64.
    pub(in crate::config) secret: Option<At<String>>,
    /// A file that holds the key, reread at each send.
    pub(in crate::config) secret_file: Option<At<String>>,
    /// Accept a receiver beyond loopback without https. Default: false.
    pub(in crate::config) insecure: Option<At<bool>>,
    #[schemars(skip)]
    pub(in crate::config) format: Later,
}

fn channel_types(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "enum": CHANNEL_TYPES })
}
