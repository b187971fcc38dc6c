//! The commands as a person or a pipeline uses them: what they answer, where, and with which code.

mod check;
mod daily;
mod doctor;
mod sql_role;

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A URL where nobody listens: port 9 of loopback.
const NOBODY: &str = "postgres://auditor:hunter2@127.0.0.1:9/nowhere";

async fn central() -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

fn workspace(config: &ConfigText) -> Workspace {
    Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .manifest("orchestra", &fixtures::manifest("orchestra", &ORCHESTRA))
        .config(&config)
}

/// The role of a connection URL.
fn user_of(url: &str) -> &str {
    url.split(['/', ':']).nth(3).expect("a user")
}
