//! Maintenance windows, the endpoint, networks, the heartbeat, deploys, messages, and how incidents
//! live.

use std::time::Duration;

use jiff::civil::Weekday;
use jiff::civil::date;
use jiff::civil::time;

use super::*;
use crate::incident::Life;
use crate::silence::When;

const CHANNELS: &str = "channels: {ops: {type: slack, url: \"${SLACK}\"}}\nroutes: [{to: [ops]}]\n";

fn with(more: &str) -> String {
    format!("{DATABASES}{CHANNELS}{more}")
}

#[test]
fn every_section_is_read() {
    let folder = Folder::new();
    folder.put("token", "0123456789abcdef0123456789abcdef\n");
    folder.put("beat", "https://beat.example.com/hunter2");
    let text = with(
        "http: {external_url: \"https://warden.example/base/\", token_file: t/own.token, tokens: \
         [{name: ci, token_file: token}]}\nnetworks: {allow: [10.0.0.0/8, \"fd00::/8\", 192.0.2.7], deny: \
         [10.1.0.0/16]}\nheartbeat: {url_file: beat, every: 30s}\ndeploy: {max: 2h}\nmessages: {timezone: \
         Europe/Zurich}\nmaintenance:\n  - {name: sunday, weekly: {days: [sun, mon, sun], from: \"22:00\", to: \
         \"02:30\"}, timezone: Europe/Zurich}\n  - {name: move, match: {database: a}, once: {from: \
         2026-12-01T22:00, to: \"2026-12-02 02:00\"}, timezone: UTC}\n",
    )
    .replace("manifest: central", "manifest: central, confirm: 2, flap_window: 0s");
    let text = format!("defaults: {{confirm: 3, confirm_failing: 5}}\n{text}");
    let config = folder.load(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    assert!(config.warnings.is_empty(), "{:?}", folder.words(&config.warnings));
    let life = Life { confirm: 2, confirm_failing: 5, flap_window: Duration::ZERO };
    assert_eq!(config.databases[0].life, life);
    assert_eq!(config.deploy_max, Duration::from_hours(2));
    assert_eq!(config.messages.timezone.iana_name(), Some("Europe/Zurich"));
    let external = config.messages.external_url.as_ref().map(Url::as_str);
    assert_eq!(external, Some("https://warden.example/base/"));
    let [made, ci] = config.http.tokens.as_slice() else { panic!("two tokens") };
    assert!(matches!(&made.source, TokenSource::Made(it) if it.ends_with("t/own.token")));
    assert_eq!((made.name.as_str(), ci.name.as_str()), ("local", "ci"));
    for (address, may) in
        [("10.2.3.4", true), ("10.1.2.3", false), ("192.0.2.7", true), ("::1", false)]
    {
        assert_eq!(config.networks.permit(address.parse().unwrap()), may, "{address}");
    }
    assert_eq!(config.heartbeat.as_ref().map(|it| it.every), Some(Duration::from_secs(30)));
    let [sunday, once] = config.policy.maintenance.as_slice() else { panic!("two windows") };
    let days = vec![Weekday::Sunday, Weekday::Monday];
    let weekly = When::Weekly { days, from: time(22, 0, 0, 0), to: time(2, 30, 0, 0) };
    assert_eq!((&sunday.when, sunday.matcher.is_empty()), (&weekly, true));
    let (from, to) = (date(2026, 12, 1).at(22, 0, 0, 0), date(2026, 12, 2).at(2, 0, 0, 0));
    assert_eq!(once.when, When::Once { from, to });
}

#[test]
fn without_these_sections_the_documented_defaults_hold() {
    let folder = Folder::new();
    let config =
        folder.load(&DATABASES.replace("databases", "state: {sqlite: x/y.db}\ndatabases")).unwrap();
    assert_eq!(config.databases[0].life, Life::default());
    assert_eq!(config.deploy_max, Duration::from_hours(4));
    let [made] = config.http.tokens.as_slice() else { panic!("one token") };
    let want = folder.0.path().join("x/y.token");
    assert!(matches!(&made.source, TokenSource::Made(it) if *it == want), "{made:?}");
    assert!(config.heartbeat.is_none() && config.policy.maintenance.is_empty());
    assert!(config.networks.permit("169.254.0.1".parse().unwrap()));
    let named = folder
        .load(&with("http: {tokens: [{name: a, token: \"0123456789abcdef0123456789abcdef\"}]}\n"));
    assert_eq!(named.unwrap().http.tokens.len(), 1);
}

#[test]
#[rustfmt::skip]
fn every_mistake_of_these_sections_is_told() {
    let window = |more: &str| with(&format!("maintenance: [{{name: w, {more}}}]\n"));
    let sun = "weekly: {days: sun, from: \"02:00\", to: \"04:00\"}";
    let cases: &[(&str, String, &[&str])] = &[
        ("unknown zone", window(&format!("{sun}, timezone: Europe/Zurch")),
            &["c.yaml:5:84: maintenance[0].timezone: there is no time zone `Europe/Zurch`; did you mean `Europe/Zurich`?"]),
        ("no zone", window(sun),
            &["c.yaml:5:15: maintenance[0].timezone: this key is required"]),
        ("neither", window("timezone: UTC"),
            &["c.yaml:5:22: maintenance[0]: `weekly` or `once` is required"]),
        ("both", window(&format!("{sun}, once: {{from: \"2026-12-01T22:00\", to: \"2026-12-02T02:00\"}}, timezone: UTC")),
            &["c.yaml:5:33: maintenance[0]: `weekly` and `once` together; keep one of the two"]),
        ("days", window("weekly: {days: [sunday, so, mon], from: \"25:00\", to: \"2\"}, timezone: UTC"),
            &["c.yaml:5:41: maintenance[0].weekly.days: there is no day `sunday`; use one of mon, tue, wed, thu, fri, sat, sun",
              "c.yaml:5:49: maintenance[0].weekly.days: there is no day `so`; use one of mon, tue, wed, thu, fri, sat, sun",
              "c.yaml:5:65: maintenance[0].weekly.from: `25:00` is not a time of day; write it as \"22:00\"",
              "c.yaml:5:78: maintenance[0].weekly.to: `2` is not a time of day; write it as \"22:00\""]),
        ("no day", window("weekly: {days: [], from: \"2:00\", to: \"04\"}, timezone: UTC"),
            &["c.yaml:5:40: maintenance[0].weekly.days: names no day",
              "c.yaml:5:50: maintenance[0].weekly.from: `2:00` is not a time of day; write it as \"22:00\"",
              "c.yaml:5:62: maintenance[0].weekly.to: `04` is not a time of day; write it as \"22:00\""]),
        ("always", window("weekly: {days: [mon, tue, wed, thu, fri, sat, sun], from: \"00:00\", to: \"00:00\"}, timezone: UTC"),
            &["c.yaml:5:33: maintenance[0].weekly: never closes: nothing would ever be told"]),
        ("once", window("once: {from: \"2026-12-01T22:00Z\", to: \"2026-12-01\"}, timezone: UTC"),
            &["c.yaml:5:38: maintenance[0].once.from: `2026-12-01T22:00Z` is not a day and a time; write it as \"2026-12-01T22:00\", in the window's `timezone`",
              "c.yaml:5:63: maintenance[0].once.to: `2026-12-01` is not a day and a time; write it as \"2026-12-01T22:00\", in the window's `timezone`"]),
        ("backwards", window("once: {from: \"2026-12-01T22:00\", to: \"2026-12-01T21:00\"}, timezone: UTC"),
            &["c.yaml:5:62: maintenance[0].once.to: must be after `from`"]),
        ("twice", with(&format!("maintenance: [{{name: w, {sun}, timezone: UTC}}, {{name: w, {sun}, timezone: UTC, match: {{kind: drft}}}}]\n")),
            &["c.yaml:5:97: maintenance[1].name: the name `w` is taken at 5:22",
              "c.yaml:5:178: maintenance[1].match.kind: there is no incident kind `drft`; did you mean `drift`?"]),
        ("tokens", with("http: {token_file: x, tokens: [{name: local, token: short}, {name: a}, {name: a, token: x, token_file: z}]}\n"),
            &["c.yaml:5:39: http.tokens[0].name: the token of `token_file` is called `local`",
              "c.yaml:5:53: http.tokens[0].token: a token has at least 32 visible ASCII characters, no space; make one: openssl rand -hex 32",
              "c.yaml:5:68: http.tokens[1]: a: `token` or `token_file` is required",
              "c.yaml:5:79: http.tokens[2].name: the name `a` is taken at 5:68",
              "c.yaml:5:89: http.tokens[2].token: `token` and `token_file` together; keep one of the two"]),
        ("no tokens", with("http: {tokens: []}\n"),
            &["c.yaml:5:16: http.tokens: there is no token, so nobody could change anything; leave the key out, and the daemon makes one"]),
        ("links", with("http: {external_url: \"warden.example\"}\n"),
            &["c.yaml:5:22: http.external_url: not a URL: relative URL without a base"]),
        ("links with a login", with("http: {external_url: \"https://u:hunter2@warden.example\"}\n"),
            &["c.yaml:5:22: http.external_url: holds a login, and stands in every message; leave the login out"]),
        ("links with a query", with("http: {external_url: \"https://warden.example/?a=b\"}\n"),
            &["c.yaml:5:22: http.external_url: must end with its path: `?` and `#` cannot be continued"]),
        ("networks", with("networks: {allow: [], deny: [10.0.0.1/8, everything, \"::/129\"]}\n"),
            &["c.yaml:5:19: networks.allow: allows nothing, so no message could leave; leave it out to allow all but `deny`",
              "c.yaml:5:30: networks.deny[0]: `10.0.0.1/8` is an address in a network; did you mean `10.0.0.0/8`?",
              "c.yaml:5:42: networks.deny[1]: `everything` is not a network; write it as 10.0.0.0/8, fd00::/8, or one address",
              "c.yaml:5:54: networks.deny[2]: `::/129` is not a network; write it as 10.0.0.0/8, fd00::/8, or one address"]),
        ("the issue's words", with("allow_networks: [10.0.0.0/8]\ndeny_networks: []\n"),
            &["c.yaml:5:17: allow_networks: unknown key; did you mean `networks: { allow: […] }`?",
              "c.yaml:6:16: deny_networks: unknown key; did you mean `networks: { deny: […] }`?"]),
        ("a mail server outside", with("networks: {deny: [10.0.0.0/8]}\n").replace("type: slack, url: \"${SLACK}\"", "type: email, host: 10.1.2.3, from: a@b.example, to: c@d.example"),
            &["c.yaml:3:37: channels.ops.host: `networks` does not permit this address"]),
        ("a receiver outside", with("networks: {deny: [127.0.0.0/8]}\n").replace("${SLACK}", "http://127.0.0.1:1/hunter2"),
            &["c.yaml:3:36: channels.ops.url: `networks` does not permit this address"]),
        ("heartbeat", with("heartbeat: {every: 0s}\n"),
            &["c.yaml:5:12: heartbeat: `url` or `url_file` is required",
              "c.yaml:5:20: heartbeat.every: must be from 1s to 1d"]),
        ("heartbeat in the clear", with("heartbeat: {url: \"http://beat.example.com/hunter2\"}\n"),
            &["c.yaml:5:18: heartbeat.url: a receiver beyond loopback must be https; or write `insecure: true` beside it"]),
        ("deploys", with("deploy: {max: 30d}\n"),
            &["c.yaml:5:15: deploy.max: must be from 1m to 7d"]),
        ("zones of messages", with("messages: {timezone: Zurich}\n"),
            &["c.yaml:5:22: messages.timezone: there is no time zone `Zurich`; did you mean `Europe/Zurich`?"]),
        ("lives", format!("defaults: {{confirm: 0, confirm_failing: 1000, flap_window: 48h}}\n{}", with("")).replace("manifest: central", "manifest: central, confirm: two"),
            &["c.yaml:1:21: defaults.confirm: must be from 1 to 10",
              "c.yaml:1:41: defaults.confirm_failing: must be from 1 to 100",
              "c.yaml:1:60: defaults.flap_window: must be from 0s to 1d",
              "c.yaml:3:61: databases[0].confirm: expected a whole number, found the text `two`"]),
    ];
    for (case, text, want) in cases {
        check(case, text, want);
    }
}

#[test]
fn a_window_that_is_over_is_a_warning() {
    let folder = Folder::new();
    let text = with(
        "maintenance: [{name: w, once: {from: \"2025-07-05T11:00\", to: \"2025-07-05T12:00\"}, timezone: ZONE}]\n",
    );
    // It is 10:00 in UTC.
    let config = folder.load(&text.replace("ZONE", "Europe/Zurich")).unwrap();
    assert_eq!(folder.words(&config.warnings), ["c.yaml:5:31: maintenance[0].once: is over"]);
    assert!(folder.load(&text.replace("ZONE", "UTC")).unwrap().warnings.is_empty());
}
