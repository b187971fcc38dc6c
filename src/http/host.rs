//! The `Host` of a request: a name of this machine, or no answer.
//!
//! Listening on loopback keeps other machines out, not web pages: one whose own name resolves to 127.0.0.1
//! (DNS rebinding) may read what its own name answers. It cannot change the `Host` that the browser sends, and
//! that is its name. An address that is asked for as such is nobody's name.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;

use super::access::Door;
use super::refusal::Refusal;
use crate::config::Config;

/// Lets a request pass whose host is this machine; 421 otherwise.
pub(super) async fn check(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let config = door.face.config.borrow().clone();
    let host = asked_for(request.uri(), request.headers());
    if host.is_some_and(|it| names_here(&it, &config)) {
        return next.run(request).await;
    }
    let listen = config.http.listen;
    let detail = format!(
        "the Host of this request is no name of this machine; name it in http.hosts, or have the proxy \
         send `Host: {listen}` or `Host: localhost`"
    );
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

/// The one host that is asked for. The address in the request line goes before the header (RFC 9112,
/// section 3.2.2).
pub(super) fn asked_for(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    if let Some(authority) = uri.authority() {
        return Some(authority.clone());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    Authority::try_from(host.as_bytes()).ok()
}

/// Whether it is loopback that is asked for.
pub(super) fn is_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = asked_for(uri, headers);
    host.is_some_and(|it| match name(&it) {
        Some(Named::Address(address)) => address.to_canonical().is_loopback(),
        Some(Named::Name(name)) => is_localhost(&name),
        None => false,
    })
}

fn names_here(authority: &Authority, config: &Config) -> bool {
    let listen = config.http.listen.ip();
    let external = config.messages.external_url.as_ref().and_then(|it| it.host_str());
    let named = |name: &str| {
        config.http.hosts.iter().any(|it| it == name)
            || external.is_some_and(|it| it.trim_matches(['[', ']']).eq_ignore_ascii_case(name))
    };
    match name(authority) {
        Some(Named::Address(address)) => {
            address.is_loopback()
                || address == listen
                || listen.is_unspecified()
                || named(&address.to_string())
        }
        Some(Named::Name(name)) => is_localhost(&name) || named(&name),
        None => false,
    }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost"
}

/// What a `Host` names.
enum Named {
    Address(IpAddr),
    /// In small letters, without a dot at its end.
    Name(String),
}

fn name(authority: &Authority) -> Option<Named> {
    // `localhost@evil.example`: a name and a password are no part of a Host.
    if authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host();
    let name = host.strip_suffix('.').unwrap_or(host);
    let address = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    Some(match address.parse() {
        Ok(address) => Named::Address(address),
        Err(_) => Named::Name(name.to_ascii_lowercase()),
    })
}
