//! Routes and matchers, good and bad.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::incident::IncidentKind;
use crate::route::GroupBy;
use crate::route::Matcher;
use crate::route::Pattern;
use crate::route::Piece;
use crate::route::Route;

const FLEET: &str = "databases:\n\
    \x20 - {name: central, url: \"host=/tmp\", manifest: central, labels: {team: platform}}\n\
    \x20 - {name: sco, url: \"host=/tmp\", manifest: orchestra, labels: {team: red, tier: gold}}\n\
    \x20 - {name: scoso, url: \"host=/tmp\", manifest: orchestra, labels: {team: blue}}\n";

/// The fleet with channels `ops`, `dba`, `team-red`, and these routes.
fn routed(routes: &str) -> String {
    let channel = "{type: slack, url: \"${SLACK}\"}";
    format!(
        "{FLEET}channels: {{ops: {channel}, dba: {channel}, team-red: {channel}}}\nroutes:\n{routes}"
    )
}

/// What follows routes that use the other channels, so that nothing is said of them.
const ALL: &str = "  - {to: [ops, dba, team-red]}\n";

#[test]
fn every_key_of_a_route_is_read() {
    let folder = Folder::new();
    let route =
        "  - match: {database: \"sco*\", manifest: orchestra, labels: {team: [red, blue]}, kind: \
                 [drift, reset_is_not_here], severity: critical}\n"
            .replace(", reset_is_not_here", ", wrong_database");
    let text = routed(&format!(
        "{route}    to: [\"team-{{labels.team}}\"]\n    fallback: [ops]\n    continue: true\n    \
         mention: \" <!here> \"\n    runbook_url: https://wiki.example.com/drift\n    group_by: [database, \
         severity, incident, labels.team, database]\n    group_wait: 0s\n    group_interval: 1m\n    \
         repeat_interval: 12h\n    send_resolved: false\n    max_items: 3\n{ALL}"
    ));
    let config = folder.load(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    assert!(config.warnings.is_empty(), "{:?}", folder.words(&config.warnings));
    let pattern = |it: &str| vec![Pattern::new(it)];
    let want = Route {
        matcher: Matcher {
            databases: pattern("sco*"),
            manifests: pattern("orchestra"),
            labels: [("team".to_owned(), vec![Pattern::new("red"), Pattern::new("blue")])].into(),
            kinds: vec![IncidentKind::Drift, IncidentKind::WrongDatabase],
            severities: vec![Severity::Critical],
        },
        to: vec![Target::Template(vec![
            Piece::Text("team-".to_owned()),
            Piece::Label("team".to_owned()),
        ])],
        fallback: vec!["ops".to_owned()],
        goes_on: true,
        mention: Some("<!here>".to_owned()),
        runbook_url: Some("https://wiki.example.com/drift".to_owned()),
        group_by: vec![
            GroupBy::Database,
            GroupBy::Severity,
            GroupBy::Incident,
            GroupBy::Label("team".to_owned()),
        ],
        group_wait: Duration::ZERO,
        group_interval: Duration::from_mins(1),
        repeat_interval: Duration::from_hours(12),
        send_resolved: false,
        max_items: 3,
    };
    assert_eq!(config.policy.routes[0], want);
    let all = ["ops", "dba", "team-red"].map(str::to_owned);
    assert_eq!(config.policy.routes[1], Route::catch_all(all.clone()));
    assert_eq!(config.policy.channels, BTreeSet::from(all));
}

#[test]
#[rustfmt::skip]
fn every_mistake_of_a_route_is_told() {
    let cases: &[(&str, String, &[&str])] = &[
        ("no catch-all", routed("  - {to: [ops], match: {kind: drift}}\n  - {to: [dba], match: {kind: wrong_database}}\n"),
            &["c.yaml:8:24: routes[1].match: the last route must match everything: no alert may go nowhere; add a catch-all after it: {to: [ops]}"]),
        ("continue at the end", routed("  - {to: [ops], continue: true}\n"),
            &["c.yaml:7:27: routes[0].continue: the last route has none after it; leave it out"]),
        ("words", routed(&format!("  - {{to: [ops], match: {{kind: [drft, state_failing], severity: fatal, team: red}}, group_by: [labels, manifst, labels.team]}}\n{ALL}")),
            &["c.yaml:7:32: routes[0].match.kind: there is no incident kind `drft`; did you mean `drift`?",
              "c.yaml:7:38: routes[0].match.kind: there is no incident kind `state_failing`; use one of drift, wrong_database, reset, same_database, audit_failing, server_unreachable, manifest_suspect, channel_parked, registry_shrunk",
              "c.yaml:7:64: routes[0].match.severity: there is no severity `fatal`; use one of info, warning, critical",
              "c.yaml:7:71: routes[0].match.team: unknown key; known here: `database`, `manifest`, `labels`, `kind`, `severity`",
              "c.yaml:7:94: routes[0].group_by[0]: there is no group `labels`; use one of database, manifest, kind, severity, incident, labels.NAME",
              "c.yaml:7:102: routes[0].group_by[1]: there is no group `manifst`; did you mean `manifest`?"]),
        ("empty conditions", routed(&format!("  - {{to: [ops], match: {{database: [], manifest: \"\", kind: []}}}}\n{ALL}")),
            &["c.yaml:7:35: routes[0].match.database: names nothing; leave it out to match everything",
              "c.yaml:7:49: routes[0].match.manifest: must not be empty",
              "c.yaml:7:59: routes[0].match.kind: names nothing; leave it out to match everything"]),
        ("no fallback", routed("  - {to: [\"team-{labels.team}\"]}\n"),
            &["c.yaml:7:10: routes[0].fallback: is required: without the label, or without a channel of that name, an alert would go nowhere; for example: fallback: [ops]"]),
        ("bad templates", routed(&format!("  - {{to: [\"team-{{team}}\", \"x{{labels.a\", \"a}}b\", \"{{labels.}}\"], fallback: [\"{{labels.team}}\", opps]}}\n{ALL}")),
            &["c.yaml:7:11: routes[0].to[0]: `team-{team}` is not a channel's name; put a label in as {labels.team}",
              "c.yaml:7:26: routes[0].to[1]: `x{labels.a` is not a channel's name; put a label in as {labels.team}",
              "c.yaml:7:40: routes[0].to[2]: `a}b` is not a channel's name; put a label in as {labels.team}",
              "c.yaml:7:47: routes[0].to[3]: `{labels.}` is not a channel's name; put a label in as {labels.team}",
              "c.yaml:7:72: routes[0].fallback[0]: must name a channel, without labels",
              "c.yaml:7:89: routes[0].fallback[1]: there is no channel `opps`; did you mean `ops`?"]),
        ("empty fallback", routed(&format!("  - {{to: [\"team-{{labels.team}}\"], fallback: []}}\n{ALL}")),
            &["c.yaml:7:44: routes[0].fallback: names no channel"]),
        ("numbers", routed("  - {to: [ops], group_wait: 2h, group_interval: 2d, repeat_interval: 0s, max_items: 0, send_resolved: maybe}\n"),
            &["c.yaml:7:29: routes[0].group_wait: must be from 0s to 1h",
              "c.yaml:7:49: routes[0].group_interval: must be from 0s to 1d",
              "c.yaml:7:70: routes[0].repeat_interval: must be from 1s to 366d",
              "c.yaml:7:85: routes[0].max_items: must be from 1 to 50",
              "c.yaml:7:103: routes[0].send_resolved: expected true or false, found the text `maybe`"]),
        ("more names than a message holds", routed("  - {to: [ops], max_items: 51}\n"),
            &["c.yaml:7:28: routes[0].max_items: must be from 1 to 50"]),
        ("what messages carry", routed("  - {to: [ops], mention: \" \", runbook_url: \"ftp://x\"}\n"),
            &["c.yaml:7:26: routes[0].mention: must be one line of 1 to 200 characters",
              "c.yaml:7:44: routes[0].runbook_url: not an http or https URL of at most 1000 bytes"]),
    ];
    for (case, text, want) in cases {
        check(case, text, want);
    }
}

#[track_caller]
fn warned(case: &str, text: &str, want: &[&str]) {
    let folder = Folder::new();
    let config = folder.load(text).unwrap_or_else(|mistakes| panic!("{case}: {mistakes:?}"));
    assert_eq!(folder.words(&config.warnings), want, "{case}");
}

#[test]
#[rustfmt::skip]
fn what_matches_nothing_or_is_never_reached_is_a_warning() {
    let cases: &[(&str, String, &[&str])] = &[
        ("names", routed(&format!("  - {{to: [ops], match: {{database: [sco, scosso, \"x*\"], manifest: orchestr, labels: {{tem: red, team: [rd], tier: gold}}}}}}\n{ALL}")),
            &["c.yaml:7:41: routes[0].match.database: matches nothing: no registered database is called `scosso`; did you mean `scoso`?",
              "c.yaml:7:49: routes[0].match.database: matches nothing: no registered database is called `x*`",
              "c.yaml:7:66: routes[0].match.manifest: matches nothing: no registered database has the manifest `orchestr`; did you mean `orchestra`?",
              "c.yaml:7:85: routes[0].match.labels.tem: no registered database has the label `tem`; did you mean `team`?",
              "c.yaml:7:102: routes[0].match.labels.team: matches nothing: no registered database has there the value `rd`; did you mean `red`?"]),
        ("together", routed(&format!("  - {{to: [ops], match: {{database: central, labels: {{team: red}}}}}}\n{ALL}")),
            &["c.yaml:7:24: routes[0].match: matches nothing: no registered database fits all of it"]),
        ("about no database", routed(&format!("  - {{to: [ops], match: {{database: central, kind: [channel_parked, server_unreachable]}}}}\n{ALL}")),
            &["c.yaml:7:24: routes[0].match: matches nothing: what is `channel_parked` or `server_unreachable` is about no database"]),
        ("behind a wider one", routed(&format!("  - {{to: [ops], match: {{manifest: \"orch*\", kind: [drift, wrong_database]}}}}\n  - {{to: [ops], match: {{manifest: orchestra, database: sco, kind: drift}}}}\n{ALL}")),
            &["c.yaml:8:10: routes[1]: never reached: routes[0] before it matches all that this one does"]),
        ("not behind one that goes on", routed(&format!("  - {{to: [ops], match: {{manifest: \"orch*\"}}, continue: true}}\n  - {{to: [ops], match: {{manifest: orchestra}}}}\n{ALL}")), &[]),
        ("not behind a narrower one", routed(&format!("  - {{to: [ops], match: {{database: sco, kind: drift}}}}\n  - {{to: [ops], match: {{database: \"sco*\"}}}}\n  - {{to: [ops], match: {{kind: drift}}}}\n{ALL}")), &[]),
        ("after the catch-all", routed("  - {to: [ops]}\n  - {to: [dba, team-red], match: {kind: drift}}\n"),
            &["c.yaml:5:49: channels.dba: no route goes here",
              "c.yaml:5:86: channels.team-red: no route goes here",
              "c.yaml:8:10: routes[1]: never reached: routes[0] before it matches everything"]),
        ("channels", routed("  - {to: [\"team-{labels.team}\"], fallback: [ops], match: {database: scoso}, continue: true}\n  - {to: [ops]}\n"),
            &["c.yaml:5:49: channels.dba: no route goes here",
              "c.yaml:5:86: channels.team-red: no route goes here"]),
        ("by a template", routed("  - {to: [\"team-{labels.team}\", dba], fallback: [ops], match: {database: \"s*\"}, continue: true}\n  - {to: [ops]}\n"),
            &["c.yaml:7:49: routes[0].fallback: never used: `dba` in `to` is always there"]),
        ("labels in templates and groups", routed(&format!("  - {{to: [\"team-{{labels.tem}}\"], fallback: [ops], group_by: [labels.tiers], match: {{kind: drift}}}}\n{ALL}")),
            &["c.yaml:7:11: routes[0].to[0]: no registered database has the label `tem`; did you mean `team`?",
              "c.yaml:7:61: routes[0].group_by[0]: no registered database has the label `tiers`; did you mean `tier`?"]),
    ];
    for (case, text, want) in cases {
        warned(case, text, want);
    }
}

/// A mention in another receiver's syntax calls nobody there.
#[test]
fn a_mention_that_a_channel_does_not_know_is_warned_of() {
    let folder = Folder::new();
    let text = |mention: &str, to: &str| {
        format!(
            "{FLEET}channels: {{ops: {{type: slack, url: \"${{SLACK}}\"}}, teams: {{type: teams, url: \
             \"${{SLACK}}\"}}, chat: {{type: discord, url: \"${{SLACK}}\"}}}}\nroutes:\n  - {{to: {to}, \
             mention: \"{mention}\"}}\n  - {{to: [ops, teams, chat]}}\n"
        )
    };
    let warnings = |mention: &str, to: &str| {
        let config = folder.load(&text(mention, to)).unwrap_or_else(|it| panic!("{it:?}"));
        let words = folder.words(&config.warnings);
        words.into_iter().filter(|it| it.contains("mention")).collect::<Vec<_>>()
    };
    let nobody = |channel: &str, kind: &str, spelt: &str| {
        format!("calls nobody on channel `{channel}`: a mention for type `{kind}` is spelt {spelt}")
    };
    let to_teams = warnings("<!here>", "[ops, teams]");
    assert_eq!(to_teams.len(), 1, "{to_teams:?}");
    assert!(to_teams[0].starts_with("c.yaml:7:33: routes[0].mention: "), "{to_teams:?}");
    let want = nobody("teams", "teams", "`Jane Doe <jane@example.com>`");
    assert!(to_teams[0].contains(&want), "{to_teams:?}");
    let by_label = warnings("Jane <jane@example.com>", "[chat]");
    assert!(by_label[0].contains(&nobody("chat", "discord", "`<@42>`")), "{by_label:?}");
    for (mention, to) in [("<!here>", "[ops]"), ("@here", "[chat]"), ("Jane <j@x>", "[teams]")] {
        assert_eq!(warnings(mention, to), [""; 0], "{mention}");
    }
}
