//! Clients that hold connections: some listen to `/events`, many send a byte now and then and never end.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Between two bytes of a drip feeder: a head that would take minutes.
const DRIP: Duration = Duration::from_secs(1);
/// After a connection was refused, so that the feeders do not become a flood.
const PAUSE: Duration = Duration::from_millis(200);
/// What a drip feeder sends, over and over: the head of a request never ends.
const HEAD: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Drip: ";

#[derive(Default)]
struct Counts {
    listening: AtomicUsize,
    dripping: AtomicUsize,
    /// Feeders that were sent away, and came back.
    reaped: AtomicUsize,
    events: AtomicUsize,
}

/// All of them. Dropping it ends them.
pub(crate) struct Crowd {
    counts: Arc<Counts>,
    noted: Mutex<String>,
    _tasks: JoinSet<()>,
}

/// One that is open, as long as it is.
struct Open<'a>(&'a AtomicUsize);

impl<'a> Open<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Crowd {
    /// Comes together within `length`; who is sent away comes back.
    pub(crate) async fn gather(
        here: SocketAddr,
        listeners: usize,
        drips: usize,
        length: Duration,
    ) -> Self {
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        for _ in 0..listeners {
            tasks.spawn(listen(here, Arc::clone(&counts)));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        for _ in 0..drips {
            tasks.spawn(drip(here, Arc::clone(&counts)));
        }
        tokio::time::sleep(length).await;
        Self { counts, noted: Mutex::default(), _tasks: tasks }
    }

    /// Notes how many are there now.
    pub(crate) fn note(&self) {
        let count = |it: &AtomicUsize| it.load(Ordering::Relaxed);
        let Counts { listening, dripping, reaped, events } = &*self.counts;
        let (listening, dripping) = (count(listening), count(dripping));
        let (reaped, events) = (count(reaped), count(events));
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = format!(
            "{listening} listened ({events} reads), {dripping} sockets dripped, {reaped} were sent away so far"
        );
    }
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn listen(here: SocketAddr, counts: Arc<Counts>) {
    let request =
        format!("GET /events HTTP/1.1\r\nHost: {here}\r\nAccept: text/event-stream\r\n\r\n");
    loop {
        if let Ok(mut socket) = TcpStream::connect(here).await
            && socket.write_all(request.as_bytes()).await.is_ok()
        {
            let mut open = None;
            let mut bytes = vec![0; 4096];
            while let Ok(read @ 1..) = socket.read(&mut bytes).await {
                if open.is_none() {
                    let head = String::from_utf8_lossy(&bytes[..read]).into_owned();
                    if !head.starts_with("HTTP/1.1 200") {
                        break;
                    }
                    open = Some(Open::new(&counts.listening));
                }
                counts.events.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn drip(here: SocketAddr, counts: Arc<Counts>) {
    loop {
        if let Ok(mut socket) = TcpStream::connect(here).await {
            let _open = Open::new(&counts.dripping);
            let mut byte = [0];
            for it in HEAD.iter().chain(std::iter::repeat(&b'x')) {
                let ended = tokio::time::timeout(DRIP, socket.read(&mut byte)).await;
                if ended.is_ok() || socket.write_all(&[*it]).await.is_err() {
                    break;
                }
            }
            counts.reaped.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
