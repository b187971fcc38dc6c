//! `validate` beyond the shape of files: what is unused, what is never reached, and a canary through
//! each channel.

use super::central;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

fn workspace(config: &ConfigText) -> Workspace {
    fixtures::workspace(config)
}

const KNOWN: &str = "kind: unexpected_table, reason: r, owner: o, until: 2999-12-31";

#[tokio::test]
async fn entries_of_known_that_match_nothing_are_named() {
    let (database, url) = central().await;
    fixtures::create_tables(&database, &["there", "by_class"]).await;
    let known = format!(", known: [{{object: there, {KNOWN}}}, {{object: gone, {KNOWN}}}]");
    let config = ConfigText::new().database_with("central", &url, "central", &known).database(
        "nowhere",
        NOWHERE,
        "orchestra",
    );
    let entries = |names: &[&str]| {
        let all = names
            .iter()
            .map(|it| format!("  - {{object: {it}, {KNOWN}}}\n"))
            .collect::<Vec<_>>()
            .concat();
        format!("known:\n{all}")
    };
    let central =
        format!("{}{}", fixtures::manifest("central", &CENTRAL), entries(&["by_class", "old"]));
    let orchestra = format!("manifest: orchestra\ntables: [a]\n{}", entries(&["unread"]));
    let workspace =
        workspace(&config).manifest("central", &central).manifest("orchestra", &orchestra);
    let run = workspace.run(&["validate", "--online"]).await;
    // `nowhere` cannot be read: that is the 2, and nothing is said of the entries of its manifest.
    run.ended(2);
    let warnings: Vec<&str> =
        run.stderr.lines().filter(|it| it.contains("matches nothing any more")).collect();
    let [own, of_the_class] = warnings.as_slice() else { panic!("{}", run.stderr) };
    assert!(own.contains("config.yaml:") && own.contains(": databases[0].known[1]: "), "{own}");
    assert!(own.contains("no `unexpected_table` of `gone`; take the entry out"), "{own}");
    let place = "central.yaml:5:14: known[1]: matches nothing any more";
    assert!(of_the_class.contains(place), "{of_the_class}");
    assert!(of_the_class.contains("`old`"), "{of_the_class}");
    // Offline nobody can tell.
    let run = workspace.run(&["validate"]).await;
    assert_eq!(run.ended(0).stderr, "");
}

#[tokio::test]
async fn a_test_message_goes_through_every_channel() {
    let (_database, url) = central().await;
    let (mut good, bad) = (Receiver::start(), Receiver::start());
    bad.otherwise(Answer::status(404, "no_service"));
    let webhook = |receiver: &Receiver| format!("{{ type: webhook, url: \"{}\" }}", receiver.url());
    let config = ConfigText::new()
        .database("central", &url, "central")
        .without_ops()
        .channel("log", &webhook(&good))
        .channel("broken", &webhook(&bad));
    let workspace = workspace(&config);
    let run = workspace.run(&["validate", "--online", "--send-test"]).await;
    run.ended(2).says("not delivered channel broken: client: HTTP 404").says("ok channel log: ");
    assert!(good.next().await.text().contains("\"test\""));
    // Nothing is sent unasked.
    workspace.run(&["validate", "--online"]).await.ended(0);
    good.assert_idle();
    workspace.run(&["validate", "--send-test"]).await.ended(2).says("--online");
}

/// Each of these loads; each is worth a word.
#[tokio::test]
async fn routes_and_windows_that_do_nothing_are_warned_of() {
    let config = ConfigText::new()
        .database_with("central", NOWHERE, "central", ", labels: { team: red }")
        .defaults("confirm: 2, confirm_failing: 4, flap_window: 1m")
        .channel("team-red", "{ type: teams, url: \"https://example.com/hunter2\" }")
        .channel("unused", "{ type: discord, url: \"https://example.com/hunter2\" }")
        .routes(
            "  - { match: { database: centrall }, to: [\"team-{labels.team}\"], fallback: [ops] }\n\
             \x20 - { match: { manifest: \"c*\" }, to: [\"team-{labels.team}\"], fallback: [ops] }\n\
             \x20 - { match: { manifest: central, kind: drift }, to: [ops] }\n\
             \x20 - { to: [ops] }",
        )
        .more(
            "maintenance:\n  - { name: old, timezone: Europe/Zurich, once: { from: \
             2020-01-01T00:00, to: 2020-01-02T00:00 } }",
        );
    let run = workspace(&config).run(&["validate"]).await;
    run.ended(0)
        .says("no registered database is called `centrall`; did you mean `central`?")
        .says("routes[2]: never reached: routes[1] before it matches all that this one does")
        .says("channels.unused: no route goes here")
        .says("maintenance[0].once: is over");
    assert_eq!(run.stderr.lines().count(), 4, "{}", run.stderr);
}
