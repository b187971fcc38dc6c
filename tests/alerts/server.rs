//! A server that is down is one incident, not one for each of its databases.

use super::ear::Ear;
use super::gate::Gate;
use super::setup::Setup;
use super::setup::create;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::create_tables;
use crate::support::postgres::TestDatabase;

/// A database with the four tables and its URL through `port`.
async fn behind(port: u16) -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let url = database.url_at(&role, "127.0.0.1", port);
    (database, url)
}

#[tokio::test]
async fn three_databases_of_a_server_that_is_down_are_one_incident() {
    let mut gate = Gate::open().await;
    let mut databases = Vec::new();
    let mut ear = Ear::open();
    let mut setup = Setup::new().hook("ops", &ear.receiver);
    let names = ["one", "two", "three"];
    for name in names {
        let (database, url) = behind(gate.port()).await;
        databases.push(database);
        setup = setup.database(name, &url, "central", "");
    }
    let mut daemon = setup.start().await;
    for name in names {
        ear.quiet_until(daemon.wait_for_verdict(name, "clean")).await;
    }
    gate.shut().await;
    let opened = ear.next().await;
    opened.is("incident.opened", "server_unreachable", "server_unreachable");
    opened.says(&format!("127.0.0.1:{}", gate.port()));
    for name in names {
        ear.quiet_until(daemon.wait_for_audits(name, 3)).await;
    }
    let listed = daemon.workspace().run(&["incidents", "list"]).await;
    listed.ended(0).says(&opened.id()).says("server_unreachable");
    assert!(!listed.stdout.contains("audit_failing"), "{}", listed.stdout);
    // A restart while it is down is no news.
    daemon.wait_for_an_empty_outbox().await;
    daemon.kill9().await;
    daemon.restart().await;
    for name in names {
        ear.quiet_until(daemon.wait_for_audits(name, 2)).await;
    }

    gate.open_again().await;
    let resolved = ear.next().await;
    resolved.is("incident.resolved", "server_unreachable", "server_reachable");
    assert_eq!(resolved.id(), opened.id());
    for name in names {
        ear.quiet_until(daemon.wait_for_verdict(name, "clean")).await;
    }
    // And the audits work as before.
    create(&databases[1], &["tmp_a"]).await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("\"two\"");
}

/// Where another database of the same server can be read, it is the database's own trouble.
#[tokio::test]
async fn one_database_that_fails_on_a_server_that_answers_is_its_own_incident() {
    let gate = Gate::open().await;
    let (broken, broken_url) = behind(gate.port()).await;
    let (_whole, whole_url) = behind(gate.port()).await;
    let mut ear = Ear::open();
    let daemon = Setup::new()
        .database("broken", &broken_url, "central", "")
        .database("whole", &whole_url, "central", "")
        .hook("ops", &ear.receiver)
        .start()
        .await;
    ear.quiet_until(daemon.wait_for_verdict("broken", "clean")).await;
    let role = broken_url.split(['/', ':']).nth(3).expect("a user").to_owned();
    let name = broken.name();
    broken.execute(&format!("revoke connect on database {name} from {role}")).await;
    let opened = ear.next().await;
    opened.is("incident.opened", "audit_failing", "audits_failed").says("\"broken\"");
    ear.quiet_until(daemon.wait_for_audits("whole", 3)).await;
}
