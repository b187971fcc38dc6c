//! What each kind of receiver gets for a drift that opens and ends: the shape that its maker documents.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;

use super::post_office::PostOffice;
use super::setup::Setup;
use super::setup::create;
use super::setup::drop_tables;
use crate::support::fixtures::central;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::receiver::Request;

/// Where links in messages lead.
const DASHBOARD: &str = "https://warden.example";

/// A name that must act nowhere.
const HOSTILE: &str = "<!channel> @everyone [x](http://evil) *b*";

fn setup(url: &str, channel: &str) -> Setup {
    let external = format!("external_url: \"{DASHBOARD}\"");
    Setup::new().http(&external).database("central", url, "central", "").channel("ops", channel)
}

/// What `receiver` gets for a drift that opens and then ends, with `answer` to both.
async fn opened_and_resolved(
    channel: &str,
    receiver: &mut Receiver,
    answer: Answer,
) -> [Request; 2] {
    receiver.otherwise(answer);
    let (database, url) = central().await;
    create(&database, &["tmp_a", HOSTILE]).await;
    let daemon = setup(&url, channel).start().await;
    let opened = receiver.next().await;
    drop_tables(&database, &["tmp_a", HOSTILE]).await;
    let resolved = receiver.next().await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    daemon.wait_for_an_empty_outbox().await;
    for request in [&opened, &resolved] {
        assert_eq!(request.method, "POST");
        assert!(request.header("content-type").starts_with("application/json"));
        let link = format!("{DASHBOARD}/incidents/SW-");
        assert!(request.text().contains(&link), "{}", request.text());
        assert!(request.text().contains("central"), "{}", request.text());
    }
    // Mattermost's Markdown wants a backslash before the underscore.
    assert!(opened.text().replace("\\\\_", "_").contains("tmp_a"), "{}", opened.text());
    [opened, resolved]
}

#[tokio::test]
async fn slack_gets_blocks_or_attachments_with_names_escaped() {
    for (format, key) in [("blocks", "blocks"), ("attachments", "attachments")] {
        let mut receiver = Receiver::start();
        let channel = format!("{{ type: slack, format: {format}, url: \"{}\" }}", receiver.url());
        let requests = opened_and_resolved(&channel, &mut receiver, Answer::Ok).await;
        for request in &requests {
            let body = request.json();
            assert!(body["text"].as_str().is_some_and(|it| !it.is_empty()), "{body:#}");
            assert!(body[key].as_array().is_some_and(|it| !it.is_empty()), "{body:#}");
            // Blocks show names as plain text, which parses nothing; the fallback is parsed.
            let fallback = body["text"].to_string() + &body["attachments"].to_string();
            assert!(!fallback.contains("<!channel>"), "{body:#}");
        }
        if format == "attachments" {
            // Mattermost and Rocket.Chat show no blocks.
            assert!(!requests[0].text().contains("\"blocks\""), "{}", requests[0].text());
            assert!(requests[0].json()["attachments"][0]["color"].is_string());
        }
        assert!(requests[0].text().contains("&lt;!channel&gt;"), "{}", requests[0].text());
    }
}

#[tokio::test]
async fn pagerduty_gets_a_trigger_and_a_resolve_of_the_same_key() {
    let mut receiver = Receiver::start();
    let channel = format!(
        "{{ type: pagerduty, routing_key: R0123456789hunter20123456789abcd, url: \"{}\" }}",
        receiver.url()
    );
    let answer = Answer::status(202, "{\"status\":\"success\"}");
    let [opened, resolved] = opened_and_resolved(&channel, &mut receiver, answer).await;
    let (opened, resolved) = (opened.json(), resolved.json());
    assert_eq!(
        (&opened["event_action"], &resolved["event_action"]),
        (&json!("trigger"), &json!("resolve"))
    );
    assert_eq!(opened["routing_key"], "R0123456789hunter20123456789abcd");
    assert_eq!(resolved["routing_key"], "R0123456789hunter20123456789abcd");
    let key = opened["dedup_key"].as_str().expect("a key");
    assert!(key.starts_with("schemawarden:SW-") && key.len() <= 255, "{key}");
    assert_eq!(resolved["dedup_key"], key);
    let payload = &opened["payload"];
    assert_eq!(payload["severity"], "critical");
    let summary = payload["summary"].as_str().expect("a summary");
    assert!(summary.contains("central") && summary.chars().count() <= 1024, "{summary}");
    assert!(payload["source"].as_str().is_some_and(|it| !it.is_empty()), "{opened:#}");
}

#[tokio::test]
async fn teams_gets_an_adaptive_card() {
    let mut receiver = Receiver::start();
    let channel = format!("{{ type: teams, url: \"{}\" }}", receiver.url());
    for request in opened_and_resolved(&channel, &mut receiver, Answer::status(202, "")).await {
        let body = request.json();
        assert_eq!(body["type"], "message");
        let card = &body["attachments"][0];
        assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
        assert_eq!(card["content"]["type"], "AdaptiveCard");
        assert!(card["content"]["version"].is_string(), "{body:#}");
        assert!(card["content"]["body"].as_array().is_some_and(|it| !it.is_empty()), "{body:#}");
        assert!(request.body.len() < 28_000);
    }
}

#[tokio::test]
async fn discord_gets_embeds_that_mention_nobody() {
    let mut receiver = Receiver::start();
    let channel = format!("{{ type: discord, url: \"{}\" }}", receiver.url());
    let answer = Answer::status(200, "{\"id\":\"1\"}");
    for request in opened_and_resolved(&channel, &mut receiver, answer).await {
        let body = request.json();
        assert_eq!(body["allowed_mentions"]["parse"], json!([]), "{body:#}");
        assert!(request.path.contains("wait=true"), "{}", request.path);
        let embeds = body["embeds"].as_array().expect("embeds");
        assert!((1..=10).contains(&embeds.len()));
        assert!(embeds[0]["color"].is_u64(), "{body:#}");
        let content = body["content"].as_str().unwrap_or_default();
        assert!(content.chars().count() <= 2000, "{body:#}");
    }
}

#[tokio::test]
async fn a_webhook_in_alertmanagers_format_is_version_4() {
    let mut receiver = Receiver::start();
    let channel = format!("{{ type: webhook, format: alertmanager, url: \"{}\" }}", receiver.url());
    let [opened, resolved] = opened_and_resolved(&channel, &mut receiver, Answer::Ok).await;
    for (request, status) in [(&opened, "firing"), (&resolved, "resolved")] {
        let body = request.json();
        assert_eq!((&body["version"], &body["status"]), (&json!("4"), &json!(status)));
        assert!(body["groupKey"].is_string() && body["receiver"].is_string(), "{body:#}");
        for key in ["groupLabels", "commonLabels", "commonAnnotations"] {
            assert!(body[key].is_object(), "{key}: {body:#}");
        }
        assert!(body["externalURL"].as_str().is_some_and(|it| it.starts_with(DASHBOARD)));
        let alert = &body["alerts"][0];
        assert_eq!(alert["status"], status);
        assert!(alert["labels"]["alertname"].is_string(), "{body:#}");
        assert!(alert["labels"].to_string().contains("central"), "{body:#}");
        for key in ["startsAt", "endsAt", "generatorURL", "fingerprint"] {
            assert!(alert[key].is_string(), "{key}: {body:#}");
        }
    }
    let fingerprint = |it: &Request| it.json()["alerts"][0]["fingerprint"].clone();
    assert_eq!(fingerprint(&opened), fingerprint(&resolved));
}

#[tokio::test]
async fn alertmanager_is_told_again_while_an_incident_is_open_and_then_no_more() {
    let mut receiver = Receiver::start();
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let channel = format!(
        "{{ type: alertmanager, url: \"{}\", resend: 1s, token: \"hunter2-token\" }}",
        receiver.url()
    );
    let daemon = setup(&url, &channel).start().await;
    let mut times = Vec::new();
    let mut labels = Value::Null;
    for _ in 0..4 {
        let request = receiver.next().await;
        assert!(request.path.ends_with("/api/v2/alerts"), "{}", request.path);
        assert_eq!(request.header("authorization"), "Bearer hunter2-token");
        let alert = request.json()[0].clone();
        assert!(alert["startsAt"].is_string(), "{alert:#}");
        if !times.is_empty() {
            assert_eq!(alert["labels"], labels, "the same alert each time");
        }
        labels = alert["labels"].clone();
        times.push(request.at);
    }
    assert!(
        labels["alertname"].is_string() && labels.to_string().contains("central"),
        "{labels:#}"
    );
    drop_tables(&database, &["tmp_a"]).await;
    daemon.wait_for_verdict("central", "clean").await;
    let ended = loop {
        let request = receiver.next().await;
        let alert = request.json()[0].clone();
        let ends = alert["endsAt"].as_str().and_then(|it| it.parse::<jiff::Timestamp>().ok());
        if ends.is_some_and(|it| it <= jiff::Zoned::now().timestamp()) {
            break alert;
        }
    };
    assert_eq!(ended["labels"], labels);
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 4)).await;
}

/// While a secret is changed, the receiver may know the old one or the new one.
#[tokio::test]
async fn two_secrets_sign_twice() {
    let mut receiver = Receiver::start();
    let keys = [*b"schemawarden-signing-key", *b"schemawarden-another-key"];
    let spelled = keys.map(|it| format!("whsec_{}", STANDARD.encode(it)));
    let channel = format!(
        "{{ type: webhook, url: \"{}\", secrets: [\"{}\", \"{}\"] }}",
        receiver.url(),
        spelled[0],
        spelled[1]
    );
    let [opened, _] = opened_and_resolved(&channel, &mut receiver, Answer::Ok).await;
    let signatures: Vec<&str> = opened.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2);
    for (key, signature) in keys.iter().zip(signatures) {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
        let (id, at) = (opened.header("webhook-id"), opened.header("webhook-timestamp"));
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(&opened.body);
        assert_eq!(signature, format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
}

#[tokio::test]
async fn email_goes_through_a_mail_server() {
    let mut office = PostOffice::open();
    let (database, url) = central().await;
    create(&database, &["tmp_a"]).await;
    let channel = format!(
        "{{ type: email, host: 127.0.0.1, port: {}, security: plain, \
         from: \"warden@example.org\", to: [\"ann@example.org\", \"bob@example.org\"] }}",
        office.port()
    );
    let _daemon = setup(&url, &channel).start().await;
    let opened = office.next().await;
    assert_eq!(opened.from, "warden@example.org");
    assert_eq!(opened.to, ["ann@example.org", "bob@example.org"]);
    assert!(opened.header("subject").contains("central"), "{}", opened.text);
    assert!(opened.text.contains("tmp_a"), "{}", opened.text);
    drop_tables(&database, &["tmp_a"]).await;
    let resolved = office.next_within(Duration::from_secs(30)).await;
    assert_ne!(resolved.header("message-id"), opened.header("message-id"));
    let thread = |it: &super::post_office::Letter| it.header("references");
    assert!(!thread(&resolved).is_empty() && thread(&resolved).contains('<'), "{}", resolved.text);
    assert!(resolved.text.to_lowercase().contains("resolved"), "{}", resolved.text);
}
