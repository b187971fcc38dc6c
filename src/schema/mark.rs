//! The mark: what a database says of itself, in its own comment, so that a wrong connection meets a database
//! that knows better. `schemawarden sql mark` prints the SQL that writes it.
//!
//! It is one line of the comment, and the rest of the comment is its owner's. The comment stands in a shared
//! catalog (`pg_shdescription`): no `DROP SCHEMA` takes it along, every role may read it, and it is not
//! copied with a template, nor dumped without `--create`.

use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::Serialize;

use super::visible;

/// What the line of the mark begins with.
pub const MARK: &str = "schemawarden: {";

/// As much of a comment is looked at, in bytes. A longer one is no place for a mark.
pub const COMMENT_BYTES_MAX: usize = 64 * 1024;

/// A line of a mark has fewer bytes.
const LINE_BYTES_MAX: usize = 1000;

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
    /// Finds the mark in a comment: the one line that begins with [`MARK`]. `None`: there is none.
    ///
    /// # Errors
    ///
    /// Where a line is nearly one (another case or spacing, no JSON object of the three texts, too long), where
    /// there are two, or where the comment is longer than is looked at: somebody relies on it.
    #[must_use]
    pub fn find(comment: &[u8]) -> Option<Result<Self, MarkError>> {
        if comment.len() > COMMENT_BYTES_MAX {
            let problem = format!("the comment is longer than {COMMENT_BYTES_MAX} bytes");
            return Some(Err(MarkError { line: "…".to_owned(), problem }));
        }
        let lines = comment.split(|it| matches!(it, b'\n' | b'\r'));
        let mut marks = lines.filter(|it| is_nearly(it));
        let first = marks.next()?;
        if let Some(second) = marks.next() {
            let line = shown(second);
            return Some(Err(MarkError {
                line,
                problem: "there is another one before it".to_owned(),
            }));
        }
        Some(Self::read(first))
    }

    fn read(line: &[u8]) -> Result<Self, MarkError> {
        let wrong = |problem: String| MarkError { line: shown(line), problem };
        if line.len() >= LINE_BYTES_MAX {
            return Err(wrong(format!("it has {LINE_BYTES_MAX} bytes or more")));
        }
        if !line.starts_with(MARK.as_bytes()) {
            return Err(wrong(format!("it does not begin with `{MARK}`")));
        }
        serde_json::from_slice(&line[MARK.len() - 1..]).map_err(|error| wrong(error.to_string()))
    }

    /// The line of the comment.
    #[must_use]
    pub fn line(&self) -> String {
        // Three texts are JSON; serde_json writes no line break, and no space either.
        let json = serde_json::to_string(self).unwrap_or_default();
        let mut line = MARK.trim_end_matches('{').to_owned();
        for it in json.chars() {
            // In ASCII, since a comment is read by databases of other encodings than its own.
            if it.is_ascii() {
                line.push(it);
            } else {
                let mut units = [0; 2];
                for unit in it.encode_utf16(&mut units) {
                    // Writing to a String cannot fail.
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
        }
        line
    }

    /// Whether it says that data would be lost that somebody lives on.
    #[must_use]
    pub fn is_production(&self) -> bool {
        let word = self.environment.trim().to_lowercase();
        matches!(word.as_str(), PRODUCTION | "prod")
    }
}

/// Whether a line is a mark, or was meant to be one: `schemawarden`, a colon, a brace, in whatever case and
/// spacing.
fn is_nearly(line: &[u8]) -> bool {
    let plain: Vec<u8> = line
        .iter()
        .filter(|it| !it.is_ascii_whitespace())
        .take(MARK.len() - 1)
        .map(u8::to_ascii_lowercase)
        .collect();
    plain == MARK.replace(' ', "").as_bytes()
}

/// A line for a message.
fn shown(line: &[u8]) -> String {
    const SHOWN: usize = 80;
    let more = if line.len() > SHOWN { "…" } else { "" };
    format!("{}{more}", visible(&line[..line.len().min(SHOWN)]))
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
            assert!(line.starts_with(MARK) && !line.contains('\n') && line.is_ascii(), "{line}");
            for comment in
                [line.clone(), format!("{line}\nand more"), format!("a note\r\n{line}\r\n")]
            {
                assert_eq!(Mark::find(comment.as_bytes()), Some(Ok(mark.clone())), "{comment}");
            }
        }
    }

    #[test]
    fn what_is_nearly_a_mark_is_no_comment_of_somebody() {
        let good = "schemawarden: {\"class\":\"a\",\"environment\":\"production\"}";
        let long = format!("schemawarden: {{{}", "x".repeat(LINE_BYTES_MAX));
        let huge = "x".repeat(COMMENT_BYTES_MAX + 1);
        for (comment, want) in [
            ("schemawarden: {".to_owned(), "EOF"),
            ("schemawarden: {}".to_owned(), "missing field `class`"),
            ("schemawarden: {\"class\": 1}".to_owned(), "invalid type"),
            (format!(" {good}"), "does not begin with"),
            (good.replace(": {", ":{"), "does not begin with"),
            (good.replace("schema", "Schema"), "does not begin with"),
            (format!("{good}\n{good}"), "another one before it"),
            (long, "1000 bytes or more"),
            (huge, "longer than"),
        ] {
            let found = Mark::find(comment.as_bytes()).expect("nearly a mark");
            let error = found.expect_err("no mark").to_string();
            assert!(error.contains(want), "{error}");
            assert!(!error.contains('\n') && error.len() < 400, "{error}");
        }
        let bytes = b"schemawarden: {\"class\": \"a\", \"environment\": \"\xff\"}";
        assert!(Mark::find(bytes).expect("nearly a mark").is_err());
        for comment in ["", "schemawarden: ask Ada", "see schemawarden: {x}", "\n\n"] {
            assert_eq!(Mark::find(comment.as_bytes()), None, "{comment}");
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
