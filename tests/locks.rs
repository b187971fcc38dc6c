//! What others have locked: a table does not matter to an audit, the catalog makes it `unknown`.

use std::time::Duration;

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// An audit beside a locked table ends within this, by its own account.
const UNDISTURBED: Duration = Duration::from_secs(1);

/// `audit_deadline` of [`ConfigText::new`] is 3 s; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_table_under_an_exclusive_lock_does_not_delay_the_audit() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    database.execute(r#"create view v as select * from "User""#).await;
    let role = database.create_role("auditor").await;
    let other = database.superuser_session().await;
    other.execute(r#"begin; lock table "User", v in access exclusive mode"#).await;

    let run = workspace(&database.url(&role)).run(&["check", "--format", "json"]).await;
    let report = run.ended(0).report();
    assert_eq!(report.verdict(), "clean");
    let took = report.duration("central");
    assert!(took < UNDISTURBED, "it took {took:?}");
    other.execute("commit").await;
}

#[tokio::test]
async fn a_table_that_is_not_committed_is_not_there_yet() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let workspace = workspace(&database.url(&role));
    let other = database.superuser_session().await;
    other.execute("begin; create table half_done ()").await;
    workspace.check(0).await;
    other.execute("commit").await;
    let findings = workspace.check(1).await.findings("central");
    assert_eq!(findings, ["unexpected_table public.half_done"]);
}

#[tokio::test]
async fn a_locked_catalog_is_unknown_in_time() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let other = database.superuser_session().await;
    other.execute("begin; lock table pg_catalog.pg_class in access exclusive mode").await;
    let run = workspace(&database.url(&role)).run(&["check", "--format", "json"]).await;
    let report = run.ended(2).report();
    let reason = report.unknown_because("central");
    assert!(reason.contains("timed out") || reason.contains("lock timeout"), "{reason}");
    let took = report.duration("central");
    assert!(took < IN_TIME, "it took {took:?}");
    other.execute("rollback").await;
}

fn workspace(url: &str) -> Workspace {
    Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", url, "central"))
}
