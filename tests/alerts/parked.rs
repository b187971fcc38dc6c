//! Channels that are broken or slow: told through the others, seen on `/readyz?verbose`, mended by a
//! reload or a retry; and nobody else waits for them.

use std::time::Duration;
use std::time::Instant;

use super::api::look_until;
use super::ear::Ear;
use super::setup::PROMPT;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use super::setup::reload;
use crate::support::fixtures::central;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;

/// A healthy channel is told within this, whatever another one does: a tick, an audit, a send.
const PROMPTLY: Duration = Duration::from_secs(8);

/// Two channels; both hear everything.
fn both(url: &str, sick: &Receiver, well: &Receiver) -> Setup {
    Setup::new()
        .database("central", url, "central", "")
        .hook("sick", sick)
        .hook("well", well)
        .route(&format!("to: [sick, well], {PROMPT}"))
}

#[tokio::test]
async fn a_broken_channel_is_told_through_the_other_and_mended_by_a_reload() {
    let (database, url) = central().await;
    let (mut sick, mut well) = (Ear::open(), Ear::open());
    sick.receiver.otherwise(Answer::status(404, "no_service"));
    let setup = both(&url, &sick.receiver, &well.receiver);
    let mut daemon = setup.start().await;
    create(&database, &["tmp_a"]).await;
    well.next().await.is("incident.opened", "drift", "new_findings");
    let parked = well.next().await;
    assert_eq!(parked.event, "incident.opened", "{parked:#?}");
    assert_eq!(parked.text("incident_kind"), "channel_parked", "{parked:#?}");
    parked.says("sick").says("404");
    let (status, ready) = daemon.get("/readyz?verbose").await;
    assert_eq!(status, 200, "{ready}");
    assert!(ready.contains("[!]channel sick is parked"), "{ready}");
    let (_, health) = daemon.get("/healthz").await;
    assert!(health.contains("sick"), "{health}");
    sick.receiver.next().await;
    // Nothing is tried at it; what else happens is told to the other at once.
    drop_tables(&database, &["tmp_a"]).await;
    let ended = sick.quiet_until(well.next()).await;
    ended.is("incident.resolved", "drift", "all_findings_gone");
    sick.quiet_until(daemon.wait_for_audits("central", 4)).await;

    let mut mended = Ear::open();
    reload(&mut daemon, &mended_config(&setup, &sick.receiver, &mended.receiver)).await;
    let first = mended.next().await;
    first.is("incident.opened", "drift", "new_findings");
    mended.next().await.is("incident.resolved", "drift", "all_findings_gone");
    let back = well.next().await;
    assert_eq!(back.event, "incident.resolved", "{back:#?}");
    assert_eq!(back.id(), parked.id());
    let all_well = |body: &str| !body.contains("parked");
    look_until(&daemon, "/readyz?verbose", "no channel is parked", all_well).await;
}

/// The same config, with one receiver in place of another.
fn mended_config(setup: &Setup, old: &Receiver, new: &Receiver) -> Setup {
    setup.clone().replace(&old.url(), &new.url())
}

#[tokio::test]
async fn a_redirect_parks_and_retry_tries_again() {
    let (database, url) = central().await;
    let (mut sick, mut well) = (Ear::open(), Ear::open());
    let mut elsewhere = Ear::open();
    sick.receiver.otherwise(Answer::redirect(&elsewhere.receiver.url()));
    let daemon = both(&url, &sick.receiver, &well.receiver).start().await;
    create(&database, &["tmp_a"]).await;
    let request = sick.receiver.next().await;
    well.next().await.is("incident.opened", "drift", "new_findings");
    let parked = elsewhere.quiet_until(well.next()).await;
    assert_eq!(parked.text("incident_kind"), "channel_parked", "{parked:#?}");
    parked.says("307");
    let workspace = daemon.workspace();
    let listed = workspace.run(&["deliveries", "list", "--channel", "sick"]).await;
    listed.ended(0).says("sick");
    let id = request.header("webhook-id").to_owned();
    workspace.run(&["deliveries", "show", &id]).await.ended(0).says("307");
    sick.receiver.otherwise(Answer::Ok);
    workspace.run(&["deliveries", "retry", "sick"]).await.ended(0);
    let again = sick.receiver.next().await;
    assert_eq!(again.header("webhook-id"), id);
    let back = well.next().await;
    assert_eq!((&*back.event, back.id()), ("incident.resolved", parked.id()));
    workspace.run(&["deliveries", "retry", "sikc"]).await.ended(2).says("sikc");
}

/// Slack says it in words, with any status.
#[tokio::test]
async fn what_slack_says_of_a_webhook_that_is_gone_parks_it() {
    for answer in [
        Answer::status(403, "invalid_token"),
        Answer::status(404, "no_service"),
        Answer::status(410, "channel_is_archived"),
        Answer::status(200, "no_service"),
    ] {
        let (database, url) = central().await;
        create(&database, &["tmp_a"]).await;
        let (mut slack, mut well) = (Receiver::start(), Ear::open());
        slack.otherwise(answer.clone());
        let channel = format!("{{ type: slack, url: \"{}\" }}", slack.url());
        let daemon = Setup::new()
            .database("central", &url, "central", "")
            .channel("ops", &channel)
            .hook("well", &well.receiver)
            .start()
            .await;
        slack.next().await;
        // No route names `well`: it is told because nobody else could be.
        let parked = well.next().await;
        assert_eq!(parked.text("incident_kind"), "channel_parked", "{answer:?}: {parked:#?}");
        slack.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_or_fails_delays_nobody() {
    for answer in [Answer::Hang, Answer::status(500, ""), Answer::Trickle] {
        let (database, url) = central().await;
        let (sick, mut well) = (Ear::open(), Ear::open());
        sick.receiver.otherwise(answer.clone());
        let daemon = both(&url, &sick.receiver, &well.receiver).start().await;
        daemon.wait_for_verdict("central", "clean").await;
        for round in 0..3 {
            let table = format!("tmp_{round}");
            let at = Instant::now();
            create(&database, &[&table]).await;
            well.next().await.says(&table);
            assert!(at.elapsed() < PROMPTLY, "{answer:?}: told after {:?}", at.elapsed());
        }
        let at = Instant::now();
        drop_tables(&database, &["tmp_0", "tmp_1", "tmp_2"]).await;
        well.next().await.is("incident.resolved", "drift", "all_findings_gone");
        assert!(at.elapsed() < PROMPTLY, "{answer:?}: told after {:?}", at.elapsed());
    }
}

/// The message that a receiver cannot take is told in short, once and at once.
#[tokio::test]
async fn a_payload_that_is_refused_is_sent_again_in_short() {
    for (code, body) in [(413, ""), (400, "invalid_blocks")] {
        let (database, url) = central().await;
        create(&database, &["tmp_a"]).await;
        let mut slack = Receiver::start();
        slack.script([Answer::status(code, body)]);
        let channel = format!("{{ type: slack, url: \"{}\" }}", slack.url());
        let _daemon = Setup::new()
            .database("central", &url, "central", "")
            .channel("ops", &channel)
            .start()
            .await;
        let full = slack.next().await;
        let short = slack.next_within(Duration::from_secs(10)).await;
        assert!(short.body.len() < full.body.len(), "{}", short.text());
        assert!(short.json()["blocks"].is_null(), "{}", short.text());
        assert!(short.text().contains("central"), "{}", short.text());
    }
}
