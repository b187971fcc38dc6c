//! Globs over relation names, for `ignore`, `forbid` and presets.
//!
//! A glob is written as a name is (`legacy_*`, `billing.*`, `*.tmp_*`): a bare one means schema
//! `public`, and a SQL-quoted part is literal. In an unquoted part `*` stands for any characters, `?`
//! for one, `[a-z]` for one of a set, `[!a-z]` for one outside it.
//!
//! The matcher is our own, because the crates match paths as text: in `globset` a glob cannot hold a
//! byte that is not UTF-8 (`\xff`), and its `?` is one byte of an `ü`. Names have 63 bytes at most,
//! so the worst case of the backtracking below is 63 × 63 steps.

use std::fmt;

use crate::schema::Name;
use crate::schema::NameError;
use crate::schema::RelationName;

/// The longest identifier of PostgreSQL, in bytes (`NAMEDATALEN` - 1).
const NAME_MAX_BYTES: usize = 63;

/// Where the units of bytes that are not UTF-8 begin: after the last character of Unicode.
const FIRST_BYTE_UNIT: u32 = 0x11_0000;

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
                Ok(Self { source, schema: Pattern::literal("public"), name })
            }
            (Some(name), Some(schema), None) => Ok(Self { source, schema, name }),
            _ => Err(NameError::TooManyParts { parts: found }.into()),
        }
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

    /// One spelling for all globs of the same meaning, for hashes.
    pub(crate) fn canonical(&self) -> String {
        format!("{:?}.{:?}", self.schema.0, self.name.0)
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

/// A glob over one part of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// `*`; never two in a row.
    Any,
    /// `?`.
    One,
    /// Exactly this character, or byte that is not UTF-8.
    Literal(u32),
    /// `[…]`: inclusive ranges.
    Set { negated: bool, ranges: Vec<(u32, u32)> },
}

impl Pattern {
    /// Exactly `text`.
    pub(crate) fn literal(text: &str) -> Self {
        Self(text.chars().map(|c| Token::Literal(c.into())).collect())
    }

    /// The pattern of one part, and what follows it: nothing, or a dot and the next part.
    pub(crate) fn parse(text: &str) -> Result<(Self, &str), GlobError> {
        if text.starts_with('"') {
            let (name, rest) = quoted(text)?;
            let literal = units(name.as_bytes()).into_iter().map(Token::Literal).collect();
            return Ok((Self(literal), rest));
        }
        let mut tokens = Vec::new();
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next().filter(|c| *c != '.') {
            if !matches!(c, '*' | '?' | '[' | '{' | '}') {
                rest = character(rest, &mut bytes)?;
                continue;
            }
            // Literal characters are collected as bytes, since several `\x…` may make one character.
            tokens.extend(units(&std::mem::take(&mut bytes)).into_iter().map(Token::Literal));
            rest = &rest[1..];
            match c {
                '*' if tokens.last() == Some(&Token::Any) => {}
                '*' => tokens.push(Token::Any),
                '?' => tokens.push(Token::One),
                '[' => {
                    let (set, after) = set(rest)?;
                    tokens.push(set);
                    rest = after;
                }
                _ => return Err(GlobError::Braces),
            }
        }
        tokens.extend(units(&bytes).into_iter().map(Token::Literal));
        let pattern = Self(tokens);
        match pattern.shortest_bytes() {
            _ if pattern.0.is_empty() => Err(NameError::Empty.into()),
            bytes if bytes > NAME_MAX_BYTES => Err(NameError::TooLong { bytes }.into()),
            _ => Ok((pattern, rest)),
        }
    }

    /// Whether the whole of `name` matches: the usual walk that remembers the last `*` only.
    pub(crate) fn matches(&self, name: &[u32]) -> bool {
        let (mut at, mut pos) = (0, 0);
        // Where to resume when what follows the last `*` does not fit: that `*` takes one more.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(at), name.get(pos)) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    retry = Some((at, pos));
                    at += 1;
                    continue;
                }
                (Some(token), Some(unit)) if token.takes(*unit) => {
                    (at, pos) = (at + 1, pos + 1);
                    continue;
                }
                _ => {}
            }
            match retry {
                Some((star, taken)) if taken < name.len() => {
                    retry = Some((star, taken + 1));
                    (at, pos) = (star + 1, taken + 1);
                }
                _ => return false,
            }
        }
    }

    pub(crate) fn exact(&self) -> Option<Name> {
        let mut bytes = Vec::new();
        for token in &self.0 {
            let Token::Literal(unit) = token else { return None };
            match char::from_u32(*unit) {
                Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => bytes.push(u8::try_from(unit - FIRST_BYTE_UNIT).ok()?),
            }
        }
        Some(Name::from_bytes(&bytes))
    }

    fn shortest_bytes(&self) -> usize {
        let bytes = |token: &Token| match token {
            Token::Any => 0,
            Token::One | Token::Set { .. } => 1,
            Token::Literal(unit) => char::from_u32(*unit).map_or(1, char::len_utf8),
        };
        self.0.iter().map(bytes).sum()
    }
}

impl Token {
    fn takes(&self, unit: u32) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(it) => *it == unit,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&unit)) != *negated
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

/// What a wildcard counts: characters, and single bytes where a name is not UTF-8.
pub(crate) fn units(bytes: &[u8]) -> Vec<u32> {
    let mut units = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        units.extend(chunk.valid().chars().map(u32::from));
        units.extend(chunk.invalid().iter().map(|byte| FIRST_BYTE_UNIT + u32::from(*byte)));
    }
    units
}

/// The name in the quotes at the start of `text`, and what follows the closing quote.
fn quoted(text: &str) -> Result<(Name, &str), GlobError> {
    let mut end = 1;
    loop {
        end += text[end..].find('"').ok_or(NameError::UnclosedQuote)? + 1;
        match text[end..].chars().next() {
            Some('"') => end += 1,
            None | Some('.') => break,
            Some(_) => return Err(NameError::TextAfterQuote.into()),
        }
    }
    Ok((RelationName::parse(&text[..end])?.name, &text[end..]))
}

/// Reads one character or escape sequence into `bytes`, and returns what follows it.
fn character<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str, GlobError> {
    let length = match text.as_bytes() {
        [b'\\', b'\\', ..] => 2,
        [b'\\', b'x', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 4,
        [b'\\', b'u', b'{', ..] => text.find('}').map_or(1, |end| end + 1),
        [b'\\', c @ (b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'"' | b'!'), ..] => {
            return Err(GlobError::Escape((*c).into()));
        }
        _ => {
            let length = text.chars().next().map_or(0, char::len_utf8);
            bytes.extend_from_slice(&text.as_bytes()[..length]);
            return Ok(&text[length..]);
        }
    };
    bytes.extend_from_slice(RelationName::parse(&text[..length])?.name.as_bytes());
    Ok(&text[length..])
}

/// The set whose `[` stands before `text`, and what follows its `]`. A `]` that comes first and a
/// `-` that comes first or last stand for themselves.
fn set(text: &str) -> Result<(Token, &str), GlobError> {
    let negated = text.starts_with(['!', '^']);
    let mut rest = &text[usize::from(negated)..];
    let mut ranges = Vec::new();
    loop {
        if rest.is_empty() {
            return Err(GlobError::UnclosedSet);
        }
        if let Some(after) = rest.strip_prefix(']').filter(|_| !ranges.is_empty()) {
            return Ok((Token::Set { negated, ranges }, after));
        }
        let (from, after) = set_member(rest)?;
        rest = after;
        let mut to = from;
        if let Some(after) = rest.strip_prefix('-').filter(|it| !it.starts_with(']')) {
            (to, rest) = set_member(after)?;
        }
        if to < from {
            let show = |unit| char::from_u32(unit).map_or_else(|| "\\x…".to_owned(), String::from);
            return Err(GlobError::EmptyRange { from: show(from), to: show(to) });
        }
        ranges.push((from, to));
    }
}

fn set_member(text: &str) -> Result<(u32, &str), GlobError> {
    let mut bytes = Vec::new();
    let rest = character(text, &mut bytes)?;
    let unit = units(&bytes).first().copied().ok_or(GlobError::UnclosedSet)?;
    Ok((unit, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn relation(schema: &[u8], name: &[u8]) -> RelationName {
        RelationName { schema: Name::from_bytes(schema), name: Name::from_bytes(name) }
    }

    #[test]
    fn globs_match_names_as_people_read_them() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, &[u8], bool)] = &[
            // glob            schema     name                     matches
            ("legacy_*",       "public",  b"legacy_",              true),
            ("legacy_*",       "public",  b"legacy_a_b",           true),
            ("legacy_*",       "billing", b"legacy_a",             false),
            ("legacy_*",       "public",  b"a_legacy_",            false),
            ("*.tmp_*",        "any",     b"tmp_1",                true),
            ("*.tmp_*",        "any",     b"Tmp_1",                false),
            ("billing.*",      "billing", b"anything/at all.x",    true),
            ("billing.*",      "Billing", b"anything",             false),
            ("*",              "public",  b"anything",             true),
            ("*",              "other",   b"anything",             false),
            ("a?c",            "public",  "a\u{fc}c".as_bytes(),   true),
            ("a?c",            "public",  b"a\xffc",               true),
            ("a?c",            "public",  b"ac",                   false),
            ("a?c",            "public",  b"abbc",                 false),
            ("m_[0-9][0-9]",   "public",  b"m_07",                 true),
            ("m_[0-9][0-9]",   "public",  b"m_7",                  false),
            ("[!a-z]x",        "public",  b"Ax",                   true),
            ("[!a-z]x",        "public",  b"ax",                   false),
            ("[]-]x",          "public",  b"]x",                   true),
            ("[]-]x",          "public",  b"-x",                   true),
            ("[a.b]",          "public",  b".",                    true),
            ("bad\\xff*",      "public",  b"bad\xff\xfe",          true),
            ("bad\\xff*",      "public",  "bad\u{ff}".as_bytes(),  false),
            ("\\xc3\\xbc",     "public",  "\u{fc}".as_bytes(),     true),
            ("a\\u{2e}b",      "public",  b"a.b",                  true),
            ("\"a.b\".\"c*\"", "a.b",     b"c*",                   true),
            ("\"a.b\".\"c*\"", "a.b",     b"cd",                   false),
            ("\"a.b\".c*",     "a.b",     b"cd",                   true),
            ("\"a\"\"b\"",     "public",  b"a\"b",                 true),
            ("*a*b*",          "public",  b"xxaxxbxx",             true),
            ("*a*b",           "public",  b"aab_b",                true),
            ("*a*b",           "public",  b"aabx",                 false),
            ("**",             "public",  b"x",                    true),
            ("a/**/b",         "public",  b"a/b",                  false),
            ("<!channel>",     "public",  b"<!channel>",           true),
        ];
        for (glob, schema, name, want) in cases {
            let got = Glob::parse(glob).unwrap().matches(&relation(schema.as_bytes(), name));
            assert_eq!(got, *want, "{glob} against {schema}.{}", name.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_glob_is_refused() {
        let cases = [
            ("", "not a name: the name is empty"),
            ("a..b", "not a name: the name is empty"),
            ("a.b.*", "not a name: 3 parts"),
            ("\"a", "not a name: a `\"` is opened"),
            ("\"a\"*", "not a name: text follows the closing `\"`"),
            ("[a", "a `[` is opened and not closed"),
            ("[z-a]", "the range `z-a` is upside down"),
            ("{a,b}_*", "`{` and `}` are not supported"),
            ("!keep", "a glob cannot be negated"),
            ("a\\*", "`\\*` does not escape; quote the part to take `*` literally"),
            ("\\x00", "not a name: NUL"),
        ];
        for (text, want) in cases {
            let error = Glob::parse(text).expect_err(text);
            let source = std::error::Error::source(&error).map(|it| format!(": {it}"));
            let got = format!("{error}{}", source.unwrap_or_default());
            assert!(got.starts_with(want), "{text}: got {got}");
        }
        assert!(Glob::parse(&"x".repeat(64)).is_err());
    }

    /// The definition, without any cleverness.
    fn oracle(tokens: &[Token], name: &[u32]) -> bool {
        match tokens {
            [] => name.is_empty(),
            [Token::Any, rest @ ..] => (0..=name.len()).any(|n| oracle(rest, &name[n..])),
            [token, rest @ ..] => {
                name.first().is_some_and(|unit| token.takes(*unit)) && oracle(rest, &name[1..])
            }
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(glob in "[ab*?]{1,8}", name in "[ab]{0,8}") {
            let (pattern, _) = Pattern::parse(&glob).unwrap();
            let name = units(name.as_bytes());
            prop_assert_eq!(pattern.matches(&name), oracle(&pattern.0, &name));
        }

        /// A spelled name is a glob that matches that name and says so.
        #[test]
        fn every_spelled_name_is_an_exact_glob(
            schema in proptest::collection::vec(1u8.., 1..=63),
            name in proptest::collection::vec(1u8.., 1..=63),
        ) {
            let it = relation(&schema, &name);
            let glob = Glob::parse(&it.spelled()).unwrap();
            prop_assert!(glob.matches(&it));
            prop_assert_eq!(glob.exact(), Some(it));
        }
    }
}
