//! The simulated servers as a process of their own: the daemon's processor time is then the daemon's alone.
//!
//! It is told what to do by its arguments, says its ports on a line, and then answers lines: `sessions FILE` writes
//! down the sessions that ended since the last time, and says how many at most were connected to one server at once.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemawarden::clock::Clock;
use schemawarden::manifest;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::io::Lines;
use tokio::process::Child;
use tokio::process::ChildStdin;
use tokio::process::ChildStdout;

use super::Scene;
use super::plan;
use super::simulated::Behaviour;
use super::simulated::Recording;
use super::simulated::Session;
use super::simulated::Simulated;

/// What the process is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The real PostgreSQL that is recorded; its database `fleet_template` holds the 25 tables.
    pub(crate) upstream: u16,
    pub(crate) ports: usize,
    pub(crate) latency_ms: u64,
    pub(crate) black_ports: usize,
    pub(crate) black_every: u32,
}

impl Asked {
    /// From the words of a command line, in the order of the fields.
    pub(crate) fn parse(words: &[&str]) -> Self {
        let number = |at: usize| words[at].parse::<u32>().expect("a number");
        let size = |at| usize::try_from(number(at)).expect("a small number");
        Self {
            upstream: u16::try_from(number(0)).expect("a port"),
            ports: size(1),
            latency_ms: number(2).into(),
            black_ports: size(3),
            black_every: number(4),
        }
    }

    fn words(&self) -> [String; 5] {
        let Self { upstream, ports, latency_ms, black_ports, black_every } = self;
        [
            upstream.to_string(),
            ports.to_string(),
            latency_ms.to_string(),
            black_ports.to_string(),
            black_every.to_string(),
        ]
    }
}

/// Is the process: until its standard input ends.
pub(crate) async fn simulate(asked: Asked) {
    let folder = tempfile::tempdir().expect("a folder");
    plan::write_manifest(folder.path());
    let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let manifest = manifest::load(&folder.path().join("expected-schemas/everything.yaml"), today);
    let manifest = Arc::new(manifest.expect("our manifest loads"));
    let upstream = ([127, 0, 0, 1], asked.upstream).into();
    let recording = Recording::of(upstream, "auditor", "fleet_template", manifest).await;
    let behaviour = Behaviour {
        latency: Duration::from_millis(asked.latency_ms),
        black_ports: asked.black_ports,
        black_every: asked.black_every,
        ..Behaviour::default()
    };
    let servers = Simulated::start(recording, asked.ports, behaviour).await;
    let ports: Vec<String> = servers.ports().iter().map(ToString::to_string).collect();
    println!("{}", ports.join(" "));
    let obeying = tokio::task::spawn_blocking(move || obey(&servers));
    obeying.await.expect("it panics nowhere");
}

/// Does what each line says, until there is none.
fn obey(servers: &Simulated) {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let Some(("sessions", path)) = line.split_once(' ') else { panic!("what is `{line}`?") };
        let counts = servers.counts();
        let mut text = String::new();
        for Session { database, began, whole } in counts.take_sessions() {
            let (began, whole) = (began.as_millisecond(), u8::from(whole));
            writeln!(text, "{database} {began} {whole}").expect("a String");
        }
        std::fs::write(path, text).expect("our own file");
        println!("{} {}", counts.peak(), counts.connected());
    }
}

/// The process, seen from the bench. Dropping it ends it.
pub(crate) struct Servers {
    pub(crate) ports: Vec<u16>,
    child: Child,
    tell: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Servers {
    /// Starts it; `ports` and the rest as asked, of the scene's PostgreSQL.
    pub(crate) async fn start(
        scene: &Scene,
        ports: usize,
        latency_ms: u64,
        (black_ports, black_every): (usize, u32),
    ) -> Self {
        let asked = Asked { upstream: scene.port, ports, latency_ms, black_ports, black_every };
        let itself = std::env::current_exe().expect("we run");
        let mut child = tokio::process::Command::new(itself)
            .arg("simulate")
            .args(asked.words())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("we can be started again");
        let tell = child.stdin.take().expect("piped");
        let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = said.next_line().await.expect("it speaks").expect("it says its ports");
        let ports = line.split(' ').map(|it| it.parse().expect("a port")).collect();
        Self { ports, child, tell, said }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The sessions that ended since this was last asked, and the most connections to one server at one time ever.
    pub(crate) async fn sessions(&mut self, folder: &Path) -> (Vec<Session>, usize) {
        let path = folder.join("sessions");
        let line = format!("sessions {}\n", path.display());
        self.tell.write_all(line.as_bytes()).await.expect("it listens");
        let answer = self.said.next_line().await.expect("it speaks").expect("it answers");
        let peak = answer.split(' ').next().and_then(|it| it.parse().ok()).expect("a number");
        let text = std::fs::read_to_string(path).expect("it wrote it");
        let session = |line: &str| {
            let mut words = line.split(' ').map(|it| it.parse::<i64>().expect("a number"));
            let mut next = || words.next().expect("three words");
            let (database, began, whole) = (next(), next(), next() == 1);
            let database = u32::try_from(database).expect("a number of ours");
            let began = Timestamp::from_millisecond(began).expect("a time");
            Session { database, began, whole }
        };
        (text.lines().map(session).collect(), peak)
    }
}
