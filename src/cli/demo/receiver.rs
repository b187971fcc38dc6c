//! A receiver of Slack messages on loopback: answers as Slack does, and hands each message on as a
//! person would see it.

use std::net::Ipv4Addr;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;
use tokio_util::task::TaskTracker;

use super::cluster::random_password;
use crate::channel::text::as_seen;
use crate::secret::Secret;

/// A body may have this many bytes. Slack takes far less.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Messages that may wait for the stage; more are refused, and a sender tries again.
const WAITING_MAX: usize = 64;

/// How long open connections may hold up the end.
const STOP_DEADLINE: Duration = Duration::from_secs(1);

/// One message that came.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The receiver's channel: the last part of the URL.
    pub(super) channel: String,
    /// The message as a person sees it.
    pub(super) text: String,
    /// When its last byte was there.
    pub(super) at: Instant,
}

/// The receiver. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Receiver {
    port: u16,
    /// Part of its URLs, as in Slack's: no other program of this machine can post here by chance.
    path: Secret,
    messages: mpsc::Receiver<Message>,
    tasks: TaskTracker,
    stop: DropGuard,
}

#[derive(Clone)]
struct Inbox {
    path: Secret,
    messages: mpsc::Sender<Message>,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("could not listen on 127.0.0.1")?;
        let port = listener.local_addr().context("could not see the port")?.port();
        let path = random_password()?;
        let (sender, messages) = mpsc::channel(WAITING_MAX);
        let router = Router::new()
            .route("/services/{path}/{channel}", post(receive))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(Inbox { path: path.clone(), messages: sender });
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let stopped = stop.clone().cancelled_owned();
        tasks.spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
        tasks.close();
        Ok(Self { port, path, messages, tasks, stop: stop.drop_guard() })
    }

    /// The URL that a Slack channel of this name has.
    pub(super) fn url(&self, channel: &str) -> Secret {
        let (port, path) = (self.port, self.path.expose());
        Secret::new(format!("http://127.0.0.1:{port}/services/{path}/{channel}"))
    }

    /// The next message. Waits for ever when none comes.
    pub(super) async fn next(&mut self) -> Message {
        match self.messages.recv().await {
            Some(message) => message,
            // The server holds the other end until it is stopped, and stopping takes `self`.
            None => std::future::pending().await,
        }
    }

    /// Ends it, and waits for what is under way.
    pub(super) async fn stop(self) {
        drop(self.stop);
        // A sender that keeps its connection open ends with the program.
        let _ended = tokio::time::timeout(STOP_DEADLINE, self.tasks.wait()).await;
    }
}

/// One request. The statuses and words are Slack's.
async fn receive(
    State(inbox): State<Inbox>,
    Path((path, channel)): Path<(String, String)>,
    body: Bytes,
) -> (StatusCode, &'static str) {
    if path != inbox.path.expose() {
        return (StatusCode::NOT_FOUND, "no_service");
    }
    let Ok(payload) = serde_json::from_slice::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "invalid_payload");
    };
    let message = Message { channel, text: as_seen(&payload), at: Instant::now() };
    match inbox.messages.try_send(message) {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "rollup_error"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpStream;

    use super::*;

    /// Posts `body` to `url`, which begins with `http://`; returns status and body of the answer.
    async fn posted(url: &str, body: &str) -> (u16, String) {
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut connection = TcpStream::connect(host).await.unwrap();
        let request = format!(
            "POST /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    #[tokio::test]
    async fn it_answers_as_slack_and_hands_on_what_a_person_sees() {
        let mut receiver = Receiver::start().await.unwrap();
        let url = receiver.url("ops");
        let payload = r#"{"text": "fallback", "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "central: 21 tables"}},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                {"type": "text", "text": "Musician"}]}]}]}"#;
        assert_eq!(posted(url.expose(), payload).await, (200, "ok".to_owned()));
        let message = receiver.next().await;
        assert_eq!(message.channel, "ops");
        assert!(message.text.contains("central: 21 tables\n"), "{}", message.text);
        assert!(message.text.contains("Musician"), "{}", message.text);
        assert!(!message.text.contains("fallback"), "{}", message.text);

        assert_eq!(posted(url.expose(), r#"{"text": "only"}"#).await.0, 200);
        assert_eq!(receiver.next().await.text.trim_end(), "only");

        assert_eq!(posted(url.expose(), "no JSON").await, (400, "invalid_payload".to_owned()));
        let elsewhere = format!("http://127.0.0.1:{}/services/guessed/ops", receiver.port);
        assert_eq!(posted(&elsewhere, "{}").await, (404, "no_service".to_owned()));
        receiver.stop().await;
    }

    #[tokio::test]
    async fn what_nobody_takes_is_refused_not_kept() {
        let receiver = Receiver::start().await.unwrap();
        let url = receiver.url("ops");
        for _ in 0..WAITING_MAX {
            assert_eq!(posted(url.expose(), "{}").await.0, 200);
        }
        assert_eq!(posted(url.expose(), "{}").await.0, 503);
    }
}
