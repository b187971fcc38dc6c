//! Why a request gets no answer: an error as `application/problem+json` (RFC 9457), or as a page for who asks
//! for pages ([`page`]).
//!
//! The detail is written for the person behind the client, and holds no secret: what went wrong
//! inside is in the log.

pub(super) mod page;

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::json;

use super::answer;
use crate::store::StoreError;

/// An error to answer with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
    /// For 401: how to ask properly.
    challenge: Option<&'static str>,
    /// For 429 and 503: when to ask again, in seconds.
    after: Option<u16>,
}

/// What a response refuses, carried along in its extensions for who words it otherwise.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), challenge: None, after: None }
    }

    /// What is asked about is not there.
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// It is there, and not in a state in which this can be done.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Nobody that we know asks; `challenge` goes into `WWW-Authenticate`.
    pub(super) fn unauthorized(challenge: &'static str, detail: impl Into<String>) -> Self {
        Self { challenge: Some(challenge), ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// Asking again makes sense then.
    pub(super) fn after_seconds(self, after: u16) -> Self {
        Self { after: Some(after), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    #[cfg(test)]
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

/// What is wrong about the request.
impl From<String> for Refusal {
    fn from(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

/// The state could not be read or written; logged here, because here it is handled.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let cause = &error as &dyn std::error::Error;
        tracing::error!(error = cause, "could not answer from the state");
        let detail = "the state cannot be read or written; the log says why";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, detail, challenge, after } = self;
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("error"),
            "status": status.as_u16(),
            "detail": detail,
        });
        let mut response = answer(status, &body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(after) = after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        response.extensions_mut().insert(Told { status, detail });
        response
    }
}
