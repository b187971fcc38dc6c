//! `check`, `snapshot` and all others as a pipeline meets them: streams, options, variables.

use super::central;
use super::user_of;
use super::workspace;
use crate::support::DEADLINE;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::ORCHESTRA;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

#[tokio::test]
async fn databases_are_selected_by_label_and_none_is_an_error() {
    let (_database, url) = central().await;
    let config = ConfigText::new()
        .database_with("central", &url, "central", ", labels: { team: platform, tier: gold }")
        .database_with("sco", NOWHERE, "orchestra", ", labels: { team: platform }");
    let workspace = workspace(&config);
    let select = ["check", "--select", "team=platform", "--select", "tier=gold"];
    workspace.run(&select).await.ended(0).says("central");
    workspace.run(&["check", "--select", "team=platform"]).await.ended(2);
    for (arguments, word) in [
        (&["check", "--select", "team=nobody"][..], "team=nobody"),
        (&["check", "sco", "--select", "tier=gold"], "tier=gold"),
        (&["check", "--select", "team"], "label=value"),
    ] {
        let run = workspace.run(arguments).await;
        run.ended(2).says(word);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
    let none = config.to_string();
    let at = none.find("databases:").expect("a section");
    let rest = none.find("channels:").expect("a section");
    workspace.rewrite("config.yaml", &format!("{}databases: []\n{}", &none[..at], &none[rest..]));
    workspace.run(&["check"]).await.ended(2).says("databases: there is no database to audit");
}

#[tokio::test]
async fn logs_go_to_stderr_and_the_answer_alone_to_stdout() {
    let (_database, url) = central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    for log in ["json", "human"] {
        let arguments = ["check", "--format", "json", "--log", "debug", "--log-format", log];
        let run = workspace.run(&arguments).await;
        assert_eq!(run.ended(0).report().verdict(), "clean");
        assert!(!run.stderr.is_empty(), "nothing was logged");
        let json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
        assert_eq!(run.stderr.lines().all(json), log == "json", "{}", run.stderr);
    }
    workspace.run(&["check", "--log", "a=b=c"]).await.ended(2).says("--log");
}

/// A line that starts with `::` is a command to GitHub's runner, whoever put it there.
#[tokio::test]
async fn no_name_becomes_a_command_of_github() {
    let (database, url) = central().await;
    for name in ["::error::table", "x\n::error::second", "100%,a:b", "##[error]old"] {
        database.execute(&format!("create table \"{name}\" ()")).await;
    }
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    let run = workspace.run(&["check", "--format", "github"]).await;
    run.ended(1).says("title=central%3A unexpected_table::table `100%25,a:b` is not in manifest");
    let commands: Vec<_> = run.stdout.lines().filter(|it| it.contains("::")).collect();
    assert_eq!(commands.len(), 4, "{commands:#?}");
    for line in &commands {
        let want = "::error file=expected-schemas/central.yaml,title=central%3A unexpected_table::";
        assert!(line.starts_with(want), "{line}");
    }

    // The name that `--url` gives to a database is anybody's too.
    database.execute(&format!("alter role {} connection limit 0", user_of(&url))).await;
    let hostile = format!("{}/%3A%3Aerror%3A%3Ax", &url[..url.rfind('/').expect("a path")]);
    let manifest = "expected-schemas/central.yaml";
    let arguments = ["check", "--url", &hostile, "--manifest", manifest, "--format", "github"];
    let run = workspace.run(&arguments).await;
    run.ended(2).says("could not tell");
    let starting = run.stdout.lines().filter(|it| it.trim_start().starts_with("::"));
    assert!(starting.clone().count() == 1, "{}", run.stdout);
    assert!(starting.clone().all(|it| it.starts_with("::error file=")), "{}", run.stdout);
}

#[tokio::test]
async fn a_partial_read_is_told_to_github_too() {
    let (database, url) = central().await;
    fixtures::create_tables(&database, &ORCHESTRA).await;
    let config =
        ConfigText::new().database("central", &url, "central").limits("{ max_relations: 6 }");
    let run = workspace(&config).run(&["check", "--format", "github"]).await;
    run.ended(1).says("partial read").says("max_relations");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_panic() {
    let (_database, url) = central().await;
    let workspace = workspace(&ConfigText::new().database("central", &url, "central"));
    for (arguments, code) in [
        (&["check"][..], 0),
        (&["check", "--format", "json"], 0),
        (&["doctor"], 0),
        (&["completions", "zsh"], 0),
        (&["--help"], 0),
        (&["check", "centrall"], 2),
        (&["frobnicate"], 2),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = workspace.command(arguments);
        command.stderr(writer.try_clone().expect("our own pipe")).stdout(writer);
        let status = tokio::time::timeout(DEADLINE, command.status()).await.expect("it ends");
        assert_eq!(status.expect("it starts").code(), Some(code), "{arguments:?}");
    }
}

/// In a container the variable is set for everything that runs there; it must not change what a
/// command means that never asked for it.
#[tokio::test]
async fn a_url_in_the_environment_is_for_those_who_ask() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let workspace = workspace(&config).env("SCHEMAWARDEN_URL", &url);
    workspace.run(&["check"]).await.ended(0).says("central");
    workspace.run(&["check", "central"]).await.ended(0);
    workspace.run(&["snapshot", "central"]).await.ended(0).says("manifest: central");
    workspace.run(&["snapshot"]).await.ended(0).says(&format!("manifest: {}", database.name()));
    let manifest = "expected-schemas/central.yaml";
    workspace.run(&["check", "--manifest", manifest]).await.ended(0).says(database.name());
    let without = Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL));
    for arguments in [
        &["check", "--manifest", manifest][..],
        &["check", "--url", &url],
        &["check", "x", "--url", &url, "--manifest", manifest],
    ] {
        let run = without.run(arguments).await;
        run.ended(2).says("--url");
        assert_eq!(run.stdout, "");
    }
}

/// `insecure: true` is a key of the config; who types a URL needs the option's name.
#[tokio::test]
async fn advice_about_a_url_names_the_option() {
    let url = "postgres://auditor@db.example.com/x?sslmode=prefer";
    let run = Workspace::new().run(&["snapshot", "--url", url]).await;
    run.ended(2).says("--url: `sslmode=prefer`").says("--insecure");
    assert!(!run.stderr.contains("insecure: true"), "{}", run.stderr);
}
