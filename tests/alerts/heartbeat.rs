//! Who watches the watcher: the heartbeat while all is well, `/fail` otherwise, and canaries.

use super::ear::Ear;
use super::setup::PROMPT;
use super::setup::Setup;
use super::setup::create;
use crate::support::fixtures::central;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;

fn heartbeat(receiver: &Receiver) -> String {
    format!("heartbeat: {{ url: \"{}\", every: 1s }}", receiver.url())
}

#[tokio::test]
async fn it_pings_while_all_is_well_and_fails_when_a_channel_is_parked() {
    let (database, url) = central().await;
    let (sick, well) = (Ear::open(), Ear::open());
    sick.receiver.otherwise(Answer::status(404, "no_service"));
    let mut watcher = Receiver::start();
    let daemon = Setup::new()
        .database("central", &url, "central", "")
        .hook("sick", &sick.receiver)
        .hook("well", &well.receiver)
        .route(&format!("to: [sick, well], {PROMPT}"))
        .more(&heartbeat(&watcher))
        .start()
        .await;
    for _ in 0..3 {
        let ping = watcher.next().await;
        assert!(!ping.path.ends_with("/fail"), "{}: {}", ping.path, ping.text());
    }
    create(&database, &["tmp_a"]).await;
    let failed = loop {
        let ping = watcher.next().await;
        if ping.path.ends_with("/fail") {
            break ping;
        }
    };
    assert!(failed.text().contains("sick"), "{}", failed.text());
    assert_eq!(daemon.row("central").await["verdict"], "drifted");
}

/// A daemon that was just started and has looked at nothing yet says nothing good of itself.
#[tokio::test]
async fn a_database_that_is_drifted_is_no_reason_to_fail_and_a_dead_daemon_is_silent() {
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let ear = Ear::open();
    let mut watcher = Receiver::start();
    let mut daemon = Setup::new()
        .database("central", &url, "central", "")
        .hook("ops", &ear.receiver)
        .more(&heartbeat(&watcher))
        .start()
        .await;
    let ping = watcher.next().await;
    assert!(!ping.path.ends_with("/fail"), "{}", ping.text());
    daemon.wait_for_audits("central", 1).await;
    daemon.kill9().await;
    while tokio::time::timeout(std::time::Duration::from_secs(2), watcher.next()).await.is_ok() {}
    watcher.assert_idle();
}

#[tokio::test]
async fn validate_sends_a_canary_through_each_channel() {
    let (_database, url) = central().await;
    let (mut hook, mut sick) = (Receiver::start(), Receiver::start());
    let mut slack = Receiver::start();
    let setup = Setup::new()
        .database("central", &url, "central", "")
        .hook("hook", &hook)
        .channel("ops", &format!("{{ type: slack, url: \"{}\" }}", slack.url()))
        .route("to: [ops, hook]");
    let workspace = setup.workspace();
    workspace.run(&["validate", "--online"]).await.ended(0);
    hook.assert_idle();
    slack.assert_idle();
    workspace.run(&["validate", "--online", "--send-test"]).await.ended(0).says("hook").says("ops");
    assert_eq!(hook.next().await.json()["type"], "test");
    assert!(slack.next().await.json()["text"].is_string());

    sick.otherwise(Answer::status(404, "no_service"));
    let workspace = setup.hook("sick", &sick).workspace();
    let run = workspace.run(&["validate", "--online", "--send-test"]).await;
    run.ended(2).says("sick").says("404");
    sick.next().await;
    // The others are tried all the same.
    hook.next().await;
    slack.next().await;
}
