//! Globs as people read them, and what is refused.

use super::*;
use crate::schema::Name;
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

proptest! {
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
