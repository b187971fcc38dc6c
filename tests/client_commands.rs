//! The commands that talk to the daemon: what a person types, what they read, and the exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::cli::Run;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::workspace;
use crate::support::workspace::ConfigText;

/// Nobody listens there.
const NOWHERE: &str = "postgres://auditor:hunter2@127.0.0.1:9/nowhere";

/// Runs a command against the daemon, with the token that it made.
async fn run(daemon: &TestDaemon, arguments: &[&str]) -> Run {
    let server = format!("http://{}", daemon.address());
    let mut all = arguments.to_vec();
    all.extend(["--server", &server, "--token-file", "schemawarden.token"]);
    daemon.workspace().run(&all).await
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[tokio::test]
async fn audit_asks_the_daemon_and_ends_as_check_does() {
    let (database, url) = central().await;
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("nowhere", NOWHERE, "central")
        .every("1h");
    let daemon = TestDaemon::start(workspace(&config)).await;
    run(&daemon, &["audit", "central"]).await.ended(0).says("clean");
    create_tables(&database, &["tmp_import", "we\u{1b}ird"]).await;
    let drifted = run(&daemon, &["audit", "central"]).await;
    drifted
        .ended(1)
        .says("tmp_import")
        .says("we\\x1bird")
        .says("incident SW-")
        .says("(drift) opened");
    assert!(!drifted.stdout.contains('\u{1b}'), "{drifted:?}");
    // What `check` says of the same, but for the time it took.
    let checked = daemon.workspace().run(&["check", "central"]).await;
    assert_eq!(checked.stdout.lines().nth(1), drifted.stdout.lines().nth(1));
    let answer = run(&daemon, &["audit", "central", "--format", "json"]).await;
    assert_eq!(json(answer.ended(1))["report"]["verdict"], "drifted");
    run(&daemon, &["audit", "nowhere"]).await.ended(2).says("could not tell");
    run(&daemon, &["audit", "centrl"]).await.ended(2).says("did you mean `central`?");
    run(&daemon, &["audit", "../../livez"]).await.ended(2).says("no database");
}

#[tokio::test]
async fn what_keeps_a_command_from_its_daemon_is_said() {
    let config = ConfigText::new().database("central", NOWHERE, "central");
    let daemon = TestDaemon::start(workspace(&config)).await;
    let workspace = daemon.workspace();
    let server = format!("http://{}", daemon.address());
    let audit = |more: &'static [&'static str]| {
        let server = server.clone();
        async move {
            let mut all = vec!["audit", "central"];
            all.extend(more);
            if !more.contains(&"--server") && !more.contains(&"--config") {
                all.extend(["--server", &server]);
            }
            workspace.run(&all).await
        }
    };
    // The token of the configuration is for where the configuration says the daemon is.
    audit(&[]).await.ended(2).says("needs a token").says("--token-file");
    workspace.rewrite("wrong", "this-is-not-the-token-hunter2\n");
    audit(&["--token-file", "wrong"]).await.ended(2).says("none of the tokens").says("wrong");
    audit(&["--token-file", "missing"]).await.ended(2).says("missing");
    audit(&["--config", "config.yaml"]).await.ended(2).says("port 0").says("--server");
    audit(&["--config", "no-such.yaml"]).await.ended(2).says("--server");
    let nobody: &[&str] = &["--server", "http://127.0.0.1:9", "--token-file", "schemawarden.token"];
    audit(nobody).await.ended(2).says("no daemon answers").says("schemawarden run");
    let elsewhere: &[&str] =
        &["--server", "http://warden.example", "--token-file", "schemawarden.token"];
    audit(elsewhere).await.ended(2).says("without TLS").says("--insecure");
    let token = daemon.token();
    let with_token = workspace.command(&["audit", "central", "--server", &server]);
    let mut with_token = with_token;
    let output = with_token.env("SCHEMAWARDEN_TOKEN", &token).output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(2), "the database cannot be reached: {output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("could not tell"), "{output:?}");
}

/// A person on the daemon's machine names nothing: the configuration says where it is, and the token
/// stands beside the state.
#[tokio::test]
async fn on_its_own_machine_the_configuration_says_everything() {
    let port = free_port();
    let config = ConfigText::new().database("central", NOWHERE, "central").to_string();
    let config = config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let daemon = TestDaemon::start(workspace(&ConfigText::new()).config(&config)).await;
    let workspace = daemon.workspace();
    workspace.run(&["audit", "central"]).await.ended(2).says("could not tell");
    // A token that others can read may be in anybody's hands.
    let file = workspace.path().join("schemawarden.token");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our own file");
    workspace.run(&["audit", "central"]).await.ended(2).says("0644").says("chmod 600");
    let mut daemon = daemon;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    let refused = daemon.workspace().run(&["run"]).await;
    refused.ended(2).says("0644");
}

/// A port that nobody listens on just now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
