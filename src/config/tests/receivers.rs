//! Every type of channel, good and bad.

use std::time::Duration;

use super::*;

/// Channels that a config of one database has, and a route to each.
fn told(channels: &[(&str, &str)]) -> String {
    let all = channels
        .iter()
        .map(|(name, yaml)| format!("  {name}: {{{yaml}}}\n"))
        .collect::<Vec<_>>()
        .concat();
    let names: Vec<_> = channels.iter().map(|(name, _)| *name).collect();
    format!("{DATABASES}channels:\n{all}routes: [{{to: [{}]}}]\n", names.join(", "))
}

const HTTPS: &str = "url: \"https://receiver.example.com/hunter2\"";
const KEY2: &str = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4";
const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn every_type_of_channel_is_read() {
    let folder = Folder::new();
    folder.put("key", KEY);
    folder.put("key2", KEY2);
    folder.put("password", "hunter2");
    folder.put("ca.pem", "x");
    let email = "type: email, host: mail.example.com, user: u, password_file: password, \
                 from: warden@example.com, to: [ops@example.com, dba@example.com], sslrootcert: ca.pem";
    let text = told(&[
        ("slack", &format!("type: slack, {HTTPS}, format: attachments")),
        ("two", &format!("type: webhook, {HTTPS}, secrets: [\"{KEY}\", \"{KEY2}\"]")),
        (
            "files",
            &format!("type: webhook, {HTTPS}, secret_files: [key, key2], format: alertmanager"),
        ),
        ("pd", &format!("type: pagerduty, routing_key: \"{ROUTING_KEY}\"")),
        (
            "pd-here",
            &format!(
                "type: pagerduty, routing_key: \"{ROUTING_KEY}\", url: \"http://127.0.0.1:1/\""
            ),
        ),
        ("teams", &format!("type: teams, {HTTPS}")),
        ("discord", &format!("type: discord, {HTTPS}")),
        ("am", &format!("type: alertmanager, {HTTPS}, token: hunter2, resend: 30s")),
        ("mail", email),
        ("local-mail", "type: email, host: localhost, security: plain, from: a@b, to: c@d"),
        ("tls-mail", "type: email, host: \"::1\", security: tls, port: 2465, from: a@b, to: c@d"),
    ]);
    let config = folder.load(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(!format!("{config:?}").contains("hunter2"));
    let kind = |name: &str| config.channels[name].kind.clone();
    assert!(matches!(kind("slack"), ChannelKind::Slack { format: SlackFormat::Attachments, .. }));
    for (name, format) in [("two", WebhookFormat::Standard), ("files", WebhookFormat::Alertmanager)]
    {
        let ChannelKind::Webhook { secrets, format: got, .. } = kind(name) else {
            panic!("{name}")
        };
        assert_eq!((secrets.len(), got), (2, format), "{name}");
    }
    let ChannelKind::PagerDuty { url: SecretSource::Inline(url), .. } = kind("pd") else {
        panic!()
    };
    assert_eq!(url.expose(), "https://events.pagerduty.com/v2/enqueue");
    let one_by_one: Vec<_> = config.policy.one_by_one.iter().map(String::as_str).collect();
    assert_eq!(one_by_one, ["pd", "pd-here"]);
    assert_eq!(config.policy.channels.len(), 11);
    let ChannelKind::Alertmanager { token, resend, .. } = kind("am") else { panic!() };
    assert_eq!((token.is_some(), resend), (true, Duration::from_secs(30)));
    let mail = |name: &str| {
        let ChannelKind::Email(it) = kind(name) else { panic!("{name}") };
        (it.host.clone(), it.port, it.security, it.login.is_some(), it.to.len(), it.root.is_some())
    };
    let plain = |host: &str, port, security| (host.to_owned(), port, security, false, 1, false);
    let whole = ("mail.example.com".to_owned(), 587, MailSecurity::StartTls, true, 2, true);
    assert_eq!(mail("mail"), whole);
    assert_eq!(mail("local-mail"), plain("localhost", 25, MailSecurity::Plain));
    assert_eq!(mail("tls-mail"), plain("::1", 2465, MailSecurity::Tls));
}

#[track_caller]
fn one(channel: &str, want: &[&str]) {
    check(channel, &told(&[("a", channel)]), want);
}

#[test]
#[rustfmt::skip]
fn every_mistake_of_a_channel_is_told() {
    let with = |more: &str| format!("{HTTPS}, {more}");
    one(&with("type: opsgenie"),
        &["c.yaml:4:58: channels.a.type: there is no channel type `opsgenie`; use one of slack, webhook, pagerduty, teams, discord, alertmanager, email"]);
    one(&with("type: mattermost"),
        &["c.yaml:4:58: channels.a.type: there is no channel type `mattermost`; use type `slack` with `format: attachments`"]);
    one(&with("type: carrier-pigeon"),
        &["c.yaml:4:58: channels.a.type: there is no channel type `carrier-pigeon`; use one of slack, webhook, pagerduty, teams, discord, alertmanager, email"]);
    one("type: pagerdutty, routing_key: x",
        &["c.yaml:4:13: channels.a.type: there is no channel type `pagerdutty`; did you mean `pagerduty`?"]);
    one(&with("type: teams, secret: x, routing_key: x"),
        &["c.yaml:4:73: channels.a.secret: a `teams` channel has no such key; its URL is the secret",
          "c.yaml:4:89: channels.a.routing_key: a `teams` channel has no such key; it has `url`, `url_file`"]);
    one(&with("type: slack, format: block"),
        &["c.yaml:4:73: channels.a.format: a `slack` channel has no format `block`; use `blocks` or `attachments`"]);
    one(&with("type: webhook, secrets: []"),
        &["c.yaml:4:76: channels.a.secrets: names no key; leave it out to send without signatures"]);
    one(&with(&format!("type: webhook, secret: \"{KEY}\", secrets: [\"{KEY}\"]")),
        &["c.yaml:4:126: channels.a.secrets: beside a single key; keep one way to name the keys"]);
    one(&with(&format!("type: webhook, secrets: [\"{KEY}\", \"{KEY}\", hunter2]")),
        &["c.yaml:4:76: channels.a.secrets: more than two keys; a rotation needs the old one and the new one",
          "c.yaml:4:161: channels.a.secrets[2]: a signing key is `whsec_` and 24 to 64 bytes in base64; make one: echo whsec_$(openssl rand -base64 32)"]);
    one("type: pagerduty",
        &["c.yaml:4:3: channels.a: `routing_key` or `routing_key_file` is required"]);
    one("type: pagerduty, routing_key: hunter2",
        &["c.yaml:4:37: channels.a.routing_key: an integration key has 32 letters and digits; take that of an `Events API V2` integration of the service"]);
    one(&with("type: alertmanager, resend: 1d, token: \"\""),
        &["c.yaml:4:80: channels.a.resend: must be from 1s to 1h",
          "c.yaml:4:91: channels.a.token: must not be empty"]);
    one("type: email",
        &["c.yaml:4:3: channels.a: `host` is required",
          "c.yaml:4:3: channels.a: `from` is required",
          "c.yaml:4:3: channels.a: `to` is required"]);
    one("type: email, host: \"smtp://mail\", port: 0, security: startls, user: u, from: Warden <a@b>, to: []",
        &["c.yaml:4:26: channels.a.host: `…` is not the name or address of a host; write the port under `port`",
          "c.yaml:4:47: channels.a.port: must be from 1 to 65535",
          "c.yaml:4:60: channels.a.security: there is no security `startls`; did you mean `starttls`?",
          "c.yaml:4:75: channels.a.user: a user without `password` or `password_file`",
          "c.yaml:4:84: channels.a.from: not a mail address; write it as ops@example.com, without a name or brackets",
          "c.yaml:4:102: channels.a.to: must name 1 to 50 addresses"]);
    one("type: email, host: mail.example.com, security: plain, password: hunter2, from: a@b, to: [c, \"c@d e\"]",
        &["c.yaml:4:54: channels.a.security: mail beyond loopback must be protected; use `starttls` or `tls`, or write `insecure: true` beside it",
          "c.yaml:4:71: channels.a.password: a password without `user`",
          "c.yaml:4:96: channels.a.to: not a mail address; write it as ops@example.com, without a name or brackets",
          "c.yaml:4:99: channels.a.to: not a mail address; write it as ops@example.com, without a name or brackets"]);
    one("type: teams",
        &["c.yaml:4:3: channels.a: `url` or `url_file` is required"]);
}

#[test]
fn what_a_channel_risks_is_a_warning() {
    let folder = Folder::new();
    let text = told(&[(
        "mail",
        "type: email, host: mail.example.com, security: plain, insecure: true, from: a@b, to: c@d",
    )]);
    let config = folder.load(&text).unwrap();
    assert_eq!(
        folder.words(&config.warnings),
        [
            "c.yaml:4:57: channels.mail.security: `insecure`: whoever is on the way reads the mail, and the password"
        ]
    );
}

/// A key of digits is a number to YAML, and messages name the number that they found.
#[test]
fn no_mistake_repeats_a_key_of_digits() {
    let digits = "12345678901234567890123456789012";
    for (channel, help) in [
        (
            format!("type: pagerduty, routing_key: {digits}"),
            "channels.a.routing_key: expected text",
        ),
        (format!("type: webhook, {HTTPS}, secrets: [{digits}]"), "channels.a.secrets[0]: expected"),
        (
            format!("type: alertmanager, {HTTPS}, token: {digits}"),
            "channels.a.token: expected text",
        ),
    ] {
        let got = Folder::new().load(&told(&[("a", &channel)])).map(|_| ()).unwrap_err();
        assert!(got[0].contains(help), "{got:?}");
        assert!(got.iter().all(|it| !it.contains(digits)), "{got:?}");
    }
}
