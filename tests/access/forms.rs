//! Forms: taken from a page of ours, sent by whoever it was shown to.

use super::OPERATOR;
use super::READER;
use super::browser::Browser;
use super::daemon;

/// A silence, but for its proof.
const SILENCE: [(&str, &str); 3] = [("database", "central"), ("reason", "a move"), ("for", "1h")];

fn with<'a>(proof: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut fields: Vec<(&'static str, &'a str)> = SILENCE.to_vec();
    fields.push(("proof", proof));
    fields
}

#[tokio::test]
async fn a_form_of_a_page_of_ours_is_taken() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let proof = alice.proof("/silences").await;
    alice.submit("/silences", &with(&proof)).await.expect(303);
    alice.get("/api/v1/silences").await.expect(200).says("\"alice\"").says("a move");
    // A form may be sent once more; each page has a proof of its own all the same.
    assert_ne!(alice.proof("/silences").await, proof);
    alice.submit("/silences", &with(&proof)).await.expect(303);
}

#[tokio::test]
async fn a_page_of_somebody_else_sends_nothing() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let proof = alice.proof("/silences").await;
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://127.0.0.1\r\n",
        "Origin: http://127.0.0.1:1\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Referer: http://evil.example/\r\n",
        "",
    ] {
        let got = alice.post("/silences", headers, &with(&proof)).await.expect(403);
        got.says("not sent by a page of ours");
    }
    // Nor can it sign anybody in.
    let nobody = Browser::new(daemon.address());
    let evil = "Origin: http://evil.example\r\n";
    let got = nobody.post("/login", evil, &[("token", OPERATOR)]).await.expect(403);
    assert!(got.header("set-cookie").is_none(), "{}", got.head);
    let silences = alice.get("/api/v1/silences").await.expect(200);
    assert!(!silences.body.contains("a move"), "{}", silences.body);
}

#[tokio::test]
async fn without_its_proof_a_form_is_nothing() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let other = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let of_other = other.proof("/silences").await;
    for proof in ["", "x", "AAAA", &of_other, &of_other[..20]] {
        alice.submit("/silences", &with(proof)).await.expect(403).says("reload the page");
    }
    alice.submit("/silences", &SILENCE).await.expect(403);
}

#[tokio::test]
async fn who_may_not_operate_changes_nothing_by_a_form() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let wall = Browser::new(daemon.address()).sign_in(READER).await;
    let proof = wall.proof("/").await;
    let page = wall.submit("/silences", &with(&proof)).await.expect(403).says("`operate`");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    // On the machine itself nobody looks, and nobody changes anything.
    let nobody = Browser::new(daemon.address());
    nobody.submit("/silences", &with(&proof)).await.expect(401).says("login");
    // A session alone is no token for the API.
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let origin = format!("Content-Type: application/json\r\nOrigin: {}\r\n", alice.origin());
    let got = alice.send("POST", "/api/v1/databases/central/audit", &origin, "{}").await;
    got.expect(401).says("forms of pages");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_for_what_it_is() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let proof = alice.proof("/silences").await;
    let origin = format!("Origin: {}\r\n", alice.origin());
    let urlencoded = format!("{origin}Content-Type: application/x-www-form-urlencoded\r\n");
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        let headers = format!("{origin}Content-Type: {kind}\r\n");
        alice.send("POST", "/silences", &headers, &format!("proof={proof}")).await.expect(415);
    }
    let large = format!("proof={proof}&reason={}", "x".repeat(64 * 1024));
    alice.send("POST", "/silences", &urlencoded, &large).await.expect(413);
    for (body, why) in [
        (format!("proof={proof}&reason=a&reason=b"), "twice"),
        (format!("proof={proof}&reason=%ff"), "UTF-8"),
        (format!("proof={proof}&reason=%00"), "control character"),
    ] {
        alice.send("POST", "/silences", &urlencoded, &body).await.expect(400).says(why);
    }
}
