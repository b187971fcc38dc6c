//! From a drift to a message, past every answer that a receiver can give, and past the death of the
//! daemon.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;

use crate::support::daemon::TestDaemon;
use crate::support::daemon::field;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::ORCHESTRA;
use crate::support::fixtures::workspace;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::receiver::Request;
use crate::support::workspace::ConfigText;

/// The signing key of these tests, as Standard Webhooks spells it, and its bytes.
const SIGNING_KEY: [u8; 24] = *b"schemawarden-signing-key";

/// Longest wait for a second attempt: the first backoff with its jitter, after a send that hung for
/// as long as a send may take (15 s).
const NEXT_ATTEMPT: Duration = Duration::from_secs(45);

/// After a send that hangs, the next attempt comes before this: 15 s for the send and 5 s of backoff.
/// The limit of last resort, which is for a defect in that one, is 30 s.
const HANG_MAX: Duration = Duration::from_secs(29);

fn signing_secret() -> String {
    format!("whsec_{}", STANDARD.encode(SIGNING_KEY))
}

/// `central` with its four tables and `tmp_import`.
async fn drifted_central() -> (TestDatabase<'static>, String) {
    let (database, url) = clean_central().await;
    fixtures::create_tables(&database, &["tmp_import"]).await;
    (database, url)
}

async fn clean_central() -> (TestDatabase<'static>, String) {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    (database, url)
}

fn config(url: &str) -> ConfigText {
    ConfigText::new().database("central", url, "central").every("1s")
}

/// The type of a Standard Webhooks message.
#[track_caller]
fn kind(request: &Request) -> String {
    request.json()["type"].as_str().expect("a type").to_owned()
}

#[tokio::test]
async fn a_drift_is_announced_once_and_resolved_once() {
    let (database, url) = clean_central().await;
    let mut receiver = Receiver::start();
    let config = config(&url).webhook(&receiver.url(), &signing_secret());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 1)).await;

    fixtures::create_tables(&database, &ORCHESTRA).await;
    let opened = receiver.next().await;
    assert_eq!(kind(&opened), "incident.opened");
    let data = &opened.json()["data"];
    assert_eq!(data["incident_kind"], "drift");
    assert_eq!(data["database"], "central");
    assert_eq!(data["findings_total"], 21);
    assert!(opened.text().contains("21 of 21"), "{}", opened.text());
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 3)).await;

    fixtures::create_tables(&database, &["tmp_import"]).await;
    let changed = receiver.next().await;
    assert_eq!(kind(&changed), "incident.changed");
    assert_eq!(changed.json()["data"]["incident"], data["incident"]);

    // In one transaction: an audit in between would tell of a change.
    let tables = ORCHESTRA.iter().chain(&["tmp_import"]);
    let drops: Vec<String> = tables.map(|table| format!("drop table \"{table}\";")).collect();
    database.execute(&drops.concat()).await;
    let resolved = receiver.next().await;
    assert_eq!(kind(&resolved), "incident.resolved");
    assert_eq!(resolved.json()["data"]["incident"], data["incident"]);
    assert_ne!(resolved.header("webhook-id"), opened.header("webhook-id"));
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    let (status, _) = daemon.sigterm().await;
    assert_eq!(status.code(), Some(0));
    receiver.assert_idle();
}

#[tokio::test]
async fn a_webhook_is_signed_as_standard_webhooks_say() {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    let config = config(&url).webhook(&receiver.url(), &signing_secret());
    let _daemon = TestDaemon::start(workspace(&config)).await;
    let request = receiver.next().await;
    let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&SIGNING_KEY).expect("any length");
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&request.body);
    let want = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(request.header("webhook-signature"), want);
    assert!(request.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn slack_is_told_in_blocks_with_a_fallback_text() {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    let _daemon = TestDaemon::start(workspace(&config(&url).slack(&receiver.url()))).await;
    let message = receiver.next().await.json();
    let blocks = message["blocks"].as_array().expect("Block Kit");
    assert!((1..=50).contains(&blocks.len()), "{message:#}");
    let text = message["text"].as_str().expect("a fallback");
    assert!(text.contains("central"), "{text}");
    assert!(message["blocks"].to_string().contains("tmp_import"), "{message:#}");
}

/// Failures that pass: Slack gets the same message again until it takes it, and then no more. Returns
/// how long it took to come again.
async fn slack_is_told_again_after(answer: Answer) -> Duration {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    receiver.script([answer]);
    let mut daemon = TestDaemon::start(workspace(&config(&url).slack(&receiver.url()))).await;
    let first = receiver.next().await;
    let second = receiver.next_within(NEXT_ATTEMPT).await;
    assert_eq!(second.json(), first.json());
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    second.at.duration_since(first.at)
}

#[tokio::test]
async fn a_server_error_is_tried_again() {
    slack_is_told_again_after(Answer::status(500, "rollup_error")).await;
}

/// A status alone, as a proxy before Slack gives it: without a word that Slack is known to say.
#[tokio::test]
async fn a_server_error_without_a_word_is_tried_again() {
    slack_is_told_again_after(Answer::status(500, "<h1>Internal Server Error</h1>")).await;
}

/// A receiver tells a repeated message by its id.
#[tokio::test]
async fn a_webhook_that_is_tried_again_keeps_its_id() {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    receiver.script([Answer::status(500, "")]);
    let config = config(&url).webhook(&receiver.url(), &signing_secret());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    let first = receiver.next().await;
    let second = receiver.next_within(NEXT_ATTEMPT).await;
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(second.json()["data"]["incident"], first.json()["data"]["incident"]);
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let seconds = 8;
    let headers = vec![("retry-after", seconds.to_string())];
    let waited = slack_is_told_again_after(Answer::Status(429, "", headers)).await;
    assert!(waited >= Duration::from_secs(seconds), "sent again after {waited:?}");
}

#[tokio::test]
async fn a_reset_is_tried_again() {
    slack_is_told_again_after(Answer::Reset).await;
}

#[tokio::test]
async fn a_receiver_that_hangs_is_given_up_and_tried_again() {
    let waited = slack_is_told_again_after(Answer::Hang).await;
    assert!(waited < HANG_MAX, "sent again after {waited:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let waited = slack_is_told_again_after(Answer::Trickle).await;
    assert!(waited < HANG_MAX, "sent again after {waited:?}");
}

/// Slack answers 200 to some things that it did not take. Only `ok` is `ok`.
#[tokio::test]
async fn slack_has_to_say_ok() {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    receiver.script([Answer::status(200, "{\"ok\":false,\"error\":\"internal_error\"}")]);
    let daemon = TestDaemon::start(workspace(&config(&url).slack(&receiver.url()))).await;
    let first = receiver.next().await;
    let second = receiver.next_within(NEXT_ATTEMPT).await;
    assert_eq!(first.json()["text"], second.json()["text"]);
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
}

/// A webhook that was revoked takes nothing any more: no attempt is worth making, and a person has
/// to hear of it.
async fn is_an_error_and_not_tried_again(body: &'static str) {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    receiver.otherwise(Answer::status(404, body));
    let mut daemon = TestDaemon::start(workspace(&config(&url).slack(&receiver.url()))).await;
    receiver.next().await;
    let loud = daemon
        .wait_for_log("the channel is broken", |line| {
            line["level"] == "ERROR" && line.to_string().contains("ops")
        })
        .await;
    assert!(loud.to_string().contains("404"), "{loud}");
    // Longer than the first backoff.
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 8)).await;
}

#[tokio::test]
async fn a_channel_that_is_gone_is_an_error_and_not_tried_again() {
    is_an_error_and_not_tried_again("no_service").await;
}

#[tokio::test]
async fn a_url_that_nothing_listens_under_is_an_error_and_not_tried_again() {
    is_an_error_and_not_tried_again("404 page not found").await;
}

/// Following would hand the message, and who asks, to whoever is named.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    let mut elsewhere = Receiver::start();
    receiver.otherwise(Answer::redirect(&elsewhere.url()));
    let mut daemon = TestDaemon::start(workspace(&config(&url).slack(&receiver.url()))).await;
    receiver.next().await;
    let told = daemon.wait_for_log("the redirect", |line| line.to_string().contains("307"));
    elsewhere.expect_nothing_until(told).await;
    elsewhere.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
}

/// The message was on its way: whether it arrived, the daemon cannot know. It comes again, and the
/// receiver can tell by its id.
#[tokio::test]
async fn a_message_that_was_under_way_when_the_daemon_was_killed_comes_again_with_the_same_id() {
    let (_database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    receiver.script([Answer::Hang]);
    let config = config(&url).webhook(&receiver.url(), &signing_secret());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    let first = receiver.next().await;
    daemon.kill9().await;
    daemon.restart().await;
    let second = receiver.next_within(NEXT_ATTEMPT).await;
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(second.json()["data"]["incident"], first.json()["data"]["incident"]);
    // And once only: the restart is no news.
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
}

/// The incident is committed and nobody was there to hear. It is told after the restart, although
/// the drift itself is no longer new.
#[tokio::test]
async fn a_message_that_was_never_sent_arrives_after_the_restart() {
    let (_database, url) = drifted_central().await;
    // `ConfigText` names a channel where nobody listens.
    let mut daemon = TestDaemon::start(workspace(&config(&url))).await;
    daemon.wait_for_verdict("central", "drifted").await;
    daemon
        .wait_for_log("the attempt failed", |line| {
            field(line, "channel.name") == "ops" && line["level"] != "DEBUG"
        })
        .await;
    daemon.kill9().await;
    let mut receiver = Receiver::start();
    let config = config(&url).slack(&receiver.url());
    daemon.workspace().rewrite("config.yaml", &config.to_string());
    daemon.restart().await;
    let request = receiver.next_within(NEXT_ATTEMPT).await;
    assert!(request.text().contains("tmp_import"), "{}", request.text());
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
}

/// What is known stays known: no second alarm for the same drift, and the end is told.
#[tokio::test]
async fn a_restart_announces_nothing_twice_and_forgets_nothing() {
    let (database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    let config = config(&url).webhook(&receiver.url(), &signing_secret());
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    let opened = receiver.next().await;
    daemon.wait_for_audits("central", 1).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    daemon.restart().await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    database.execute("drop table tmp_import").await;
    let resolved = receiver.next().await;
    assert_eq!(kind(&resolved), "incident.resolved");
    assert_eq!(resolved.json()["data"]["incident"], opened.json()["data"]["incident"]);
}

/// `unknown` opens no drift incident and resolves none; three in a row are trouble of their own.
#[tokio::test]
async fn audits_that_fail_are_an_incident_of_their_own_and_resolve_no_drift() {
    let (database, url) = drifted_central().await;
    let mut receiver = Receiver::start();
    let config = config(&url).webhook(&receiver.url(), &signing_secret());
    let _daemon = TestDaemon::start(workspace(&config)).await;
    let drift = receiver.next().await;
    assert_eq!(drift.json()["data"]["incident_kind"], "drift");

    let connect = |word, to| format!("{word} connect on database {} {to} ", database.name());
    let role = url.split(['/', ':']).nth(3).expect("a user").to_owned();
    database.execute(&(connect("revoke", "from") + &role)).await;
    let failing = receiver.next().await;
    assert_eq!(kind(&failing), "incident.opened");
    assert_eq!(failing.json()["data"]["incident_kind"], "audit_failing");
    assert!(failing.text().contains("permission denied"), "{}", failing.text());

    database.execute(&(connect("grant", "to") + &role)).await;
    let back = receiver.next().await;
    assert_eq!(kind(&back), "incident.resolved");
    assert_eq!(back.json()["data"]["incident"], failing.json()["data"]["incident"]);
    database.execute("drop table tmp_import").await;
    let resolved = receiver.next().await;
    assert_eq!(resolved.json()["data"]["incident"], drift.json()["data"]["incident"]);
}
