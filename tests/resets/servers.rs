//! Acts on whole databases and servers: copies, swaps, restores, crashes, replicas.

use std::process::Command;
use std::time::Duration;

use tokio::time::sleep;
use tokio::time::timeout;

use super::watched::FIXTURE;
use super::watched::Watched;
use super::watched::statistics_arrive;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::Role;
use crate::support::postgres::TestDatabase;
use crate::support::postgres::database::Session;
use crate::support::process::must_succeed;
use crate::support::workspace::ConfigText;

const NOTHING: [&str; 0] = [];

/// How long a replica may take to show what its primary holds.
const REPLAY_MAX: Duration = Duration::from_secs(30);

/// A database with rows, its URL for a role that may connect, and what is known of it.
async fn known_one() -> (TestDatabase<'static>, String, Watched) {
    let database = TestDatabase::create("known").await;
    let session = database.superuser_session().await;
    session.execute(FIXTURE).await;
    statistics_arrive(&session).await;
    let role = database.create_role("auditor").await;
    let url = database.url(&role);
    let mut watched = Watched::new(&url);
    assert_eq!(watched.said().await, NOTHING);
    (database, url, watched)
}

/// A superuser's session beside the database, which itself nobody may be in.
async fn beside() -> Session {
    let cluster = Cluster::shared();
    Session::open(cluster, "postgres", &cluster.superuser()).await
}

#[tokio::test]
async fn a_copy_renamed_over_it_is_another_database() {
    let (database, _, mut watched) = known_one().await;
    let name = database.name().to_owned();
    drop(database);
    let server = beside().await;
    let ended = format!(
        "select count(pg_terminate_backend(pid))::text from pg_stat_activity where datname = '{name}'"
    );
    server.one(&ended).await;
    server.execute(&format!("create database {name}_copy template {name}")).await;
    server.execute(&format!("alter database {name} rename to {name}_old")).await;
    server.execute(&format!("alter database {name}_copy rename to {name}")).await;
    let findings = watched.findings().await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    let message = &findings[0].message;
    assert!(
        message.contains("its OID was") && message.contains("5 of its 5 known tables are here too"),
        "{message}"
    );
    assert!(
        message.contains("it had held")
            || message.contains("the known one had held 100 rows in `SystemLog`"),
        "{message}"
    );
    // The right one is back: it is over.
    server.execute(&format!("alter database {name} rename to {name}_copy")).await;
    server.execute(&format!("alter database {name}_old rename to {name}")).await;
    assert_eq!(watched.said().await, NOTHING);
}

#[tokio::test]
async fn a_database_that_is_dropped_and_created_is_another_one() {
    let (database, _, mut watched) = known_one().await;
    let name = database.name().to_owned();
    drop(database);
    let server = beside().await;
    server.execute(&format!("drop database {name} with (force)")).await;
    server.execute(&format!("create database {name}")).await;
    let cluster = Cluster::shared();
    Session::open(cluster, &name, &cluster.superuser()).await.execute(FIXTURE).await;
    assert_eq!(watched.said().await, ["wrong_database"]);
}

#[tokio::test]
async fn a_restore_is_told_with_its_rows() {
    let (database, _, mut watched) = known_one().await;
    let cluster = Cluster::shared();
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("dump");
    let program = |name: &str| {
        let mut command = Command::new(cluster.binaries().join(name));
        let port = cluster.port().to_string();
        command
            .env("PGPASSWORD", cluster.superuser().password)
            .arg("--host")
            .arg(cluster.socket_directory())
            .args(["--port", &port, "--username=postgres", "--dbname", database.name()]);
        command
    };
    must_succeed(program("pg_dump").arg("--format=custom").arg("--file").arg(&dump));
    must_succeed(program("pg_restore").args(["--clean", "--if-exists"]).arg(&dump));
    let session = database.superuser_session().await;
    session.execute("analyze").await;
    let findings = watched.findings().await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].detail["rows_before"], 111);
    assert_eq!(findings[0].detail["rows_now"], 111);
}

/// Statistics do not survive a crash, and rows do.
#[tokio::test]
async fn a_crash_is_no_loss_of_rows() {
    let cluster = Cluster::start(&ClusterOptions::default());
    let database = TestDatabase::create_in(&cluster, "crashed", Encoding::Utf8).await;
    let session = database.superuser_session().await;
    session.execute(FIXTURE).await;
    statistics_arrive(&session).await;
    let role = database.create_role("auditor").await;
    let mut watched = Watched::new(&database.url(&role));
    assert_eq!(watched.said().await, NOTHING);
    session.execute("checkpoint").await;
    drop(session);
    cluster.crash();
    assert_eq!(watched.said().await, NOTHING, "after the crash");
    let session = Session::open(&cluster, database.name(), &cluster.superuser()).await;
    session.execute("alter table \"SystemLog\" alter n type bigint").await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, NOTHING, "rewritten after it");
    session.execute("analyze").await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, NOTHING, "counted again");
    session.execute("truncate \"SystemLog\"").await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, NOTHING, "nobody counted its inserts since the crash");
    session.execute("insert into \"User\" select n, 'x' from generate_series(10, 20) n").await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, NOTHING);
    session.execute("truncate \"User\"").await;
    statistics_arrive(&session).await;
    assert_eq!(watched.said().await, ["table_emptied User"], "one that was filled since is told");
}

/// A replica shows the same database; one that lags too far proves nothing.
#[tokio::test]
async fn a_replica_that_lags_opens_and_does_not_resolve() {
    let cluster = Cluster::start(&ClusterOptions {
        settings: "wal_level = replica\nmax_wal_senders = 3\n",
        ..ClusterOptions::default()
    });
    let database = TestDatabase::create_in(&cluster, "primary", Encoding::Utf8).await;
    database.execute(FIXTURE).await;
    let role = database.create_role("auditor").await;
    let mut watched = Watched::new(&database.url(&role));
    assert_eq!(watched.said().await, NOTHING);

    let prompt = cluster.replica("0");
    let url = |it: &Cluster| database.url_at(&role, "127.0.0.1", it.port());
    replayed(&prompt, database.name(), &cluster.superuser(), "\"User\"").await;
    let known = watched.known.take();
    let mut replica = Watched::new(&url(&prompt));
    replica.known = known;
    assert_eq!(replica.said().await, NOTHING, "the same database, on a server of its own");

    let late = cluster.replica("1h");
    // What comes now is received there and not replayed.
    database.execute("create table extra (id int)").await;
    let config = ConfigText::new().database("central", &url(&late), "central");
    let yaml = config.limits("{ max_replica_lag: 1s }").to_string();
    let report = timeout(REPLAY_MAX, async {
        loop {
            let report = check(&yaml).await;
            if report["verdict"] == "unknown" {
                return report;
            }
            sleep(Duration::from_millis(200)).await;
        }
    });
    let report = report.await.expect("it lags in time");
    let reason = report["databases"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("a read replica that lags"), "{reason}");
    assert_eq!(report["databases"][0]["evidence"]["complete"], false);
}

/// `check --format json` with a config that is this text.
async fn check(yaml: &str) -> serde_json::Value {
    use crate::support::workspace::Workspace;
    let manifest = "manifest: central\ntables: [Orchestra, User, Customer, SystemLog]\n";
    let workspace = Workspace::new().manifest("central", manifest).config(yaml);
    let output = workspace.command(&["check", "--format", "json"]).output().await.expect("it runs");
    serde_json::from_slice(&output.stdout).expect("a document")
}

async fn replayed(replica: &Cluster, database: &str, role: &Role, table: &str) {
    let there = async {
        loop {
            let session = Session::open(replica, database, role).await;
            let sql = format!("select (to_regclass('{table}') is not null)::text");
            if session.one(&sql).await == "true" {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(REPLAY_MAX, there).await.expect("it is replayed in time");
}
