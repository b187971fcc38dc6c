//! `sql quarantine`: the script that a person runs when tables are there that should not be. Each is run by a real
//! server; what it must not touch is compared before and after.

mod generated;
mod hostile;
mod repair;
mod script;

use crate::support::fixtures;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A database that is to hold nothing but one table of its own, and a workspace that says so.
async fn kept() -> (TestDatabase<'static>, Workspace) {
    let database = TestDatabase::create("central").await;
    database.execute("create table kept (id int primary key, note text); insert into kept values (1, 'canary')").await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&role), "central");
    let workspace =
        fixtures::workspace(&config).manifest("central", "manifest: central\ntables: [kept]\n");
    (database, workspace)
}

/// The scripts for `central`, in a folder of that name.
struct Scripts {
    quarantine: String,
    undo: String,
    drop: String,
}

impl Scripts {
    async fn printed(workspace: &Workspace, folder: &str) -> Self {
        let run = workspace.run(&["sql", "quarantine", "central", "--write", folder]).await;
        run.ended(0);
        let read = |file: &str| {
            let path = workspace.path().join(folder).join(file);
            std::fs::read_to_string(path).expect("a script")
        };
        Self { quarantine: read("quarantine.sql"), undo: read("undo.sql"), drop: read("drop.sql") }
    }
}

/// The whole catalog as a manifest.
async fn snapshot(workspace: &Workspace) -> String {
    let run = workspace.run(&["snapshot", "central", "--depth", "full"]).await;
    run.ended(0);
    run.stdout
}
