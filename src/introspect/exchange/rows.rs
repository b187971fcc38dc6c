//! Rows of the exchange, decoded. Nothing that a server sends is taken on trust: a value of the wrong
//! shape makes the answer undecodable, never a panic and never a guess.

use tokio_postgres::SimpleQueryRow;

use crate::introspect::error::TalkError;
use crate::introspect::error::excerpt;
use crate::schema::Aside;
use crate::schema::AsideBy;
use crate::schema::Mark;
use crate::schema::Name;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Session;
use crate::schema::visible;

/// What a row says about the session and the catalog as a whole.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) facts: Session,
    /// The independent count of relations.
    pub(super) relations: u64,
    /// Whether `pg_class` lists itself.
    pub(super) sees_pg_class: bool,
}

/// Decodes the row of `sql`'s evidence.
pub(super) fn evidence(row: &SimpleQueryRow) -> Result<Evidence, TalkError> {
    let extensions = row.try_get(5).map_err(|_| undecodable("a row of the wrong shape"))?;
    let mut extensions = extensions
        .unwrap_or_default()
        .split(',')
        .filter(|it| !it.is_empty())
        .map(|it| decode_hex(it).map(|bytes| visible(&bytes)))
        .collect::<Result<Vec<_>, _>>()?;
    extensions.sort_unstable();
    Ok(Evidence {
        facts: Session {
            server_version: super::version(text(row, 0)?),
            database: decode_visible(row, 1)?,
            role: decode_visible(row, 2)?,
            encoding: excerpt(text(row, 3)?),
            in_recovery: flag(row, 4)?,
            extensions,
            has_guard: flag(row, 9)?,
            mark: optional(row, 8)?.map(decode_hex).transpose()?.and_then(|it| Mark::find(&it)),
        },
        relations: number(row, 6)?,
        sees_pg_class: flag(row, 7)?,
    })
}

/// Which value of a row of `sql`'s relations holds its OID.
pub(super) const OID: usize = 9;

/// Which holds its shape.
pub(super) const SHAPE: usize = 10;

/// One row of `sql`'s relations.
pub(super) enum Read {
    /// With whether it is partitioned.
    Compared(Relation, bool),
    Aside(Aside),
}

/// Decodes one row of `sql`'s relations.
pub(super) fn relation(row: &SimpleQueryRow) -> Result<Read, TalkError> {
    let relation = compared(row)?;
    let by = match (flag(row, 7)?, flag(row, 8)?) {
        (true, _) => AsideBy::Partition,
        (false, true) => AsideBy::Extension,
        (false, false) => return Ok(Read::Compared(relation, text(row, 2)? == "p")),
    };
    Ok(Read::Aside(Aside { name: relation.name, kind: relation.kind, by }))
}

fn compared(row: &SimpleQueryRow) -> Result<Relation, TalkError> {
    Ok(Relation {
        name: RelationName { schema: name(row, 0)?, name: name(row, 1)? },
        kind: relation_kind(text(row, 2)?)?,
        unlogged: text(row, 3)? == "u",
        owner: name(row, 4)?,
        partitions: u32::try_from(number(row, 5)?).unwrap_or(u32::MAX),
        hidden_from_information_schema: flag(row, 6)?,
    })
}

/// `pg_class.relkind`.
pub(super) fn relation_kind(letter: &str) -> Result<RelationKind, TalkError> {
    Ok(match letter {
        "r" | "p" => RelationKind::Table,
        "f" => RelationKind::ForeignTable,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        _ => return Err(undecodable("a relation of a kind that was not asked for")),
    })
}

/// A name that is hex in a row.
pub(super) fn name(row: &SimpleQueryRow, column: usize) -> Result<Name, TalkError> {
    name_in_hex(text(row, column)?)
}

/// A name from its hex digits.
pub(super) fn name_in_hex(digits: &str) -> Result<Name, TalkError> {
    Ok(Name::from_bytes(&decode_hex(digits)?))
}

/// Names in hex with commas between. NULL is none of them.
pub(super) fn names(row: &SimpleQueryRow, column: usize) -> Result<Vec<Name>, TalkError> {
    listed(optional(row, column)?).map(name_in_hex).collect()
}

/// What stands between commas. NULL is nothing.
pub(super) fn listed(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').filter(|it| !it.is_empty())
}

/// SQL, or another text, that is hex in a row.
pub(super) fn words(row: &SimpleQueryRow, column: usize) -> Result<String, TalkError> {
    words_in_hex(text(row, column)?)
}

/// The same, where NULL means that there is none.
pub(super) fn optional_words(
    row: &SimpleQueryRow,
    column: usize,
) -> Result<Option<String>, TalkError> {
    optional(row, column)?.map(words_in_hex).transpose()
}

/// A text from its hex digits. Bytes that are not UTF-8 (an `SQL_ASCII` database takes any) are spelt
/// `\xff`; everything else stays as it is, so that SQL stays SQL.
pub(super) fn words_in_hex(digits: &str) -> Result<String, TalkError> {
    Ok(String::from_utf8(decode_hex(digits)?).unwrap_or_else(|error| {
        error.as_bytes().utf8_chunks().fold(String::new(), |mut text, chunk| {
            text.push_str(chunk.valid());
            text.push_str(&visible(chunk.invalid()));
            text
        })
    }))
}

/// A value that may be null.
pub(super) fn optional(row: &SimpleQueryRow, column: usize) -> Result<Option<&str>, TalkError> {
    row.try_get(column).map_err(|_| undecodable("a row of the wrong shape"))
}

/// A name that is hex in a row, made visible.
pub(in crate::introspect) fn decode_visible(
    row: &SimpleQueryRow,
    column: usize,
) -> Result<String, TalkError> {
    Ok(visible(&decode_hex(text(row, column)?)?))
}

/// A value that is never null.
pub(in crate::introspect) fn text(row: &SimpleQueryRow, column: usize) -> Result<&str, TalkError> {
    match row.try_get(column) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(undecodable("a null where a value belongs")),
        Err(_) => Err(undecodable("a row of the wrong shape")),
    }
}

/// A boolean.
pub(in crate::introspect) fn flag(row: &SimpleQueryRow, column: usize) -> Result<bool, TalkError> {
    match text(row, column)? {
        "t" => Ok(true),
        "f" => Ok(false),
        _ => Err(undecodable("neither true nor false")),
    }
}

/// A count.
pub(in crate::introspect) fn number(row: &SimpleQueryRow, column: usize) -> Result<u64, TalkError> {
    text(row, column)?.parse().map_err(|_| undecodable("a count that is no number"))
}

/// Bytes from hex digits, as PostgreSQL's `encode(…, 'hex')` writes them.
pub(in crate::introspect) fn decode_hex(digits: &str) -> Result<Vec<u8>, TalkError> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return Err(undecodable("half a byte of hex"));
    };
    let decoded: Option<Vec<u8>> =
        pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect();
    decoded.ok_or_else(|| undecodable("a name that is not in hex"))
}

/// The error of an answer that makes no sense.
pub(in crate::introspect) fn undecodable(problem: &str) -> TalkError {
    TalkError::Undecodable { problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_decoded_or_refused() {
        #[rustfmt::skip]
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("",                 Some(b"")),
            ("75736572",         Some(b"user")),
            ("626164fffe6e616d", Some(b"bad\xff\xfenam")),
            ("7",                None),
            ("7g",               None),
            ("7F",               None),
            ("\u{fc}",           None),
        ];
        for (digits, want) in cases {
            assert_eq!(decode_hex(digits).ok().as_deref(), *want, "{digits}");
        }
    }

    #[test]
    fn a_text_stays_what_it_is_as_far_as_it_is_one() {
        for (digits, want) in [
            ("285c64203e203029", "(\\d > 0)"),
            ("61ff62", "a\\xffb"),
            ("0a", "\n"),
            ("c3bc", "\u{fc}"),
        ] {
            assert_eq!(words_in_hex(digits).expect("hex"), want);
        }
    }
}
