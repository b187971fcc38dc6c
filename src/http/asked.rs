//! A request that changes something: who asks, and what for.
//!
//! It needs a named token in a header and a body that says it is JSON. A web page of somebody else
//! can send neither without asking first, which we never permit; there are no cookies that a browser
//! would add by itself.

use std::time::Duration;

use axum::body;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use tokio::time::sleep;
use tokio::time::timeout;
use tracing::warn;

use super::Face;
use super::body::Body;
use super::refusal::Refusal;
use super::tokens;

/// How large a body may be. A resolved manifest with thousands of tables is far below.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a client may take for its body.
const BODY_MAX: Duration = Duration::from_secs(10);
/// How long whoever presents a wrong token waits for the answer, so that guessing is slow.
const WRONG_TOKEN_PAUSE: Duration = Duration::from_millis(500);

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
        let author = author(&head.headers, face).await?;
        if !is_json(&head.headers) {
            let detail =
                "the body of this request has to be JSON: `Content-Type: application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let too_large = || {
            let detail = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        };
        let declared = head.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
        if declared.and_then(|it| it.parse::<usize>().ok()).is_some_and(|it| it > BODY_BYTES_MAX) {
            return Err(too_large());
        }
        let bytes = match timeout(BODY_MAX, body::to_bytes(body, BODY_BYTES_MAX)).await {
            Ok(Ok(bytes)) => bytes,
            // The limit, or a client that broke off and reads no answer.
            Ok(Err(_)) => return Err(too_large()),
            Err(_) => {
                let detail = format!("the body did not come within {} s", BODY_MAX.as_secs());
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, detail));
            }
        };
        Ok(Self { author, body: Body::read(&bytes)? })
    }
}

/// The name of the token that the request carries.
async fn author(headers: &HeaderMap, face: &Face) -> Result<String, Refusal> {
    let Some(presented) = bearer(headers) else {
        let detail = "this changes something and needs a token: `Authorization: Bearer TOKEN` (the \
                      daemon keeps one in the file that http.token_file names)";
        return Err(Refusal::unauthorized("Bearer realm=\"schemawarden\"", detail));
    };
    let presented = presented.to_owned();
    let config = face.config.borrow().clone();
    // Files are read.
    let looked =
        tokio::task::spawn_blocking(move || tokens::name_of(&config.http.tokens, &presented));
    if let Ok(Some(name)) = looked.await {
        return Ok(name);
    }
    warn!("a request with a token that nobody knows was refused");
    sleep(WRONG_TOKEN_PAUSE).await;
    let realm = "Bearer realm=\"schemawarden\", error=\"invalid_token\"";
    Err(Refusal::unauthorized(realm, "this is none of the tokens that the daemon knows"))
}

/// What follows `Bearer` in the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
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

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_is_taken() {
        for (values, want) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&["Bearer "], None),
            (&["Bearer"], None),
            (&["Basic abc"], None),
            (&["abc"], None),
            (&["Bearer abc", "Bearer def"], None),
            (&[], None),
        ] {
            assert_eq!(bearer(&headers(&header::AUTHORIZATION, values)), want, "{values:?}");
        }
    }

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
            assert_eq!(is_json(&headers(&header::CONTENT_TYPE, &[value])), want, "{value:?}");
        }
    }
}
