//! A glob over one part of a name: how it is read, and how it matches.

use std::fmt::Write as _;

use super::GlobError;
use crate::schema::Name;
use crate::schema::NameError;
use crate::schema::RelationName;

/// The longest identifier of PostgreSQL, in bytes (`NAMEDATALEN` - 1).
const NAME_MAX_BYTES: usize = 63;

/// Where the units of bytes that are not UTF-8 begin: after the last character of Unicode.
const FIRST_BYTE_UNIT: u32 = 0x11_0000;

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
    /// Exactly `name`.
    pub(crate) fn of(name: &Name) -> Self {
        Self(units(name.as_bytes()).into_iter().map(Token::Literal).collect())
    }

    /// The pattern of one part, and what follows it: nothing, or a dot and the next part.
    pub(crate) fn parse(text: &str) -> Result<(Self, &str), GlobError> {
        if text.starts_with('"') {
            let (name, rest) = quoted(text)?;
            return Ok((Self::of(&name), rest));
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

    /// The same as a regular expression of PostgreSQL (ARE), anchored. What is not a letter, a digit or `_` is
    /// escaped; a byte that is not UTF-8 is what it is in a database without an encoding.
    pub(crate) fn regex(&self) -> String {
        let mut out = String::from("^");
        for token in &self.0 {
            match token {
                Token::Any => out.push_str(".*"),
                Token::One => out.push('.'),
                Token::Literal(unit) => regex_unit(&mut out, *unit),
                Token::Set { negated, ranges } => {
                    out.push_str(if *negated { "[^" } else { "[" });
                    for (from, to) in ranges {
                        regex_unit(&mut out, *from);
                        if from != to {
                            out.push('-');
                            regex_unit(&mut out, *to);
                        }
                    }
                    out.push(']');
                }
            }
        }
        out.push('$');
        out
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

/// One character, or byte, of a regular expression.
fn regex_unit(out: &mut String, unit: u32) {
    let unit = if unit >= FIRST_BYTE_UNIT { unit - FIRST_BYTE_UNIT } else { unit };
    match char::from_u32(unit) {
        Some(it) if it.is_ascii_alphanumeric() || it == '_' => out.push(it),
        // Writing to a String cannot fail.
        _ if unit <= 0xffff => drop(write!(out, "\\u{unit:04x}")),
        _ => drop(write!(out, "\\U{unit:08x}")),
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
    }
}
