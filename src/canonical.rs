//! One spelling for what can be spelt in many ways: types and expressions of SQL.
//!
//! A catalog answers in PostgreSQL's own words (`character varying(20)`, `'x'::text`), a person or a
//! tool writes `varchar(20)` and `'x'`. Comparing needs one form of both, and never shows it: messages
//! quote what each side said.
//!
//! **Invariant:** nothing here panics or runs out of stack, whatever the text: it may come from an
//! audited database.

mod built_in;
mod call;
mod cast;
mod expression;
mod literal;
mod query;
mod rewrite;
mod token;
mod type_name;

#[cfg(test)]
mod tests;

pub use built_in::quoted;
pub use expression::default_value;
pub use expression::expression;
pub use type_name::type_name;

/// Why a text is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    #[error("the type is empty")]
    Empty,
    #[error("`{text}` is not a type: {why}")]
    Malformed { text: String, why: &'static str },
}
