//! The life of incidents with the real daemon: flapping, confirmation, an outage of a server.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::central;
use crate::support::postgres::Cluster;
use crate::support::proxy::Fault;
use crate::support::proxy::Proxy;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

const SECRET: &str = "whsec_c2NoZW1hd2FyZGVuLXNpZ25pbmcta2V5";
/// How long a table comes and goes; `SCHEMAWARDEN_FLAP_SECONDS=300` is the figure of the project.
const FLAP_SECONDS: u64 = 12;

fn config(url: &str, receiver: &Receiver, defaults: &str) -> ConfigText {
    ConfigText::new()
        .database("central", url, "central")
        .every("1s")
        .defaults(defaults)
        .webhook(&receiver.url(), SECRET)
}

/// `opened new_findings`, and the incident's id.
async fn told(receiver: &mut Receiver) -> (String, String) {
    let message = receiver.next().await.json();
    let word =
        |it: &Value| it.as_str().unwrap_or_else(|| panic!("no text: {message:#}")).to_owned();
    let (kind, data) = (word(&message["type"]), &message["data"]);
    let kind = kind.strip_prefix("incident.").expect("of an incident");
    (format!("{kind} {}", word(&data["reason"])), word(&data["incident"]))
}

#[tokio::test]
async fn what_comes_back_is_told_once_and_no_restart_tells_it_again() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let config = config(&url, &receiver, "flap_window: 20s");
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    fixtures::create_tables(&database, &["tmp_a"]).await;
    let (opened, id) = told(&mut receiver).await;
    assert_eq!(opened, "opened new_findings");
    database.execute("drop table tmp_a").await;
    assert_eq!(told(&mut receiver).await, ("resolved all_findings_gone".to_owned(), id.clone()));
    fixtures::create_tables(&database, &["tmp_a"]).await;
    assert_eq!(told(&mut receiver).await, ("changed flapping".to_owned(), id.clone()));
    daemon.wait_for_an_empty_outbox().await;
    for _ in 0..2 {
        database.execute("drop table tmp_a").await;
        receiver.expect_nothing_until(daemon.wait_for_verdict("central", "clean")).await;
        daemon.kill9().await;
        daemon.restart().await;
        fixtures::create_tables(&database, &["tmp_a"]).await;
        receiver.expect_nothing_until(daemon.wait_for_verdict("central", "drifted")).await;
        daemon.kill9().await;
        daemon.restart().await;
    }
    database.execute("drop table tmp_a").await;
    assert_eq!(told(&mut receiver).await, ("resolved all_findings_gone".to_owned(), id));
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

/// At most one opened, one changed, two resolved, however the audits fall.
#[tokio::test]
async fn a_table_that_comes_and_goes_each_second_is_told_four_times_at_most() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let config = config(&url, &receiver, "flap_window: 8s");
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    let seconds = std::env::var_os("SCHEMAWARDEN_FLAP_SECONDS");
    let seconds = seconds.and_then(|it| it.to_str()?.parse().ok());
    let seconds = Duration::from_secs(seconds.unwrap_or(FLAP_SECONDS));
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    let began = tokio::time::Instant::now();
    while began.elapsed() < seconds {
        tick.tick().await;
        fixtures::create_tables(&database, &["tmp_a"]).await;
        tick.tick().await;
        database.execute("drop table tmp_a").await;
    }
    let state = daemon.workspace().path().join("schemawarden.db");
    until("nothing is open", || async {
        let state = Connection::open(&state).ok()?;
        let sql = "select count(*) from incidents where state <> 'resolved'";
        let open: i64 = state.query_row(sql, [], |row| row.get(0)).ok()?;
        (open == 0).then_some(())
    })
    .await;
    daemon.wait_for_an_empty_outbox().await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    let state = Connection::open(&state).expect("a state");
    let count = |kind: &str| -> i64 {
        let sql = "select count(*) from notifications where type = ?1";
        state.query_row(sql, [kind], |row| row.get(0)).expect("a table of ours")
    };
    let counts = ["incident.opened", "incident.changed", "incident.resolved"].map(count);
    assert!(counts[0] <= 1 && counts[1] <= 1 && counts[2] <= 2, "{counts:?}");
    for _ in 0..counts.iter().sum() {
        told(&mut receiver).await;
    }
    receiver.assert_idle();
}

/// The tick is an hour away; the second look is not.
#[tokio::test]
async fn a_finding_to_be_confirmed_is_looked_at_soon_and_survives_a_restart() {
    let (database, url) = central().await;
    fixtures::create_tables(&database, &["tmp_a"]).await;
    let mut receiver = Receiver::start();
    let config = config(&url, &receiver, "confirm: 3").every("1h");
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    receiver.expect_nothing_until(daemon.wait_for_verdict("central", "drifted")).await;
    // Stopped after the first look, the second comes with the start, and the third soon after.
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    receiver.assert_idle();
    daemon.restart().await;
    assert_eq!(told(&mut receiver).await.0, "opened new_findings");
    receiver.expect_nothing_until(daemon.wait_for_verdict("central", "drifted")).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_server_that_is_down_is_one_message() {
    let databases = [central().await, central().await, central().await];
    let mut receiver = Receiver::start();
    let proxy = Proxy::start(Cluster::shared(), Fault::None);
    let direct = format!(":{}/", Cluster::shared().port());
    let proxied = format!(":{}/", proxy.port());
    let config = |port: &str| {
        let mut config = ConfigText::new().every("1s").webhook(&receiver.url(), SECRET);
        for (name, (_, url)) in ["central", "sco", "scoso"].into_iter().zip(&databases) {
            let url = url.replace(&direct, port);
            config = config.database_with(name, &url, "central", ", server: box");
        }
        config
    };
    let (down, up) = (config(&proxied), config(&direct));
    let mut daemon = TestDaemon::start(fixtures::workspace(&down)).await;
    for name in ["central", "sco", "scoso"] {
        daemon.wait_for_verdict(name, "clean").await;
    }
    drop(proxy);
    let message = receiver.next().await.json();
    assert_eq!(message["type"], "incident.opened");
    let data = &message["data"];
    assert_eq!(data["incident_kind"], "server_unreachable");
    let headline = "box: unreachable, so none of its 3 databases can be audited";
    assert_eq!(data["headline"], headline);
    for name in ["central", "sco", "scoso"] {
        receiver.expect_nothing_until(daemon.wait_for_audits(name, 4)).await;
    }
    daemon.kill9().await;
    daemon.restart().await;
    receiver.expect_nothing_until(daemon.wait_for_audits("sco", 3)).await;
    daemon.workspace().rewrite("config.yaml", &up.to_string());
    daemon.sighup();
    let want = ("resolved server_reachable".to_owned(), data["incident"].as_str().expect("an id"));
    let (told, id) = told(&mut receiver).await;
    assert_eq!((told, &*id), want);
    for name in ["central", "sco", "scoso"] {
        receiver.expect_nothing_until(daemon.wait_for_verdict(name, "clean")).await;
    }
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}
