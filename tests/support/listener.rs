//! A loopback port with a thread for each connection, closed as a whole.

use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::Weak;

/// A listening port. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    open: Arc<Open>,
}

/// What is open. A mutex, because the accepting thread and the owner share it.
#[derive(Debug, Default)]
struct Open(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// Weak, so that a connection is closed (or reset) when its thread is done with it.
    connections: Vec<Weak<TcpStream>>,
}

impl Listener {
    /// Listens on a free port of 127.0.0.1 and runs `serve` for each connection, in a thread of its
    /// own. The connection is closed when `serve` returns.
    pub(crate) fn start(serve: impl Fn(&TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("bound");
        let open = Arc::new(Open::default());
        let for_thread = Arc::clone(&open);
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection.map(Arc::new) else { continue };
                let mut state = for_thread.lock();
                if state.closed {
                    return;
                }
                state.connections.retain(|it| it.strong_count() > 0);
                state.connections.push(Arc::downgrade(&connection));
                drop(state);
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(&connection));
            }
        });
        Self { address, open }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no thread panics while it holds this")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.open.lock();
        state.closed = true;
        for connection in state.connections.drain(..).filter_map(|it| it.upgrade()) {
            let _already_closed = connection.shutdown(Shutdown::Both);
        }
        drop(state);
        let _wakes_the_thread = TcpStream::connect(self.address);
    }
}

/// Reads until the peer closes or resets; returns everything it sent.
pub(crate) fn read_to_close(mut connection: &TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    // A reset is an end too; what came before it is kept.
    let _reset = std::io::Read::read_to_end(&mut connection, &mut received);
    received
}
