//! Listening beyond loopback: only with a token that somebody was given.

use super::OPERATOR;
use super::workspace;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

#[tokio::test]
async fn it_refuses_to_start_without_a_token_that_was_configured() {
    for http in [
        "http: { listen: \"0.0.0.0:0\" }",
        "http: { listen: \"[::]:0\" }",
        "http: { listen: \"192.0.2.1:9847\", token_file: local.token }",
    ] {
        let config = ConfigText::new().database("central", NOWHERE, "central").more(http);
        let workspace = Workspace::new()
            .manifest("central", &fixtures::manifest("central", &CENTRAL))
            .config(&config);
        let run = workspace.run(&["run"]).await;
        run.ended(2).says("http.listen").says("http: { tokens:").says("openssl rand -hex 32");
        workspace.run(&["validate"]).await.ended(2).says("http.listen");
        assert!(!workspace.path().join("local.token").exists(), "a token was made all the same");
    }
}

/// The commands find a daemon that listens everywhere, and read with the token that they find.
#[tokio::test]
async fn commands_find_a_daemon_that_listens_everywhere() {
    let port = free_port();
    let workspace = workspace(&format!("0.0.0.0:{port}"), "").env("SCHEMAWARDEN_TOKEN", OPERATOR);
    let daemon = crate::support::daemon::TestDaemon::start(workspace).await;
    daemon.workspace().run(&["healthcheck"]).await.ended(0).says("ok");
    let listen = format!("0.0.0.0:{port}");
    daemon.workspace().run(&["healthcheck", "--listen", &listen]).await.ended(0);
    daemon.workspace().run(&["incidents", "list"]).await.ended(0);
    let elsewhere = Workspace::new();
    let server = format!("http://127.0.0.1:{port}");
    let run = elsewhere.run(&["incidents", "list", "--server", &server]).await;
    run.ended(2).says("takes a token");
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
