//! The small commands of every day: `next`, `explain`, `completions`, `healthcheck`, `notify-test`,
//! `validate`.

use super::central;
use super::workspace;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::postgres::free_port;
use crate::support::receiver::Answer;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// A year and more of a daily line: both changes of daylight-saving time are in it.
async fn a_year_of(cron: &str, zone: &str) -> Vec<(String, String, String)> {
    let config = ConfigText::new().database("central", NOWHERE, "central").to_string();
    let schedule = format!("schedule: {{ cron: \"{cron}\", timezone: {zone}, splay: 0s }}");
    let config = config.replace("schedule: { every: 1h, splay: 0s }", &schedule);
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    let run = workspace.run(&["next", "-n", "400"]).await;
    run.ended(0).says(cron).says(zone);
    let due = run.stdout.lines().filter_map(|line| {
        let mut words = line.strip_prefix("  ")?.split_whitespace().map(str::to_owned);
        Some((words.next()?, words.next()?, words.next()?))
    });
    due.collect()
}

#[tokio::test]
async fn next_follows_daylight_saving_time_once_a_day() {
    for (cron, zone, summer, winter, gap) in [
        ("30 1 * * *", "America/New_York", "EDT", "EST", false),
        ("30 2 * * *", "America/New_York", "EDT", "EST", true),
        ("30 2 * * *", "Europe/Berlin", "CEST", "CET", true),
    ] {
        let due = a_year_of(cron, zone).await;
        assert_eq!(due.len(), 400, "{cron} {zone}");
        let mut day: Option<jiff::civil::Date> = None;
        for (date, ..) in &due {
            let date: jiff::civil::Date = date.parse().expect("a date");
            let want = day.map_or(date, |it| it.tomorrow().expect("in range"));
            assert_eq!(date, want, "{cron} {zone}: each day once");
            day = Some(date);
        }
        for word in [summer, winter] {
            assert!(due.iter().any(|(.., it)| it == word), "{cron} {zone}: no {word}");
        }
        // In spring 02:30 does not exist; the job still runs that day, after the gap.
        let usual = format!("{:0>2}:30:00", cron.split(' ').nth(1).expect("an hour"));
        let shifted = due.iter().filter(|(_, time, _)| *time != usual).count();
        assert_eq!(shifted > 0, gap, "{cron} {zone}: {shifted} at another time");
    }
    assert!(
        a_year_of("0 12 * * *", "UTC")
            .await
            .iter()
            .all(|(_, at, zone)| at == "12:00:00" && zone == "UTC")
    );
}

#[tokio::test]
async fn explain_knows_every_kind_and_helps_with_a_misspelt_one() {
    let workspace = Workspace::new();
    let list = workspace.run(&["explain"]).await;
    list.ended(0);
    let kinds: Vec<_> = list.stdout.lines().filter_map(|it| it.split_whitespace().next()).collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in kinds {
        workspace.run(&["explain", kind]).await.ended(0).says("Why it matters").says("What to do");
    }
    let run = workspace.run(&["explain", "unexpected_tabel"]).await;
    run.ended(2).says("did you mean `unexpected_table`?");
    assert_eq!(run.stdout, "");
    workspace.run(&["explain", "tarot"]).await.ended(2).says("`schemawarden explain` lists them");
}

#[tokio::test]
async fn completions_are_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let run = Workspace::new().run(&["completions", shell]).await;
        run.ended(0).says("schemawarden").says("notify-test");
    }
    Workspace::new().run(&["completions", "tarot"]).await.ended(2).says("possible values: bash");
}

#[tokio::test]
async fn healthcheck_is_0_for_a_running_daemon_and_2_for_none() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let mut daemon = TestDaemon::start(workspace(&config)).await;
    let listen = daemon.address().to_string();
    let run = daemon.workspace().run(&["healthcheck", "--listen", &listen]).await;
    assert_eq!(run.ended(0).stdout, "ok\n");
    daemon.sigterm().await;
    let run = daemon.workspace().run(&["healthcheck", "--listen", &listen]).await;
    run.ended(2).says("no daemon answers").says(&listen);
    // The config says where; port 0 says nothing.
    daemon.workspace().run(&["healthcheck"]).await.ended(2).says("--listen");
    let port = free_port();
    let config = config.to_string().replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    daemon.workspace().rewrite("config.yaml", &config);
    let run = daemon.workspace().run(&["healthcheck"]).await;
    run.ended(2).says(&format!("127.0.0.1:{port}"));
}

#[tokio::test]
async fn notify_test_tells_what_the_receiver_answered() {
    let mut receiver = Receiver::start();
    let config = ConfigText::new().database("central", NOWHERE, "central").slack(&receiver.url());
    let workspace = workspace(&config);
    workspace.run(&["notify-test", "ops"]).await.ended(0).says("delivered").says("ok");
    assert!(receiver.next().await.text().to_lowercase().contains("test"));
    for (answer, word) in [
        (Answer::status(404, "no_service"), "no_service"),
        (Answer::status(200, "{\"ok\":false}"), "ok"),
        (Answer::status(500, "rollup_error"), "would try again"),
        (Answer::status(400, "invalid_blocks"), "invalid_blocks"),
    ] {
        receiver.script([answer]);
        workspace.run(&["notify-test", "ops"]).await.ended(2).says("not delivered").says(word);
        receiver.next().await;
    }
    workspace.run(&["notify-test", "opps"]).await.ended(2).says("did you mean `ops`?");
    receiver.assert_idle();
}

#[tokio::test]
async fn validate_online_names_the_one_that_cannot_be_reached() {
    let (_database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central").database(
        "sco",
        NOWHERE,
        "orchestra",
    );
    let workspace = workspace(&config);
    workspace.run(&["validate"]).await.ended(0).says("2 databases, 2 manifests, 1 channel");
    let run = workspace.run(&["validate", "--online"]).await;
    run.ended(2).says("unreachable sco: could not connect").says("central: 4 relations read as");
}
