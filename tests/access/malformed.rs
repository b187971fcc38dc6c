//! Requests that are no requests, or too much of one.

use super::OPERATOR;
use super::browser::Browser;
use super::daemon;

#[tokio::test]
async fn what_is_too_large_or_no_request_is_refused() {
    let daemon = daemon("127.0.0.1:0", "").await;
    let browser = Browser::new(daemon.address());
    let here = format!("Host: {}\r\n", daemon.address());
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(), 421),
        (format!("GET / HTTP/1.1\r\n{here}X: {}\r\n\r\n", "x".repeat(17 * 1024)), 431),
        (format!("GET /{} HTTP/1.1\r\n{here}\r\n", "x".repeat(17 * 1024)), 431),
        (format!("GET / HTTP/1.1\r\n{here}{}\r\n", "X: x\r\n".repeat(200)), 431),
        ("HELLO\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\n{here}Content-Length: x\r\n\r\n"), 400),
        (format!("GET / HTTP/1.1\r\n{here}Bad Header: x\r\n\r\n"), 400),
        (
            format!(
                "POST /login HTTP/1.1\r\n{here}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"
            ),
            400,
        ),
        (format!("GET / HTTP/9.9\r\n{here}\r\n"), 400),
    ] {
        let got = browser.raw(&request).await;
        let shown: String = request.chars().take(60).collect();
        assert_eq!(got.status, status, "{shown:?}: {}", got.head);
    }
    // Still there, and unharmed.
    browser.get("/livez").await.expect(200);
}

#[tokio::test]
async fn a_body_is_refused_before_it_is_read_where_nobody_may_send_it() {
    let daemon = daemon("0.0.0.0:0", "").await;
    let browser = Browser::new(daemon.address());
    let json = "Content-Type: application/json\r\n";
    // Nobody waits for the rest of it.
    let request = |headers: &str| {
        format!(
            "POST /api/v1/silences HTTP/1.1\r\nHost: {}\r\n{json}{headers}Content-Length: 1000000\r\n\
             Connection: close\r\n\r\n{{",
            daemon.address()
        )
    };
    browser.raw(&request("")).await.expect(401);
    let authorized = format!("Authorization: Bearer {OPERATOR}\r\n");
    let too_much = request(&authorized).replace("1000000", "2000000");
    browser.raw(&too_much).await.expect(413);
    // A form of nobody's is small.
    let origin = format!("Origin: {}\r\n", browser.origin());
    let headers = format!("{origin}Content-Type: application/x-www-form-urlencoded\r\n");
    let large = format!("token={}", "x".repeat(9 * 1024));
    browser.send("POST", "/login", &headers, &large).await.expect(413);
}
