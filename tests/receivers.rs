//! Every receiver as a user tries it: the real command, a real config, and what came over the wire.

use serde_json::Value;

use crate::support::cli::CANARY;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::smtp::SmtpServer;
use crate::support::tls::Authority;
use crate::support::tls::Validity;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A database that no test here looks at.
const NOBODY: &str = "postgres://nobody@127.0.0.1:9/nobody";

/// A workspace whose channel `it` is this.
fn workspace(channel: &str) -> Workspace {
    let config = ConfigText::new().database("central", NOBODY, "central").channel("it", channel);
    Workspace::new().config(&config).manifest("central", "manifest: central\ntables: [User]\n")
}

/// A channel, what its receiver answers, how the path it is asked for ends, and whether a body is right.
type Case = (&'static str, Answer, &'static str, fn(&Value) -> bool);

#[tokio::test]
async fn every_http_receiver_gets_what_it_reads() {
    let ok = || Answer::status(202, "{}");
    #[rustfmt::skip]
    let cases: [Case; 8] = [
        ("type: slack", Answer::Ok, "", |it| it["blocks"].is_array()),
        ("type: slack, format: attachments", Answer::Ok, "", |it| it["attachments"][0]["color"] == "#7f5af0"),
        ("type: webhook", ok(), "", |it| it["type"] == "test" && it["version"] == 1),
        ("type: webhook, format: alertmanager", ok(), "", |it| it["version"] == "4" && it["receiver"] == "it"),
        ("type: pagerduty, routing_key: hunter2hunter2hunter2hunter2hunt", ok(), "",
            |it| it["event_action"] == "trigger" && it["dedup_key"] == "schemawarden:test"),
        ("type: teams", ok(), "", |it| it["attachments"][0]["content"]["type"] == "AdaptiveCard"),
        ("type: discord", Answer::status(200, "{\"id\":\"1\"}"), "?wait=true",
            |it| it["embeds"][0]["color"].is_u64() && it["allowed_mentions"]["parse"] == serde_json::json!([])),
        ("type: alertmanager, token: hunter2", ok(), "/api/v2/alerts", |it| it[0]["labels"]["alertname"] == "SchemawardenTest"),
    ];
    for (channel, answer, path, is_right) in cases {
        let mut receiver = Receiver::start();
        receiver.script([answer.clone(), answer]);
        let channel = format!("{{ {channel}, url: \"{}\" }}", receiver.url());
        let run = workspace(&channel).run(&["notify-test", "it"]).await;
        run.ended(0).says("delivered");
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "{run:?}");
        let request = receiver.next().await;
        assert!(request.path.ends_with(path), "{channel}: {}", request.path);
        assert!(is_right(&request.json()), "{channel}: {:#}", request.json());
        if channel.contains("pagerduty") {
            // It would stay open: nobody else ends it.
            run.says("`schemawarden:test` is resolved again");
            let end = receiver.next().await.json();
            assert_eq!(
                (&end["event_action"], &end["dedup_key"]),
                (&"resolve".into(), &"schemawarden:test".into())
            );
        }
        if channel.contains("alertmanager, token") {
            assert_eq!(request.header("authorization"), "Bearer hunter2");
        }
    }
}

#[tokio::test]
async fn a_rotated_secret_signs_twice() {
    let mut receiver = Receiver::start();
    let new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let old = "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let url = receiver.url();
    let channel = format!("{{ type: webhook, url: \"{url}\", secrets: [\"{new}\", \"{old}\"] }}");
    workspace(&channel).run(&["notify-test", "it"]).await.ended(0);
    let request = receiver.next().await;
    let signatures: Vec<&str> = request.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2, "{signatures:?}");
    assert!(signatures.iter().all(|it| it.starts_with("v1,")) && signatures[0] != signatures[1]);
}

#[tokio::test]
async fn what_a_receiver_says_decides() {
    #[rustfmt::skip]
    let cases = [
        ("type: pagerduty, routing_key: hunter2hunter2hunter2hunter2hunt",
            Answer::status(400, "{\"errors\":[\"Invalid routing key hunter2hunter2hunter2hunter2hunt\"]}"), "broken"),
        ("type: teams", Answer::status(400, "{\"error\":{\"code\":\"WorkflowTriggerIsNotEnabled\"}}"), "broken"),
        ("type: discord", Answer::status(429, "{\"retry_after\":7.5}"), "asks to wait 7 s"),
        ("type: discord", Answer::status(404, "{\"code\":10015}"), "broken"),
        ("type: alertmanager", Answer::status(503, ""), "would try again"),
        ("type: slack, format: attachments",
            Answer::status(400, "{\"id\":\"web.incoming_webhook.invalid.app_error\"}"), "broken"),
    ];
    for (channel, answer, word) in cases {
        let receiver = Receiver::start();
        receiver.script([answer]);
        let channel = format!("{{ {channel}, url: \"{}\" }}", receiver.url());
        let run = workspace(&channel).run(&["notify-test", "it"]).await;
        run.ended(2).says("not delivered").says(word);
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "{run:?}");
    }
}

/// Nothing connects to what `networks` denies, however the address is spelt. An address is refused when
/// the config is read, a name when it is resolved.
#[tokio::test]
async fn a_denied_network_is_not_connected_to() {
    let mut trap = Receiver::start();
    let url = trap.url();
    let port = url.split([':', '/']).nth(4).expect("http://HOST:PORT/PATH");
    let elsewhere = "{ type: slack, url: \"https://hooks.example/x\" }";
    let channel = "{ type: teams, url_file: url, insecure: true }";
    let config = ConfigText::new()
        .database("central", NOBODY, "central")
        .channel("ops", elsewhere)
        .channel("it", channel);
    let denied = format!("{config}networks: {{ deny: [127.0.0.0/8, \"::1/128\"] }}\n");
    let workspace =
        Workspace::new().config(&denied).manifest("central", "manifest: central\ntables: [User]\n");
    let hosts =
        ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "localhost"];
    for host in hosts {
        workspace.rewrite("url", &format!("http://{host}:{port}/x\n"));
        let run = workspace.run(&["notify-test", "it"]).await;
        run.ended(2).says("networks").says(if host == "localhost" { "broken" } else { "permit" });
    }
    trap.assert_idle();
    // The same is reached where nothing denies it.
    trap.script([Answer::status(202, "")]);
    workspace.rewrite("config.yaml", &config.to_string());
    workspace.run(&["notify-test", "it"]).await.ended(0);
    trap.next().await;
    // Mail goes by the same networks.
    let channel = "{ type: email, host: localhost, port: 9, security: plain, from: a@example.com, to: [b@example.com] }";
    let config = config.channel("it", channel);
    let denied = format!("{config}networks: {{ allow: [10.0.0.0/8] }}\n");
    workspace.rewrite("config.yaml", &denied);
    workspace.run(&["notify-test", "it"]).await.ended(2).says("broken").says("networks");
}

/// An `email` channel to the server on this port.
fn mail(port: u16, to: &str, more: &str) -> String {
    format!(
        "{{ type: email, host: 127.0.0.1, port: {port}, from: warden@example.com, to: [{to}], {more} }}"
    )
}

#[tokio::test]
async fn mail_goes_by_starttls_with_a_login() {
    let authority = Authority::new("mail");
    let place = tempfile::tempdir().unwrap();
    let root = authority.write_root(place.path());
    let identity = authority.server(&["127.0.0.1"], Validity::Current);
    let (certificate, key) = identity.write(place.path());
    let login = ["--user", "warden", "--password", CANARY];
    let mut server = SmtpServer::with_tls(&certificate, &key, &login).await;
    let trusting = format!("sslrootcert: \"{}\"", root.display());
    let account = format!("{trusting}, user: warden, password: {CANARY}");
    let run = workspace(&mail(server.port, "ops@example.com, dba@example.com", &account))
        .run(&["notify-test", "it"])
        .await;
    run.ended(0).says("delivered").says("taken");
    let got = server.next().await;
    assert_eq!(got["tls"], true);
    assert_eq!(got["user"], "warden");
    assert_eq!(got["to"], serde_json::json!(["ops@example.com", "dba@example.com"]));
    let source = got["source"].as_str().unwrap();
    assert!(source.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{source}");
    assert!(source.contains("multipart/alternative"), "{source}");

    // A wrong password, and a certificate that nobody we trust has signed.
    let wrong = format!("{trusting}, user: warden, password: not-it-at-all");
    let run =
        workspace(&mail(server.port, "ops@example.com", &wrong)).run(&["notify-test", "it"]).await;
    run.ended(2).says("broken").says("does not let us in");
    assert!(!run.stdout.contains("not-it-at-all"), "{run:?}");
    let stranger = workspace(&mail(server.port, "ops@example.com", "security: starttls"));
    stranger.run(&["notify-test", "it"]).await.ended(2).says("TLS").says("would try again");
}

#[tokio::test]
async fn mail_servers_that_refuse_are_understood() {
    let mut server = SmtpServer::start(&[]).await;
    #[rustfmt::skip]
    let cases = [
        ("later@example.com",  "security: plain",    "would try again"),
        ("nobody@example.com", "security: plain",    "broken"),
        ("full@example.com",   "security: plain",    "refuses this message"),
        ("ops@example.com",    "security: starttls", "does not offer STARTTLS"),
    ];
    for (to, security, word) in cases {
        let run = workspace(&mail(server.port, to, security)).run(&["notify-test", "it"]).await;
        run.ended(2).says("not delivered").says(word);
    }
    // One who does not take it does not keep it from the others.
    let both = mail(server.port, "nobody@example.com, ops@example.com", "security: plain");
    workspace(&both).run(&["notify-test", "it"]).await.ended(0).says("refused nobody@");
    assert_eq!(server.next().await["to"], serde_json::json!(["ops@example.com"]));
}
