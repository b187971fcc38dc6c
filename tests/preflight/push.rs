//! What a push would do, asked of the configuration.

use serde_json::Value;

use super::BOTH;
use super::catalog;
use super::installed;
use super::own;
use crate::support::fixtures;
use crate::support::fixtures::NOWHERE;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;

#[tokio::test]
async fn the_push_of_the_incident_is_refused_and_nothing_has_happened() {
    let (database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    workspace.rewrite("schema.prisma", BOTH);
    workspace.rewrite("own.prisma", &own());
    let before = catalog(&database).await;
    let ask = async |more: &[&str]| workspace.run(&[&["preflight"], more].concat()).await;

    let run = ask(&["central", "--prisma", "schema.prisma"]).await;
    run.ended(1)
        .says("refused: prisma db push of schema.prisma must not go to `central`")
        .says("2 of 2 tables that would come are in manifest `orchestra`: is this the push of another database?")
        .says("2 tables would come that manifest `central` does not list: Concert, Musician");
    ask(&["central", "--prisma", "own.prisma"]).await.ended(0).says("go: ");
    // Nothing says that it is production, so its rows may go; what may not come, may not come.
    let reset = ["central", "--prisma", "own.prisma", "--force-reset"];
    ask(&reset)
        .await
        .ended(0)
        .says("empty 4: Customer, Orchestra, SystemLog, User")
        .says("bears no mark");

    installed(&workspace, &database, &["mark", "central", "--production"]).await;
    ask(&["central", "--prisma", "own.prisma"]).await.ended(0).says("its own mark");
    ask(&reset)
        .await
        .ended(1)
        .says("table `User` would be dropped and made anew")
        .says("this is production");
    ask(&["central", "--manifest", "orchestra"])
        .await
        .ended(1)
        .says("21 of 21 tables that would come");
    ask(&["central", "--manifest", "central"]).await.ended(0).says("nothing to any table");
    assert_eq!(catalog(&database).await, before);
}

#[tokio::test]
async fn rows_that_would_go_are_told() {
    let (database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    database.execute("insert into \"User\" select generate_series(1, 163); analyze \"User\"").await;
    installed(&workspace, &database, &["mark", "central", "--production"]).await;
    workspace
        .rewrite("x.sql", "drop table \"User\" cascade; alter table \"Customer\" drop column id;");
    let run = workspace.run(&["preflight", "central", "--sql", "x.sql", "--format", "json"]).await;
    run.ended(1);
    let answer = run.report().0;
    assert_eq!((&answer["decision"], &answer["database"]), (&"refuse".into(), &"central".into()));
    let refusals: Vec<&Value> = answer["refusals"].as_array().expect("a list").iter().collect();
    assert_eq!(refusals.len(), 2, "{answer:#}");
    assert_eq!(
        refusals[0]["message"],
        "table `User` would be dropped, with about 163 rows, and this is production"
    );
    assert_eq!(
        (&refusals[1]["kind"], &refusals[1]["column"]),
        (&"dropped_column".into(), &"id".into())
    );
    assert_eq!(answer["drops"][0]["rows"], 163);
    assert_eq!(answer["known_by"], serde_json::json!(["mark", "tables"]));
}

/// What the push is about to use is another text than the registered one: another role, another spelling.
#[tokio::test]
async fn the_url_of_the_push_is_found_among_the_registered_ones() {
    let (database, url) = fixtures::central().await;
    let other = TestDatabase::create("other").await;
    let config = ConfigText::new().database("central", &url, "central");
    let workspace = fixtures::workspace(&config);
    workspace.rewrite("schema.prisma", BOTH);
    let of = async |database: &TestDatabase<'_>| {
        let role = database.create_role("owner").await;
        let url = database.url(&role).replace("127.0.0.1", "localhost");
        format!("{url}?schema=public&connection_limit=1")
    };
    let pushed = of(&database).await;
    let run = workspace.run(&["preflight", "--url", &pushed, "--prisma", "schema.prisma"]).await;
    run.ended(1).says("must not go to `central`").says("2 tables would come");
    let variable = fixtures::workspace(&config).env("SCHEMAWARDEN_URL", &pushed);
    variable
        .run(&["preflight", "--manifest", "central"])
        .await
        .ended(0)
        .says("may go to `central`");

    let elsewhere = of(&other).await;
    let ask = async |more: &[&str]| {
        let all = [&["preflight", "--url", &elsewhere, "--manifest", "central"], more].concat();
        workspace.run(&all).await
    };
    ask(&[])
        .await
        .ended(1)
        .says("no registered database is behind this URL")
        .says("--allow-unregistered");
    ask(&["--allow-unregistered"]).await.ended(0).says("compared with nothing");
    // An unregistered database that says what it is, is held to that.
    let name = other.name();
    let mark = r#"schemawarden: {"class":"central","environment":"production"}"#;
    other.execute(&format!("comment on database {name} is '{mark}'")).await;
    ask(&["--allow-unregistered"]).await.ended(0).says("marked class `central`");
    let run = workspace
        .run(&[
            "preflight",
            "--url",
            &elsewhere,
            "--prisma",
            "schema.prisma",
            "--allow-unregistered",
        ])
        .await;
    run.ended(1).says("2 tables would come that manifest `central` does not list");
    // A URL that leads to another database than the one that is named.
    fixtures::create_tables(&other, &["Musician", "Concert"]).await;
    let run = workspace
        .run(&["preflight", "central", "--url", &elsewhere, "--manifest", "central"])
        .await;
    run.ended(1).says("are also in manifest `orchestra`");
}

/// A person declared which database it is; the URL leads to a copy of it.
#[tokio::test]
async fn a_copy_is_not_the_database_that_is_declared() {
    let (database, url) = fixtures::central().await;
    let oid =
        database.one("select oid::text from pg_database where datname = current_database()").await;
    for (identity, code) in [(oid.clone(), 0), ("1".to_owned(), 1)] {
        let pin = format!(", identity: {{ oid: {identity} }}");
        let config = ConfigText::new().database_with("central", &url, "central", &pin);
        let workspace = fixtures::workspace(&config);
        let run = workspace.run(&["preflight", "central", "--manifest", "central"]).await;
        run.ended(code).says(if code == 0 { "declared in the config" } else { "declared is 1" });
    }
}

/// A name is said, and the URL says something else.
#[tokio::test]
async fn a_name_is_held_against_where_the_url_leads() {
    let (_database, url) = fixtures::central().await;
    let tenant = TestDatabase::create("sco").await;
    fixtures::create_tables(&tenant, &["User"]).await;
    let tenant_url = tenant.url(&tenant.create_role("auditor").await);
    let config = ConfigText::new().database("central", &url, "central").database(
        "sco",
        &tenant_url,
        "orchestra",
    );
    let workspace = fixtures::workspace(&config);
    let ask = async |url: &str| {
        let arguments = ["preflight", "central", "--url", url, "--manifest", "central"];
        workspace.run(&arguments).await
    };
    ask(&url).await.ended(0);
    ask(&tenant_url).await.ended(1).says("registered as `sco`, not `central`");
    // Nobody's database, and nothing in it says whose it is.
    let empty = TestDatabase::create("empty").await;
    let empty_url = empty.url(&empty.create_role("owner").await);
    ask(&empty_url).await.ended(2).says("this URL leads elsewhere than `central` is registered");
    let name = empty.name();
    let mark = r#"schemawarden: {"class":"central","environment":"production"}"#;
    empty.execute(&format!("comment on database {name} is '{mark}'")).await;
    ask(&empty_url).await.ended(0).says("its own mark");
}

/// What Prisma calls a schema is where a push goes.
#[tokio::test]
async fn the_schema_of_a_url_is_where_the_push_goes() {
    let database = TestDatabase::create("central").await;
    database
        .execute("create schema billing; create table billing.\"User\" (id bigint primary key)")
        .await;
    let url = database.url(&database.create_role("auditor").await);
    let config = ConfigText::new().database("central", &format!("{url}?schema=billing"), "central");
    let workspace = fixtures::workspace(&config)
        .manifest("central", "manifest: central\ntables: [billing.User]\n");
    installed(&workspace, &database, &["mark", "central", "--production"]).await;
    workspace.rewrite(
        "s.prisma",
        "datasource db {\n  provider = \"postgresql\"\n}\nmodel User {\n  id BigInt @id\n}\n",
    );
    workspace.rewrite("x.sql", "drop table \"User\";");
    workspace
        .run(&["preflight", "central", "--prisma", "s.prisma"])
        .await
        .ended(0)
        .says("nothing to any table");
    workspace
        .run(&["preflight", "central", "--sql", "x.sql"])
        .await
        .ended(1)
        .says("table `billing.User` would be dropped");
}

#[tokio::test]
async fn what_cannot_be_told_is_neither_go_nor_refused() {
    let (_database, url) = fixtures::central().await;
    let config =
        ConfigText::new().database("central", &url, "central").database("gone", NOWHERE, "central");
    let workspace = fixtures::workspace(&config);
    workspace.rewrite("block.sql", "do $$ begin drop table \"User\"; end $$;\n");
    workspace.rewrite("bad.prisma", "model {\n");
    std::fs::create_dir(workspace.path().join("empty")).expect("a folder");
    let json = ["preflight", "gone", "--manifest", "central", "--format", "json"];
    let run = workspace.run(&json).await;
    run.ended(2);
    assert_eq!(run.report().0["decision"], "unknown");
    let github = ["preflight", "gone", "--manifest", "central", "--format", "github"];
    let run = workspace.run(&github).await;
    assert!(
        run.ended(2).stdout.starts_with("::error title=gone%3A could not tell::"),
        "{}",
        run.stdout
    );
    for (arguments, said) in [
        (&["gone", "--manifest", "central"][..], "could not be read"),
        (&["central", "--sql", "block.sql"], "block.sql:1:1: the body of DO is not executed"),
        (&["central", "--sql", "empty"], "no `*.sql` file"),
        (&["central", "--prisma", "bad.prisma"], "mistake"),
        (&["central", "--prisma", "nowhere.prisma"], "nowhere.prisma cannot be read"),
        (&["central", "--manifest", "orchestr"], "did you mean `orchestra`?"),
        (&["centrl", "--manifest", "central"], "did you mean `central`?"),
        (&["--manifest", "central"], "SCHEMAWARDEN_URL"),
        (&["central"], "--prisma <PATH>|--sql <PATH>|--manifest <NAME|FILE>"),
        (&["central", "--url", "mysql://x", "--manifest", "central"], "--url:"),
    ] {
        workspace.run(&[&["preflight"], arguments].concat()).await.ended(2).says(said);
    }
}

#[tokio::test]
async fn github_gets_annotations_that_no_name_can_forge() {
    let (database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    database.execute("create table \"x\n::error::forged\" (id int)").await;
    installed(&workspace, &database, &["mark", "central", "--production"]).await;
    workspace.rewrite("x.sql", "drop table \"x\n::error::forged\";\n");
    let run =
        workspace.run(&["preflight", "central", "--sql", "x.sql", "--format", "github"]).await;
    run.ended(1);
    let commands: Vec<&str> = run.stdout.lines().filter(|it| it.starts_with("::")).collect();
    assert!(
        !commands.is_empty() && commands.iter().all(|it| !it.starts_with("::error::forged")),
        "{}",
        run.stdout
    );
    assert!(commands[0].starts_with("::error title=central%3A dropped_table::"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|it| it.starts_with("::") || it.starts_with("preflight | ")));
}
