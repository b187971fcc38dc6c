//! Where looking takes no name, and where it does.

use super::OPERATOR;
use super::READER;
use super::browser::Browser;
use super::daemon;

/// A page, the API, and what the API is described by.
const READ: [&str; 3] = ["/incidents", "/api/v1/databases", "/openapi.json"];

#[tokio::test]
async fn reading_is_open_on_the_machine_itself_and_nowhere_else() {
    let daemon = daemon("127.0.0.1:0", ", hosts: [warden.example]").await;
    let here = Browser::new(daemon.address());
    for path in READ {
        here.get(path).await.expect(200);
        here.clone().host("localhost").get(path).await.expect(200);
        // Through a proxy on the same machine, it is somebody from anywhere.
        for header in [
            "X-Forwarded-For: 192.0.2.1",
            "X-Forwarded-Host: warden.example",
            "X-Forwarded-Proto: https",
            "X-Forwarded-User: root",
            "Forwarded: for=192.0.2.1",
            "X-Real-IP: 192.0.2.1",
            "Via: 1.1 proxy",
            "CF-Connecting-IP: 192.0.2.1",
            "X-Forwarded-For:",
        ] {
            let got = here.clone().with(header).with("Accept: application/json").get(path).await;
            let got = got.expect(401);
            assert!(got.head.to_lowercase().contains("www-authenticate: bearer"), "{}", got.head);
            here.clone().with(header).bearer(READER).get(path).await.expect(200);
        }
        // So it is where another name than that of loopback is asked for.
        let there = here.clone().host("warden.example").with("Accept: application/json");
        there.get(path).await.expect(401);
        there.bearer(READER).get(path).await.expect(200);
        // A name that nobody has given it is not answered, whoever asks.
        here.clone().host("evil.example").bearer(OPERATOR).get(path).await.expect(421);
    }
}

#[tokio::test]
async fn beyond_loopback_reading_takes_a_name() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let anybody = Browser::new(daemon.address());
    for path in READ {
        anybody.clone().with("Accept: application/json").get(path).await.expect(401);
        anybody.clone().bearer(READER).get(path).await.expect(200);
        // An address is nobody's name, so it cannot be rebound.
        anybody.clone().host("192.0.2.7").bearer(READER).get(path).await.expect(200);
        anybody.clone().host("evil.example").bearer(READER).get(path).await.expect(421);
    }
    // A person is led to where one signs in, and back.
    let page =
        anybody.clone().with("Accept: text/html").get("/incidents/SW-1?x=1").await.expect(303);
    let want = Some("../login?next=%2Fincidents%2FSW-1%3Fx%3D1");
    assert_eq!(page.header("location"), want, "{}", page.head);
    // What does not exist is not told apart from what does.
    anybody.clone().with("Accept: text/html").get("/nowhere").await.expect(303);
    // A script of ours is not led anywhere.
    anybody.clone().with("Accept: text/event-stream").get("/events").await.expect(401);
    // The files that the page is drawn with are open, and there is nothing else among them.
    anybody.get("/assets/style.css").await.expect(200);
    let got = anybody.get("/assets/nothing").await.expect(404);
    assert!(!got.body.contains("<nav"), "{}", got.body);
    // Whoever comes by a link on another site is asked once more: the browser kept its cookie back.
    let elsewhere = anybody
        .clone()
        .with("Accept: text/html")
        .with("Sec-Fetch-Site: cross-site")
        .with("Sec-Fetch-Mode: navigate");
    let got = elsewhere.get("/incidents/SW-1?x=1").await.expect(200);
    got.says("http-equiv=\"refresh\" content=\"0; url=./SW-1?x=1\"");
}

#[tokio::test]
async fn probes_and_metrics_are_open_and_say_little() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let anybody = Browser::new(daemon.address()).host("10.0.0.1.kubelet.example");
    for path in
        ["/livez", "/readyz", "/readyz?verbose", "/healthz", "/metrics", "/-/healthy", "/-/ready"]
    {
        anybody.get(path).await.expect(200);
    }
    let short = anybody.get("/healthz").await.expect(200);
    let short: serde_json::Value = serde_json::from_str(&short.body).expect("JSON");
    assert_eq!(short["databases"], 1, "{short:#}");
    for hidden in ["version", "parked", "maintenance", "config_hash", "reload_refused"] {
        assert!(short[hidden].is_null(), "{hidden}: {short:#}");
    }
    let long = anybody.clone().bearer(READER).get("/healthz").await.expect(200);
    let long: serde_json::Value = serde_json::from_str(&long.body).expect("JSON");
    assert!(long["config_hash"].is_string() && long["version"].is_string(), "{long:#}");
    // An old token takes no daemon out of service, and tells nothing; it is a guess like any other.
    let began = std::time::Instant::now();
    let guess = anybody.clone().bearer("wrong").get("/healthz").await.expect(200);
    let guess: serde_json::Value = serde_json::from_str(&guess.body).expect("JSON");
    assert!(guess["config_hash"].is_null(), "{guess:#}");
    assert!(began.elapsed() >= std::time::Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_presented_and_wrong_is_refused_where_reading_is_open() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let here = Browser::new(daemon.address());
    for path in READ {
        for header in [
            "Authorization: Bearer wrong",
            "Authorization: Bearer",
            "Authorization: Basic YWxpY2U6eA==",
            &format!("Authorization: Bearer {OPERATOR}x"),
            &format!("Authorization: Bearer {OPERATOR}\r\nAuthorization: Bearer {READER}"),
        ] {
            here.clone().with(header).get(path).await.expect(401);
        }
        // A session is sent by the browser of its own accord: one that is none is nothing.
        here.clone().cookie(Some("schemawarden_session=alice:1:x:y")).get(path).await.expect(200);
    }
}

#[tokio::test]
async fn a_reader_looks_and_changes_nothing() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let here = Browser::new(daemon.address());
    let post = async |browser: &Browser, path: &str| {
        browser.send("POST", path, "Content-Type: application/json\r\n", "{}").await
    };
    for path in [
        "/api/v1/databases/central/audit",
        "/api/v1/silences",
        "/api/v1/incidents/SW-1/ack",
        "/api/v1/deploys",
    ] {
        let got = post(&here.clone().bearer(READER), path).await.expect(403);
        got.says("`wall`").says("`operate`");
        post(&here, path).await.expect(401);
        let got = post(&here.clone().bearer(OPERATOR), path).await;
        assert!(!matches!(got.status, 401 | 403), "{path}: {}", got.body);
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let here = Browser::new(daemon.address());
    for (path, status) in [
        ("/", 200),
        ("/login", 200),
        ("/nowhere", 404),
        ("/assets/style.css", 200),
        ("/api/v1/databases", 200),
        ("/api/v1/nowhere", 404),
        ("/healthz", 200),
        ("/metrics", 200),
        ("/livez", 200),
        ("/readyz", 200),
        ("/openapi.json", 200),
        ("/api", 200),
        ("/incidents/", 303),
        ("/api/v1/databases?limit=0", 400),
        ("/incidents?x=1", 400),
    ] {
        let got = here.get(path).await.expect(status);
        let policy = got.header("content-security-policy").unwrap_or_default();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(got.header(name), Some(value), "{path}");
        }
        assert!(got.header("access-control-allow-origin").is_none(), "{path}");
        if !path.starts_with("/assets/") {
            assert_eq!(got.header("cache-control"), Some("no-store"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_says_so_in_the_language_of_who_asks() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let here = Browser::new(daemon.address());
    let page = here.get("/nowhere/at/all").await.expect(404);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    page.says("href=\"../../\"").says("href=\"../../incidents\"");
    let page = here.send("DELETE", "/incidents", "", "").await.expect(405);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("allow").is_some_and(|it| it.contains("GET")), "{}", page.head);
    let answer = here.get("/api/v1/nowhere").await.expect(404);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    // With a slash behind it, it is meant without.
    for (path, want) in [
        ("/incidents/", "../incidents"),
        ("/incidents/?state=all", "../incidents?state=all"),
        ("/databases/central/", "../central"),
    ] {
        let got = here.get(path).await.expect(303);
        assert_eq!(got.header("location"), Some(want), "{path}");
    }
    for path in ["//evil.example/", "/x//", "//"] {
        let got = here.get(path).await;
        assert!(got.status == 404 && got.header("location").is_none(), "{path}: {}", got.head);
    }
    let packed = here.clone().with("Accept-Encoding: gzip");
    for path in ["/", "/assets/style.css"] {
        let got = packed.get(path).await.expect(200);
        assert_eq!(got.header("content-encoding"), Some("gzip"), "{path}");
    }
}
