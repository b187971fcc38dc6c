//! Mistakes in what this part of the config says: refused or warned of, with file, line and key.

use crate::support::workspace::Workspace;

use super::setup::central_manifest;

/// A config with a place for more; line 4 is the first of `channels`.
fn config(channels: &str, routes: &str, more: &str) -> String {
    format!(
        "databases:\n  - {{ name: central, url: \"postgres://a@127.0.0.1:9/b\", manifest: central, labels: {{ team: red }} }}\n\
         channels:\n  {channels}\nroutes:\n  {routes}\n{more}\n"
    )
}

const CHANNEL: &str = "ops: { type: webhook, url: \"http://127.0.0.1:9/x\" }";
const ROUTE: &str = "- { to: [ops] }";

/// What `validate` says of a config, as far as it is not what it should say.
async fn validated(text: &str, code: i32, words: &[&str]) -> String {
    let workspace = Workspace::new().manifest("central", &central_manifest()).config(text);
    let run = workspace.run(&["validate"]).await;
    let said = [&*run.stdout, &run.stderr].concat();
    let missing: Vec<&&str> = words.iter().filter(|it| !said.contains(**it)).collect();
    if run.code == Some(code) && missing.is_empty() {
        return String::new();
    }
    format!("{text}ended with {:?}, not {code}; nothing of {missing:?} in:\n{said}\n", run.code)
}

/// Panics with all that was not as it should be.
#[track_caller]
fn none(complaints: &[String]) {
    let complaints = complaints.concat();
    assert!(complaints.is_empty(), "{complaints}");
}

#[tokio::test]
async fn mistakes_in_channels_are_refused_with_their_line() {
    let mut wrong = Vec::new();
    for (channel, key) in [
        ("ops: { type: slak, url: \"https://x.example/y\" }", &["channels.ops.type", "slack"][..]),
        ("ops: { type: slack }", &["channels.ops", "url"]),
        ("ops: { type: slack, url: \"http://x.example/y\" }", &["channels.ops.url", "insecure"]),
        (
            "ops: { type: slack, format: blokcs, url: \"https://x.example/y\" }",
            &["channels.ops.format", "blocks"],
        ),
        (
            "ops: { type: webhook, url: \"https://x.example/y\", secret: short }",
            &["channels.ops.secret"],
        ),
        (
            "ops: { type: webhook, url: \"https://x.example/y\", secret: \"${NOT_SET}\" }",
            &["channels.ops.secret", "NOT_SET"],
        ),
        (
            "ops: { type: webhook, url: \"https://x.example/y\", format: am }",
            &["channels.ops.format", "alertmanager"],
        ),
        ("ops: { type: pagerduty }", &["channels.ops", "routing_key"]),
        ("ops: { type: pagerduty, routing_kee: R1 }", &["routing_kee", "routing_key"]),
        ("ops: { type: teams }", &["channels.ops", "url"]),
        ("ops: { type: discord, url: \"http://discord.example/y\" }", &["channels.ops.url"]),
        ("ops: { type: alertmanager, url: \"http://am.example\" }", &["channels.ops.url"]),
        (
            "ops: { type: email, host: mx.example, to: [\"a@b.example\"] }",
            &["channels.ops", "from"],
        ),
        (
            "ops: { type: email, host: mx.example, from: \"a@b.example\", to: [] }",
            &["channels.ops.to"],
        ),
        (
            "ops: { type: email, host: mx.example, from: nobody, to: [\"a@b.example\"] }",
            &["channels.ops.from"],
        ),
        (
            "ops: { type: email, host: mx.example, security: plain, from: \"a@b.example\", to: [\"a@b.example\"] }",
            &["channels.ops", "insecure"],
        ),
    ] {
        let words: Vec<&str> = [&["config.yaml:4:"][..], key].concat();
        wrong.push(validated(&config(channel, ROUTE, ""), 2, &words).await);
    }
    let insecure = "ops: { type: slack, url: \"http://x.example/y\", insecure: true }";
    wrong.push(validated(&config(insecure, ROUTE, ""), 0, &[]).await);
    none(&wrong);
}

#[tokio::test]
async fn mistakes_in_routes_are_refused_with_their_line() {
    let mut wrong = Vec::new();
    for (route, key) in [
        ("- { match: { kind: [drfit] }, to: [ops] }", &["routes[0].match.kind", "drift"][..]),
        ("- { match: { severity: grave }, to: [ops] }", &["routes[0].match.severity", "critical"]),
        ("- { match: { labels: { team: [] } }, to: [ops] }", &["routes[0].match.labels"]),
        ("- { match: { databse: x }, to: [ops] }", &["databse", "database"]),
        ("- { group_by: [manifst], to: [ops] }", &["routes[0].group_by", "manifest"]),
        ("- { to: [\"team-{labels.team}\"] }", &["routes[0]", "fallback"]),
        ("- { to: [\"team-{labels.team}\"], fallback: [oops] }", &["routes[0].fallback", "ops"]),
        ("- { to: [\"team-{label.team}\"], fallback: [ops] }", &["routes[0].to", "labels"]),
        ("- { to: [oops] }", &["routes[0].to", "ops"]),
        ("- { to: [] }", &["routes[0].to"]),
        ("- { to: [ops], group_wait: soon }", &["routes[0].group_wait", "30s"]),
        ("- { to: [ops], repeat_interval: 0s }", &["routes[0].repeat_interval"]),
        ("- { to: [ops], max_items: -1 }", &["max_items"]),
        ("- { to: [ops], runbook_url: \"javascript:alert(1)\" }", &["routes[0].runbook_url"]),
    ] {
        let words: Vec<&str> = [&["config.yaml:6:"][..], key].concat();
        let routes = format!("{route}\n  - {{ to: [ops] }}");
        wrong.push(validated(&config(CHANNEL, &routes, ""), 2, &words).await);
    }
    let narrow = "- { match: { database: central }, to: [ops] }";
    wrong.push(validated(&config(CHANNEL, narrow, ""), 2, &["config.yaml:6:", "routes"]).await);
    let goes_on = "- { to: [ops], continue: true }";
    wrong.push(validated(&config(CHANNEL, goes_on, ""), 2, &["config.yaml:6:", "continue"]).await);
    none(&wrong);
}

#[tokio::test]
async fn mistakes_in_windows_tokens_and_the_rest_are_refused_with_their_line() {
    let mut wrong = Vec::new();
    let window = |rest: &str| {
        format!("maintenance:\n  - {{ name: w, match: {{ database: central }}, {rest} }}")
    };
    let once = |from: &str, to: &str| {
        window(&format!("once: {{ from: \"{from}\", to: \"{to}\" }}, timezone: UTC"))
    };
    for (more, line, key) in [
        (
            window(
                "weekly: { days: [sun], from: \"02:00\", to: \"04:00\" }, timezone: Europe/Zuerich",
            ),
            8,
            &["maintenance[0].timezone", "Europe/Zurich"][..],
        ),
        (
            window("weekly: { days: [sonntag], from: \"02:00\", to: \"04:00\" }, timezone: UTC"),
            8,
            &["maintenance[0].weekly.days"],
        ),
        (
            window("weekly: { days: [sun], from: \"25:00\", to: \"04:00\" }, timezone: UTC"),
            8,
            &["maintenance[0].weekly.from"],
        ),
        (window("weekly: { days: [sun], from: \"02:00\", to: \"04:00\" }"), 8, &["timezone"]),
        (window("timezone: UTC"), 8, &["weekly", "once"]),
        (once("2026-12-02T02:00", "2026-12-01T02:00"), 8, &["maintenance[0].once"]),
        (once("tomorrow", "2026-12-01T02:00"), 8, &["maintenance[0].once.from"]),
        (
            "messages: { timezone: Mars/Olympus }".to_owned(),
            7,
            &["messages.timezone", "Mars/Olympus"],
        ),
        ("deploy: { max: forever }".to_owned(), 7, &["deploy.max"]),
        ("defaults: { confirm: 0 }".to_owned(), 7, &["defaults.confirm"]),
        ("defaults: { flap_window: ten }".to_owned(), 7, &["defaults.flap_window"]),
        ("networks: { deny: [\"10.0.0.0/33\"] }".to_owned(), 7, &["networks.deny"]),
        (
            "heartbeat: { url: \"http://hc.example/x\" }".to_owned(),
            7,
            &["heartbeat.url", "insecure"],
        ),
        ("heartbeat: { every: 1m }".to_owned(), 7, &["heartbeat", "url"]),
        ("http: { external_url: warden }".to_owned(), 7, &["http.external_url"]),
        ("http: { tokens: [{ name: a, token: x }] }".to_owned(), 7, &["http.tokens[0].token"]),
        ("http: { tokens: [{ name: a, token: \"${NOT_SET}\" }] }".to_owned(), 7, &["NOT_SET"]),
    ] {
        let place = format!("config.yaml:{line}:");
        let words: Vec<&str> = [&[&*place][..], key].concat();
        wrong.push(validated(&config(CHANNEL, ROUTE, &more), 2, &words).await);
    }
    none(&wrong);
}

#[tokio::test]
async fn what_matches_nothing_or_is_never_reached_is_warned_of() {
    let mut wrong = Vec::new();
    for (route, key) in [
        ("- { match: { database: centrall }, to: [ops] }", &["match.database", "central"][..]),
        ("- { match: { manifest: centrl }, to: [ops] }", &["match.manifest", "central"]),
        ("- { match: { labels: { taem: red } }, to: [ops] }", &["match.labels"]),
        ("- { match: { labels: { team: [blue] } }, to: [ops] }", &["match.labels", "blue"]),
    ] {
        let words: Vec<&str> = [&["config.yaml:6:", "routes[0]"][..], key].concat();
        let routes = format!("{route}\n  {ROUTE}");
        wrong.push(validated(&config(CHANNEL, &routes, ""), 0, &words).await);
    }
    let twice = format!("{ROUTE}\n  {ROUTE}");
    wrong.push(validated(&config(CHANNEL, &twice, ""), 0, &["config.yaml:7:", "routes[1]"]).await);
    let window = "maintenance:\n  - { name: w, match: { database: centrall }, timezone: UTC, \
                  weekly: { days: [sun], from: \"02:00\", to: \"04:00\" } }";
    wrong
        .push(validated(&config(CHANNEL, ROUTE, window), 0, &["config.yaml:8:", "centrall"]).await);
    none(&wrong);
}
