//! Who may see and do what: tokens and roles, browsers' sessions and forms, proxies, and everybody else.

mod beyond;
mod browser;
mod forms;
mod guessing;
mod malformed;
mod proxies;
mod reading;
mod sessions;

pub(crate) use beyond::free_port;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Tokens of the two roles; both hold the canary, so that none of them is printed.
const OPERATOR: &str = "alice-alice-alice-alice-alice-alice-hunter2";
const READER: &str = "wall-wall-wall-wall-wall-wall-wall-hunter2";

/// A daemon with the tokens `alice` (who operates, in a file) and `wall` (who reads), and more keys of `http`.
async fn daemon(listen: &str, more: &str) -> TestDaemon {
    TestDaemon::start(workspace(listen, more)).await
}

fn workspace(listen: &str, more: &str) -> Workspace {
    let http = format!(
        "http: {{ listen: \"{listen}\", tokens: [{{ name: alice, token_file: alice.token }}, \
         {{ name: wall, token: \"${{WALL}}\", role: read }}]{more} }}"
    );
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", NOWHERE, "central").more(&http))
        .env("WALL", READER);
    workspace.rewrite("alice.token", &format!("{OPERATOR}\n"));
    workspace
}
