//! The life of a registry: tenants come and go, it is wiped, fails, comes back, or is accepted.

use jiff::SignedDuration;
use jiff::Timestamp;

use super::fleet::Fleet;
use super::fleet::QUERY;
use super::fleet::audit;
use super::fleet::discovery;
use crate::screen::visitor::Visitor;
use crate::support::cli::CANARY;
use crate::support::fixtures;

/// The incident: the registry is wiped, and everything that it named is watched on.
#[tokio::test]
async fn a_wiped_registry_is_an_incident_and_its_tenants_are_audited_on() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    let mut daemon = fleet.start(&fleet.config("")).await;
    daemon.wait_for_verdict("sco", "clean").await;
    daemon.wait_for_verdict("scoso", "clean").await;

    fleet.wipe().await;
    let opened = fleet.told("registry_shrunk").await;
    opened.is("incident.opened", "registry_empty").says("`sco`, `scoso`").says("2 databases");
    opened.says("schemawarden discover accept orchestras --reason");
    assert!(!opened.0.to_string().contains(CANARY), "{:#}", opened.0);
    assert_eq!(opened.0["data"]["severity"], "critical");
    assert_eq!(opened.0["data"]["subject"], "orchestras");
    assert_eq!(opened.0["data"]["database"], "");

    let row =
        discovery(&daemon, "both are gone", |it| it["gone"].as_array().unwrap().len() == 2).await;
    assert_eq!((&row["doubt"], &row["databases"]), (&"empty".into(), &2.into()), "{row:#}");
    for name in ["sco", "scoso"] {
        assert_eq!(audit(&daemon, name).await["verdict"], "clean", "{name}");
    }
    // What happens to them now is told.
    fixtures::create_tables(&fleet.tenants[0].database, &["Customer"]).await;
    assert_eq!(audit(&daemon, "sco").await["verdict"], "drifted");
    fleet.told("drift").await.is("incident.opened", "new_findings").says("Customer");

    fleet.restore().await;
    fleet.told("registry_shrunk").await.is("incident.resolved", "registry_back");
    discovery(&daemon, "it is believed", |it| it["doubt"].is_null()).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

/// Its first tick would come within two hours, by its name: only "at once" comes within the deadline of a
/// test.
#[tokio::test]
async fn a_new_tenant_is_audited_at_once_and_an_empty_one_has_its_time() {
    let mut fleet = Fleet::of(&["sco"]).await;
    let daemon = fleet.start(&fleet.config("audit_schedule: { every: 1d, splay: 2h }")).await;
    daemon.wait_for_verdict("sco", "clean").await;
    fleet.add("scoso").await;
    daemon.wait_for_verdict("scoso", "clean").await;
    let row = daemon.row("scoso").await;
    assert_eq!(row["discovery"], "orchestras");

    let empty = crate::support::postgres::TestDatabase::create("bph").await;
    let role = empty.create_role("auditor").await;
    fleet.name("bph", &empty.url(&role)).await;
    daemon.wait_for_verdict("bph", "unknown").await;
    let report = audit(&daemon, "bph").await;
    assert!(report["reason"].as_str().unwrap().contains("not yet provisioned"), "{report:#}");
}

/// What is seen for the first time is looked at again soon, whatever the schedule says. A registry that
/// names one more in the meantime must not put that off.
#[tokio::test]
async fn a_tenant_that_comes_puts_off_no_other_ones_audit() {
    let mut fleet = Fleet::of(&["sco"]).await;
    let keys = "confirm: 2, audit_schedule: { every: 1d, splay: 2h }";
    let daemon = fleet.start(&fleet.config(keys)).await;
    daemon.wait_for_verdict("sco", "clean").await;
    fixtures::create_tables(&fleet.tenants[0].database, &["Customer"]).await;
    audit(&daemon, "sco").await;
    fleet.add("scoso").await;
    daemon.wait_for_verdict("scoso", "clean").await;
    let row = daemon.row("sco").await;
    let time = |key: &str| row[key].as_str().expect("a time").parse::<Timestamp>();
    let (audited_at, next_due) = (time("audited_at"), time("next_due"));
    let again = next_due.expect("a time").duration_since(audited_at.expect("a time"));
    assert!(again < SignedDuration::from_mins(1), "it is audited again after {again:#}");
}

/// Its next audit would be hours away: only the observer's call comes within the deadline of a test.
#[tokio::test]
async fn a_tenant_is_watched_and_says_who_did_it() {
    let mut fleet = Fleet::of(&["sco"]).await;
    let keys = "watch: true, audit_schedule: { every: 1d, splay: 2h }";
    let config = fleet.config(keys);
    let workspace = fixtures::workspace(&config);
    let run = workspace.run(&["sql", "observer", "sco"]).await;
    run.ended(0);
    fleet.tenants[0].database.execute(&run.stdout).await;
    let mut daemon = crate::support::daemon::TestDaemon::start(workspace).await;
    daemon.wait_for_verdict("sco", "clean").await;
    daemon.wait_for_log("it listens", |it| it.to_string().contains("listening to `sco`")).await;
    fixtures::create_tables(&fleet.tenants[0].database, &["Customer"]).await;
    fleet.told("drift").await.is("incident.opened", "new_findings").says("CREATE TABLE");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn one_tenant_that_is_removed_retires_with_its_incidents() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    fixtures::create_tables(&fleet.tenants[1].database, &["Customer"]).await;
    let mut daemon = fleet.start(&fleet.config("")).await;
    fleet.told("drift").await.is("incident.opened", "new_findings").says("scoso");

    fleet.central.execute("delete from public.\"Orchestra\" where name = 'scoso'").await;
    let closed = fleet.told("drift").await;
    closed.is("incident.resolved", "database_retired").says("it left registry `orchestras`");
    let row = discovery(&daemon, "one is left", |it| it["databases"] == 1).await;
    assert!(row["doubt"].is_null(), "{row:#}");
    daemon.request("GET", "databases/scoso", "", "").await.refused(404, "no database `scoso`");
    let open = daemon.ask("incidents?state=open").await;
    assert_eq!(open["incidents"].as_array().unwrap().len(), 0, "{open:#}");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_registry_that_cannot_be_read_keeps_its_tenants() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    let mut daemon = fleet.start(&fleet.config("")).await;
    daemon.wait_for_verdict("sco", "clean").await;
    fleet.central.execute("alter table public.\"Orchestra\" rename to gone").await;
    let opened = fleet.told("registry_shrunk").await;
    opened.is("incident.opened", "registry_failing").says("does not exist").says("2 databases");
    assert_eq!(audit(&daemon, "scoso").await["verdict"], "clean");
    let refused =
        daemon.post("discoveries/orchestras/accept", &serde_json::json!({ "reason": "r" })).await;
    refused.refused(409, "nothing is gone");

    fleet.central.execute("alter table public.gone rename to \"Orchestra\"").await;
    fleet.told("registry_shrunk").await.is("incident.resolved", "registry_back");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_smaller_registry_is_accepted_by_a_person() {
    let mut fleet = Fleet::of(&["sco", "scoso", "bph"]).await;
    let config = fleet.config("").more(&format!(
        "http: {{ listen: \"127.0.0.1:{}\" }}",
        crate::support::postgres::free_port()
    ));
    let mut daemon = fleet.start(&config).await;
    daemon.wait_for_verdict("bph", "clean").await;
    fleet.central.execute("delete from public.\"Orchestra\" where name <> 'bph'").await;
    let opened = fleet.told("registry_shrunk").await;
    opened
        .is("incident.opened", "registry_shrunk")
        .says("of 3 databases that it named, 1 are left");

    let workspace = daemon.workspace();
    workspace.run(&["discover", "accept", "orchestras"]).await.ended(2).says("--reason");
    workspace
        .run(&["discover", "accept", "orchestra", "--reason", "merged"])
        .await
        .ended(2)
        .says("did you mean `orchestras`?");
    // By the page of its incident.
    let at = format!("/incidents/{}", opened.0["data"]["incident"].as_str().unwrap());
    let visitor = Visitor::signed_in(&daemon).await;
    let accept = "/discoveries/orchestras/accept";
    let answer = visitor.fill(&at, accept, &[("reason", "")]).await;
    assert_eq!(answer.status, 400, "{answer:#?}");
    answer.says(&["give a reason"]);
    let (path, page) = visitor.act(&at, accept, &[("reason", "merged into one")]).await;
    assert_eq!(path, format!("{at}?done=registry_accepted"));
    page.says(&["Accepted: the databases that are gone from the registry retire."]);
    let resolved = fleet.told("registry_shrunk").await;
    resolved.is("incident.resolved", "registry_accepted");
    discovery(&daemon, "one is left", |it| it["databases"] == 1 && it["doubt"].is_null()).await;
    let id = resolved.0["data"]["incident"].as_str().unwrap();
    let trail = daemon.ask(&format!("incidents/{id}")).await;
    assert!(trail.to_string().contains("merged into one"), "{trail:#}");
    // It does not open again at the next look.
    let row = discovery(&daemon, "it was read since", |it| it["failure"].is_null()).await;
    assert!(row["doubt"].is_null(), "{row:#}");
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_discovery_that_leaves_the_config_takes_its_tenants_and_its_incident_along() {
    let mut fleet = Fleet::of(&["sco", "scoso"]).await;
    let with = fleet.config("");
    let mut daemon = fleet.start(&with).await;
    daemon.wait_for_verdict("sco", "clean").await;
    fleet.wipe().await;
    fleet.told("registry_shrunk").await.is("incident.opened", "registry_empty");
    let text = with.to_string();
    let without = text.split("discover:").next().unwrap().to_owned();
    daemon.workspace().rewrite("config.yaml", &without);
    daemon.sighup();
    fleet.told("registry_shrunk").await.is("incident.resolved", "discovery_removed");
    daemon.request("GET", "databases/sco", "", "").await.refused(404, "no database `sco`");
    assert!(text.contains(QUERY));
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}
