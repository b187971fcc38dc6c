//! `schemawarden demo`: the incident that this project answers, replayed in front of you.
//!
//! ```text
//! Cluster (throwaway PostgreSQL) ◄── audits ── Daemon (this program, `run`) ── posts ──► Receiver
//!    ▲ the incident, the repair: Fleet                                                     │
//!    └───────────────────────────── Stage: tells the story ◄──── Tally, Sighting ◄─ Message ─┘
//! ```
//!
//! Nothing is played: the server, the daemon and the messages are real. Whatever way the demo ends,
//! nothing of it stays; see [`janitor`].

mod account;
mod binaries;
mod cluster;
mod daemon;
mod fleet;
mod janitor;
mod narrator;
mod playground;
mod receiver;
mod settings;
mod sighting;
mod stage;
mod tally;

use std::io;

use anyhow::Context as _;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use binaries::Binaries;
use narrator::Narrator;
use stage::Stage;

/// Every expected message arrived.
const ALL_ARRIVED: u8 = 0;

/// Something that should have been said was not.
const SOMETHING_MISSING: u8 = 1;

/// Ctrl-C before the story's end: 128 and the number of SIGINT, as a shell reports it.
const INTERRUPTED: u8 = 130;

/// Replays the original incident on a throwaway PostgreSQL, which is started and removed here.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// End after the last message: 0 when every expected one arrived, 1 when not.
    #[arg(long)]
    pub once: bool,
    /// Tell no story: the same databases, all right, the daemon, and what to try, until Ctrl-C
    /// (docs/prevented.md walks through it).
    #[arg(long, conflicts_with = "once")]
    pub playground: bool,
}

/// Runs the demo; returns the exit code.
///
/// Without `--once` it stays up after the story until Ctrl-C. An error (no PostgreSQL to be found, for
/// one) is for exit code 2; its text says what to do.
pub async fn run(args: DemoArgs) -> anyhow::Result<u8> {
    let mut interrupt = Interrupt::listen().context("could not listen for signals")?;
    let binaries = Binaries::find(std::env::var_os("PATH").as_deref())?;
    let program = std::env::current_exe().context("could not find this program's own path")?;
    let temporary = std::path::absolute(std::env::temp_dir()).context("could not find TMPDIR")?;
    let mut stage = Stage::new(Narrator::on_stdout(), program);

    let story = async {
        if args.playground {
            return stage.open(binaries, temporary).await;
        }
        stage.play(binaries, temporary).await?;
        if args.once { Ok(()) } else { stage.linger().await }
    };
    let ended = tokio::select! {
        ended = Box::pin(story) => ended,
        () = interrupt.received() => Ok(()),
    };
    if ended.is_err() {
        stage.show_log()?;
    }
    let code = match stage.missing() {
        Some([]) => ALL_ARRIVED,
        Some(_) => SOMETHING_MISSING,
        None => INTERRUPTED,
    };
    // What went wrong in the story is told; what went wrong in the clean-up after it only if nothing
    // else did.
    let struck = stage.strike().await;
    ended.and(struck).map(|()| code)
}

/// The signals that ask a program to end.
struct Interrupt([Signal; 3]);

impl Interrupt {
    fn listen() -> io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Waits for any of them.
    async fn received(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
