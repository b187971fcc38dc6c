//! What a replica does not begin with: a state of somebody else's, a newer one, and configurations that cannot work.

use super::fleet::Fleet;
use crate::support::fixtures;

#[tokio::test]
async fn a_state_of_another_fleet_or_a_newer_release_is_left_alone() {
    let mut fleet = Fleet::of(1).await;
    fleet.join().await;
    fleet.settle().await;
    let (workspace, _link) = fleet.place(&fleet.config.clone().shared_state("other", "3s")).await;
    let run = workspace.run(&["run"]).await;
    run.ended(2).says("belongs to the fleet `test`").says("`other`").says("state.fleet");

    fleet.replicas[0].daemon.sigterm().await;
    fleet.ask("update meta set value = 99 where key = 'version' returning value").await;
    let (workspace, _link) = fleet.place(&fleet.config).await;
    let run = workspace.run(&["run"]).await;
    run.ended(2).says("schema version 99").says("run the newer release");
    let untouched = fleet.ask("select value from meta where key = 'version'").await;
    assert_eq!(untouched, "99");
}

/// While it runs, too: another replica of a newer release has migrated the state.
#[tokio::test]
async fn who_finds_the_state_migrated_stops() {
    let mut fleet = Fleet::of(1).await;
    fleet.join().await;
    fleet.settle().await;
    fleet.ask("update meta set value = 99 where key = 'version' returning value").await;
    let status = fleet.replicas[0].daemon.wait_for_its_end().await;
    assert_eq!(status.code(), Some(2));
    fleet.replicas[0].daemon.read_log();
    assert!(fleet.replicas[0].daemon.has_logged("newer release has migrated the state"));
}

#[tokio::test]
async fn keys_of_the_state_that_cannot_work_are_mistakes_with_their_place() {
    let fleet = Fleet::of(0).await;
    let url = "postgres://a@127.0.0.1:9/b";
    for (keys, words) in [
        (
            format!("{{ postgres: \"{url}\", lease: 2s }}"),
            ["state.lease", "is not longer than an audit may take"],
        ),
        (
            format!("{{ postgres: \"{url}\", sqlite: state.db }}"),
            ["state.sqlite", "`sqlite` and `postgres` together"],
        ),
        ("{ sqlite: state.db, lease: 1m }".to_owned(), ["state.lease", "names none"]),
        ("{ sqlite: state.db, fleet: x }".to_owned(), ["state.fleet", "names none"]),
    ] {
        let config = fleet.config.clone().database("db", url, "central").state_keys(&keys);
        let line = config.to_string().lines().position(|it| it.starts_with("state:"));
        let place = format!("config.yaml:{}:", line.expect("it is there") + 1);
        for command in ["validate", "run"] {
            let run = fixtures::workspace(&config).run(&[command]).await;
            run.ended(2).says(&place).says(words[0]).says(words[1]);
        }
    }
}
