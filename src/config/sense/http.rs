//! The HTTP endpoint: where it listens, by which names people reach it, and who may change things through it.
//!
//! Beyond loopback whoever reaches the address may guess at tokens, so there has to be one that a person
//! chose to hand out; the one that the daemon makes for commands on its own machine does not count.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;

use url::Url;

use crate::config::Http;
use crate::config::shape;
use crate::yaml::At;

use super::Noted;
use super::proxies;
use super::tls;
use super::tokens;

/// Where the endpoint listens, if the file does not say.
const DEFAULT_LISTEN: &str = "127.0.0.1:9847";
/// The longest host name, in bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// `state` is the state file, beside which the daemon makes a token.
pub(super) fn read(http: Option<&shape::Http>, state: &Path, noted: &mut Noted) -> Option<Http> {
    let listen = match http.and_then(|it| it.listen.as_ref()) {
        Some(listen) => address(listen, noted),
        None => Some(DEFAULT_LISTEN.parse().expect("a constant that a test parses")),
    };
    let tokens = tokens::read(http, state, noted);
    let trusted_proxies = proxies::read(http.and_then(|it| it.trusted_proxies.as_ref()), noted);
    let tls = tls::read(http.and_then(|it| it.tls.as_ref()), noted);
    let hosts = hosts(http.and_then(|it| it.hosts.as_ref()), noted);
    let read = Http { listen: listen?, hosts, tokens, trusted_proxies, tls };
    if let Some(http) = http {
        beyond_loopback(http, &read, noted);
    }
    Some(read)
}

fn address(listen: &At<String>, noted: &mut Noted) -> Option<SocketAddr> {
    const KEY: &str = "http.listen";
    let Ok(address) = listen.value.parse::<SocketAddr>() else {
        let message = format!("{} is not an address and a port", listen.shown());
        let help = "write it as 127.0.0.1:9847 or [::1]:9847";
        noted.mistake_help(Some(listen.at), KEY, message, help);
        return None;
    };
    Some(address)
}

/// What listening where others reach it asks for.
fn beyond_loopback(said: &shape::Http, http: &Http, noted: &mut Noted) {
    const KEY: &str = "http.listen";
    let Some(listen) = said.listen.as_ref().filter(|_| !http.is_local()) else { return };
    if said.tokens.is_none() {
        let message = "beyond loopback, nobody sees or changes anything without a token, and none is \
                       configured (one that the daemon makes does not count)";
        let help = "hand one out: http: { tokens: [{ name: alice, token_file: alice.token }] }, made with \
                    `openssl rand -hex 32 > alice.token`; or listen on 127.0.0.1";
        noted.mistake_help(Some(listen.at), KEY, message, help);
    } else if said.tls.is_none() && said.trusted_proxies.is_none() {
        let message = "beyond loopback without TLS: whoever is on the way reads tokens and names of \
                       tables; set `http.tls`, or listen on 127.0.0.1 behind a proxy that speaks TLS";
        noted.warning(listen.at, KEY, message);
    }
}

/// `http.hosts`: names or addresses alone.
fn hosts(said: Option<&At<Vec<At<String>>>>, noted: &mut Noted) -> Vec<String> {
    let mut hosts = Vec::new();
    for (index, host) in said.iter().flat_map(|it| it.value.iter().enumerate()) {
        if is_host(&host.value) {
            hosts.push(host.value.to_ascii_lowercase());
        } else {
            let message = format!("{} is not the name of a host", host.shown());
            let help = "write the name alone, without scheme, port and path: warden.example.com";
            noted.mistake_help(Some(host.at), format!("http.hosts[{index}]"), message, help);
        }
    }
    hosts
}

fn is_host(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    let label = |it: &str| !it.is_empty() && it.bytes().all(plain);
    text.parse::<IpAddr>().is_ok() || (text.len() <= HOST_BYTES_MAX && text.split('.').all(label))
}

/// `http.external_url`, with which links begin.
pub(super) fn external_url(http: Option<&shape::Http>, noted: &mut Noted) -> Option<Url> {
    const KEY: &str = "http.external_url";
    let said = http?.external_url.as_ref()?;
    let url = match Url::parse(&said.value) {
        Ok(url) => url,
        Err(error) => {
            noted.mistake(Some(said.at), KEY, format!("not a URL: {error}"));
            return None;
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        noted.mistake(Some(said.at), KEY, "must be an http or https URL");
    } else if !url.username().is_empty() || url.password().is_some() {
        let message = "holds a login, and stands in every message";
        noted.mistake_help(Some(said.at), KEY, message, "leave the login out");
    } else if url.query().is_some() || url.fragment().is_some() {
        let message = "must end with its path: `?` and `#` cannot be continued";
        noted.mistake(Some(said.at), KEY, message);
    } else {
        return Some(url);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_alone() {
        for (text, want) in [
            ("warden", true),
            ("Warden.example.com", true),
            ("warden_1.svc.cluster.local", true),
            ("192.0.2.1", true),
            ("2001:db8::1", true),
            ("", false),
            ("warden.", false),
            ("warden:9847", false),
            ("https://warden", false),
            ("*.example.com", false),
            ("a/b", false),
            ("a b", false),
            ("a@b", false),
        ] {
            assert_eq!(is_host(text), want, "{text:?}");
        }
        assert!(!is_host(&"a".repeat(HOST_BYTES_MAX + 1)));
    }
}
