//! Sends one message to one receiver, once, and says what came of it.
//!
//! ```text
//! notifications ─► brief ─► slack, teams, discord, … ─┐
//!                           webhook, alertmanager     ├─► one POST ─► answer::classify ─► Outcome
//! channel's URL and keys, read now ─► endpoint ───────┘   (or one mail: email)
//! ```
//!
//! Nothing here retries, waits or remembers: that is `delivery`'s business, and [`Outcome`] tells it
//! all that it needs. One HTTP client serves every channel: no redirects (a receiver that moves must
//! be reconfigured, not followed), no proxy from the environment, no cookies, no compression, no kept
//! connections, its own TLS settings. A send ends within [`Timeouts::total`], whatever the receiver
//! does.

pub mod alertmanager;
mod answer;
mod brief;
pub mod discord;
pub mod email;
mod endpoint;
mod escape;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod http_tests;
mod networks;
mod outcome;
pub mod pagerduty;
mod request;
pub mod slack;
pub mod teams;
pub mod text;
pub mod webhook;
mod words;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use rustls::RootCertStore;
use tokio::time::Instant;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::Email;
use crate::config::Messages;
use crate::config::Networks;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::Thread;

use answer::Answer;
use answer::BodyEnd;
use email::Carrier;
use email::Shares;
use networks::Forbidden;
use networks::Permitting;
use request::Request;

pub use networks::is_forbidden;
pub use networks::permits_url;
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
    /// What receivers that keep one alert a cause know it by; `None`: by its incident.
    pub thread: Option<&'a Thread>,
}

/// The client of every channel. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: reqwest::Client,
    timeouts: Timeouts,
    roots: Arc<RootCertStore>,
    networks: Arc<Networks>,
    /// Of mails that not every recipient has yet.
    shares: Shares,
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
        Self::build(timeouts, Arc::new(roots), Arc::default(), Shares::default())
    }

    /// The same sender, and messages go only where `networks` lets them. Costs nothing where that is
    /// so already.
    pub fn with_networks(&self, networks: &Networks) -> Result<Self, ChannelError> {
        if *self.networks == *networks {
            return Ok(self.clone());
        }
        let networks = Arc::new(networks.clone());
        Self::build(self.timeouts, Arc::clone(&self.roots), networks, self.shares.clone())
    }

    fn build(
        timeouts: Timeouts,
        roots: Arc<RootCertStore>,
        networks: Arc<Networks>,
        shares: Shares,
    ) -> Result<Self, ChannelError> {
        let has_roots = !roots.is_empty();
        let client = permitting_client(timeouts, Arc::clone(&roots), Arc::clone(&networks))?;
        Ok(Self { client, timeouts, roots, networks, shares, has_roots })
    }

    /// Sends `message` to `channel`, once. Never fails: whatever happens is an [`Outcome`].
    pub async fn send(&self, channel: &Channel, message: &Message<'_>) -> Outcome {
        let deadline = Instant::now() + self.timeouts.total;
        match &channel.kind {
            ChannelKind::Email(email) => {
                return self.mail(&channel.name, email, message, deadline).await;
            }
            ChannelKind::Alertmanager { resend, .. } => {
                let ends_in = alertmanager::lives(*resend);
                let (all, look, now) = (message.notifications, message.look, message.now);
                return self.push_alerts(channel, all, look, now, ends_in, message.minimal).await;
            }
            _ => {}
        }
        let request = Request::prepare(channel, message);
        self.post(channel, request, deadline, message.now).await
    }

    /// Hands one mail to its server.
    async fn mail(
        &self,
        channel: &str,
        email: &Email,
        message: &Message<'_>,
        deadline: Instant,
    ) -> Outcome {
        let letter = match email::letter(channel, email, message) {
            Ok(letter) => letter,
            Err(error) => return error.outcome(),
        };
        let carrier = Carrier {
            channel,
            email,
            networks: &self.networks,
            connect: self.timeouts.connect,
            delivery: message.id,
            now: message.now,
            shares: &self.shares,
        };
        match timeout_at(deadline, carrier.carry(&letter)).await {
            Ok(outcome) => outcome,
            Err(_) => self.timed_out(&email.host),
        }
    }

    /// Pushes what is told of to an Alertmanager, in as many requests as it takes, so that its alerts
    /// live `ends_in` from `now`; those that are resolved end when they did. Delivered is what was
    /// taken whole. Anything but an Alertmanager is [`Outcome::Broken`].
    pub async fn push_alerts(
        &self,
        channel: &Channel,
        notifications: &[Notification],
        look: &Messages,
        now: Timestamp,
        ends_in: Duration,
        minimal: bool,
    ) -> Outcome {
        let deadline = Instant::now() + self.timeouts.total;
        let mut last = None;
        for some in notifications.chunks(alertmanager::PUSH_MAX) {
            let body = alertmanager::push(some, look, now, ends_in, minimal);
            let request = Request::to_alertmanager(channel, body);
            let outcome = self.post(channel, request, deadline, now).await;
            if !matches!(outcome, Outcome::Delivered { .. }) {
                return outcome;
            }
            last = Some(outcome);
        }
        let answer = "nothing to push".to_owned();
        last.unwrap_or(Outcome::Delivered { answer, missed: None })
    }

    /// Posts what `request` makes, and reads the answer.
    async fn post(
        &self,
        channel: &Channel,
        request: impl Future<Output = Result<Request, ChannelError>>,
        deadline: Instant,
        now: Timestamp,
    ) -> Outcome {
        let request = match timeout_at(deadline, request).await {
            Ok(Ok(request)) => request,
            Ok(Err(error)) => return error.outcome(),
            Err(_) => return self.timed_out("the file with the channel's secret"),
        };
        let url = request.endpoint.url();
        if let Err(error) = networks::check_literal(&self.networks, &channel.name, url) {
            return error.outcome();
        }
        let host = request.endpoint.host();
        let post = self.client.post(url.clone()).headers(request.headers).body(request.body);
        match timeout_at(deadline, post.send()).await {
            Ok(Ok(response)) => {
                let answer = read(response, deadline, now).await;
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
        if let Some(forbidden) = Forbidden::within(&error) {
            let detail = forbidden.to_string();
            return Outcome::Broken { failure: Failure::Client, detail };
        }
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
    http_client_by(timeouts, tls(Arc::new(roots))?)
}

/// The same client, for who decides otherwise about whom to trust.
pub fn http_client_by(
    timeouts: Timeouts,
    tls: rustls::ClientConfig,
) -> Result<reqwest::Client, ChannelError> {
    client_builder(timeouts, tls).build().map_err(|source| ChannelError::Client { source })
}

/// The same client, and it goes only where `networks` lets it. What names an address instead of a host
/// is resolved by nobody: ask [`permits_url`] first.
pub fn permitting_client(
    timeouts: Timeouts,
    roots: Arc<RootCertStore>,
    networks: Arc<Networks>,
) -> Result<reqwest::Client, ChannelError> {
    let builder =
        client_builder(timeouts, tls(roots)?).dns_resolver(Arc::new(Permitting(networks)));
    builder.build().map_err(|source| ChannelError::Client { source })
}

fn tls(roots: Arc<RootCertStore>) -> Result<rustls::ClientConfig, ChannelError> {
    // The provider is named here, so that nothing depends on a process-wide default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| ChannelError::Tls { source })?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn client_builder(timeouts: Timeouts, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
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

/// What ends it, for receivers that keep an alert until they hear that it is over.
#[must_use]
pub fn test_over(now: Timestamp) -> Notification {
    Notification {
        kind: NotificationType::Resolved,
        resolved_at: Some(now),
        headline: "The test is over".to_owned(),
        ..test_notification(now)
    }
}
