//! The state is away, or takes nothing: audits go on, everybody who asks learns it, and when it is back nobody has to do
//! anything.

use super::fleet::Fleet;
use super::fleet::Replica;
use crate::support::daemon::field;
use crate::support::daemon::message;
use crate::support::link::Carries;
use crate::support::postgres::Cluster;
use crate::support::postgres::ClusterOptions;
use crate::support::until;

const DATABASES: usize = 4;

/// Waits until this replica has read `database` so many times more, whatever it made of that.
async fn wait_for_more(replica: &mut Replica, database: &str, more: usize) {
    for _ in 0..more {
        let is_it = |line: &serde_json::Value| {
            message(line) == "read the catalog" && *field(line, "database.name") == *database
        };
        replica.daemon.wait_for_log("an audit goes on", is_it).await;
    }
}

#[tokio::test]
async fn a_state_server_that_stops_stops_no_audit_and_needs_nobody_when_it_is_back() {
    let cluster = Cluster::start(&ClusterOptions::default());
    let mut fleet = Fleet::with_state_on(&cluster, DATABASES).await;
    for _ in 0..2 {
        fleet.join().await;
    }
    fleet.settle().await;
    cluster.cut_power();
    for it in &fleet.replicas {
        let said = it.daemon.wait_for_status("/readyz", 503).await;
        assert!(said.contains("[-]state failed"), "{said}");
    }
    fleet.toggle(0).await;
    for it in &mut fleet.replicas {
        // Longer than the writer waits before it tries again. The last database too: nobody waits for another.
        wait_for_more(it, "db0", 5).await;
        wait_for_more(it, &format!("db{}", DATABASES - 1), 1).await;
        assert_eq!(it.daemon.get("/livez").await.0, 200);
    }
    fleet.collect();
    assert_eq!(fleet.seen.len(), 0, "told what is not recorded");
    cluster.start_again();
    for it in &fleet.replicas {
        it.daemon.wait_for_status("/readyz", 200).await;
    }
    fleet.settle().await;
    let back = fleet.now().await;
    fleet.wait_for_audits_after(back).await;
    fleet.toggle(0).await;
    fleet.settle().await;
    let incidents = fleet.incidents().await;
    assert_eq!(incidents.len(), 1, "only what really happened: {incidents:#?}");
    assert_eq!((incidents[0].1.as_str(), incidents[0].2.as_str()), ("db0", "resolved"));
    assert_eq!((fleet.lost().await, fleet.repeats(), fleet.seen.len()), (Vec::new(), 0, 2));
    assert_eq!(fleet.stale().await, 0);
}

/// Nobody says a word, as where packets are lost: each question is waited for, and audits are not.
#[tokio::test]
async fn a_state_that_is_silent_slows_no_audit() {
    let mut fleet = Fleet::of(8).await;
    fleet.join().await;
    fleet.settle().await;
    let replica = &mut fleet.replicas[0];
    replica.link.set(Carries::Silence);
    replica.daemon.wait_for_status("/readyz", 503).await;
    for at in 0..8 {
        wait_for_more(replica, &format!("db{at}"), 1).await;
    }
    let began = std::time::Instant::now();
    wait_for_more(replica, "db0", 3).await;
    let took = began.elapsed();
    eprintln!("three more audits of one of eight databases took {took:?}");
    assert_eq!(replica.daemon.get("/livez").await.0, 200);
    replica.link.set(Carries::All);
    replica.daemon.wait_for_status("/readyz", 200).await;
    fleet.settle().await;
    assert_eq!(fleet.incidents().await, Vec::new());
}

#[tokio::test]
async fn a_state_that_is_read_only_is_told_and_waited_for() {
    let mut fleet = Fleet::of(2).await;
    fleet.join().await;
    fleet.settle().await;
    let (name, role) = (fleet.state().name().to_owned(), fleet.role().name.clone());
    let read_only = |on: &str| {
        format!(
            "alter database {name} set default_transaction_read_only = {on}; select \
             pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'"
        )
    };
    fleet.state().execute(&read_only("on")).await;
    let said = fleet.replicas[0].daemon.wait_for_status("/readyz", 503).await;
    until("it says why", || async {
        let (_, said) = fleet.replicas[0].daemon.get("/readyz").await;
        said.contains("read-only").then_some(())
    })
    .await;
    assert!(said.contains("[-]state failed"), "{said}");
    fleet.toggle(0).await;
    wait_for_more(&mut fleet.replicas[0], "db0", 1).await;
    // Who starts now is told at once.
    let config = fleet.config.clone();
    let (workspace, _link) = fleet.place(&config).await;
    workspace.run(&["run"]).await.ended(2).says("state").says("read-only");

    fleet.state().execute(&read_only("off")).await;
    fleet.replicas[0].daemon.wait_for_status("/readyz", 200).await;
    fleet.settle().await;
    assert_eq!((fleet.lost().await, fleet.repeats(), fleet.seen.len()), (Vec::new(), 0, 1));
}
