//! Deploy windows in the state: begun, ended, overtaken by time, the file and each other.

use super::*;
use crate::deploy::Force;
use crate::deploy::in_force;
use crate::manifest::Manifest;
use crate::store::BeginDeploy;
use crate::store::Deploy;
use crate::store::DeployRefused;
use crate::store::Registered;

const HOUR: Duration = Duration::from_hours(1);

fn manifest(tables: &str) -> Arc<Manifest> {
    let tables = tables.split_whitespace().map(|it| RelationName::new("public", it));
    Arc::new(Manifest::of_tables("m", tables))
}

fn begin(bench: &Bench, databases: &[(&str, &str)], new: &str, minutes: i64) -> BeginDeploy {
    BeginDeploy {
        databases: databases.iter().map(|(it, old)| ((*it).to_owned(), manifest(old))).collect(),
        manifest: manifest(new),
        reference: "abc".to_owned(),
        author: "ci".to_owned(),
        until: bench.now() + SignedDuration::from_mins(minutes),
        max: HOUR,
        now: bench.now(),
    }
}

/// What is in force for `database`, whose config names these tables: `A+B abc`.
async fn force(bench: &Bench, store: &Handle, database: &str, file: &str) -> Force {
    let standing = store.standing().await.unwrap();
    let window = standing.windows.iter().find(|(it, _)| it == database).map(|(_, it)| it);
    in_force(&manifest(file), window, None, bench.now())
}

async fn shown(bench: &Bench, store: &Handle, database: &str, file: &str) -> String {
    let force = force(bench, store, database, file).await;
    let tables =
        |it: &Arc<Manifest>| it.tables().map(RelationName::visible).collect::<Vec<_>>().join(" ");
    let all: Vec<_> = [&force.manifest].into_iter().chain(&force.also).map(tables).collect();
    let reference = force.reference.map(|it| format!(" by {it}")).unwrap_or_default();
    format!("{}{reference}", all.join(" + "))
}

async fn register(bench: &Bench, store: &Handle, files: &[(&str, &str)]) {
    let registered = files
        .iter()
        .map(|(it, file)| Registered { database: (*it).to_owned(), manifest: manifest(file) })
        .collect();
    store.register_manifests(registered, policy(&["ops"]), bench.now()).await.unwrap();
}

fn names(deploys: &[Deploy]) -> Vec<(u64, usize)> {
    deploys.iter().map(|it| (it.id, it.databases.len())).collect()
}

#[tokio::test]
async fn a_deploy_is_begun_and_ended_and_survives_restarts() {
    let bench = Bench::new();
    let store = bench.open();
    register(&bench, &store, &[("a", "A"), ("b", "A")]).await;
    let changes = store.standing_changes();
    let deploy =
        store.begin_deploy(begin(&bench, &[("a", "A"), ("b", "A")], "A B", 30)).await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!((deploy.id, deploy.reference.as_str(), deploy.author.as_str()), (1, "abc", "ci"));
    assert_eq!(deploy.databases[1].old_hash, manifest("A").hash);
    assert_eq!(shown(&bench, &store, "a", "A").await, "A + A B by abc");
    store.close().await.unwrap();

    bench.pass(60);
    let store = bench.open();
    register(&bench, &store, &[("a", "A"), ("b", "A")]).await;
    assert_eq!(shown(&bench, &store, "a", "A").await, "A + A B by abc");
    assert_eq!(names(&store.deploys(false, bench.now()).await.unwrap()), [(1, 2)]);
    let ended = store.end_deploy(1, false, bench.now()).await.unwrap().unwrap();
    assert_eq!(ended.ended_at, Some(bench.now()));
    assert_eq!(shown(&bench, &store, "b", "A").await, "A B by abc");
    bench.pass(60);
    let again = store.end_deploy(1, false, bench.now()).await.unwrap().unwrap();
    assert_eq!(again, ended, "one that has ended stays as it is");
    assert_eq!(store.end_deploy(2, false, bench.now()).await.unwrap(), None);
    assert_eq!(store.end_deploy(u64::MAX, false, bench.now()).await.unwrap(), None);
    assert_eq!(store.deploys(false, bench.now()).await.unwrap(), []);
    assert_eq!(store.deploys(true, bench.now()).await.unwrap(), [ended]);
    store.close().await.unwrap();

    // The file follows, and is changed back: then it decides again.
    let store = bench.open();
    register(&bench, &store, &[("a", "A"), ("b", "A B")]).await;
    assert_eq!(shown(&bench, &store, "a", "A").await, "A B by abc");
    assert_eq!(shown(&bench, &store, "b", "A B").await, "A B by abc");
    register(&bench, &store, &[("a", "A"), ("b", "A")]).await;
    assert_eq!(shown(&bench, &store, "b", "A").await, "A");
    assert_eq!(shown(&bench, &store, "a", "A").await, "A B by abc");
}

#[tokio::test]
async fn a_window_ends_by_time_even_where_nobody_was_there() {
    let bench = Bench::new();
    let store = bench.open();
    register(&bench, &store, &[("a", "A")]).await;
    store.begin_deploy(begin(&bench, &[("a", "A")], "B", 30)).await.unwrap();
    assert_eq!(store.end_due_deploys(bench.now()).await.unwrap(), []);
    bench.pass(30 * 60);
    assert_eq!(shown(&bench, &store, "a", "A").await, "B by abc", "noted or not");
    let due = store.end_due_deploys(bench.now()).await.unwrap();
    assert_eq!(
        (names(&due), due[0].ended_at, due[0].rolled_back),
        (vec![(1, 1)], Some(bench.now()), false)
    );
    assert_eq!(store.end_due_deploys(bench.now()).await.unwrap(), []);

    // Its end comes while the daemon is away, and the file has changed meanwhile.
    store.begin_deploy(begin(&bench, &[("a", "A")], "C", 30)).await.unwrap();
    store.close().await.unwrap();
    bench.pass(3600);
    let store = bench.open();
    register(&bench, &store, &[("a", "D")]).await;
    assert_eq!(shown(&bench, &store, "a", "D").await, "D");
    assert_eq!(store.deploys(false, bench.now()).await.unwrap(), []);
    register(&bench, &store, &[("a", "A")]).await;
    assert_eq!(shown(&bench, &store, "a", "A").await, "A");
}

#[tokio::test]
async fn a_rollback_leaves_the_old_one_in_force() {
    let bench = Bench::new();
    let store = bench.open();
    register(&bench, &store, &[("a", "A")]).await;
    store.begin_deploy(begin(&bench, &[("a", "A")], "B", 30)).await.unwrap();
    // The manifest came first.
    register(&bench, &store, &[("a", "B")]).await;
    assert_eq!(shown(&bench, &store, "a", "B").await, "B + A by abc");
    store.end_deploy(1, true, bench.now()).await.unwrap();
    assert_eq!(shown(&bench, &store, "a", "B").await, "A by abc, rolled back");
    register(&bench, &store, &[("a", "A")]).await;
    assert_eq!(shown(&bench, &store, "a", "A").await, "A");
    register(&bench, &store, &[("a", "B")]).await;
    assert_eq!(shown(&bench, &store, "a", "B").await, "B");
}

/// Time ended it before anybody could say that the migration had failed.
#[tokio::test]
async fn one_that_has_ended_is_taken_back_while_it_is_in_force() {
    let bench = Bench::new();
    let store = bench.open();
    let in_force = async |id: u64| {
        let deploys = store.deploys(true, bench.now()).await.unwrap();
        let it = deploys.into_iter().find(|it| it.id == id).unwrap();
        it.databases.iter().filter(|it| it.in_force).map(|it| it.name.clone()).collect::<Vec<_>>()
    };
    register(&bench, &store, &[("a", "A"), ("b", "A")]).await;
    store.begin_deploy(begin(&bench, &[("a", "A"), ("b", "A")], "B", 30)).await.unwrap();
    assert_eq!(in_force(1).await, [] as [&str; 0], "it is open");
    bench.pass(30 * 60);
    store.end_due_deploys(bench.now()).await.unwrap();
    assert_eq!(in_force(1).await, ["a", "b"]);
    register(&bench, &store, &[("a", "A"), ("b", "B")]).await;
    assert_eq!(in_force(1).await, ["a"], "the file of the other says so itself");
    bench.pass(60);
    let changes = store.standing_changes();
    let taken_back = store.end_deploy(1, true, bench.now()).await.unwrap().unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!((taken_back.rolled_back, taken_back.ended_at), (true, Some(bench.now())));
    assert_eq!(shown(&bench, &store, "a", "A").await, "A");
    assert_eq!(shown(&bench, &store, "b", "B").await, "B");
    assert_eq!(in_force(1).await, [] as [&str; 0]);

    // Not where another deploy came, or the file says the same or something else by now.
    store.begin_deploy(begin(&bench, &[("a", "A"), ("b", "B")], "C", 30)).await.unwrap();
    store.end_deploy(2, false, bench.now()).await.unwrap();
    store.begin_deploy(begin(&bench, &[("a", "A")], "D", 30)).await.unwrap();
    register(&bench, &store, &[("a", "A"), ("b", "E")]).await;
    let stays = store.end_deploy(2, true, bench.now()).await.unwrap().unwrap();
    assert!(!stays.rolled_back, "{stays:?}");
}

#[tokio::test]
async fn a_second_deploy_builds_on_what_the_first_one_brought() {
    let bench = Bench::new();
    let store = bench.open();
    register(&bench, &store, &[("a", "A")]).await;
    store.begin_deploy(begin(&bench, &[("a", "A")], "B", 30)).await.unwrap();
    store.end_deploy(1, false, bench.now()).await.unwrap();
    // The file still says A.
    store.begin_deploy(begin(&bench, &[("a", "A")], "C", 30)).await.unwrap();
    assert_eq!(shown(&bench, &store, "a", "A").await, "A + B + C by abc");
    store.end_deploy(2, true, bench.now()).await.unwrap();
    assert_eq!(shown(&bench, &store, "a", "A").await, "B by abc, rolled back");
}

#[tokio::test]
async fn what_is_no_deploy_is_refused_whole() {
    let bench = Bench::new();
    let store = bench.open();
    let begin = |databases: &[(&str, &str)], minutes| begin(&bench, databases, "B", minutes);
    store.begin_deploy(begin(&[("a", "A")], 60)).await.unwrap();
    let refused = store.begin_deploy(begin(&[("b", "A"), ("a", "A")], 30)).await.unwrap_err();
    assert!(
        matches!(&refused, DeployRefused::Open { database, deploy: 1, .. } if database == "a"),
        "{refused}"
    );
    for (databases, minutes, want) in [
        (&[][..], 30, "it names no database"),
        (&[("b", "A")], 61, "at most 1h long (`deploy.max`)"),
        (&[("b", "A")], 0, "longer than nothing"),
        (&[("b", "A")], -5, "longer than nothing"),
    ] {
        let refused = store.begin_deploy(begin(databases, minutes)).await.unwrap_err();
        assert!(refused.to_string().contains(want), "{refused}");
    }
    for reference in ["", "  ", "a\u{1b}[31m", "a\nb", &"x".repeat(201)] {
        let reference = reference.to_owned();
        let refused = BeginDeploy { reference, ..begin(&[("b", "A")], 30) };
        let refused = store.begin_deploy(refused).await.unwrap_err();
        assert!(matches!(refused, DeployRefused::Reference), "{refused}");
    }
    assert_eq!((bench.count("deploys"), bench.count("deploy_databases")), (1, 1));
    // One that has ended is in nobody's way.
    store.end_deploy(1, false, bench.now()).await.unwrap();
    store.begin_deploy(begin(&[("b", "A"), ("a", "A")], 30)).await.unwrap();
}

/// A migration begins as soon as the deploy is acknowledged: an audit that was under way by then may
/// have seen its tables without knowing that they are allowed.
#[tokio::test]
async fn an_audit_that_did_not_know_of_the_deploy_changes_nothing() {
    let bench = Bench::new();
    let store = bench.open();
    let late = bench.audit("a", "New");
    store.begin_deploy(begin(&bench, &[("a", "A")], "A New", 30)).await.unwrap();
    let receipt = store.commit_audit(late.clone()).await.unwrap();
    assert_eq!(receipt.transitions, []);
    assert_eq!(store.database_state("a").await.unwrap(), None, "not even noted");

    let knowing = |tables| {
        let mut audit = bench.audit("a", tables);
        Arc::make_mut(&mut audit.report).evidence.deploy = Some(1);
        audit
    };
    store.commit_audit(knowing("")).await.unwrap();
    let receipt = store.commit_audit(knowing("Foreign")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1001 opened drift"]);
    // Another database has nothing to do with it; and time's end ends it.
    assert_eq!(
        steps(&store.commit_audit(bench.audit("b", "New")).await.unwrap()),
        ["SW-1002 opened drift"]
    );
    bench.pass(30 * 60);
    let receipt = store.commit_audit(bench.audit("a", "Foreign New")).await.unwrap();
    assert_eq!(steps(&receipt), ["SW-1001 changed drift"]);
}

#[tokio::test]
async fn versions_are_written_once_and_forgotten_with_the_last_that_needs_them() {
    let bench = Bench::new();
    let store = bench.open();
    register(&bench, &store, &[("a", "A"), ("b", "A")]).await;
    register(&bench, &store, &[("a", "A"), ("b", "A")]).await;
    assert_eq!(bench.count("manifest_versions"), 1);
    store.begin_deploy(begin(&bench, &[("a", "A"), ("b", "A")], "B", 30)).await.unwrap();
    assert_eq!(bench.count("manifest_versions"), 2);
    register(&bench, &store, &[("a", "B"), ("b", "B")]).await;
    assert_eq!(bench.count("manifest_versions"), 2, "the deploy still needs the old one");
    store.end_deploy(1, false, bench.now()).await.unwrap();
    bench.pass(86_400);
    let before = bench.now();
    store.prune(before, before).await.unwrap();
    assert_eq!((bench.count("deploys"), bench.count("manifest_versions")), (0, 1));

    // One whose file never followed decides for ever.
    store.begin_deploy(begin(&bench, &[("a", "B")], "C", 30)).await.unwrap();
    store.end_deploy(2, false, bench.now()).await.unwrap();
    bench.pass(86_400);
    store.prune(bench.now(), bench.now()).await.unwrap();
    assert_eq!(shown(&bench, &store, "a", "B").await, "C by abc");
}
