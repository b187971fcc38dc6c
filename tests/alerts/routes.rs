//! Who hears what: matchers, the first match, `continue`, teams, and what a route adds to a message.

use super::ear::Ear;
use super::setup::PROMPT;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::ORCHESTRA;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;

/// A route with a match, to one channel.
fn to(channel: &str, matching: &str) -> String {
    format!("match: {matching}, to: [{channel}], {PROMPT}")
}

#[tokio::test]
async fn the_first_route_that_matches_is_taken() {
    let (red, red_url) = central().await;
    let (blue, blue_url) = central().await;
    let orchestra = TestDatabase::create("orchestra").await;
    create_tables(&orchestra, &ORCHESTRA).await;
    let role = orchestra.create_role("auditor").await;
    let [mut by_label, mut by_manifest, mut by_name, mut rest] =
        std::array::from_fn(|_| Ear::open());
    let setup = Setup::new()
        .database("red", &red_url, "central", "labels: { team: red, tier: a }")
        .database("blue-1", &blue_url, "central", "labels: { team: blue }")
        .database("sco", &orchestra.url(&role), "orchestra", "")
        .hook("label", &by_label.receiver)
        .hook("manifest", &by_manifest.receiver)
        .hook("name", &by_name.receiver)
        .hook("rest", &rest.receiver)
        .route(&to("label", "{ labels: { team: [red, green] } }"))
        .route(&to("manifest", "{ manifest: orchestra }"))
        .route(&to("name", "{ database: \"blue-*\" }"))
        .route("to: [rest]");
    let workspace =
        setup.workspace().manifest("orchestra", &fixtures::manifest("orchestra", &ORCHESTRA));
    let daemon = TestDaemon::start(workspace).await;
    daemon.wait_for_verdict("sco", "clean").await;
    create(&red, &["tmp_red"]).await;
    create(&blue, &["tmp_blue"]).await;
    create(&orchestra, &["tmp_sco"]).await;
    by_label.next().await.is("incident.opened", "drift", "new_findings").says("tmp_red");
    by_manifest.next().await.is("incident.opened", "drift", "new_findings").says("tmp_sco");
    by_name.next().await.is("incident.opened", "drift", "new_findings").says("tmp_blue");
    for ear in [&mut by_label, &mut by_manifest, &mut by_name, &mut rest] {
        ear.quiet_until(daemon.wait_for_audits("sco", 1)).await;
    }
}

#[tokio::test]
async fn kind_and_severity_choose_and_continue_goes_on() {
    let (database, url) = central().await;
    let [mut audits, mut criticals, mut everything] = std::array::from_fn(|_| Ear::open());
    let daemon = Setup::new()
        .database("central", &url, "central", "")
        .hook("audits", &audits.receiver)
        .hook("criticals", &criticals.receiver)
        .hook("everything", &everything.receiver)
        .route(&to("audits", "{ kind: audit_failing }"))
        .route(&format!("{}, continue: true", to("criticals", "{ severity: critical }")))
        .route(&format!("to: [everything], {PROMPT}"))
        .start()
        .await;
    // A table like a backup is a warning.
    create(&database, &["User_backup_2025"]).await;
    criticals.quiet_until(everything.next()).await.is("incident.opened", "drift", "new_findings");
    create(&database, &["tmp_a"]).await;
    criticals.next().await.says("tmp_a");
    everything.next().await.is("incident.changed", "drift", "new_findings").says("tmp_a");

    let role = url.split(['/', ':']).nth(3).expect("a user").to_owned();
    let name = database.name();
    database.execute(&format!("revoke connect on database {name} from {role}")).await;
    let failing = everything.quiet_until(audits.next()).await;
    failing.is("incident.opened", "audit_failing", "audits_failed");
    criticals.quiet_until(daemon.wait_for_audits("central", 1)).await;
}

#[tokio::test]
async fn a_team_of_labels_is_told_on_its_own_channel_and_others_on_the_fallback() {
    let (red, red_url) = central().await;
    let (ghost, ghost_url) = central().await;
    let (bare, bare_url) = central().await;
    let [mut team, mut fallback] = std::array::from_fn(|_| Ear::open());
    let route = "to: [\"team-{labels.team}\"], fallback: [ops]";
    let _daemon = Setup::new()
        .database("red", &red_url, "central", "labels: { team: red }")
        .database("ghost", &ghost_url, "central", "labels: { team: ghost }")
        .database("bare", &bare_url, "central", "")
        .hook("team-red", &team.receiver)
        .hook("ops", &fallback.receiver)
        .route(&format!("{route}, {PROMPT}"))
        .start()
        .await;
    create(&red, &["tmp_red"]).await;
    fallback.quiet_until(team.next()).await.says("tmp_red");
    create(&ghost, &["tmp_ghost"]).await;
    team.quiet_until(fallback.next()).await.says("tmp_ghost");
    create(&bare, &["tmp_bare"]).await;
    team.quiet_until(fallback.next()).await.says("tmp_bare");
}

#[tokio::test]
async fn mention_runbook_and_max_items_are_the_routes() {
    let (database, url) = central().await;
    let mut slack = Receiver::start();
    let channel = format!("{{ type: slack, url: \"{}\" }}", slack.url());
    let runbook = "https://runbooks.example/drift";
    let _daemon = Setup::new()
        .database("central", &url, "central", "")
        .channel("ops", &channel)
        .route(&format!(
            "to: [ops], mention: \"<!here>\", runbook_url: \"{runbook}\", max_items: 2, {PROMPT}"
        ))
        .start()
        .await;
    create(&database, &["tmp_1", "tmp_2", "tmp_3", "tmp_4", "tmp_5"]).await;
    let text = slack.next().await.text().to_owned();
    assert!(text.contains("<!here>"), "{text}");
    assert!(text.contains(runbook), "{text}");
    assert!(text.contains("tmp_1") && text.contains("tmp_2"), "{text}");
    assert!(!text.contains("tmp_3"), "{text}");
    assert!(text.contains("3 more"), "{text}");
}

#[tokio::test]
async fn send_resolved_false_tells_no_end() {
    let (database, url) = central().await;
    let [mut quiet, mut full] = std::array::from_fn(|_| Ear::open());
    let daemon = Setup::new()
        .database("central", &url, "central", "")
        .hook("quiet", &quiet.receiver)
        .hook("ops", &full.receiver)
        .route(&format!("to: [quiet], send_resolved: false, continue: true, {PROMPT}"))
        .route(&format!("to: [ops], {PROMPT}"))
        .start()
        .await;
    create(&database, &["tmp_a"]).await;
    quiet.next().await.is("incident.opened", "drift", "new_findings");
    full.next().await.is("incident.opened", "drift", "new_findings");
    drop_tables(&database, &["tmp_a"]).await;
    quiet.quiet_until(full.next()).await.is("incident.resolved", "drift", "all_findings_gone");
    quiet.quiet_until(daemon.wait_for_audits("central", 2)).await;
}

#[tokio::test]
async fn a_name_that_matches_nothing_is_warned_of() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let workspace = Setup::new()
        .database("central", &url, "central", "labels: { team: red }")
        .hook("ops", &ear.receiver)
        .route("match: { database: centrall }, to: [ops]")
        .route("match: { manifest: orchestr }, to: [ops]")
        .route("match: { labels: { taem: red } }, to: [ops]")
        .route("to: [ops]")
        .workspace();
    let run = workspace.run(&["validate"]).await;
    run.ended(0).says("centrall").says("orchestr").says("taem").says("routes[0].match.database");
}
