//! Incidents over time: what opens them, what does not, and what a person hears.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::receiver::Receiver;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

fn signing_secret() -> String {
    format!("whsec_{}", STANDARD.encode(b"schemawarden-signing-key"))
}

fn workspace(config: &ConfigText) -> Workspace {
    Workspace::new().manifest("central", &fixtures::manifest("central", &CENTRAL)).config(&config)
}

fn config(url: &str, receiver: &Receiver) -> ConfigText {
    ConfigText::new()
        .database("central", url, "central")
        .every("1s")
        .webhook(&receiver.url(), &signing_secret())
}

/// `type`, `incident_kind` and the incident's id of the next message.
async fn told(receiver: &mut Receiver) -> (String, String, String) {
    let message = receiver.next().await.json();
    let word =
        |it: &Value| it.as_str().unwrap_or_else(|| panic!("no text in {message:#}")).to_owned();
    let data = &message["data"];
    (word(&message["type"]), word(&data["incident_kind"]), word(&data["incident"]))
}

/// Gives the running daemon another config.
async fn reload(daemon: &mut TestDaemon, config: &ConfigText) {
    daemon.workspace().rewrite("config.yaml", &config.to_string());
    daemon.sighup();
    daemon.wait_for_log("the reload", |it| it.to_string().contains("reloaded")).await;
}

#[tokio::test]
async fn audits_that_fail_are_told_once_and_once_when_they_work_again() {
    let (_database, url) = central().await;
    let mut receiver = Receiver::start();
    let mut daemon = TestDaemon::start(workspace(&config(NOWHERE, &receiver))).await;
    let (kind, incident, id) = told(&mut receiver).await;
    assert_eq!((&*kind, &*incident), ("incident.opened", "audit_failing"));
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 3)).await;
    // Nor does a restart tell it again.
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    daemon.restart().await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 3)).await;

    reload(&mut daemon, &config(&url, &receiver)).await;
    let want = ("incident.resolved".to_owned(), "audit_failing".to_owned(), id);
    assert_eq!(told(&mut receiver).await, want);
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
}

/// One failed audit is weather.
#[tokio::test]
async fn unknown_opens_no_drift_and_two_of_them_are_no_incident() {
    let (_database, url) = central().await;
    let mut receiver = Receiver::start();
    let hourly = |url: &str| {
        ConfigText::new()
            .database("central", url, "central")
            .every("1h")
            .webhook(&receiver.url(), &signing_secret())
    };
    let (good, bad) = (hourly(&url), hourly("postgres://auditor@127.0.0.1:9/nowhere"));
    let mut daemon = TestDaemon::start(workspace(&bad)).await;
    daemon.wait_for_verdict("central", "unknown").await;
    // A start audits at once what has no complete audit: the second unknown verdict.
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    daemon.restart().await;
    receiver.expect_nothing_until(daemon.wait_for_verdict("central", "unknown")).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    daemon.workspace().rewrite("config.yaml", &good.to_string());
    daemon.restart().await;
    receiver.expect_nothing_until(daemon.wait_for_verdict("central", "clean")).await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    receiver.assert_idle();
}

/// Evidence is monotone: half a catalog proves what is there, never what is not.
#[tokio::test]
async fn a_partial_read_may_open_an_incident_and_resolves_none() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let whole = config(&url, &receiver);
    let partial = whole.clone().limits("{ max_relations: 6 }");
    let mut daemon = TestDaemon::start(workspace(&partial)).await;
    receiver.expect_nothing_until(daemon.wait_for_verdict("central", "clean")).await;
    // Six of nine relations: at least two of those that are read are unexpected, whichever they are.
    fixtures::create_tables(&database, &["tmp_a", "tmp_b", "tmp_c", "tmp_d", "tmp_e"]).await;
    let (kind, incident, id) = told(&mut receiver).await;
    assert_eq!((&*kind, &*incident), ("incident.opened", "drift"));
    let row = daemon.row("central").await;
    assert_eq!(row["verdict"], "drifted");
    assert!(row["reason"].as_str().is_some_and(|it| it.contains("max_relations")), "{row:#}");

    // All are gone, and so few relations are read that nobody can know.
    database.execute("drop table tmp_a, tmp_b, tmp_c, tmp_d, tmp_e").await;
    reload(&mut daemon, &whole.clone().limits("{ max_relations: 2 }")).await;
    let (kind, incident, failing) = told(&mut receiver).await;
    assert_eq!((&*kind, &*incident), ("incident.opened", "audit_failing"));
    assert_eq!(daemon.row("central").await["verdict"], "unknown");
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;

    reload(&mut daemon, &whole).await;
    let ends = [told(&mut receiver).await, told(&mut receiver).await];
    for (kind, ..) in &ends {
        assert_eq!(kind, "incident.resolved");
    }
    let mut ended: Vec<_> = ends.iter().map(|(.., id)| id.clone()).collect();
    ended.sort();
    let mut opened = vec![id, failing];
    opened.sort();
    assert_eq!(ended, opened);
}

#[tokio::test]
async fn new_findings_change_an_incident_and_fewer_are_silent() {
    let (database, url) = central().await;
    let mut receiver = Receiver::start();
    let mut daemon = TestDaemon::start(workspace(&config(&url, &receiver))).await;
    fixtures::create_tables(&database, &["tmp_a"]).await;
    let (_, _, id) = told(&mut receiver).await;
    fixtures::create_tables(&database, &["tmp_b"]).await;
    let changed = receiver.next().await;
    let message = changed.json();
    assert_eq!(message["type"], "incident.changed");
    assert_eq!(message["data"]["incident"], *id);
    assert!(changed.text().contains("tmp_b"), "{message:#}");
    database.execute("drop table tmp_a").await;
    receiver.expect_nothing_until(daemon.wait_for_audits("central", 2)).await;
    database.execute("drop table tmp_b").await;
    let want = ("incident.resolved".to_owned(), "drift".to_owned(), id);
    assert_eq!(told(&mut receiver).await, want);
    // Another drift is another incident.
    fixtures::create_tables(&database, &["tmp_c"]).await;
    let (kind, _, second) = told(&mut receiver).await;
    assert_eq!(kind, "incident.opened");
    assert_ne!(second, want_id(&message));
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
}

fn want_id(message: &Value) -> String {
    message["data"]["incident"].as_str().expect("an id").to_owned()
}

// --- secrets that rotate -------------------------------------------------------------------------------

/// A password that is changed on the server, then in the file, is taken without a reload.
#[tokio::test]
async fn a_secret_in_a_file_is_read_at_each_connection() {
    for key in ["url_file", "password_file"] {
        let database = TestDatabase::create("central").await;
        fixtures::create_tables(&database, &CENTRAL).await;
        let role = database.create_role("auditor").await;
        let without = format!(
            "postgres://{}@127.0.0.1:{}/{}",
            role.name,
            Cluster::shared().port(),
            database.name()
        );
        let secret = |password: &str| match key {
            "url_file" => without.replace('@', &format!(":{password}@")),
            _ => password.to_owned(),
        };
        let config =
            ConfigText::new().database("central", "URL", "central").every("1s").to_string();
        let reached = match key {
            "url_file" => "url_file: secret".to_owned(),
            _ => format!("url: \"{without}\", password_file: secret"),
        };
        let workspace =
            workspace(&ConfigText::new()).config(&config.replace("url: \"URL\"", &reached));
        workspace.rewrite("secret", &format!("{}\n", secret(&role.password)));
        let mut daemon = TestDaemon::start(workspace).await;
        daemon.wait_for_verdict("central", "clean").await;
        let rotated = "hunter2-rotated";
        database.execute(&format!("alter role {} password '{rotated}'", role.name)).await;
        daemon.wait_for_verdict("central", "unknown").await;
        let reason = daemon.row("central").await["reason"].to_string();
        assert!(reason.contains("password"), "{key}: {reason}");
        daemon.workspace().rewrite("secret", &secret(rotated));
        daemon.wait_for_verdict("central", "clean").await;
        // A file that is gone for a moment is a reason, and no end.
        let path = daemon.workspace().path().join("secret");
        fs::remove_file(&path).expect("our own file");
        daemon.wait_for_verdict("central", "unknown").await;
        let reason = daemon.row("central").await["reason"].to_string();
        assert!(reason.contains("could not read") && reason.contains("secret"), "{key}: {reason}");
        daemon.workspace().rewrite("secret", &secret(rotated));
        daemon.wait_for_verdict("central", "clean").await;
        assert_eq!(daemon.sigterm().await.0.code(), Some(0), "{key}");
    }
}

#[tokio::test]
async fn a_password_comes_from_pgpassfile_with_the_rules_of_libpq() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let port = Cluster::shared().port();
    let url = format!("postgres://{}@127.0.0.1:{port}/{}", role.name, database.name());
    let config = ConfigText::new().database("central", &url, "central");
    let right = format!("127.0.0.1:{port}:{}:{}:{}\n", database.name(), role.name, role.password);
    let others = format!("# a comment\n127.0.0.1:{port}:other:*:hunter2-other\n");
    let workspace = workspace(&config);
    let file = workspace.rewrite("passwords", &format!("{others}{right}"));
    let workspace = workspace.env("PGPASSFILE", &file.display().to_string());
    workspace.check(0).await;
    workspace.rewrite("passwords", &format!("*:*:*:{}:{}\n", role.name, role.password));
    workspace.check(0).await;
    workspace.rewrite("passwords", &others);
    let report = workspace.check(2).await;
    assert!(report.unknown_because("central").contains("password"), "{}", report.0);
    // libpq passes over a file that others may read; so do we, and say so.
    workspace.rewrite("passwords", &right);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our own file");
    let report = workspace.check(2).await;
    let reason = report.unknown_because("central");
    assert!(reason.contains("passwords") && reason.contains("0600"), "{reason}");
}

#[tokio::test]
async fn a_password_comes_from_a_command_and_its_failure_is_named() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let port = Cluster::shared().port();
    let url = format!("postgres://{}@127.0.0.1:{port}/{}", role.name, database.name());
    for (command, code, word) in [
        (format!("[echo, \"{}\"]", role.password), 0, ""),
        (format!("{{ argv: [echo, \"{}\"], timeout: 5s, ttl: 1m }}", role.password), 0, ""),
        ("[echo, hunter2-wrong]".to_owned(), 2, "password"),
        ("[\"false\"]".to_owned(), 2, "the password command `false` ended with"),
        ("[\"true\"]".to_owned(), 2, "the password command `true` printed no usable first line"),
        ("[no-such-program]".to_owned(), 2, "`no-such-program` could not be started"),
        ("{ argv: [cat, /dev/zero], timeout: 500ms }".to_owned(), 2, "the password command `cat`"),
        ("{ argv: [sleep, \"60\"], timeout: 500ms }".to_owned(), 2, "did not end within 0.5 s"),
    ] {
        let more = format!(", password_command: {command}");
        let config = ConfigText::new().database_with("central", &url, "central", &more);
        let report = workspace(&config).check(code).await;
        if code != 0 {
            let reason = report.unknown_because("central");
            assert!(reason.contains(word), "{command}: {reason}");
        }
    }
}
