//! Where messages may go, decided on the address that is about to be connected to.
//!
//! A name is checked when it is resolved, for the very connection that uses the answer, so a name
//! that resolves otherwise a moment later gets nowhere. An address in the URL is resolved by nobody and
//! is checked by itself; the URL parser has made the usual form of `127.1`, `0x7f000001` and the like.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use url::Host;
use url::Url;

use super::ChannelError;
use crate::config::Networks;
use crate::connection::embedded;

/// The name resolves, and messages may go to none of its addresses.
#[derive(Debug)]
pub(super) struct Forbidden {
    /// What was asked for.
    host: String,
    /// One of the addresses.
    address: IpAddr,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        let shown =
            if *host == address.to_string() { host.clone() } else { format!("{host} ({address})") };
        write!(f, "messages may not go to {shown}: see `networks` in the configuration")
    }
}

impl Error for Forbidden {}

impl Forbidden {
    /// The one among the causes of `error`.
    pub(super) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(it) = cause {
            if let Some(found) = it.downcast_ref::<Self>() {
                return Some(found);
            }
            cause = it.source();
        }
        None
    }
}

/// Whether a message may go to `address`. An IPv4 address that an IPv6 one stands for counts too.
pub(super) fn permits(networks: &Networks, address: IpAddr) -> bool {
    let denied = |it: &IpAddr| networks.deny.iter().any(|net| net.contains(it));
    let inner = embedded(address);
    !denied(&address) && !inner.is_some_and(|it| denied(&it)) && {
        // What is behind the address is what is reached.
        networks.permit(inner.unwrap_or(address))
    }
}

/// Those of `addresses` that messages may go to; an error where that leaves none of several.
pub(super) fn permitted(
    networks: &Networks,
    host: &str,
    addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Forbidden> {
    let first = addresses.first().map(SocketAddr::ip);
    let rest: Vec<SocketAddr> =
        addresses.into_iter().filter(|it| permits(networks, it.ip())).collect();
    match first {
        Some(address) if rest.is_empty() => Err(Forbidden { host: host.to_owned(), address }),
        _ => Ok(rest),
    }
}

/// Checks a URL whose host is an address.
pub(super) fn check_literal(
    networks: &Networks,
    channel: &str,
    url: &Url,
) -> Result<(), ChannelError> {
    let address = match url.host() {
        Some(Host::Ipv4(it)) => IpAddr::V4(it),
        Some(Host::Ipv6(it)) => IpAddr::V6(it),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    if permits(networks, address) {
        return Ok(());
    }
    let source = Forbidden { host: address.to_string(), address };
    Err(ChannelError::Forbidden { channel: channel.to_owned(), detail: source.to_string() })
}

/// Whether nothing was asked because of `networks`.
#[must_use]
pub fn is_forbidden(error: &reqwest::Error) -> bool {
    Forbidden::within(error).is_some()
}

/// Whether a URL whose host is an address may be asked; one with a name is checked when it is resolved.
#[must_use]
pub fn permits_url(networks: &Networks, url: &Url) -> bool {
    check_literal(networks, "", url).is_ok()
}

/// The system's resolver, and the networks above it.
#[derive(Clone, Debug)]
pub(super) struct Permitting(pub(super) Arc<Networks>);

impl Resolve for Permitting {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = Arc::clone(&self.0);
        Box::pin(async move {
            // The port is the client's business.
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let permitted = permitted(&networks, name.as_str(), found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(allow: &[&str], deny: &[&str]) -> Networks {
        let parse = |nets: &[&str]| nets.iter().map(|it| it.parse().unwrap()).collect();
        Networks { allow: parse(allow), deny: parse(deny) }
    }

    #[test]
    fn an_address_is_judged_by_what_it_reaches() {
        let open = networks(&[], &[]);
        let inside = networks(&["10.0.0.0/8"], &["10.9.0.0/16"]);
        let no_metadata = networks(&[], &["169.254.0.0/16", "127.0.0.0/8", "::1/128"]);
        #[rustfmt::skip]
        let cases = [
            // address                        open  inside  no metadata
            ("93.184.216.34",                 true, false,  true),
            ("10.1.2.3",                      true, true,   true),
            ("10.9.2.3",                      true, false,  true),
            ("169.254.169.254",               true, false,  false),
            ("127.0.0.1",                     true, false,  false),
            ("::1",                           true, false,  false),
            ("::ffff:169.254.169.254",        true, false,  false),
            ("::ffff:10.1.2.3",               true, true,   true),
            ("64:ff9b::a9fe:a9fe",            true, false,  false),
            ("64:ff9b::10.1.2.3",             true, true,   true),
            ("::127.0.0.1",                   true, false,  false),
            ("2002:7f00:1::",                 true, false,  false),
            ("2001:db8::1",                   true, false,  true),
        ];
        for (address, want_open, want_inside, want_no_metadata) in cases {
            let at: IpAddr = address.parse().unwrap();
            assert_eq!(permits(&open, at), want_open, "{address}, open");
            assert_eq!(permits(&inside, at), want_inside, "{address}, inside");
            assert_eq!(permits(&no_metadata, at), want_no_metadata, "{address}, no metadata");
        }
    }

    #[test]
    fn a_literal_is_checked_however_it_is_spelt() {
        let deny = networks(&[], &["127.0.0.0/8", "169.254.0.0/16", "::1/128"]);
        #[rustfmt::skip]
        let cases = [
            ("http://127.0.0.1/x",                false),
            ("http://127.1/x",                    false),
            ("http://2130706433/x",               false),
            ("http://0x7f000001/x",               false),
            ("http://0177.0.0.1/x",               false),
            ("http://[::1]/x",                    false),
            ("http://[::ffff:127.0.0.1]/x",       false),
            ("http://[::ffff:169.254.169.254]/x", false),
            ("http://192.0.2.1/x",                true),
            ("http://localhost/x",                true),
        ];
        for (url, want) in cases {
            let got = check_literal(&deny, "ops", &Url::parse(url).unwrap());
            assert_eq!(got.is_ok(), want, "{url}");
            if let Err(error) = got {
                let text = error.to_string();
                assert!(text.contains("`ops`") && text.contains("networks"), "{text}");
            }
        }
    }

    #[test]
    fn of_several_addresses_the_permitted_remain() {
        let deny = networks(&[], &["10.0.0.0/8"]);
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let both = vec![at("10.0.0.1:1"), at("192.0.2.1:1")];
        assert_eq!(permitted(&deny, "x", both).unwrap(), [at("192.0.2.1:1")]);
        let refused = permitted(&deny, "x.example", vec![at("10.0.0.1:1")]).unwrap_err();
        assert!(refused.to_string().contains("x.example (10.0.0.1)"), "{refused}");
        assert!(permitted(&deny, "x", Vec::new()).unwrap().is_empty());
    }
}
