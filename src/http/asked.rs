//! A request that changes something: who asks, and what for.
//!
//! It needs a named token in a header and a body that says it is JSON. A web page of somebody else can send
//! neither without asking first, which we never permit. Pages have forms instead ([`super::form`]).

use std::time::Duration;

use axum::body;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use tokio::time::timeout;

use super::Face;
use super::access::By;
use super::access::CHALLENGE;
use super::access::Caller;
use super::body::Body;
use super::origin;
use super::refusal::Refusal;

/// How large a body may be. A resolved manifest with thousands of tables is far below.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a client may take for its body.
const BODY_MAX: Duration = Duration::from_secs(10);

/// A request with a token that we know, and its body.
pub(super) struct Asked {
    /// The token's name.
    pub(super) author: String,
    pub(super) body: Body,
}

impl FromRequest<Face> for Asked {
    type Rejection = Refusal;

    async fn from_request(request: Request, face: &Face) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let author = author(&head, face)?;
        if !is_json(&head.headers) {
            let detail =
                "the body of this request has to be JSON: `Content-Type: application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = whole(&head.headers, body, BODY_BYTES_MAX, BODY_MAX).await?;
        Ok(Self { author, body: Body::read(&bytes)? })
    }
}

/// The whole body, of at most `most` bytes, within `time`.
pub(super) async fn whole(
    headers: &HeaderMap,
    body: body::Body,
    most: usize,
    time: Duration,
) -> Result<Bytes, Refusal> {
    let too_large = || {
        let detail = format!("the body is larger than {most} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if declared.and_then(|it| it.parse::<usize>().ok()).is_some_and(|it| it > most) {
        return Err(too_large());
    }
    match timeout(time, body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // The limit, or a client that broke off and reads no answer.
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            let detail = format!("the body did not come within {} s", time.as_secs());
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

/// Who changes something by JSON. A browser's session is not enough: it comes along by itself, whoever made
/// the browser ask; so does what a proxy knows a user by, which is why such a request has to come from a page
/// of ours.
fn author(head: &Parts, face: &Face) -> Result<String, Refusal> {
    let caller = head.extensions.get::<Caller>().cloned().unwrap_or_else(Caller::nobody);
    let author = caller.operator()?.to_owned();
    match caller.by {
        By::Token => Ok(author),
        By::Proxy => {
            let own = origin::Ours::of(&face.config.borrow());
            if own.sent(&head.uri, &head.headers) { Ok(author) } else { Err(origin::elsewhere()) }
        }
        By::Session(_) | By::Nobody => {
            let detail = "a browser's session is taken from the forms of pages alone; this needs \
                          `Authorization: Bearer TOKEN`";
            Err(Refusal::unauthorized(CHALLENGE, detail))
        }
    }
}

/// Whether the body says that it is JSON. `text/plain`, which any page may send, is not.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_is_json() {
        for (value, want) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(is_json(&headers), want, "{value:?}");
        }
    }
}
