//! What can come of a send: outcomes and kinds of failure, as data.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::escape;

/// How long an error of the network or of a file may be in a detail, in UTF-16 units.
const ERROR_SHOWN_MAX: usize = 300;

/// What came of one attempt. Each detail is one line for operators, with no secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it; what it answered. `missed`: some of several recipients will not have it,
    /// and the answer says who.
    Delivered { answer: String, missed: Option<Failure> },
    /// Try again later, not before `after` (at most [`crate::backoff::RETRY_AFTER_MAX`]) where it is given.
    Retry { failure: Failure, detail: String, after: Option<Duration> },
    /// The receiver does not take this payload: try once more with `minimal: true`.
    Refused { failure: Failure, detail: String },
    /// The channel itself is wrong, and stays so until a person mends it.
    Broken { failure: Failure, detail: String },
}

impl Outcome {
    /// What the receiver answered, or what went wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Delivered { answer, .. } => answer,
            Self::Retry { detail, .. }
            | Self::Refused { detail, .. }
            | Self::Broken { detail, .. } => detail,
        }
    }

    /// What kind of failure it was; `None` where it was none.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Delivered { .. } => None,
            Self::Retry { failure, .. }
            | Self::Refused { failure, .. }
            | Self::Broken { failure, .. } => Some(*failure),
        }
    }
}

/// Kinds of failure: a closed list, fit for a metric's label. The words never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Not let in: 401, 403, a revoked token.
    Auth,
    /// Asked to slow down.
    RateLimited,
    /// The channel's configuration: a wrong URL, a redirect, a receiver that is gone.
    Client,
    /// The receiver has trouble of its own.
    Server,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Io,
    /// The receiver does not take what was sent.
    Payload,
}

impl Failure {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Auth,
        Self::RateLimited,
        Self::Client,
        Self::Server,
        Self::Timeout,
        Self::Io,
        Self::Payload,
    ];

    /// The word used in state, API and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimited => "rate_limited",
            Self::Client => "client",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Io => "io",
            Self::Payload => "payload",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why nothing could be sent at all. None of the texts holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    #[error("could not set up TLS for notifications")]
    Tls { source: rustls::Error },

    #[error("could not build the HTTP client for notifications")]
    Client { source: reqwest::Error },

    #[error("channel `{channel}`: could not read the secret in {}", path.display())]
    SecretFile { channel: String, path: PathBuf, source: io::Error },

    #[error(
        "channel `{channel}`: the first line of {} has {bytes} bytes; the secret belongs there",
        path.display()
    )]
    SecretLine { channel: String, path: PathBuf, bytes: usize },

    #[error("channel `{channel}`: its URL is not an http or https URL")]
    NotAUrl { channel: String },

    #[error("channel `{channel}`: a receiver beyond loopback must be https, and its URL is not")]
    NotHttps { channel: String },

    #[error("channel `{channel}`: this type cannot be sent to")]
    Unsupported { channel: String },

    #[error("channel `{channel}`: {detail}")]
    Forbidden { channel: String, detail: String },

    #[error("channel `{channel}`: `from` and `to` must be addresses like `ops@example.com`")]
    Address { channel: String },

    #[error("channel `{channel}`: could not read the certificate in {}", path.display())]
    RootFile { channel: String, path: PathBuf, source: io::Error },

    #[error("channel `{channel}`: {} holds no certificate in PEM", path.display())]
    RootCertificate { channel: String, path: PathBuf },

    #[error("channel `{channel}`: could not set up TLS for its mail server: check `host`")]
    MailTls { channel: String },

    #[error("channel `{channel}`: its token is not one line of visible ASCII")]
    Token { channel: String },

    #[error("channel `{channel}`: its signing secret is not `whsec_` followed by base64")]
    SigningSecret { channel: String },
}

impl ChannelError {
    /// A file may be in the middle of its rotation; a wrong text stays wrong.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let detail = chain(self);
        match self {
            Self::SecretFile { .. } | Self::SecretLine { .. } | Self::RootFile { .. } => {
                Outcome::Retry { failure: Failure::Io, detail, after: None }
            }
            _ => Outcome::Broken { failure: Failure::Client, detail },
        }
    }
}

/// An error and its causes, on one line that cannot act.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let next = it.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = it.source();
    }
    escape::line(&text, ERROR_SHOWN_MAX)
}
