//! Signing in with a token, and out again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::RawQuery;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use maud::Markup;
use maud::html;
use percent_encoding::percent_decode_str;
use tracing::info;

use super::Face;
use super::access::By;
use super::access::Caller;
use super::access::Door;
use super::access::see;
use super::form;
use super::refusal::Refusal;
use super::screen::frame;
use super::serve::Peer;
use super::session;
use super::session::Sessions;
use crate::config::Config;
use crate::config::TokenSource;

/// Where a person signs in.
pub(super) const PATH: &str = "/login";
/// How large the form may be, and how long it may take: whoever sends it has proven nothing yet.
const FORM_BYTES_MAX: usize = 8 * 1024;
const FORM_MAX: Duration = Duration::from_secs(5);
/// The longest path that one is led back to, in bytes.
pub(super) const NEXT_BYTES_MAX: usize = 2048;

/// The page that asks for a token.
pub(super) async fn show(
    State(face): State<Face>,
    Extension(door): Extension<Arc<Door>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let next = next_of(query.as_deref());
    let (head, _) = request.into_parts();
    // Whoever is signed in already is led on: the page that led here may not have got the cookie.
    if let Ok(Caller { by: By::Session(_), .. }) = door.caller(&head).await {
        return see(&way(&next));
    }
    let body = drawn(&face.config.borrow(), &next, None);
    frame::bare(PATH, "Sign in", StatusCode::OK, &body)
}

/// Looks at the token, and begins a session.
pub(super) async fn sign_in(
    State(face): State<Face>,
    Extension(door): Extension<Arc<Door>>,
    request: Request,
) -> Result<Response, Refusal> {
    let peer = request.extensions().get::<Peer>().cloned();
    let place = peer.as_ref().map(|it| it.place.clone()).unwrap_or_default();
    let mut fields = form::fields(request, &face, FORM_BYTES_MAX, FORM_MAX).await?;
    let next = fields.get("next").and_then(|it| own(it)).unwrap_or("/").to_owned();
    let token = fields.remove("token").unwrap_or_default();
    let config = face.config.borrow().clone();
    let key = match door.key(&config, token.trim(), &place).await {
        Ok(key) => key,
        Err(refusal) if refusal.status() == StatusCode::UNAUTHORIZED => {
            let body =
                drawn(&config, &next, Some("This is none of the tokens that the daemon knows."));
            return Ok(frame::bare(PATH, "Sign in", StatusCode::FORBIDDEN, &body));
        }
        Err(refusal) => return Err(refusal),
    };
    info!("`{}` signed in", key.name);
    let cookie = Sessions::begin(&key, face.clock.now());
    Ok(with_cookie(
        see(&way(&next)),
        &session::set_cookie(&cookie, is_secure(&config, peer.as_ref())),
    ))
}

/// Ends the session, also for who has a copy of its cookie.
pub(super) async fn sign_out(
    State(face): State<Face>,
    Extension(door): Extension<Arc<Door>>,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = request.extensions().get::<Caller>().cloned();
    let peer = request.extensions().get::<Peer>().cloned();
    form::proven(request, &face).await?;
    if let Some(Caller { by: By::Session(session), .. }) = caller {
        door.sessions.end(&session, face.clock.now());
        info!("`{}` signed out", session.name);
    }
    let secure = is_secure(&face.config.borrow(), peer.as_ref());
    Ok(with_cookie(see("login"), &session::clear_cookie(secure)))
}

/// Whether the browser may keep the cookie to encrypted connections.
fn is_secure(config: &Config, peer: Option<&Peer>) -> bool {
    let external = config.messages.external_url.as_ref();
    peer.is_some_and(|it| it.encrypted) || external.is_some_and(|it| it.scheme() == "https")
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    // A name, digits and base64: always a header.
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn drawn(config: &Config, next: &str, wrong: Option<&str>) -> Markup {
    html! {
        h1 { "Sign in" }
        @if let Some(wrong) = wrong {
            p.note.bad role="alert" { (wrong) }
        }
        form.fields method="post" action="login" {
            input type="hidden" name="next" value=(next);
            label for="token" { "Token" }
            input #token type="password" name="token" required autocomplete="current-password"
                autocapitalize="off" spellcheck="false" autofocus aria-describedby="where"
                aria-invalid[wrong.is_some()];
            p #where .muted { (where_from(config)) }
            button.main type="submit" { "Sign in" }
        }
    }
}

/// Where a person finds a token, without telling those who have none where ours lie on the disk.
fn where_from(config: &Config) -> Markup {
    let made = config.http.tokens.iter().find_map(|it| match &it.source {
        TokenSource::Made(path) => path.file_name().map(Path::new),
        TokenSource::Secret(_) => None,
    });
    let named = config.http.tokens.iter().any(|it| matches!(it.source, TokenSource::Secret(_)));
    html! {
        @if let Some(file) = made {
            "On the machine that the daemon runs on, it stands in the file "
            code { (file.display()) }
            " (http.token_file; beside its state). "
        }
        @if named {
            "Whoever set up http.tokens in the configuration gave you one, or can."
        }
    }
}

/// Where `?next=` leads, if that is a page of ours; to the first page otherwise.
fn next_of(query: Option<&str>) -> String {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let next = pairs.into_iter().find_map(|(name, value)| (name == "next").then_some(value));
    next.and_then(|it| own(&it).map(str::to_owned)).unwrap_or_else(|| "/".to_owned())
}

/// A path of ours: no other host's, however browsers read it.
fn own(next: &str) -> Option<&str> {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let climbs = |it: &str| {
        let decoded = percent_decode_str(it).decode_utf8_lossy();
        // Behind what it stands for is a way up, or another separator.
        decoded == "." || decoded == ".." || decoded.contains(['/', '\\', '%'])
    };
    let plain = next.len() <= NEXT_BYTES_MAX
        && next.bytes().all(|it| it.is_ascii_graphic() && it != b'\\')
        && next.starts_with('/')
        && !path.contains("//")
        && path != PATH
        && !path[1..].split('/').any(climbs);
    plain.then_some(next)
}

/// The way from the page that asks for a token to a path of ours. It begins with a dot, so that nothing in it
/// can be a scheme or a host.
fn way(next: &str) -> String {
    format!("./{}", next.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn one_is_led_to_pages_of_ours_alone() {
        let login = Url::parse("https://warden.example/drift/login").unwrap();
        for (next, want) in [
            ("/", "/drift/"),
            ("/incidents/SW-1001", "/drift/incidents/SW-1001"),
            ("/incidents?state=all", "/drift/incidents?state=all"),
            ("/databases/a%20b", "/drift/databases/a%20b"),
            ("/javascript:alert(1)", "/drift/javascript:alert(1)"),
            ("/?next=//evil.example", "/drift/?next=//evil.example"),
            ("/https://evil.example", "/drift/"),
            ("//evil.example", "/drift/"),
            ("///evil.example", "/drift/"),
            ("/\\evil.example", "/drift/"),
            ("\\\\evil.example", "/drift/"),
            ("https://evil.example", "/drift/"),
            ("javascript:alert(1)", "/drift/"),
            ("/..", "/drift/"),
            ("/a/../../b", "/drift/"),
            ("/%2e%2e/b", "/drift/"),
            ("/a%2f%2fevil.example", "/drift/"),
            ("/%5cevil.example", "/drift/"),
            ("/%252e%252e/x", "/drift/"),
            ("/a\r\nSet-Cookie: x", "/drift/"),
            ("/a\tb", "/drift/"),
            ("/ä", "/drift/"),
            (" /a", "/drift/"),
            ("", "/drift/"),
            ("/login", "/drift/"),
        ] {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("next", next)
                .finish();
            let there = login.join(&way(&next_of(Some(&query)))).unwrap();
            assert_eq!(there.host_str(), Some("warden.example"), "{next}");
            let tail = &there[url::Position::BeforePath..];
            assert_eq!(tail, want, "{next}");
        }
        assert_eq!(own(&format!("/{}", "a".repeat(NEXT_BYTES_MAX))), None);
    }
}
