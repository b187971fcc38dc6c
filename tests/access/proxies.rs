//! Users that a proxy names: believed from where the configuration says, and from nowhere else.

use super::OPERATOR;
use super::READER;
use super::browser::Browser;
use super::daemon;

const PROXIES: &str = ", external_url: \"https://warden.example/drift\", \
     trusted_proxies: { networks: [127.0.0.2], user_header: X-Remote-User, role: operate }";

#[tokio::test]
async fn a_user_is_whom_a_trusted_proxy_names() {
    let daemon = daemon("127.0.0.1:0", PROXIES).await;
    let proxy = Browser::new(daemon.address()).from("127.0.0.2");
    let alice = proxy.clone().with("X-Remote-User: alice@example.com");
    alice.get("/").await.expect(200).says("alice@example.com");
    alice.get("/api/v1/databases").await.expect(200);
    // Whom it does not name is nobody, although the connection comes from loopback.
    proxy.clone().with("Accept: application/json").get("/api/v1/databases").await.expect(401);
    // What was meant for the proxy itself is not taken for ours.
    let basic = alice.clone().with("Authorization: Basic YWxpY2U6eA==");
    basic.get("/api/v1/databases").await.expect(200);
    // A token of ours still counts, and a wrong one is still wrong.
    let wall = alice.clone().bearer(READER);
    assert!(!wall.get("/").await.expect(200).body.contains("alice@example.com"));
    alice.clone().bearer("wrong").get("/").await.expect(401);
    // Two users are none.
    let two = alice.clone().with("X-Remote-User: root");
    two.get("/api/v1/databases").await.expect(400).says("x-remote-user");
}

#[tokio::test]
async fn from_anywhere_else_the_header_is_nothing() {
    let daemon = daemon("127.0.0.1:0", PROXIES).await;
    let somebody = Browser::new(daemon.address()).with("X-Remote-User: root");
    for browser in [somebody.clone(), somebody.clone().from("127.0.0.3")] {
        // And it gives away that something stands between.
        browser.clone().with("Accept: application/json").get("/api/v1/databases").await.expect(401);
        let json = "Content-Type: application/json\r\n";
        let got = browser.send("POST", "/api/v1/databases/central/audit", json, "{}").await;
        got.expect(401);
        let page = browser.clone().bearer(READER).get("/").await.expect(200);
        assert!(!page.body.contains(">root<"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_users_changes_come_from_pages_of_ours() {
    let daemon = daemon("127.0.0.1:0", PROXIES).await;
    // The proxy replaces the host that people know.
    let alice = Browser::new(daemon.address())
        .from("127.0.0.2")
        .host("localhost")
        .with("X-Remote-User: alice@example.com");
    let json = "Content-Type: application/json\r\n";
    let path = "/api/v1/databases/central/audit";
    for (origin, status) in [
        ("Origin: https://warden.example\r\n", 202),
        ("Origin: http://localhost\r\n", 202),
        ("Sec-Fetch-Site: same-origin\r\n", 202),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("", 403),
    ] {
        let got = alice.send("POST", path, &format!("{json}{origin}"), "{}").await;
        // The audit itself is answered with 200 or 202.
        let status_got = if got.status == 200 { 202 } else { got.status };
        assert_eq!(status_got, status, "{origin:?}: {}", got.body);
    }
    let proof = alice.proof("/silences").await;
    let silence =
        [("database", "central"), ("reason", "a move"), ("for", "1h"), ("proof", &*proof)];
    let origin = "Origin: https://warden.example\r\n";
    alice.post("/silences", origin, &silence).await.expect(303);
    let silences = alice.get("/api/v1/silences").await.expect(200);
    silences.says("alice@example.com");
    // A proof is its user's.
    let other = Browser::new(daemon.address())
        .from("127.0.0.2")
        .host("localhost")
        .with("X-Remote-User: mallory");
    other.post("/silences", origin, &silence).await.expect(403);
    // Whoever has a token needs no proxy.
    Browser::new(daemon.address()).bearer(OPERATOR).get("/").await.expect(200);
}
