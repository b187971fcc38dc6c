//! Whatever fails in the observer fails nobody's DDL, and holds none up.

use std::time::Duration;

use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;

use super::Observed;
use crate::support::daemon::TestDaemon;
use crate::support::daemon::message;
use crate::support::fixtures;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::postgres::Encoding;
use crate::support::postgres::TestDatabase;
use crate::support::workspace::ConfigText;

/// A command that waited for the ledger would take as long as its statement timeout, or for ever.
const NO_WAIT: Duration = Duration::from_secs(2);

impl Observed {
    /// Creates and drops a table as the migrator, who gives each statement a second.
    async fn changes(&self, case: &str) {
        let client = self.migrator_named("prisma").await;
        let sql =
            "set statement_timeout = '1s'; create table x (id serial primary key); drop table x";
        let changed = tokio::time::timeout(NO_WAIT, client.0.batch_execute(sql)).await;
        match changed {
            Err(elapsed) => panic!("{case}: it waits: {elapsed}"),
            Ok(Err(error)) => panic!("{case}: {error:?}"),
            Ok(Ok(())) => {}
        }
    }
}

#[tokio::test]
async fn a_ledger_that_fails_fails_no_command() {
    let it = Observed::new().await;
    it.install(&["--with-query"]).await;
    it.changes("whole").await;
    let raises = "create or replace function public.boom() returns trigger language plpgsql as $$begin BODY; end$$; \
                  drop trigger if exists boom on schemawarden.ledger; \
                  create trigger boom before insert on schemawarden.ledger for each row execute function public.boom()";
    for (case, sql) in [
        ("the disk is full", raises.replace("BODY", "raise disk_full")),
        ("an assertion fails", raises.replace("BODY", "assert false")),
        ("a limit is hit", raises.replace("BODY", "raise program_limit_exceeded")),
        ("a trigger of its own changes the schema", raises.replace("BODY", "create table y (); drop table y; return new")),
        ("a column is gone", "drop trigger boom on schemawarden.ledger; alter table schemawarden.ledger drop column more".to_owned()),
        ("the mask is gone", "drop function schemawarden.mask".to_owned()),
        ("the sequence is at its end", "alter sequence schemawarden.ledger_id_seq maxvalue 5 restart 5".to_owned()),
        ("nobody may insert", "revoke all on schemawarden.ledger from current_user".to_owned()),
        ("the ledger is gone", "drop table schemawarden.ledger".to_owned()),
        ("the schema has another name", "alter schema schemawarden rename to gone".to_owned()),
    ] {
        it.database.execute(&format!("set client_min_messages = warning; {sql}")).await;
        it.changes(case).await;
    }
}

#[tokio::test]
async fn a_ledger_that_is_locked_holds_up_no_command() {
    let it = Observed::new().await;
    let blocker = it.database.superuser_session().await;
    for (case, lock) in [
        ("the whole ledger", "lock table schemawarden.ledger in access exclusive mode"),
        ("against writers", "lock table schemawarden.ledger in share mode"),
        ("its sequence", "alter sequence schemawarden.ledger_id_seq cache 2"),
        (
            "its index",
            "lock table schemawarden.ledger in access share mode; alter index schemawarden.ledger_pkey set (fillfactor = 80)",
        ),
        (
            "a row of the next number",
            "insert into schemawarden.ledger (id, tag) overriding system value select last_value + i, 'x' from schemawarden.ledger_id_seq, generate_series(1, 20) i",
        ),
    ] {
        blocker.execute(&format!("begin; {lock}")).await;
        it.changes(case).await;
        blocker.execute("rollback").await;
    }
    // Afterwards it notes again.
    it.migrate("create table noted ()").await;
    assert!(it.ledger("object_name").await.contains("noted"));
}

#[tokio::test]
async fn every_isolation_level_and_a_replica_s_role_work() {
    let it = Observed::new().await;
    for level in ["read committed", "repeatable read", "serializable"] {
        // Enough to prune, where that is done.
        it.migrate(&format!(
            "begin isolation level {level}; \
             do $$begin for i in 1..100 loop execute 'create table x ()'; execute 'drop table x'; end loop; end$$; \
             create table \"{level}\" (); commit"
        ))
        .await;
    }
    it.database.execute("set session_replication_role = replica; create table quiet (); reset session_replication_role").await;
    let noted = it.ledger("object_name").await;
    for name in ["read committed", "repeatable read", "serializable", "quiet"] {
        assert!(noted.lines().any(|it| it == name), "{name}");
    }
}

/// A notification forbids `prepare transaction`: where that is possible, there is none.
#[tokio::test]
async fn a_transaction_can_be_prepared_where_the_server_allows_it() {
    let options =
        ClusterOptions { settings: "max_prepared_transactions = 5", ..ClusterOptions::default() };
    let cluster = Cluster::start(&options);
    let database = TestDatabase::create_in(&cluster, "central", Encoding::Utf8).await;
    let auditor = database.create_role("auditor").await;
    let config = ConfigText::new().database("central", &database.url(&auditor), "central");
    let workspace = fixtures::workspace(&config);
    let run = workspace.run(&["sql", "observer", "central"]).await;
    database.execute(&run.ended(0).stdout).await;
    let (client, connection) =
        tokio_postgres::connect(&database.url(&cluster.superuser()), NoTls).await.expect("let in");
    let _connection = AbortOnDropHandle::new(TaskTracker::new().spawn(connection));
    let sql = "begin; create table two_phases (); prepare transaction 'p'; commit prepared 'p'";
    for statement in sql.split("; ") {
        client.batch_execute(statement).await.unwrap_or_else(|it| panic!("{statement}: {it:?}"));
    }
    let noted = "select object_name from schemawarden.ledger";
    assert_eq!(database.one(noted).await, "two_phases");
    workspace.run(&["doctor"]).await.says("max_prepared_transactions is not 0");
    let config = ConfigText::new().database_with(
        "central",
        &database.url(&auditor),
        "central",
        ", watch: true",
    );
    let mut daemon = TestDaemon::start(fixtures::workspace(&config)).await;
    daemon.wait_for_log("it says so", |it| message(it).contains("calls nobody")).await;
}
