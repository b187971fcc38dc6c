//! Spellings that mean one thing, as a real server wrote them back, and spellings that do not.

mod checks;
mod defaults;
mod views;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::TypeError;
use super::default_value;
use super::expression;
use super::quoted;
use super::type_name;

#[test]
fn checks_equal_what_the_server_writes_back() {
    for (written, deparsed) in checks::PAIRS {
        assert_eq!(expression(written), expression(deparsed), "{written}\n{deparsed}");
    }
}

#[test]
fn defaults_equal_what_the_server_writes_back() {
    for (written, deparsed, type_name) in defaults::PAIRS {
        let (left, right) = (default_value(written, type_name), default_value(deparsed, type_name));
        assert_eq!(left, right, "{type_name}: {written}\n{deparsed}");
    }
}

#[test]
fn views_equal_what_the_server_writes_back() {
    for (written, deparsed) in views::PAIRS {
        assert_eq!(expression(written), expression(deparsed), "{written}\n{deparsed}");
    }
}

/// What the server tells apart stays apart, the whole tables through.
#[test]
fn no_two_of_the_servers_own_spellings_are_taken_for_one() {
    // These differ only in what the server adds of itself, and in how `and` is nested.
    const SAME: [&str; 4] = ["::text", "AND", "::numeric", "::bigint"];
    let mut by_form: BTreeMap<String, &str> = BTreeMap::new();
    let told = |it: &&str| !SAME.iter().any(|same| it.contains(same));
    for deparsed in checks::PAIRS.into_iter().map(|(_, it)| it).filter(told) {
        let before = by_form.insert(expression(deparsed), deparsed);
        assert!(before.is_none_or(|it| it == deparsed), "{deparsed}\n{before:?}");
    }
}

#[test]
fn different_meanings_stay_different() {
    #[rustfmt::skip]
    let cases = [
        ("a > 0",                     "a >= 0"),
        ("a > 1",                     "a > 10"),
        ("a > 1",                     "a > -1"),
        ("a > 0.5",                   "a > 5"),
        ("a > 0 and b > 0",           "a > 0 or b > 0"),
        ("a and (b or c)",            "a and b or c"),
        ("(a + b) * c",               "a + b * c"),
        ("a - (b - c)",               "a - b - c"),
        ("not a and b",               "not (a and b)"),
        ("a in ('x', 'y')",           "a in ('x')"),
        ("a in ('x', 'y')",           "a not in ('x', 'y')"),
        ("a in ('x', 'y')",           "a in ('x', 'Y')"),
        ("a between 1 and 2",         "a between 1 and 3"),
        ("a between 1 and 2",         "a not between 1 and 2"),
        ("a like 'x%'",               "a ilike 'x%'"),
        ("a like 'x%'",               "a like 'X%'"),
        ("a ~ 'x'",                   "a !~ 'x'"),
        ("a ~ 'x'",                   "a ~* 'x'"),
        ("a is null",                 "a is not null"),
        ("lower(a) = a",              "upper(a) = a"),
        ("\"A\" > 0",                 "a > 0"),
        ("\"user\" = 'x'",            "user = 'x'"),
        ("a = 'b'",                   "a = b"),
        ("a::date = b",               "a = b"),
        ("a::integer / 2 > 1",        "a::numeric / 2 > 1"),
        ("nextval('a')",              "nextval('b')"),
        ("nextval('other.a')",        "nextval('a')"),
        ("now()",                     "CURRENT_TIMESTAMP"),
        ("now()",                     "'now()'"),
        ("CURRENT_TIMESTAMP",         "CURRENT_TIMESTAMP(3)"),
        ("current_date",              "'current_date'"),
        ("now() + interval '1 day'",  "now() + interval '2 days'"),
        ("now() + interval '1 day'",  "now() + interval '24 hours'"),
        ("now() + interval '1 day'",  "now() - interval '1 day'"),
        ("a at time zone 'utc'",      "a at time zone 'cet'"),
        ("extract(year from a)",      "extract(month from a)"),
        ("case when a then 1 else 2 end", "case when a then 1 end"),
        ("coalesce(a, b)",            "coalesce(b, a)"),
        ("array[]::text[]",           "array[]::integer[]"),
        ("a ->> 'x'",                 "a -> 'x'"),
        ("'{\"a\": 1}'::jsonb",       "'{\"a\": 2}'::jsonb"),
        ("'a  b'",                    "'a b'"),
        ("select a from t",           "select b from t"),
        ("select a from t",           "select a from u"),
        ("select a from t",           "select a from other.t"),
        ("select a as x from t",      "select a as y from t"),
        ("select a from t where a > 1", "select a from t"),
        ("select t.a from t join u on t.id = u.id", "select u.a from t join u on t.id = u.id"),
        ("select t.a from t join u on t.id = u.id", "select t.a from t left join u on t.id = u.id"),
        ("select a from t order by a", "select a from t order by a desc"),
        ("select a from t union select a from u", "select a from t union all select a from u"),
    ];
    for (left, right) in cases {
        assert_ne!(expression(left), expression(right), "{left}");
        if !left.starts_with("select") {
            assert_eq!(expression(left), expression(&format!(" ( {left} ) ")), "{left}");
        }
    }
}

#[test]
fn a_default_means_what_the_column_makes_of_it() {
    #[rustfmt::skip]
    let cases = [
        ("'t'",                        "true",            "boolean",          true),
        ("'t'",                        "true",            "text",             false),
        ("'{\"a\":1}'",                "'{\"a\": 1}'::jsonb", "jsonb",        true),
        ("'{\"a\":1}'",                "'{\"a\": 1}'::text",  "text",         false),
        ("'1 week'",                   "'7 days'::interval",  "interval",     true),
        ("'1 week'",                   "'7 days'::text", "text",              false),
        ("1",                          "'1'",             "text",             true),
        ("NULL::character varying",    "null",            "character varying(9)", true),
        ("'null'",                     "null",            "text",             false),
        ("''",                         "null",            "text",             false),
    ];
    for (left, right, type_name, same) in cases {
        let (left, right) = (default_value(left, type_name), default_value(right, type_name));
        assert_eq!(left == right, same, "{type_name}: {left:?} {right:?}");
    }
    assert_eq!(default_value("null", "text"), None);
}

#[test]
fn types_are_spelt_as_format_type_spells_them() {
    #[rustfmt::skip]
    let cases = [
        ("int",                             "integer"),
        ("INT4",                            "integer"),
        ("pg_catalog.int8",                 "bigint"),
        ("int2",                            "smallint"),
        ("varchar",                         "character varying"),
        ("VARCHAR(20)",                     "character varying(20)"),
        ("character  varying ( 20 )",       "character varying(20)"),
        ("char varying(3)",                 "character varying(3)"),
        ("national character varying(3)",   "character varying(3)"),
        ("char",                            "character(1)"),
        ("nchar(4)",                        "character(4)"),
        ("bpchar",                          "bpchar"),
        ("bpchar(4)",                       "character(4)"),
        ("\"char\"",                        "\"char\""),
        ("bool",                            "boolean"),
        ("float",                           "double precision"),
        ("float(24)",                       "real"),
        ("float(25)",                       "double precision"),
        ("float4",                          "real"),
        ("double  precision",               "double precision"),
        ("decimal",                         "numeric"),
        ("dec(10)",                         "numeric(10,0)"),
        ("numeric(10, 2)",                  "numeric(10,2)"),
        ("numeric(3,-2)",                   "numeric(3,-2)"),
        ("timestamp",                       "timestamp without time zone"),
        ("timestamp(3)",                    "timestamp(3) without time zone"),
        ("timestamp (3) with time zone",    "timestamp(3) with time zone"),
        ("timestamptz(9)",                  "timestamp(6) with time zone"),
        ("time without time zone",          "time without time zone"),
        ("timetz",                          "time with time zone"),
        ("interval",                        "interval"),
        ("interval(3)",                     "interval(3)"),
        ("interval day to second(3)",       "interval day to second(3)"),
        ("interval year",                   "interval year"),
        ("bit",                             "bit(1)"),
        ("bit varying(5)",                  "bit varying(5)"),
        ("varbit",                          "bit varying"),
        ("\"bit\"",                         "\"bit\""),
        ("text[]",                          "text[]"),
        ("int[3][]",                        "integer[]"),
        ("integer array[4]",                "integer[]"),
        ("_int4",                           "integer[]"),
        ("_varchar",                        "character varying[]"),
        ("varchar(5)[]",                    "character varying(5)[]"),
        ("timestamp(3)[]",                  "timestamp(3) without time zone[]"),
        ("jsonb",                           "jsonb"),
        ("UUID",                            "uuid"),
        ("citext",                          "public.citext"),
        ("public.citext",                   "public.citext"),
        ("\"Role\"",                        "public.\"Role\""),
        ("Role",                            "public.role"),
        ("public.\"Role\"[]",               "public.\"Role\"[]"),
        ("\"order\"",                       "public.\"order\""),
        ("other.\"x y\"",                   "other.\"x y\""),
        ("geometry(Point, 4326)",           "public.geometry(point,4326)"),
        ("vector(3)",                       "public.vector(3)"),
    ];
    for (written, want) in cases {
        assert_eq!(type_name(written).as_deref(), Ok(want), "{written}");
        assert_eq!(type_name(want).as_deref(), Ok(want), "{want}");
    }
    assert_eq!(type_name("  "), Err(TypeError::Empty));
    for wrong in ["1", "int int", "varchar(", "varchar(1", "a.", "a.b.", "int[", "float(60)"] {
        assert!(type_name(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn names_are_quoted_as_quote_ident_quotes_them() {
    for (name, want) in [
        ("a_1", "a_1"),
        ("A", "\"A\""),
        ("user", "\"user\""),
        ("between", "\"between\""),
        ("name", "name"),
        ("a\"b", "\"a\"\"b\""),
        ("", "\"\""),
        ("1a", "\"1a\""),
    ] {
        assert_eq!(quoted(name), want);
    }
}

/// Whatever nests or chains deeper than a stack is deep still has a form.
#[test]
fn depth_has_a_limit() {
    let parentheses = 100_000;
    let many = 5_000;
    for text in [
        format!("{}a{}", "(".repeat(parentheses), ")".repeat(parentheses)),
        "(".repeat(many),
        "not ".repeat(many),
        "- ".repeat(many),
        format!("a{}", " + a".repeat(many)),
        format!("a{}", " or a".repeat(many)),
        format!("a{}", "::text".repeat(many)),
        format!("a{}", "[1]".repeat(many)),
        format!("a{}", " is null".repeat(many)),
        format!("{}1{}", "case when ".repeat(many), " end".repeat(many)),
        format!("select 1{}", " union select 1".repeat(many)),
        format!("select * from a{}", " join a on true".repeat(many)),
        format!("select {}1", "(select ".repeat(many)),
        format!("{}a", "f(".repeat(many)),
    ] {
        assert!(!expression(&text).is_empty());
        let _ = type_name(&text);
    }
    // And what is long without being deep is read all the same.
    let list = format!("a in (0{})", ", 1".repeat(many));
    assert!(expression(&list).starts_with("a = ANY"));
    let chain = format!("a = 0{}", " or a = 1".repeat(300));
    assert!(expression(&format!("({chain})")).starts_with("(a = 0) OR"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}|[a-z0-9 '\"().,:$+*<>=\\[\\]\\\\-]{0,60}") {
        let form = expression(&text);
        prop_assert_eq!(&form, &expression(&text));
        let _ = type_name(&text);
        let _ = default_value(&text, "interval");
        let _ = default_value(&format!("'{text}'"), "jsonb");
        let _ = default_value(&format!("'{text}'"), "timestamp without time zone");
    }
}
