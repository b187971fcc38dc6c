//! `check` answers as `diff` does: 0 clean, 1 drift, 2 could not tell. In one JSON document, on
//! stdout, with nothing else there.

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::fixtures::workspace;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// The incident's fleet: both manifests, and a database `central` with these tables.
async fn central(tables: &[&[&str]]) -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    for tables in tables {
        fixtures::create_tables(&database, tables).await;
    }
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

#[tokio::test]
async fn a_database_with_its_tables_and_no_others_is_clean_and_ends_with_0() {
    let (_database, url) = central(&[&CENTRAL]).await;
    let report = workspace(&ConfigText::new().database("central", &url, "central")).check(0).await;
    assert_eq!(report.verdict(), "clean");
    assert_eq!(report.findings("central"), [""; 0]);
    assert_eq!(report.database("central")["reason"], serde_json::Value::Null);
}

/// The incident itself, seen by a role that may do nothing but connect.
#[tokio::test]
async fn all_21_tables_of_the_tenants_are_found_in_central_and_it_ends_with_1() {
    let (_database, url) = central(&[&CENTRAL, &ORCHESTRA]).await;
    let report = workspace(&ConfigText::new().database("central", &url, "central")).check(1).await;
    assert_eq!(report.0["version"], 1);
    assert_eq!(report.verdict(), "drifted");
    let mut want: Vec<String> =
        ORCHESTRA.iter().map(|table| format!("unexpected_table public.{table}")).collect();
    want.sort();
    assert_eq!(report.findings("central"), want);

    let central = report.database("central");
    assert_eq!(central["manifest"], "central");
    for finding in central["findings"].as_array().expect("a list") {
        assert_eq!(finding["severity"], "critical", "{finding}");
        assert_eq!(finding["object"], "table", "{finding}");
        assert_eq!(finding["known"], false, "{finding}");
        assert_eq!(finding["fingerprint"].as_str().map(str::len), Some(16), "{finding}");
    }
    let diagnosis = &central["diagnoses"][0];
    assert_eq!(diagnosis["kind"], "foreign_manifest");
    assert_eq!(diagnosis["manifest"], "orchestra");
    assert_eq!((&diagnosis["matched"], &diagnosis["of"]), (&21.into(), &21.into()));
    let message = diagnosis["message"].as_str().expect("a sentence");
    assert!(message.contains("21 of 21") && message.contains("orchestra"), "{message}");
    assert_eq!(report.evidence("central", "relations"), 25);
    assert_eq!(report.evidence("central", "hidden_from_information_schema"), 25);
    assert_eq!(report.evidence("central", "complete"), true);
}

#[tokio::test]
async fn a_missing_table_ends_with_1() {
    let (database, url) = central(&[&CENTRAL]).await;
    database.execute(r#"drop table "Customer""#).await;
    let report = workspace(&ConfigText::new().database("central", &url, "central")).check(1).await;
    assert_eq!(report.findings("central"), ["missing_table public.Customer"]);
}

#[tokio::test]
async fn a_database_without_one_expected_table_is_the_wrong_database() {
    let (_database, url) = central(&[&ORCHESTRA]).await;
    let report = workspace(&ConfigText::new().database("central", &url, "central")).check(1).await;
    let kinds = report.findings("central");
    assert!(kinds[0].starts_with("wrong_database"), "{kinds:?}");
    assert!(!kinds.iter().any(|it| it.starts_with("missing_table")), "{kinds:?}");
}

#[tokio::test]
async fn the_worst_of_several_verdicts_decides() {
    let (_clean, clean) = central(&[&CENTRAL]).await;
    let (_drifted, drifted) = central(&[&CENTRAL, &["tmp_import"]]).await;
    for (case, urls, code, verdict) in [
        ("clean and clean", [&*clean, &clean], 0, "clean"),
        ("clean and unknown", [&clean, NOWHERE], 2, "unknown"),
        ("unknown and clean", [NOWHERE, &clean], 2, "unknown"),
        ("unknown and drifted", [NOWHERE, &drifted], 1, "drifted"),
        ("drifted and clean", [&drifted, &clean], 1, "drifted"),
        ("unknown and unknown", [NOWHERE, NOWHERE], 2, "unknown"),
    ] {
        let config = ConfigText::new()
            .database("first", urls[0], "central")
            .database("second", urls[1], "central");
        let report = workspace(&config).check(code).await;
        assert_eq!(report.verdict(), verdict, "{case}");
    }
}

#[tokio::test]
async fn one_database_can_be_chosen_by_name() {
    let (_database, url) = central(&[&CENTRAL]).await;
    let config = ConfigText::new().database("central", &url, "central").database(
        "sco",
        NOWHERE,
        "orchestra",
    );
    let workspace = workspace(&config);
    let run = workspace.run(&["check", "central", "--format", "json"]).await;
    let report = run.ended(0).report();
    assert_eq!(report.0["databases"].as_array().map(Vec::len), Some(1));
    let run = workspace.run(&["check", "centrall", "--format", "json"]).await;
    run.ended(2).says("centrall").says("central");
    assert_eq!(run.stdout, "");
}

#[tokio::test]
async fn a_database_that_no_config_names_can_be_checked() {
    let (_database, url) = central(&[&CENTRAL, &["tmp_import"]]).await;
    let workspace = Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL));
    let manifest = "expected-schemas/central.yaml";
    let arguments = ["check", "--url", &url, "--manifest", manifest, "--format", "json"];
    let report = workspace.run(&arguments).await.ended(1).report();
    let database = report.0["databases"][0]["database"].as_str().expect("a name").to_owned();
    assert_eq!(report.findings(&database), ["unexpected_table public.tmp_import"]);
}

#[tokio::test]
async fn the_severity_that_fails_a_check_can_be_raised() {
    let (database, url) = central(&[&CENTRAL]).await;
    database.execute("create view v as select 1 as one").await;
    let manifest = format!("{}views: []\n", fixtures::manifest("central", &CENTRAL));
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"))
        .manifest("central", &manifest);
    assert_eq!(workspace.check(1).await.findings("central"), ["unexpected_view public.v"]);
    workspace.run(&["check", "--fail-on", "warning"]).await.ended(1);
    workspace.run(&["check", "--fail-on", "critical"]).await.ended(0);
    database.execute("create table t ()").await;
    workspace.run(&["check", "--fail-on", "critical"]).await.ended(1);
}

#[tokio::test]
async fn a_known_finding_is_shown_and_fails_nothing() {
    let (_database, url) = central(&[&CENTRAL, &["tmp_import"]]).await;
    let known = |until| {
        format!(
            ", known: [{{ object: public.tmp_import, kind: unexpected_table, reason: import of \
             May, owner: platform, until: {until} }}]"
        )
    };
    let config = |until| ConfigText::new().database_with("central", &url, "central", &known(until));
    let report = workspace(&config("2099-12-31")).check(0).await;
    assert_eq!(report.verdict(), "clean");
    assert_eq!(report.findings("central"), ["unexpected_table public.tmp_import"]);
    assert_ne!(report.database("central")["findings"][0]["known"], false);
    // Its end has come: it counts again.
    assert_eq!(workspace(&config("2020-01-01")).check(1).await.verdict(), "drifted");
}

#[tokio::test]
async fn bad_usage_and_bad_config_end_with_2_and_say_nothing_on_stdout() {
    let good = ConfigText::new().database("central", NOWHERE, "central").to_string();
    let unknown_manifest = good.replace("manifest: central", "manifest: centrall");
    let unknown_key = good.replace("audit_deadline", "audit_deadlines");
    let no_route = good.replace("to: [ops]", "to: [opps]");
    for (case, config, arguments, word) in [
        ("no such option", &*good, &["check", "--frobnicate"][..], "--frobnicate"),
        ("no such command", &good, &["frobnicate"], "frobnicate"),
        ("no such format", &good, &["check", "--format", "tarot"], "tarot"),
        ("no such file", &good, &["check", "--config", "nowhere.yaml"], "nowhere.yaml"),
        ("no such manifest", &unknown_manifest, &["check"], "centrall"),
        ("no such key", &unknown_key, &["check"], "audit_deadline"),
        ("no such channel", &no_route, &["check"], "opps"),
        ("nor for the daemon", &no_route, &["run"], "opps"),
    ] {
        let workspace = Workspace::new()
            .manifest("central", &fixtures::manifest("central", &CENTRAL))
            .config(&config);
        let run = workspace.run(arguments).await;
        run.ended(2).says(word);
        assert_eq!(run.stdout, "", "{case}");
    }
}

#[tokio::test]
async fn text_and_annotations_are_for_people_and_hold_no_colour_without_a_terminal() {
    let (_database, url) = central(&[&CENTRAL, &ORCHESTRA]).await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    for format in ["text", "github"] {
        let run = workspace.run(&["check", "--format", format]).await;
        run.ended(1).says("Musician").says("orchestra");
        assert!(!run.stdout.contains('\x1b'), "{format}: {:?}", run.stdout);
    }
    let github = workspace.run(&["check", "--format", "github"]).await;
    assert!(github.stdout.lines().any(|line| line.starts_with("::error")), "{}", github.stdout);
    let text = workspace.run(&["check"]).await.stdout;
    let place = |word| text.find(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    assert!(place("21 of 21") < place("Musician"), "the diagnosis comes first:\n{text}");
}
