//! What the pages and the API cost at 10,000 databases and 500 incidents. Run by `benches/run.sh http`.
//!
//! Not a test: figures. A state with so much in it is written through the library ([`fleet`]); then the real
//! program serves it, and is asked by plain sockets ([`client`]), by `wrk`, and by a real browser ([`filter`]).
//!
//! ```text
//! http PROGRAM FOLDER
//! ```

#![expect(clippy::print_stdout, reason = "a program whose answer is what it prints")]

mod client;
mod crowd;
mod daemon;
mod filter;
mod fleet;
mod program;

use std::path::Path;
use std::time::Duration;

use client::Times;
use crowd::Crowd;
use daemon::Daemon;
use filter::Filtered;

/// Audits of each database in the state: a day.
const AUDITS_BEFORE: usize = 8;
/// Requests of one figure.
const REQUESTS: usize = 1_000;
/// Browsers that look at one time.
const TOGETHER: usize = 4;
/// Clients that hold `/events`.
const LISTENERS: usize = 50;
/// Sockets that send a byte now and then.
const DRIPS: usize = 2_000;
/// How long the clients of the crowd get to be there, and to be sent away.
const GATHERED: Duration = Duration::from_secs(15);
/// Audits a second that end meanwhile, each a change that every page tells.
const AUDITS: u32 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let [program, folder] = arguments.as_slice() else {
        // `cargo bench` and `cargo test --benches` run this without arguments.
        println!("run benches/run.sh http");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(program, Path::new(folder)));
}

async fn measure(program: &str, folder: &Path) {
    let (receiver, _receiving) = client::receiver().await;
    let took = fleet::write(folder, &receiver, AUDITS_BEFORE).await;
    println!(
        "a state of {} databases and {} incidents, {} audits each, written in {:.1} s",
        fleet::DATABASES,
        fleet::DRIFTED,
        AUDITS_BEFORE,
        took.as_secs_f64()
    );
    let daemon = Daemon::start(program, folder).await;
    let here = daemon.address;
    println!("{:<58} {:>12}  measured", "what", "goal");

    let (page, zipped) = (client::get(here, "/", false).await, client::get(here, "/", true).await);
    #[expect(clippy::cast_precision_loss, reason = "sizes of pages")]
    let kilobytes = |it: &client::Answer| format!("{:.1} KB", it.bytes as f64 / 1000.0);
    row("the fleet page, gzip", "< 300 KB", &kilobytes(&zipped));
    row("the fleet page, plain", "", &kilobytes(&page));
    let one = client::ask(here, "/", REQUESTS, 1).await;
    row("the fleet page, one after the other", "p99 < 50 ms", &one.to_string());
    let four = client::ask(here, "/", REQUESTS, TOGETHER).await;
    row("the fleet page, 4 at a time", "p99 < 50 ms", &four.to_string());
    let changing = daemon.audits(AUDITS).await;
    let one = client::ask(here, "/", REQUESTS, 1).await;
    row(&format!("the same, while {AUDITS} audits a second end"), "p99 < 50 ms", &one.to_string());
    drop(changing);
    for path in [format!("/databases/{}", fleet::name(1)), "/incidents".to_owned()] {
        let times = client::ask(here, &path, REQUESTS, 1).await;
        row(&format!("{path}, one after the other"), "", &times.to_string());
    }

    let alone = client::ask(here, "/livez", REQUESTS, 1).await;
    row("/livez, nobody else", "", &alone.to_string());
    let crowd = Crowd::gather(here, LISTENERS, DRIPS, GATHERED).await;
    let times = livez(&daemon, &crowd).await;
    let what = format!("/livez, {LISTENERS} hold /events, {DRIPS} drip");
    row(&what, "p99 < 20 ms", &format!("{times}; {crowd}"));
    let changing = daemon.audits(AUDITS).await;
    let times = livez(&daemon, &crowd).await;
    let what = format!("the same, while {AUDITS} audits a second end");
    row(&what, "p99 < 20 ms", &format!("{times}; {crowd}"));
    drop(changing);
    drop(crowd);

    // Without a limit a page of the API is as large as a page may be.
    let pages = ["/api/v1/databases", "/api/v1/databases?limit=100", "/api/v1/incidents?limit=100"];
    for path in ["/livez", "/"].into_iter().chain(pages) {
        row(&format!("wrk, 2 threads, 16 connections: {path}"), "", &client::wrk(here, path).await);
    }
    for Filtered { what, goal, took } in filter::measure(&daemon).await {
        row(&what, goal, &took);
    }
    row("resident memory of the program after all this", "", &daemon.memory());
}

/// Spread over the time that a drip feeder is let be.
async fn livez(daemon: &Daemon, crowd: &Crowd) -> Times {
    let times = client::ask(daemon.address, "/livez", REQUESTS, 1).await;
    crowd.note();
    times
}

fn row(what: &str, goal: &str, measured: &str) {
    println!("{what:<58} {goal:>12}  {measured}");
}
