//! Silences: what they match is not told, all else is; they have a reason, an end and an author; and
//! when they end, one digest says what is new and still open.

use serde_json::Value;
use serde_json::json;

use super::api;
use super::ear::Ear;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::central;

fn setup(url: &str, ear: &Ear) -> Setup {
    Setup::new().database("central", url, "central", "").hook("ops", &ear.receiver)
}

/// Adds a silence through the API; returns its id as commands take it.
async fn silence(daemon: &TestDaemon, matching: Value, length: &str) -> String {
    let body = json!({"match": matching, "reason": "moving house", "for": length});
    let answer = api::post(daemon, "/api/v1/silences", &body).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let made = answer.json();
    let id = if made["id"].is_null() { &made["silence"]["id"] } else { &made["id"] };
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

#[tokio::test]
async fn a_glob_of_tables_mutes_those_and_no_others() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    silence(&daemon, json!({"table": "tmp_*"}), "1h").await;
    create(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    create(&database, &["Musician"]).await;
    let told = ear.next().await;
    told.says("Musician");
    assert!(matches!(&*told.event, "incident.opened" | "incident.changed"), "{told:#?}");
    create(&database, &["tmp_b"]).await;
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
    drop_tables(&database, &["tmp_a", "tmp_b", "Musician"]).await;
    ear.next().await.is("incident.resolved", "drift", "all_findings_gone");
}

#[tokio::test]
async fn the_end_of_a_silence_is_one_digest_of_what_is_new_and_still_open() {
    let (one, one_url) = central().await;
    let (two, two_url) = central().await;
    let (gone, gone_url) = central().await;
    let (loud, loud_url) = central().await;
    let mut ear = Ear::open();
    let daemon = Setup::new()
        .database("team-one", &one_url, "central", "labels: { team: red }")
        .database("team-two", &two_url, "central", "labels: { team: red }")
        .database("team-gone", &gone_url, "central", "labels: { team: red }")
        .database("loud", &loud_url, "central", "")
        .hook("ops", &ear.receiver)
        .start()
        .await;
    // Told before, and over while nobody may hear of it.
    create(&gone, &["tmp_before"]).await;
    let before = ear.next().await;
    let id = silence(&daemon, json!({"labels": {"team": "red"}}), "1h").await;
    drop_tables(&gone, &["tmp_before"]).await;
    ear.quiet_until(daemon.wait_for_verdict("team-gone", "clean")).await;
    create(&one, &["tmp_one"]).await;
    create(&two, &["tmp_two"]).await;
    ear.quiet_until(daemon.wait_for_verdict("team-one", "drifted")).await;
    ear.quiet_until(daemon.wait_for_verdict("team-two", "drifted")).await;
    ear.quiet_until(daemon.wait_for_audits("team-two", 2)).await;
    // Incidents are there for who looks.
    let listed = daemon.workspace().run(&["incidents", "list"]).await;
    listed.ended(0).says("team-one").says("team-two");
    create(&loud, &["tmp_loud"]).await;
    ear.next().await.is("incident.opened", "drift", "new_findings").says("tmp_loud");

    daemon.workspace().run(&["silence", "expire", &id]).await.ended(0).says(&id);
    let mut digest = ear.message().await;
    digest.sort_by_key(|it| it.text("database").to_owned());
    let told: Vec<_> = digest.iter().map(|it| (&*it.event, it.text("database"))).collect();
    assert_eq!(
        told,
        [
            ("incident.resolved", "team-gone"),
            ("incident.opened", "team-one"),
            ("incident.opened", "team-two"),
        ]
    );
    assert_eq!(digest[0].id(), before.id());
    ear.quiet_until(daemon.wait_for_audits("loud", 3)).await;
}

#[tokio::test]
async fn what_comes_and_goes_in_a_silence_is_never_told_and_the_silence_outlives_a_restart() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let mut daemon = setup(&url, &ear).start().await;
    let id = silence(&daemon, json!({"database": ["cent*"], "kind": "drift"}), "1h").await;
    daemon.kill9().await;
    daemon.restart().await;
    create(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    drop_tables(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "clean")).await;
    daemon.workspace().run(&["silence", "expire", &id]).await.ended(0);
    ear.quiet_until(daemon.wait_for_audits("central", 4)).await;
}

#[tokio::test]
async fn a_silence_ends_by_itself() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    silence(&daemon, json!({"manifest": "central"}), "8s").await;
    create(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    let told = ear.next().await;
    assert_eq!(told.event, "incident.opened", "{told:#?}");
    told.says("tmp_a");
    let listed = daemon.workspace().run(&["silence", "list"]).await;
    assert!(!listed.ended(0).stdout.contains("moving house"), "{}", listed.stdout);
}

/// An incident that was told before the silence, and grew in it.
#[tokio::test]
async fn what_grew_in_a_silence_is_told_as_changed() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    create(&database, &["tmp_a"]).await;
    let opened = ear.next().await;
    let id = silence(&daemon, json!({"database": "central"}), "1h").await;
    create(&database, &["tmp_b"]).await;
    ear.quiet_until(daemon.wait_for_audits("central", 3)).await;
    daemon.workspace().run(&["silence", "expire", &id]).await.ended(0);
    let changed = ear.next().await;
    changed.is("incident.changed", "drift", "silence_ended").says("tmp_b");
    assert_eq!(changed.id(), opened.id());
    ear.quiet_until(daemon.wait_for_audits("central", 2)).await;
}

#[tokio::test]
async fn the_commands_add_list_and_expire_with_author_and_reason() {
    let (database, url) = central().await;
    let mut ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    let workspace = daemon.workspace();
    let add = ["silence", "add", "--database", "cent*", "--reason", "moving house", "--for", "2h"];
    let added = workspace.run(&add).await;
    added.ended(0);
    let listed = workspace.run(&["silence", "list"]).await;
    listed.ended(0).says("moving house").says("local").says("cent*");
    create(&database, &["tmp_a"]).await;
    ear.quiet_until(daemon.wait_for_verdict("central", "drifted")).await;
    let silences = api::get(&daemon, "/api/v1/silences").await;
    let id = silences["silences"][0]["id"].clone();
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    added.says(&id);
    workspace.run(&["silence", "expire", &id]).await.ended(0);
    ear.next().await.says("tmp_a");
    workspace.run(&["silence", "expire", "4711"]).await.ended(2).says("4711");
}

#[tokio::test]
async fn a_silence_needs_a_reason_and_an_end_to_come() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    let workspace = daemon.workspace();
    let add = |rest: &[&'static str]| [&["silence", "add", "--database", "central"], rest].concat();
    workspace.run(&add(&["--for", "1h"])).await.ended(2).says("--reason");
    workspace.run(&add(&["--reason", "x"])).await.ended(2).says("--for");
    workspace.run(&add(&["--reason", " ", "--for", "1h"])).await.ended(2).says("reason");
    workspace.run(&add(&["--reason", "x", "--for", "0s"])).await.ended(2);
    workspace.run(&["silence", "add", "--reason", "x", "--for", "1h"]).await.ended(2);
    for (body, word) in [
        (json!({"match": {"database": "central"}, "for": "1h"}), "reason"),
        (json!({"match": {"database": "central"}, "reason": "", "for": "1h"}), "reason"),
        (json!({"match": {"database": "central"}, "reason": "x"}), "ends_at"),
        (
            json!({"match": {"database": "central"}, "reason": "x",
                   "ends_at": "2020-01-01T00:00:00Z"}),
            "past",
        ),
        (json!({"match": {"databse": "central"}, "reason": "x", "for": "1h"}), "database"),
        (json!({"match": {"kind": "drfit"}, "reason": "x", "for": "1h"}), "drift"),
        (json!({"match": {}, "reason": "x", "for": "1h"}), "match"),
        (json!({"reason": "x", "for": "1h"}), "match"),
        (json!({"match": {"database": "central"}, "reason": "x", "for": "soon"}), "soon"),
    ] {
        let answer = api::post(&daemon, "/api/v1/silences", &body).await;
        assert!(matches!(answer.status, 400 | 422), "{body}: {answer:?}");
        assert!(answer.head.contains("application/problem+json"), "{answer:?}");
        answer.says(word);
    }
    let listed = api::get(&daemon, "/api/v1/silences?all=1").await;
    assert_eq!(listed["silences"], json!([]), "{listed:#}");
}

#[tokio::test]
async fn a_silence_that_matches_no_database_is_made_with_a_warning() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let daemon = setup(&url, &ear).start().await;
    let add = ["silence", "add", "--database", "centrall", "--reason", "later", "--for", "2h"];
    let run = daemon.workspace().run(&add).await;
    run.ended(0).says("centrall").says("warning");
    daemon.workspace().run(&["silence", "list"]).await.ended(0).says("later");
}

/// A silence that can hold for nothing is a mute that is not there when it is needed.
#[tokio::test]
async fn a_silence_that_can_hold_for_nothing_is_made_with_a_warning() {
    let (_database, url) = central().await;
    let ear = Ear::open();
    let more = "labels: { team: red }";
    let daemon = setup(&url, &ear).database("sco", &url, "central", more).start().await;
    daemon.wait_for_verdict("central", "clean").await;
    let add = async |options: &[&'static str]| {
        let parts = [&["silence", "add"], options, &["--reason", "later", "--for", "2h"]];
        daemon.workspace().run(&parts.concat()).await
    };
    for (options, word) in [
        (&["--database", "sco", "--kind", "server_unreachable"][..], "`server_unreachable`"),
        (&["--label", "team=red", "--kind", "manifest_suspect"], "`manifest_suspect`"),
        (&["--database", "*", "--kind", "channel_parked"], "`channel_parked`"),
        (&["--table", "nosuchtable_*"], "nosuchtable_*"),
        (&["--table", "User", "--kind", "audit_failing"], "`drift`"),
    ] {
        add(options).await.ended(0).says("warning").says(word).says("the silence stands");
    }
    for options in [
        &["--database", "*", "--kind", "server_unreachable"][..],
        &["--database", "sco", "--database", "central", "--kind", "manifest_suspect"],
        &["--database", "sco", "--kind", "server_unreachable", "--kind", "drift"],
        &["--kind", "channel_parked"],
        &["--table", "User"],
    ] {
        let run = add(options).await;
        assert!(!format!("{run:?}").contains("warning"), "{options:?}: {run:?}");
    }
}
