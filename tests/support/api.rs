//! Requests to the daemon's API, as `curl` would make them.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::DEADLINE;
use super::daemon::TestDaemon;
use super::described::Came;
use super::described::described;

/// One answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Panics with everything unless the status is this; returns the body.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}\n{:#}", self.head, self.body);
        self.body
    }

    /// Panics unless it is a problem with this status whose detail says `words`.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, words: &str) {
        assert!(self.head.contains("application/problem+json"), "{}", self.head);
        let body = self.expect(status);
        let detail = body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(words), "nothing of `{words}`: {body:#}");
        assert_eq!(body["status"], status, "{body:#}");
    }
}

impl TestDaemon {
    /// The token that the daemon made.
    pub(crate) fn token(&self) -> String {
        let path = self.workspace().path().join("schemawarden.token");
        std::fs::read_to_string(path).expect("the daemon made it").trim().to_owned()
    }

    /// `GET /api/v1/PATH`, which has to answer 200.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        self.request("GET", path, "", "").await.expect(200)
    }

    /// `POST /api/v1/PATH` with the daemon's token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers =
            format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.token());
        self.request("POST", path, &headers, &body.to_string()).await
    }

    /// Any request to `/api/v1/PATH`; each header line ends with `\r\n`. Panics where the answer is none
    /// that the daemon's own document describes.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Answer {
        let here = self.address();
        let host = if headers.contains("Host:") { String::new() } else { host(here) };
        let length = body.len();
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
        let mut connection = TcpStream::connect(here).await.expect("the daemon listens");
        // A request that is refused early may not be read to its end.
        let _refused = connection.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(DEADLINE, connection.read_to_end(&mut answer)).await;
        let _reset = read.expect("the daemon answers in time");
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
        let token = std::fs::read_to_string(self.workspace().path().join("schemawarden.token"));
        let described = described(here, token.ok().map(|it| it.trim().to_owned())).await;
        let whole = format!("/api/v1/{path}");
        described.hold(Came { method, path: &whole, status, head, body });
        let body = serde_json::from_str(body)
            .unwrap_or_else(|error| panic!("{method} {path}: no JSON ({error}): {answer}"));
        Answer { status, head: head.to_owned(), body }
    }
}

fn host(address: SocketAddr) -> String {
    format!("Host: {address}\r\n")
}
