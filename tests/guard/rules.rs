//! The rules in their spelling for the database: names of all kinds, and globs as regular expressions.

use std::fmt::Write as _;

use super::Guarded;
use crate::support::fixtures;
use crate::support::postgres::Cluster;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::psql::psql;
use crate::support::workspace::ConfigText;

/// As SQL quotes them, and as a manifest does.
const NAMES: [(&str, &str); 11] = [
    (r#""a""b""#, r#""a""b""#),
    (r#""x'; drop table ""User""; --""#, r#""x'; drop table ""User""; --""#),
    ("\"x\ndrop table y;\n--\"", r"x\x0adrop table y;\x0a--"),
    (r#""$guard$; drop table y; $guard$""#, r#""$guard$; drop table y; $guard$""#),
    (r#""Ünïcödé 表""#, "Ünïcödé 表"),
    (r#""\""#, r"\\"),
    (r#"":name""#, ":name"),
    (r#""{required}""#, r#""{required}""#),
    (r#""{allowed}""#, r#""{allowed}""#),
    (r#""{seal}""#, r#""{seal}""#),
    (r#""a.b""#, r#""a.b""#),
];

#[tokio::test]
async fn no_name_breaks_out_of_the_sql_and_each_is_guarded() {
    let it = Guarded::bare("").await;
    let mut manifest = "manifest: central\ntables:\n  Orchestra: {}\n  User: {}\n  Customer: {}\n  SystemLog: {}\n".to_owned();
    for (_, name) in NAMES {
        writeln!(manifest, "  {}: {{}}", serde_json::json!(name)).expect("a String");
    }
    it.workspace.rewrite("expected-schemas/central.yaml", &manifest);
    // By psql, which has a language of its own in its input.
    let (ok, said) = psql(&it.database, &it.printed(&[]).await).await;
    assert!(ok, "{said}");
    assert_eq!(it.database.one("select count(*)::text from \"User\"").await, "1");
    for (name, _) in NAMES {
        it.passes(&it.owner, &format!("create table {name} (a int)")).await;
        it.refuses(&it.owner, &format!("drop table {name}")).await;
        it.refuses(&it.owner, &format!("create schema {name} create table {name} (a int)")).await;
        it.refuses(&it.owner, &format!("alter table {name} rename to other")).await;
    }
    assert!(it.printed(&["--check"]).await.contains("as it is now"));
}

#[tokio::test]
async fn names_are_guarded_in_other_encodings() {
    for (encoding, sql, yaml) in [
        (Encoding::Latin1, "U&\"M\\00fcller\"", "Müller"),
        (Encoding::SqlAscii, "\"M\u{fc}ller\"", "Müller"),
    ] {
        let database = TestDatabase::create_in(Cluster::shared(), "central", encoding).await;
        let auditor = database.create_role("auditor").await;
        let config = ConfigText::new().database("central", &database.url(&auditor), "central");
        let workspace = fixtures::workspace(&config).manifest(
            "central",
            &format!("manifest: central\ntables: [User, {yaml}]\nignore: ['tmp_?']\n"),
        );
        let run = workspace.run(&["sql", "guard", "central"]).await;
        database.execute(&run.ended(0).stdout).await;
        database.execute(&format!("create table {sql} (a int); create table \"User\" (a int); create table tmp_x (a int)")).await;
        workspace.check(0).await;
        for refused in [format!("drop table {sql}"), "create table tmp_xy (a int)".to_owned()] {
            let tried = format!(
                "do $x$ begin execute $y${refused}$y$; raise 'it passed'; exception when sqlstate 'SWG01' then null; end $x$"
            );
            database.execute(&tried).await;
        }
    }
}

/// Regular expressions tell characters beyond ASCII by their code points in UTF-8 alone.
#[tokio::test]
async fn a_glob_beyond_ascii_is_refused_where_it_could_not_be_told() {
    let database = TestDatabase::create_in(Cluster::shared(), "central", Encoding::Latin1).await;
    let auditor = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&auditor), "central");
    let manifest = "manifest: central\ntables: [User]\nignore: ['Ж*']\n";
    let workspace = fixtures::workspace(&config).manifest("central", manifest);
    let run = workspace.run(&["sql", "guard", "central"]).await;
    let (ok, said) = psql(&database, &run.ended(0).stdout).await;
    assert!(!ok && said.contains("characters beyond ASCII"), "{said}");
}

/// What a glob matches here, its regular expression matches there.
#[tokio::test]
async fn globs_are_the_same_as_regular_expressions() {
    let it = Guarded::bare("").await;
    let globs = [
        "tmp_*", "*_old", "?", "a?c", "[a-c]x", "[!a-c]x", "x[-z]", "x[]]", "a.b*", "\"a*b\"",
        "*ü*", "\\x5c*", "[ä-ü]", "a+b", "(a|b)", "^a$", "*",
    ];
    let names = [
        "tmp_", "tmp_x", "x_old", "_old", "a", "ü", "abc", "ac", "ax", "bx", "dx", "x-", "xz",
        "x]", "b", "a*b", "aXb", "grün", "\\", "\\x", "ö", "a+b", "aab", "(a|b)", "^a$", "a\nb",
    ];
    for glob in globs {
        let rule = serde_json::json!(glob);
        let text = format!(
            "manifest: central\ntables: [Orchestra, User, Customer, SystemLog]\nforbid: [{rule}]\n"
        );
        it.workspace.rewrite("expected-schemas/central.yaml", &text);
        let printed = it.printed(&[]).await;
        let forbidden = printed.split("forbidden CONSTANT text[] := ").nth(1).expect("forbidden");
        let forbidden = &forbidden[..=forbidden.find("];").expect("an array")];
        for name in names {
            let literal = name.replace('\'', "''");
            for schema in ["public", "a"] {
                let matches = it
                    .database
                    .one(&format!(
                        "select ('{schema}'::name ~ f[1] and '{literal}'::name ~ f[2])::text from (select {forbidden}::text[] as f) x"
                    ))
                    .await;
                let parsed = schemawarden::manifest::Glob::parse(glob).expect(glob);
                let expected =
                    parsed.matches(&schemawarden::schema::RelationName::new(schema, name));
                assert_eq!(matches, expected.to_string(), "{glob} {schema}.{name:?}");
            }
        }
    }
}
