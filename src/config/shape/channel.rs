//! The shape of one entry of `channels:`. One flat struct for all types: which keys belong to which
//! type is a matter of sense.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use crate::config::CHANNEL_TYPES;
use crate::config::period::Period;
use crate::yaml::At;
use crate::yaml::Position;

use super::Words;

/// One receiver of notifications. Which keys it takes depends on its type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Channel {
    /// `slack`, `webhook`, `pagerduty`, `teams`, `discord`, `alertmanager` or `email`.
    #[serde(rename = "type")]
    #[schemars(schema_with = "channel_types")]
    pub(in crate::config) kind: At<String>,
    /// The receiver's URL; https, but on loopback. This or `url_file`. For `alertmanager` its base
    /// URL; for `pagerduty` by default `https://events.pagerduty.com/v2/enqueue`.
    pub(in crate::config) url: Option<At<String>>,
    /// A file that holds the URL, reread at each send.
    pub(in crate::config) url_file: Option<At<String>>,
    /// Accept a receiver beyond loopback without https, or mail without TLS. Default: false.
    pub(in crate::config) insecure: Option<At<bool>>,
    /// For `slack`: `blocks` (default) or `attachments` (Mattermost, Rocket.Chat). For `webhook`:
    /// `standard` (default) or `alertmanager`.
    #[serde(default)]
    #[schemars(schema_with = "formats")]
    pub(in crate::config) format: Option<At<String>>,
    /// For `webhook`: the key that signs messages, `whsec_` and 24 to 64 bytes in base64.
    pub(in crate::config) secret: Option<At<String>>,
    /// A file that holds the key, reread at each send.
    pub(in crate::config) secret_file: Option<At<String>>,
    /// For `webhook`, instead of `secret`: two keys while one takes over from the other. Each message
    /// carries both signatures.
    #[schemars(length(min = 1, max = 2))]
    pub(in crate::config) secrets: Option<At<Vec<At<String>>>>,
    /// Files that hold the keys, reread at each send.
    #[schemars(length(min = 1, max = 2))]
    pub(in crate::config) secret_files: Option<At<Vec<At<String>>>>,
    /// For `pagerduty`: the integration key of a service, Events API v2.
    pub(in crate::config) routing_key: Option<At<String>>,
    /// A file that holds the integration key, reread at each send.
    pub(in crate::config) routing_key_file: Option<At<String>>,
    /// For `alertmanager`: a bearer token, where it asks for one.
    pub(in crate::config) token: Option<At<String>>,
    /// A file that holds the token, reread at each send.
    pub(in crate::config) token_file: Option<At<String>>,
    /// For `alertmanager`: how often what is open is told again. Default: `1m`.
    pub(in crate::config) resend: Option<At<Period>>,
    /// For `email`: the mail server.
    pub(in crate::config) host: Option<At<String>>,
    /// For `email`: its port. Default: 587; 465 for `security: tls`, 25 for `security: plain`.
    #[schemars(range(min = 1, max = 65535))]
    pub(in crate::config) port: Option<At<usize>>,
    /// For `email`: `starttls` (default), `tls` (from the first byte), or `plain` (loopback only, or
    /// beside `insecure: true`).
    #[serde(default)]
    #[schemars(schema_with = "securities")]
    pub(in crate::config) security: Option<At<String>>,
    /// For `email`: the user, where the server asks for one.
    pub(in crate::config) user: Option<At<String>>,
    /// For `email`: that user's password.
    pub(in crate::config) password: Option<At<String>>,
    /// A file that holds the password, reread at each send.
    pub(in crate::config) password_file: Option<At<String>>,
    /// For `email`: who writes, `schemawarden@example.com`.
    pub(in crate::config) from: Option<At<String>>,
    /// For `email`: to whom.
    pub(in crate::config) to: Option<At<Words>>,
    /// For `email`: a file of PEM certificates that are trusted beside the system's store.
    pub(in crate::config) sslrootcert: Option<At<String>>,
}

impl Channel {
    /// The keys that are there, but for `type`, and their places.
    pub(in crate::config) fn given(&self) -> Vec<(&'static str, Position)> {
        fn at<T>(value: Option<&At<T>>) -> Option<Position> {
            value.map(|it| it.at)
        }
        let keys = [
            ("url", at(self.url.as_ref())),
            ("url_file", at(self.url_file.as_ref())),
            ("insecure", at(self.insecure.as_ref())),
            ("format", at(self.format.as_ref())),
            ("secret", at(self.secret.as_ref())),
            ("secret_file", at(self.secret_file.as_ref())),
            ("secrets", at(self.secrets.as_ref())),
            ("secret_files", at(self.secret_files.as_ref())),
            ("routing_key", at(self.routing_key.as_ref())),
            ("routing_key_file", at(self.routing_key_file.as_ref())),
            ("token", at(self.token.as_ref())),
            ("token_file", at(self.token_file.as_ref())),
            ("resend", at(self.resend.as_ref())),
            ("host", at(self.host.as_ref())),
            ("port", at(self.port.as_ref())),
            ("security", at(self.security.as_ref())),
            ("user", at(self.user.as_ref())),
            ("password", at(self.password.as_ref())),
            ("password_file", at(self.password_file.as_ref())),
            ("from", at(self.from.as_ref())),
            ("to", at(self.to.as_ref())),
            ("sslrootcert", at(self.sslrootcert.as_ref())),
        ];
        keys.into_iter().filter_map(|(key, at)| Some((key, at?))).collect()
    }
}

fn channel_types(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "enum": CHANNEL_TYPES })
}

fn formats(_: &mut SchemaGenerator) -> Schema {
    let words = ["blocks", "attachments", "standard", "alertmanager"];
    schemars::json_schema!({ "type": ["string", "null"], "enum": words })
}

fn securities(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": ["string", "null"], "enum": ["starttls", "tls", "plain"] })
}
