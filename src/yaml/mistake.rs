//! One mistake in a document, as a person reads it: where, which key, what, and what to do.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use crate::schema::visible;

/// Longer pieces of a document are cut in messages, in characters.
const SHOWN_CHARS: usize = 60;

/// Characters of a line in an excerpt, and those of them before the place.
const EXCERPT_CHARS: usize = 100;
const EXCERPT_BEFORE: usize = 60;

/// A place in a document, 1-based; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// One mistake in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, if it is about one place.
    pub at: Option<Position>,
    /// The path of keys, `databases[0].schedule.cron`; empty for the whole document.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line of the source with a caret below the place, for sources that are not a list of keys.
    pub excerpt: Option<String>,
    /// What stands at `key`, or should, was left out of what was read or made up, so that whoever
    /// checks the rest does not take it for absent.
    pub left_out: bool,
    /// The document itself says it (a key that is there twice): it follows from no other mistake.
    pub of_shape: bool,
}

impl Mistake {
    /// A mistake without help.
    #[must_use]
    pub fn new(
        path: &Path,
        at: Option<Position>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (path, key, message) = (path.to_owned(), key.into(), message.into());
        Self { path, at, key, message, help: None, excerpt: None, left_out: false, of_shape: false }
    }

    /// The same with a word on what to do.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The same with the line of `source` that it is about and a caret under `chars` of its
    /// characters. Nothing in a source can act on a terminal: it is made visible.
    #[must_use]
    pub fn with_excerpt(self, source: &str, chars: usize) -> Self {
        let Some(at) = self.at else { return self };
        let line = source.split('\n').nth(at.line.saturating_sub(1) as usize).unwrap_or_default();
        let before = at.column.saturating_sub(1) as usize;
        // A long line is shown from shortly before the place.
        let from = before.saturating_sub(EXCERPT_BEFORE);
        let shown = |text: String| text.chars().map(plain).collect::<String>();
        let window = shown(line.chars().skip(from).take(EXCERPT_CHARS).collect());
        let number = at.line.to_string();
        let margin = " ".repeat(number.len());
        let pad = " ".repeat(before - from);
        let room = EXCERPT_CHARS.saturating_sub(before - from).max(1);
        let carets = "^".repeat(chars.clamp(1, room));
        let excerpt = format!("{margin} |\n{number} | {window}\n{margin} | {pad}{carets}");
        Self { excerpt: Some(excerpt), ..self }
    }

    /// The same with "did you mean `nearest`?" where there is one.
    #[must_use]
    pub fn with_nearest(self, nearest: Option<&str>) -> Self {
        match nearest {
            Some(word) => self.with_help(format!("did you mean {}?", shown(word))),
            None => self,
        }
    }
}

impl std::error::Error for Mistake {}

/// `config.yaml:12:5: databases[0].shedule: unknown key; did you mean `schedule`?`
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(at) = self.at {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

/// One character of an excerpt, as wide as it was where that can be: a caret stands below it.
fn plain(c: char) -> char {
    match visible(c.encode_utf8(&mut [0; 4]).as_bytes()) {
        _ if c == '\t' => ' ',
        shown if shown.chars().eq([c]) || c == '\\' => c,
        _ => '\u{fffd}',
    }
}

/// Takes out what is said of a value only because a wrong part of it was left out or made up: whatever
/// is about the same key of the same file as such a mistake, about what that key is a part of, or about
/// a part of it; and what is about no place, as a made-up value is.
pub fn drop_consequences(mistakes: &mut Vec<Mistake>) {
    let wrong: Vec<(PathBuf, String)> = mistakes
        .iter()
        .filter(|it| it.left_out)
        .map(|it| (it.path.clone(), it.key.clone()))
        .collect();
    let nowhere = |it: &Mistake| it.at.is_some_and(|at| at.line == 0);
    let part_of = |part: &str, whole: &str| {
        let rest = part.strip_prefix(whole);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let follows = |it: &Mistake| {
        wrong
            .iter()
            .any(|(path, key)| *path == it.path && (part_of(key, &it.key) || part_of(&it.key, key)))
    };
    mistakes.retain(|it| it.left_out || it.of_shape || !(nowhere(it) || follows(it)));
}

/// A piece of a document as messages show it: in backquotes, cut, with nothing in it that could act
/// on a terminal, and without what looks like a URL with a login.
#[must_use]
pub fn shown(text: &str) -> String {
    if text.contains("://") || text.contains('@') {
        return "`…`".to_owned();
    }
    let cut = match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => &text[..at],
        None => text,
    };
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", visible(cut.as_bytes()))
}

/// Whether a key holds something that no message may repeat.
pub(super) fn holds_secrets(key: &str) -> bool {
    const WORDS: [&str; 7] = ["url", "password", "secret", "secrets", "token", "dsn", "passwd"];
    let key = key.to_ascii_lowercase();
    if key.ends_with("_file") || key.ends_with("_files") {
        return false;
    }
    matches!(key.as_str(), "password_command" | "routing_key")
        || key.split(['_', '-']).any(|part| WORDS.contains(&part))
}
