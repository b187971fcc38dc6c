//! A real SMTP server, run by Debian's Python: what each mail looked like when it arrived.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::io::Lines;
use tokio::process::Child;
use tokio::process::ChildStdout;
use tokio::process::Command;

use super::DEADLINE;

/// Debian's own Python, which sees Debian's packages; another one in `PATH` does not.
const PYTHON: &str = "/usr/bin/python3";

/// The script that it runs.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp_server.py");

/// The server. It ends with its standard input: when this is dropped, or when we die.
#[derive(Debug)]
pub(crate) struct SmtpServer {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
}

impl SmtpServer {
    /// Starts it on a free loopback port. See the script for its arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(PYTHON)
            .arg(SCRIPT)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {PYTHON}: {error}"));
        let out = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(out).lines();
        let first = tokio::time::timeout(DEADLINE, lines.next_line()).await;
        let first = first.expect("it starts in time").expect("a readable pipe");
        let port = first.and_then(|it| it.parse().ok());
        let port = port.expect("the SMTP server starts: is python3-aiosmtpd installed?");
        Self { _process: process, lines, port }
    }

    /// With STARTTLS, by the certificate and key in these files.
    pub(crate) async fn with_tls(certificate: &Path, key: &Path, more: &[&str]) -> Self {
        let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
        let mut arguments = vec!["--cert", &certificate, "--key", &key];
        arguments.extend(more);
        Self::start(&arguments).await
    }

    /// The next mail; waits at most [`DEADLINE`].
    pub(crate) async fn next(&mut self) -> serde_json::Value {
        let line = tokio::time::timeout(DEADLINE, self.lines.next_line()).await;
        let line = line.expect("a mail in time").expect("a readable pipe").expect("it runs");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}
