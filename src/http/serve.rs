//! Connections: how many, how long, how large a request may be.
//!
//! `axum::serve` has none of these limits, so that a client that opens connections and says nothing
//! takes descriptors from audits for ever. One connection carries one request: on loopback another
//! one costs nothing, and an idle one would hold a place.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;
use tracing::warn;

/// Connections at one time; those beyond it wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take for the head of its request.
const HEAD_MAX: Duration = Duration::from_secs(5);
/// How large that head may be: 431 beyond it.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a connection may last, reading the answer included.
const CONNECTION_MAX: Duration = Duration::from_secs(30);
/// The pause after a connection could not be accepted because this process has too much open.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Accepts until `shutdown`, then waits for the requests in progress.
pub(super) async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false);
    let builder = Arc::new(builder);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = TaskTracker::new();
    let accepting = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await.expect("it is never closed");
            let socket = match listener.accept().await {
                Ok((socket, _)) => socket,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            };
            let connection =
                serve_one(socket, Arc::clone(&builder), router.clone(), shutdown.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        }
    };
    let _: Option<Infallible> = shutdown.run_until_cancelled(accepting).await;
    connections.close();
    connections.wait().await;
}

/// One connection, to its end or [`CONNECTION_MAX`].
async fn serve_one(
    socket: TcpStream,
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    shutdown: CancellationToken,
) {
    let service = TowerToHyperService::new(router);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), service));
    let served = async {
        tokio::select! {
            served = connection.as_mut() => served,
            () = shutdown.cancelled() => {
                // One that waits for its request ends at once.
                connection.as_mut().graceful_shutdown();
                connection.as_mut().await
            }
        }
    };
    // The client's doing in both cases, and of no use to anybody but who writes the client.
    match tokio::time::timeout(CONNECTION_MAX, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(error = &*error, "a connection ended early"),
        Err(_) => debug!("a client took too long to read its answer"),
    }
}

/// Says why nothing could be accepted, and waits a moment where trying again at once is no use.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind as Kind;
    let kind = error.kind();
    if matches!(kind, Kind::ConnectionAborted | Kind::ConnectionRefused | Kind::ConnectionReset) {
        return;
    }
    warn!(error = error as &dyn std::error::Error, "could not accept an HTTP connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
