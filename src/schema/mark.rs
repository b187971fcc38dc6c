//! The mark: what a database says of itself, in its own comment, so that a wrong connection meets a database
//! that knows better. `schemawarden sql mark` prints the SQL that writes it.
//!
//! It is one line of the comment, and the rest of the comment is its owner's. The comment stands in a shared
//! catalog (`pg_shdescription`): no `DROP SCHEMA` takes it along, every role may read it, and it is not
//! copied with a template, nor dumped without `--create`.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::visible;

/// What the line of the mark begins with.
pub const MARK: &str = "schemawarden: {";

/// The longest line that is read, in bytes.
pub const MARK_BYTES_MAX: usize = 1000;

/// The environment that refuses drops.
pub const PRODUCTION: &str = "production";

/// What a database says that it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The manifest that it is held to.
    pub class: String,
    /// `production`, or a word of the team's own.
    pub environment: String,
    /// Whom to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A line that begins like a mark and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{line}` in the database's comment begins like a mark and is none: {problem}")]
pub struct MarkError {
    /// The visible spelling.
    pub line: String,
    pub problem: String,
}

impl Mark {
    /// Reads the mark at the beginning of `bytes`, which begin with [`MARK`]; what follows its line is not
    /// looked at. A line of [`MARK_BYTES_MAX`] bytes or more is none.
    ///
    /// # Errors
    ///
    /// Where it is no JSON object of the three texts.
    pub fn read(bytes: &[u8]) -> Result<Self, MarkError> {
        let line = bytes.split(|it| matches!(it, b'\n' | b'\r')).next().unwrap_or_default();
        let wrong = |problem: String| MarkError { line: visible(line), problem };
        let json = line.strip_prefix(MARK.trim_end_matches('{').as_bytes());
        let json = json.ok_or_else(|| wrong(format!("it does not begin with `{MARK}`")))?;
        if line.len() >= MARK_BYTES_MAX {
            let line = format!("{}…", visible(&line[..40]));
            let problem = format!("it has {MARK_BYTES_MAX} bytes or more");
            return Err(MarkError { line, problem });
        }
        serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))
    }

    /// The line of the comment.
    #[must_use]
    pub fn line(&self) -> String {
        // Three texts are JSON; serde_json writes no line break, and no space either.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{}{json}", MARK.trim_end_matches('{'))
    }

    /// Whether it says that data would be lost that somebody lives on.
    #[must_use]
    pub fn is_production(&self) -> bool {
        let word = self.environment.trim().to_lowercase();
        matches!(word.as_str(), PRODUCTION | "prod")
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |it: &str| visible(it.as_bytes());
        write!(f, "class `{}`, environment `{}`", text(&self.class), text(&self.environment))?;
        match &self.owner {
            Some(owner) => write!(f, ", owner `{}`", text(owner)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_from_its_line() {
        for owner in [None, Some("platform \"team\"\n{'é'}".to_owned())] {
            let mark =
                Mark { class: "central".to_owned(), environment: PRODUCTION.to_owned(), owner };
            let line = mark.line();
            assert!(line.starts_with(MARK) && !line.contains('\n'), "{line}");
            assert_eq!(Mark::read(line.as_bytes()), Ok(mark.clone()));
            assert_eq!(Mark::read(format!("{line}\nand more").as_bytes()), Ok(mark));
        }
    }

    #[test]
    fn what_is_no_mark_says_so() {
        let long = format!("schemawarden: {{{}", "x".repeat(MARK_BYTES_MAX));
        for (bytes, want) in [
            (&b"schemawarden: {"[..], "EOF"),
            (b"schemawarden: {}", "missing field `class`"),
            (b"schemawarden: {\"class\": 1}", "invalid type"),
            (b"schemawarden: {\"class\": \"a\", \"environment\": \"\xff\"}", "invalid"),
            (b"something else", "does not begin with"),
            (long.as_bytes(), "1000 bytes or more"),
        ] {
            let error = Mark::read(bytes).expect_err("no mark").to_string();
            assert!(error.contains(want), "{error}");
            assert!(!error.contains('\n') && error.len() < 300, "{error}");
        }
    }

    #[test]
    fn production_has_two_spellings() {
        let of = |environment: &str| {
            let environment = environment.to_owned();
            Mark { class: "c".to_owned(), environment, owner: None }.is_production()
        };
        assert!(of("production") && of("Prod ") && !of("staging") && !of("preproduction"));
    }
}
