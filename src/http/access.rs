//! Who asks, and what they may see and do.
//!
//! Four answers, in this order: a bearer token, a session in a browser, a user that a trusted proxy names, or
//! nobody. Nobody may look where only this machine reaches the daemon; everything else takes a name. What is
//! presented and wrong is refused even where looking is open: whoever believes to be somebody has to know.

mod caller;
mod door;
mod guesses;
mod open;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use maud::html;

use super::Face;
use super::login;
use super::refusal::Refusal;
use super::screen::frame;

pub(super) use caller::By;
pub(super) use caller::Caller;
pub(super) use door::Door;
pub(super) use guesses::PAUSE as GUESS_PAUSE;
pub(super) use guesses::WAITING_MAX as GUESSES_MAX;
pub(super) use open::reading_is_open;

/// How a client without a browser proves who it is.
pub(super) const CHALLENGE: &str = "Bearer realm=\"schemawarden\"";
/// The file of the style and of the icon, which say nothing about anybody.
const OPEN_TO_ALL: &str = "/assets/";
/// What scripts and programs ask for: they want no page.
pub(super) const NO_PAGES: [&str; 2] = ["/events", "/openapi.json"];

/// Who looks at a page or reads from the API, and what that person may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Viewer {
    /// The name of a token, or of a user of a trusted proxy; none for whoever is on this machine and
    /// has not signed in.
    pub(super) name: Option<String>,
    /// Whether forms that change something may be shown and are taken.
    pub(super) operates: bool,
    /// Whether there is a session of ours that can be signed out of.
    pub(super) signed_in: bool,
    /// What every form carries back in the hidden field `proof`, so that no other site can send it.
    /// Empty where no form is shown.
    pub(super) proof: String,
}

impl Viewer {
    /// Somebody on this machine.
    pub(super) fn nobody() -> Self {
        Self { name: None, operates: false, signed_in: false, proof: String::new() }
    }
}

impl FromRequestParts<Face> for Viewer {
    type Rejection = Refusal;

    /// As [`admit`] and [`admit_or_login`] found; nobody where none of them stands before.
    async fn from_request_parts(parts: &mut Parts, _face: &Face) -> Result<Self, Refusal> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::nobody))
    }
}

/// Lets those pass who may read; 401 and 403 for the others. What changes something asks for more
/// ([`super::asked`], [`super::form`]).
pub(super) async fn admit(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    match door.caller(&head).await {
        Ok(caller) if may_read(&caller, &head, &door) => {
            let_in(caller, &mut head, &door);
            next.run(Request::from_parts(head, body)).await
        }
        Ok(_) => needs_token().into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The same for pages: who has to sign in is led there.
pub(super) async fn admit_or_login(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with(OPEN_TO_ALL) || request.uri().path() == login::PATH {
        return next.run(request).await;
    }
    let (mut head, body) = request.into_parts();
    match door.caller(&head).await {
        Ok(caller) if may_read(&caller, &head, &door) => {
            let_in(caller, &mut head, &door);
            next.run(Request::from_parts(head, body)).await
        }
        Ok(_) if wants_a_page(&head) && comes_from_elsewhere(&head.headers) => once_more(&head.uri),
        Ok(_) if wants_a_page(&head) => to_login(&head.uri),
        Ok(_) => needs_token().into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Says whether the long answer may be given, for endpoints that answer everybody shortly.
pub(super) async fn note_reader(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    // A probe with an old token must not take the daemon out of service: it gets the short answer.
    let caller = door.caller(&head).await;
    let reads = caller.is_ok_and(|it| may_read(&it, &head, &door));
    head.extensions.insert(Reads(reads));
    next.run(Request::from_parts(head, body)).await
}

/// Whether who asks may read; not where nobody has looked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reads(pub(super) bool);

impl FromRequestParts<Face> for Reads {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _face: &Face) -> Result<Self, Refusal> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(false)))
    }
}

fn may_read(caller: &Caller, request: &Parts, door: &Door) -> bool {
    !matches!(caller.by, By::Nobody) || reading_is_open(request, &door.face.config.borrow())
}

fn let_in(caller: Caller, request: &mut Parts, door: &Door) {
    let viewer = caller.viewer(door);
    let proofs = (!matches!(caller.by, By::Nobody)).then(|| ProofKey(caller.proof_key(door)));
    let extensions = &mut request.extensions;
    extensions.insert(viewer);
    if let Some(proofs) = proofs {
        extensions.insert(proofs);
    }
    extensions.insert(caller);
}

/// What the proofs of the forms of who asks are made with.
#[derive(Clone, Copy)]
pub(super) struct ProofKey(pub(super) [u8; 32]);

/// Nobody that we know asks, and there is nothing for nobody.
pub(super) fn needs_token() -> Refusal {
    let detail = "this takes a token: `Authorization: Bearer TOKEN`, or sign in at /login (reading is open \
                  only on the machine itself)";
    Refusal::unauthorized(CHALLENGE, detail)
}

/// Whether a person waits for a page.
fn wants_a_page(request: &Parts) -> bool {
    let accepts = request.headers.get(header::ACCEPT).map_or(&b"*/*"[..], |it| it.as_bytes());
    let accepts = String::from_utf8_lossy(accepts);
    matches!(request.method, Method::GET | Method::HEAD)
        && !NO_PAGES.contains(&request.uri.path())
        && (accepts.contains("text/html") || accepts.contains("*/*"))
}

/// Whether a link on another site led here: the browser keeps a strict session cookie to itself then.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|it| it == value);
    is("sec-fetch-mode", "navigate")
        && (is("sec-fetch-site", "cross-site") || is("sec-fetch-site", "same-site"))
}

/// Asks the browser to ask again, of its own accord: a session that is there comes along then. A redirect
/// would not do, because it is still the other site that asks.
fn once_more(uri: &Uri) -> Response {
    // Only what follows the last `/`: relative, as every link of ours.
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let path_only = uri.path();
    let last = path_only.rfind('/').map_or(0, |it| it + 1);
    let here = format!("./{}", &path[last..]);
    let body = html! {
        meta http-equiv="refresh" content={ "0; url=" (here) };
        h1 { "One moment" }
        p { a href=(here) { "Go on" } }
    };
    frame::bare(path_only, "One moment", StatusCode::OK, &body)
}

/// Leads to the page that asks for a token, and back here afterwards.
fn to_login(uri: &Uri) -> Response {
    // Relative links do not lead from there to where we are, and nothing of ours is there.
    if uri.path().contains("//") {
        return Refusal::missing("nothing is here").into_response();
    }
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let up = frame::root(uri.path());
    if path.len() > login::NEXT_BYTES_MAX {
        return see(&format!("{up}login"));
    }
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    see(&format!("{up}login?next={next}"))
}

/// Look there instead. The location is relative, so that it holds below whatever path a proxy puts first.
pub(super) fn see(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return Refusal::from("this path cannot be led on".to_owned()).into_response();
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(response: &Response) -> &str {
        response.headers()[header::LOCATION].to_str().unwrap()
    }

    #[test]
    fn who_has_to_sign_in_comes_back() {
        for (path, want) in [
            ("/", "login?next=%2F"),
            ("/incidents?state=all&x=%20", "login?next=%2Fincidents%3Fstate%3Dall%26x%3D%2520"),
            ("/incidents/SW-1", "../login?next=%2Fincidents%2FSW-1"),
        ] {
            let response = to_login(&path.parse().unwrap());
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(location(&response), want, "{path}");
        }
        let nowhere = to_login(&"//evil.example/x".parse().unwrap());
        assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_location_that_is_none_is_no_redirect() {
        assert_eq!(see("../x\r\ny").status(), StatusCode::BAD_REQUEST);
        assert_eq!(see("../x").status(), StatusCode::SEE_OTHER);
    }

    #[test]
    fn a_browser_that_keeps_its_cookie_is_asked_once_more() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            headers
        };
        let navigate = ("sec-fetch-mode", "navigate");
        for (pairs, want) in [
            (&[navigate, ("sec-fetch-site", "cross-site")][..], true),
            (&[navigate, ("sec-fetch-site", "same-origin")], false),
            (&[navigate, ("sec-fetch-site", "none")], false),
            (&[("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "cross-site")], false),
            (&[], false),
        ] {
            assert_eq!(comes_from_elsewhere(&headers(pairs)), want, "{pairs:?}");
        }
    }
}
