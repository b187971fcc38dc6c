//! Requests to the daemon's `/api/v1`, as `curl` would send them.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::daemon::TestDaemon;
use crate::support::http::Got;
use crate::support::http::exchange;
use crate::support::until;

/// What the daemon answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Status line and headers, in lower case.
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    /// The body, which must be JSON.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Panics unless the body has `word`.
    #[track_caller]
    pub(super) fn says(self, word: &str) -> Self {
        assert!(self.body.contains(word), "nothing is said of {word}: {self:?}");
        self
    }
}

/// The token that the daemon made beside its state.
pub(super) fn made_token(daemon: &TestDaemon) -> String {
    let file = daemon.workspace().path().join("schemawarden.token");
    let token = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    token.trim_end().to_owned()
}

/// `POST path` with the daemon's own token.
pub(super) async fn post(daemon: &TestDaemon, path: &str, body: &Value) -> Answer {
    let token = made_token(daemon);
    post_as(daemon.address(), Some(&token), path, body).await
}

/// `POST path` with a token or none.
pub(super) async fn post_as(
    address: SocketAddr,
    token: Option<&str>,
    path: &str,
    body: &Value,
) -> Answer {
    let body = body.to_string();
    let authorization =
        token.map(|it| format!("Authorization: Bearer {it}\r\n")).unwrap_or_default();
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\n{authorization}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let Got { status, head, body, .. } = exchange(address, None, &request).await;
    Answer { status, head: head.to_ascii_lowercase(), body }
}

/// `GET path`, which must answer 200 and JSON.
pub(super) async fn get(daemon: &TestDaemon, path: &str) -> Value {
    let (status, body) = daemon.get(path).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
}

/// Looks at `path` until its body `matches`; returns the body.
pub(super) async fn look_until(
    daemon: &TestDaemon,
    path: &str,
    what: &str,
    matches: impl Fn(&str) -> bool,
) -> String {
    until(what, || async {
        let (_, body) = daemon.get(path).await;
        matches(&body).then_some(body)
    })
    .await
}
