//! The program as a process, and its log. Shared with `benches/watch.rs`.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::task::JoinSet;

/// Starts `schemawarden run` in `folder`, and waits for the line of its log that holds `words`. Returns the
/// process, which ends when it is dropped, who reads its log meanwhile, and that line.
pub(crate) async fn start(
    program: &str,
    folder: &Path,
    words: &str,
) -> (Child, JoinSet<()>, String) {
    let mut child = tokio::process::Command::new(program)
        .current_dir(folder)
        .args(["--log-format", "json", "run"])
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program can be started");
    let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
    let line = loop {
        let line = log.next_line().await.expect("a log").expect("it says so before it ends");
        if line.contains(words) {
            break line;
        }
    };
    // A pipe that nobody reads would stop the program when it is full.
    let mut reading = JoinSet::new();
    reading.spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    (child, reading, line)
}
