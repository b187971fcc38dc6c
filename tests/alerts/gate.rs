//! A port in front of a PostgreSQL server that can be shut and opened again: a server that goes down
//! and comes back under the same address.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::postgres::Cluster;

/// The gate. Dropping it shuts it.
#[derive(Debug)]
pub(super) struct Gate {
    address: SocketAddr,
    /// What ends everything that the open gate runs.
    shut: CancellationToken,
    running: TaskTracker,
}

impl Gate {
    /// An open gate in front of the shared cluster.
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", crate::support::postgres::free_port()));
        let listener = listener.await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut gate =
            Self { address, shut: CancellationToken::new(), running: TaskTracker::new() };
        gate.serve(listener);
        gate
    }

    /// The TCP port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts every connection and refuses new ones; returns when it does.
    pub(super) async fn shut(&mut self) {
        self.shut.cancel();
        self.running.close();
        self.running.wait().await;
    }

    /// Lets connections through again.
    pub(super) async fn open_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("still our port");
        self.shut = CancellationToken::new();
        self.running = TaskTracker::new();
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        let (shut, running) = (self.shut.clone(), self.running.clone());
        self.running.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = shut.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((client, _)) = accepted else { continue };
                let shut = shut.clone();
                running.spawn(async move {
                    tokio::select! {
                        () = shut.cancelled() => {}
                        () = carry(client) => {}
                    }
                });
            }
        });
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shut.cancel();
    }
}

async fn carry(mut client: TcpStream) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", Cluster::shared().port())).await else {
        return;
    };
    let _either_went_away = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
