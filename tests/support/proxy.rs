//! A proxy before a real PostgreSQL that behaves until a chosen message, and then does not.
//!
//! The product decides what it asks, and a hand-written fake would have to know. The proxy need not:
//! it passes the true answers on, and stalls, repeats or falsifies at a message that it counts by the
//! protocol's type byte (PostgreSQL documentation, "Message Formats").

use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::DEADLINE;
use super::fake_server::SSL_REQUEST;
use super::listener::Listener;
use super::listener::read_to_close;
use super::postgres::Cluster;

/// `Authentication…`
pub(crate) const AUTHENTICATION: u8 = b'R';
/// `DataRow`
pub(crate) const DATA_ROW: u8 = b'D';
/// `ReadyForQuery`; the first one ends the login.
pub(crate) const READY: u8 = b'Z';
const NOTICE: u8 = b'N';
const PARAMETER_STATUS: u8 = b'S';

/// Length that [`Fault::HugeRow`] claims: the most that the protocol's signed field can say.
const HUGE: u32 = 0x7fff_ffff;

/// Least bytes in one write of a flood.
const FLOOD_BYTES: usize = 64 << 10;

/// The iteration count of [`Fault::ScramBomb`].
const BOMB_ITERATIONS: &str = "i=1000000000";

/// What goes wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The `nth` message of this type (from 1) and everything after it never come.
    StallAt { message: u8, nth: u32 },
    /// The connection is closed in place of the `nth` message of this type.
    CutAt { message: u8, nth: u32 },
    /// The first row comes again and again.
    EndlessRows,
    /// Notices without end come before the first row.
    EndlessNotices,
    /// Parameter reports without end come before the first row.
    EndlessParameters,
    /// The first row claims to have 2 GiB, and zeros without end follow.
    HugeRow,
    /// SCRAM demands 10⁹ iterations.
    ScramBomb,
}

/// What the proxy has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The fault's message has come by.
    FaultReached,
    /// The client has closed its side.
    ClientGone,
}

/// The proxy. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Proxy {
    listener: Listener,
    events: mpsc::UnboundedReceiver<Event>,
    sent: Arc<AtomicU64>,
}

impl Proxy {
    /// Listens on a free loopback port in front of `cluster`.
    pub(crate) fn start(cluster: &Cluster, fault: Fault) -> Self {
        let upstream = cluster.port();
        let (happened, events) = mpsc::unbounded_channel();
        let sent = Arc::new(AtomicU64::new(0));
        let link = Link { fault, happened, sent: Arc::clone(&sent) };
        let listener = Listener::start(move |client| {
            let server = TcpStream::connect(("127.0.0.1", upstream)).expect("the cluster runs");
            link.carry(client, &server);
        });
        Self { listener, events, sent }
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.listener.address().port()
    }

    /// Waits for `event`; earlier events of other kinds are dropped.
    pub(crate) async fn wait_for(&mut self, event: Event) {
        let found = tokio::time::timeout(DEADLINE, async {
            while self.events.recv().await.expect("the listener holds a sender") != event {}
        });
        found.await.unwrap_or_else(|_| panic!("{event:?} did not happen within {DEADLINE:?}"));
    }

    /// Bytes sent to clients so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// What carries one client's bytes.
struct Link {
    fault: Fault,
    happened: mpsc::UnboundedSender<Event>,
    sent: Arc<AtomicU64>,
}

impl Link {
    fn carry(&self, client: &TcpStream, server: &TcpStream) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                pass_requests(client, server);
                let _test_is_over = self.happened.send(Event::ClientGone);
                let _already_closed = server.shutdown(Shutdown::Both);
            });
            let stalls = self.pass_answers(client, server);
            if stalls.is_some() {
                // The client is left waiting until it goes by itself.
                return;
            }
            let _already_closed = client.shutdown(Shutdown::Both);
        });
    }

    /// Passes the server's messages on until the fault. `Some` where the client is to be left
    /// hanging, `None` where it is to be closed.
    fn pass_answers(&self, client: &TcpStream, mut server: &TcpStream) -> Option<()> {
        let mut seen = [0_u32; 256];
        loop {
            let mut message = read_message(&mut server)?;
            let kind = message[0];
            let count = &mut seen[usize::from(kind)];
            *count += 1;
            match self.fault {
                Fault::StallAt { message, nth } if (kind, *count) == (message, nth) => {
                    self.reached();
                    return Some(());
                }
                Fault::CutAt { message, nth } if (kind, *count) == (message, nth) => {
                    self.reached();
                    return None;
                }
                Fault::EndlessRows if kind == DATA_ROW => self.repeat(client, &message)?,
                Fault::EndlessNotices if kind == DATA_ROW => {
                    let text = format!("SNOTICE\0C00000\0M{}\0\0", "n".repeat(1024));
                    self.repeat(client, &framed(NOTICE, text.as_bytes()))?;
                }
                Fault::EndlessParameters if kind == DATA_ROW => {
                    let text = format!("application_name\0{}\0", "p".repeat(1024));
                    self.repeat(client, &framed(PARAMETER_STATUS, text.as_bytes()))?;
                }
                Fault::HugeRow if kind == DATA_ROW => {
                    // Said first: a client may be gone as soon as it has read the length.
                    self.reached();
                    self.send(client, &[&[DATA_ROW][..], &HUGE.to_be_bytes()].concat())?;
                    self.flood(client, &[0; 8192])?;
                }
                Fault::ScramBomb if kind == AUTHENTICATION => {
                    if let Some(at) = find(&message, b"i=4096") {
                        let bomb = [&message[5..at], BOMB_ITERATIONS.as_bytes()].concat();
                        message = framed(AUTHENTICATION, &bomb);
                        self.reached();
                    }
                }
                _ => {}
            }
            self.send(client, &message)?;
        }
    }

    fn reached(&self) {
        let _test_is_over = self.happened.send(Event::FaultReached);
    }

    /// The fault is reached: from here on `message` again and again.
    fn repeat(&self, client: &TcpStream, message: &[u8]) -> Option<()> {
        self.reached();
        self.flood(client, message)
    }

    /// Sends `message` until the client is gone; so it never returns `Some`.
    fn flood(&self, client: &TcpStream, message: &[u8]) -> Option<()> {
        let flood = message.repeat(FLOOD_BYTES.div_ceil(message.len()));
        loop {
            self.send(client, &flood)?;
        }
    }

    fn send(&self, mut client: &TcpStream, bytes: &[u8]) -> Option<()> {
        client.write_all(bytes).ok()?;
        self.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Some(())
    }
}

/// Passes the client's bytes on, untouched, until it closes. A request for TLS is answered here
/// with `N`: what is encrypted could not be counted.
fn pass_requests(mut client: &TcpStream, mut server: &TcpStream) {
    let mut first = [0; SSL_REQUEST.len()];
    if client.read_exact(&mut first).is_err() {
        return;
    }
    let passed =
        if first == SSL_REQUEST { client.write_all(b"N") } else { server.write_all(&first) };
    if passed.is_ok() {
        let _either_is_gone = std::io::copy(&mut client, &mut server);
    }
    // The server may have gone first; the client is still listened to until it goes too.
    read_to_close(client);
}

/// One message of the server, type byte and length included.
fn read_message(server: &mut impl Read) -> Option<Vec<u8>> {
    let mut head = [0; 5];
    server.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut message = head.to_vec();
    message.resize(1 + length, 0);
    server.read_exact(&mut message[head.len()..]).ok()?;
    Some(message)
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("small");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
