//! The HTTP endpoint: where it listens.

use std::net::SocketAddr;

use crate::config::Http;
use crate::config::shape;

use super::Noted;

/// Where the endpoint listens, if the file does not say.
const DEFAULT_LISTEN: &str = "127.0.0.1:9847";

pub(super) fn read(http: Option<&shape::Http>, noted: &mut Noted) -> Option<Http> {
    const KEY: &str = "http.listen";
    let default = DEFAULT_LISTEN.parse().expect("a constant that a test parses");
    let Some(http) = http else { return Some(Http { listen: default, tokens: Vec::new() }) };
    noted.later("http.tokens", http.tokens.as_ref());
    let Some(listen) = &http.listen else {
        return Some(Http { listen: default, tokens: Vec::new() });
    };
    let Ok(address) = listen.value.parse::<SocketAddr>() else {
        let message = format!("{} is not an address and a port", listen.shown());
        noted.mistake_help(
            Some(listen.at),
            KEY,
            message,
            "write it as 127.0.0.1:9847 or [::1]:9847",
        );
        return None;
    };
    if !address.ip().is_loopback() {
        let message = "listening beyond loopback is not supported in this version";
        let help = "listen on 127.0.0.1 or [::1], behind a proxy of your own";
        noted.mistake_help(Some(listen.at), KEY, message, help);
        return None;
    }
    Some(Http { listen: address, tokens: Vec::new() })
}
