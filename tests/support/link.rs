//! A way through the network that can be cut: a port before another one, which carries bytes until it is told not to.
//!
//! Two things are called a cut link. A peer that is gone sends a reset, and who talks to it knows at once; where
//! packets are lost nobody says a word, and only a limit of one's own ends the wait. It also counts who comes through.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::door::Door;

/// Bytes that are carried in one step.
const STEP: usize = 16 << 10;

/// What the link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// Everything.
    All,
    /// Nothing, and says so: what is open is closed, and who comes is turned away.
    Nothing,
    /// Nothing, and says no word: what is under way arrives when it carries again.
    Silence,
}

/// The link. Dropping it closes everything.
#[derive(Debug)]
pub(crate) struct Link {
    door: Door,
    carries: watch::Sender<Carries>,
    counted: Arc<Mutex<Counted>>,
}

/// A mutex, because every connection counts itself.
#[derive(Debug, Default)]
struct Counted {
    accepted: usize,
    now: usize,
    most: usize,
}

impl Link {
    /// One to a port of this machine, which carries everything.
    pub(crate) async fn to(port: u16) -> Self {
        let (carries, told) = watch::channel(Carries::All);
        let counted = Arc::new(Mutex::new(Counted::default()));
        let for_door = Arc::clone(&counted);
        let door = Door::open(move |client| {
            let (visit, told) = (Visit::begin(Arc::clone(&for_door)), told.clone());
            async move {
                carry(client, port, told).await;
                drop(visit);
            }
        });
        Self { door: door.await, carries, counted }
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.door.port()
    }

    /// From now on it does so, to what is open too.
    pub(crate) fn set(&self, carries: Carries) {
        self.carries.send_replace(carries);
    }

    /// How many have come.
    pub(crate) fn accepted(&self) -> usize {
        lock(&self.counted).accepted
    }

    /// The most that were open at one time.
    pub(crate) fn most(&self) -> usize {
        lock(&self.counted).most
    }
}

/// One connection, counted while it is open.
struct Visit(Arc<Mutex<Counted>>);

impl Visit {
    fn begin(counted: Arc<Mutex<Counted>>) -> Self {
        let mut it = lock(&counted);
        it.accepted += 1;
        it.now += 1;
        it.most = it.most.max(it.now);
        drop(it);
        Self(counted)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        lock(&self.0).now -= 1;
    }
}

fn lock(counted: &Mutex<Counted>) -> MutexGuard<'_, Counted> {
    counted.lock().expect("no task panics while it holds this")
}

/// Carries one connection until an end of it closes, or the link is cut.
async fn carry(mut client: TcpStream, port: u16, mut told: watch::Receiver<Carries>) {
    if told.wait_for(|it| *it != Carries::Silence).await.is_ok_and(|it| *it == Carries::Nothing) {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let (there, back) = (told.clone(), told.clone());
    tokio::select! {
        _ = told.wait_for(|it| *it == Carries::Nothing) => {}
        () = pump(from_client, to_server, there) => {}
        () = pump(from_server, to_client, back) => {}
    }
}

/// Passes bytes on while the link carries.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut told: watch::Receiver<Carries>,
) {
    let mut bytes = vec![0; STEP];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let carries = told.wait_for(|it| *it != Carries::Silence).await.is_ok();
        if !carries || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
    // The end of a connection is a packet too.
    let _link_is_gone = told.wait_for(|it| *it != Carries::Silence).await;
}
