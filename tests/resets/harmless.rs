//! Random sequences of acts that lose nothing: none of them may sound a critical alarm.

use schemawarden::finding::Finding;
use schemawarden::finding::Severity;

use super::watched::FIXTURE;
use super::watched::Watched;
use super::watched::spelled;
use super::watched::statistics_arrive;
use crate::support::postgres::TestDatabase;
use crate::support::postgres::database::Session;

/// Sequences, on as many databases side by side as `LANES` says.
const SEQUENCES: u64 = 500;
const LANES: u64 = 4;
/// Audits of one sequence, and acts between two of them.
const AUDITS: usize = 4;
const ACTS: usize = 3;

const TABLES: [&str; 4] = ["\"Orchestra\"", "\"User\"", "\"Customer\"", "\"SystemLog\""];

/// One act, on table `t`. None of them takes all rows of a table, or more than one table, away.
fn act(random: &mut fastrand::Rng, t: &str) -> Vec<String> {
    let one = |sql: &str| vec![sql.replace("TABLE", t)];
    match random.u8(0..22) {
        0 => one("insert into TABLE select coalesce(max(id), 0) + 1 from TABLE"),
        1 => one(
            "insert into TABLE select n from generate_series((select coalesce(max(id), 0) + 1 from TABLE), (select coalesce(max(id), 0) + 50 from TABLE)) n",
        ),
        2 => one("delete from TABLE where id > (select min(id) from TABLE)"),
        3 => one("update TABLE set id = id"),
        4 => one("vacuum TABLE"),
        5 => one("vacuum full TABLE"),
        6 => one("analyze TABLE"),
        7 => one("reindex table TABLE"),
        8 => one("alter table TABLE alter id type bigint"),
        9 => one("alter table TABLE alter id type int"),
        10 => one("alter table TABLE set unlogged"),
        11 => one("alter table TABLE set logged"),
        12 => one("select pg_stat_reset()"),
        13 => one("select pg_stat_reset_single_table_counters('TABLE'::regclass)"),
        14 => one("begin; truncate TABLE; rollback"),
        15 => one(
            "begin; create temp table kept on commit drop as select * from TABLE; truncate TABLE; insert into TABLE select * from kept; commit",
        ),
        16 => one("alter table TABLE rename to passing; alter table passing rename to TABLE"),
        17 => one("create table extra (id int); insert into extra values (1); drop table extra"),
        18 => one(
            "alter table TABLE add column extra int default 7; alter table TABLE drop column extra",
        ),
        19 => one("begin; insert into TABLE select max(id) + 1 from TABLE; rollback"),
        20 => one(
            "create table fresh (like TABLE including all); insert into fresh select * from TABLE; drop table TABLE; alter table fresh rename to TABLE",
        ),
        _ => one("vacuum full"),
    }
}

/// One sequence on a database whose tables are all populated; the acts, and what was said.
async fn sequence(session: &Session, url: &str, seed: u64) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    session.execute("drop schema if exists public cascade; create schema public").await;
    session.execute(FIXTURE).await;
    if random.bool() {
        statistics_arrive(session).await;
    }
    let mut watched = Watched::new(url);
    let mut done = Vec::new();
    for _ in 0..AUDITS {
        let findings = watched.findings().await;
        if let Some(alarm) = findings.iter().find(|it| it.severity == Severity::Critical) {
            return Err(format!(
                "seed {seed}: {}: {}\n  after {done:#?}",
                spelled(alarm),
                message(alarm)
            ));
        }
        done.push("-- audit".to_owned());
        let mut rebuilt = false;
        for _ in 0..random.usize(0..=ACTS) {
            let table = TABLES[random.usize(0..TABLES.len())];
            for sql in act(&mut random, table) {
                // One migration at a time.
                if sql.contains("fresh") && std::mem::replace(&mut rebuilt, true) {
                    continue;
                }
                // A statement that VACUUM shares a message with would fail.
                for statement in sql.split(';') {
                    session.execute(statement).await;
                }
                done.push(sql);
            }
        }
        if random.bool() {
            statistics_arrive(session).await;
        }
    }
    Ok(())
}

fn message(it: &Finding) -> &str {
    &it.message
}

#[tokio::test]
async fn no_alarm_in_five_hundred_random_sequences() {
    let lane = |lane: u64| async move {
        let database = TestDatabase::create("harmless").await;
        let role = database.create_role("auditor").await;
        let session = database.superuser_session().await;
        for seed in (lane..SEQUENCES).step_by(usize::try_from(LANES).expect("few")) {
            sequence(&session, &database.url(&role), seed).await?;
        }
        Ok::<(), String>(())
    };
    let ended = futures_util::future::join_all((0..LANES).map(lane)).await;
    let alarms: Vec<String> = ended.into_iter().filter_map(Result::err).collect();
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}
