//! The real daemon in a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::DEADLINE;
use super::cli::CANARY;
use super::http::try_exchange;
use super::until;
use super::workspace::Workspace;

/// A running daemon. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct TestDaemon {
    workspace: Workspace,
    child: Child,
    address: SocketAddr,
    log: Log,
}

/// The lines of stderr.
#[derive(Debug)]
struct Log {
    lines: mpsc::UnboundedReceiver<String>,
    /// Every line so far, for the message of a failed test.
    seen: Vec<String>,
    /// Reads the pipe; ends with it.
    _reader: TaskTracker,
}

impl TestDaemon {
    /// Starts `schemawarden run` and waits until `/readyz` answers 200.
    pub(crate) async fn start(workspace: Workspace) -> Self {
        let daemon = Self::launch(workspace).await;
        daemon.wait_for_status("/readyz", 200).await;
        daemon
    }

    /// The same, and waits until it listens, and no longer: for one that does not answer in the clear.
    pub(crate) async fn launch(workspace: Workspace) -> Self {
        let (child, log, address) = launch(&workspace).await;
        Self { workspace, child, address, log }
    }

    /// Its directory, for what changes while it runs.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    /// Waits for a log line that `matches`; lines before it are passed over and not seen again.
    pub(crate) async fn wait_for_log(
        &mut self,
        what: &str,
        matches: impl Fn(&Value) -> bool,
    ) -> Value {
        self.log.wait_for(what, matches).await
    }

    /// Whether a line that was taken so far holds `words`.
    pub(crate) fn has_logged(&self, words: &str) -> bool {
        self.log.seen.iter().any(|it| it.contains(words))
    }

    /// How many of the lines that were taken so far hold `words`.
    pub(crate) fn count_logged(&self, words: &str) -> usize {
        self.log.seen.iter().filter(|it| it.contains(words)).count()
    }

    /// `GET path`: the status and the body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        get(self.address, path).await.expect("the daemon answers")
    }

    /// Looks at `path` until it answers `status`; returns the body.
    pub(crate) async fn wait_for_status(&self, path: &str, status: u16) -> String {
        until(&format!("{path} answers {status}"), || async {
            let (answered, body) = get(self.address, path).await?;
            (answered == status).then_some(body)
        })
        .await
    }

    /// Looks at `/healthz` until every delivery is recorded as done.
    pub(crate) async fn wait_for_an_empty_outbox(&self) {
        until("no delivery is pending", || async {
            let (_, body) = get(self.address, "/healthz").await?;
            let answer: Value = serde_json::from_str(&body).ok()?;
            (answer["deliveries"]["pending"] == 0).then_some(())
        })
        .await;
    }

    /// Looks at the API until the last audit of `database` has this verdict.
    pub(crate) async fn wait_for_verdict(&self, database: &str, verdict: &str) {
        until(&format!("{database} is {verdict}"), || async {
            let (_, body) = get(self.address, "/api/v1/databases").await?;
            let answer: Value = serde_json::from_str(&body).ok()?;
            says_verdict(&answer, database, verdict).then_some(())
        })
        .await;
    }

    /// What the API says of `database`.
    pub(crate) async fn row(&self, database: &str) -> Value {
        let (_, body) = self.get("/api/v1/databases").await;
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        about(&answer, database).unwrap_or_else(|| panic!("no {database} in {answer:#}")).clone()
    }

    /// Waits until `count` audits of `database` have ended that began after the last one known now.
    pub(crate) async fn wait_for_audits(&self, database: &str, count: usize) {
        let mut last = None;
        for _ in 0..=count {
            last = Some(
                until(&format!("one more audit of {database}"), || async {
                    let (_, body) = get(self.address, "/api/v1/databases").await?;
                    let answer: Value = serde_json::from_str(&body).ok()?;
                    audited_at(&answer, database).filter(|at| last.as_ref() != Some(at))
                })
                .await,
            );
        }
    }

    /// Asks it to read its config again.
    pub(crate) fn sighup(&self) {
        self.signal(Signal::SIGHUP);
    }

    /// Asks it to stop; returns how it ended and how long that took. Panics when it wrote to stdout
    /// or logged a secret.
    pub(crate) async fn sigterm(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal(Signal::SIGTERM);
        let status = self.ended().await;
        let took = asked.elapsed();
        self.log.drain().await;
        let log = self.log.seen.join("\n");
        assert!(!log.contains(CANARY), "a secret was logged:\n{log}");
        let printed = std::fs::read_to_string(self.workspace.path().join(STDOUT));
        assert_eq!(printed.expect("made at start"), "", "the daemon wrote to stdout");
        (status, took)
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn wait_for_its_end(&mut self) -> ExitStatus {
        self.ended().await
    }

    /// Kills it as a power cut would.
    pub(crate) async fn kill9(&mut self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    /// Stops it as a machine that is out of breath does: it is there, and does nothing.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Whether it is stopped; it may have done that to itself.
    pub(crate) fn is_frozen(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        // The state stands after the name, which is in parentheses and may hold anything.
        stat.is_ok_and(|it| it.rsplit(')').next().is_some_and(|it| it.starts_with(" T")))
    }

    /// Takes the lines that it has logged so far, for [`Self::has_logged`].
    pub(crate) fn read_log(&mut self) {
        while let Ok(line) = self.log.lines.try_recv() {
            self.log.seen.push(line);
        }
    }

    /// Whether it has not ended.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Starts it again in the same directory, after [`Self::sigterm`] or [`Self::kill9`].
    pub(crate) async fn restart(&mut self) {
        (self.child, self.log, self.address) = launch(&self.workspace).await;
        self.wait_for_status("/readyz", 200).await;
    }

    /// Starts it in the same directory with one more variable, and waits until it has died by
    /// SIGKILL, as a failpoint does.
    pub(crate) async fn die_of(&mut self, variable: &str, value: &str) {
        let mut child = self
            .workspace
            .command(&["run", "--log", "error"])
            .env(variable, value)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary can be started");
        let status = tokio::time::timeout(DEADLINE, child.wait())
            .await
            .unwrap_or_else(|_| panic!("the daemon did not come to {value}"))
            .expect("our own child");
        assert_eq!(status.signal(), Some(9), "it died otherwise than at {value}: {status}");
    }

    async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("the daemon did not end:\n{}", self.log.seen.join("\n")))
            .expect("our own child")
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a process id");
        nix::sys::signal::kill(Pid::from_raw(pid), signal).expect("it was not waited for");
    }
}

/// The file that takes the daemon's stdout; it must stay empty.
const STDOUT: &str = "stdout";

/// Starts the process and waits for the line that says where it listens.
async fn launch(workspace: &Workspace) -> (Child, Log, SocketAddr) {
    let stdout = File::create(workspace.path().join(STDOUT)).expect("our own directory");
    let mut child = workspace
        .command(&["run", "--log", "warn,schemawarden=debug"])
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let stderr = child.stderr.take().expect("piped");
    let (sender, lines) = mpsc::unbounded_channel();
    let reader = TaskTracker::new();
    reader.spawn(async move {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let _test_is_over = sender.send(line);
        }
    });
    let mut log = Log { lines, seen: Vec::new(), _reader: reader };
    let listening = log.wait_for("listening", |line| field(line, "http.listen").is_string()).await;
    let address = field(&listening, "http.listen").as_str().and_then(|text| text.parse().ok());
    (child, log, address.unwrap_or_else(|| panic!("no address in {listening}")))
}

impl Log {
    async fn wait_for(&mut self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                let line = self.lines.recv().await?;
                // Not a terminal, so the log is JSON: one document a line, hostile names or not.
                let parsed: Value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("a log line is not JSON: {error}: {line}"));
                self.seen.push(line);
                if matches(&parsed) {
                    return Some(parsed);
                }
            }
        });
        let found = found.await.ok().flatten();
        found.unwrap_or_else(|| panic!("no log line for: {what}\n{}", self.seen.join("\n")))
    }

    /// Reads to the end of a process that has ended.
    async fn drain(&mut self) {
        while let Some(line) = self.lines.recv().await {
            self.seen.push(line);
        }
    }
}

/// The message of a log line.
pub(crate) fn message(line: &Value) -> &str {
    field(line, "message").as_str().unwrap_or_default()
}

/// A field of a log line: of the event, or of the nearest span that has it.
pub(crate) fn field<'a>(line: &'a Value, name: &str) -> &'a Value {
    let event = [&line["fields"][name], &line[name], &line["span"][name]];
    let spans = line["spans"].as_array().into_iter().flatten().rev().map(|span| &span[name]);
    event.into_iter().chain(spans).find(|it| !it.is_null()).unwrap_or(&Value::Null)
}

/// Whether `answer` holds, at any depth, an object about `database` with this verdict.
fn says_verdict(answer: &Value, database: &str, verdict: &str) -> bool {
    about(answer, database).is_some_and(|it| it["verdict"] == verdict)
}

/// When the last audit of `database` began, by any object about it.
fn audited_at(answer: &Value, database: &str) -> Option<String> {
    let found = about(answer, database)?;
    let at = [&found["evidence"]["audited_at"], &found["audited_at"], &found["last_audit_at"]];
    at.into_iter().find_map(Value::as_str).map(str::to_owned)
}

/// The first object about `database` that has a verdict, at any depth.
fn about<'a>(answer: &'a Value, database: &str) -> Option<&'a Value> {
    let is_it = (answer["database"] == database || answer["name"] == database)
        && answer["verdict"].is_string();
    if is_it {
        return Some(answer);
    }
    match answer {
        Value::Array(list) => list.iter().find_map(|it| about(it, database)),
        Value::Object(object) => object.values().find_map(|it| about(it, database)),
        _ => None,
    }
}

/// One HTTP request on a connection of its own. `None` where nobody answers properly.
async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    // HTTP/1.0, so that the body ends with the connection and is never chunked.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let got = try_exchange(address, &request).await?;
    Some((got.status, got.body))
}
