//! Connections: how many, how long, how large a request may be.
//!
//! `axum::serve` has none of these limits, so that a client that opens connections and says nothing takes
//! descriptors from audits for ever. Each connection is always at one of three things, and each of them has
//! its own bounds ([`hall`]): it waits, it is served, or it streams.

mod certificate;
mod hall;
mod line;
mod socket;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use futures_util::StreamExt as _;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::interval;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;
use tracing::warn;

use crate::config::Config;

use super::headers;
use super::refusal::Refusal;
use certificate::Certificates;
use certificate::Way;
use hall::Counter;
use hall::Hall;
use line::Line;
use socket::Socket;

pub(super) use hall::PROBES_MAX;
pub(super) use hall::Place;
pub(super) use hall::QUEUED_FOR_MAX;
pub(super) use hall::QUEUED_MAX;
pub(super) use hall::SERVED_MAX;
pub(super) use hall::STREAMS_MAX;
pub(super) use hall::WAITING_MAX;
pub(super) use line::SERVED_FOR_MAX;
pub(super) use line::STALLED_MAX;

/// How long a client may take for a handshake, for the head of its request, and before its next request on
/// the same connection.
pub(super) const HEAD_MAX: Duration = Duration::from_secs(5);
/// How large that head may be: 431 beyond it.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How often a connection is asked whether it takes too long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When whoever gets no stream may ask for one again, in seconds: they last as long as somebody looks.
const STREAM_AFTER: u16 = 5;
/// What has left and is not acknowledged for so long was sent to nobody.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);
/// Connections that the kernel keeps until we come to them. A browser that finds no room there tries again
/// after a second.
const BACKLOG: u32 = 4096;
/// The pause after a connection could not be accepted because this process has too much open.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// What who speaks plain HTTP to a TLS port is told.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\
    content-length: 35\r\nconnection: close\r\n\r\nthis port speaks TLS: use https://\n";

/// From where a request comes.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Whether it came by TLS of ours.
    pub(super) encrypted: bool,
    pub(super) place: Place,
}

/// What every connection is served with.
#[derive(Clone)]
struct Service {
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    hall: Arc<Hall>,
    certificates: Certificates,
    shutdown: CancellationToken,
}

/// Listens, with more room for those that come at once than there is by default.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A daemon that was stopped a moment ago has connections that are not forgotten yet.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until `shutdown`, then waits for the requests in progress.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    config: watch::Receiver<Arc<Config>>,
    shutdown: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    let service = Service {
        builder: Arc::new(builder),
        router,
        hall: Arc::new(Hall::new()),
        certificates: Certificates::new(config),
        shutdown: shutdown.clone(),
    };
    let connections = TaskTracker::new();
    let ready = CancellationToken::new();
    let keeping = service.certificates.clone().keep(|| ready.cancel());
    let accepting = async {
        ready.cancelled().await;
        accept(&listener, &service, &connections).await
    };
    let _: Option<Infallible> = shutdown
        .run_until_cancelled(async {
            tokio::select! { it = accepting => it, it = keeping => it }
        })
        .await;
    connections.close();
    connections.wait().await;
}

async fn accept(listener: &TcpListener, service: &Service, all: &TaskTracker) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                all.spawn(service.clone().one(socket, peer));
            }
            Err(error) => pause_after(&error).await,
        }
    }
}

impl Service {
    /// One connection, to its end.
    async fn one(self, socket: TcpStream, peer: SocketAddr) {
        let way = self.certificates.way();
        // The client's side may be gone without a word; what cannot be set changes nothing else.
        let _ = SockRef::from(&socket).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
        let _ = socket.set_nodelay(true);
        let encrypted = matches!(way, Way::Tls(_));
        let line = Arc::new(Line::new(peer, encrypted, Arc::clone(&self.hall)));
        let serving = async {
            match way {
                Way::Plain => self.http(socket, &line).await,
                Way::Tls(acceptor) => {
                    let handshake = timeout(HEAD_MAX, async {
                        if speaks_tls(&socket).await? {
                            return acceptor.accept(socket).await.map(Some);
                        }
                        let mut socket = socket;
                        socket.write_all(SPEAK_TLS).await?;
                        socket.shutdown().await.map(|()| None)
                    });
                    match handshake.await {
                        Ok(Ok(Some(socket))) => self.http(socket, &line).await,
                        Ok(Ok(None)) => debug!("plain HTTP was sent to a port that speaks TLS"),
                        Ok(Err(error)) => {
                            debug!(error = &error as &dyn std::error::Error, "no handshake");
                        }
                        Err(_) => debug!("a client took too long for its handshake"),
                    }
                }
                Way::NotYet => {}
            }
        };
        tokio::select! {
            () = serving => {}
            () = line.crowded_out.cancelled() => {
                debug!("a connection that asked nothing made room for another");
            }
            () = overdue(&line) => debug!("a client took too long to take its answer"),
        }
    }

    /// Requests, one after the other.
    async fn http<S>(&self, socket: S, line: &Arc<Line>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let counter = Counted { line: Arc::clone(line), shutdown: self.shutdown.clone() };
        // A router of nothing but a fallback: it costs little to make one for each connection.
        let router = Router::new()
            .fallback_service(self.router.clone())
            .layer(middleware::from_fn_with_state(counter, count));
        let socket = TokioIo::new(Socket { inner: socket, line: Arc::clone(line) });
        let service = TowerToHyperService::new(router);
        let mut connection = std::pin::pin!(self.builder.serve_connection(socket, service));
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = self.shutdown.cancelled() => {
                // One that waits for its request ends at once.
                connection.as_mut().graceful_shutdown();
                connection.as_mut().await
            }
        };
        if let Err(error) = served {
            // The client's doing, and of no use to anybody but who writes the client.
            debug!(error = &*error, "a connection ended early");
        }
    }
}

/// Whether the first byte begins a handshake.
async fn speaks_tls(socket: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(socket.peek(&mut first).await? == 0 || first[0] == HANDSHAKE)
}

/// Ends when the connection takes longer than it may.
async fn overdue(line: &Line) {
    let mut look = interval(LOOK_EVERY);
    while !line.is_overdue(Instant::now()) {
        look.tick().await;
    }
}

/// The connection of a request.
#[derive(Clone)]
struct Counted {
    line: Arc<Line>,
    shutdown: CancellationToken,
}

/// What is held until the last byte of an answer was handed on.
struct Held {
    line: Arc<Line>,
    place: Place,
    _stream: Option<OwnedSemaphorePermit>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.place.leave();
        self.line.answered();
    }
}

/// Gives a request its place, and says from where it comes.
async fn count(State(from): State<Counted>, mut request: Request, next: Next) -> Response {
    let Counted { line, shutdown } = from;
    let counter = Counter::of(request.method(), request.uri().path());
    if counter != Counter::Door {
        line.asks();
    }
    let Some(place) = line.hall.place(counter).await else {
        line.answered();
        return busy(1, "too many requests are being served; ask again in a moment");
    };
    if counter != Counter::Door {
        // What it waited for its place does not count.
        line.asks();
    }
    let (address, encrypted) = (line.peer, line.encrypted);
    request.extensions_mut().insert(Peer { address, encrypted, place: place.clone() });
    let response = next.run(request).await;
    if is_stream(&response) {
        let Some(stream) = line.hall.stream() else {
            line.answered();
            let detail = "too many pages are open that update themselves; reload this one instead";
            return busy(STREAM_AFTER, detail);
        };
        place.leave();
        line.streams();
        let held = Held { line, place, _stream: Some(stream) };
        // A stream has no end of its own, and must not hold up the daemon's.
        return response.map(|body| {
            let events = body.into_data_stream().take_until(shutdown.cancelled_owned());
            Body::from_stream(events.inspect(move |_| {
                let _until_it_ends = &held;
            }))
        });
    }
    let held = Held { line, place, _stream: None };
    if response.body().is_end_stream() {
        return response;
    }
    hold(response, held)
}

/// Keeps the place until the body has been taken. Its length stays known.
fn hold(mut response: Response, held: Held) -> Response {
    if let Some(length) = response.body().size_hint().exact() {
        response
            .headers_mut()
            .entry(header::CONTENT_LENGTH)
            .or_insert_with(|| HeaderValue::from(length));
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _until_it_ends = &held;
        }))
    })
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"))
}

/// Said before anything that is routed, so it gets here what every answer carries.
fn busy(after: u16, detail: &str) -> Response {
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail).after_seconds(after);
    let mut response = refusal.into_response();
    headers::put(response.headers_mut());
    response
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
