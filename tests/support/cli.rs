//! Runs the real binary once and looks at what it said.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::DEADLINE;
use super::workspace::Workspace;

/// In every password and webhook path of the tests; so in no output, ever.
pub(crate) const CANARY: &str = "hunter2";

/// One finished run.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workspace {
    /// Runs `schemawarden ARGUMENTS…` to its end. Panics when it takes longer than [`DEADLINE`], and
    /// when a secret turns up in what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let output = tokio::time::timeout(DEADLINE, output)
            .await
            .unwrap_or_else(|_| panic!("{arguments:?} did not end within {DEADLINE:?}"))
            .expect("the binary can be started");
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
        };
        assert!(!run.all().contains(CANARY), "a secret was printed:\n{}", run.all());
        run
    }

    /// Runs `check --format json` and returns its report; the exit code must be `code`.
    pub(crate) async fn check(&self, code: i32) -> Report {
        self.run(&["check", "--format", "json"]).await.ended(code).report()
    }
}

impl Run {
    /// Panics with everything that was printed unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.all());
        self
    }

    /// Panics unless `word` is in what was printed to either stream.
    #[track_caller]
    pub(crate) fn says(&self, word: &str) -> &Self {
        assert!(self.all().contains(word), "nothing is said of `{word}`:\n{}", self.all());
        self
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        let document = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON document: {error}\n{}", self.all()));
        Report(document)
    }

    fn all(&self) -> String {
        format!("stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}

/// What `check --format json` says.
#[derive(Clone, Debug)]
pub(crate) struct Report(pub(crate) Value);

impl Report {
    /// The worst verdict.
    #[track_caller]
    pub(crate) fn verdict(&self) -> &str {
        text(&self.0["verdict"])
    }

    /// The entry of one database.
    #[track_caller]
    pub(crate) fn database(&self, name: &str) -> &Value {
        let databases = self.0["databases"].as_array().expect("a list of databases");
        databases
            .iter()
            .find(|it| it["database"] == name)
            .unwrap_or_else(|| panic!("no database {name} in {:#}", self.0))
    }

    /// The reason of a database whose verdict has to be `unknown`.
    #[track_caller]
    pub(crate) fn unknown_because(&self, name: &str) -> &str {
        let database = self.database(name);
        assert_eq!(database["verdict"], "unknown", "{database:#}");
        text(&database["reason"])
    }

    /// `kind schema.name` of every finding of a database, in order.
    #[track_caller]
    pub(crate) fn findings(&self, name: &str) -> Vec<String> {
        let findings = self.database(name)["findings"].as_array().expect("a list of findings");
        findings
            .iter()
            .map(|it| {
                // What is about the whole database has no schema and no name.
                let part = |key| it[key].as_str().unwrap_or_default();
                format!("{} {}.{}", part("kind"), part("schema"), part("name"))
            })
            .collect()
    }

    /// How long the audit of a database took by its own account: the start of the process, which a
    /// busy machine delays, is not in it.
    #[track_caller]
    pub(crate) fn duration(&self, name: &str) -> Duration {
        let milliseconds = self.evidence(name, "duration_ms").as_f64().expect("a number");
        Duration::from_secs_f64(milliseconds / 1000.0)
    }

    /// One entry of a database's evidence.
    #[track_caller]
    pub(crate) fn evidence(&self, name: &str, key: &str) -> &Value {
        &self.database(name)["evidence"][key]
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
