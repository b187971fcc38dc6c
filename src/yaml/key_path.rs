//! The path of keys from the document's top to a node, built on the way down without allocating.

use std::fmt;

use super::mistake::holds_secrets;
use super::mistake::shown;
use super::tree::Node;

/// Keys that may stand beside a secret (`password_command.ttl`) and hold none.
const NEVER_SECRET: [&str; 2] = ["timeout", "ttl"];

/// `databases[0].schedule.cron`
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyPath<'a> {
    Root,
    /// An item of a list.
    Index(&'a KeyPath<'a>, usize),
    /// A value of a map, under its key.
    Key(&'a KeyPath<'a>, &'a Node),
    /// A value that is not there, under the key that it should have.
    Absent(&'a KeyPath<'a>, &'a str),
}

impl KeyPath<'_> {
    /// Whether messages must not repeat what stands here.
    pub(super) fn is_secret(&self) -> bool {
        match self {
            Self::Root => false,
            Self::Key(parent, key) => {
                let word = key.text().unwrap_or_default();
                holds_secrets(word) || (parent.is_secret() && !NEVER_SECRET.contains(&word))
            }
            Self::Index(parent, _) | Self::Absent(parent, _) => parent.is_secret(),
        }
    }
}

impl fmt::Display for KeyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, word) = match self {
            Self::Root => return Ok(()),
            Self::Index(parent, index) => return write!(f, "{parent}[{index}]"),
            Self::Absent(parent, word) => (parent, *word),
            Self::Key(parent, key) => (parent, key.text().unwrap_or("?")),
        };
        write!(f, "{parent}")?;
        if !matches!(parent, Self::Root) {
            f.write_str(".")?;
        }
        f.write_str(&key(word))
    }
}

/// A word of a document as a piece of a key path: in quotes where it would not be read as one piece.
#[must_use]
pub fn key(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    if !word.is_empty() && word.len() <= 64 && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("\"{}\"", shown(word).trim_matches('`'))
    }
}
