//! Scalar types and native types (`@db.VarChar(20)`), and how PostgreSQL's `format_type` spells them.
//!
//! The list is that of `psl-core/src/builtin_connectors/postgres_datamodel_connector/native_types.rs`
//! in prisma-engines, the defaults those of `SCALAR_TYPE_DEFAULTS` beside it, and what they make in
//! the database is `render_column_type_postgres` in
//! `sql-schema-connector/src/flavour/postgres/renderer.rs`.

use super::arguments::Arguments;
use super::ast::Argument;
use super::ast::Attribute;
use super::ast::Value;
use super::mistakes::Mistakes;

/// The scalar types of Prisma's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    String,
    Boolean,
    Int,
    BigInt,
    Float,
    Decimal,
    DateTime,
    Json,
    Bytes,
}

impl Scalar {
    pub(super) const ALL: [(&'static str, Self); 9] = [
        ("String", Self::String),
        ("Boolean", Self::Boolean),
        ("Int", Self::Int),
        ("BigInt", Self::BigInt),
        ("Float", Self::Float),
        ("Decimal", Self::Decimal),
        ("DateTime", Self::DateTime),
        ("Json", Self::Json),
        ("Bytes", Self::Bytes),
    ];

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, scalar)| *scalar)
    }

    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, it)| *it == self).map_or("", |(word, _)| word)
    }
}

/// What may stand in the parentheses of a native type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    Length {
        min: u32,
        without: Option<&'static str>,
    },
    /// Fractions of a second.
    Precision,
    PrecisionAndScale,
}

const NOTHING: Takes = Takes::Nothing;
const LENGTH: Takes = Takes::Length { min: 1, without: None };
/// `char` and `bit` without a length are `char(1)` and `bit(1)`.
const LENGTH_OR_ONE: Takes = Takes::Length { min: 1, without: Some("1") };

/// Native type, its scalar type, what it takes, its spelling before and after the parentheses, and
/// the spelling of casts to it where that is another.
type Row = (&'static str, Scalar, Takes, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: [Row; 26] = [
    ("SmallInt",        Scalar::Int,      NOTHING,                   "smallint",          "", ""),
    ("Integer",         Scalar::Int,      NOTHING,                   "integer",           "", ""),
    ("Oid",             Scalar::Int,      NOTHING,                   "oid",               "", ""),
    ("BigInt",          Scalar::BigInt,   NOTHING,                   "bigint",            "", ""),
    ("Decimal",         Scalar::Decimal,  Takes::PrecisionAndScale,  "numeric",           "", ""),
    ("Money",           Scalar::Decimal,  NOTHING,                   "money",             "", ""),
    ("Real",            Scalar::Float,    NOTHING,                   "real",              "", ""),
    ("DoublePrecision", Scalar::Float,    NOTHING,                   "double precision",  "", ""),
    ("Text",            Scalar::String,   NOTHING,                   "text",              "", ""),
    ("VarChar",         Scalar::String,   LENGTH,                    "character varying", "", ""),
    ("Char",            Scalar::String,   LENGTH_OR_ONE,             "character",         "", "bpchar"),
    ("Bit",             Scalar::String,   LENGTH_OR_ONE,             "bit",               "", "\"bit\""),
    ("VarBit",          Scalar::String,   LENGTH,                    "bit varying",       "", ""),
    ("Uuid",            Scalar::String,   NOTHING,                   "uuid",              "", ""),
    ("Xml",             Scalar::String,   NOTHING,                   "xml",               "", ""),
    ("Inet",            Scalar::String,   NOTHING,                   "inet",              "", ""),
    ("Citext",          Scalar::String,   NOTHING,                   "citext",            "", ""),
    ("ByteA",           Scalar::Bytes,    NOTHING,                   "bytea",             "", ""),
    ("Timestamp",       Scalar::DateTime, Takes::Precision,          "timestamp",         " without time zone", ""),
    ("Timestamptz",     Scalar::DateTime, Takes::Precision,          "timestamp",         " with time zone", ""),
    ("Date",            Scalar::DateTime, NOTHING,                   "date",              "", ""),
    ("Time",            Scalar::DateTime, Takes::Precision,          "time",              " without time zone", ""),
    ("Timetz",          Scalar::DateTime, Takes::Precision,          "time",              " with time zone", ""),
    ("Boolean",         Scalar::Boolean,  NOTHING,                   "boolean",           "", ""),
    ("Json",            Scalar::Json,     NOTHING,                   "json",              "", ""),
    ("JsonB",           Scalar::Json,     NOTHING,                   "jsonb",             "", ""),
];

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Native {
    row: &'static Row,
    /// What stands in the parentheses.
    modifier: Option<String>,
}

impl Native {
    /// The type of a field that names none.
    pub(super) fn of(scalar: Scalar) -> Self {
        let (word, modifier) = match scalar {
            Scalar::String => ("Text", None),
            Scalar::Boolean => ("Boolean", None),
            Scalar::Int => ("Integer", None),
            Scalar::BigInt => ("BigInt", None),
            Scalar::Float => ("DoublePrecision", None),
            Scalar::Decimal => ("Decimal", Some("65,30")),
            Scalar::DateTime => ("Timestamp", Some("3")),
            Scalar::Json => ("JsonB", None),
            Scalar::Bytes => ("ByteA", None),
        };
        let row = ROWS.iter().find(|it| it.0 == word).unwrap_or(&ROWS[0]);
        Self { row, modifier: modifier.map(str::to_owned) }
    }

    /// The word of Prisma's language.
    pub(super) fn word(&self) -> &'static str {
        self.row.0
    }

    /// As `format_type` spells it. `citext` says where that extension's type is.
    pub(super) fn spelled(&self, citext: &str) -> String {
        let (_, _, _, before, after, _) = self.row;
        let before = if self.word() == "Citext" { citext } else { before };
        match &self.modifier {
            Some(modifier) => format!("{before}({modifier}){after}"),
            None => format!("{before}{after}"),
        }
    }

    /// As casts of literals spell it: without what stands in the parentheses.
    pub(super) fn cast(&self, citext: &str) -> String {
        match self.row {
            (_, _, _, _, _, cast) if !cast.is_empty() => (*cast).to_owned(),
            _ => self.without_modifier().spelled(citext),
        }
    }

    pub(super) fn without_modifier(&self) -> Self {
        Self { row: self.row, modifier: None }
    }

    pub(super) fn has_modifier(&self) -> bool {
        self.modifier.is_some()
    }
}

/// Reads `@db.VarChar(20)`, of which `word` is `VarChar`, on a field of type `scalar`.
pub(super) fn read(
    attribute: &Attribute,
    word: &str,
    scalar: Scalar,
    mistakes: &mut Mistakes<'_>,
) -> Option<Native> {
    let span = attribute.name.span;
    let Some(row) = ROWS.iter().find(|it| it.0 == word) else {
        let words = ROWS.iter().filter(|it| it.1 == scalar).map(|it| it.0);
        mistakes.unknown(span, format!("PostgreSQL has no native type `{word}`"), word, words);
        return None;
    };
    if row.1 != scalar {
        let message =
            format!("`{word}` is a native type of {}, not of {}", row.1.word(), scalar.word());
        mistakes.error(span, message);
        return None;
    }
    // Only the count and the kind of values matter; names are refused.
    let known = ["value"];
    let of = format!("@{}", attribute.name.text);
    let named = attribute.arguments.iter().any(|it| it.name.is_some());
    if named {
        Arguments::named(of, span, &attribute.arguments, &known[..0], mistakes);
        return None;
    }
    let numbers: Option<Vec<u32>> = attribute.arguments.iter().map(number).collect();
    match modifier(row, numbers.as_deref()) {
        Ok(modifier) => Some(Native { row, modifier }),
        Err(why) => {
            mistakes.error(span, format!("`{word}` {why}"));
            None
        }
    }
}

fn number(argument: &Argument) -> Option<u32> {
    match &argument.value.value {
        Value::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// What stands in the parentheses, for `validate_native_type_arguments` of the connector.
fn modifier(row: &Row, numbers: Option<&[u32]>) -> Result<Option<String>, &'static str> {
    match (row.2, numbers) {
        (Takes::Nothing | Takes::Precision | Takes::PrecisionAndScale, Some([])) => Ok(None),
        (Takes::Nothing, _) => Err("takes no arguments"),
        (Takes::Length { without, .. }, Some([])) => Ok(without.map(str::to_owned)),
        (Takes::Length { min, .. }, Some([length])) if *length >= min => {
            Ok(Some(length.to_string()))
        }
        (Takes::Length { .. }, _) => Err("takes one length, from 1"),
        (Takes::Precision, Some([digits])) if *digits <= 6 => Ok(Some(digits.to_string())),
        (Takes::Precision, _) => Err("takes one number, from 0 to 6"),
        (Takes::PrecisionAndScale, Some([precision, scale]))
            if (1..=1000).contains(precision) && scale <= precision =>
        {
            Ok(Some(format!("{precision},{scale}")))
        }
        (Takes::PrecisionAndScale, _) => {
            Err("takes a precision from 1 to 1000 and a scale that is not greater")
        }
    }
}
