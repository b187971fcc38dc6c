//! Servers that cannot be reached, do not answer, answer wrongly, or lie. Each is `unknown`, with a
//! reason, in time; never `clean`.

use std::time::Duration;

use crate::support::black_hole::BlackHole;
use crate::support::cli::Report;
use crate::support::fake_server::Behaviour;
use crate::support::fake_server::FakeServer;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::proxy::AUTHENTICATION;
use crate::support::proxy::DATA_ROW;
use crate::support::proxy::Event;
use crate::support::proxy::Fault;
use crate::support::proxy::Proxy;
use crate::support::proxy::READY;
use crate::support::workspace::ConfigText;
use crate::support::workspace::Workspace;

/// How long an audit may take by its own account. `audit_deadline` of [`ConfigText::new`] is 3 s, and
/// half a second each goes to the cancel request and the goodbye; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_secs(10);

/// Bytes that the server may push before we hang up. `max_bytes` of the config below, and what two
/// sockets hold.
const PUSHED_MAX: u64 = 32 << 20;

/// What is said of a connection that ended too early: closed or reset, the network decides.
const CUT: &[&str] = &["the server closed the connection", "the connection broke"];

async fn central() -> TestDatabase<'static> {
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    database
}

fn workspace(url: &str) -> Workspace {
    Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&ConfigText::new().database("central", url, "central"))
}

/// Checks the database at `url`, which must be `unknown` in time for a reason that holds one of
/// `words`.
async fn unknown(case: &str, url: &str, words: &[&str]) -> Report {
    let run = workspace(url).run(&["check", "--format", "json"]).await;
    let report = run.ended(2).report();
    let reason = report.unknown_because("central").to_lowercase();
    assert!(words.iter().any(|word| reason.contains(word)), "{case}: {reason}");
    let took = report.duration("central");
    assert!(took < IN_TIME, "{case}: it took {took:?}");
    report
}

#[tokio::test]
async fn what_cannot_be_reached_or_entered_is_unknown() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    let good = database.url(&role);
    let wrong_password = good.replace("hunter2-", "hunter2+");
    let nowhere = good.replace(database.name(), "nowhere");
    let no_port = database.url_at(&role, "127.0.0.1", 9);
    // RFC 6761 keeps this name from ever being one.
    let no_host = database.url_at(&role, "central.invalid", 5432);
    for (case, url, words) in [
        ("refused", &no_port, &["refused"][..]),
        ("no such host", &no_host, &["central.invalid", "resolve", "lookup", "name"]),
        ("wrong password", &wrong_password, &["password authentication failed"]),
        ("no such database", &nowhere, &["does not exist"]),
    ] {
        unknown(case, url, words).await;
    }
    workspace(&good).check(0).await;
}

/// 192.0.2.0/24 is kept for documentation; packets to it are lost or refused, and nobody answers.
/// Which of the two is the machine's business, so the black hole loses them for certain.
#[tokio::test]
async fn an_unreachable_host_is_unknown_in_time() {
    let url = "postgres://auditor:hunter2@192.0.2.1:5432/central";
    unknown("unreachable", url, &["unreachable", "timed out", "refused"]).await;
    let hole = BlackHole::open();
    let url = format!("postgres://auditor:hunter2@127.0.0.1:{}/central", hole.port());
    unknown("black hole", &url, &["timed out after 2 s while connecting"]).await;
}

#[tokio::test]
async fn what_listens_and_is_no_postgresql_is_unknown_in_time() {
    for (behaviour, words) in [
        (Behaviour::Silent, &["timed out after 2 s while authenticating"][..]),
        (Behaviour::SpeakHttp, &["does not speak postgresql's protocol"]),
        (Behaviour::HangUp, CUT),
    ] {
        let mut server = FakeServer::start(behaviour);
        let url = format!(
            "postgres://auditor:hunter2@127.0.0.1:{}/central?sslmode=disable",
            server.port()
        );
        unknown(&format!("{behaviour:?}"), &url, words).await;
        server.next_ended().await;
    }
}

#[tokio::test]
async fn a_server_that_stalls_at_any_step_is_unknown_in_time() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    for (case, message, nth) in [
        ("the demand for a password", AUTHENTICATION, 1),
        ("the end of the login", READY, 1),
        ("the first row", DATA_ROW, 1),
        ("the third row", DATA_ROW, 3),
        ("the end of the answer", READY, 2),
    ] {
        let mut proxy = Proxy::start(Cluster::shared(), Fault::StallAt { message, nth });
        let url = database.url_at(&role, "127.0.0.1", proxy.port());
        unknown(case, &url, &["timed out after"]).await;
        proxy.wait_for(Event::FaultReached).await;
        proxy.wait_for(Event::ClientGone).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_unknown() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    for (message, nth) in [(AUTHENTICATION, 2), (DATA_ROW, 1), (DATA_ROW, 3), (READY, 2)] {
        let mut proxy = Proxy::start(Cluster::shared(), Fault::CutAt { message, nth });
        let url = database.url_at(&role, "127.0.0.1", proxy.port());
        unknown(&format!("{} {nth}", char::from(message)), &url, CUT).await;
        proxy.wait_for(Event::FaultReached).await;
    }
}

/// Each would fill the memory of a client that reads on.
#[tokio::test]
async fn a_server_that_floods_is_cut_off() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    for (fault, word) in [
        (Fault::EndlessRows, "more than 1048576 bytes"),
        (Fault::EndlessNotices, "more than 1048576 bytes"),
        (Fault::EndlessParameters, "more than 1048576 bytes"),
        (Fault::HugeRow, "announced a message of 2147483647 bytes"),
        (Fault::ScramBomb, "SCRAM iteration count"),
    ] {
        let mut proxy = Proxy::start(Cluster::shared(), fault);
        let url = database.url_at(&role, "127.0.0.1", proxy.port());
        let config = ConfigText::new().database("central", &url, "central").limits(
            "{ connect_timeout: 2s, audit_deadline: 3s, max_bytes: 1MiB, max_relations: 1000 }",
        );
        let workspace = workspace(&url).config(&config);
        let run = workspace.run(&["check", "--format", "json"]).await;
        let report = run.ended(2).report();
        let reason = report.unknown_because("central");
        assert!(reason.contains(word), "{fault:?}: {reason}");
        let took = report.duration("central");
        assert!(took < IN_TIME, "{fault:?}: it took {took:?}");
        proxy.wait_for(Event::FaultReached).await;
        proxy.wait_for(Event::ClientGone).await;
        assert!(proxy.sent() < PUSHED_MAX, "{fault:?}: {} bytes were taken", proxy.sent());
    }
}

/// 1 ms would kill the audit's own query; `SET LOCAL` has to come first. A slow machine may still
/// lose `BEGIN` itself to it: then the answer is `unknown`, and the next attempt counts.
#[tokio::test]
async fn a_statement_timeout_of_1_ms_on_the_database_does_not_stop_the_audit() {
    const ATTEMPTS: usize = 10;
    let database = central().await;
    let role = database.create_role("auditor").await;
    // So many that reading them takes longer than a millisecond.
    database
        .execute(
            "create schema bulk;
            do $$ begin for i in 1..2000 loop execute format('create table bulk.t%s ()', i);
            end loop; end $$",
        )
        .await;
    let name = database.name();
    for setting in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        database.execute(&format!("alter database {name} set {setting} = '1ms'")).await;
    }
    let naive = database.session(&role).await;
    assert_eq!(naive.one("show statement_timeout").await, "1ms", "the trap is set");

    let manifest = format!("{}ignore: ['bulk.*']\n", fixtures::manifest("central", &CENTRAL));
    let workspace = workspace(&database.url(&role)).manifest("central", &manifest);
    for _ in 0..ATTEMPTS {
        let run = workspace.run(&["check", "--format", "json"]).await;
        let report = run.report();
        if report.verdict() == "clean" {
            run.ended(0);
            return;
        }
        let reason = run.ended(2).report().unknown_because("central").to_owned();
        assert!(reason.contains("timeout"), "{reason}");
    }
    panic!("not one of {ATTEMPTS} audits was complete");
}

#[tokio::test]
async fn a_role_that_may_not_read_pg_class_makes_it_unknown() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    database.execute("revoke select on pg_catalog.pg_class from public").await;
    let denied = &["permission denied for table pg_class"];
    unknown("pg_class", &database.url(&role), denied).await;
}

#[tokio::test]
async fn a_hijacked_search_path_hides_nothing() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    database
        .execute(
            r#"create table "Musician" ();
            create schema evil;
            grant usage on schema evil to public;
            create view evil.pg_class as select * from pg_catalog.pg_class where false;
            create view evil.pg_namespace as select * from pg_catalog.pg_namespace where false;
            grant select on all tables in schema evil to public;
            create function evil.encode(bytea, text) returns text language sql as $$select '78'$$;
            create function evil.has_table_privilege(oid, text) returns bool
                language sql as $$select true$$;
            do $$
            declare pair text[];
            begin
                foreach pair slice 1 in array array[
                    ['name', 'name'], ['name', 'text'], ['text', 'text'], ['oid', 'oid'],
                    ['"char"', '"char"'], ['int4', 'int4'], ['int8', 'int8']]
                loop
                    execute format('create function evil.no(%s, %s) returns bool language sql
                        immutable as ''select false''', pair[1], pair[2]);
                    execute format('create operator evil.= (leftarg = %s, rightarg = %s,
                        function = evil.no)', pair[1], pair[2]);
                    execute format('create operator evil.<> (leftarg = %s, rightarg = %s,
                        function = evil.no)', pair[1], pair[2]);
                end loop;
            end $$"#,
        )
        .await;
    let name = database.name();
    database.execute(&format!("alter database {name} set search_path = evil, pg_catalog")).await;
    database.execute(&format!("alter role {} set search_path = evil, pg_catalog", role.name)).await;
    let naive = database.session(&role).await;
    for query in [
        "select count(*) from pg_class",
        "select count(*) from pg_catalog.pg_class where relname <> 'x'",
    ] {
        assert_eq!(naive.one(query).await, "0", "the trap is set");
    }
    let report = workspace(&database.url(&role)).check(1).await;
    assert_eq!(report.findings("central"), ["unexpected_table public.Musician"]);
    assert_eq!(report.evidence("central", "hidden_from_information_schema"), 5);
}

/// Half a catalog answers every question wrongly, so it is no success for anybody.
#[tokio::test]
async fn a_partial_read_is_trouble_for_validate_and_doctor_too() {
    let database = central().await;
    let role = database.create_role("auditor").await;
    let config = ConfigText::new()
        .limits("{ connect_timeout: 2s, audit_deadline: 3s, max_relations: 2 }")
        .database("central", &database.url(&role), "central");
    let workspace = Workspace::new()
        .manifest("central", &fixtures::manifest("central", &CENTRAL))
        .config(&config);
    for command in [&["validate", "--online"][..], &["doctor"]] {
        let run = workspace.run(command).await;
        run.ended(2).says("partial").says("the database holds more than 2 relations");
    }
}
