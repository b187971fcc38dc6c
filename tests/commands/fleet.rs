//! `fleet`: the shapes of a fleet on real PostgreSQL, and a config made of them that is clean.

use serde_json::Value;

use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::fixtures::holding;
use crate::support::fixtures::workspace;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

#[tokio::test]
async fn the_most_common_shape_leads_and_the_others_say_what_differs() {
    let (_sco, sco_url) = holding("sco", &ORCHESTRA).await;
    let (_bso, bso_url) = holding("bso", &ORCHESTRA).await;
    let (lso, lso_url) = holding("lso", &ORCHESTRA).await;
    lso.execute("create table tmp_import (); drop table \"Venue\"").await;
    // What a preset leaves out makes no shape.
    lso.execute("create table _prisma_migrations (id text primary key, checksum text, finished_at timestamptz, migration_name text, logs text, rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int)").await;
    // Where a preset is switched off, it is not left out: one of the two has it.
    let (_first, first_url) = holding("first", &["a"]).await;
    let (other, other_url) = holding("other", &["a"]).await;
    other.execute("create table _prisma_migrations (id text primary key, checksum text, finished_at timestamptz, migration_name text, logs text, rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int)").await;
    let strict = ConfigText::new()
        .database("first", &first_url, "strict")
        .database("other", &other_url, "strict");
    let strict = Workspace::new()
        .manifest("strict", "manifest: strict\npresets: []\ntables: [a]\n")
        .manifest("rows", "manifest: rows\ntables: { a: { rows: { min: 1 } } }\n")
        .manifest("plain", "manifest: plain\ntables: [a]\n")
        .config(&strict);
    let run = strict.run(&["fleet"]).await;
    run.ended(0).says("shape 1  2 databases · 1 relation · as manifest `plain` says");

    let config = ConfigText::new()
        .database("lso", &lso_url, "orchestra")
        .database("sco", &sco_url, "orchestra")
        .database("gone", NOWHERE, "orchestra")
        .database("bso", &bso_url, "central");
    let workspace = workspace(&config);

    let run = workspace.run(&["fleet"]).await;
    run.ended(2)
        .says("2 shapes in 3 databases, 1 could not be read")
        .says("shape 1  2 databases · 21 relations · as manifest `orchestra` says")
        .says("  sco, bso")
        .says("could not be read\n  gone: ");
    let differs = run.stdout.split("shape 2").nth(1).expect("a second shape");
    assert!(differs.contains("  lso\n  differs from shape 1:"), "{differs}");
    assert!(differs.contains("unexpected_table  tmp_import"), "{differs}");
    assert!(differs.contains("missing_table     Venue"), "{differs}");
    assert!(!differs.contains("prisma"), "{differs}");
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));

    let run = workspace.run(&["fleet", "--format", "json", "sco", "lso"]).await;
    let answer: Value = serde_json::from_str(&run.ended(0).stdout).expect("one document");
    assert_eq!(answer["databases"], 2);
    // Where two are as common, the one that was named first leads.
    assert_eq!(answer["shapes"][0]["databases"], serde_json::json!(["lso"]));
    assert_eq!(answer["shapes"][1]["fits"], serde_json::json!(["orchestra"]));
    assert_eq!(answer["shapes"][1]["differs"].as_array().map(Vec::len), Some(2));
    workspace.run(&["fleet", "gone"]).await.ended(2).says("none of 1 database could be read");
    workspace.run(&["fleet", "scoo"]).await.ended(2).says("did you mean `sco`?");
}

#[tokio::test]
async fn a_column_makes_a_shape_where_columns_are_looked_at() {
    let (_sco, sco_url) = holding("sco", &["Venue"]).await;
    let (bso, bso_url) = holding("bso", &["Venue"]).await;
    bso.execute("alter table \"Venue\" add seats int").await;
    let config =
        ConfigText::new().database("sco", &sco_url, "central").database("bso", &bso_url, "central");
    let workspace = workspace(&config);
    workspace.run(&["fleet"]).await.ended(0).says("1 shape in 2 databases");
    let run = workspace.run(&["fleet", "--depth", "columns"]).await;
    run.ended(0).says("2 shapes in 2 databases").says("column `seats` (integer) of table `Venue`");
}

/// A fleet that no config names: what is written is a config, and each database is clean against it.
#[tokio::test]
async fn what_it_writes_is_a_config_that_is_clean() {
    let (_central, central_url) = holding("central", &CENTRAL).await;
    let (_sco, sco_url) = holding("sco", &ORCHESTRA).await;
    let (_bso, bso_url) = holding("bso", &ORCHESTRA).await;
    let workspace = Workspace::new()
        .env("CENTRAL_DATABASE_URL", &central_url)
        .env("S_C_O_DATABASE_URL", &sco_url)
        .env("BSO_DATABASE_URL", &bso_url);
    let list = format!("# ours\n\ncentral {central_url}\n s-c-o\t{sco_url}\nbso {bso_url}\n");
    workspace.rewrite("urls", &list);
    let run =
        workspace.run(&["fleet", "--urls", "urls", "--depth", "full", "--write", "new"]).await;
    run.ended(0).says("2 shapes in 3 databases").says("wrote 2 manifests and new/databases.yaml");
    let path = workspace.path().join("new/databases.yaml");
    let written = std::fs::read_to_string(path).expect("it was written");
    assert!(written.contains("name: \"s-c-o\", url: \"${S_C_O_DATABASE_URL}\", manifest: shape-1"));
    assert!(!written.contains("postgres://"), "{written}");
    let run = workspace.run(&["check", "--config", "new/databases.yaml"]).await;
    run.ended(0).says("3 databases: 3 clean");
    // Nothing is overwritten, and nothing is read in vain.
    let run = workspace.run(&["fleet", "--urls", "urls", "--write", "new"]).await;
    run.ended(2).says("new/databases.yaml is there already");
    assert_eq!(run.stdout, "");
}

#[tokio::test]
async fn a_list_that_makes_no_sense_is_refused_with_its_line() {
    let secret = "postgres://a:hunter2@127.0.0.1:9/a";
    let cases = [
        (format!("a {secret}\n\na {secret}\n"), "urls:3: `a` is there already, in line 1"),
        (format!("{secret}\n{secret}\n"), "urls:2: `a` is there already"),
        (format!("a {secret}\nb http://hunter2@x/\n"), "urls:2: not a PostgreSQL URL"),
        (
            "a${HOME} postgres://x@127.0.0.1:9/a".to_owned(),
            "urls:1: `a${HOME}` is no name for a database",
        ),
        ("a\u{1b}[31m postgres://x@127.0.0.1:9/a".to_owned(), "urls:1: `a\\x1b[31m` is no name"),
        ("postgres://x@127.0.0.1:9/a%20b".to_owned(), "urls:1: `a b` is no name"),
        ("\u{feff}postgres://x@127.0.0.1:9/a%20b".to_owned(), "urls:1: `a b` is no name"),
        ("# nothing\n".to_owned(), "urls lists no database"),
        ("x".repeat(5_000_000), "larger than 4194304 bytes"),
    ];
    for (list, want) in cases {
        let workspace = Workspace::new();
        workspace.rewrite("urls", &list);
        let run = workspace.run(&["fleet", "--urls", "urls"]).await;
        run.ended(2).says(want);
        assert_eq!(run.stdout, "");
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
    Workspace::new().run(&["fleet", "--urls", "none"]).await.ended(2).says("cannot read none");
    Workspace::new().run(&["fleet", "--urls", "-", "sco"]).await.ended(2).says("cannot be used");
}
