//! What outlives a restart: the last known tenants, and their URLs where there is a key.

use rusqlite::Connection;

use super::fleet::Fleet;
use super::fleet::audit;
use super::fleet::discovery;
use crate::support::cli::CANARY;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::until;
use crate::support::workspace::Workspace;

/// Whether a secret stands in the state or anything beside it.
fn assert_no_secret_in_the_state(daemon: &TestDaemon) {
    let mut looked_at = 0;
    for entry in std::fs::read_dir(daemon.workspace().path()).expect("our own directory") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        if name.starts_with("schemawarden.db") {
            let bytes = std::fs::read(&path).expect("a readable file");
            let found = bytes.windows(CANARY.len()).any(|it| it == CANARY.as_bytes());
            assert!(!found, "a secret is in {name}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 0, "there is a state");
}

fn with_key(workspace: Workspace) -> Workspace {
    workspace.rewrite("key", &"0123456789abcdef".repeat(4));
    workspace
}

#[tokio::test]
async fn with_a_key_the_tenants_of_a_registry_that_was_wiped_meanwhile_are_audited() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    let config = fleet.config("").encryption_key("key");
    let mut daemon = TestDaemon::start(with_key(fixtures::workspace(&config))).await;
    daemon.wait_for_verdict("sco", "clean").await;
    daemon.wait_for_verdict("scoso", "clean").await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    assert_no_secret_in_the_state(&daemon);

    fleet.wipe().await;
    daemon.restart().await;
    fleet
        .told("registry_shrunk")
        .await
        .is("incident.opened", "registry_empty")
        .says("`sco`, `scoso`");
    assert_eq!(audit(&daemon, "sco").await["verdict"], "clean");
    // No incident of theirs was closed as of a database that is not registered.
    let all = daemon.ask("incidents").await;
    assert_eq!(all["incidents"].as_array().unwrap().len(), 1, "{all:#}");
    let api = daemon.ask("discoveries").await;
    assert!(!api.to_string().contains(CANARY), "{api:#}");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    assert_no_secret_in_the_state(&daemon);
}

#[tokio::test]
async fn without_a_key_they_are_unknown_until_the_registry_names_them_again() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    let mut daemon = fleet.start(&fleet.config("")).await;
    daemon.wait_for_verdict("sco", "clean").await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    assert_no_secret_in_the_state(&daemon);

    fleet.wipe().await;
    daemon.restart().await;
    let lost = "2 databases of registry `orchestras` are unknown until it names them again";
    assert!(daemon.has_logged(lost), "loudly");
    daemon.wait_for_verdict("sco", "unknown").await;
    let report = audit(&daemon, "sco").await;
    let reason = report["reason"].as_str().unwrap();
    assert!(reason.contains("was not kept over a restart"), "{reason}");
    assert!(reason.contains("state.encryption_key_file"), "{reason}");
    fleet.told("registry_shrunk").await.is("incident.opened", "registry_empty");

    // The audits of the config are an hour apart: it is audited when its URL is there again.
    fleet.restore().await;
    daemon.wait_for_verdict("sco", "clean").await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    assert_no_secret_in_the_state(&daemon);
}

#[tokio::test]
async fn another_key_opens_nothing_and_spoils_nothing() {
    let fleet = Fleet::of(&["sco", "scoso"]).await;
    let mut daemon = fleet.start(&fleet.config("")).await;
    daemon.wait_for_verdict("scoso", "clean").await;
    let text = fleet.config("").to_string();
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    // With a key from now on, the registry keeps them: a restart with another key loses them again.
    let workspace = daemon.workspace();
    workspace.rewrite("key", &"ab".repeat(32));
    let keyed = text.replace(
        "{ sqlite: schemawarden.db }",
        "{ sqlite: schemawarden.db, encryption_key_file: key }",
    );
    assert_ne!(keyed, text);
    workspace.rewrite("config.yaml", &keyed);
    daemon.restart().await;
    let is_whole = |it: &serde_json::Value| {
        it["databases"] == 2 && it["problems"].as_array().unwrap().is_empty()
    };
    discovery(&daemon, "it names them again", is_whole).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));

    fleet.wipe().await;
    daemon.workspace().rewrite("key", &"cd".repeat(32));
    daemon.restart().await;
    daemon.wait_for_verdict("sco", "unknown").await;
    let report = audit(&daemon, "sco").await;
    assert!(
        report["reason"].as_str().unwrap().contains("another `state.encryption_key_file`"),
        "{report:#}"
    );
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    // The right key opens them still: what could not be opened was kept.
    daemon.workspace().rewrite("key", &"ab".repeat(32));
    daemon.restart().await;
    assert_eq!(audit(&daemon, "sco").await["verdict"], "clean");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_key_that_comes_with_a_reload_keeps_what_was_known_before() {
    let fleet = Fleet::of(&["sco", "scoso"]).await;
    let config = fleet.config("");
    let mut daemon = fleet.start(&config).await;
    daemon.wait_for_verdict("scoso", "clean").await;
    let with_key = config.encryption_key("key").to_string();
    daemon.workspace().rewrite("key", &"ab".repeat(32));
    daemon.workspace().rewrite("config.yaml", &with_key);
    daemon.sighup();
    // The registry names what it named before, so there is nothing new to write but for the key.
    let state = daemon.workspace().path().join("schemawarden.db");
    until("both are kept with the key", || async {
        let state = Connection::open(&state).ok()?;
        let sql = "select count(*) from registry_tenants where sealed is not null";
        let sealed: i64 = state.query_row(sql, [], |row| row.get(0)).ok()?;
        (sealed == 2).then_some(())
    })
    .await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    assert_no_secret_in_the_state(&daemon);

    fleet.wipe().await;
    daemon.restart().await;
    assert_eq!(audit(&daemon, "scoso").await["verdict"], "clean");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

/// What a template is filled with is no secret, and needs no key.
#[tokio::test]
async fn with_a_template_no_key_is_needed() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    fleet.central.execute("alter table public.\"Orchestra\" add dbname text").await;
    let shared = &fleet.tenants[0].url;
    let (login, _) = shared.rsplit_once('/').unwrap();
    for tenant in &fleet.tenants {
        let role = shared.split_once("//").unwrap().1.split_once(':').unwrap().0.to_owned();
        let dbname = tenant.database.name();
        tenant.database.execute(&format!("grant connect on database {dbname} to {role}")).await;
        fleet
            .central
            .execute(&format!(
                "update public.\"Orchestra\" set dbname = '{dbname}' where url = $a${}$a$",
                tenant.url
            ))
            .await;
    }
    let config = fleet.config_of(&format!(
        "query: 'select name, dbname from public.\"Orchestra\"', url_template: '{login}/{{dbname}}'"
    ));
    let mut daemon = fleet.start(&config).await;
    daemon.wait_for_verdict("scoso", "clean").await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    assert_no_secret_in_the_state(&daemon);
    fleet.wipe().await;
    daemon.restart().await;
    fleet.told("registry_shrunk").await.is("incident.opened", "registry_empty");
    assert_eq!(audit(&daemon, "scoso").await["verdict"], "clean");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}
