//! Who may change something: bearer tokens, their file, and commands from elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::api;
use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use crate::support::fixtures::central;
use crate::support::workspace::Workspace;

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().database("central", url, "central", "").hook("ops", &ear.receiver)
}

#[tokio::test]
async fn the_daemon_makes_a_token_that_only_its_user_can_read() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let mut daemon = setup(&url, &ear).start().await;
    let file = daemon.workspace().path().join("schemawarden.token");
    let mode = fs::metadata(&file).expect("made at start").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = api::made_token(&daemon);
    assert!(token.len() >= 43, "32 random bytes");
    // It stays the same over a restart.
    daemon.sigterm().await;
    daemon.restart().await;
    assert_eq!(api::made_token(&daemon), token);
    // One that others can read is no secret.
    daemon.sigterm().await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our own file");
    let run = daemon.workspace().run(&["run"]).await;
    run.ended(2).says("schemawarden.token").says("chmod 600");
    assert!(!run.stderr.contains(&token), "the token was printed: {}", run.stderr);
}

#[tokio::test]
async fn reading_is_open_and_changing_needs_a_token() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    for path in
        ["databases", "incidents", "audits", "silences", "deploys", "deliveries", "manifests"]
    {
        let answer = api::get(&daemon, &format!("/api/v1/{path}")).await;
        assert!(answer.is_object() || answer.is_array(), "{path}: {answer:#}");
    }
    let silence = json!({"match": {"database": "central"}, "reason": "x", "for": "1h"});
    for (path, body) in [
        ("silences", &silence),
        ("silences/1/expire", &json!({})),
        ("databases/central/audit", &json!({})),
        ("incidents/SW-1/ack", &json!({})),
        ("incidents/SW-1/release", &json!({})),
        ("deploys", &json!({})),
        ("deploys/1/end", &json!({})),
        ("deliveries/retry", &json!({"channel": "ops"})),
        ("manifests/central/release", &json!({})),
    ] {
        let path = format!("/api/v1/{path}");
        for token in [None, Some(""), Some("hunter2"), Some("Bearer x")] {
            let answer = api::post_as(daemon.address(), token, &path, body).await;
            assert_eq!(answer.status, 401, "{path} with {token:?}: {answer:?}");
            assert!(answer.head.contains("www-authenticate: bearer"), "{answer:?}");
            assert!(!answer.body.contains("hunter2"), "{answer:?}");
        }
    }
    let token = api::made_token(&daemon);
    api::post_as(daemon.address(), Some(&token), "/api/v1/silences", &silence)
        .await
        .says("central");
    // A GET changes nothing, whatever it is asked with.
    let (status, _) = daemon.get("/api/v1/silences/1/expire").await;
    assert!(matches!(status, 404 | 405), "{status}");
}

#[tokio::test]
async fn commands_work_from_elsewhere_with_a_server_and_a_token_file() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    create(&database, &["tmp_a"]).await;
    let id = ear.next().await.id();
    let elsewhere = Workspace::new();
    elsewhere.rewrite("token", &api::made_token(&daemon));
    elsewhere.rewrite("wrong", "hunter2");
    let server = format!("http://{}", daemon.address());
    let from = ["--server", &server, "--token-file", "token"];
    elsewhere.run(&[&["incidents", "list"], &from[..]].concat()).await.ended(0).says(&id);
    elsewhere.run(&[&["incidents", "ack", &id], &from[..]].concat()).await.ended(0).says(&id);
    let wrong = ["--server", &server, "--token-file", "wrong"];
    let run = elsewhere.run(&[&["incidents", "release", &id], &wrong[..]].concat()).await;
    run.ended(2).says("token");
    let missing = ["--server", &server, "--token-file", "missing"];
    let run = elsewhere.run(&[&["incidents", "release", &id], &missing[..]].concat()).await;
    run.ended(2).says("missing");
    let nobody = ["--server", "http://127.0.0.1:9", "--token-file", "token"];
    let run = elsewhere.run(&[&["incidents", "list"], &nobody[..]].concat()).await;
    run.ended(2).says("127.0.0.1:9");
    // No config, no server: both ways are named.
    elsewhere.run(&["incidents", "list"]).await.ended(2).says("--server");
}

#[tokio::test]
async fn a_named_token_is_the_author() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let token = "alice-alice-alice-alice-alice-alice-alice-hunter2";
    let setup = setup(&url, &ear)
        .http("tokens: [{ name: alice, token: \"${ALICE_TOKEN}\" }, { name: ci, token_file: ci }]");
    let workspace = setup.workspace().env("ALICE_TOKEN", token);
    workspace.rewrite("ci", "ci-ci-ci-ci-ci-ci-ci-ci-ci-ci-ci-ci-ci-hunter2\n");
    let daemon = crate::support::daemon::TestDaemon::start(workspace).await;
    let body = json!({"match": {"database": "central"}, "reason": "a move", "for": "1h"});
    let made = api::post_as(daemon.address(), Some(token), "/api/v1/silences", &body).await;
    made.says("alice");
    let other = fs::read_to_string(daemon.workspace().path().join("ci")).expect("our own");
    let other = Some(other.trim());
    api::post_as(daemon.address(), other, "/api/v1/silences", &body).await.says("\"ci\"");
    daemon.workspace().run(&["silence", "list"]).await.ended(0).says("alice").says("a move");
    let elsewhere = Workspace::new().env("SCHEMAWARDEN_TOKEN", token);
    let server = format!("http://{}", daemon.address());
    let arguments = ["audit", "central", "--server", &server];
    elsewhere.run(&arguments).await.ended(0);
}
