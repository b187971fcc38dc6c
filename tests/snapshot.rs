//! `snapshot`, then `check` against what it printed: clean, whatever the database holds.

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::Encoding;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Names that mean something to YAML, to a manifest's own quoting, to globs, or to a terminal.
pub(crate) const HOSTILE: [&str; 36] = [
    "null",
    "true",
    "Yes",
    "~",
    "1",
    "0x1f",
    "1e3",
    "2025-07-05",
    "- a",
    "a: b",
    "#x",
    "a #b",
    "'",
    "''",
    "\"",
    "\"\"",
    "\\",
    "\\x41",
    "a.b",
    "c*",
    "[a]",
    "{x: y}",
    "a,b",
    "&a",
    "*a",
    "!t",
    "|",
    ">",
    "%",
    "@x",
    "`x`",
    "new\nline",
    "\t",
    " both ends ",
    "\x1b[31m",
    "right\u{202e}left",
];

/// Everything that an audit reads, in more schemas than one.
const OTHER_RELATIONS: &str = r#"
create schema billing; create table billing."Invoice" (id int); create table billing.null (id int);
create schema "Sch.ema"; create table "Sch.ema"."T.able" (id int);
create view v as select 1 as one; create view billing."V" as select 1 as one;
create materialized view mv as select 1 as one;
create table parted (id int) partition by list (id);
create table parted_1 partition of parted for values in (1);
create unlogged table unlogged (id int);
create extension file_fdw; create server s foreign data wrapper file_fdw;
create foreign table outside (line text) server s options (filename '/dev/null');
create table _prisma_migrations (id int)"#;

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn create_hostile(database: &TestDatabase<'_>) {
    let umlauts = "ü".repeat(31);
    let names = HOSTILE.iter().copied().chain([umlauts.as_str()]);
    let tables: Vec<_> = names.map(|it| format!("create table {} ();", quoted(it))).collect();
    database.execute(&tables.concat()).await;
}

/// Takes a snapshot by URL and audits the database with it; returns the manifest.
async fn round_trip(database: &TestDatabase<'_>, role: &Role, workspace: &Workspace) -> String {
    let url = database.url(role);
    let run = workspace.run(&["snapshot", "--url", &url, "--name", "taken"]).await;
    run.ended(0);
    assert_eq!(run.stderr, "");
    let path = workspace.rewrite("expected-schemas/taken.yaml", &run.stdout);
    let path = path.display().to_string();
    let check = workspace.run(&["check", "--url", &url, "--manifest", &path]).await;
    check.ended(0);
    run.stdout
}

#[tokio::test]
async fn what_it_prints_is_what_a_check_finds_clean() {
    let database = TestDatabase::create("shop").await;
    create_hostile(&database).await;
    database.execute(OTHER_RELATIONS).await;
    let role = database.create_role("auditor").await;
    let workspace = Workspace::new();
    let manifest = round_trip(&database, &role, &workspace).await;
    assert!(!manifest.contains(['\x1b', '\u{202e}', '\t']), "{manifest:?}");
    assert!(manifest.contains("1 by preset prisma"), "{manifest}");
    assert!(!manifest.contains("parted_1"), "{manifest}");

    // It lists every one of them: each that goes is missed, each that comes is found.
    let url = database.url(&role);
    let taken = "expected-schemas/taken.yaml";
    let check = ["check", "--url", &url, "--manifest", taken, "--format", "json"];
    let name = database.name();
    for (sql, want) in [
        ("drop table \"new\nline\"", "missing_table public.new\\x0aline"),
        ("drop table billing.null", "missing_table billing.null"),
        ("drop view billing.\"V\"", "missing_view billing.V"),
        ("drop materialized view mv", "missing_materialized_view public.mv"),
        ("drop foreign table outside", "missing_foreign_table public.outside"),
        ("drop table parted", "missing_table public.parted"),
        ("create table \"Null\" ()", "unexpected_table public.Null"),
        ("create table \"Sch.ema\".\"T\" ()", "unexpected_table Sch.ema.T"),
    ] {
        database.execute(sql).await;
        let report = workspace.run(&check).await.ended(1).report();
        assert!(
            report.findings(name).iter().any(|it| it == want),
            "{sql}: {:?}",
            report.findings(name)
        );
    }
}

#[tokio::test]
async fn names_that_are_not_utf_8_round_trip_too() {
    for encoding in [Encoding::SqlAscii, Encoding::Latin1] {
        let database = TestDatabase::create_in(Cluster::shared(), "shop", encoding).await;
        database
            .execute(
                r"do $$ begin execute 'create table ' ||
                quote_ident(convert_from('\x626164ff', getdatabaseencoding())) || ' ()'; end $$",
            )
            .await;
        let role = database.create_role("auditor").await;
        let manifest = round_trip(&database, &role, &Workspace::new()).await;
        assert!(manifest.contains("bad"), "{encoding:?}: {manifest}");
    }
}

#[tokio::test]
async fn an_empty_database_round_trips() {
    let database = TestDatabase::create("empty").await;
    let role = database.create_role("auditor").await;
    let manifest = round_trip(&database, &role, &Workspace::new()).await;
    assert!(manifest.contains("tables: []"), "{manifest}");
}

#[tokio::test]
async fn a_registered_database_is_taken_by_name() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    fixtures::create_tables(&database, &["Later"]).await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&role), "central");
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    workspace.check(1).await;
    let run = workspace.run(&["snapshot", "central"]).await;
    run.ended(0).says("manifest: central").says("- Later");
    workspace.rewrite("expected-schemas/central.yaml", &run.stdout);
    assert_eq!(workspace.check(0).await.findings("central"), [""; 0]);
}

/// Half a manifest would call the other half drift.
#[tokio::test]
async fn what_cannot_be_read_whole_is_no_manifest() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new()
        .database("central", &database.url(&role), "central")
        .database("nowhere", "postgres://auditor@127.0.0.1:9/nowhere", "central")
        .limits("{ max_relations: 3 }");
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    for (arguments, word) in [
        (&["snapshot", "central"][..], "max_relations"),
        (&["snapshot", "nowhere"], "127.0.0.1:9"),
        (&["snapshot", "centrall"], "did you mean `central`?"),
        (&["snapshot"], "--url"),
        (&["snapshot", "central", "--url", "postgres://a@127.0.0.1/b"], "--url"),
    ] {
        let run = workspace.run(arguments).await;
        run.ended(2).says(word);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}
