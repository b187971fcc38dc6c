//! `check --format junit` and `--format sarif` on real databases: drifted, known, unknown, clean.

use roxmltree::Document;
use serde_json::Value;

use super::central;
use super::user_of;
use super::workspace;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::workspace::ConfigText;

/// A name that would act in XML, in JSON, in a log and on a terminal.
const HOSTILE: &str = "]]>\"<x a='b'>&amp;\x1b[31m\n\u{202e}";
const SPELLED: &str = "]]>\"<x a='b'>&amp;\\x1b[31m\\x0a\\u{202e}";

/// Class, name and outcome of every test case.
fn cases(xml: &str) -> Vec<[String; 3]> {
    assert!(!xml.contains(|c: char| c.is_control() && c != '\n'), "{xml:?}");
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let cases = document.descendants().filter(|it| it.has_tag_name("testcase"));
    cases
        .map(|case| {
            let attribute = |it: &str| case.attribute(it).expect("an attribute").to_owned();
            let outcome = case.first_element_child().map_or("passed", |it| it.tag_name().name());
            [attribute("classname"), attribute("name"), outcome.to_owned()]
        })
        .collect()
}

/// The only run of the document.
fn sarif(text: &str) -> Value {
    let mut document: Value = serde_json::from_str(text).expect("one JSON document");
    assert_eq!(document["version"], "2.1.0");
    assert_eq!(document["runs"].as_array().map(Vec::len), Some(1));
    document["runs"][0].take()
}

fn known(table: &str) -> String {
    let entry = format!(
        "{{ object: {table}, kind: unexpected_table, reason: import, owner: ops, until: 2099-01-01 }}"
    );
    format!("known:\n  - {entry}\n")
}

#[tokio::test]
async fn junit_shows_each_database_and_each_finding() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central").database(
        "gone",
        NOWHERE,
        "orchestra",
    );
    let workspace = workspace(&config);
    let only = ["check", "central", "--format", "junit"];
    let run = workspace.run(&only).await;
    let passed = ["central", "holds what manifest central expects", "passed"];
    assert_eq!(cases(&run.ended(0).stdout), [passed.map(str::to_owned)]);

    let quoted = HOSTILE.replace('"', "\"\"");
    database.execute(&format!("create table \"{quoted}\" (); create table tmp_import ()")).await;
    let manifest = fixtures::manifest("central", &CENTRAL) + &known("tmp_import");
    let workspace = workspace.manifest("central", &manifest);
    let run = workspace.run(&["check", "--format", "junit"]).await;
    let want = [
        ["central", "holds what manifest central expects", "failure"],
        ["central", &format!("unexpected_table: public.{SPELLED}"), "failure"],
        ["central", "unexpected_table: public.tmp_import", "skipped"],
        ["gone", "holds what manifest orchestra expects", "error"],
    ];
    let mut found = cases(&run.ended(1).stdout);
    found[1..3].sort_by(|a, b| a[2].cmp(&b[2]));
    assert_eq!(found, want.map(|it| it.map(str::to_owned)));
    let run = workspace.run(&["check", "gone", "--format", "junit"]).await;
    assert_eq!(cases(&run.ended(2).stdout).len(), 1);
}

#[tokio::test]
async fn sarif_pins_each_finding_to_the_manifest() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let workspace = workspace(&config);
    let check = ["check", "--format", "sarif"];
    let clean = sarif(&workspace.run(&check).await.ended(0).stdout);
    assert_eq!(clean["results"], serde_json::json!([]));
    assert_eq!(clean["invocations"][0]["executionSuccessful"], true);

    fixtures::create_tables(&database, &ORCHESTRA).await;
    database.execute("create table tmp_import ()").await;
    let manifest = fixtures::manifest("central", &CENTRAL) + &known("tmp_import");
    let workspace = workspace.manifest("central", &manifest);
    let run = sarif(&workspace.run(&check).await.ended(1).stdout);
    let results = run["results"].as_array().expect("results");
    // The diagnosis, the orchestra's tables, and the one that is known.
    assert_eq!(results.len(), 1 + ORCHESTRA.len() + 1);
    assert_eq!(results[0]["ruleId"], "foreign_manifest");
    for it in results {
        let file = &it["locations"][0]["physicalLocation"];
        assert_eq!(file["artifactLocation"]["uri"], "expected-schemas/central.yaml");
        assert_eq!(file["region"]["startLine"], 1);
    }
    let name = |it: &&Value| {
        it["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].as_str().map(str::to_owned)
    };
    let suppressed: Vec<_> = results.iter().filter(|it| it.get("suppressions").is_some()).collect();
    let suppressed: Vec<_> = suppressed.iter().filter_map(name).collect();
    assert_eq!(suppressed, ["central.public.tmp_import"]);

    // The same finding is the same alert in the next run.
    let again = sarif(&workspace.run(&check).await.ended(1).stdout);
    assert_eq!(results[3]["partialFingerprints"], again["results"][3]["partialFingerprints"]);

    database.execute(&format!("alter role {} connection limit 0", user_of(&url))).await;
    let run = sarif(&workspace.run(&check).await.ended(2).stdout);
    assert_eq!(run["results"], serde_json::json!([]));
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let note = &invocation["toolExecutionNotifications"][0];
    assert_eq!(note["descriptor"]["id"], "unknown");
    assert!(note["message"]["text"].as_str().is_some_and(|it| it.contains("could not tell")));
}
