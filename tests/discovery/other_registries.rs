//! Registries that are no table: the databases of a server, and files.

use super::fleet::Fleet;
use super::fleet::audit;
use super::fleet::discovery;
use crate::support::fixtures;
use crate::support::fixtures::ORCHESTRA;
use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn the_databases_of_a_server_are_audited_by_their_names() {
    let fleet = Fleet::of(&[]).await;
    let mut names = Vec::new();
    let mut kept = Vec::new();
    for prefix in ["tenantx_a", "tenantx_b", "tenantx_test"] {
        let database = TestDatabase::create(prefix).await;
        fixtures::create_tables(&database, &ORCHESTRA).await;
        let grant = format!("grant connect on database {} to {}", database.name(), fleet.role);
        database.execute(&grant).await;
        names.push(database.name().to_owned());
        kept.push(database);
    }
    let config =
        fleet.config_of("databases: { include: 'tenantx_*', exclude: ['tenantx_test*', nobody] }");
    let workspace = fixtures::workspace(&config);
    let run = workspace.run(&["check", "--format", "json"]).await;
    run.ended(0);
    let report = run.report();
    assert_eq!(report.0["databases"].as_array().unwrap().len(), 3, "{:#}", report.0);
    for name in &names[..2] {
        assert_eq!(report.database(name)["verdict"], "clean");
    }
    let run = workspace.run(&["discover"]).await;
    run.ended(0).says("orchestras: 2 databases").says(&names[0]);
    assert!(!run.stdout.contains(&fleet.role), "{}", run.stdout);
}

#[tokio::test]
async fn files_name_databases_and_a_broken_one_retires_nobody() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    let entry =
        |name: &str, url: &str| format!("databases:\n  - name: {name}\n    url: \"{url}\"\n");
    let text =
        fleet.config_of("files: \"tenants/*.yaml\"").to_string().replace("from: central, ", "");
    let workspace = fixtures::workspace(&fleet.config("")).config(&text);
    workspace.rewrite("tenants/sco.yaml", &entry("sco", &fleet.tenants[0].url));
    let second = workspace.rewrite("tenants/scoso.yaml", &entry("scoso", &fleet.tenants[1].url));
    workspace.rewrite("tenants/README.md", "no tenant");
    workspace.run(&["discover"]).await.ended(0).says("orchestras: 2 databases");
    let mut daemon = crate::support::daemon::TestDaemon::start(workspace).await;
    daemon.wait_for_verdict("scoso", "clean").await;

    std::fs::write(&second, "databases: [{name: scoso, ulr: 'hunter2'}]\n").unwrap();
    let opened = fleet.told("registry_shrunk").await;
    opened
        .is("incident.opened", "registry_failing")
        .says("scoso.yaml cannot be read")
        .says("at 1:");
    assert_eq!(audit(&daemon, "scoso").await["verdict"], "clean");
    std::fs::write(&second, entry("scoso", &fleet.tenants[1].url)).unwrap();
    fleet.told("registry_shrunk").await.is("incident.resolved", "registry_back");
    std::fs::remove_file(&second).unwrap();
    discovery(&daemon, "one is left", |it| it["databases"] == 1).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn doctor_says_that_the_role_of_a_registry_can_write() {
    let fleet = Fleet::of(&["sco"]).await;
    let workspace = fixtures::workspace(&fleet.config(""));
    let run = workspace.run(&["doctor"]).await;
    run.ended(0).says("sco").says("which can write nothing");
    let grant = format!("grant insert on public.\"Orchestra\" to {}", fleet.role);
    fleet.central.execute(&grant).await;
    let run = workspace.run(&["doctor", "central"]).await;
    run.ended(0).says("`orchestras` is read here as").says("which can write");
    workspace.run(&["validate", "--online"]).await.ended(0).says("sco");
}
