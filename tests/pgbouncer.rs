//! PgBouncer in transaction mode: no startup option, no session setting, nothing left behind.

use std::fmt::Write;

use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;

use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// Audits at one time through a pool of [`POOL`].
const AUDITS: usize = 100;
const POOL: u16 = 2;

/// What a session that nobody has touched says.
const UNTOUCHED: &str = "statement_timeout 0\nlock_timeout 0\nsearch_path \"$user\", public\n\
    client_encoding UTF8\njit on\ntransaction_read_only off\n";

/// The settings of a client's server connection that an audit changes.
async fn settings(client: &tokio_postgres::Client) -> String {
    let mut got = String::new();
    for setting in UNTOUCHED.lines().filter_map(|line| line.split(' ').next()) {
        let query = format!("show {setting}");
        for message in client.simple_query(&query).await.expect("a query through the pool") {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                writeln!(got, "{setting} {}", row.get(0).unwrap_or_default()).expect("a String");
            }
        }
    }
    got
}

#[tokio::test]
async fn a_hundred_audits_share_a_pool_of_two_and_leave_no_setting_behind() {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let bouncer = PgBouncer::start(Cluster::shared(), &role, POOL).await;
    let url = database.url_at(&role, "127.0.0.1", bouncer.port());

    let limits = format!(
        "{{ concurrency: {AUDITS}, per_server: {AUDITS}, per_server_rate: 10000, connect_timeout: 20s, \
         audit_deadline: 25s }}"
    );
    let mut config = ConfigText::new().limits(&limits);
    for number in 0..AUDITS {
        config = config.database(&format!("central-{number}"), &url, "central");
    }
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    let run = workspace.run(&["check", "--format", "json"]).await;
    assert_eq!(run.code, Some(0), "{}\n{}\n{}", run.stdout, run.stderr, bouncer.log());
    let report = run.report();
    assert_eq!(report.0["databases"].as_array().map(Vec::len), Some(AUDITS));

    // The next clients of the pool find its server connections as if nobody had been there. Each
    // keeps its own in a transaction, so that every one of them is looked at.
    let mut clients = Vec::new();
    for _ in 0..POOL {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("let in");
        let connection = AbortOnDropHandle::new(TaskTracker::new().spawn(connection));
        client.simple_query("begin").await.expect("a query through the pool");
        assert_eq!(settings(&client).await, UNTOUCHED);
        clients.push((client, connection));
    }
    let backends = format!("select count(*) from pg_stat_activity where usename = '{}'", role.name);
    let backends: u16 = database.one(&backends).await.parse().expect("a number");
    assert!(backends <= POOL, "{backends} server connections");
}
