//! Identifiers as PostgreSQL keeps them (bytes), and the one spelling that people and manifests use.
//!
//! A name from an audited database is hostile until it is spelt: it may hold ESC sequences, newlines,
//! a right-to-left override, or bytes that are not UTF-8. [`Name::visible`] is that spelling, and it
//! is reversible: what a report shows can be pasted into a manifest, and [`RelationName::parse`]
//! reads the same bytes back.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The schema that a bare name in a manifest means.
const DEFAULT_SCHEMA: &[u8] = b"public";

/// One PostgreSQL identifier: 1 to 63 bytes, never NUL, not necessarily UTF-8
/// (`NAMEDATALEN` in `src/include/pg_config_manual.h`).
///
/// Compared byte for byte, as PostgreSQL does. Shared: what is read, remembered and told of a table names
/// it many times.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<[u8]>);

impl Name {
    /// Keeps `bytes` as they are; no folding, no normalization.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The identifier as the server stores it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text; `None` where it is not UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Reads the visible spelling of one name: `\xff` is one byte, `\u{202e}` one character, `\\` a
    /// backslash; everything else stands for itself, dots and quotes too.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        decode(text)
    }

    /// Whether this is schema `public`, which a bare name means.
    #[must_use]
    pub fn is_public(&self) -> bool {
        *self.0 == *DEFAULT_SCHEMA
    }

    /// The name with everything that could act made visible; see [`visible`].
    #[must_use]
    pub fn visible(&self) -> String {
        visible(&self.0)
    }

    /// The name folded for "differs in case only" hints: lower case where it is UTF-8.
    #[must_use]
    pub fn folded(&self) -> Vec<u8> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => text.to_lowercase().into_bytes(),
            Err(_) => self.0.to_ascii_lowercase(),
        }
    }

    /// The spelling that a manifest reads back to the same bytes: bare where the name has no dot,
    /// quote, glob character or surrounding space, SQL-quoted otherwise.
    #[must_use]
    pub fn spelled(&self) -> String {
        let text = self.visible();
        let plain = !text.is_empty()
            && !text.contains(['.', '"', '*', '?', '[', ']', '{', '}', ' ', '\\', '!']);
        if plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.visible())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.visible())
    }
}

/// Spells bytes so that nothing in them can act on a terminal, a log or a reader's eye.
///
/// ASCII control characters become `\x1b`, characters that are invisible, reorder text or break lines
/// become `\u{202e}`, bytes that are not UTF-8 become `\xff`, and a backslash becomes `\\`, so that
/// the spelling is unambiguous. Everything else stays as it is. The result may still hold markup
/// (`<`, `&`, `*`): that is the business of the encoder of each destination.
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    // Nearly every name, of which an audit spells thousands.
    if let Some(plain) = plain(bytes) {
        return plain.to_owned();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Writing to a String cannot fail.
            let _ = match c {
                '\\' => write!(out, "\\\\"),
                c if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c)),
                c if acts(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
                c => write!(out, "{c}"),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// The text of bytes that are spelt as they are: printable ASCII without a backslash.
fn plain(bytes: &[u8]) -> Option<&str> {
    let is_plain = |it: &u8| matches!(it, b' '..=b'~') && *it != b'\\';
    if bytes.iter().all(is_plain) { std::str::from_utf8(bytes).ok() } else { None }
}

/// Whether a character beyond ASCII is a control, is invisible, breaks lines, or reorders text
/// (Unicode general categories Cc, Cf, Zl, Zp, and white space other than the plain space).
fn acts(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    c.is_control()
        || c.is_whitespace()
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x115F | 0x1160 | 0x17B4 | 0x17B5
            | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164
            | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE000..=0xF8FF
            | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF | 0xF0000..=0x0010_FFFF)
}

/// A relation's name with its schema.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationName {
    /// The schema (`pg_namespace.nspname`).
    pub schema: Name,
    /// The relation (`pg_class.relname`).
    pub name: Name,
}

/// Why a spelling is not a relation's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("a `\"` is opened and not closed; write a quote inside a quoted name as `\"\"`")]
    UnclosedQuote,
    #[error("text follows the closing `\"`; a quoted part ends at `.` or at the end of the name")]
    TextAfterQuote,
    #[error("{parts} parts; a name is `table` or `schema.table` (quote a part that holds a dot)")]
    TooManyParts { parts: usize },
    #[error("a part is {bytes} bytes long; PostgreSQL keeps at most 63")]
    TooLong { bytes: usize },
    #[error("NUL cannot be part of a PostgreSQL name")]
    Nul,
}

impl RelationName {
    /// The relation `name` in `schema`.
    #[must_use]
    pub fn new(schema: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// Reads `table`, `schema.table` or the SQL-quoted form of either. Case is kept as written; a
    /// bare name means schema `public`. `\xff` is one byte, `\u{202e}` one character, `\\` a
    /// backslash; any other backslash stands for itself.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let mut parts = split(text)?;
        let parts_found = parts.len();
        match (parts.pop(), parts.pop(), parts.pop()) {
            (Some(name), None, None) => Ok(Self { schema: Name(DEFAULT_SCHEMA.into()), name }),
            (Some(name), Some(schema), None) => Ok(Self { schema, name }),
            _ => Err(NameError::TooManyParts { parts: parts_found }),
        }
    }

    /// The manifest spelling: without the schema where that is `public`.
    #[must_use]
    pub fn spelled(&self) -> String {
        if self.schema.is_public() {
            self.name.spelled()
        } else {
            format!("{}.{}", self.schema.spelled(), self.name.spelled())
        }
    }

    /// For people: everything visible, schema `public` left out.
    #[must_use]
    pub fn visible(&self) -> String {
        if self.schema.is_public() {
            self.name.visible()
        } else {
            format!("{}.{}", self.schema.visible(), self.name.visible())
        }
    }
}

impl fmt::Debug for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.visible())
    }
}

impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.visible())
    }
}

/// Splits at dots outside quotes and decodes each part.
fn split(text: &str) -> Result<Vec<Name>, NameError> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (raw, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (inner, after) = quoted_part(quoted)?;
            if !(after.is_empty() || after.starts_with('.')) {
                return Err(NameError::TextAfterQuote);
            }
            (inner, after)
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        parts.push(decode(&raw)?);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return Ok(parts),
        }
    }
}

/// The text up to the closing quote (doubled quotes made single), and what follows it.
fn quoted_part(text: &str) -> Result<(String, &str), NameError> {
    let mut inner = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"').ok_or(NameError::UnclosedQuote)?;
        inner.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                inner.push('"');
                rest = next;
            }
            None => return Ok((inner, rest)),
        }
    }
}

/// Decodes `\xff`, `\u{202e}` and `\\`.
fn decode(text: &str) -> Result<Name, NameError> {
    let bytes = unescaped(text);
    match bytes.len() {
        0 => Err(NameError::Empty),
        n if n > 63 => Err(NameError::TooLong { bytes: n }),
        _ if bytes.contains(&0) => Err(NameError::Nul),
        _ => Ok(Name::from_bytes(&bytes)),
    }
}

fn unescaped(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('\\') {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let tail = &rest[at + 1..];
        if let Some(next) = tail.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = next;
        } else if let Some(byte) = tail.strip_prefix('x').and_then(hex_byte) {
            bytes.push(byte);
            rest = &tail[3..];
        } else if let Some((c, next)) = tail.strip_prefix("u{").and_then(braced_char) {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = next;
        } else {
            bytes.push(b'\\');
            rest = tail;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(bytes)
}

fn hex_byte(text: &str) -> Option<u8> {
    let digits = text.get(..2).filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

fn braced_char(text: &str) -> Option<(char, &str)> {
    let (digits, rest) = text.split_once('}')?;
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_act_is_made_visible() {
        #[rustfmt::skip]
        let cases: &[(&[u8], &str)] = &[
            (b"Musician",                 "Musician"),
            (b"<!channel>",               "<!channel>"),
            (b"\x1b[31mred",              "\\x1b[31mred"),
            (b"a\nb",                     "a\\x0ab"),
            ("a\u{202e}b".as_bytes(),     "a\\u{202e}b"),
            ("a\u{85}b".as_bytes(),       "a\\u{85}b"),
            ("\u{200b}".as_bytes(),       "\\u{200b}"),
            ("\u{fc}ber".as_bytes(),      "\u{fc}ber"),
            (b"bad\xff\xfename",          "bad\\xff\\xfename"),
            (b"back\\slash",              "back\\\\slash"),
        ];
        for (bytes, want) in cases {
            assert_eq!(visible(bytes), *want);
        }
    }

    #[test]
    fn names_are_read_as_sql_reads_quoted_identifiers() {
        #[rustfmt::skip]
        let cases = [
            ("User",               Ok(("public", "User"))),
            ("billing.Invoice",    Ok(("billing", "Invoice"))),
            ("\"a.b\".\"c*\"",     Ok(("a.b", "c*"))),
            ("\"say \"\"hi\"\"\"", Ok(("public", "say \"hi\""))),
            ("a\\x20b",            Ok(("public", "a b"))),
            ("a\\u{fc}",           Ok(("public", "a\u{fc}"))),
            ("a\\\\b",             Ok(("public", "a\\b"))),
            ("a\\b",               Ok(("public", "a\\b"))),
            ("",                   Err(NameError::Empty)),
            ("a.",                 Err(NameError::Empty)),
            ("a.b.c",              Err(NameError::TooManyParts { parts: 3 })),
            ("\"a",                Err(NameError::UnclosedQuote)),
            ("\"a\"b",             Err(NameError::TextAfterQuote)),
            ("\\x00",              Err(NameError::Nul)),
        ];
        for (text, want) in cases {
            let want = want.map(|(schema, name)| RelationName::new(schema, name));
            assert_eq!(RelationName::parse(text), want, "{text}");
        }
        assert_eq!(RelationName::parse(&"x".repeat(64)), Err(NameError::TooLong { bytes: 64 }));
    }

    proptest! {
        /// Every name that PostgreSQL can hold survives the way into a manifest and back.
        #[test]
        fn spelling_round_trips(
            schema in proptest::collection::vec(1u8.., 1..=63),
            name in proptest::collection::vec(1u8.., 1..=63),
        ) {
            let it = RelationName { schema: Name(schema.into()), name: Name(name.into()) };
            prop_assert_eq!(RelationName::parse(&it.spelled()), Ok(it.clone()));
            prop_assert!(it.visible().chars().all(|c| !c.is_control()));
        }
    }
}
