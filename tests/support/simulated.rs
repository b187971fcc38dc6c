//! Simulated PostgreSQL servers: a few hundred loopback ports behind which a hundred thousand databases are.
//!
//! What they answer was recorded of a real PostgreSQL ([`Recording`]), by an audit of the product itself, and is
//! replayed with the name and the identity of the database that was asked for put in. So a database of any name is
//! there, all hold the same tables, and no two look like one. A port is a *server* with a cluster of its own.
//! Answers may take a while, and some databases never answer.
//!
//! Shared with `benches/fleet`, which runs it as a process of its own.

// The paths, because the benches load this file by its path.
#[path = "simulated/answer.rs"]
mod answer;
#[path = "simulated/counts.rs"]
mod counts;
#[path = "simulated/recording.rs"]
mod recording;
#[path = "simulated/serve.rs"]
mod serve;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) use counts::Counts;
pub(crate) use counts::Session;
pub(crate) use recording::Recording;

/// How the servers behave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Behaviour {
    /// Before each answer, that to the login included.
    pub(crate) latency: Duration,
    /// The first so many ports accept and never answer.
    pub(crate) black_ports: usize,
    /// Each database whose number is a multiple of this accepts and never answers. 0: none.
    pub(crate) black_every: u32,
    /// The last so many ports answer after `slow` instead of `latency`.
    pub(crate) slow_ports: usize,
    pub(crate) slow: Duration,
}

/// The servers. Dropping it closes every port and every connection.
#[derive(Debug)]
pub(crate) struct Simulated {
    ports: Vec<u16>,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

impl Simulated {
    /// Opens so many free loopback ports, and answers there from now on.
    pub(crate) async fn start(recording: Recording, ports: usize, behaviour: Behaviour) -> Self {
        let recording = Arc::new(recording);
        let counts = Arc::new(Counts::new(ports));
        let mut tasks = JoinSet::new();
        let mut opened = Vec::new();
        for at in 0..ports {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
            opened.push(listener.local_addr().expect("bound").port());
            let server = serve::Server {
                recording: Arc::clone(&recording),
                counts: Arc::clone(&counts),
                at,
                latency: if at + behaviour.slow_ports >= ports {
                    behaviour.slow
                } else {
                    behaviour.latency
                },
                is_black: at < behaviour.black_ports,
                black_every: behaviour.black_every,
            };
            tasks.spawn(serve::run(listener, Arc::new(server)));
        }
        Self { ports: opened, counts, _tasks: tasks }
    }

    /// Where they listen.
    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// What was seen there.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// The number at the end of the name of a database: `tenant_000042` is 42, and what has none is 0.
fn number(name: &[u8]) -> u32 {
    let digits = name.iter().rev().take_while(|it| it.is_ascii_digit()).count();
    let digits = &name[name.len() - digits..];
    str::from_utf8(digits).ok().and_then(|it| it.parse().ok()).unwrap_or_default()
}
