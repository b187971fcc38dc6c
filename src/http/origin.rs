//! Whether a request that changes something was sent by a page of ours.
//!
//! A browser says from which origin a form or a script comes, and no page can make it say another. We know two
//! of our own: the `Host` that the request itself names, and the one of `http.external_url`, which a proxy may
//! have replaced by its own name for us.

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::http::uri::Authority;
use url::Url;

use super::host;
use super::refusal::Refusal;
use crate::config::Config;

/// What says that a browser asks for its own site.
const FETCH_SITE: &str = "sec-fetch-site";

/// The origins that are ours.
pub(super) struct Ours {
    external: Option<Url>,
}

impl Ours {
    pub(super) fn of(config: &Config) -> Self {
        Self { external: config.messages.external_url.clone() }
    }

    /// Whether a page of ours sent it. One that does not say from where it comes was not.
    pub(super) fn sent(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let host = host::asked_for(uri, headers);
        match (one(headers, header::ORIGIN.as_str()), one(headers, FETCH_SITE)) {
            (Said::Once(origin), _) => self.is(origin, host.as_ref()),
            (Said::Not, Said::Once(site)) => site == "same-origin",
            (Said::Not, Said::Not) => match one(headers, header::REFERER.as_str()) {
                Said::Once(referer) => self.is(referer, host.as_ref()),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a URL is on this host. Its scheme is not compared: behind a proxy we do not know our own.
    fn is(&self, said: &str, host: Option<&Authority>) -> bool {
        let Ok(said) = Url::parse(said) else { return false };
        if !matches!(said.scheme(), "http" | "https") {
            return false;
        }
        let (Some(name), Some(port)) = (said.host_str(), said.port_or_known_default()) else {
            return false;
        };
        let same = |other: &str, other_port: Option<u16>| {
            let other = other.strip_suffix('.').unwrap_or(other);
            name.eq_ignore_ascii_case(other) && port == other_port.unwrap_or(port)
        };
        let default = |it: &Authority| {
            // Without a port it is that of the scheme: that of the page.
            it.port_u16().or_else(|| {
                Url::parse(&format!("{}://x/", said.scheme())).ok()?.port_or_known_default()
            })
        };
        host.is_some_and(|it| same(it.host(), default(it)))
            || self.external.as_ref().is_some_and(|it| {
                it.host_str().is_some_and(|host| same(host, it.port_or_known_default()))
            })
    }
}

/// A page of somebody else's.
pub(super) fn elsewhere() -> Refusal {
    let detail = "this was not sent by a page of ours: its Origin is another one. Behind a proxy, set \
                  http.external_url to where people reach it";
    Refusal::new(StatusCode::FORBIDDEN, detail)
}

/// What a header says.
enum Said<'a> {
    Not,
    Once(&'a str),
    /// More than once, or not in text.
    Oddly,
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Said<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Said::Not,
        (Some(value), None) => value.to_str().map_or(Said::Oddly, Said::Once),
        _ => Said::Oddly,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use axum::http::HeaderValue;

    use super::*;

    fn sent(external: Option<&str>, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let external = external.map(|it| it.parse().unwrap());
        Ours { external }.sent(&Uri::from_static("/silences"), &map)
    }

    #[test]
    fn only_a_page_of_ours_sends_a_form() {
        let here = ("host", "localhost:9847");
        for (headers, want) in [
            (&[here, ("origin", "http://localhost:9847")][..], true),
            (&[here, ("origin", "https://LOCALHOST:9847")], true),
            (&[here, ("origin", "http://localhost")], false),
            (&[here, ("origin", "http://localhost:9848")], false),
            (&[here, ("origin", "http://evil.example")], false),
            (&[here, ("origin", "http://localhost:9847.evil.example")], false),
            (&[here, ("origin", "null")], false),
            (&[here, ("origin", "")], false),
            (&[here, ("origin", "file://localhost:9847")], false),
            (
                &[here, ("origin", "http://localhost:9847"), ("origin", "http://evil.example")],
                false,
            ),
            // Another one is not made good by what else is said.
            (&[here, ("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (&[here, ("sec-fetch-site", "same-origin")], true),
            (&[here, ("sec-fetch-site", "same-site")], false),
            (&[here, ("sec-fetch-site", "none")], false),
            (&[here, ("referer", "http://localhost:9847/silences?x=1")], true),
            (&[here, ("referer", "http://evil.example/localhost:9847")], false),
            (
                &[here, ("sec-fetch-site", "cross-site"), ("referer", "http://localhost:9847/")],
                false,
            ),
            (&[here], false),
            (&[("origin", "http://localhost:9847")], false),
            (&[("host", "warden.example"), ("origin", "https://warden.example")], true),
            (&[("host", "warden.example:443"), ("origin", "https://warden.example")], true),
            (&[("host", "warden.example:80"), ("origin", "https://warden.example")], false),
        ] {
            assert_eq!(sent(None, headers), want, "{headers:?}");
        }
    }

    #[test]
    fn a_proxy_may_give_us_another_name() {
        let here = ("host", "localhost:9847");
        for (origin, want) in [
            ("https://warden.example", true),
            ("https://warden.example:443", true),
            ("https://warden.example:8443", false),
            ("https://evil.example", false),
        ] {
            let external = Some("https://warden.example/drift/");
            assert_eq!(sent(external, &[here, ("origin", origin)]), want, "{origin}");
        }
    }
}
