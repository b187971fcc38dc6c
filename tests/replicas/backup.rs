//! The state is put back as it was last night, under the replicas that run: they go on, each as who nobody was before.

use std::collections::BTreeSet;
use std::process::Command;

use super::fleet::Fleet;
use crate::support::postgres::Cluster;
use crate::support::process::must_succeed;
use crate::support::psql::psql;
use crate::support::until;

/// The state as SQL.
fn dump(fleet: &Fleet<'_>) -> String {
    let cluster = Cluster::shared();
    let role = cluster.superuser();
    let dumped = must_succeed(
        Command::new(cluster.binaries().join("pg_dump"))
            .args(["--schema=schemawarden_state", "-U", &role.name, "-d", fleet.state().name()])
            .arg("-h")
            .arg(cluster.socket_directory())
            .args(["-p", &cluster.port().to_string()])
            .env("PGPASSWORD", &role.password),
    );
    String::from_utf8(dumped.stdout).expect("SQL")
}

#[tokio::test]
async fn a_state_that_is_put_back_is_gone_on_with() {
    let mut fleet = Fleet::of(3).await;
    fleet.join().await;
    fleet.toggle(0).await;
    fleet.settle().await;
    let backup = dump(&fleet);
    // What it does not know: two replicas, and an incident.
    for _ in 0..2 {
        fleet.join().await;
    }
    fleet.toggle(1).await;
    fleet.settle().await;
    assert_eq!(fleet.seen.len(), 2);
    until("all are members", || async {
        (fleet.count("select count(*) from replicas").await == 3).then_some(())
    })
    .await;
    let newest = fleet.count("select max(epoch) from replicas").await;

    let script = format!("begin; drop schema schemawarden_state cascade;\n{backup}\ncommit;");
    // It takes every lock there is, and those who write take some: who meets one of them in the middle tries again.
    until("it is put back", || async {
        let (restored, said) = psql(fleet.state(), &script).await;
        assert!(restored || said.contains("deadlock detected"), "{said}");
        restored.then_some(())
    })
    .await;
    let restored = fleet.now().await;
    for it in &mut fleet.replicas {
        assert!(it.daemon.is_alive());
        it.daemon.wait_for_status("/readyz", 200).await;
    }
    fleet.wait_for_audits_after(restored).await;
    // Whom the backup does not know is a new one; so is whom it knows, where that was too long ago for the others.
    let anew = format!("select count(*) from replicas where epoch > {newest}");
    until("the others are members again", || async {
        (fleet.count(&anew).await >= 2 && fleet.count("select count(*) from replicas").await == 3)
            .then_some(())
    })
    .await;
    fleet.settle().await;
    // The first incident is known, the other is told again: once.
    let opened = fleet.seen.iter().filter(|it| it.json()["type"] == "incident.opened").count();
    assert_eq!((fleet.seen.len(), opened), (3, 3));
    assert_eq!(fleet.stale().await, 0);

    // Nobody is who somebody was: one is as it was in the backup, the others are new.
    let epochs = fleet.rows("select epoch, name from replicas").await;
    let epochs = epochs.as_array().expect("a list");
    let numbers: BTreeSet<_> = epochs.iter().map(|it| it["epoch"].as_i64()).collect();
    let names: BTreeSet<_> = epochs.iter().map(|it| it["name"].as_str()).collect();
    assert_eq!((epochs.len(), numbers.len(), names.len()), (3, 3, 3), "{epochs:#?}");

    fleet.toggle(0).await;
    fleet.toggle(1).await;
    fleet.settle().await;
    let incidents = fleet.incidents().await;
    assert_eq!(incidents.len(), 2, "{incidents:#?}");
    assert!(incidents.iter().all(|(.., state)| state == "resolved"), "{incidents:#?}");
    assert_eq!((fleet.lost().await, fleet.repeats(), fleet.seen.len()), (Vec::new(), 0, 5));
}
