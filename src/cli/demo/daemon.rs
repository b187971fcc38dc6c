//! The real daemon, as a process of its own: this very program with `run`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::process::Command;
use tokio::time::Instant;

use super::janitor::DAEMON_PID;

/// From its start to the log line that says where it listens.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// From SIGTERM to the end; then it is killed. The daemon's own promise is 10 s.
const STOP_DEADLINE: Duration = Duration::from_secs(12);

/// Time between two looks at its log or its API.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// One request to its API.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);

/// An answer of its API is never longer.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// How much of its log is searched for the line that says where it listens.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// A running daemon. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    address: SocketAddr,
    pid_file: PathBuf,
}

impl Daemon {
    /// Where its log is, in `directory`.
    pub(super) fn log(directory: &Path) -> PathBuf {
        directory.join("daemon.log")
    }

    /// Starts `program run` with `config` and waits until it listens. Log and process id are files in
    /// `directory`; the latter is for the janitor.
    pub(super) async fn start(
        program: &Path,
        config: &Path,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let log = Self::log(directory);
        let stderr = fs::File::create(&log).context("could not make the daemon's log")?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            // Nothing of the person's own set-up may change the story.
            let name_bytes = name.as_encoded_bytes();
            if name_bytes.starts_with(b"PG")
                || name_bytes.starts_with(b"SCHEMAWARDEN_")
                || name_bytes == b"RUST_LOG"
            {
                command.env_remove(name);
            }
        }
        let child = command
            .arg("run")
            .arg("--config")
            .arg(config)
            .args(["--log-format", "json"])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            // Ctrl-C reaches the demo alone, and the demo stops the daemon.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut daemon = Self { child, address, pid_file: directory.join(DAEMON_PID) };
        if let Some(pid) = daemon.child.id() {
            fs::write(&daemon.pid_file, format!("{pid}\n"))
                .context("could not note the daemon's process id")?;
        }
        daemon.address = daemon.wait_for_address(&log).await?;
        Ok(daemon)
    }

    /// Where its API is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended by itself, which it never should.
    pub(super) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.wait().await.context("could not wait for the daemon")
    }

    /// Stops it as an operator would.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id().and_then(|it| i32::try_from(it).ok()) {
            // It may have ended in this moment.
            let _ended = nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let ended = tokio::time::timeout(STOP_DEADLINE, self.child.wait()).await;
        ended.context("the daemon did not stop when asked to")?.context("could not wait for it")?;
        Ok(())
    }

    async fn wait_for_address(&mut self, log: &Path) -> anyhow::Result<SocketAddr> {
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            if let Some(address) = listens_at(&read_log(log)?) {
                return Ok(address);
            }
            if let Some(status) = self.child.try_wait().context("could not see the daemon")? {
                anyhow::bail!("the daemon ended at once ({status})");
            }
            anyhow::ensure!(Instant::now() < deadline, "the daemon did not say where it listens");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // `kill_on_drop` comes too late for the janitor, which would end whatever has the id by then.
        let _already_ended = self.child.start_kill();
        let _never_written = fs::remove_file(&self.pid_file);
    }
}

/// The verdict of each database, as the API at `address` tells it; a database that was not audited yet
/// is left out.
pub(super) async fn verdicts(address: SocketAddr) -> anyhow::Result<BTreeMap<String, String>> {
    let body = get(address, "/api/v1/databases").await?;
    let databases: Value =
        serde_json::from_str(&body).context("the daemon's list of databases is not JSON")?;
    let verdicts = databases["databases"].as_array().into_iter().flatten().filter_map(|it| {
        Some((it["name"].as_str()?.to_owned(), it["verdict"].as_str()?.to_owned()))
    });
    Ok(verdicts.collect())
}

fn read_log(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LOG_BYTES_MAX).read_to_end(&mut bytes))
        .context("could not read the daemon's log")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The field `http.listen` of the first line that has it.
fn listens_at(log: &str) -> Option<SocketAddr> {
    log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|line| {
        let field = [&line["fields"]["http.listen"], &line["http.listen"]];
        // Port 0 is what the config asked for, not where it listens.
        field
            .iter()
            .find_map(|it| it.as_str()?.parse().ok())
            .filter(|it: &SocketAddr| it.port() != 0)
    })
}

/// The body of a GET that was answered with 200.
async fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let exchange = async {
        let mut connection = TcpStream::connect(address).await?;
        // HTTP/1.0: the body ends with the connection and is never chunked, so this is all of it.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        connection.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        connection.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = tokio::time::timeout(REQUEST_DEADLINE, exchange)
        .await
        .context("the daemon's API did not answer in time")?
        .context("the daemon's API did not answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    anyhow::ensure!(status == "200", "{path} answered {status}");
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_among_log_lines() {
        #[rustfmt::skip]
        let cases = [
            ("", None),
            ("starting\n{\"fields\":{\"message\":\"hello\"}}\n", None),
            ("{\"fields\":{\"http.listen\":\"127.0.0.1:0\"}}\n{\"fields\":{\"http.li", None),
            ("{\"fields\":{\"http.listen\":\"127.0.0.1:0\"}}\n{\"fields\":{\"http.listen\":\"127.0.0.1:71\"}}\n",
                Some("127.0.0.1:71")),
            ("{\"message\":\"listening\",\"http.listen\":\"127.0.0.1:72\"}", Some("127.0.0.1:72")),
        ];
        for (log, want) in cases {
            assert_eq!(listens_at(log), want.map(|it| it.parse().unwrap()), "{log}");
        }
    }

    #[tokio::test]
    async fn a_daemon_that_ends_at_once_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("config.yaml");
        let error = Daemon::start(Path::new("/bin/false"), &config, directory.path()).await;
        let error = format!("{:#}", error.unwrap_err());
        assert!(error.contains("ended at once"), "{error}");
        assert!(!directory.path().join(DAEMON_PID).exists());
    }
}
