//! The mark: what `sql mark` writes into a database's comment, and who reads it.

use super::installed;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;

const COMMENT: &str = "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()";

async fn comment(database: &TestDatabase<'_>, text: &str) {
    let name = database.name();
    database.execute(&format!("comment on database \"{name}\" is $c${text}$c$")).await;
}

#[tokio::test]
async fn a_mark_is_one_line_of_the_comment_and_the_rest_is_kept() {
    let (database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    comment(&database, "Ask Ada.\nschemawarden: an old note").await;
    let kept = "Ask Ada.\nschemawarden: an old note";
    for (arguments, line) in [
        (
            &["--production", "--owner", "the \"platform\" team's"][..],
            r#"schemawarden: {"class":"central","environment":"production","owner":"the \"platform\" team's"}"#,
        ),
        (
            &["--environment", "staging"],
            r#"schemawarden: {"class":"central","environment":"staging"}"#,
        ),
    ] {
        let run =
            installed(&workspace, &database, &[&["mark", "central"], arguments].concat()).await;
        run.says("-- Read it, then run it there with psql");
        assert_eq!(database.one(COMMENT).await, format!("{kept}\n{line}"));
        workspace.check(0).await;
    }
    workspace
        .run(&["doctor", "central"])
        .await
        .ended(0)
        .says("class `central`, environment `staging`");
    installed(&workspace, &database, &["mark", "central", "--remove"]).await;
    assert_eq!(database.one(COMMENT).await, kept);
    workspace.run(&["doctor", "central"]).await.ended(0).says("sql mark central --production");
}

#[tokio::test]
async fn a_mark_that_says_something_else_is_a_wrong_database() {
    let (database, url) = fixtures::central().await;
    let labels = ", labels: { env: production }";
    let config = ConfigText::new().database_with("central", &url, "central", labels);
    let workspace = fixtures::workspace(&config);
    for (line, code, said) in [
        (r#"{"class":"central","environment":"prod"}"#, 0, None),
        (
            r#"{"class":"orchestra","environment":"production"}"#,
            1,
            Some("it says that it is a `orchestra` database"),
        ),
        (
            r#"{"class":"central","environment":"staging"}"#,
            1,
            Some("its label `env` is `production`"),
        ),
        // Somebody's own words are no mark, and one that is broken contradicts nothing.
        (r#"{"class":"orchestra"}"#, 0, None),
        ("a note", 0, None),
    ] {
        comment(&database, &format!("schemawarden: {line}")).await;
        let report = workspace.check(code).await;
        let findings = report.database("central")["findings"].as_array().expect("a list").clone();
        let messages: Vec<&str> = findings.iter().filter_map(|it| it["message"].as_str()).collect();
        match said {
            Some(said) => {
                assert_eq!((findings.len(), &findings[0]["kind"]), (1, &"wrong_database".into()));
                assert!(messages[0].contains(said), "{messages:?}");
            }
            None => assert!(findings.is_empty(), "{messages:?}"),
        }
    }
    comment(&database, "schemawarden: {\"class\":").await;
    workspace.run(&["doctor", "central"]).await.ended(0).says("begins like a mark and is none");
}

/// Comments are in a catalog that all databases of a server share, whatever their encodings.
#[tokio::test]
async fn a_comment_of_any_bytes_spoils_no_audit() {
    let database = TestDatabase::create_in(Cluster::shared(), "central", Encoding::SqlAscii).await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&role), "central");
    let workspace = fixtures::workspace(&config);
    let name = database.name();
    let mark = r#"schemawarden: {"class":"central","environment":"production"}"#;
    for text in [
        format!("E'\\xff\\xfe{mark}'"),
        format!("E'\\xff\\n{mark}\\n\\xff'"),
        "E'schemawarden: {\\xff'".to_owned(),
        "repeat('x', 2000000)".to_owned(),
    ] {
        let sql = format!(
            "do $$ begin execute format('comment on database \"{name}\" is %L', {}); end $$",
            text.replace('$', "")
        );
        database.execute(&sql).await;
        workspace.check(0).await;
    }
}

#[tokio::test]
async fn a_mark_is_asked_for_in_words_that_make_sense() {
    let (_database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    for (arguments, said) in [
        (&["sql", "mark", "central"][..], "--production|--environment <WORD>|--remove"),
        (&["sql", "mark", "central", "--environment", " "], "--environment says nothing"),
        (&["sql", "mark", "central", "--production", "--owner", "a\nb"], "on one line"),
        (&["sql", "mark", "centrl", "--production"], "did you mean `central`?"),
    ] {
        workspace.run(arguments).await.ended(2).says(said);
    }
    let help = workspace.run(&["sql", "mark", "--help"]).await;
    assert!(help.stdout.starts_with("Prints SQL; runs nothing."), "{}", help.stdout);
}
