//! Deploy windows: the old and the new manifest are allowed, everything else alerts, and the end is
//! enforced at once.

use super::ear::Ear;
use super::setup::Setup;
use super::setup::central_manifest;
use super::setup::changed_manifest;
use super::setup::create;
use super::setup::drop_tables;
use super::setup::read_again;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::central;

/// What the deploy adds and drops.
const ADDED: [&str; 2] = ["Invoice", "Payment"];
const DROPPED: [&str; 1] = ["SystemLog"];

fn new_manifest() -> String {
    changed_manifest(&DROPPED, &ADDED)
}

fn setup(url: &str, ear: &Ear) -> Setup {
    let database = "labels: { team: red }";
    Setup::new().database("central", url, "central", database).hook("ops", &ear.receiver)
}

/// Starts the daemon with a file `new.yaml` beside the config.
async fn start(setup: &Setup) -> TestDaemon {
    let workspace = setup.workspace();
    workspace.rewrite("new.yaml", &new_manifest());
    let daemon = TestDaemon::start(workspace).await;
    daemon.wait_for_verdict("central", "clean").await;
    daemon
}

async fn begin(daemon: &TestDaemon, length: &str) {
    let begun = ["deploy", "begin", "central", "--manifest", "new.yaml"];
    let rest = ["--ref", "sha-4f2a91c", "--for", length];
    let run = daemon.workspace().run(&[&begun[..], &rest[..]].concat()).await;
    run.ended(0).says("central");
}

/// The id that `deploy list` shows for the open deploy.
async fn open_deploy(daemon: &TestDaemon) -> String {
    let listed = super::api::get(daemon, "/api/v1/deploys").await;
    let id = find_id(&listed).unwrap_or_else(|| panic!("no deploy in {listed:#}"));
    daemon.workspace().run(&["deploy", "list"]).await.ended(0).says("sha-4f2a91c").says("central");
    id
}

fn find_id(listed: &serde_json::Value) -> Option<String> {
    match listed {
        serde_json::Value::Array(list) => list.iter().find_map(find_id),
        serde_json::Value::Object(object) => match object.get("id") {
            Some(serde_json::Value::String(id)) => Some(id.clone()),
            Some(serde_json::Value::Number(id)) => Some(id.to_string()),
            _ => object.values().find_map(find_id),
        },
        _ => None,
    }
}

#[tokio::test]
async fn a_migration_inside_a_window_tells_nobody_and_a_foreign_table_is_told_at_once() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&setup(&url, &ear)).await;
    begin(&daemon, "30m").await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    create(&database, &ADDED).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    create(&database, &["Musician"]).await;
    let opened = ear.next().await;
    opened.is("incident.opened", "drift", "new_findings").says("Musician").says("sha-4f2a91c");
    opened.says_nothing_of("Invoice").says_nothing_of("SystemLog");
    drop_tables(&database, &["Musician"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    drop_tables(&database, &DROPPED).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    let id = open_deploy(&daemon).await;
    daemon.workspace().run(&["deploy", "end", &id]).await.ended(0);
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.row("central").await["verdict"], "clean");
    // Then the file follows, and nothing is left of the deploy.
    daemon.workspace().rewrite("expected-schemas/central.yaml", &new_manifest());
    ear.quiet_until(read_again(&mut daemon)).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.row("central").await["verdict"], "clean");
}

#[tokio::test]
async fn a_manifest_that_comes_before_the_migration_tells_nobody() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&setup(&url, &ear)).await;
    begin(&daemon, "30m").await;
    daemon.workspace().rewrite("expected-schemas/central.yaml", &new_manifest());
    ear.quiet_until(read_again(&mut daemon)).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    create(&database, &ADDED).await;
    drop_tables(&database, &DROPPED).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    let id = open_deploy(&daemon).await;
    daemon.workspace().run(&["deploy", "end", &id]).await.ended(0);
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.row("central").await["verdict"], "clean");
}

/// Without the window the same steps page; or the tests above prove nothing.
#[tokio::test]
async fn the_same_steps_without_a_window_are_told() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let _daemon = start(&setup(&url, &ear)).await;
    create(&database, &ADDED).await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("Invoice");
}

/// Hourly audits: what is told is told because the end itself audits.
#[tokio::test]
async fn the_end_enforces_the_new_manifest_at_once() {
    for how in ["end", "time", "rolled back"] {
        let (database, url) = central().await;
        let mut ear = Ear::open();
        let daemon = start(&setup(&url, &ear).every("1h")).await;
        begin(&daemon, if how == "time" { "5s" } else { "30m" }).await;
        let missing = match how {
            // The migration never ran: the old tables are wrong now.
            "end" => {
                let id = open_deploy(&daemon).await;
                daemon.workspace().run(&["deploy", "end", &id]).await.ended(0);
                "Invoice"
            }
            "time" => "Invoice",
            _ => {
                create(&database, &ADDED).await;
                let id = open_deploy(&daemon).await;
                let end = ["deploy", "end", &id, "--rolled-back"];
                daemon.workspace().run(&end).await.ended(0);
                "Payment"
            }
        };
        let opened = ear.next().await;
        opened.is("incident.opened", "drift", "new_findings").says(missing);
        if how == "rolled back" {
            opened.says_nothing_of("SystemLog");
        } else {
            opened.says("SystemLog").says("sha-4f2a91c");
        }
        // What it left in force is not the file's: it is listed until that changes.
        let listed = daemon.workspace().run(&["deploy", "list"]).await;
        let is_listed = listed.ended(0).stdout.contains("ended, in force");
        assert_eq!(is_listed, how != "rolled back", "{how}: {}", listed.stdout);
    }
}

/// Nobody migrated, and time ended the window. What holds now is shown, and can be taken back.
#[tokio::test]
async fn a_window_that_ended_by_time_is_shown_and_can_be_taken_back() {
    let (_database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = start(&setup(&url, &ear).every("1h")).await;
    begin(&daemon, "3s").await;
    let opened = ear.next().await;
    opened.is("incident.opened", "drift", "new_findings").says("schemawarden audit central");
    opened.says_nothing_of("schemawarden check central");
    let workspace = daemon.workspace();
    let hash = opened.text("manifest_hash").to_owned();
    let audited = workspace.run(&["audit", "central"]).await;
    audited.ended(1).says(&hash).says("sha-4f2a91c");
    workspace.run(&["manifests", "list"]).await.ended(0).says("is held to").says(&hash);
    workspace.run(&["deploy", "end", "central"]).await.ended(2).says("no deploy of `central`");
    let end = ["deploy", "end", "central", "--rolled-back"];
    workspace.run(&end).await.ended(0).says("the old manifest holds");
    ear.next().await.is("incident.resolved", "drift", "manifest_changed");
    workspace.run(&["deploy", "list"]).await.ended(0).says("no deploys");
    let listed = workspace.run(&["manifests", "list"]).await;
    assert!(!listed.ended(0).stdout.contains("is held to"), "{}", listed.stdout);
    workspace.run(&end).await.ended(2).says("none that has ended is in force");
    workspace.run(&["deploy", "end", "1", "--rolled-back"]).await.ended(2).says("taken back");
}

#[tokio::test]
async fn a_window_survives_a_restart() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = start(&setup(&url, &ear)).await;
    begin(&daemon, "30m").await;
    create(&database, &ADDED).await;
    daemon.kill9().await;
    daemon.restart().await;
    ear.quiet_until(daemon.wait_for_audits("central", 3)).await;
    create(&database, &["tmp_a"]).await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_a");
}

#[tokio::test]
async fn a_deploy_that_cannot_be_is_refused_and_says_why() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let daemon = start(&setup(&url, &ear)).await;
    let workspace = daemon.workspace();
    workspace.rewrite("same.yaml", &central_manifest());
    workspace.rewrite("broken.yaml", "manifest: central\ntabels: [User]\n");
    let rest = ["--ref", "abc", "--for"];
    for (who, file, length, words) in [
        (&["central"][..], "new.yaml", "5h", &["4h", "deploy.max"][..]),
        (&["nobody"], "new.yaml", "30m", &["nobody"]),
        (&["--select", "team=blue"], "new.yaml", "30m", &["team=blue"]),
        (&["central"], "missing.yaml", "30m", &["missing.yaml"]),
        (&["central"], "broken.yaml", "30m", &["broken.yaml:2", "tables"]),
        (&["central"], "new.yaml", "soon", &["soon"]),
        (&["central"], "new.yaml", "0s", &["--for"]),
    ] {
        let parts = [&["deploy", "begin"], who, &["--manifest", file], &rest, &[length]];
        let run = workspace.run(&parts.concat()).await;
        assert_eq!(run.code, Some(2), "{who:?} {file} {length}: {run:?}");
        for word in words {
            run.says(word);
        }
    }
    workspace.run(&["deploy", "begin", "central", "--ref", "a", "--for", "1m"]).await.ended(2);
    begin(&daemon, "30m").await;
    let again = [&["deploy", "begin", "central", "--manifest", "new.yaml"][..], &rest, &["1m"]];
    workspace.run(&again.concat()).await.ended(2).says("central").says("sha-4f2a91c");
    workspace.run(&["deploy", "end", "4711"]).await.ended(2).says("4711");
}

/// The manifest of another class would allow the wrong tables, and be enforced for good at the end.
#[tokio::test]
async fn a_manifest_of_another_name_is_refused_unless_a_new_name_is_meant() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let daemon = start(&setup(&url, &ear)).await;
    let workspace = daemon.workspace();
    let wrong = new_manifest().replace("manifest: central", "manifest: orchestra");
    workspace.rewrite("orchestra.yaml", &wrong);
    let begin = ["deploy", "begin", "central", "--manifest", "orchestra.yaml", "--ref", "oops"];
    let refused = workspace.run(&begin).await;
    refused.ended(2).says("`orchestra`").says("`central`").says("--rename-manifest");
    let selected = ["deploy", "begin", "--select", "team=red", "--manifest", "orchestra.yaml"];
    workspace.run(&[&selected[..], &["--ref", "oops"]].concat()).await.ended(2);
    workspace.run(&["deploy", "list", "--all"]).await.ended(0).says("no deploys");
    let body = serde_json::json!({"databases": ["central"], "manifest": wrong, "ref": "oops",
        "for": "1m", "rename_manifest": false});
    let answer = super::api::post(&daemon, "/api/v1/deploys", &body).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    answer.says("rename_manifest");

    let meant = workspace.run(&[&begin[..], &["--rename-manifest"]].concat()).await;
    meant.ended(0).says("manifest `orchestra`, version").says("oops");
}

/// `deploy.max` is the config's.
#[tokio::test]
async fn databases_are_selected_by_label_and_the_limit_is_configured() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let setup = setup(&url, &ear).more("deploy: { max: 10m }");
    let daemon = start(&setup).await;
    let deploy = |length| {
        ["deploy", "begin", "--select", "team=red", "--manifest", "new.yaml", "--ref", "abc"]
            .into_iter()
            .chain(["--for", length])
            .collect::<Vec<_>>()
    };
    daemon.workspace().run(&deploy("30m")).await.ended(2).says("10m");
    daemon.workspace().run(&deploy("5m")).await.ended(0).says("central");
    create(&database, &ADDED).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
}
