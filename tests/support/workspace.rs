//! A directory with a config, manifests and state, in which the real binary is run.

use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use super::process::TEMPORARY;

/// One run's directory: config, manifests, state, home. Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Workspace {
    directory: TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Workspace {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("schemawarden-test-")
            .tempdir_in(TEMPORARY)
            .expect("a temporary directory can be made");
        Self { directory, environment: Vec::new() }
    }

    /// Where it is; the binary's working directory and home.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes `config.yaml`.
    pub(crate) fn config(self, config: &(impl ToString + ?Sized)) -> Self {
        self.rewrite("config.yaml", &config.to_string());
        self
    }

    /// Writes the manifest file `expected-schemas/NAME.yaml`.
    pub(crate) fn manifest(self, name: &str, yaml: &str) -> Self {
        self.rewrite(&format!("expected-schemas/{name}.yaml"), yaml);
        self
    }

    /// Sets a variable for every run.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Writes any file, private to us; returns its path.
    pub(crate) fn rewrite(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        let parent = path.parent().expect("a file in the workspace");
        fs::create_dir_all(parent).expect("our own directory");
        fs::write(&path, text).expect("our own file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
        path
    }

    /// The real binary with `arguments`. Of our environment it gets `PATH` alone; killed when the
    /// handle is dropped.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_schemawarden"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// The text of a `config.yaml`, with limits that suit a test and every mandatory part in place.
#[derive(Clone, Debug)]
pub(crate) struct ConfigText {
    schedule: String,
    limits: String,
    state: String,
    databases: String,
    channel: String,
}

impl ConfigText {
    /// No database yet, an hourly schedule, and a channel where nobody listens.
    pub(crate) fn new() -> Self {
        Self {
            schedule: "{ every: 1h, splay: 0s }".to_owned(),
            limits: "{ connect_timeout: 2s, audit_deadline: 3s }".to_owned(),
            state: "{ sqlite: schemawarden.db }".to_owned(),
            databases: String::new(),
            channel: slack("http://127.0.0.1:9/services/nobody"),
        }
    }

    /// One more database; its manifest has this name too.
    pub(crate) fn database(self, name: &str, url: &str, manifest: &str) -> Self {
        self.database_with(name, url, manifest, "")
    }

    /// One more database with more keys: `, insecure: true`.
    pub(crate) fn database_with(
        mut self,
        name: &str,
        url: &str,
        manifest: &str,
        more: &str,
    ) -> Self {
        // JSON strings are YAML's double-quoted strings.
        let url = serde_json::Value::from(url);
        let databases = &mut self.databases;
        writeln!(databases, "  - {{ name: {name}, url: {url}, manifest: {manifest}{more} }}")
            .expect("a String");
        self
    }

    /// The schedule of every database: `1s`.
    pub(crate) fn every(mut self, period: &str) -> Self {
        self.schedule = format!("{{ every: {period}, splay: 0s }}");
        self
    }

    /// All limits: `{ audit_deadline: 1s }`.
    pub(crate) fn limits(mut self, limits: &str) -> Self {
        limits.clone_into(&mut self.limits);
        self
    }

    /// The state file.
    pub(crate) fn state(mut self, path: &Path) -> Self {
        self.state = format!("{{ sqlite: {} }}", serde_json::Value::from(path.to_string_lossy()));
        self
    }

    /// The one channel is a Slack webhook at `url`.
    pub(crate) fn slack(mut self, url: &str) -> Self {
        self.channel = slack(url);
        self
    }

    /// The one channel is a Standard Webhook at `url`, signed with `secret`.
    pub(crate) fn webhook(mut self, url: &str, secret: &str) -> Self {
        self.channel = format!("{{ type: webhook, url: \"{url}\", secret: \"{secret}\" }}");
        self
    }
}

fn slack(url: &str) -> String {
    format!("{{ type: slack, url: \"{url}\" }}")
}

impl std::fmt::Display for ConfigText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { schedule, limits, state, databases, channel } = self;
        write!(
            f,
            "defaults:\n  schedule: {schedule}\n\
             manifests: expected-schemas\n\
             state: {state}\n\
             http: {{ listen: \"127.0.0.1:0\" }}\n\
             limits: {limits}\n\
             databases:\n{databases}\
             channels:\n  ops: {channel}\n\
             routes:\n  - {{ to: [ops] }}\n"
        )
    }
}
