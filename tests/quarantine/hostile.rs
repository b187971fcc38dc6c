//! Names that would break out of the SQL if they could.

use super::Scripts;
use super::kept;
use super::snapshot;

/// As identifiers, already quoted.
const NAMES: [&str; 14] = [
    r#""a""b""#,
    r#""x'; drop table kept; --""#,
    "\"x\ndrop table kept;\n--\"",
    r#""$check$; drop table kept; $check$""#,
    r#""$$ || $$""#,
    r#""select""#,
    r#""Ünïcödé 表""#,
    r#"U&"\202e\0041""#,
    r#""*/ drop table kept; /*""#,
    r#""\""#,
    r#""\! touch owned""#,
    r#"":name""#,
    "\"a\r\tb\"",
    r#""-- x""#,
];

#[tokio::test]
async fn no_name_breaks_out_of_the_sql() {
    let (database, workspace) = kept().await;
    for (nth, name) in NAMES.iter().enumerate() {
        let sql = format!(
            "create schema {name}; create table {name} (id int primary key, {name} text); \
             create table {name}.{name} (id int constraint {name} references {name}); \
             create sequence s{nth}; alter table {name} add n int default nextval('s{nth}'); \
             create schema types{nth}; create type types{nth}.{name} as enum ('x'); \
             alter table {name} add t types{nth}.{name};"
        );
        database.execute(&sql).await;
    }
    let before = snapshot(&workspace).await;
    let scripts = Scripts::printed(&workspace, "out").await;
    // By psql, which has a language of its own in its input.
    for (script, code) in
        [(&scripts.quarantine, 0), (&scripts.undo, 1), (&scripts.quarantine, 0), (&scripts.drop, 0)]
    {
        let (ok, said) = crate::support::psql::psql(&database, script).await;
        assert!(ok, "{said}\n{script}");
        assert_eq!(database.one("select note from kept").await, "canary");
        workspace.check(code).await;
        if code == 1 {
            assert_eq!(snapshot(&workspace).await, before);
        }
    }
    assert!(!workspace.path().join("owned").exists());
}
