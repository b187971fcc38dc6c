//! Globs over relation names, for `ignore`, `forbid` and presets.
//!
//! A glob is written as a name is (`legacy_*`, `billing.*`, `*.tmp_*`): a bare one means schema
//! `public`, and a SQL-quoted part is literal. In an unquoted part `*` stands for any characters, `?`
//! for one, `[a-z]` for one of a set, `[!a-z]` for one outside it.
//!
//! The matcher is our own, because the crates match paths as text: in `globset` a glob cannot hold a
//! byte that is not UTF-8 (`\xff`), and its `?` is one byte of an `ü`. Names have 63 bytes at most,
//! so the worst case of the backtracking below is 63 × 63 steps.

mod pattern;

use std::fmt;

use crate::schema::Name;
use crate::schema::NameError;
use crate::schema::RelationName;

pub(crate) use pattern::Pattern;
pub(crate) use pattern::units;

/// One glob over schema and name.
#[derive(Clone, PartialEq, Eq)]
pub struct Glob {
    source: String,
    schema: Pattern,
    name: Pattern,
}

/// Why a text is not a glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    #[error("not a name")]
    Name(#[source] NameError),
    #[error("a `[` is opened and not closed; quote the part to mean the character itself")]
    UnclosedSet,
    #[error("the range `{from}-{to}` is upside down")]
    EmptyRange { from: String, to: String },
    #[error("`{{` and `}}` are not supported; write one glob for each alternative")]
    Braces,
    #[error("a glob cannot be negated with `!`")]
    Negated,
    #[error("`\\{0}` does not escape; quote the part to take `{0}` literally")]
    Escape(char),
}

impl From<NameError> for GlobError {
    fn from(source: NameError) -> Self {
        Self::Name(source)
    }
}

impl Glob {
    /// Reads one glob.
    ///
    /// # Errors
    ///
    /// What looks like a glob of another dialect (braces, a leading `!`, `\*`) is refused instead of
    /// taken literally: under `forbid` it would silently match nothing.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        if text.starts_with('!') {
            return Err(GlobError::Negated);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (pattern, after) = Pattern::parse(rest)?;
            parts.push(pattern);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None => break,
            }
        }
        let found = parts.len();
        let source = text.to_owned();
        match (parts.pop(), parts.pop(), parts.pop()) {
            (Some(name), None, None) => {
                Ok(Self { source, schema: Pattern::of(&Name::from("public")), name })
            }
            (Some(name), Some(schema), None) => Ok(Self { source, schema, name }),
            _ => Err(NameError::TooManyParts { parts: found }.into()),
        }
    }

    /// The glob that matches `name` and nothing else.
    pub(crate) fn of(name: &RelationName) -> Self {
        let source = format!("{}.{}", name.schema.spelled(), name.name.spelled());
        Self { source, schema: Pattern::of(&name.schema), name: Pattern::of(&name.name) }
    }

    /// The text it was read from, for messages.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether `it` has this shape.
    #[must_use]
    pub fn matches(&self, it: &RelationName) -> bool {
        self.matches_units(&Units::of(it))
    }

    /// The same for a name that many globs look at.
    pub(crate) fn matches_units(&self, it: &Units) -> bool {
        self.schema.matches(&it.schema) && self.name.matches(&it.name)
    }

    /// The part that stands for the schema.
    pub(crate) fn schema(&self) -> &Pattern {
        &self.schema
    }

    /// The one name it matches, where neither part holds a wildcard.
    #[must_use]
    pub fn exact(&self) -> Option<RelationName> {
        Some(RelationName { schema: self.schema.exact()?, name: self.name.exact()? })
    }

    /// The schema and the name as regular expressions of PostgreSQL.
    #[must_use]
    pub fn regexes(&self) -> [String; 2] {
        [self.schema.regex(), self.name.regex()]
    }

    /// One spelling for all globs of the same meaning, for hashes.
    pub(crate) fn canonical(&self) -> String {
        format!("{:?}.{:?}", self.schema, self.name)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.source)
    }
}

/// A set of globs, in the order of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Globs(Vec<Glob>);

impl Globs {
    /// The set of `globs`.
    #[must_use]
    pub fn new(globs: Vec<Glob>) -> Self {
        Self(globs)
    }

    /// The first glob that matches.
    #[must_use]
    pub fn matching(&self, it: &RelationName) -> Option<&Glob> {
        if self.0.is_empty() {
            return None;
        }
        let units = Units::of(it);
        self.0.iter().find(|glob| glob.matches_units(&units))
    }

    /// Every glob, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter()
    }

    /// Whether it matches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the globs of `other` behind its own, each meaning once.
    pub(crate) fn extend(&mut self, other: &Self) {
        for glob in &other.0 {
            if !self.0.iter().any(|it| it.canonical() == glob.canonical()) {
                self.0.push(glob.clone());
            }
        }
    }
}

/// A name in the units of globs.
pub(crate) struct Units {
    schema: Vec<u32>,
    name: Vec<u32>,
}

impl Units {
    pub(crate) fn of(it: &RelationName) -> Self {
        Self { schema: units(it.schema.as_bytes()), name: units(it.name.as_bytes()) }
    }
}

#[cfg(test)]
mod tests;
