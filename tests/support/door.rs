//! A port of this machine that hands each connection to a task of its own, until the door is dropped.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The port. Dropping it closes everything.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    shut: CancellationToken,
}

impl Door {
    /// Lets everybody in; `serve` begins when a connection is accepted and is dropped when the door is.
    pub(crate) async fn open<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shut = CancellationToken::new();
        let (stop, running) = (shut.clone(), TaskTracker::new());
        running.clone().spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((client, _)) = accepted else { continue };
                let (stop, serving) = (stop.clone(), serve(client));
                running.spawn(async move { stop.run_until_cancelled(serving).await });
            }
        });
        Self { address, shut }
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut.cancel();
    }
}
