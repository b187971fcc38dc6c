//! A port before the shared PostgreSQL that counts who comes, and can fall silent: for everybody, or for the
//! connections to one database.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Instant;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::support::door::Door;
use crate::support::postgres::Cluster;

/// The most bytes of a startup packet that are looked at.
const STARTUP_MAX: usize = 1024;

/// How it behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Carries everything.
    Well,
    /// Accepts, and never says a word.
    Silent,
    /// Does so to who asks for this database.
    HangsFor(String),
}

/// The front. Dropping it closes everything.
#[derive(Debug)]
pub(super) struct Front {
    door: Door,
    mood: watch::Sender<Mood>,
    seen: Arc<Mutex<Seen>>,
}

/// What it saw. A mutex, because every connection writes to it.
#[derive(Debug, Default)]
struct Seen {
    accepted: Vec<Instant>,
    /// Connections that are open, and the most of them at one time; of those that hang, the same.
    now: usize,
    most: usize,
    hanging: usize,
    most_hanging: usize,
}

impl Front {
    /// One that is well.
    pub(super) async fn open() -> Self {
        let (mood, moods) = watch::channel(Mood::Well);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let for_door = Arc::clone(&seen);
        let door = Door::open(move |client| {
            Visit::begin(Arc::clone(&for_door)).serve(client, moods.clone())
        });
        Self { door: door.await, mood, seen }
    }

    pub(super) fn port(&self) -> u16 {
        self.door.port()
    }

    /// From now on it behaves so, to new connections.
    pub(super) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Connections that are open.
    pub(super) fn now(&self) -> usize {
        self.seen().now
    }

    /// The most at one time, since the last [`Self::forget`].
    pub(super) fn most(&self) -> usize {
        self.seen().most
    }

    /// Connections that hang.
    pub(super) fn hanging(&self) -> usize {
        self.seen().hanging
    }

    pub(super) fn most_hanging(&self) -> usize {
        self.seen().most_hanging
    }

    /// When each connection was accepted, since the last [`Self::forget`].
    pub(super) fn accepted(&self) -> Vec<Instant> {
        self.seen().accepted.clone()
    }

    /// Counts anew.
    pub(super) fn forget(&self) {
        let mut seen = self.seen();
        seen.accepted.clear();
        (seen.most, seen.most_hanging) = (seen.now, seen.hanging);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no task panics while it holds this")
    }
}

/// One connection.
struct Visit {
    seen: Arc<Mutex<Seen>>,
    hangs: bool,
}

impl Visit {
    fn begin(seen: Arc<Mutex<Seen>>) -> Self {
        let it = Self { seen, hangs: false };
        let mut seen = it.seen();
        seen.accepted.push(Instant::now());
        seen.now += 1;
        seen.most = seen.most.max(seen.now);
        drop(seen);
        it
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no task panics while it holds this")
    }

    fn hang(&mut self) {
        self.hangs = true;
        let mut seen = self.seen();
        seen.hanging += 1;
        seen.most_hanging = seen.most_hanging.max(seen.hanging);
    }

    async fn serve(mut self, mut client: TcpStream, moods: watch::Receiver<Mood>) {
        let mut startup = vec![0; STARTUP_MAX];
        let Ok(read @ 1..) = client.read(&mut startup).await else { return };
        let startup = &startup[..read];
        let mood = moods.borrow().clone();
        let hangs = match mood {
            Mood::Well => false,
            Mood::Silent => true,
            Mood::HangsFor(database) => {
                let wanted = format!("database\0{database}\0");
                startup.windows(wanted.len()).any(|it| it == wanted.as_bytes())
            }
        };
        if hangs {
            self.hang();
            let mut rest = Vec::new();
            let _until_the_client_goes = client.read_to_end(&mut rest).await;
            return;
        }
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", Cluster::shared().port())).await
        else {
            return;
        };
        if server.write_all(startup).await.is_ok() {
            let _either_went_away = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let hangs = self.hangs;
        let mut seen = self.seen();
        seen.now -= 1;
        seen.hanging -= usize::from(hangs);
    }
}
