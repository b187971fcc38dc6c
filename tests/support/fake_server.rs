//! Something that listens where a PostgreSQL should, and is none.
//!
//! It never gets as far as logging anyone in, and it records every byte that it was sent: that is how
//! a test proves that no user name and no password ever left. Faults after the login are the
//! business of [`super::proxy`].

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;

use tokio::sync::mpsc;

use super::DEADLINE;
use super::listener::Listener;
use super::listener::read_to_close;

/// Bytes of an `SSLRequest` (PostgreSQL documentation, "Message Formats").
pub(crate) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Accepts and never says a word.
    Silent,
    /// Answers `N` to the request for TLS, then waits.
    RefuseTls,
    /// Answers `S` to the request for TLS, then never begins the handshake.
    StallInTls,
    /// Answers as a web server does.
    SpeakHttp,
    /// Closes as soon as something was said to it.
    HangUp,
}

/// The fake. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct FakeServer {
    listener: Listener,
    /// One entry for each connection, when it is there.
    accepted: mpsc::UnboundedReceiver<()>,
    /// What each connection sent, one entry when it has ended.
    received: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl FakeServer {
    /// Listens on a free loopback port.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let (came, accepted) = mpsc::unbounded_channel();
        let (done, received) = mpsc::unbounded_channel();
        let listener = Listener::start(move |connection| {
            let _test_is_over = came.send(());
            let _test_is_over = done.send(serve(connection, behaviour));
        });
        Self { listener, accepted, received }
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.listener.address().port()
    }

    /// Waits for the next connection.
    pub(crate) async fn next_accepted(&mut self) {
        tokio::time::timeout(DEADLINE, self.accepted.recv())
            .await
            .expect("a client connects")
            .expect("the listener holds a sender");
    }

    /// Waits for the next connection that ends and returns every byte it sent.
    pub(crate) async fn next_ended(&mut self) -> Vec<u8> {
        tokio::time::timeout(DEADLINE, self.received.recv())
            .await
            .expect("the client closes its connection")
            .expect("the listener holds a sender")
    }
}

fn serve(mut connection: &TcpStream, behaviour: Behaviour) -> Vec<u8> {
    if behaviour == Behaviour::Silent {
        return read_to_close(connection);
    }
    // Every first packet has at least as many bytes as an `SSLRequest`.
    let mut received = vec![0; SSL_REQUEST.len()];
    if connection.read_exact(&mut received).is_err() {
        return Vec::new();
    }
    let answer: &[u8] = match behaviour {
        Behaviour::Silent | Behaviour::HangUp => return received,
        Behaviour::RefuseTls => b"N",
        Behaviour::StallInTls => b"S",
        Behaviour::SpeakHttp => b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
    };
    let _client_may_be_gone = connection.write_all(answer);
    received.extend(read_to_close(connection));
    received
}
