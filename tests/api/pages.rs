//! Lists in pages: a walk sees each row once, whatever comes meanwhile.

use serde_json::Value;
use serde_json::json;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::workspace;
use crate::support::receiver::Receiver;
use crate::support::until;
use crate::support::workspace::ConfigText;

/// Walks through a list, `limit` rows at a time, and does `between` after each page.
async fn walk(
    daemon: &TestDaemon,
    path: &str,
    (list, key): (&str, &str),
    limit: usize,
    between: impl AsyncFn(),
) -> Vec<String> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = daemon.ask(&format!("{path}limit={limit}{after}")).await;
        let rows = page[list].as_array().unwrap_or_else(|| panic!("no {list}: {page:#}"));
        assert!(rows.len() <= limit, "{page:#}");
        seen.extend(rows.iter().map(|it| it[key].to_string()));
        assert_eq!(page["more"] == true, page["next"].is_string(), "{page:#}");
        let Some(next) = page["next"].as_str() else { return seen };
        assert_eq!(rows.len(), limit, "a page that is not the last is full: {page:#}");
        after = format!("&after={next}");
        between().await;
    }
}

/// All of a list in one answer.
async fn whole(daemon: &TestDaemon, path: &str, (list, key): (&str, &str)) -> Vec<String> {
    let page = daemon.ask(path).await;
    assert_eq!((&page["more"], &page["next"]), (&json!(false), &Value::Null), "{page:#}");
    page[list].as_array().expect("a list").iter().map(|it| it[key].to_string()).collect()
}

#[tokio::test]
async fn a_walk_through_pages_sees_what_one_answer_says() {
    let mut receiver = Receiver::start();
    let mut config = ConfigText::new().slack(&receiver.url());
    let names = ["b", "a", "d", "c", "e"];
    for name in names {
        // Each on a server of its own: one server that cannot be reached would be one incident.
        let server = format!(", server: of-{name}");
        config = config.database_with(name, NOWHERE, "central", &server).every("1h");
    }
    let daemon = TestDaemon::start(workspace(&config)).await;
    for name in names {
        daemon.wait_for_verdict(name, "unknown").await;
    }
    let by_name = ("databases", "name");
    let sorted = whole(&daemon, "databases", by_name).await;
    assert_eq!(sorted, ["\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"e\""]);
    for limit in [1, 2, 5] {
        let seen = walk(&daemon, "databases?", by_name, limit, async || {}).await;
        assert_eq!(seen, sorted, "by {limit}");
    }
    // One that is gone meanwhile is no end: the walk goes on behind where it stood.
    let rest = daemon.ask("databases?after=bb").await;
    assert_eq!(rest["databases"][0]["name"], "c", "{rest:#}");

    // Enough failures in a row open an incident of each database, which is told.
    let audit = async |name: &str| {
        daemon.post(&format!("databases/{name}/audit"), &json!({})).await.expect(200);
    };
    for _ in 0..3 {
        for name in names {
            audit(name).await;
        }
    }
    until("every failure is an incident", || async {
        let listed = daemon.ask("incidents").await;
        (listed["incidents"].as_array()?.len() >= names.len()).then_some(())
    })
    .await;
    receiver.next().await;
    daemon.wait_for_an_empty_outbox().await;
    for minutes in 1..=5 {
        let body =
            json!({ "match": { "database": "x" }, "reason": "x", "for": format!("{minutes}h") });
        daemon.post("silences", &body).await.expect(201);
    }
    for (path, of) in [
        ("incidents?state=all&", ("incidents", "id")),
        ("silences?all=1&", ("silences", "id")),
        ("deliveries?", ("deliveries", "id")),
    ] {
        let all = whole(&daemon, path.trim_end_matches(['?', '&']), of).await;
        for limit in [1, 2, 7] {
            let silence = async || {
                let body = json!({ "match": { "database": "x" }, "reason": "x", "for": "1h" });
                daemon.post("silences", &body).await.expect(201);
            };
            let seen = walk(&daemon, path, of, limit, silence).await;
            let new = seen.len() - all.len();
            // The newest come first, so what comes meanwhile stands before the beginning of the walk.
            assert_eq!(seen[new..], all, "{path} by {limit}");
        }
    }
    audits_while_they_come(&daemon, &audit).await;
}

/// Each audit that adds a row to history while somebody walks through it is not seen, and moves none.
async fn audits_while_they_come(daemon: &TestDaemon, audit: &impl AsyncFn(&str)) {
    let of = ("audits", "audited_at");
    for (path, name) in [("audits?", "a"), ("audits?database=b&", "b")] {
        let all = whole(daemon, path.trim_end_matches(['?', '&']), of).await;
        assert!(all.len() >= 3, "{all:?}");
        let seen = walk(daemon, path, of, 1, async || audit(name).await).await;
        assert_eq!(seen, all, "{path}");
    }
}
