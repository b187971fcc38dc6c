//! What is told by time alone is worded from the last report, and compared with the last message.

use super::*;
use crate::finding::Severity;
use crate::notification::Notification;
use crate::notification::NotificationType;

const DAY: i64 = 86_400;

impl Bench {
    /// An audit that sees these tables, those named `*_old` being warnings, and `relations` in all.
    fn saw(&self, tables: &str, relations: usize) -> AuditCommit {
        let audit = self.audit("central", tables);
        let mut report = (*audit.report).clone();
        report.evidence.relations = report.evidence.relations.map(|_| relations);
        for it in &mut report.findings {
            let name = it.name.as_ref().unwrap().visible();
            if name.ends_with("_old") {
                it.severity = Severity::Warning;
            }
        }
        AuditCommit { report: Arc::new(report), ..audit }
    }

    /// What waits for `ops`, the last of it, delivered.
    async fn last_told(&self, store: &Handle) -> Notification {
        let mut last = None;
        loop {
            let claimed = self.claim(store).await;
            let Some(it) = claimed.first() else { return last.expect("nothing was told") };
            let end = AttemptEnd::Delivered { answer: "ok".to_owned(), failure: None };
            store.record_attempt(self.attempt(it, end)).await.unwrap();
            last = it.notifications.last().cloned();
        }
    }

    async fn time_passes(&self, store: &Handle) {
        let policy = policy(&["ops"]);
        let pass =
            TimePass { policy, now: self.now(), muted: None, after: None, reconsider: false };
        store.keep_time(pass).await.unwrap();
    }
}

fn names(it: &Notification) -> Vec<(&str, bool)> {
    it.findings.iter().map(|it| (it.name.as_str(), it.new)).collect()
}

fn numbers(it: &Notification) -> (usize, usize, usize) {
    (it.findings_total, it.new_total, it.gone_total)
}

#[tokio::test]
async fn a_reminder_speaks_of_now() {
    let bench = Bench::new();
    let store = bench.open();
    let commit = async |audit| store.commit_audit(audit).await.unwrap();
    for tables in ["t1 t2", "t2 t3", "t2"] {
        commit(bench.saw(tables, 4)).await;
        bench.pass(31);
    }
    bench.last_told(&store).await;
    bench.pass(DAY);
    commit(bench.saw("t2", 3)).await;
    let seen_at = bench.now();
    bench.pass(1);
    bench.time_passes(&store).await;
    let it = bench.last_told(&store).await;
    assert_eq!(it.kind, NotificationType::Reminder);
    assert_eq!(it.headline, "central: 1 table that should not be there");
    assert_eq!((names(&it), numbers(&it)), (vec![("t2", false)], (1, 0, 1)));
    assert_eq!(it.audited_at, seen_at);
    assert!(it.evidence.starts_with("3 relations"), "{}", it.evidence);

    // What comes next is compared with the reminder.
    commit(bench.saw("t2 t4", 5)).await;
    assert_eq!(numbers(&bench.last_told(&store).await), (2, 1, 0));
}

#[tokio::test]
async fn a_reminder_says_that_nobody_can_tell_any_more() {
    let bench = Bench::new();
    let store = bench.open();
    let commit = async |audit| store.commit_audit(audit).await.unwrap();
    commit(bench.saw("t1", 4)).await;
    bench.last_told(&store).await;
    bench.pass(DAY - 60);
    commit(bench.saw("t1", 4)).await;
    let seen_at = bench.now();
    bench.pass(60);
    commit(bench.audit("central", "?")).await;
    bench.time_passes(&store).await;
    let it = bench.last_told(&store).await;
    assert_eq!(it.headline, "central: 1 table that should not be there");
    assert_eq!((names(&it), it.audited_at), (vec![("t1", false)], seen_at));
    let want = "the last audit could not tell whether it is still there: connection refused";
    assert_eq!((it.evidence.as_str(), it.unknown_reason), (want, None));
}

#[tokio::test]
async fn what_a_silence_kept_back_is_told_as_it_is_now() {
    let bench = Bench::new();
    let store = bench.open();
    let commit = async |audit| store.commit_audit(audit).await.unwrap();
    commit(bench.saw("t1 t2", 4)).await;
    bench.last_told(&store).await;
    let (matcher, tables) =
        crate::silence::from_json(&serde_json::json!({ "database": "central" })).unwrap();
    let silence = Silence {
        id: 0,
        matcher,
        tables,
        reason: "a move".to_owned(),
        author: "alice".to_owned(),
        created_at: bench.now(),
        ends_at: bench.now() + SignedDuration::from_secs(600),
        expired_at: None,
    };
    store.add_silence(silence).await.unwrap();
    for tables in ["t2 t3 t4", "t3 t4"] {
        bench.pass(60);
        commit(bench.saw(tables, 9)).await;
    }
    bench.pass(500);
    commit(bench.saw("t4", 7)).await;
    let seen_at = bench.now();
    bench.pass(60);
    bench.time_passes(&store).await;
    let it = bench.last_told(&store).await;
    assert_eq!((it.kind, it.reason.as_str()), (NotificationType::Changed, "silence_ended"));
    assert_eq!(it.headline, "central: 1 table that should not be there (1 new)");
    assert_eq!((names(&it), numbers(&it)), (vec![("t4", true)], (1, 1, 2)));
    assert_eq!(it.audited_at, seen_at);
    assert!(it.evidence.starts_with("7 relations"), "{}", it.evidence);
}

/// A receiver that knows an alert by its severity can end what it was told before.
#[tokio::test]
async fn each_message_knows_with_which_severities_its_channel_was_told_before() {
    let bench = Bench::new();
    let store = bench.open();
    let mut told = Vec::new();
    for tables in ["x_old", "x_old t1", "x_old", ""] {
        bench.pass(DAY);
        store.commit_audit(bench.saw(tables, 4)).await.unwrap();
        bench.time_passes(&store).await;
        let it = bench.last_told(&store).await;
        let former: Vec<String> = it
            .former_severities
            .iter()
            .map(|one| format!("{} until {}", one.severity, one.until == bench.now()))
            .collect();
        told.push(format!("{} {}: {}", it.kind.word(), it.severity, former.join(", ")));
    }
    let want = [
        "incident.opened warning: ",
        "incident.changed critical: warning until true",
        "incident.reminder warning: critical until true",
        "incident.resolved warning: critical until false",
    ];
    assert_eq!(told, want);
}
