//! The shape of `http:`: where the endpoint listens, and who may change things through it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::At;

/// The HTTP endpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Http {
    /// Address and port; loopback only. Default: `127.0.0.1:9847`.
    pub(in crate::config) listen: Option<At<String>>,
    /// Where people reach it: messages link there. Default: no links.
    pub(in crate::config) external_url: Option<At<String>>,
    /// The file of the token `local`, made with mode 0600 where there is none. Default: the state
    /// file's name with `.token`: `schemawarden.token`. Not beside `tokens`.
    pub(in crate::config) token_file: Option<At<String>>,
    /// Who may change things: named tokens.
    pub(in crate::config) tokens: Option<At<Vec<Token>>>,
}

/// One token of the API.
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
}
