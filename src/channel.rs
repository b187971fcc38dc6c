//! Sends one message to one receiver, once, and says what came of it.
//!
//! ```text
//! notifications ─► slack::render / webhook::body ─┐
//!                                                 ├─► one POST ─► answer::classify ─► Outcome
//! channel's URL and key, read now ─► endpoint ────┘
//! ```
//!
//! Nothing here retries, waits or remembers: that is `delivery`'s business, and [`Outcome`] tells it
//! all that it needs. One HTTP client serves every channel: no redirects (a receiver that moves must
//! be reconfigured, not followed), no proxy from the environment, no cookies, no compression, no kept
//! connections, its own TLS settings. A send ends within [`Timeouts::total`], whatever the receiver
//! does.

mod answer;
mod endpoint;
mod escape;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod http_tests;
mod outcome;
pub mod slack;
pub mod text;
pub mod webhook;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use rustls::RootCertStore;
use tokio::time::Instant;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::Messages;
use crate::notification::Notification;
use crate::notification::Thread;

use answer::Answer;
use answer::BodyEnd;
use answer::Receiver;
use endpoint::Endpoint;

pub use outcome::ChannelError;
pub use outcome::Failure;
pub use outcome::Outcome;

/// An answer is read up to this size; the rest is not waited for.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How receivers know us.
const USER_AGENT: &str = concat!("schemawarden/", env!("CARGO_PKG_VERSION"));

/// How long a send may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// Everything, from reading the secret file to the end of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// What one delivery carries.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The delivery's id, the same at each attempt: receivers drop duplicates by it.
    pub id: Uuid,
    /// When this attempt is made.
    pub now: Timestamp,
    /// One notification, or several for a digest.
    pub notifications: &'a [Notification],
    /// After [`Outcome::Refused`]: the plainest form there is.
    pub minimal: bool,
    /// The zone of its times, and where its links lead.
    pub look: &'a Messages,
    /// What it is about, where that is one thread.
    pub thread: Option<&'a Thread>,
}

/// The client of every channel. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: reqwest::Client,
    timeouts: Timeouts,
    /// Whether the system's certificate store holds anything.
    has_roots: bool,
}

impl Sender {
    /// A sender with the default timeouts and the system's roots.
    pub fn new() -> Result<Self, ChannelError> {
        Self::with_timeouts(Timeouts::default())
    }

    /// A sender with the system's roots. A system without any can still reach plain http receivers;
    /// TLS then fails with a detail that says what to install.
    pub fn with_timeouts(timeouts: Timeouts) -> Result<Self, ChannelError> {
        let mut roots = RootCertStore::empty();
        // Single unreadable certificates are no reason to have none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::with_roots(timeouts, roots)
    }

    fn with_roots(timeouts: Timeouts, roots: RootCertStore) -> Result<Self, ChannelError> {
        let has_roots = !roots.is_empty();
        Ok(Self { client: http_client(timeouts, roots)?, timeouts, has_roots })
    }

    /// Sends `message` to `channel`, once. Never fails: whatever happens is an [`Outcome`].
    pub async fn send(&self, channel: &Channel, message: &Message<'_>) -> Outcome {
        let deadline = Instant::now() + self.timeouts.total;
        let request = match timeout_at(deadline, Request::prepare(channel, message)).await {
            Ok(Ok(request)) => request,
            Ok(Err(error)) => return error.outcome(),
            Err(_) => return self.timed_out("the file with the channel's secret"),
        };
        let host = request.endpoint.host();
        let post = self
            .client
            .post(request.endpoint.url().clone())
            .headers(request.headers)
            .body(request.body);
        match timeout_at(deadline, post.send()).await {
            Ok(Ok(response)) => {
                let answer = read(response, deadline, message.now).await;
                answer::classify(request.receiver, &request.endpoint, &answer)
            }
            Ok(Err(error)) => self.unsent(host, error),
            Err(_) => self.timed_out(host),
        }
    }

    fn timed_out(&self, what: &str) -> Outcome {
        let seconds = self.timeouts.total.as_secs_f64();
        Outcome::Retry {
            failure: Failure::Timeout,
            detail: format!("{what} did not answer within {seconds} s"),
            after: None,
        }
    }

    /// There was no answer at all.
    fn unsent(&self, host: &str, error: reqwest::Error) -> Outcome {
        let failure = if error.is_timeout() { Failure::Timeout } else { Failure::Io };
        // The error's own text names the URL; what it was caused by does not.
        let error = error.without_url();
        let why = outcome::chain(error.source().unwrap_or(&error));
        let advice = if !self.has_roots && why.contains("certificate") {
            " (this system has no certificate store: install ca-certificates)"
        } else {
            ""
        };
        let detail = format!("no answer from {host}: {why}{advice}");
        Outcome::Retry { failure, detail, after: None }
    }
}

/// The HTTP client: see the module's head for what it does not do.
pub fn http_client(
    timeouts: Timeouts,
    roots: RootCertStore,
) -> Result<reqwest::Client, ChannelError> {
    // The provider is named here, so that nothing depends on a process-wide default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| ChannelError::Tls { source })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .http1_only()
        .pool_max_idle_per_host(0)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .build()
        .map_err(|source| ChannelError::Client { source })
}

/// One POST, ready to leave.
struct Request {
    receiver: Receiver,
    endpoint: Endpoint,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    async fn prepare(channel: &Channel, message: &Message<'_>) -> Result<Self, ChannelError> {
        let name = &channel.name;
        let mut headers = HeaderMap::new();
        headers.insert(
            reqwest::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        let (receiver, url, body) = match &channel.kind {
            ChannelKind::Slack { url, .. } => {
                let payload = slack::render(message.notifications, message.minimal);
                (Receiver::Slack, url, payload.to_string().into_bytes())
            }
            ChannelKind::Webhook { url, secrets, .. } => {
                let body = webhook::body(message.notifications, message.minimal);
                let secret = match secrets.first() {
                    Some(source) => Some(endpoint::secret(name, source).await?),
                    None => None,
                };
                let signed = webhook::headers(message.id, message.now, &body, secret.as_ref())
                    .ok_or_else(|| ChannelError::SigningSecret { channel: name.clone() })?;
                for (key, value) in signed {
                    let value = HeaderValue::try_from(value)
                        .expect("ids, numbers and base64 are visible ASCII");
                    headers.insert(HeaderName::from_static(key), value);
                }
                (Receiver::Webhook, url, body)
            }
            _ => return Err(ChannelError::Unsupported { channel: name.clone() }),
        };
        let url = endpoint::secret(name, url).await?;
        let endpoint = Endpoint::parse(name, url.expose(), channel.insecure)?;
        Ok(Self { receiver, endpoint, headers, body })
    }
}

/// Reads the answer, at most [`ANSWER_BYTES_MAX`] of its body and not beyond `deadline`.
async fn read(mut response: reqwest::Response, deadline: Instant, now: Timestamp) -> Answer {
    let header = |name| response.headers().get(name).and_then(|it: &HeaderValue| it.to_str().ok());
    let retry_after =
        header(reqwest::header::RETRY_AFTER).and_then(|it| answer::retry_after(it, now));
    let location = header(reqwest::header::LOCATION).map(str::to_owned);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let end = loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                let room = ANSWER_BYTES_MAX - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    break BodyEnd::Cut;
                }
            }
            Ok(Ok(None)) => break BodyEnd::Complete,
            Ok(Err(error)) if error.is_timeout() => break BodyEnd::TimedOut,
            Ok(Err(_)) => break BodyEnd::Failed,
            Err(_) => break BodyEnd::TimedOut,
        }
    };
    Answer { status, retry_after, location, body, end }
}

/// What `notify-test` sends.
#[must_use]
pub fn test_notification(now: Timestamp) -> Notification {
    Notification {
        reason: "test".to_owned(),
        database: "none".to_owned(),
        manifest: "none".to_owned(),
        headline: "Schemawarden can write here: this is a test, nothing is wrong".to_owned(),
        diagnoses: vec![
            "Somebody ran `schemawarden notify-test`. Incidents will look like this message."
                .to_owned(),
        ],
        evidence: concat!("schemawarden ", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Notification::blank(now)
    }
}
