//! Known findings: taken on in one go, without a page, visible, and with an end.

use std::fmt::Write;

use jiff::ToSpan;
use jiff::Zoned;

use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use super::setup::read_again;
use super::setup::reload;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;

/// The date so many days from now.
fn in_days(days: i64) -> String {
    let day = Zoned::now().checked_add(days.days()).expect("a date");
    day.strftime("%Y-%m-%d").to_string()
}

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().database("central", url, "central", "").hook("ops", &ear.receiver)
}

/// The config of `setup`, with what `baseline` printed under the database.
fn with_known(setup: &Setup, printed: &str) -> String {
    let config = setup.to_string();
    let line = config.lines().find(|it| it.contains("name: central")).expect("the database");
    let block = line.trim_start().trim_start_matches("- {").trim_end_matches('}');
    let mut entry = String::new();
    for (number, key) in block.split(", ").enumerate() {
        let lead = if number == 0 { "  - " } else { "    " };
        writeln!(entry, "{lead}{}", key.trim()).expect("a String");
    }
    // It comes with the indentation that it has there.
    entry.push_str(printed);
    config.replace(&format!("{line}\n"), &entry)
}

#[tokio::test]
async fn what_baseline_prints_is_pasted_and_nobody_is_paged() {
    let (database, url) = central().await;
    create(&database, &["tmp_old", "weird: 'name' # <!channel>"]).await;
    drop_tables(&database, &["SystemLog"]).await;
    let mut ear = Ear::open();
    let setup = setup(&url, &ear);
    let workspace = setup.workspace();
    let until = in_days(200);
    let arguments = [
        "baseline",
        "central",
        "--until",
        &until,
        "--reason",
        "old sins: #1",
        "--under",
        "database",
    ];
    let run = workspace.run(&arguments).await;
    run.ended(0).says("known:").says("tmp_old").says("SystemLog").says(&until);
    workspace.rewrite("config.yaml", &with_known(&setup, &run.stdout));
    workspace.run(&["validate"]).await.ended(0);
    workspace.run(&["check"]).await.ended(0).says("tmp_old");
    let mut daemon = TestDaemon::start(workspace).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "clean")).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;

    // What is new is told, and the known ones are not its news.
    create(&database, &["tmp_new"]).await;
    let opened = ear.next().await;
    opened.is("incident.opened", "drift", "new_findings").says("tmp_new");
    assert_eq!(opened.data["new_total"], 1, "{:#}", opened.data);
    drop_tables(&database, &["tmp_new"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
    // Without the entries they come back.
    reload(&mut daemon, &setup).await;
    ear.next().await.says("tmp_old").says("SystemLog");
}

#[tokio::test]
async fn validate_online_names_what_matches_nothing_any_more() {
    let (database, url) = central().await;
    create(&database, &["tmp_old", "tmp_other"]).await;
    let ear = Ear::open();
    let setup = setup(&url, &ear);
    let workspace = setup.workspace();
    let until = in_days(200);
    let arguments =
        ["baseline", "central", "--until", &until, "--reason", "old sins", "--under", "database"];
    let run = workspace.run(&arguments).await;
    let config = with_known(&setup, &run.ended(0).stdout);
    workspace.rewrite("config.yaml", &config);
    let online = workspace.run(&["validate", "--online"]).await;
    online.ended(0);
    assert!(!online.stdout.contains("tmp_old"), "{}", online.stdout);
    drop_tables(&database, &["tmp_old"]).await;
    let line = 1 + config.lines().position(|it| it.contains("tmp_old")).expect("an entry");
    let online = workspace.run(&["validate", "--online"]).await;
    online.says("tmp_old").says(&format!("config.yaml:{line}"));
    let told: String = [&*online.stdout, &online.stderr].concat();
    assert!(!told.contains("tmp_other"), "{told}");
}

#[tokio::test]
async fn an_entry_that_ends_within_a_week_is_said_and_one_that_has_ended_comes_back() {
    let (database, url) = central().await;
    create(&database, &["tmp_old"]).await;
    let ear = Ear::open();
    let setup = setup(&url, &ear);
    let workspace = setup.workspace();
    let soon = in_days(3);
    let arguments =
        ["baseline", "central", "--until", &soon, "--reason", "old sins", "--under", "database"];
    let run = workspace.run(&arguments).await;
    let config = with_known(&setup, &run.ended(0).stdout);
    workspace.rewrite("config.yaml", &config);
    let line = 1 + config.lines().position(|it| it.contains("tmp_old")).expect("an entry");
    let run = workspace.run(&["validate"]).await;
    run.ended(0).says(&format!("config.yaml:{line}:")).says(&soon);
    workspace.run(&["check"]).await.ended(0);
    workspace.rewrite("config.yaml", &config.replace(&soon, &in_days(-2)));
    workspace.run(&["check"]).await.ended(1).says("tmp_old");
}

#[tokio::test]
async fn baseline_asks_for_an_end_a_reason_and_a_database_it_can_read() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let workspace = setup(&url, &ear).database("gone", NOWHERE, "central", "").workspace();
    let until = in_days(30);
    workspace.run(&["baseline", "central", "--reason", "x"]).await.ended(2).says("--until");
    workspace.run(&["baseline", "central", "--until", &until]).await.ended(2).says("--reason");
    let past = in_days(-1);
    let arguments = ["baseline", "central", "--until", &past, "--reason", "x"];
    workspace.run(&arguments).await.ended(2).says(&past);
    let arguments = ["baseline", "central", "--until", "soon", "--reason", "x"];
    workspace.run(&arguments).await.ended(2).says("soon");
    let arguments = ["baseline", "gone", "--until", &until, "--reason", "x"];
    workspace.run(&arguments).await.ended(2).says("gone");
    let arguments = ["baseline", "centrall", "--until", &until, "--reason", "x"];
    workspace.run(&arguments).await.ended(2).says("centrall").says("central");
}

/// An entry in the manifest serves every database of it, and a reload brings it.
#[tokio::test]
async fn an_entry_in_a_manifest_is_taken_at_a_reload() {
    let (database, url) = central().await;
    create(&database, &["tmp_old"]).await;
    let mut ear = Ear::open();
    let mut daemon = setup(&url, &ear).start().await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_old");
    let known = format!(
        "known:\n  - {{ object: public.tmp_old, kind: unexpected_table, reason: old, owner: ann, \
         until: {} }}\n",
        in_days(100)
    );
    let text = format!("{}{known}", super::setup::central_manifest());
    daemon.workspace().rewrite("expected-schemas/central.yaml", &text);
    read_again(&mut daemon).await;
    let ended = ear.next().await;
    ended.is("incident.resolved", "drift", "accepted").says("nothing was changed in the database");
    ended.says_nothing_of("clean again");
}

/// So is one in a file of `known_file`, which the config has named since before.
#[tokio::test]
async fn an_entry_in_a_known_file_is_taken_at_a_reload() {
    let (database, url) = central().await;
    create(&database, &["tmp_old"]).await;
    let mut ear = Ear::open();
    let setup = setup(&url, &ear).more("known_file: known.yaml");
    let workspace = setup.workspace();
    workspace.rewrite("known.yaml", "# Nothing yet.\n");
    let mut daemon = TestDaemon::start(workspace).await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_old");
    let until = in_days(100);
    let arguments = ["baseline", "--until", &until, "--reason", "old"];
    let run = daemon.workspace().run(&arguments).await;
    daemon.workspace().rewrite("known.yaml", &run.ended(0).stdout);
    read_again(&mut daemon).await;
    let ended = ear.next().await;
    assert_eq!((&*ended.event, ended.text("incident_kind")), ("incident.resolved", "drift"));
}
