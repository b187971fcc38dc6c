//! The HTTP endpoint as the configuration describes it: where it listens, by which names it is known, who
//! may see and do what, and how the way to it is protected.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::SecretSource;
use super::Tls;

/// The HTTP endpoint.
#[derive(Clone, Debug)]
pub struct Http {
    /// Beyond loopback only where somebody's token is configured.
    pub listen: SocketAddr,
    /// More names by which people call this machine, in small letters.
    pub hosts: Vec<String>,
    /// Who may see and do what: names and secrets.
    pub tokens: Vec<Token>,
    /// Proxies that say who asks.
    pub trusted_proxies: Option<TrustedProxies>,
    /// The certificate that it is served with; without, in the clear.
    pub tls: Option<Tls>,
}

impl Http {
    /// Listening at `listen`, and nothing else said.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Self { listen, hosts: Vec::new(), tokens: Vec::new(), trusted_proxies: None, tls: None }
    }

    /// Whether nobody but this machine reaches it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// Where a program on this machine finds it: an address that stands for all of them is none to go to.
    #[must_use]
    pub fn from_here(&self) -> SocketAddr {
        let here = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            ip => ip,
        };
        SocketAddr::new(here, self.listen.port())
    }
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Look at everything.
    Read,
    /// That, and change things: audit now, acknowledge, silence, deploy, retry.
    Operate,
}

impl Role {
    /// The word in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

/// One named token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The author of what is done with it.
    pub name: String,
    pub source: TokenSource,
    pub role: Role,
}

/// Where a token stands.
#[derive(Clone, Debug)]
pub enum TokenSource {
    Secret(SecretSource),
    /// A file that the daemon makes, with mode 0600, where there is none.
    Made(PathBuf),
}

/// Proxies that have found out who asks, and say so in a header. From anybody else the header is nothing.
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    pub networks: Vec<IpNet>,
    /// Its name, in small letters.
    pub user_header: String,
    /// What the users that they name may do.
    pub role: Role,
}

impl TrustedProxies {
    /// Whether a connection from there is one of them.
    #[must_use]
    pub fn include(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|it| it.contains(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_found_on_loopback() {
        for (listen, local, here) in [
            ("127.0.0.1:1", true, "127.0.0.1:1"),
            ("[::1]:1", true, "[::1]:1"),
            ("[::ffff:127.0.0.1]:1", true, "[::ffff:127.0.0.1]:1"),
            ("0.0.0.0:1", false, "127.0.0.1:1"),
            ("[::]:1", false, "[::1]:1"),
            ("192.0.2.1:1", false, "192.0.2.1:1"),
        ] {
            let http = Http::at(listen.parse().unwrap());
            assert_eq!(http.is_local(), local, "{listen}");
            assert_eq!(http.from_here(), here.parse().unwrap(), "{listen}");
        }
    }

    #[test]
    fn a_proxy_is_one_by_its_address_whatever_family_it_is_written_in() {
        let networks = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let proxies = TrustedProxies { networks, user_header: "x".to_owned(), role: Role::Read };
        for (peer, want) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("fd00::1", true), ("127.0.0.1", false)]
        {
            assert_eq!(proxies.include(peer.parse().unwrap()), want, "{peer}");
        }
    }
}
