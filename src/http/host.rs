//! The `Host` of a request: a name of this machine, or no answer from the API.
//!
//! Listening on loopback keeps other machines out, not web pages: one whose own name resolves to
//! 127.0.0.1 (DNS rebinding) may read what its own name answers. It cannot change the `Host` that
//! the browser sends, and that is its name.

use std::net::IpAddr;

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

use super::Face;
use super::refusal::Refusal;

/// Lets a request pass whose host is this machine; 421 otherwise.
pub(super) async fn check(State(face): State<Face>, request: Request, next: Next) -> Response {
    let listen = face.config.borrow().http.listen;
    if is_here(request.uri(), request.headers(), listen.ip()) {
        return next.run(request).await;
    }
    let detail = format!(
        "the Host of this request is no name of this machine; a proxy has to send \
         `Host: {listen}` or `Host: localhost`"
    );
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

/// Whether the one host that is asked for is loopback or the listening address. The address in the
/// request line goes before the header (RFC 9112, section 3.2.2).
fn is_here(uri: &Uri, headers: &HeaderMap, listen: IpAddr) -> bool {
    if let Some(authority) = uri.authority() {
        return names_here(authority, listen);
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    Authority::try_from(host.as_bytes()).is_ok_and(|it| names_here(&it, listen))
}

fn names_here(authority: &Authority, listen: IpAddr) -> bool {
    // `localhost@evil.example`: a name and a password are no part of a Host.
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let name = host.strip_suffix('.').unwrap_or(host);
    let address = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address == listen,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}
