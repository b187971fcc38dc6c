//! Where looking takes no name: on the machine itself, and nowhere else.
//!
//! That a connection comes from loopback is not enough: a proxy on the same machine comes from there too, on
//! behalf of the whole world. What proxies add to requests gives them away, and so does a `Host` that is no
//! name of loopback; and one that the configuration calls a proxy is one.

use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config::Config;
use crate::http::host;
use crate::http::serve::Peer;

/// Headers that only something between the client and us adds.
const FORWARDED: [&str; 11] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-envoy-external-address",
    "x-proxyuser-ip",
    "true-client-ip",
    "cf-connecting-ip",
];
/// And all that begin so.
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// Whether whoever asks may read without being anybody.
pub(in crate::http) fn reading_is_open(request: &Parts, config: &Config) -> bool {
    let Some(peer) = request.extensions.get::<Peer>() else { return false };
    let ip = peer.address.ip().to_canonical();
    let proxies = config.http.trusted_proxies.as_ref();
    config.http.is_local()
        && ip.is_loopback()
        && proxies
            .is_none_or(|it| !it.include(ip) && !request.headers.contains_key(&it.user_header))
        && host::is_loopback(&request.uri, &request.headers)
        && !is_forwarded(&request.headers)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        FORWARDED.contains(&name) || name.starts_with(FORWARDED_PREFIX)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_proxy_adds_gives_it_away() {
        for (name, want) in [
            ("forwarded", true),
            ("x-forwarded-for", true),
            ("x-forwarded-anything", true),
            ("x-real-ip", true),
            ("via", true),
            ("cf-connecting-ip", true),
            ("accept", false),
            ("x-forward", false),
        ] {
            let mut headers = HeaderMap::new();
            // Empty is there as well.
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(""));
            assert_eq!(is_forwarded(&headers), want, "{name}");
        }
    }
}
