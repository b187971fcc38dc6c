//! From a host's name to a connected socket.
//!
//! A host may have many addresses, and some lead nowhere: an IPv6 address on a machine without IPv6
//! is the usual case, and a firewall that drops packets the nasty one. So the next address is tried
//! when the one before has failed or has been silent for a moment, and the first that answers wins
//! ("happy eyeballs", RFC 8305).

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use socket2::SockRef;
use socket2::TcpKeepalive;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::connection::Endpoint;
use crate::introspect::stream::Socket;

/// How long one address may be silent before the next is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// How many addresses of one host are tried.
const MAX_ADDRESSES: usize = 16;

/// A silent peer is asked after 10 s, every 5 s, three times: dead after 25 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long sent bytes may stay unacknowledged. Shorter than the default deadline of an audit.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a host is.
#[derive(Clone, Debug)]
pub(in crate::introspect) enum Reached {
    Tcp(Vec<SocketAddr>),
    Unix(PathBuf),
}

/// Why no address let us connect.
#[derive(Debug)]
pub(super) struct ConnectError {
    /// Every address is IPv6, and none can be reached from here.
    pub(super) unreachable_ipv6: bool,
    pub(super) source: io::Error,
}

impl Reached {
    /// Looks up the addresses, in the order in which the system would try them.
    pub(super) async fn look_up(endpoint: &Endpoint) -> io::Result<Self> {
        match endpoint {
            Endpoint::Unix { directory, port } => {
                Ok(Self::Unix(directory.join(format!(".s.PGSQL.{port}"))))
            }
            Endpoint::Tcp { host, port } => {
                let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
                    Ok(ip) => vec![SocketAddr::new(ip, *port)],
                    Err(_) => tokio::net::lookup_host((host.as_str(), *port))
                        .await?
                        .take(MAX_ADDRESSES)
                        .collect(),
                };
                if addresses.is_empty() {
                    return Err(io::ErrorKind::NotFound.into());
                }
                Ok(Self::Tcp(addresses))
            }
        }
    }

    /// The same without the addresses that are `denied`; one of those where that leaves none.
    pub(super) fn without(self, denied: impl Fn(IpAddr) -> bool) -> Result<Self, IpAddr> {
        let Self::Tcp(addresses) = self else { return Ok(self) };
        let (out, kept): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|it| denied(it.ip()));
        match out.first() {
            Some(first) if kept.is_empty() => Err(first.ip()),
            _ => Ok(Self::Tcp(kept)),
        }
    }

    /// Whether the way there stays on this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addresses) => addresses.iter().all(|it| it.ip().to_canonical().is_loopback()),
            Self::Unix(_) => true,
        }
    }

    /// The addresses; none for a Unix socket.
    pub(in crate::introspect) fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Self::Tcp(addresses) => addresses.iter().map(SocketAddr::ip).collect(),
            Self::Unix(_) => Vec::new(),
        }
    }

    /// Connects; the socket will take at most `max_bytes`.
    pub(super) async fn connect(&self, max_bytes: u64) -> Result<Socket, ConnectError> {
        match self {
            Self::Tcp(addresses) => {
                let stream = first_of(addresses).await?;
                Ok(Socket::tcp(stream, max_bytes))
            }
            Self::Unix(path) => UnixStream::connect(path)
                .await
                .map(|stream| Socket::unix(stream, max_bytes))
                .map_err(|source| ConnectError { unreachable_ipv6: false, source }),
        }
    }
}

/// Connects to the first address that answers.
async fn first_of(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut waiting = addresses.iter();
    let mut under_way = FuturesUnordered::new();
    let mut failures = Vec::new();
    loop {
        let next = waiting.next();
        let more = next.is_some();
        if let Some(address) = next {
            under_way.push(connect_tcp(*address));
        }
        // With another address in hand wait a moment only; without one wait to the end.
        let ended = if more {
            timeout(STAGGER, under_way.next()).await.ok().flatten()
        } else {
            under_way.next().await
        };
        match ended {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => failures.push(error),
            None if more => {}
            None => return Err(most_telling(addresses, failures)),
        }
    }
}

async fn connect_tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE_IDLE)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_RETRIES),
    )?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT))?;
    Ok(stream)
}

/// The failure to show: one that an address answered, before "no route".
fn most_telling(addresses: &[SocketAddr], failures: Vec<io::Error>) -> ConnectError {
    let no_route = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    };
    let unreachable = failures.iter().all(no_route);
    let unreachable_ipv6 = unreachable && addresses.iter().all(SocketAddr::is_ipv6);
    let source = failures
        .into_iter()
        .min_by_key(|error| no_route(error))
        .unwrap_or_else(|| io::ErrorKind::NotFound.into());
    ConnectError { unreachable_ipv6, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|it| it.parse().expect("an address")).collect()
    }

    #[test]
    fn the_failure_that_an_address_answered_is_shown() {
        use io::ErrorKind::ConnectionRefused;
        use io::ErrorKind::NetworkUnreachable;
        let v6 = "[2001:db8::1]:5432";
        let v4 = "192.0.2.1:5432";
        #[rustfmt::skip]
        let cases: &[(&[&str], &[io::ErrorKind], io::ErrorKind, bool)] = &[
            (&[v6],     &[NetworkUnreachable],                     NetworkUnreachable, true),
            (&[v6, v4], &[NetworkUnreachable, NetworkUnreachable], NetworkUnreachable, false),
            (&[v6, v4], &[NetworkUnreachable, ConnectionRefused],  ConnectionRefused,  false),
            (&[v6],     &[ConnectionRefused],                      ConnectionRefused,  false),
        ];
        for (tried, failures, want, want_ipv6) in cases {
            let failures = failures.iter().map(|kind| io::Error::from(*kind)).collect();
            let error = most_telling(&addresses(tried), failures);
            assert_eq!((error.source.kind(), error.unreachable_ipv6), (*want, *want_ipv6));
        }
    }

    #[tokio::test]
    async fn an_address_that_answers_wins_over_one_before_it_that_refuses() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let open = listener.local_addr().expect("bound");
        // Bound and dropped: nobody listens there now.
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let refusing = closed.local_addr().expect("bound");
        drop(closed);
        let stream = first_of(&[refusing, open]).await.expect("one address answers");
        assert_eq!(stream.peer_addr().expect("connected"), open);
        let error = first_of(&[refusing]).await.expect_err("nobody listens");
        assert_eq!(error.source.kind(), io::ErrorKind::ConnectionRefused);
    }
}
