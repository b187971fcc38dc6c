//! The life of incidents through the store: restarts, confirmation, flapping, people, servers.

use super::*;
use crate::incident::IncidentId;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::RECHECK_FAILING;
use crate::incident::RECHECK_FINDINGS;
use crate::store::Handled;
use crate::store::IncidentFilter;

impl Bench {
    /// An audit that could not reach the server.
    fn down(&self, database: &str) -> AuditCommit {
        let audit = self.audit(database, "?");
        let mut report = (*audit.report).clone();
        report.evidence.unreachable = true;
        AuditCommit { report: Arc::new(report), ..audit }
    }

    /// Commits one audit, and then restarts: whatever is remembered is remembered on disk.
    async fn step(&self, audit: AuditCommit) -> Receipt {
        let store = self.open();
        let receipt = store.commit_audit(audit).await.unwrap();
        store.close().await.unwrap();
        receipt
    }

    /// How many notifications were ever made, for each channel.
    fn ever_told(&self) -> i64 {
        self.count("notifications")
    }
}

fn reasons(receipt: &Receipt) -> Vec<String> {
    let reason = |it: &super::super::TransitionRecord| {
        format!("{} {} {} {}", it.incident, it.subject, it.step.word(), it.reason.word())
    };
    receipt.transitions.iter().map(reason).collect()
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_drift_that_returns_is_one_incident_through_every_restart() {
    let bench = Bench::new();
    let mut told = Vec::new();
    // Each audit twice: a restart in between tells nothing again.
    for (tables, seconds) in
        [("a", 60), ("", 60), ("a", 60), ("", 60), ("a", 60), ("", 300), ("", 300), ("", 60)]
    {
        let receipt = bench.step(bench.audit("central", tables)).await;
        told.extend(reasons(&receipt));
        let again = bench.step(bench.audit("central", tables)).await;
        assert_eq!(reasons(&again), NOTHING);
        bench.pass(seconds);
    }
    let want = [
        "SW-1001 central opened new_findings",
        "SW-1001 central resolved all_findings_gone",
        "SW-1001 central changed flapping",
        "SW-1001 central resolved all_findings_gone",
    ];
    assert_eq!(told, want);
    assert_eq!(bench.ever_told(), 4);
    let store = bench.open();
    let mut headlines = Vec::new();
    for _ in 0..4 {
        headlines.push(bench.deliver(&store).await);
    }
    let want = [
        "central: 1 table that should not be there",
        "central: clean again after 1 min",
        "central: 1 table that should not be there, back again (flapping)",
        "central: clean again after 15 min",
    ];
    assert_eq!(headlines, want);
    let (row, trail) = store.incident(IncidentId(1001)).await.unwrap().unwrap();
    assert_eq!((row.incident.state, row.untold), (IncidentState::Resolved, false));
    assert_eq!(row.reason, "all_findings_gone");
    assert_eq!(row.facts.unwrap().headline, want[3]);
    let trail: Vec<&str> = trail.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(trail, ["new_findings", "all_findings_gone", "flapping", "all_findings_gone"]);
}

#[tokio::test]
async fn a_finding_that_needs_two_audits_is_remembered_between_them() {
    let bench = Bench::new();
    let life = Life { confirm: 2, ..Life::default() };
    let audit = |tables: &str| AuditCommit { life, ..bench.audit("central", tables) };
    let receipt = bench.step(audit("a")).await;
    assert_eq!((reasons(&receipt).len(), receipt.recheck), (0, Some(RECHECK_FINDINGS)));
    let store = bench.open();
    assert!(store.database_state("central").await.unwrap().unwrap().suspected);
    store.close().await.unwrap();
    let receipt = bench.step(audit("a b")).await;
    assert_eq!(reasons(&receipt), ["SW-1001 central opened new_findings"]);
    let store = bench.open();
    assert_eq!(bench.deliver(&store).await, "central: 1 table that should not be there");
    store.close().await.unwrap();
    let receipt = bench.step(audit("a")).await;
    assert_eq!((reasons(&receipt).len(), receipt.recheck), (0, None));
    let store = bench.open();
    assert!(!store.database_state("central").await.unwrap().unwrap().suspected);
}

#[tokio::test]
async fn by_default_the_first_audit_opens_at_once() {
    let bench = Bench::new();
    let receipt = bench.step(bench.audit("central", "a")).await;
    assert_eq!(reasons(&receipt), ["SW-1001 central opened new_findings"]);
    assert_eq!((receipt.durable, receipt.recheck), (true, None));
}

#[tokio::test]
async fn what_changed_since_the_last_message_is_counted() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "a b c")).await.unwrap();
    store.commit_audit(bench.audit("central", "a")).await.unwrap();
    store.commit_audit(bench.audit("central", "a d")).await.unwrap();
    bench.deliver(&store).await;
    let claimed = bench.claim(&store).await;
    let it = &claimed[0].notifications[0];
    assert_eq!((it.findings_total, it.new_total, it.gone_total), (2, 1, 2));
}

#[tokio::test]
async fn a_person_has_an_incident_in_hand_until_it_grows() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "a")).await.unwrap();
    let id = IncidentId(1001);
    let take = async |by: &str, note: Option<&str>| {
        store.acknowledge(id, by.to_owned(), note.map(str::to_owned), bench.now()).await.unwrap()
    };
    let Handled::Done(taken) = take("alice", Some("on it")).await else { panic!("not done") };
    assert_eq!(taken.state, IncidentState::Acknowledged);
    assert_eq!(take("bob", None).await, Handled::Already);
    let let_go = async || store.release_incident(id, "bob".to_owned(), bench.now()).await.unwrap();
    assert!(matches!(let_go().await, Handled::Done(it) if it.acknowledged.is_none()));
    assert_eq!(let_go().await, Handled::Already);
    take("alice", None).await;
    assert_eq!(bench.ever_told(), 1, "nobody hears of these");
    store.close().await.unwrap();

    assert_eq!(reasons(&bench.step(bench.audit("central", "a")).await), NOTHING);
    let receipt = bench.step(bench.audit("central", "a b")).await;
    assert_eq!(reasons(&receipt), ["SW-1001 central changed new_findings"]);
    let store = bench.open();
    let (row, trail) = store.incident(id).await.unwrap().unwrap();
    assert_eq!((row.incident.state, row.incident.acknowledged), (IncidentState::Open, None));
    let trail: Vec<String> = trail
        .iter()
        .map(|it| format!("{} {:?} {:?}", it.step, it.actor.as_deref(), it.note.as_deref()))
        .collect();
    let want = [
        "opened None None",
        "acknowledged Some(\"alice\") Some(\"on it\")",
        "released Some(\"bob\") None",
        "acknowledged Some(\"alice\") None",
        "changed None None",
    ];
    assert_eq!(trail, want);
    let now = bench.now();
    let nobody = store.acknowledge(IncidentId(7), "alice".to_owned(), None, now).await.unwrap();
    assert_eq!(nobody, Handled::NoSuch);
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    let over = store.acknowledge(id, "alice".to_owned(), None, now).await.unwrap();
    assert_eq!(over, Handled::Resolved);
}

#[tokio::test]
async fn a_server_that_is_down_is_told_once() {
    let bench = Bench::new();
    let names = ["central", "sco", "scoso"];
    for name in names {
        bench.step(bench.audit(name, "")).await;
    }
    let mut told = Vec::new();
    for _ in 0..5 {
        for name in names {
            bench.pass(1);
            let receipt = bench.step(bench.down(name)).await;
            told.extend(reasons(&receipt));
        }
    }
    assert_eq!(told, ["SW-1001 db.example:5432 opened server_unreachable"]);
    assert_eq!(bench.ever_told(), 1);
    bench.pass(720);
    let receipt = bench.step(bench.audit("sco", "")).await;
    assert_eq!(reasons(&receipt), ["SW-1001 db.example:5432 resolved server_reachable"]);
    // Two audits were on their way, and one database stays away.
    for name in ["central", "scoso"] {
        let receipt = bench.step(bench.down(name)).await;
        assert_eq!((reasons(&receipt).len(), receipt.recheck), (0, Some(RECHECK_FAILING)));
    }
    bench.step(bench.audit("central", "")).await;
    bench.pass(10);
    bench.step(bench.audit("sco", "")).await;
    bench.step(bench.down("scoso")).await;
    let receipt = bench.step(bench.down("scoso")).await;
    assert_eq!(reasons(&receipt), ["SW-1002 scoso opened audits_failed"]);
    let store = bench.open();
    let want = "db.example:5432: unreachable, so none of its 3 databases can be audited";
    assert_eq!(bench.deliver(&store).await, want);
    let claimed = bench.claim(&store).await;
    let headlines: Vec<&str> =
        claimed.iter().flat_map(|it| &it.notifications).map(|it| it.headline.as_str()).collect();
    assert_eq!(headlines, ["db.example:5432: reachable again after 12 min"]);
}

#[tokio::test]
async fn a_failure_of_one_database_becomes_that_of_its_server() {
    let bench = Bench::new();
    let store = bench.open();
    let commit = async |audit: AuditCommit| reasons(&store.commit_audit(audit).await.unwrap());
    for _ in 0..2 {
        bench.pass(10);
        commit(bench.down("sco")).await;
        commit(bench.audit("central", "")).await;
    }
    bench.pass(10);
    let opened = commit(bench.down("sco")).await;
    assert_eq!(opened, ["SW-1001 sco opened audits_failed"]);
    for _ in 0..2 {
        bench.pass(10);
        assert_eq!(commit(bench.down("central")).await, NOTHING);
    }
    let told = bench.ever_told();
    bench.pass(10);
    let want =
        ["SW-1002 db.example:5432 opened server_unreachable", "SW-1001 sco resolved server_told"];
    assert_eq!(commit(bench.down("central")).await, want);
    assert_eq!(bench.ever_told(), told + 2, "whoever heard of the first hears of its end");
    let (row, trail) = store.incident(IncidentId(1001)).await.unwrap().unwrap();
    assert_eq!((row.reason.as_str(), trail.len()), ("server_told", 2));
    assert!(row.facts.unwrap().headline.contains("`db.example:5432`"));
    assert_eq!(commit(bench.down("sco")).await, NOTHING);
}

#[tokio::test]
async fn a_server_without_databases_is_not_watched_any_more() {
    let bench = Bench::new();
    let store = bench.open();
    for _ in 0..3 {
        for name in ["a", "b"] {
            bench.pass(1);
            store.commit_audit(bench.down(name)).await.unwrap();
        }
    }
    let close = async |registered: &[&str]| {
        let registered = registered.iter().map(|it| (*it).to_owned()).collect();
        let now = bench.now();
        let closed = store.close_unregistered(registered, policy(&["ops"]), now).await.unwrap();
        reasons(&Receipt { transitions: closed, ..Receipt::default() })
    };
    assert_eq!(close(&["a", "b"]).await, NOTHING);
    assert_eq!(close(&["a"]).await, NOTHING, "one of them is left");
    assert_eq!(close(&["c"]).await, ["SW-1001 db.example:5432 resolved database_removed"]);
    // Back again, they start anew.
    assert_eq!(close(&["a", "b"]).await, NOTHING);
    let receipt = store.commit_audit(bench.down("a")).await.unwrap();
    assert_eq!(reasons(&receipt), NOTHING);
    // A server that all of them moved away from is not watched any more either.
    for _ in 0..3 {
        bench.pass(1);
        store.commit_audit(bench.down("a")).await.unwrap();
    }
    store.commit_audit(bench.down("b")).await.unwrap();
    let moved = |name| AuditCommit { server: "new:5432".to_owned(), ..bench.audit(name, "") };
    let receipt = store.commit_audit(moved("a")).await.unwrap();
    assert_eq!(reasons(&receipt), NOTHING);
    let receipt = store.commit_audit(moved("b")).await.unwrap();
    assert_eq!(reasons(&receipt), ["SW-1002 db.example:5432 resolved database_removed"]);
    assert!(receipt.durable);
}

#[tokio::test]
async fn people_find_incidents_and_audits() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "a")).await.unwrap();
    store.commit_audit(bench.audit("sco", "b")).await.unwrap();
    bench.pass(1);
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    let list = async |filter: IncidentFilter| {
        let found = store.incidents(filter).await.unwrap();
        found.iter().map(|it| it.incident.id.0).collect::<Vec<_>>()
    };
    let all = || IncidentFilter { limit: 10, ..IncidentFilter::default() };
    assert_eq!(list(all()).await, [1002, 1001]);
    assert_eq!(list(IncidentFilter { limit: 1, ..all() }).await, [1002]);
    let open = vec![IncidentState::Open, IncidentState::Acknowledged];
    assert_eq!(list(IncidentFilter { states: open, ..all() }).await, [1002]);
    let database = Some("central".to_owned());
    assert_eq!(list(IncidentFilter { database: database.clone(), ..all() }).await, [1001]);
    let kind = Some(IncidentKind::AuditFailing);
    assert_eq!(list(IncidentFilter { kind, ..all() }).await, [] as [u64; 0]);
    assert!(store.incident(IncidentId(7)).await.unwrap().is_none());

    let audits = store.audits(database, 10).await.unwrap();
    let verdicts: Vec<Verdict> = audits.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, [Verdict::Clean, Verdict::Drifted]);
    assert_eq!((audits[0].at, audits[1].counting, audits[1].complete), (bench.now(), 1, true));
    let latest = store.audits(None, 2).await.unwrap();
    assert_eq!((latest[0].database.as_str(), latest.len()), ("central", 2));
}

/// The trail goes with its incident, as history does.
#[tokio::test]
async fn the_audit_trail_is_kept_as_long_as_its_incident() {
    let bench = Bench::new();
    let store = bench.open();
    store.commit_audit(bench.audit("central", "a")).await.unwrap();
    store.commit_audit(bench.audit("central", "")).await.unwrap();
    for _ in 0..2 {
        bench.deliver(&store).await;
    }
    assert_eq!(bench.count("incident_events"), 2);
    bench.pass(7200);
    let now = bench.now();
    assert_eq!(store.prune(now, now).await.unwrap().incidents, 1);
    assert_eq!(bench.count("incident_events"), 0);
}
