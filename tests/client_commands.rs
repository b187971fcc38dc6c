//! The commands that talk to the daemon: what a person types, what they read, and the exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::cli::Run;
use crate::support::daemon::TestDaemon;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::workspace;
use crate::support::workspace::ConfigText;

/// Runs a command against the daemon, with the token that it made.
async fn run(daemon: &TestDaemon, arguments: &[&str]) -> Run {
    let server = format!("http://{}", daemon.address());
    let mut all = arguments.to_vec();
    all.extend(["--server", &server, "--token-file", "schemawarden.token"]);
    daemon.workspace().run(&all).await
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[tokio::test]
async fn audit_asks_the_daemon_and_ends_as_check_does() {
    let (database, url) = central().await;
    let config = ConfigText::new()
        .database("central", &url, "central")
        .database("nowhere", NOWHERE, "central")
        .every("1h");
    let daemon = TestDaemon::start(workspace(&config)).await;
    run(&daemon, &["audit", "central"]).await.ended(0).says("clean");
    create_tables(&database, &["tmp_import", "we\u{1b}ird"]).await;
    let drifted = run(&daemon, &["audit", "central"]).await;
    drifted
        .ended(1)
        .says("tmp_import")
        .says("we\\x1bird")
        .says("incident SW-")
        .says("(drift) opened");
    assert!(!drifted.stdout.contains('\u{1b}'), "{drifted:?}");
    // What `check` says of the same, but for the time it took.
    let checked = daemon.workspace().run(&["check", "central"]).await;
    assert_eq!(checked.stdout.lines().nth(1), drifted.stdout.lines().nth(1));
    let answer = run(&daemon, &["audit", "central", "--format", "json"]).await;
    assert_eq!(json(answer.ended(1))["report"]["verdict"], "drifted");
    run(&daemon, &["audit", "nowhere"]).await.ended(2).says("could not tell");
    run(&daemon, &["audit", "centrl"]).await.ended(2).says("did you mean `central`?");
    run(&daemon, &["audit", "../../livez"]).await.ended(2).says("no database");
}

#[tokio::test]
async fn what_keeps_a_command_from_its_daemon_is_said() {
    let config = ConfigText::new().database("central", NOWHERE, "central");
    let daemon = TestDaemon::start(workspace(&config)).await;
    let workspace = daemon.workspace();
    let server = format!("http://{}", daemon.address());
    let audit = |more: &'static [&'static str]| {
        let server = server.clone();
        async move {
            let mut all = vec!["audit", "central"];
            all.extend(more);
            if !more.contains(&"--server") && !more.contains(&"--config") {
                all.extend(["--server", &server]);
            }
            workspace.run(&all).await
        }
    };
    // The token of the configuration is for where the configuration says the daemon is.
    audit(&[]).await.ended(2).says("needs a token").says("--token-file");
    workspace.rewrite("wrong", "this-is-not-the-token-hunter2\n");
    audit(&["--token-file", "wrong"]).await.ended(2).says("none of the tokens").says("wrong");
    audit(&["--token-file", "missing"]).await.ended(2).says("missing");
    audit(&["--config", "config.yaml"]).await.ended(2).says("port 0").says("--server");
    audit(&["--config", "no-such.yaml"]).await.ended(2).says("--server");
    let nobody: &[&str] = &["--server", "http://127.0.0.1:9", "--token-file", "schemawarden.token"];
    audit(nobody).await.ended(2).says("no daemon answers").says("schemawarden run");
    let elsewhere: &[&str] =
        &["--server", "http://warden.example", "--token-file", "schemawarden.token"];
    audit(elsewhere).await.ended(2).says("without TLS").says("--insecure");
    let token = daemon.token();
    let with_token = workspace.command(&["audit", "central", "--server", &server]);
    let mut with_token = with_token;
    let output = with_token.env("SCHEMAWARDEN_TOKEN", &token).output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(2), "the database cannot be reached: {output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("could not tell"), "{output:?}");
}

/// A person on the daemon's machine names nothing: the configuration says where it is, and the token
/// stands beside the state.
#[tokio::test]
async fn on_its_own_machine_the_configuration_says_everything() {
    let port = free_port();
    let config = ConfigText::new().database("central", NOWHERE, "central").to_string();
    let config = config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let daemon = TestDaemon::start(workspace(&ConfigText::new()).config(&config)).await;
    let workspace = daemon.workspace();
    workspace.run(&["audit", "central"]).await.ended(2).says("could not tell");
    // A token that others can read may be in anybody's hands.
    let file = workspace.path().join("schemawarden.token");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our own file");
    workspace.run(&["audit", "central"]).await.ended(2).says("0644").says("chmod 600");
    let mut daemon = daemon;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0));
    let refused = daemon.workspace().run(&["run"]).await;
    refused.ended(2).says("0644");
}

/// A port that nobody listens on just now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// What the commands print of one evening: a drift, a person who takes it in hand, a silence, a deploy.
#[tokio::test]
async fn an_evening_is_worked_through_with_commands() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central");
    let daemon = TestDaemon::start(workspace(&config)).await;
    run(&daemon, &["incidents", "list"]).await.ended(0).says("no incidents");
    create_tables(&database, &["tmp_import", "we\u{1b}[2Jird"]).await;
    run(&daemon, &["audit", "central"]).await.ended(1);
    let listed = run(&daemon, &["incidents", "list"]).await;
    listed.ended(0).says("open").says("drift").says("central");
    let id = listed.stdout.split_whitespace().find(|it| it.starts_with("SW-")).expect("an id");
    let number = id.trim_start_matches("SW-");
    let shown = run(&daemon, &["incidents", "show", number]).await;
    shown.ended(0).says("tmp_import").says("we\\x1b[2Jird").says("opened (new_findings)");
    assert!(!shown.stdout.contains('\u{1b}'), "{shown:?}");
    let ack = run(&daemon, &["incidents", "ack", id, "--note", "on it"]).await;
    ack.ended(0).says("is acknowledged by local").says("incidents release");
    run(&daemon, &["incidents", "ack", id]).await.ended(0).says("already");
    run(&daemon, &["incidents", "show", id]).await.ended(0).says("by local: on it");
    run(&daemon, &["incidents", "release", id]).await.ended(0).says("is open again");
    run(&daemon, &["incidents", "show", "SW-99999"]).await.ended(2).says("no incident SW-99999");
    run(&daemon, &["incidents", "list", "--kind", "drfit"]).await.ended(2).says("`drift`?");
    let found = run(&daemon, &["incidents", "list", "--format", "json"]).await;
    assert_eq!(json(found.ended(0))["incidents"][0]["id"], id);

    let add = ["silence", "add", "--reason", "the import"];
    let silence = async |more: &[&str]| run(&daemon, &[&add[..], more].concat()).await;
    silence(&["--for", "2h"]).await.ended(2).says("say what to silence");
    silence(&["--database", "cen*"]).await.ended(2).says("--for");
    silence(&["--database", "cen*", "--for", "2"]).await.ended(2).says("needs a unit");
    silence(&["--database", "cen*", "--until", "2020-01-01"]).await.ended(2).says("in the past");
    silence(&["--database", "x", "--until", "soon"]).await.ended(2).says("--until");
    silence(&["--kind", "drfit", "--for", "2h"]).await.ended(2).says("`drift`");
    silence(&["--database", "nothing", "--for", "2h"])
        .await
        .ended(0)
        .says("no registered database");
    let label = ["--database", "cen*", "--table", "tmp_*", "--label", "team=red", "--for", "2h"];
    silence(&label).await.ended(0).says("no registered database");
    silence(&["--database", "cen*", "--table", "tmp_*", "--for", "2h"])
        .await
        .ended(0)
        .says("until");
    let silences = run(&daemon, &["silence", "list"]).await;
    silences.ended(0).says("database=cen* table=tmp_*").says("the import").says("local");
    run(&daemon, &["silence", "expire", "3"]).await.ended(0).says("has ended");
    run(&daemon, &["silence", "expire", "3"]).await.ended(2).says("ended already");

    database.execute("drop table tmp_import, \"we\u{1b}[2Jird\"").await;
    run(&daemon, &["audit", "central"]).await.ended(0).says("resolved");
    let base = "manifest: base\ntables: [Orchestra, User, Customer, SystemLog]\n";
    daemon.workspace().rewrite("new/base.yaml", base);
    let new = "manifest: central\nextends: base.yaml\ntables: [Invoice]\n";
    daemon.workspace().rewrite("new/central.yaml", new);
    let begin = ["deploy", "begin", "central", "--manifest", "new/central.yaml", "--ref", "abc123"];
    let deploy = async |more: &[&str]| run(&daemon, &[&begin[..], more].concat()).await;
    deploy(&["--for", "9h"]).await.ended(2).says("deploy.max");
    deploy(&["--select", "team=red"]).await.ended(2).says("--select");
    deploy(&["--for", "30m"]).await.ended(0).says("is open until").says("deploy end");
    deploy(&["--for", "30m"]).await.ended(2).says("open already");
    run(&daemon, &["deploy", "list"]).await.ended(0).says("abc123").says("central");
    create_tables(&database, &["Invoice"]).await;
    run(&daemon, &["audit", "central"]).await.ended(0).says("clean");
    run(&daemon, &["deploy", "end", "central"]).await.ended(0).says("the new manifest holds");
    run(&daemon, &["deploy", "end", "central"]).await.ended(2).says("no deploy of `central`");
    run(&daemon, &["audit", "central"]).await.ended(0).says("clean");

    run(&daemon, &["manifests", "list"]).await.ended(0).says("orchestra").says("trusted");
    run(&daemon, &["manifests", "release", "central"]).await.ended(2).says("is held");
    let deliveries = run(&daemon, &["deliveries", "list"]).await;
    deliveries.ended(0).says("ops");
    let found = run(&daemon, &["deliveries", "list", "--format", "json"]).await;
    let delivery = json(&found)["deliveries"][0]["id"].as_str().expect("an id").to_owned();
    run(&daemon, &["deliveries", "show", &delivery]).await.ended(0).says("notification");
    run(&daemon, &["deliveries", "retry", "osp"]).await.ended(2).says("did you mean `ops`?");
    run(&daemon, &["deliveries", "retry", "ops"]).await.ended(0).says("sent now");
}

/// A storm is taken in hand with one command.
#[tokio::test]
async fn many_incidents_are_acknowledged_at_once() {
    let (database, url) = central().await;
    create_tables(&database, &["tmp_import"]).await;
    let names = ["sco", "scoso", "other", "last"];
    let config = names.iter().fold(ConfigText::new(), |it, name| {
        it.database_with(name, &url, "central", ", severity: { same_database: info }")
    });
    let daemon = TestDaemon::start(workspace(&config)).await;
    for name in names {
        run(&daemon, &["audit", name]).await.ended(1);
    }
    let open = async || {
        let listed =
            run(&daemon, &["incidents", "list", "--state", "open", "--format", "json"]).await;
        let rows = json(listed.ended(0))["incidents"].as_array().expect("a list").clone();
        let pair =
            |it: &Value| (it["database"].to_string(), it["id"].as_str().unwrap_or("").to_owned());
        rows.iter().map(pair).collect::<std::collections::BTreeMap<_, _>>()
    };
    let ack = async |more: &[&str]| run(&daemon, &[&["incidents", "ack"], more].concat()).await;
    let before = open().await;
    assert_eq!(before.len(), 4, "{before:?}");
    ack(&["--database", "sco*", "--note", "on it"])
        .await
        .ended(0)
        .says("2 incidents are acknowledged");
    assert_eq!(open().await.len(), 2);
    ack(&["--database", "sco*"]).await.ended(0).says("no open incident is meant by that");
    ack(&["--database", "othr"]).await.ended(2).says("did you mean `other`?");
    ack(&["--kind", "drfit"]).await.ended(2).says("`drift`?");
    ack(&["--manifest", "central", "--kind", "audit_failing"])
        .await
        .ended(0)
        .says("no open incident");
    let [first, other] = ["\"sco\"", "\"other\""].map(|it| before[it].as_str());
    let several = ack(&[first, "SW-99999", other]).await;
    several.ended(2).says("SW-99999: there is no incident").says("1 incident is acknowledged");
    several.says("acknowledged already: 1 incident");
    ack(&["--all", "--database", "x"]).await.ended(2).says("--database");
    ack(&["--all", other]).await.ended(2).says("--all");
    ack(&[]).await.ended(2).says("<ID>");
    ack(&["--all"]).await.ended(0).says("1 incident is acknowledged");
    assert!(open().await.is_empty());
    // The daemon's own words where it does not know us: once, not once for each.
    daemon
        .workspace()
        .rewrite("schemawarden.token.wrong", "this-is-not-the-token-at-all-hunter2\n");
    let server = format!("http://{}", daemon.address());
    let stranger = ["incidents", "ack", first, other, "--server", &server, "--token-file"];
    let stranger = [&stranger[..], &["schemawarden.token.wrong"]].concat();
    daemon.workspace().run(&stranger).await.ended(2).says("none of the tokens");
}
