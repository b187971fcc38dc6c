//! A reset in the life of a daemon: the alert, a restart, and a person who accepts what is there.

use super::ear::Ear;
use super::setup::Setup;
use crate::support::fixtures::central;
use crate::support::postgres::TestDatabase;

const ROWS: &str = "insert into \"User\" select n from generate_series(1, 163) n; analyze";

/// What the incident's push did to `central`, and the four tables again.
const PUSHED: &str = r#"
drop schema public cascade; create schema public;
create table "Orchestra" (id bigint primary key); create table "User" (id bigint primary key);
create table "Customer" (id bigint primary key); create table "SystemLog" (id bigint primary key);
"#;

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().every("1h").database("central", url, "central", "").hook("ops", &ear.receiver)
}

#[tokio::test]
async fn a_reset_is_told_stays_and_is_accepted() {
    let (database, url) = central().await;
    database.execute(ROWS).await;
    let mut ear = Ear::open();
    let mut daemon = setup(&url, &ear).start().await;
    daemon.wait_for_verdict("central", "clean").await;
    let nothing = daemon.workspace().run(&["accept-reset", "central", "--reason", "none"]).await;
    nothing.ended(2).says("there is nothing to accept");

    database.execute(PUSHED).await;
    daemon.workspace().run(&["audit", "central"]).await.ended(1).says("reset");
    let told = ear.next().await;
    told.is("incident.opened", "reset", "new_findings");
    told.says("central: the database was reset");
    told.says("schema `public` was dropped and created again");
    told.says("Before, it held 163 rows in `User`");
    told.says("schemawarden accept-reset central --reason TEXT");
    let id = told.id();

    // Neither the next audit nor a restart forgets it, or tells it twice.
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    daemon.restart().await;
    daemon.workspace().run(&["audit", "central"]).await.ended(1).says("reset");

    let workspace = daemon.workspace();
    workspace.run(&["accept-reset", "central"]).await.ended(2).says("--reason");
    workspace.run(&["accept-reset", "centrall", "--reason", "x"]).await.ended(2).says("central");
    let run =
        workspace.run(&["accept-reset", "central", "--reason", "restored, SW ticket 7"]).await;
    run.ended(0).says(&id).says("resolved").says("audited: clean");
    let told = ear.next().await;
    told.is("incident.resolved", "reset", "reset_accepted").says("restored, SW ticket 7");
    told.says("central: accepted: what is there now is known from here on");
    assert_eq!(told.id(), id);
    let shown = workspace.run(&["incidents", "show", &id]).await;
    shown.ended(0).says("reset_accepted").says("restored, SW ticket 7");
    workspace.run(&["audit", "central"]).await.ended(0).says("clean");
}

/// The URL leads to another database from one day to the next.
#[tokio::test]
async fn another_database_behind_the_url_is_told_until_it_is_accepted() {
    let (first, url) = central().await;
    let (second, _) = central().await;
    let mut ear = Ear::open();
    let mut daemon = setup(&url, &ear).start().await;
    daemon.wait_for_verdict("central", "clean").await;
    let config = setup(&url.replace(first.name(), second.name()), &ear);
    // The role of the first may look into the second as well.
    let role = url.split(['/', ':']).nth(3).expect("a role").to_owned();
    second.execute(&format!("grant connect on database {} to {role}", second.name())).await;
    let port = daemon.address().port();
    let text = config.to_string();
    let listen = text.lines().find(|it| it.contains("listen:")).expect("a line").to_owned();
    let text = text.replace(&listen, &format!("  listen: \"127.0.0.1:{port}\""));
    daemon.workspace().rewrite("config.yaml", &text);
    daemon.sighup();
    daemon.wait_for_log("the reload", |it| it.to_string().contains("reloaded")).await;
    daemon.workspace().run(&["audit", "central"]).await.ended(1).says("not the database");
    let told = ear.next().await;
    told.is("incident.opened", "wrong_database", "new_findings");
    told.says("It is not the one that was known").says("accept-reset central");
    let workspace = daemon.workspace();
    let run = workspace.run(&["accept-reset", "central", "--reason", "moved"]).await;
    run.ended(0).says("wrong_database").says("audited: clean");
    ear.next().await.is("incident.resolved", "wrong_database", "reset_accepted").says("moved");
    workspace.run(&["audit", "central"]).await.ended(0);
}

/// One URL pasted twice: one of the two tenants would never be looked at.
#[tokio::test]
async fn two_names_for_one_database_are_told_once() {
    let (_database, url) = central().await;
    let (_other, free) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear)
        .database("sco", &url, "central", "")
        .database("scoso", &free, "central", "")
        .start()
        .await;
    // Whichever was audited first, the later name is told at its next audit.
    daemon.wait_for_verdict("central", "clean").await;
    daemon.wait_for_verdict("scoso", "clean").await;
    daemon.workspace().run(&["audit", "sco"]).await.ended(1).says("central");
    let told = ear.next().await;
    told.is("incident.opened", "same_database", "new_findings");
    told.says("sco: the same database as `central`");
    daemon.workspace().run(&["audit", "central"]).await.ended(0);
    daemon.workspace().run(&["audit", "sco"]).await.ended(1);
    ear.quiet_until(daemon.workspace().run(&["audit", "scoso"])).await.ended(0);
}

/// What is declared is checked by `check`, too, which keeps no memory.
#[tokio::test]
async fn a_declared_identity_is_held_to_without_a_memory() {
    let database = TestDatabase::create("declared").await;
    let role = database.create_role("auditor").await;
    crate::support::fixtures::create_tables(&database, &crate::support::fixtures::CENTRAL).await;
    let system = database.one("select system_identifier::text from pg_control_system()").await;
    let name = database.name();
    let ear = Ear::open();
    for (identity, code, words) in [
        (format!("identity: {{ system_identifier: \"{system}\", database: {name} }}"), 0, "clean"),
        ("identity: { system_identifier: \"17\" }".to_owned(), 1, "declared is 17"),
        (format!("identity: {{ oid: 5, database: {name} }}"), 1, "declared is 5"),
        ("identity: { system_identifier: seven }".to_owned(), 2, "is not a system identifier"),
        ("identity: {}".to_owned(), 2, "declares nothing"),
        ("resets: { recreated_share: 1.5 }".to_owned(), 2, "must be from 0 to below 1"),
        ("resets: { volatile: [\"{a,b}\"] }".to_owned(), 2, "is not a glob"),
    ] {
        let setup = Setup::new()
            .database("central", &database.url(&role), "central", &identity)
            .hook("ops", &ear.receiver);
        setup.workspace().run(&["check"]).await.ended(code).says(words);
    }
}
