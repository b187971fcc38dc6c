//! Config and manifests that are wrong: every mistake at once, with its place, at a bounded cost.

use std::fmt::Write;

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

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

/// Six levels of nine aliases each: 9⁶ strings from half a kilobyte. More would be no harder to
/// refuse, and would take the machine down where nothing refuses it.
fn bomb() -> String {
    let mut bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..6 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{below}]").expect("a String");
    }
    bomb
}

/// The words are those of the limit or rule that refuses, so that nothing else can stand in for it.
#[tokio::test]
async fn yaml_that_is_a_trap_is_refused_with_its_place() {
    let huge = format!("{}# {}\n", good(), "x".repeat(10 << 20));
    let duplicate = format!("{}state: {{ sqlite: other.db }}\n", good());
    let unknown = good().replace("databases:", "databasse:");
    let tab = good().replace("  schedule:", "\tschedule:");
    for (case, config, word) in [
        ("duplicate key", duplicate, "state: this key is there twice, first at 5:1"),
        ("unknown key", unknown, "databasse: unknown key; did you mean `databases`?"),
        ("tab", tab, "config.yaml:2:1: a tab"),
        ("alias bomb", format!("{}{}", bomb(), good()), "once aliases are expanded"),
        ("empty file", String::new(), "config.yaml: the file is empty"),
        ("10 MB file", huge, "the file is larger than the limit"),
    ] {
        let run = workspace(&config).run(&["validate"]).await;
        assert_eq!(run.code, Some(2), "{case}");
        run.says("config.yaml").says(word);
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
    let good_manifest = fixtures::manifest("central", &CENTRAL);
    let bomb = format!("{}{good_manifest}", bomb());
    let huge = format!("{good_manifest}# {}\n", "x".repeat(10 << 20));
    for (case, manifest, word) in [
        ("an alias bomb", &*bomb, "once aliases are expanded"),
        ("10 MB", &huge, "larger than 4 MiB"),
        ("nothing", "", "the file is empty"),
        ("a tab", "manifest: central\ntables:\n\t- User\n", "central.yaml:3:1: a tab"),
        ("no tables", "manifest: central\n", "tables"),
        ("a cycle", cycle, "central"),
        ("a duplicate key", "manifest: central\ntables: []\ntables: [User]\n", "there twice"),
        ("an unknown key", "manifest: central\ntabels: [User]\n", "did you mean `tables`?"),
        ("an open quote", "manifest: central\ntables: ['\"User']\n", "central.yaml:2"),
    ] {
        let run = workspace(&good()).manifest("central", manifest).run(&["validate"]).await;
        assert_eq!(run.code, Some(2), "{case}");
        run.says("central.yaml").says(word);
    }
}
