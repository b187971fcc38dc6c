//! The brake in the state: what a changed manifest is held back from, and what lets it go.

use super::*;
use crate::manifest::Manifest;
use crate::store::BeginDeploy;
use crate::store::Registered;
use crate::store::ReleaseManifest;
use crate::store::TransitionRecord;

fn manifest(tables: &str) -> Arc<Manifest> {
    let tables = tables.split_whitespace().map(|it| RelationName::new("public", it));
    Arc::new(Manifest::of_tables("m", tables))
}

fn name(n: usize) -> String {
    format!("db{n:02}")
}

/// So many databases, all of whose files say this.
fn fleet(databases: usize, file: &str) -> Arc<[Registered]> {
    (0..databases).map(|n| Registered { database: name(n), manifest: manifest(file) }).collect()
}

fn told(records: &[TransitionRecord]) -> Vec<String> {
    let one = |it: &TransitionRecord| {
        format!("{} {} {} {}", it.incident, it.step.word(), it.kind.word(), it.reason.word())
    };
    records.iter().map(one).collect()
}

struct Fleet {
    bench: Bench,
    store: Handle,
    databases: usize,
    file: &'static str,
}

impl Fleet {
    async fn new(databases: usize, file: &'static str) -> Self {
        let bench = Bench::new();
        let store = bench.open();
        let mut fleet = Self { bench, store, databases, file };
        assert_eq!(fleet.reload(file).await, [] as [&str; 0]);
        assert_eq!(fleet.trial().await, None, "one that is seen first is trusted");
        fleet
    }

    async fn reload(&mut self, file: &'static str) -> Vec<String> {
        self.file = file;
        let registered = fleet(self.databases, file);
        let now = self.bench.now();
        told(&self.store.register_manifests(registered, policy(&["ops"]), now).await.unwrap())
    }

    async fn restart(&mut self) {
        self.store.close().await.unwrap();
        self.store = self.bench.open();
        self.reload(self.file).await;
    }

    /// Hash of the version on trial or suspect.
    async fn trial(&self) -> Option<String> {
        let states = self.store.manifest_states().await.unwrap();
        let trial = states[0].trial.as_ref().map(|(hash, _)| hash.clone());
        let standing = self.store.standing().await.unwrap();
        assert_eq!(standing.trials.iter().map(|it| it.hash.clone()).next(), trial);
        trial
    }

    async fn judge(&self) -> Vec<String> {
        let registered = fleet(self.databases, self.file);
        let now = self.bench.now();
        told(&self.store.judge_trials(registered, policy(&["ops"]), now).await.unwrap())
    }

    /// Audits one database against the file: `X!` is held.
    async fn audit(&self, n: usize, tables: &str) -> Vec<String> {
        let mut audit = self.bench.audit(&name(n), &tables.replace('!', ""));
        let report = Arc::make_mut(&mut audit.report);
        report.manifest = "m".to_owned();
        report.evidence.manifest_hash.clone_from(&manifest(self.file).hash);
        for (finding, text) in report.findings.iter_mut().zip(tables.split_whitespace()) {
            finding.held = text.ends_with('!');
        }
        steps(&self.store.commit_audit(audit).await.unwrap())
    }

    async fn held(&self) -> Vec<String> {
        self.store.standing().await.unwrap().held
    }
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn three_of_twelve_make_a_manifest_suspect_and_it_is_told_once() {
    let mut fleet = Fleet::new(12, "A X").await;
    assert_eq!(fleet.reload("A").await, NOTHING);
    assert_eq!(fleet.trial().await, Some(manifest("A").hash.clone()));
    for n in 0..2 {
        assert_eq!(fleet.audit(n, "X!").await, NOTHING);
        assert_eq!(fleet.judge().await, NOTHING);
    }
    // What both versions miss or do not want is told, trial or not.
    assert_eq!(fleet.audit(2, "X! Foreign").await, ["SW-1001 opened drift"]);
    assert_eq!(fleet.judge().await, ["SW-1002 opened manifest_suspect manifest_changed"]);
    assert_eq!(fleet.judge().await, NOTHING);
    fleet.restart().await;
    assert_eq!(fleet.audit(3, "X!").await, NOTHING);
    assert_eq!(fleet.judge().await, NOTHING);
    fleet.bench.pass(3600);
    assert_eq!(fleet.judge().await, NOTHING, "no time ends a suspicion");
    assert_eq!(fleet.held().await, NOTHING);
    let state = fleet.store.manifest_states().await.unwrap().remove(0);
    assert!(state.suspect);
    assert_eq!(state.held, ["db00", "db01", "db02", "db03"]);
    assert_eq!(state.trusted_hash, manifest("A X").hash);

    let claimed = fleet.bench.deliver(&fleet.store).await;
    assert_eq!(claimed, "db02: 1 table that should not be there", "the held one is not counted");
    let claimed = fleet.bench.claim(&fleet.store).await;
    let news = &claimed[0].notifications[0];
    assert_eq!(news.headline, "manifest `m`: its change would make 3 of 12 databases drift");
    assert_eq!(news.diagnoses[0], "the new version no longer lists `X`");
    assert!(news.diagnoses[1].starts_with("`db00`, `db01`, `db02` differ from"), "{news:?}");
    assert_eq!(news.next_steps[0], "schemawarden manifests release m");
    assert_eq!(
        (news.database.as_str(), news.subject.as_str(), news.manifest.as_str()),
        ("", "m", "m")
    );
}

/// A route by label hears of the manifest of its team, and of its end.
#[tokio::test]
async fn a_suspect_manifest_has_the_labels_that_all_of_its_databases_share() {
    let mut fleet = Fleet::new(10, "A X").await;
    let audit = async |fleet: &Fleet, n: usize, tables: &str| {
        let mut audit = fleet.bench.audit(&name(n), tables.trim_end_matches('!'));
        let report = Arc::make_mut(&mut audit.report);
        report.manifest = "m".to_owned();
        report.evidence.manifest_hash.clone_from(&manifest(fleet.file).hash);
        report.findings.iter_mut().for_each(|it| it.held = true);
        let labels = [("team", "green".to_owned()), ("shard", n.to_string())];
        audit.labels = labels.map(|(key, value)| (key.to_owned(), value)).into();
        fleet.store.commit_audit(audit).await.unwrap();
    };
    for n in 0..10 {
        audit(&fleet, n, "").await;
    }
    fleet.reload("A").await;
    for n in 0..3 {
        audit(&fleet, n, "X!").await;
    }
    assert_eq!(fleet.judge().await.len(), 1);
    fleet.reload("A X").await;
    for step in ["incident.opened", "incident.resolved"] {
        let claimed = fleet.bench.claim(&fleet.store).await;
        let news = &claimed[0].notifications[0];
        assert_eq!(news.kind.word(), step);
        assert_eq!(news.labels, [("team".to_owned(), "green".to_owned())].into(), "{step}");
        let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
        fleet.store.record_attempt(fleet.bench.attempt(&claimed[0], end)).await.unwrap();
    }
}

#[tokio::test]
async fn a_released_manifest_is_trusted_and_its_findings_are_due() {
    let mut fleet = Fleet::new(10, "A X").await;
    fleet.reload("A").await;
    for n in 0..3 {
        fleet.audit(n, "X!").await;
    }
    fleet.judge().await;
    let release = |name: &'static str| {
        fleet.store.release_manifest(name, "alice", policy(&["ops"]), fleet.bench.now())
    };
    assert_eq!(release("other").await.unwrap(), ReleaseManifest::NoSuch);
    let databases = vec![name(0), name(1), name(2)];
    assert_eq!(release("m").await.unwrap(), ReleaseManifest::Done { databases: databases.clone() });
    assert_eq!(release("m").await.unwrap(), ReleaseManifest::NothingHeld);
    assert_eq!(fleet.held().await, databases);
    assert_eq!(fleet.store.open_incidents().await.unwrap(), []);
    assert_eq!(fleet.bench.count("incident_events where actor = 'alice' and step = 'released'"), 1);
    fleet.bench.deliver(&fleet.store).await;
    let over = fleet.bench.deliver(&fleet.store).await;
    assert_eq!(over, "manifest `m`: no longer suspect after 0 s");
    // Audited again, they open.
    assert_eq!(fleet.audit(0, "X").await, ["SW-1002 opened drift"]);
    assert_eq!(fleet.held().await, databases[1..]);
    fleet.restart().await;
    assert_eq!(fleet.trial().await, None);
}

#[tokio::test]
async fn the_next_change_is_judged_against_the_same_trusted_version() {
    let mut fleet = Fleet::new(10, "A X").await;
    fleet.reload("A").await;
    for n in 0..3 {
        fleet.audit(n, "X!").await;
    }
    fleet.judge().await;
    let closed = ["SW-1001 resolved manifest_suspect manifest_changed"];
    assert_eq!(fleet.reload("A Y").await, closed);
    assert_eq!(fleet.trial().await, Some(manifest("A Y").hash.clone()));
    // What the version before said of them says nothing of this one.
    assert_eq!(fleet.judge().await, NOTHING);
    assert_eq!(fleet.store.manifest_states().await.unwrap()[0].trusted_hash, manifest("A X").hash);
    for n in 0..3 {
        fleet.audit(n, "X!").await;
    }
    fleet.judge().await;
    assert_eq!(fleet.reload("A X").await, ["SW-1002 resolved manifest_suspect manifest_changed"]);
    assert_eq!(fleet.trial().await, None, "changed back");
    assert_eq!(fleet.reload("A X").await, NOTHING);
    assert_eq!(fleet.bench.count("incidents where kind = 'manifest_suspect'"), 2);
}

#[tokio::test]
async fn two_of_twelve_are_told_as_usual() {
    let mut fleet = Fleet::new(12, "A X").await;
    fleet.reload("A").await;
    for n in 0..12 {
        assert_eq!(fleet.audit(n, if n < 2 { "X!" } else { "" }).await, NOTHING);
    }
    assert_eq!(fleet.judge().await, NOTHING);
    assert_eq!(fleet.trial().await, None);
    assert_eq!(fleet.held().await, ["db00", "db01"]);
    assert_eq!(fleet.audit(0, "X").await, ["SW-1001 opened drift"]);
    assert_eq!(fleet.store.manifest_states().await.unwrap()[0].trusted_hash, manifest("A").hash);
}

#[tokio::test]
async fn nobody_waits_longer_than_ten_minutes_for_databases_that_cannot_be_read() {
    let mut fleet = Fleet::new(12, "A X").await;
    fleet.reload("A").await;
    fleet.audit(0, "X!").await;
    for n in 1..12 {
        fleet.audit(n, "?").await;
    }
    assert_eq!(fleet.judge().await, NOTHING);
    assert!(fleet.trial().await.is_some());
    fleet.bench.pass(599);
    fleet.restart().await;
    fleet.judge().await;
    assert!(fleet.trial().await.is_some());
    fleet.bench.pass(1);
    fleet.judge().await;
    assert_eq!(fleet.trial().await, None);
    assert_eq!(fleet.held().await, ["db00"]);
}

#[tokio::test]
async fn few_databases_are_no_fleet_and_a_deploy_announces_a_change() {
    let mut fleet = Fleet::new(9, "A X").await;
    fleet.reload("A").await;
    assert_eq!(fleet.trial().await, None);

    for (deployed, trial) in [(12, false), (3, false), (2, true)] {
        let mut fleet = Fleet::new(12, "A X").await;
        let begin = BeginDeploy {
            databases: (0..deployed).map(|n| (name(n), manifest("A X"))).collect(),
            manifest: manifest("A"),
            reference: "abc".to_owned(),
            author: "ci".to_owned(),
            until: fleet.bench.now() + SignedDuration::from_mins(5),
            max: Duration::from_hours(1),
            now: fleet.bench.now(),
        };
        fleet.store.begin_deploy(begin).await.unwrap();
        fleet.store.end_deploy(1, false, fleet.bench.now()).await.unwrap();
        fleet.reload("A").await;
        assert_eq!(fleet.trial().await.is_some(), trial, "{deployed} of 12 by a deploy");
    }
}

#[tokio::test]
async fn a_suspicion_ends_with_the_last_database_that_uses_the_manifest() {
    let mut fleet = Fleet::new(10, "A X").await;
    fleet.reload("A").await;
    for n in 0..3 {
        fleet.audit(n, "X!").await;
    }
    fleet.judge().await;
    fleet.databases = 0;
    assert_eq!(fleet.reload("A").await, ["SW-1001 resolved manifest_suspect manifest_changed"]);
    assert_eq!(fleet.trial().await, None);
}
