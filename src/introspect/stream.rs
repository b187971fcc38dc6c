//! The bytes between us and a server, with limits that the server cannot lift.
//!
//! A server may be broken or hostile, and tokio-postgres keeps what it is given: rows without end, a
//! notice after each notice, a header that announces 2 GiB. So every byte from the socket is counted
//! against a budget ([`Socket`]), and every message header is looked at, inside TLS, before
//! tokio-postgres sees it ([`Guarded`]). The same place refuses to give a password to a server that
//! asks for the password itself and is not proven to be the one we mean.

pub(super) mod scan;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio_postgres::tls::ChannelBinding;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::tls::TlsConnect;
use tokio_postgres::tls::TlsStream;
use tokio_postgres_rustls::MakeRustlsConnect;

pub(super) use scan::PasswordRule;
pub(super) use scan::Seen;

use self::scan::Scanner;

/// Why the bytes of a server were not passed on. Travels inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StreamError {
    #[error("the server sent more than {limit} bytes")]
    TooManyBytes { limit: u64 },
    #[error("the server announced a message of {bytes} bytes, more than {limit} bytes")]
    MessageTooLong { bytes: u32, limit: u32 },
    #[error("a password {form} was asked for, and nothing proves that this is the right server")]
    OpenPassword { form: &'static str },
}

impl StreamError {
    /// Finds one in an error that passed through others.
    pub(super) fn find(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(*found);
            }
            // An `io::Error` hides what it wraps from `source`.
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = match wrapped {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}

/// A connected socket that counts what it receives.
#[derive(Debug)]
pub(super) struct Socket {
    kind: Kind,
    received: u64,
    limit: u64,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Receives at most `limit` bytes from a TCP connection.
    pub(super) fn tcp(stream: TcpStream, limit: u64) -> Self {
        Self { kind: Kind::Tcp(stream), received: 0, limit }
    }

    /// Receives at most `limit` bytes from a Unix socket.
    pub(super) fn unix(stream: UnixStream, limit: u64) -> Self {
        Self { kind: Kind::Unix(stream), received: 0, limit }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Kind::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        ready!(outcome)?;
        self.received = self.received.saturating_add((buf.filled().len() - before) as u64);
        if self.received > self.limit {
            return Poll::Ready(Err(io::Error::other(StreamError::TooManyBytes {
                limit: self.limit,
            })));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Kind::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// TLS over a [`Socket`], as tokio-postgres-rustls makes it; it computes the channel binding.
pub(super) type TlsSocket = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// What carries the protocol's messages.
pub(super) enum Wire {
    Plain(Socket),
    Tls(Box<TlsSocket>),
}

/// A [`Wire`] whose incoming messages are looked at before they are passed on.
pub(super) struct Guarded {
    wire: Wire,
    scanner: Scanner,
}

impl Guarded {
    /// Guards `wire` from the first message after the negotiation of TLS.
    pub(super) fn new(
        wire: Wire,
        passwords: PasswordRule,
        seen: Arc<Seen>,
        max_message: u32,
    ) -> Self {
        Self { wire, scanner: Scanner::new(passwords, seen, max_message) }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_read(cx, buf),
            Wire::Tls(wire) => Pin::new(wire.as_mut()).poll_read(cx, buf),
        };
        ready!(outcome)?;
        let refused = self.scanner.scan(&buf.filled()[before..]);
        Poll::Ready(refused.map_err(io::Error::other))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_write(cx, buf),
            Wire::Tls(wire) => Pin::new(wire.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Wire::Tls(wire) => Pin::new(wire.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Wire::Tls(wire) => Pin::new(wire.as_mut()).poll_shutdown(cx),
        }
    }
}

impl TlsStream for Guarded {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.wire {
            Wire::Plain(_) => ChannelBinding::none(),
            Wire::Tls(wire) => wire.channel_binding(),
        }
    }
}

/// Tells tokio-postgres that TLS, or the decision to do without, is behind us already.
pub(super) struct Negotiated;

impl TlsConnect<Guarded> for Negotiated {
    type Stream = Guarded;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Guarded>>;

    fn connect(self, stream: Guarded) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}
