//! Access methods and operator classes of indexes.
//!
//! `IndexFieldAttributes` in `psl/parser-database/src/types/index_fields.rs` and `convert_opclass` in
//! `sql-schema-connector/src/flavour/postgres/schema_calculator.rs` of prisma-engines.

use crate::prisma::ast::Expression;
use crate::prisma::ast::Value;
use crate::prisma::mistakes::Mistakes;
use crate::prisma::mistakes::Span;

/// `type:` of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    BTree,
    Hash,
    Gist,
    Gin,
    SpGist,
    Brin,
}

impl Method {
    pub(super) const WORDS: [(&'static str, Self); 6] = [
        ("BTree", Self::BTree),
        ("Hash", Self::Hash),
        ("Gist", Self::Gist),
        ("Gin", Self::Gin),
        ("SpGist", Self::SpGist),
        ("Brin", Self::Brin),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, it)| *it == self).map_or("", |(word, _)| word)
    }

    /// `pg_am.amname`.
    pub(super) fn access_method(self) -> &'static str {
        match self {
            Self::BTree => "btree",
            Self::Hash => "hash",
            Self::Gist => "gist",
            Self::Gin => "gin",
            Self::SpGist => "spgist",
            Self::Brin => "brin",
        }
    }
}

/// `ops:` of a field in an index.
#[derive(Debug)]
pub(super) struct OperatorClass {
    pub(super) span: Span,
    class: Class,
}

#[derive(Debug)]
enum Class {
    /// Index in [`CLASSES`].
    Known(usize),
    /// `raw("…")`.
    Raw(String),
}

/// Prisma's word, PostgreSQL's name, the methods that have it, and those where it is the type's
/// default.
type Row = (&'static str, &'static str, &'static [Method], &'static [Method]);

const GIN: &[Method] = &[Method::Gin];
const BRIN: &[Method] = &[Method::Brin];
const SPGIST: &[Method] = &[Method::SpGist];
const NONE: &[Method] = &[];

#[rustfmt::skip]
const CLASSES: [Row; 55] = [
    ("InetOps",                   "inet_ops",                     &[Method::Gist, Method::SpGist], SPGIST),
    ("JsonbOps",                  "jsonb_ops",                    GIN,    GIN),
    ("JsonbPathOps",              "jsonb_path_ops",               GIN,    NONE),
    ("ArrayOps",                  "array_ops",                    GIN,    GIN),
    ("TextOps",                   "text_ops",                     SPGIST, SPGIST),
    ("BitMinMaxOps",              "bit_minmax_ops",               BRIN,   BRIN),
    ("VarBitMinMaxOps",           "varbit_minmax_ops",            BRIN,   BRIN),
    ("BpcharBloomOps",            "bpchar_bloom_ops",             BRIN,   NONE),
    ("BpcharMinMaxOps",           "bpchar_minmax_ops",            BRIN,   BRIN),
    ("ByteaBloomOps",             "bytea_bloom_ops",              BRIN,   NONE),
    ("ByteaMinMaxOps",            "bytea_minmax_ops",             BRIN,   BRIN),
    ("DateBloomOps",              "date_bloom_ops",               BRIN,   NONE),
    ("DateMinMaxOps",             "date_minmax_ops",              BRIN,   BRIN),
    ("DateMinMaxMultiOps",        "date_minmax_multi_ops",        BRIN,   NONE),
    ("Float4BloomOps",            "float4_bloom_ops",             BRIN,   NONE),
    ("Float4MinMaxOps",           "float4_minmax_ops",            BRIN,   BRIN),
    ("Float4MinMaxMultiOps",      "float4_minmax_multi_ops",      BRIN,   NONE),
    ("Float8BloomOps",            "float8_bloom_ops",             BRIN,   NONE),
    ("Float8MinMaxOps",           "float8_minmax_ops",            BRIN,   BRIN),
    ("Float8MinMaxMultiOps",      "float8_minmax_multi_ops",      BRIN,   NONE),
    ("InetInclusionOps",          "inet_inclusion_ops",           BRIN,   BRIN),
    ("InetBloomOps",              "inet_bloom_ops",               BRIN,   NONE),
    ("InetMinMaxOps",             "inet_minmax_ops",              BRIN,   NONE),
    ("InetMinMaxMultiOps",        "inet_minmax_multi_ops",        BRIN,   NONE),
    ("Int2BloomOps",              "int2_bloom_ops",               BRIN,   NONE),
    ("Int2MinMaxOps",             "int2_minmax_ops",              BRIN,   BRIN),
    ("Int2MinMaxMultiOps",        "int2_minmax_multi_ops",        BRIN,   NONE),
    ("Int4BloomOps",              "int4_bloom_ops",               BRIN,   NONE),
    ("Int4MinMaxOps",             "int4_minmax_ops",              BRIN,   BRIN),
    ("Int4MinMaxMultiOps",        "int4_minmax_multi_ops",        BRIN,   NONE),
    ("Int8BloomOps",              "int8_bloom_ops",               BRIN,   NONE),
    ("Int8MinMaxOps",             "int8_minmax_ops",              BRIN,   BRIN),
    ("Int8MinMaxMultiOps",        "int8_minmax_multi_ops",        BRIN,   NONE),
    ("NumericBloomOps",           "numeric_bloom_ops",            BRIN,   NONE),
    ("NumericMinMaxOps",          "numeric_minmax_ops",           BRIN,   BRIN),
    ("NumericMinMaxMultiOps",     "numeric_minmax_multi_ops",     BRIN,   NONE),
    ("OidBloomOps",               "oid_bloom_ops",                BRIN,   NONE),
    ("OidMinMaxOps",              "oid_minmax_ops",               BRIN,   BRIN),
    ("OidMinMaxMultiOps",         "oid_minmax_multi_ops",         BRIN,   NONE),
    ("TextBloomOps",              "text_bloom_ops",               BRIN,   NONE),
    ("TextMinMaxOps",             "text_minmax_ops",              BRIN,   BRIN),
    ("TimestampBloomOps",         "timestamp_bloom_ops",          BRIN,   NONE),
    ("TimestampMinMaxOps",        "timestamp_minmax_ops",         BRIN,   BRIN),
    ("TimestampMinMaxMultiOps",   "timestamp_minmax_multi_ops",   BRIN,   NONE),
    ("TimestampTzBloomOps",       "timestamptz_bloom_ops",        BRIN,   NONE),
    ("TimestampTzMinMaxOps",      "timestamptz_minmax_ops",       BRIN,   BRIN),
    ("TimestampTzMinMaxMultiOps", "timestamptz_minmax_multi_ops", BRIN,   NONE),
    ("TimeBloomOps",              "time_bloom_ops",               BRIN,   NONE),
    ("TimeMinMaxOps",             "time_minmax_ops",              BRIN,   BRIN),
    ("TimeMinMaxMultiOps",        "time_minmax_multi_ops",        BRIN,   NONE),
    ("TimeTzBloomOps",            "timetz_bloom_ops",             BRIN,   NONE),
    ("TimeTzMinMaxOps",           "timetz_minmax_ops",            BRIN,   BRIN),
    ("TimeTzMinMaxMultiOps",      "timetz_minmax_multi_ops",      BRIN,   NONE),
    ("UuidBloomOps",              "uuid_bloom_ops",               BRIN,   NONE),
    ("UuidMinMaxOps",             "uuid_minmax_ops",              BRIN,   BRIN),
];

impl OperatorClass {
    /// Whether an index of this method may have it.
    pub(super) fn is_for(&self, method: Method) -> bool {
        match &self.class {
            Class::Known(index) => CLASSES[*index].2.contains(&method),
            Class::Raw(_) => true,
        }
    }

    /// `pg_opclass.opcname`, where that is not the one that the type has by default.
    pub(super) fn unless_default(&self, method: Method) -> Option<String> {
        match &self.class {
            Class::Known(index) => {
                let (_, name, _, default) = CLASSES[*index];
                (!default.contains(&method)).then(|| name.to_owned())
            }
            Class::Raw(name) => {
                let mut known = CLASSES.iter().filter(|it| it.1 == name);
                let is_default = known.any(|it| it.3.contains(&method));
                (!is_default).then(|| name.clone())
            }
        }
    }
}

/// Reads `JsonbPathOps` or `raw("gin_trgm_ops")`.
pub(super) fn read(value: &Expression, mistakes: &mut Mistakes<'_>) -> Option<OperatorClass> {
    let span = value.span;
    match &value.value {
        Value::Constant(word) => {
            let found = CLASSES.iter().position(|it| it.0 == word);
            if found.is_none() {
                let message =
                    format!("there is no operator class `{word}`; `raw(\"…\")` names any");
                mistakes.unknown(span, message, word, CLASSES.iter().map(|it| it.0));
            }
            Some(OperatorClass { span, class: Class::Known(found?) })
        }
        Value::Function(name, arguments) if name == "raw" => {
            if let [argument] = &arguments[..]
                && let Value::Text(name) = &argument.value.value
            {
                return Some(OperatorClass { span, class: Class::Raw(name.clone()) });
            }
            mistakes.error(span, "`raw` takes one string");
            None
        }
        other => {
            let message = format!("expected an operator class, not {}", other.phrase());
            mistakes.error(span, message);
            None
        }
    }
}
