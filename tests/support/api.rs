//! Requests to the daemon's API, as `curl` would make them.

use std::net::SocketAddr;

use serde_json::Value;

use super::daemon::TestDaemon;
use super::described::Came;
use super::described::described;
use super::http::Got;
use super::http::exchange;
use super::until;

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
        let Got { status, head, body, .. } = exchange(here, None, &request).await;
        let token = std::fs::read_to_string(self.workspace().path().join("schemawarden.token"));
        let described = described(here, token.ok().map(|it| it.trim().to_owned())).await;
        let whole = format!("/api/v1/{path}");
        described.hold(Came { method, path: &whole, status, head: &head, body: &body });
        let body = serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("{method} {path}: no JSON ({error}): {head}\n{body}"));
        Answer { status, head, body }
    }

    /// Looks until `database` has an incident that is not resolved; its id.
    pub(crate) async fn wait_for_incident(&self, database: &str) -> String {
        until(&format!("{database} has an incident"), || async {
            let listed = self.ask(&format!("incidents?database={database}")).await;
            listed["incidents"][0]["id"].as_str().map(str::to_owned)
        })
        .await
    }

    /// Looks until a delivery of `channel` is in this state; its id.
    pub(crate) async fn wait_for_delivery(&self, channel: &str, state: &str) -> String {
        until(&format!("a delivery of {channel} is {state}"), || async {
            let listed = self.ask(&format!("deliveries?channel={channel}&state={state}")).await;
            listed["deliveries"][0]["id"].as_str().map(str::to_owned)
        })
        .await
    }
}

fn host(address: SocketAddr) -> String {
    format!("Host: {address}\r\n")
}
