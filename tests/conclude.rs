//! What a verdict comes to when there is more than a list of tables: an empty database, accepted
//! findings, globs, inheritance, severities.

use std::time::Duration;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::fixtures::workspace;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

async fn holding(tables: &[&str]) -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, tables).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

/// `manifest: m` with these lines, and one database that it is the manifest of.
fn one(url: &str, lines: &str) -> Workspace {
    Workspace::new()
        .manifest("m", &format!("manifest: m\n{lines}"))
        .config(&ConfigText::new().database("central", url, "m"))
}

// --- an empty or a foreign database --------------------------------------------------------------

#[tokio::test]
async fn a_wrong_database_is_one_finding_with_what_it_is_instead() {
    let (_database, url) = holding(&ORCHESTRA).await;
    let report = workspace(&ConfigText::new().database("central", &url, "central")).check(1).await;
    let findings = report.database("central")["findings"].as_array().expect("a list").clone();
    let wrong: Vec<_> = findings.iter().filter(|it| it["kind"] == "wrong_database").collect();
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0]["object"], "database");
    assert_eq!(wrong[0]["severity"], "critical");
    let message = wrong[0]["message"].as_str().expect("a sentence");
    assert!(message.contains("none of the 4 tables of manifest `central`"), "{message}");
    assert!(message.contains("21 other tables"), "{message}");
    assert_eq!(findings.len(), 1 + 21, "no missing_table beside it");
    assert_eq!(report.database("central")["diagnoses"][0]["manifest"], "orchestra");
    // An empty one, too: `check` keeps no memory that could call it new.
    let (_empty, url) = holding(&[]).await;
    let config = ConfigText::new().database_with("e", &url, "central", ", provision_grace: 1h");
    assert_eq!(workspace(&config).check(1).await.findings("e"), ["wrong_database ."]);
    // Nor is it wrong where nothing is expected, or everything is optional.
    one(&url, "tables: []\n").check(0).await;
    one(&url, "tables: { A: { optional: true } }\n").check(0).await;
}

#[tokio::test]
async fn a_new_database_is_given_its_grace_and_no_more() {
    let (_database, url) = holding(&[]).await;
    let mut receiver = Receiver::start();
    let config = ConfigText::new()
        .database_with("central", &url, "central", ", provision_grace: 4s")
        .every("1s")
        .slack(&receiver.url());
    let daemon = TestDaemon::start(workspace(&config)).await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 1)).await;
    let row = daemon.row("central").await;
    assert_eq!(row["verdict"], "unknown", "{row:#}");
    let reason = row["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("not yet provisioned"), "{reason}");
    let told = receiver.next().await;
    assert!(told.text().contains("none of the 4 tables"), "{}", told.text());
    daemon.wait_for_verdict("central", "drifted").await;
    // Three unknown verdicts had passed, and it could be audited all the while.
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
}

#[tokio::test]
async fn a_database_that_was_seen_populated_has_no_grace() {
    let (database, url) = holding(&CENTRAL).await;
    let mut receiver = Receiver::start();
    let config = ConfigText::new()
        .database_with("central", &url, "central", ", provision_grace: 1h")
        .every("1s")
        .slack(&receiver.url());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    // Across a restart, too: that it was populated is state.
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    database.execute("drop schema public cascade; create schema public").await;
    daemon.restart().await;
    let told = receiver.next_within(Duration::from_secs(20)).await;
    assert!(told.text().contains("none of the 4 tables"), "{}", told.text());
}

/// Foreign tables in a new database are no part of its provisioning.
#[tokio::test]
async fn grace_covers_absence_and_nothing_that_is_there() {
    let (_database, url) = holding(&["tmp_import"]).await;
    let mut receiver = Receiver::start();
    let config = ConfigText::new()
        .database_with("central", &url, "central", ", provision_grace: 1h")
        .every("1s")
        .slack(&receiver.url());
    let _daemon = TestDaemon::start(workspace(&config)).await;
    let told = receiver.next().await;
    assert!(
        told.text().contains("tmp_import") || told.text().contains("none of"),
        "{}",
        told.text()
    );
}

// --- accepted findings -----------------------------------------------------------------------------

#[tokio::test]
async fn a_known_finding_of_a_manifest_stays_visible_and_comes_back_when_it_ends() {
    let (_database, url) = holding(&["A", "tmp_import"]).await;
    let known = |kind, until| {
        format!(
            "tables: [A]\nknown:\n  - {{ object: tmp_import, kind: {kind}, reason: import of May, \
             owner: data team, until: {until} }}\n"
        )
    };
    let run = one(&url, &known("unexpected_table", "2099-12-31")).run(&["check"]).await;
    run.ended(0).says("clean").says("known until 2099-12-31: import of May, data team");
    let run = one(&url, &known("unexpected_table", "2020-01-01")).run(&["check"]).await;
    run.ended(1).says("drifted").says("m.yaml:4:").says("ended on 2020-01-01").says("counts again");
    // Accepted is this kind of finding about this object, and nothing else.
    one(&url, &known("forbidden_table", "2099-12-31")).check(1).await;
    let run = one(&url, &known("unexpected_tabel", "2099-12-31")).run(&["validate"]).await;
    run.ended(2).says("m.yaml:4:").says("did you mean `unexpected_table`?");
}

#[tokio::test]
async fn a_known_finding_tells_nobody_and_does_not_hide_the_next() {
    let (database, url) = holding(&CENTRAL).await;
    fixtures::create_tables(&database, &["tmp_import"]).await;
    let mut receiver = Receiver::start();
    let known = ", known: [{ object: public.tmp_import, kind: unexpected_table, reason: import, \
                 owner: data team, until: 2099-12-31 }]";
    let config = ConfigText::new()
        .database_with("central", &url, "central", known)
        .every("1s")
        .slack(&receiver.url());
    let daemon = TestDaemon::start(workspace(&config)).await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.row("central").await["verdict"], "clean");
    assert_eq!(daemon.row("central").await["findings"], 1);
    fixtures::create_tables(&database, &["tmp_export"]).await;
    assert!(receiver.next().await.text().contains("tmp_export"));
}

// --- globs, inheritance, optional tables, severities -------------------------------------------------

#[tokio::test]
async fn forbid_wins_over_tables_and_tables_over_ignore() {
    let (database, url) = holding(&["A", "tmp_a", "tmp_b"]).await;
    let lines = "tables: [A, tmp_a]\nignore: ['tmp_*']\n";
    assert_eq!(
        *one(&url, lines).check(0).await.evidence("central", "left_out"),
        serde_json::json!({"ignore": 1})
    );
    let report = one(&url, &format!("{lines}forbid: ['*_a']\n")).check(1).await;
    assert_eq!(report.findings("central"), ["forbidden_table public.tmp_a"]);
    let report = one(&url, &format!("{lines}forbid: ['*_b']\n")).check(1).await;
    assert_eq!(report.findings("central"), ["forbidden_table public.tmp_b"]);
    // What `tables` lists is missed although `ignore` would not care.
    database.execute("drop table tmp_a").await;
    let report = one(&url, lines).check(1).await;
    assert_eq!(report.findings("central"), ["missing_table public.tmp_a"]);
}

#[tokio::test]
async fn a_manifest_extends_others_and_a_circle_is_shown() {
    let (_database, url) = holding(&["A", "B"]).await;
    let workspace = one(&url, "extends: base.yaml\ntables: [B]\n")
        .manifest("base", "manifest: base\ntables: [A]\n");
    workspace.check(0).await;
    workspace
        .rewrite("expected-schemas/base.yaml", "manifest: base\nextends: [m.yaml]\ntables: [A]\n");
    let run = workspace.run(&["validate"]).await;
    run.ended(2)
        .says("m.yaml")
        .says("extends: goes in a circle")
        .says("m.yaml -> base.yaml -> m.yaml");
    workspace
        .rewrite("expected-schemas/base.yaml", "manifest: base\nextends: gone.yaml\ntables: [A]\n");
    let run = workspace.run(&["validate"]).await;
    run.ended(2).says("base.yaml:2:10: extends: there is no file").says("gone.yaml");
}

#[tokio::test]
async fn an_optional_table_may_be_there_or_not() {
    let (database, url) = holding(&["A"]).await;
    let workspace = one(&url, "tables: { A: , B: { optional: true } }\n");
    workspace.check(0).await;
    fixtures::create_tables(&database, &["B"]).await;
    workspace.check(0).await;
    database.execute("drop table \"A\"").await;
    assert_eq!(workspace.check(1).await.findings("central"), ["missing_table public.A"]);
}

#[tokio::test]
async fn severities_are_the_databases_over_the_manifests_over_the_defaults() {
    let (_database, url) = holding(&["A", "tmp_import"]).await;
    let severity_in = |manifest: &str, database: &str| {
        Workspace::new()
            .manifest("m", &format!("manifest: m\ntables: [A]\n{manifest}"))
            .config(&ConfigText::new().database_with("central", &url, "m", database))
    };
    let mild = "severity: { unexpected_table: info }\n";
    let warn = ", severity: { unexpected_table: warning }";
    for (manifest, database, severity, code) in [
        ("", "", "critical", 1),
        ("", warn, "warning", 1),
        (mild, warn, "warning", 1),
        (mild, "", "info", 0),
    ] {
        let report = severity_in(manifest, database).check(code).await;
        let finding = &report.database("central")["findings"][0];
        assert_eq!(finding["severity"], severity, "{manifest} {database}");
        assert_eq!(report.verdict(), if code == 0 { "clean" } else { "drifted" });
    }
    severity_in("", warn).run(&["check", "--fail-on", "critical"]).await.ended(0);
}

// --- mistakes ------------------------------------------------------------------------------------------

/// A person mends a file once, not once for each kind of mistake.
#[tokio::test]
async fn all_mistakes_of_a_manifest_are_told_in_one_go() {
    let manifest = "manifest: m\n\
        tables: { A: { optional: yess }, B: { optinal: true } }\n\
        known: [{ object: x, kind: unexpected_tabel, reason: r, owner: o, until: 2026-02-30 }]\n\
        severity: { unexpected_table: fatal }\n\
        forbid: ['[a']\n\
        presets: [supabse]\n\
        schemas: public\n\
        veiws: []\n";
    let workspace = Workspace::new()
        .manifest("m", manifest)
        .config(&ConfigText::new().database("central", NOWHERE, "m"));
    let run = workspace.run(&["validate"]).await;
    run.ended(2)
        .says("m.yaml:2:26: tables.A.optional: expected true or false")
        .says("tables.B.optinal: unknown key; did you mean `optional`?")
        .says("known[0].kind: `unexpected_tabel` is no kind of finding; did you mean")
        .says("known[0].until: `2026-02-30` is not a day")
        .says("severity.unexpected_table: ")
        .says("m.yaml:5:10: forbid[0]: ")
        .says("did you mean `supabase`?")
        .says("schemas: expected a list, found the text `public`; write it as a list: [public]")
        .says("m.yaml:8:1: veiws: unknown key; did you mean `views`?")
        .says("9 mistakes");
}

/// The same for entries of the config that share a name, or say a thing twice.
#[tokio::test]
async fn a_mistake_hides_no_other_of_the_same_database() {
    let config = ConfigText::new()
        .database("central", NOWHERE, "central")
        .database("central", "postgres://a@127.0.0.1:99999/x", "orchestr")
        .database_with("sco", NOWHERE, "central", ", url_file: x, limits: { connect_timeout: 5 }");
    let run = workspace(&config).run(&["validate"]).await;
    run.ended(2)
        .says("databases[1].name: the name `central` is taken at")
        .says("databases[1].url: the port is not a number from 1 to 65535")
        .says("databases[1].manifest: there is no manifest `orchestr`; did you mean `orchestra`?")
        .says("databases[2].url: `url` and `url_file` together; keep one of the two")
        .says("databases[2].limits.connect_timeout: a length of time needs a unit")
        .says("5 mistakes");
}
