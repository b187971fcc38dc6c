//! The load is shared: each audit is made once, and what a server is spared it is spared by all replicas together.

use super::fleet::Fleet;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::link::Link;
use crate::support::pgbouncer::PgBouncer;
use crate::support::postgres::Cluster;
use crate::support::postgres::TestDatabase;
use crate::support::until;

const DATABASES: usize = 30;
/// Of [`super::fleet::LIMITS`].
const PER_SERVER: usize = 4;
/// Audits that each replica makes at least: a sixth of one round.
const LEAST: usize = DATABASES / 6;
/// How often each is audited before what was done is counted.
const ROUNDS: i64 = 2;

#[tokio::test]
async fn three_replicas_share_thirty_databases_and_spare_their_server_together() {
    let mut fleet = Fleet::of(0).await;
    let front = Link::to(Cluster::shared().port()).await;
    let database = TestDatabase::create("central").await;
    fixtures::create_tables(&database, &CENTRAL).await;
    let role = database.create_role("auditor").await;
    let url = database.url_at(&role, "127.0.0.1", front.port());
    let mut config = fleet.config.clone().every("2s");
    for number in 0..DATABASES {
        let more = ", severity: { same_database: info }";
        config = config.database_with(&format!("db{number}"), &url, "central", more);
    }
    fleet.config = config;
    for _ in 0..3 {
        fleet.join().await;
    }
    until("they know each other", || async {
        (fleet.count("select count(*) from replicas").await == 3).then_some(())
    })
    .await;
    let began = fleet.now().await;
    let enough = format!(
        "select count(*) from (select 1 from audits where at > {began} group by database_id \
         having count(*) > {ROUNDS}) a"
    );
    let all = i64::try_from(DATABASES).expect("few");
    until("each is audited some times", || async {
        (fleet.count(&enough).await == all).then_some(())
    })
    .await;
    for it in &mut fleet.replicas {
        assert_eq!(it.daemon.sigterm().await.0.code(), Some(0));
    }

    // The first one of each is made at its start, whenever that is: it may come in the middle of a tick.
    let twice = format!(
        "select coalesce(json_agg(a), '[]') from (select database_id, at / 2000 as tick, count(*) \
         from audits where at > {began} + 2000 group by 1, 2 having count(*) > 1) a"
    );
    assert_eq!(fleet.ask(&twice).await, "[]", "audited more than once a tick");
    let audits = fleet.count("select count(*) from audits").await;
    let connections = i64::try_from(front.accepted()).expect("few");
    // Those that were given up when their replicas stopped are not recorded.
    assert!((audits..audits + 8).contains(&connections), "{connections} for {audits} audits");
    assert!(front.most() <= PER_SERVER, "{} connections at one time", front.most());
    for it in &mut fleet.replicas {
        it.daemon.read_log();
        let made = it.daemon.count_logged("audited `db");
        assert!(made >= LEAST, "one of them made {made} of {audits} audits");
    }
}

#[tokio::test]
async fn a_replica_works_behind_a_pooler_in_session_mode() {
    let mut fleet = Fleet::of(2).await;
    let bouncer = PgBouncer::start_in("session", Cluster::shared(), fleet.role(), 4).await;
    let config = fleet.config.clone();
    let workspace = fixtures::workspace(&config).env("STATE_URL", &fleet.state_url(bouncer.port()));
    let mut daemon = crate::support::daemon::TestDaemon::start(workspace).await;
    fleet.toggle(0).await;
    fleet.wait_until_noticed(0).await;
    fleet.toggle(0).await;
    fleet.settle().await;
    assert_eq!(daemon.sigterm().await.0.code(), Some(0), "{}", bouncer.log());
    assert_eq!(fleet.lost().await, Vec::<String>::new());
    assert_eq!((fleet.seen.len(), fleet.repeats()), (2, 0));
    assert_eq!(fleet.count("select count(*) from replicas").await, 0, "it has left in order");
}
