//! Names and texts as PostgreSQL's catalog functions print them (`quote_identifier` and
//! `simple_quote_literal` in `src/backend/utils/adt/ruleutils.c`).

use crate::schema::RelationName;

/// Keywords that are quoted when they are names: all of `pg_get_keywords()` on PostgreSQL 15 whose
/// `catcode` is not `U`, and those that newer versions added.
const KEYWORDS: &str = " all analyse analyze and any array as asc asymmetric authorization between \
    bigint binary bit boolean both case cast char character check coalesce collate collation column \
    concurrently constraint create cross current_catalog current_date current_role current_schema \
    current_time current_timestamp current_user dec decimal default deferrable desc distinct do else \
    end except exists extract false fetch float for foreign freeze from full grant greatest group \
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join \
    json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar \
    json_serialize json_table json_value lateral leading least left like limit localtime \
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric \
    offset on only or order out outer overlaps overlay placing position precision primary real \
    references returning right row select session_user setof similar smallint some substring symmetric \
    system_user table tablesample then time timestamp to trailing treat trim true union unique user \
    using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement \
    xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";

/// A name, in quotes where it needs them.
pub(super) fn identifier(name: &str) -> String {
    let begins = name.starts_with(|it: char| it.is_ascii_lowercase() || it == '_');
    let plain = name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    if begins && plain && !KEYWORDS.contains(&format!(" {name} ")) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// A name with its schema.
pub(super) fn qualified(name: &RelationName) -> String {
    let part = |it: &[u8]| identifier(&String::from_utf8_lossy(it));
    format!("{}.{}", part(name.schema.as_bytes()), part(name.name.as_bytes()))
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_postgresql_quotes_them() {
        for (name, want) in [
            ("role", "role"),
            ("a_1", "a_1"),
            ("_a", "_a"),
            ("Role", "\"Role\""),
            ("order", "\"order\""),
            ("1a", "\"1a\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("\u{e4}", "\"\u{e4}\""),
        ] {
            assert_eq!(identifier(name), want);
        }
        assert_eq!(qualified(&RelationName::new("user", "Role")), "\"user\".\"Role\"");
        assert_eq!(literal("it's \\x"), "'it''s \\x'");
    }
}
