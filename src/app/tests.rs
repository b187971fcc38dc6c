//! What ends the daemon.

use std::fs;
use std::future::pending;

use super::*;
use crate::config;

/// What [`until_told_to_stop`] works with, and two loops beside `third`.
struct Running {
    commands: mpsc::Receiver<Command>,
    reloads: Reloads,
    loops: Loops,
}

fn running(third: impl Future<Output = ()> + Send + 'static) -> (mpsc::Sender<Command>, Running) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.yaml");
    let database = "{ name: central, url: \"host=/tmp\", manifest: central }";
    fs::write(&path, format!("databases: [{database}]\n")).unwrap();
    let manifests = directory.path().join("expected-schemas");
    fs::create_dir(&manifests).unwrap();
    fs::write(manifests.join("central.yaml"), "manifest: central\ntables: [x]\n").unwrap();
    let clock = Clock::System;
    let config = config::load(&path, &|_| None, clock.now()).unwrap();
    let source = Source { path, variable: |_| None, clock };
    let reloads = Reloads::new(source, Health::new(), watch::channel(Arc::new(config)).0);

    let loops = Loops::default();
    let tracker = TaskTracker::new();
    loops.start("HTTP", &tracker, pending());
    loops.start("delivery", &tracker, third);
    loops.start("scheduler", &tracker, pending());
    let (tell, commands) = mpsc::channel(1);
    (tell, Running { commands, reloads, loops })
}

async fn end(running: &mut Running) -> Result<(), String> {
    let Running { commands, reloads, loops } = running;
    let told = until_told_to_stop(commands, reloads, loops);
    let told = tokio::time::timeout(STOP_MAX, told).await.expect("it ends in time");
    told.map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn a_loop_that_ends_by_itself_ends_the_daemon() {
    let (_tell, mut left) = running(async {});
    let error = end(&mut left).await.unwrap_err();
    assert_eq!(error, "the delivery loop ended before it was told to");

    let (_tell, mut broken) = running(async { panic!("no more") });
    let error = end(&mut broken).await.unwrap_err();
    assert!(error.starts_with("the delivery loop broke off: "), "{error}");
    assert!(error.contains("no more"), "{error}");
}

#[tokio::test]
async fn who_tells_it_to_stop_ends_the_daemon_without_an_error() {
    let (tell, mut told) = running(pending());
    tell.send(Command::Stop).await.unwrap();
    assert_eq!(end(&mut told).await, Ok(()));
    let (nobody, mut alone) = running(pending());
    drop(nobody);
    assert_eq!(end(&mut alone).await, Ok(()), "nobody is left to tell it");
}
