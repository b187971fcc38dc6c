//! What a fleet costs on one machine. Run by `benches/run.sh fleet`, which starts the PostgreSQL.
//!
//! Not a test: figures of the real program `schemawarden run`, each beside its goal. `throughput` audits real
//! databases; all other parts audit simulated ones (`tests/support/simulated.rs`), which run as a process of their own
//! so that the daemon's processor time is its own alone.
//!
//! ```text
//! fleet PART PROGRAM FOLDER PORT    PART: throughput, ten-thousand, black-hole, hundred-thousand, growth,
//!                                   replicas, or state; PORT is where the PostgreSQL listens
//! fleet simulate …                  the simulated servers, started by the others
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

mod daemon;
mod hourly;
mod lateness;
mod often;
mod plan;
mod process;
mod replicas;
mod servers;
#[path = "../../tests/support/simulated.rs"]
mod simulated;
mod state;
mod throughput;

use std::path::PathBuf;

use servers::Asked;

/// Where everything is that a part needs.
pub(crate) struct Scene {
    /// The program that is measured.
    pub(crate) program: String,
    /// An empty folder of the bench's own.
    pub(crate) folder: PathBuf,
    /// Where the PostgreSQL listens that real databases are on.
    pub(crate) port: u16,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match words[..] {
        ["simulate", ref asked @ ..] => {
            // One thread: two cores are shared with the daemon.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(servers::simulate(Asked::parse(asked)));
        }
        [what, program, folder, port] => {
            let port = port.parse().expect("a port");
            let scene = Scene { program: program.to_owned(), folder: folder.into(), port };
            std::fs::create_dir_all(&scene.folder).expect("our own folder");
            let runtime = runtime.enable_all().build().expect("a runtime");
            runtime.block_on(measure(what, &scene));
        }
        // `cargo bench` and `cargo test --benches` run this without arguments.
        _ => println!("run benches/run.sh fleet"),
    }
}

async fn measure(what: &str, scene: &Scene) {
    match what {
        "throughput" => throughput::measure(scene).await,
        "ten-thousand" => often::ten_thousand(scene).await,
        "black-hole" => often::black_holes(scene).await,
        "hundred-thousand" => hourly::hundred_thousand(scene).await,
        "growth" => hourly::growth(scene).await,
        "replicas" => replicas::measure(scene).await,
        "state" => state::measure(scene).await,
        other => println!("no part `{other}`"),
    }
}

/// One line: what, the goal, what was measured.
pub(crate) fn row(what: &str, goal: &str, measured: &str) {
    println!("{what:<64} {goal:>12}  {measured}");
}
