//! A directory with a config, manifests and state, in which the real binary is run.

use std::collections::BTreeMap;
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
    /// Further keys of `defaults`, one a line.
    defaults: String,
    limits: String,
    state: String,
    databases: String,
    channels: BTreeMap<String, String>,
    /// `None` is everything to every channel, at once.
    routes: Option<String>,
    /// Further sections.
    more: String,
}

/// Route keys with which each message leaves at once: what a test sees then depends on no clock.
const AT_ONCE: &str = "group_wait: 0s, group_interval: 0s";

impl ConfigText {
    /// No database yet, an hourly schedule, a channel `ops` where nobody listens, and a route that
    /// holds nothing back. A second drift is a second incident.
    pub(crate) fn new() -> Self {
        Self {
            schedule: "{ every: 1h, splay: 0s }".to_owned(),
            defaults: "  flap_window: 0s\n".to_owned(),
            limits: "{ connect_timeout: 2s, audit_deadline: 3s }".to_owned(),
            state: "{ sqlite: schemawarden.db }".to_owned(),
            databases: String::new(),
            channels: [("ops".to_owned(), slack("http://127.0.0.1:9/services/nobody"))].into(),
            routes: None,
            more: String::new(),
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

    /// The keys under `defaults` beside the schedule, instead of `flap_window: 0s`:
    /// `flap_window: 2s, confirm: 2`. Empty is what a user who writes nothing has.
    pub(crate) fn defaults(mut self, keys: &str) -> Self {
        self.defaults = keys
            .split(", ")
            .filter(|it| !it.is_empty())
            .map(|it| format!("  {it}\n"))
            .collect::<Vec<_>>()
            .concat();
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

    /// A state on the server that the variable `STATE_URL` names, so that replicas which reach it by different ways
    /// have one configuration.
    pub(crate) fn shared_state(mut self, fleet: &str, lease: &str) -> Self {
        self.state = format!("{{ postgres: \"${{STATE_URL}}\", fleet: {fleet}, lease: {lease} }}");
        self
    }

    /// The keys of `state`, as they stand.
    pub(crate) fn state_keys(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.state);
        self
    }

    /// The state keeps URLs of registries, encrypted with the key in this file.
    pub(crate) fn encryption_key(mut self, file: &str) -> Self {
        self.state = format!("{{ sqlite: schemawarden.db, encryption_key_file: {file} }}");
        self
    }

    /// The channel `ops` is a Slack webhook at `url`.
    pub(crate) fn slack(self, url: &str) -> Self {
        self.channel("ops", &slack(url))
    }

    /// The channel `ops` is a Standard Webhook at `url`, signed with `secret`.
    pub(crate) fn webhook(self, url: &str, secret: &str) -> Self {
        self.channel("ops", &format!("{{ type: webhook, url: \"{url}\", secret: \"{secret}\" }}"))
    }

    /// One more channel, or another one of this name: `{ type: teams, url: … }`. Unless
    /// [`Self::routes`] says otherwise, every channel hears of everything.
    pub(crate) fn channel(mut self, name: &str, yaml: &str) -> Self {
        self.channels.insert(name.to_owned(), yaml.to_owned());
        self
    }

    /// No channel `ops`: those of [`Self::channel`] are all that there are.
    pub(crate) fn without_ops(mut self) -> Self {
        self.channels.remove("ops");
        self
    }

    /// The routes, as a YAML list on lines of its own: `- { to: [ops], group_wait: 1s }`.
    pub(crate) fn routes(mut self, yaml: &str) -> Self {
        self.routes = Some(yaml.trim_end().to_owned());
        self
    }

    /// One more top-level section, or several: `messages: { timezone: Europe/Zurich }`.
    pub(crate) fn more(mut self, yaml: &str) -> Self {
        writeln!(self.more, "{}", yaml.trim_end()).expect("a String");
        self
    }
}

fn slack(url: &str) -> String {
    format!("{{ type: slack, url: \"{url}\" }}")
}

impl std::fmt::Display for ConfigText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { schedule, defaults, limits, state, databases, channels, routes, more } = self;
        let all: Vec<&str> = channels.keys().map(String::as_str).collect();
        let channels = channels
            .iter()
            .map(|(name, yaml)| format!("  {name}: {yaml}\n"))
            .collect::<Vec<_>>()
            .concat();
        let routes = routes
            .clone()
            .unwrap_or_else(|| format!("  - {{ to: [{}], {AT_ONCE} }}", all.join(", ")));
        // `http` is ours, for a port of its own, unless the test brings one.
        let http = if more.lines().any(|it| it.starts_with("http:")) {
            ""
        } else {
            "http: { listen: \"127.0.0.1:0\" }\n"
        };
        write!(
            f,
            "defaults:\n  schedule: {schedule}\n{defaults}\
             manifests: expected-schemas\n\
             state: {state}\n\
             {http}\
             limits: {limits}\n\
             databases:\n{databases}\
             channels:\n{channels}\
             routes:\n{routes}\n\
             {more}"
        )
    }
}
