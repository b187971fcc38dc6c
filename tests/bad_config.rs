//! Config and manifests that are wrong: every mistake at once, with its place, at a small cost.

use std::fmt::Write;
use std::time::Duration;

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Reading a config takes no longer than this, whatever it holds.
const LONGEST: Duration = Duration::from_secs(5);

fn good() -> String {
    ConfigText::new().database("central", "postgres://a@127.0.0.1:9/b", "central").to_string()
}

fn workspace(config: &str) -> Workspace {
    Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL)).config(&config)
}

#[tokio::test]
async fn a_good_config_is_valid() {
    workspace(&good()).run(&["validate"]).await.ended(0);
}

#[tokio::test]
async fn yaml_that_is_a_trap_is_refused_with_its_place() {
    // Nine levels of nine aliases each: 9⁹ strings from one kilobyte.
    let mut bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{below}]").expect("a String");
    }
    let huge = format!("{}# {}\n", good(), "x".repeat(10 << 20));
    let duplicate = format!("{}state: {{ sqlite: other.db }}\n", good());
    let unknown = good().replace("databases:", "databasse:");
    let tab = good().replace("  schedule:", "\tschedule:");
    for (case, config, word) in [
        ("duplicate key", duplicate, "state"),
        ("unknown key", unknown, "databases"),
        ("tab", tab, "config.yaml:2"),
        ("alias bomb", format!("{bomb}{}", good()), "config.yaml"),
        ("empty file", String::new(), "config.yaml"),
        ("10 MB file", huge, "config.yaml"),
    ] {
        let run = workspace(&config).run(&["validate"]).await;
        run.ended(2).says("config.yaml").says(word);
        assert!(run.took < LONGEST, "{case}: {:?}", run.took);
    }
}

#[tokio::test]
async fn every_mistake_is_reported_at_once() {
    let config = good()
        .replace("connect_timeout: 2s", "connect_timeout: 2 parsecs")
        .replace("audit_deadline", "audit_dedline")
        .replace("every: 1h", "cron: \"0 0 30 2 *\"")
        .replace("to: [ops]", "to: [opps]");
    let run = workspace(&config).run(&["validate"]).await;
    run.ended(2);
    for word in ["connect_timeout", "audit_deadline", "cron", "opps"] {
        run.says(word);
    }
}

#[tokio::test]
async fn a_variable_that_is_not_set_names_the_key_that_wanted_it() {
    let config = good().replace("postgres://a@127.0.0.1:9/b", "${CENTRAL_DATABASE_URL}");
    let run = workspace(&config).run(&["validate"]).await;
    run.ended(2).says("CENTRAL_DATABASE_URL").says("databases[0].url");
    let workspace =
        workspace(&config).env("CENTRAL_DATABASE_URL", "postgres://a:hunter2@127.0.0.1:9/b");
    workspace.run(&["validate"]).await.ended(0);
}

#[tokio::test]
async fn the_password_of_a_broken_url_is_not_printed() {
    for url in [
        "postgres://a:hunter2@127.0.0.1:99999/b",
        "postgres://a:hunter2@127.0.0.1:9/b?sslmode=perhaps",
        "postgres://a:hunter2@[::1/b",
        "password=hunter2 host=127.0.0.1 port=x",
        "mysql://a:hunter2@127.0.0.1/b",
    ] {
        let config = good().replace("postgres://a@127.0.0.1:9/b", url);
        // `run` panics where the canary turns up.
        workspace(&config).run(&["validate"]).await.ended(2).says("databases[0].url");
    }
}

#[tokio::test]
async fn manifests_that_make_no_sense_are_refused() {
    let cycle = "manifest: central\nextends: central\ntables: [User]\n";
    for (case, manifest, word) in [
        ("no tables", "manifest: central\n", "tables"),
        ("a cycle", cycle, "central"),
        ("a duplicate key", "manifest: central\ntables: []\ntables: [User]\n", "tables"),
        ("an unknown key", "manifest: central\ntabels: [User]\n", "tables"),
        ("an open quote", "manifest: central\ntables: ['\"User']\n", "central.yaml:2"),
    ] {
        let run = workspace(&good()).manifest("central", manifest).run(&["validate"]).await;
        assert_eq!(run.code, Some(2), "{case}");
        run.says("central.yaml").says(word);
    }
}
