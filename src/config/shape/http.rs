//! The shape of `http:`: where the endpoint listens, and who may see and change things through it.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use crate::yaml::At;

/// The HTTP endpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Http {
    /// Address and port. Beyond loopback it takes `tokens`. Default: `127.0.0.1:9847`.
    pub(in crate::config) listen: Option<At<String>>,
    /// More host names by which people call this machine; requests for any other are refused. Default: the
    /// names of loopback, the listening address and the host of `external_url`.
    pub(in crate::config) hosts: Option<At<Vec<At<String>>>>,
    /// Where people reach it: messages link there. Default: no links.
    pub(in crate::config) external_url: Option<At<String>>,
    /// The file of the token `local`, made with mode 0600 where there is none. Default: the state
    /// file's name with `.token`: `schemawarden.token`. Not beside `tokens`.
    pub(in crate::config) token_file: Option<At<String>>,
    /// Who may see and change things: named tokens.
    pub(in crate::config) tokens: Option<At<Vec<Token>>>,
    /// Proxies that say who asks. Default: none.
    pub(in crate::config) trusted_proxies: Option<At<TrustedProxies>>,
    /// The certificate to serve with. Default: none, plain HTTP.
    pub(in crate::config) tls: Option<At<Tls>>,
}

/// One named token.
#[expect(clippy::struct_field_names, reason = "the keys are called so")]
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Token {
    /// Who uses it: the author of the silences made with it.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,100}$"))]
    pub(in crate::config) name: At<String>,
    /// The token, at least 32 characters. This or `token_file`.
    pub(in crate::config) token: Option<At<String>>,
    /// A file that holds the token.
    pub(in crate::config) token_file: Option<At<String>>,
    /// `read` looks, `operate` changes things too. Default: `operate`.
    #[schemars(schema_with = "role_words")]
    pub(in crate::config) role: Option<At<String>>,
}

/// Proxies that have found out who asks, and say so in a header.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TrustedProxies {
    /// Where they connect from: networks, or single addresses.
    pub(in crate::config) networks: Option<At<Vec<At<String>>>>,
    /// The header that names the user. Default: `X-Forwarded-User`.
    pub(in crate::config) user_header: Option<At<String>>,
    /// What these users may do: `read` or `operate`. Default: `read`.
    #[schemars(schema_with = "role_words")]
    pub(in crate::config) role: Option<At<String>>,
}

/// A certificate and its key, read again when they change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Tls {
    /// The certificate and the chain that leads to its authority, PEM.
    pub(in crate::config) cert_file: Option<At<String>>,
    /// Its key, PEM, not encrypted.
    pub(in crate::config) key_file: Option<At<String>>,
}

fn role_words(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": ["string", "null"], "enum": ["read", "operate"] })
}
