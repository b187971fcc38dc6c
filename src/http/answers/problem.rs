//! Why a request got no answer.
#![expect(dead_code, reason = "describes what a refusal writes; a test holds real ones to it")]

use schemars::JsonSchema;

/// Why a request got no answer (RFC 9457).
#[derive(Debug, JsonSchema)]
pub(in crate::http) struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// One sentence for a person: what is wrong, and what would be right. Holds no secret.
    detail: String,
}
