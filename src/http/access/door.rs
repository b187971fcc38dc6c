//! What decides who comes in: the tokens, the sessions, and those who guess.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;

use super::CHALLENGE;
use super::caller::By;
use super::caller::Caller;
use super::guesses::Guesses;
use crate::config::Config;
use crate::config::TrustedProxies;
use crate::http::Face;
use crate::http::refusal::Refusal;
use crate::http::serve::Peer;
use crate::http::serve::Place;
use crate::http::session;
use crate::http::session::Sessions;
use crate::http::tokens::keyring;
use crate::http::tokens::keyring::Key;
use crate::http::tokens::keyring::Keyring;

/// What follows the challenge where a token is none of ours.
const INVALID: &str = "Bearer realm=\"schemawarden\", error=\"invalid_token\"";
/// The longest name that a proxy may give, in bytes. It stands in the audit trail, and in messages.
const USER_BYTES_MAX: usize = 100;

/// Shared by all requests.
#[derive(Debug)]
pub(in crate::http) struct Door {
    pub(in crate::http) face: Face,
    pub(in crate::http) sessions: Sessions,
    keyring: Keyring,
    guesses: Guesses,
}

impl Door {
    pub(in crate::http) fn new(face: Face) -> Self {
        Self { face, sessions: Sessions::new(), keyring: Keyring::new(), guesses: Guesses::new() }
    }

    /// Who asks. What is presented and wrong is an error, after a pause.
    pub(in crate::http) async fn caller(&self, request: &Parts) -> Result<Caller, Refusal> {
        let config = self.face.config.borrow().clone();
        let headers = &request.headers;
        let peer = request.extensions.get::<Peer>();
        let proxies = config.http.trusted_proxies.as_ref();
        let proxies = proxies.filter(|it| peer.is_some_and(|peer| it.include(ip(peer))));
        if let Some(presented) = bearer(headers, proxies.is_some())? {
            let place = peer.map(|it| it.place.clone()).unwrap_or_default();
            return self.by_token(&config, presented, &place).await;
        }
        if let Some(caller) = self.by_session(&config, headers).await {
            return Ok(caller);
        }
        match proxies {
            Some(proxies) => by_proxy(headers, proxies),
            None => Ok(Caller::nobody()),
        }
    }

    /// The token that this is, of those that there are now. After a pause an error; the place of the request
    /// is somebody else's then.
    pub(in crate::http) async fn key(
        &self,
        config: &Arc<Config>,
        presented: &str,
        place: &Place,
    ) -> Result<Key, Refusal> {
        let keys = self.keyring.keys(config).await;
        if let Some(key) = keyring::find(&keys, presented) {
            return Ok(key.clone());
        }
        place.leave();
        let detail = "this is none of the tokens that the daemon knows";
        Err(self.guesses.wrong(INVALID, detail).await)
    }

    async fn by_token(
        &self,
        config: &Arc<Config>,
        presented: &str,
        place: &Place,
    ) -> Result<Caller, Refusal> {
        let key = self.key(config, presented, place).await?;
        Ok(Caller { by: By::Token, name: Some(key.name), role: Some(key.role) })
    }

    /// A session that has ended, or never was one, is none: the browser sends its cookie by itself.
    async fn by_session(&self, config: &Arc<Config>, headers: &HeaderMap) -> Option<Caller> {
        let cookies: Vec<&str> = session::cookies(headers).collect();
        if cookies.is_empty() {
            return None;
        }
        let keys = self.keyring.keys(config).await;
        let now = self.face.clock.now();
        let found = cookies.into_iter().find_map(|it| self.sessions.find(it, &keys, now));
        let (session, role) = found?;
        let name = Some(session.name.clone());
        Some(Caller { by: By::Session(session), name, role: Some(role) })
    }
}

fn ip(peer: &Peer) -> IpAddr {
    peer.address.ip()
}

/// What follows `Bearer` in the one `Authorization` header. Another scheme is an error, unless a trusted
/// proxy passes on what was meant for itself.
fn bearer(headers: &HeaderMap, from_proxy: bool) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let parts = value.to_str().ok().and_then(|it| it.split_once(' '));
    let token = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token.map(|(_, token)| token.trim()) {
        Some(token) if !token.is_empty() && values.next().is_none() => Ok(Some(token)),
        None if from_proxy => Ok(None),
        _ => {
            let detail = "this needs a token in one header, `Authorization: Bearer TOKEN`; no other scheme \
                          is taken";
            Err(Refusal::unauthorized(CHALLENGE, detail))
        }
    }
}

/// The user that a trusted proxy names; nobody where it names none.
fn by_proxy(headers: &HeaderMap, proxies: &TrustedProxies) -> Result<Caller, Refusal> {
    let mut values = headers.get_all(&proxies.user_header).iter();
    let Some(value) = values.next() else { return Ok(Caller::nobody()) };
    let name = value.to_str().unwrap_or_default().trim();
    let plain = name.bytes().all(|it| it == b' ' || it.is_ascii_graphic());
    if name.is_empty() || name.len() > USER_BYTES_MAX || !plain || values.next().is_some() {
        let detail = format!(
            "the proxy's header `{}` has to name one user, in at most {USER_BYTES_MAX} visible ASCII \
             characters",
            proxies.user_header
        );
        return Err(Refusal::new(StatusCode::BAD_REQUEST, detail));
    }
    Ok(Caller { by: By::Proxy, name: Some(name.to_owned()), role: Some(proxies.role) })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::Role;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_is_taken() {
        for (values, want) in [
            (&["Bearer abc"][..], Ok(Some("abc"))),
            (&["bearer  abc "], Ok(Some("abc"))),
            (&["Bearer "], Err(())),
            (&["Bearer"], Err(())),
            (&["Basic abc"], Err(())),
            (&["abc"], Err(())),
            (&["Bearer abc", "Bearer def"], Err(())),
            (&[], Ok(None)),
        ] {
            let headers = headers("authorization", values);
            assert_eq!(bearer(&headers, false).map_err(|_| ()), want, "{values:?}");
        }
        // What was meant for the proxy is not for us; what was meant for us is.
        let basic = headers("authorization", &["Basic abc"]);
        assert_eq!(bearer(&basic, true).unwrap(), None);
        assert!(bearer(&headers("authorization", &["Bearer "]), true).is_err());
    }

    #[test]
    fn a_proxy_names_one_user() {
        let proxies = TrustedProxies {
            networks: Vec::new(),
            user_header: "x-forwarded-user".to_owned(),
            role: Role::Read,
        };
        let long = "a".repeat(USER_BYTES_MAX + 1);
        for (values, want) in [
            (&["alice@example.com"][..], Ok(Some("alice@example.com"))),
            (&[" Alice Doe "], Ok(Some("Alice Doe"))),
            (&[], Ok(None)),
            (&[""], Err(())),
            (&["a\tb"], Err(())),
            (&["alice", "root"], Err(())),
            (&[&*long], Err(())),
        ] {
            let found = by_proxy(&headers("x-forwarded-user", values), &proxies);
            let name = found.as_ref().map(|it| it.name.as_deref()).map_err(|_| ());
            assert_eq!(name, want, "{values:?}");
        }
    }
}
