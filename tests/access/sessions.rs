//! A browser's session: how it begins, and every way in which it ends.

use super::OPERATOR;
use super::READER;
use super::browser::Browser;
use super::daemon;

#[tokio::test]
async fn signing_in_takes_a_token_and_leads_to_where_one_wanted_to_go() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let browser = Browser::new(daemon.address());
    let page = browser.get("/login?next=/incidents").await.expect(200).says("http.tokens");
    // Whoever has not signed in is told nothing of what is watched here.
    assert!(!page.body.contains("central") && !page.body.contains("<nav"), "{}", page.body);
    assert!(page.body.contains("value=\"/incidents\""), "{}", page.body);

    let wrong = browser.submit("/login", &[("token", "hunter2-wrong"), ("next", "/known")]).await;
    let wrong = wrong.expect(403).says("none of the tokens").says("value=\"/known\"");
    assert!(wrong.header("set-cookie").is_none() && !wrong.body.contains("hunter2"), "{wrong:?}");

    let right =
        browser.submit("/login", &[("token", OPERATOR), ("next", "/incidents?state=all")]).await;
    let right = right.expect(303);
    assert_eq!(right.header("location"), Some("./incidents?state=all"));
    let cookie = right.header("set-cookie").expect("a cookie");
    for part in
        ["schemawarden_session=alice:", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"]
    {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("hunter2"), "{cookie}");

    let alice = browser.clone().cookie(cookie.split(';').next());
    alice.get("/").await.expect(200).says("alice").says("Sign out");
    alice.get("/api/v1/databases").await.expect(200);
    // Whoever is signed in and is led to the door is led on.
    let led = alice.get("/login?next=/known").await.expect(303);
    assert_eq!(led.header("location"), Some("./known"));
}

#[tokio::test]
async fn one_is_led_to_no_other_site() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let browser = Browser::new(daemon.address());
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/..//evil.example",
        "/%2e%2e/%2fevil.example",
        "/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ] {
        let got = browser.submit("/login", &[("token", READER), ("next", next)]).await.expect(303);
        assert_eq!(got.header("location"), Some("./"), "{next:?}");
        assert_eq!(got.head.to_lowercase().matches("set-cookie").count(), 1, "{}", got.head);
    }
}

#[tokio::test]
async fn a_session_that_was_signed_out_of_is_over_for_every_copy() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let other = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let copy = alice.clone();
    // A page of somebody else's cannot sign anybody out.
    alice.submit("/logout", &[]).await.expect(403);
    let proof = alice.proof("/").await;
    alice
        .post("/logout", "Origin: http://evil.example\r\n", &[("proof", &*proof)])
        .await
        .expect(403);
    alice.get("/api/v1/databases").await.expect(200);

    let out = alice.submit("/logout", &[("proof", &*proof)]).await.expect(303);
    let cookie = out.header("set-cookie").expect("it is taken back");
    assert!(
        cookie.starts_with("schemawarden_session=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    copy.clone().with("Accept: application/json").get("/api/v1/databases").await.expect(401);
    // The proof is over with it.
    let silence = [("database", "central"), ("reason", "x"), ("for", "1h"), ("proof", &*proof)];
    copy.submit("/silences", &silence).await.expect(401);
    other.get("/api/v1/databases").await.expect(200);
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_survives_a_restart() {
    let mut daemon = daemon("0.0.0.0:0", "").await;
    let alice = Browser::new(daemon.address()).sign_in(OPERATOR).await;
    let wall = Browser::new(daemon.address()).sign_in(READER).await;
    daemon.sigterm().await;
    daemon.restart().await;
    let again = |browser: &Browser| Browser::new(daemon.address()).cookie(Some(browser.given()));
    let (alice, wall) = (again(&alice), again(&wall));
    alice.get("/api/v1/databases").await.expect(200);
    // Rotated: it counts at once.
    daemon.workspace().rewrite("alice.token", "bob-bob-bob-bob-bob-bob-bob-bob-hunter2\n");
    alice.clone().with("Accept: application/json").get("/api/v1/databases").await.expect(401);
    wall.get("/api/v1/databases").await.expect(200);
    let old = Browser::new(daemon.address()).bearer(OPERATOR);
    old.get("/api/v1/databases").await.expect(401);
}

#[tokio::test]
async fn nothing_in_the_cookie_can_be_changed() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let wall = Browser::new(daemon.address()).sign_in(READER).await;
    let cookie = wall.given().strip_prefix("schemawarden_session=").expect("the name").to_owned();
    let parts: Vec<&str> = cookie.split(':').collect();
    let [_, expires, id, signature] = parts[..] else { panic!("{cookie}") };
    let later = expires.parse::<i64>().expect("seconds") + 1_000_000;
    for forged in [
        format!("alice:{expires}:{id}:{signature}"),
        format!("wall:{later}:{id}:{signature}"),
        format!("wall:{expires}:{}:{signature}", id.replace(|_: char| true, "A")),
        format!("wall:{expires}:{id}:{}", signature.replace(|_: char| true, "A")),
        format!("wall:{expires}:{id}:"),
    ] {
        let forged = format!("schemawarden_session={forged}");
        let browser = Browser::new(daemon.address()).cookie(Some(&forged));
        browser.with("Accept: application/json").get("/api/v1/databases").await.expect(401);
    }
    wall.get("/api/v1/databases").await.expect(200);
}

#[tokio::test]
async fn behind_https_the_cookie_keeps_to_it() {
    let daemon = daemon("127.0.0.1:0", ", external_url: \"https://warden.example\"").await;
    let browser = Browser::new(daemon.address()).host("warden.example");
    let origin = "Origin: https://warden.example\r\n";
    let got = browser.post("/login", origin, &[("token", READER)]).await.expect(303);
    assert!(got.header("set-cookie").is_some_and(|it| it.contains("; Secure")), "{}", got.head);
}
