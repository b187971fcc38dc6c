//! An address whose packets are lost: not refused, not accepted, not answered.
//!
//! A firewall that drops is the usual case, and no test may depend on one. A listener whose queue is
//! full is the same to whoever connects: Linux drops the packet that asks (`tcp_conn_request` in
//! `net/ipv4/tcp_input.c`).

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use socket2::Domain;
use socket2::Socket;
use socket2::Type;

/// A connection over loopback is there at once, or its packets are lost.
const CONNECTED: Duration = Duration::from_millis(500);

/// More connections than this never fit into the shortest queue.
const QUEUE_MAX: usize = 16;

/// The black hole. Dropping it makes the port refuse.
#[derive(Debug)]
pub(crate) struct BlackHole {
    listener: Socket,
    /// What fills the queue.
    queue: Vec<TcpStream>,
}

impl BlackHole {
    /// Opens one on a free loopback port.
    pub(crate) fn open() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        listener
            .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
            .expect("a free loopback port");
        listener.listen(0).expect("bound");
        let mut hole = Self { listener, queue: Vec::new() };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, hole.port()));
        while let Ok(connection) = TcpStream::connect_timeout(&address, CONNECTED) {
            hole.queue.push(connection);
            assert!(hole.queue.len() < QUEUE_MAX, "the queue of a listener never fills here");
        }
        hole
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        let address = self.listener.local_addr().ok().and_then(|it| it.as_socket());
        address.expect("bound").port()
    }
}
