//! Replicas whose configurations differ: the newest is in force, and who has another one stands back and says so.

use super::fleet::Fleet;
use super::fleet::metric;
use crate::support::daemon::message;
use crate::support::psql::psql;
use crate::support::until;

const HASH: &str = "schemawarden_config_hash";

#[tokio::test]
async fn who_has_an_older_configuration_stands_back_until_it_has_the_new_one() {
    let mut fleet = Fleet::of(2).await;
    fleet.join().await;
    fleet.settle().await;
    let third = fleet.add_database().await;
    fleet.toggle(third).await;
    fleet.join().await;
    let stands_back = |line: &serde_json::Value| {
        message(line).contains("has another, newer configuration")
            && message(line).contains("audits nothing")
    };
    fleet.replicas[0].daemon.wait_for_log("the older stands back", stands_back).await;
    let (older, newer) = (&fleet.replicas[0].daemon, &fleet.replicas[1].daemon);
    assert_ne!(metric(older, HASH).await, metric(newer, HASH).await);
    assert!(metric(older, HASH).await.is_some());

    // What it had begun may end; from then on all audits are the other's.
    let running = "select count(*) from turns where holder = (select min(epoch) from replicas)";
    until("its last audits have ended", || async {
        (fleet.count(running).await == 0).then_some(())
    })
    .await;
    fleet.replicas[0].daemon.read_log();
    let made = fleet.replicas[0].daemon.count_logged("audited `db");
    let now = fleet.now().await;
    fleet.wait_for_audits_after(now).await;
    let later = fleet.now().await;
    fleet.wait_for_audits_after(later).await;
    fleet.replicas[0].daemon.read_log();
    assert_eq!(fleet.replicas[0].daemon.count_logged("audited `db"), made, "it stands back");

    // One that is started again with an old file changes nothing: not even what it has never heard of.
    fleet.settle().await;
    // A registry that the old file does not name either.
    let registry = "insert into schemawarden_state.registries (discovery, tried_at, failures) values ('new', 1, 0)";
    let (noted, said) = psql(fleet.state(), registry).await;
    assert!(noted, "{said}");
    fleet.replicas[0].daemon.sigterm().await;
    fleet.replicas[0].daemon.restart().await;
    fleet.replicas[0].daemon.wait_for_log("it stands back again", stands_back).await;
    let now = fleet.now().await;
    fleet.wait_for_audits_after(now).await;
    assert_eq!(fleet.count("select count(*) from registries").await, 1, "it forgets none");
    let incidents = fleet.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert_eq!(incidents[0].2, "open", "{incidents:#?}");

    let new = fleet.config.to_string();
    fleet.replicas[0].daemon.workspace().rewrite("config.yaml", &new);
    fleet.replicas[0].daemon.sighup();
    let agrees = |line: &serde_json::Value| message(line).contains("is in force again");
    fleet.replicas[0].daemon.wait_for_log("they agree", agrees).await;
    let is_audit = |line: &serde_json::Value| message(line).starts_with("audited `db");
    fleet.replicas[0].daemon.wait_for_log("it audits again", is_audit).await;
    let (one, other) = (&fleet.replicas[0].daemon, &fleet.replicas[1].daemon);
    assert_eq!(metric(one, HASH).await, metric(other, HASH).await);
    fleet.toggle(third).await;
    fleet.settle().await;
    assert_eq!((fleet.lost().await, fleet.repeats(), fleet.seen.len()), (Vec::new(), 0, 2));
}
