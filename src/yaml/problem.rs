//! What a type did not like about a node: serde's error, kept as data until the node that it is
//! about is known, so that the words can fit the node and keep its secrets.

use std::fmt;

use serde::de::Error;
use serde::de::Expected;
use serde::de::Unexpected;

/// The error of [`super::typed`]. Once *settled* it is recorded, and only unwinds the pass.
#[derive(Debug)]
pub(super) enum Stop {
    /// Not yet recorded.
    Problem(Problem),
    /// A value made up for a missing or wrong one did not please its type: no mistake of its own.
    MadeUp,
    /// Recorded.
    Settled,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) enum Problem {
    /// The node is of another type.
    Type { expected: String },
    /// A number, text or length that the type does not take.
    Value { expected: String },
    /// None of the words of a closed list.
    Word { word: String, known: &'static [&'static str] },
    /// A key that the type does not know; the node is the key.
    UnknownKey { known: &'static [&'static str] },
    /// A key that must be there is not.
    Missing { key: &'static str },
    /// In the type's own words.
    Custom(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never shown: every stop is settled into a `Mistake` first.
        f.write_str("the document does not have the right shape")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Problem(Problem::Custom(message.to_string()))
    }

    fn invalid_type(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Problem(Problem::Type { expected: expected.to_string() })
    }

    fn invalid_value(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Problem(Problem::Value { expected: expected.to_string() })
    }

    fn invalid_length(_len: usize, expected: &dyn Expected) -> Self {
        Self::Problem(Problem::Value { expected: expected.to_string() })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::Problem(Problem::Word { word: word.to_owned(), known })
    }

    fn unknown_field(_key: &str, known: &'static [&'static str]) -> Self {
        Self::Problem(Problem::UnknownKey { known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::Problem(Problem::Missing { key })
    }
}
