//! `baseline`: what it prints, pasted back, makes `check` clean and `validate` content, whatever the
//! tables are called.

use crate::snapshot::HOSTILE;
use crate::snapshot::quoted;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::ORCHESTRA;
use crate::support::fixtures::central;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// The arguments, but for databases.
const ACCEPT: [&str; 7] = [
    "baseline",
    "--until",
    "2999-12-31",
    "--reason",
    "it's \"old\": ${HOME} $$ #1",
    "--owner",
    "dba",
];

/// A config whose databases are written so that more keys can be put below them.
fn config(databases: &[(&str, &str, &str, &str)]) -> String {
    let all = databases
        .iter()
        .map(|(name, url, manifest, below)| {
            format!("  - name: {name}\n    url: \"{url}\"\n    manifest: {manifest}\n{below}")
        })
        .collect::<Vec<_>>()
        .concat();
    ConfigText::new().to_string().replace("databases:\n", &format!("databases:\n{all}"))
}

fn workspace(config: &str) -> Workspace {
    fixtures::workspace(&ConfigText::new()).config(config)
}

#[tokio::test]
async fn pasted_under_a_database_it_makes_the_check_clean() {
    let (database, url) = central().await;
    let strange = ["${HOME}", "$$", "a$b", "known:", "- { object: x }"];
    let tables = HOSTILE
        .iter()
        .chain(&strange)
        .map(|it| format!("create table {} ();", quoted(it)))
        .collect::<Vec<_>>()
        .concat();
    database.execute(&tables).await;
    database.execute("drop table \"Customer\"; create table \"User_old\" ()").await;
    let workspace = workspace(&config(&[("central", &url, "central", "")]));
    workspace.check(1).await;

    let under = [&ACCEPT[..], &["central", "--under", "database"]].concat();
    let run = workspace.run(&under).await;
    let findings = HOSTILE.len() + strange.len() + 2;
    run.ended(0)
        .says(&format!("# Database `central`: {findings} findings. Goes under this database"));
    run.says("object: Customer, kind: missing_table").says("owner: dba, until: 2999-12-31");
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains(['\x1b', '\u{202e}', '\t']), "{:?}", run.stdout);

    let workspace = workspace.config(&config(&[("central", &url, "central", &run.stdout)]));
    let report = workspace.check(0).await;
    let known = report.database("central")["findings"].as_array().expect("findings");
    assert_eq!(known.len(), findings);
    assert!(known.iter().all(|it| it["known"].is_object() || it["known"] == true), "{known:?}");
    assert!(known[0].to_string().contains("it's \\\"old\\\": ${HOME} $$ #1"), "{}", known[0]);
    let valid = workspace.run(&["validate", "--online"]).await;
    valid.ended(0);
    assert_eq!(valid.stderr, "");

    // What comes later goes below what is there; nothing else is printed again.
    database.execute("create table later ()").await;
    let run = workspace.run(&under).await;
    run.ended(0).says("There is a `known:` already").says("1 finding.");
    assert!(!run.stdout.contains("    known:"), "{}", run.stdout);
    assert!(run.stdout.contains("object: later"), "{}", run.stdout);
}

/// The flow of the guide: `baseline … > known.yaml` and one line in a config in flow style.
#[tokio::test]
async fn a_file_for_every_database_takes_one_line_of_config() {
    let mut databases = Vec::new();
    for (name, more) in [("null", vec!["old", "$x ${HOME}"]), ("sco", vec!["it's: #1"])] {
        let database = TestDatabase::create(name).await;
        fixtures::create_tables(&database, &ORCHESTRA).await;
        fixtures::create_tables(&database, &more).await;
        let url = database.url(&database.create_role("auditor").await);
        databases.push((name, database, url));
    }
    let flow = databases.iter().fold(ConfigText::new(), |it, (name, _, url)| {
        let name = format!("\"{name}\"");
        it.database(&name, url, "orchestra")
    });
    let workspace = workspace(&flow.to_string());
    workspace.check(1).await;
    let run = workspace.run(&ACCEPT).await;
    run.ended(0)
        .says("# 3 findings in 2 databases, accepted once ")
        .says("`known_file: known.yaml`");
    run.says("'null': # 2 findings\n  - { object: ").says("sco: # 1 finding\n");
    assert_eq!(run.stderr, "");
    workspace.rewrite("known.yaml", &run.stdout);
    workspace.rewrite("config.yaml", &format!("known_file: known.yaml\n{flow}"));
    assert_eq!(workspace.check(0).await.verdict(), "clean");
    assert_eq!(workspace.run(&["validate", "--online"]).await.ended(0).stderr, "");

    // What comes later goes into a file beside it; what went is named with its place.
    databases[1].1.execute("create table later (); drop table \"it's: #1\"").await;
    let run = workspace.run(&ACCEPT).await;
    run.ended(0).says("`known_file: [known.yaml, more.yaml]`").says("object: later");
    assert!(!run.stdout.contains("object: old"), "{}", run.stdout);
    workspace.rewrite("more.yaml", &run.stdout);
    workspace.rewrite("config.yaml", &format!("known_file: [known.yaml, more.yaml]\n{flow}"));
    assert_eq!(workspace.check(0).await.verdict(), "clean");
    let online = workspace.run(&["validate", "--online"]).await;
    online.ended(0).says("known.yaml:7:").says(": sco[0]: matches nothing any more");
}

#[tokio::test]
async fn pasted_into_a_manifest_it_holds_for_every_database_of_the_class() {
    let mut databases = Vec::new();
    for (name, more) in [("sco", vec!["old", "$x", "Both"]), ("scoso", vec!["Both", "dump"])] {
        let database = TestDatabase::create(name).await;
        fixtures::create_tables(&database, &ORCHESTRA).await;
        fixtures::create_tables(&database, &more).await;
        let role = database.create_role("auditor").await;
        let url = database.url(&role);
        databases.push((name, database, url));
    }
    let text: Vec<_> =
        databases.iter().map(|(name, _, url)| (*name, url.as_str(), "orchestra", "")).collect();
    let workspace = workspace(&config(&text));
    let run = workspace.run(&[&ACCEPT[..], &["--under", "manifest"]].concat()).await;
    run.ended(0).says("# Manifest `orchestra`: 4 findings in 2 databases.").says("orchestra.yaml");
    let manifest = format!("{}{}", fixtures::manifest("orchestra", &ORCHESTRA), run.stdout);
    workspace.rewrite("expected-schemas/orchestra.yaml", &manifest);
    assert_eq!(workspace.check(0).await.verdict(), "clean");
    // `old` is in one of the two only, which is enough to be in use.
    assert_eq!(workspace.run(&["validate", "--online"]).await.ended(0).stderr, "");
}

#[tokio::test]
async fn what_it_cannot_accept_or_read_is_no_entry() {
    let (_clean, clean) = central().await;
    let empty = TestDatabase::create("empty").await;
    let role = empty.create_role("auditor").await;
    let nobody = "postgres://a@127.0.0.1:9/nowhere";
    let workspace = workspace(&config(&[
        ("clean", &clean, "central", ""),
        ("wiped", &empty.url(&role), "central", ""),
        ("gone", nobody, "central", ""),
    ]));
    let run = workspace.run(&[&ACCEPT[..], &["clean"]].concat()).await;
    run.ended(0).says("nothing is found that is not accepted already");
    assert_eq!(run.stdout, "");
    let run = workspace.run(&[&ACCEPT[..], &["wiped"]].concat()).await;
    run.ended(1).says("wiped: `wrong_database` cannot be accepted");
    assert_eq!(run.stdout, "");
    let run = workspace.run(&ACCEPT).await;
    run.ended(2).says("gone: could not be read: ").says("127.0.0.1:9");
    assert_eq!(run.stdout, "");

    let with = |at: usize, text: &'static str| {
        let mut arguments = ACCEPT.to_vec();
        arguments[at] = text;
        arguments.push("clean");
        arguments
    };
    for (arguments, word) in [
        (with(2, "2020-01-01"), "--until 2020-01-01 is past"),
        (with(2, "soon"), "--until"),
        (with(4, " "), "--reason must not be empty"),
        (with(6, ""), "--owner NAME is required"),
        (vec!["baseline", "clean", "--until", "2999-12-31"], "--reason"),
        ([&ACCEPT[..], &["cleen"]].concat(), "did you mean `clean`?"),
    ] {
        let run = workspace.run(&arguments).await;
        run.ended(2).says(word);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

/// The daemon is content with it too: nothing is an incident.
#[tokio::test]
async fn accepted_findings_open_no_incident() {
    let (database, url) = central().await;
    fixtures::create_tables(&database, &["Musician"]).await;
    let bare = config(&[("central", &url, "central", "")]);
    let workspace = workspace(&bare);
    let under = [&ACCEPT[..], &["--under", "database"]].concat();
    let entries = workspace.run(&under).await.ended(0).stdout.clone();
    let workspace = workspace.config(&config(&[("central", &url, "central", &entries)]));
    let daemon = TestDaemon::start(workspace).await;
    daemon.wait_for_verdict("central", "clean").await;
}
