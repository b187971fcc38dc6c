//! The incident, put aside; and everything that stops a script.

use super::Scripts;
use super::kept;
use super::snapshot;
use crate::support::fixtures;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;

/// The tables of an orchestra as they are in the demo, with their keys.
const ORCHESTRA_SQL: &str = include_str!("../../src/cli/demo/fleet/orchestra.sql");

#[tokio::test]
async fn the_tables_of_the_incident_are_put_aside_and_come_back() {
    let (database, url) = fixtures::central().await;
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    database.execute(ORCHESTRA_SQL).await;
    database
        .execute(
            "insert into \"Instrument\" (id, name) values ('1', 'viola'); analyze \"Instrument\"",
        )
        .await;
    workspace.check(1).await;
    let before = snapshot(&workspace).await;

    let printed = workspace.run(&["sql", "quarantine", "central"]).await;
    printed.ended(0);
    let text = &printed.stdout;
    for words in [
        "21 relations that should not be there",
        "-- ! 1 of them may hold rows. LOOK AT THEM before anything else:\n-- !   public.Instrument: about 1 row",
        "table public.Musician: owner postgres; empty",
        "SET LOCAL lock_timeout = '5s';",
        "SET LOCAL schemawarden.bypass = 'quarantine';",
        "\n-- DROP TABLE ",
        "\n-- ALTER TABLE ",
    ] {
        assert!(text.contains(words), "nothing of {words:?} in:\n{text}");
    }
    // What is printed in one piece drops nothing and undoes nothing.
    let runs = text.lines().filter(|it| !it.starts_with("--"));
    assert!(runs.clone().all(|it| !it.contains("DROP")), "{text}");
    database.execute(text).await;
    workspace.check(0).await;
    let aside = "select count(*)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname like 'schemawarden_quarantine_%' and c.relkind = 'r'";
    assert_eq!(database.one(aside).await, ORCHESTRA.len().to_string());
    let nothing = workspace.run(&["sql", "quarantine", "central"]).await;
    nothing.ended(0).says("-- Nothing to quarantine in database `central`.");

    // The way back is in its comments.
    let undo: Vec<&str> =
        text.split("-- To undo it:\n").nth(1).expect("a way back").lines().collect();
    let undo: Vec<&str> = undo.iter().filter_map(|it| it.strip_prefix("-- ")).collect();
    database.execute(&undo.join("\n")).await;
    assert_eq!(snapshot(&workspace).await, before);
    assert_eq!(database.one("select count(*)::text from \"Instrument\"").await, "1");

    // And there is a way out.
    let scripts = Scripts::printed(&workspace, "out").await;
    database.execute(&scripts.quarantine).await;
    database.execute(&scripts.drop).await;
    assert_eq!(database.one(aside).await, "0");
    workspace.check(0).await;
    let again = workspace.run(&["sql", "quarantine", "central", "--write", "out"]).await;
    again.ended(0).says("Nothing to quarantine");
}

/// Runs a script that has to fail; returns what the server said.
async fn fails(database: &TestDatabase<'_>, script: &str) -> String {
    let (ok, said) = crate::support::psql::psql(database, script).await;
    assert!(!ok, "it went through: {said}");
    said
}

#[tokio::test]
async fn whatever_has_changed_since_stops_it_whole() {
    let cases = [
        ("insert into a values (1)", "public.a was empty, and holds rows now"),
        ("drop table a; create table a (id int)", "public.a is not what it was"),
        ("alter table a rename to z", "does not exist"),
        ("create schema s; alter table a set schema s", "does not exist"),
        (
            "create table p3 partition of p for values from (20) to (30)",
            "public.p has a partition more",
        ),
        ("drop table a", "does not exist"),
    ];
    for (change, said) in cases {
        let (database, workspace) = kept().await;
        database
            .execute(
                "create table a (id int); create table b (id int); create table p (id int) partition by range (id); \
                 create table p1 partition of p for values from (1) to (10)",
            )
            .await;
        let scripts = Scripts::printed(&workspace, "out").await;
        database.execute(change).await;
        let before = snapshot(&workspace).await;
        let error = fails(&database, &scripts.quarantine).await;
        assert!(error.contains(said), "{change}: {error}");
        assert_eq!(snapshot(&workspace).await, before, "{change}");
    }
}

#[tokio::test]
async fn what_hangs_together_goes_together_and_what_stays_is_named() {
    let (database, workspace) = kept().await;
    database
        .execute(
            "create sequence own; create sequence shared; alter table kept add n int default nextval('shared');
             create type mood as enum ('good'); create domain short as text check (length(value) < 9);
             create type used as enum ('x'); create function f(used) returns int language sql as 'select 1';
             create table a (id int primary key generated always as identity, s serial, n int default nextval('own'),
               m int default nextval('shared'), mood mood, short short[], used used);
             create schema archive; create table p (id int) partition by list (id);
             create table archive.p1 partition of p for values in (1);
             create table b (id int); create table heir () inherits (b);
             create view v as select id from a; alter table kept add a int references a(id);
             create materialized view m as select id from a",
        )
        .await;
    let config =
        "manifest: central\ntables: { kept: {}, heir: {} }\nviews: [v]\nmaterialized_views: []\n";
    let workspace = workspace.manifest("central", config);
    let before = snapshot(&workspace).await;
    let scripts = Scripts::printed(&workspace, "out").await;
    for words in [
        "foreign key `kept_a_fkey` of public.kept points at it",
        "view public.v reads it",
        "public.heir inherits from it",
        "materialized view public.m:",
        "sequence public.own: only they use it",
        "type public.mood: only they use it",
        "type public.short: only they use it",
        "table archive.p1:",
    ] {
        assert!(
            scripts.quarantine.contains(words),
            "nothing of {words:?} in:\n{}",
            scripts.quarantine
        );
    }
    for words in ["public.shared:", "type public.used"] {
        assert!(!scripts.quarantine.contains(words), "{words}");
    }
    database.execute(&scripts.quarantine).await;
    workspace.check(0).await;
    // What stays goes on working.
    database.execute("insert into kept (id) values (2); select * from v").await;
    let owned = "select string_agg(relname, ' ' order by relname) from pg_class where relkind = 'S' and \
                 relnamespace = 'public'::regnamespace";
    assert_eq!(database.one(owned).await, "shared");
    database.execute(&scripts.undo).await;
    assert_eq!(snapshot(&workspace).await, before);
}

/// A foreign key is checked with the rights of the table's owner, who is rarely a superuser.
#[tokio::test]
async fn what_stays_can_be_written_by_its_owner() {
    let (database, workspace) = kept().await;
    let app = database.create_role("app").await;
    let name = &app.name;
    database
        .execute(&format!(
            "grant all on schema public to {name}; alter table kept owner to {name}; set role {name};
             create table a (id int primary key); insert into a values (1);
             alter table kept add a int references a; create table b (id int references kept);
             create table parent (id int); create table heir () inherits (parent); reset role"
        ))
        .await;
    let workspace = workspace.manifest("central", "manifest: central\ntables: [kept, parent]\n");
    let scripts = Scripts::printed(&workspace, "out").await;
    let warning = "public.heir inherits from public.parent, which stays";
    assert!(scripts.quarantine.contains(warning), "{}", scripts.quarantine);
    database.execute(&scripts.quarantine).await;
    let session = database.session(&app).await;
    session.execute("insert into kept (id, a) values (2, 1); delete from kept where id = 1").await;
    database.execute(&scripts.undo).await;
    session.execute("insert into kept (id, a) values (3, 1); delete from kept where id = 2").await;
}

/// All databases of a class have quarantines of one name, and scripts lie about.
#[tokio::test]
async fn no_script_works_in_another_database_or_at_another_time() {
    let (database, workspace) = kept().await;
    database
        .execute(
            "create table a (id int); create type mood as enum ('x'); create table b (mood mood)",
        )
        .await;
    let scripts = Scripts::printed(&workspace, "out").await;
    for early in [&scripts.undo, &scripts.drop] {
        assert!(fails(&database, early).await.contains("is not what it was"));
    }
    database.execute("alter table kept add mood mood").await;
    let error = fails(&database, &scripts.quarantine).await;
    assert!(error.contains("something else uses a type or a sequence by now"), "{error}");
    database.execute("alter table kept drop mood").await;
    database.execute(&scripts.quarantine).await;
    let (other, _) = kept().await;
    let to = "create schema schemawarden_quarantine_x";
    other.execute(to).await;
    for script in [&scripts.quarantine, &scripts.undo, &scripts.drop] {
        let error = fails(&other, script).await;
        assert!(error.contains("this is database"), "{error}");
    }
    let place = database
        .one("select relnamespace::regnamespace::text from pg_class where relname = 'a'")
        .await;
    database.execute(&format!("insert into {place}.a values (1)")).await;
    assert!(fails(&database, &scripts.drop).await.contains("was empty, and holds rows now"));
    database.execute(&scripts.undo).await;
    assert_eq!(database.one("select count(*)::text from a").await, "1");
}

/// Whose tables these are is to be found out first.
#[tokio::test]
async fn nothing_is_planned_for_what_may_be_another_database() {
    let database = TestDatabase::create("other").await;
    fixtures::create_tables(&database, &["Musician", "Concert"]).await;
    let url = database.url(&database.create_role("auditor").await);
    let workspace = fixtures::workspace(&ConfigText::new().database("central", &url, "central"));
    for what in ["quarantine", "repair"] {
        let run = workspace.run(&["sql", what, "central"]).await;
        run.ended(2).says("this may not be the database that it should be");
        assert!(run.stdout.is_empty(), "{}", run.stdout);
    }
}

#[tokio::test]
async fn where_there_is_nothing_to_do_or_to_read_it_says_so() {
    let database = TestDatabase::create("central").await;
    let url = database.url(&database.create_role("auditor").await);
    let config =
        ConfigText::new().database("central", &url, "central").database("gone", NOWHERE, "central");
    let workspace = fixtures::workspace(&config);
    let run = workspace.run(&["sql", "quarantine", "central"]).await;
    run.ended(0).says("Tables are missing: restore; there is nothing to quarantine.");
    workspace.run(&["sql", "quarantine", "gone"]).await.ended(2).says("could not be read whole");
    workspace.run(&["sql", "quarantine", "centrl"]).await.ended(2).says("did you mean `central`?");
    fixtures::create_tables(&database, &fixtures::CENTRAL).await;
    database.execute("create table tmp_import (id int)").await;
    workspace
        .run(&["sql", "quarantine", "central", "--write", "out"])
        .await
        .ended(0)
        .says("out/quarantine.sql");
    let again = workspace.run(&["sql", "quarantine", "central", "--write", "out"]).await;
    again.ended(2).says("out/quarantine.sql is there already");
    let help = workspace.run(&["sql", "quarantine", "--help"]).await;
    assert!(help.stdout.starts_with("Prints SQL; runs nothing."), "{}", help.stdout);
}
