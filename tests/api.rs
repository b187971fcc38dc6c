//! The API as a pipeline meets it: who may change something, how, and what an answer looks like.

mod described;
mod orders;
mod pages;

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures::NOWHERE;
use crate::support::fixtures::central;
use crate::support::fixtures::create_tables;
use crate::support::fixtures::workspace;
use crate::support::workspace::ConfigText;

const JSON: &str = "Content-Type: application/json\r\n";

async fn daemon() -> TestDaemon {
    let config = ConfigText::new().database("central", NOWHERE, "central");
    TestDaemon::start(workspace(&config)).await
}

#[tokio::test]
async fn who_changes_something_needs_a_token() {
    let daemon = daemon().await;
    let file = daemon.workspace().path().join("schemawarden.token");
    let mode = std::fs::metadata(&file).expect("made at the start").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let token = daemon.token();
    assert_eq!(token.len(), 43, "32 bytes in base64 without padding");
    let path = "databases/central/audit";
    for (authorization, said) in [
        (String::new(), "needs a token"),
        ("Authorization: Bearer \r\n".to_owned(), "needs a token"),
        (format!("Authorization: Basic {token}\r\n"), "needs a token"),
        (format!("Authorization: Bearer {token}\r\nAuthorization: Bearer x\r\n"), "needs a token"),
        (format!("Cookie: token={token}\r\n"), "needs a token"),
        (format!("Authorization: Bearer {token}x\r\n"), "none of the tokens"),
        (format!("Authorization: Bearer {}\r\n", &token[1..]), "none of the tokens"),
    ] {
        let answer = daemon.request("POST", path, &format!("{authorization}{JSON}"), "{}").await;
        assert!(answer.head.to_lowercase().contains("www-authenticate: bearer"), "{}", answer.head);
        assert!(!answer.body.to_string().contains(&token), "{}", answer.body);
        answer.refused(401, said);
    }
    daemon.post(path, &json!({})).await.expect(200);
    // One that the daemon made anew counts from then on, and the old one does not.
    let rotated = "rotated-0123456789-0123456789-0123456789";
    daemon.workspace().rewrite("schemawarden.token", rotated);
    let old = format!("Authorization: Bearer {token}\r\n{JSON}");
    daemon.request("POST", path, &old, "{}").await.refused(401, "none of the tokens");
    assert_eq!(daemon.token(), rotated);
    daemon.post(path, &json!({})).await.expect(200);
}

#[tokio::test]
async fn what_is_asked_is_read_strictly() {
    let daemon = daemon().await;
    let path = "databases/central/audit";
    let token = format!("Authorization: Bearer {}\r\n", daemon.token());
    for kind in ["", "Content-Type: text/plain\r\n", "Content-Type: application/jsonp\r\n"] {
        let headers = format!("{token}{kind}");
        daemon.request("POST", path, &headers, "{}").await.refused(415, "application/json");
    }
    let headers = format!("{token}{JSON}");
    for (body, status, said) in [
        ("{", 400, "not a JSON object"),
        ("[]", 400, "not a JSON object"),
        ("{\"x\": 1, \"x\": 2}", 400, "there twice"),
        ("{\"for\": \"1h\"}", 400, "there is no key `for`"),
        (&"x".repeat(1024 * 1024 + 1), 413, "larger than 1048576 bytes"),
    ] {
        daemon.request("POST", path, &headers, body).await.refused(status, said);
    }
    daemon.request("POST", path, &headers, "").await.expect(200);
    daemon
        .request("POST", "databases/centrl/audit", &headers, "{}")
        .await
        .refused(404, "`central`?");
    // Neither a way round the token nor one round the Host.
    daemon.request("GET", path, &headers, "").await.refused(405, "method");
    daemon.request("GET", "nothing", "", "").await.refused(404, "/openapi.json");
    for (method, path) in [("POST", path), ("GET", path), ("GET", "nothing"), ("GET", "databases")]
    {
        let evil = format!("Host: evil.example\r\n{headers}");
        daemon.request(method, path, &evil, "{}").await.refused(421, "Host");
    }
    for (query, said) in [
        ("limt=5", "did you mean `limit`?"),
        ("limit=0", "from 1 to 10000"),
        ("limit=", "`limit` is empty"),
        ("after=no%20name", "`after` takes what `next` of the page before said"),
    ] {
        let answer = daemon.request("GET", &format!("databases?{query}"), "", "").await;
        answer.refused(400, said);
    }
}

#[tokio::test]
async fn databases_come_in_pages() {
    let mut config = ConfigText::new();
    for name in ["a", "b", "c"] {
        config = config.database(name, NOWHERE, "central");
    }
    let daemon = TestDaemon::start(workspace(&config)).await;
    let mut seen = Vec::new();
    let mut path = "databases?limit=2".to_owned();
    loop {
        let page = daemon.ask(&path).await;
        let rows = page["databases"].as_array().expect("a list");
        seen.extend(rows.iter().map(|it| it["name"].as_str().expect("a name").to_owned()));
        if page["more"] == false {
            break;
        }
        path = format!("databases?limit=2&after={}", seen.last().expect("a full page"));
    }
    assert_eq!(seen, ["a", "b", "c"]);
}

/// The answer is of an audit that began after the question, whatever was running.
#[tokio::test]
async fn an_audit_that_is_asked_for_is_made_now_and_counts() {
    let (database, url) = central().await;
    let config = ConfigText::new().database("central", &url, "central").every("1h");
    let daemon = TestDaemon::start(workspace(&config)).await;
    daemon.wait_for_verdict("central", "clean").await;
    create_tables(&database, &["tmp_import"]).await;
    let path = "databases/central/audit";
    let empty = json!({});
    let asked = [daemon.post(path, &empty), daemon.post(path, &empty), daemon.post(path, &empty)];
    let mut opened = 0;
    for answer in futures_util::future::join_all(asked).await {
        let answer = answer.expect(200);
        assert_eq!(answer["report"]["verdict"], "drifted", "{answer:#}");
        assert_eq!(answer["report"]["findings"][0]["name"], "tmp_import");
        assert_eq!(answer["recorded"], true);
        opened += answer["transitions"].as_array().map_or(0, |list| {
            list.iter().filter(|it| it["kind"] == "drift" && it["step"] == "opened").count()
        });
    }
    assert!(opened >= 1, "whoever waits for the audit that opened it is told so");
    let row = daemon.ask("databases/central").await;
    assert_eq!(row["verdict"], "drifted", "{row:#}");
    assert_eq!(row["incidents"].as_array().map(Vec::len), Some(1), "{row:#}");
    database.execute("drop table tmp_import").await;
    let answer = daemon.post(path, &empty).await.expect(200);
    assert_eq!(answer["report"]["verdict"], "clean", "{answer:#}");
    assert_eq!(answer["transitions"][0]["step"], "resolved", "{answer:#}");
}
