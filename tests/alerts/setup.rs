//! The text of a config with several channels, routes and sections, and databases to go with it.

use std::fmt::Write;

use crate::support::daemon::TestDaemon;
use crate::support::fixtures;
use crate::support::fixtures::CENTRAL;
use crate::support::postgres::TestDatabase;
use crate::support::postgres::free_port;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;

/// What a route says where a test does not want to wait for a group.
pub(super) const PROMPT: &str = "group_wait: 0s, group_interval: 0s";

/// What a database says that is registered under several names on purpose.
pub(super) const TWINS: &str = "severity: { same_database: info }";

/// A `config.yaml` in parts. Its port is fixed, so that commands find the daemon through the config.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    every: String,
    defaults: String,
    http: String,
    port: u16,
    databases: String,
    channels: String,
    routes: String,
    more: String,
}

impl Setup {
    /// No database and no channel yet; audits each second.
    pub(super) fn new() -> Self {
        Self {
            every: "1s".to_owned(),
            defaults: String::new(),
            http: String::new(),
            port: free_port(),
            databases: String::new(),
            channels: String::new(),
            routes: String::new(),
            more: String::new(),
        }
    }

    /// The schedule of every database.
    pub(super) fn every(mut self, period: &str) -> Self {
        period.clone_into(&mut self.every);
        self
    }

    /// One more key of `defaults`: `flap_window: 3s`.
    pub(super) fn defaults(mut self, key: &str) -> Self {
        writeln!(self.defaults, "  {key}").expect("a String");
        self
    }

    /// One more key of `http`.
    pub(super) fn http(mut self, key: &str) -> Self {
        writeln!(self.http, "  {key}").expect("a String");
        self
    }

    /// One more database, with more keys: `labels: { team: red }`.
    pub(super) fn database(mut self, name: &str, url: &str, manifest: &str, more: &str) -> Self {
        let comma = if more.is_empty() { "" } else { ", " };
        writeln!(
            self.databases,
            "  - {{ name: {name}, url: \"{url}\", manifest: {manifest}{comma}{more} }}"
        )
        .expect("a String");
        self
    }

    /// `count` databases `p01`, `p02`, … that are one physical database.
    pub(super) fn many(self, count: usize, url: &str, manifest: &str, more: &str) -> Self {
        let comma = if more.is_empty() { "" } else { ", " };
        let more = &format!("{more}{comma}{TWINS}");
        (1..=count).fold(self, |it, number| it.database(&numbered(number), url, manifest, more))
    }

    /// One more channel.
    pub(super) fn channel(mut self, name: &str, yaml: &str) -> Self {
        writeln!(self.channels, "  {name}: {yaml}").expect("a String");
        self
    }

    /// One more channel: a webhook that `receiver` gets.
    pub(super) fn hook(self, name: &str, receiver: &Receiver) -> Self {
        let yaml = format!("{{ type: webhook, url: \"{}\" }}", receiver.url());
        self.channel(name, &yaml)
    }

    /// One more route: `to: [ops]`. Where none is named, everything goes to `ops` at once.
    pub(super) fn route(mut self, yaml: &str) -> Self {
        writeln!(self.routes, "  - {{ {yaml} }}").expect("a String");
        self
    }

    /// More top-level sections.
    pub(super) fn more(mut self, yaml: &str) -> Self {
        writeln!(self.more, "{yaml}").expect("a String");
        self
    }

    /// Other words everywhere in databases and channels.
    pub(super) fn replace(mut self, old: &str, new: &str) -> Self {
        self.databases = self.databases.replace(old, new);
        self.channels = self.channels.replace(old, new);
        self
    }

    /// A workspace with this config and manifest `central`.
    pub(super) fn workspace(&self) -> Workspace {
        // A login sets it: `baseline` names who answers for what it accepts.
        Workspace::new().env("USER", "ann").manifest("central", &central_manifest()).config(self)
    }

    /// The daemon with this config and manifest `central`.
    pub(super) async fn start(&self) -> TestDaemon {
        TestDaemon::start(self.workspace()).await
    }
}

impl std::fmt::Display for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { every, defaults, http, port, databases, channels, routes, more } = self;
        let otherwise = format!("  - {{ to: [ops], {PROMPT} }}\n");
        let routes = if routes.is_empty() { &otherwise } else { routes };
        write!(
            f,
            "defaults:\n  schedule: {{ every: {every}, splay: 0s }}\n{defaults}\
             manifests: expected-schemas\n\
             state: {{ sqlite: schemawarden.db }}\n\
             http:\n  listen: \"127.0.0.1:{port}\"\n{http}\
             limits: {{ connect_timeout: 2s, audit_deadline: 5s }}\n\
             databases:\n{databases}\
             channels:\n{channels}\
             routes:\n{routes}\
             {more}"
        )
    }
}

/// The name of one of [`Setup::many`].
pub(super) fn numbered(number: usize) -> String {
    format!("p{number:02}")
}

/// The manifest of the four tables.
pub(super) fn central_manifest() -> String {
    fixtures::manifest("central", &CENTRAL)
}

/// A manifest of the four tables without those in `less` and with those in `more`.
pub(super) fn changed_manifest(less: &[&str], more: &[&str]) -> String {
    let tables = CENTRAL.iter().filter(|it| !less.contains(it)).chain(more);
    fixtures::manifest("central", &tables.copied().collect::<Vec<_>>())
}

/// Creates tables in one transaction.
pub(super) async fn create(database: &TestDatabase<'_>, tables: &[&str]) {
    fixtures::create_tables(database, tables).await;
}

/// Drops tables in one transaction.
pub(super) async fn drop_tables(database: &TestDatabase<'_>, tables: &[&str]) {
    let names: Vec<String> = tables.iter().map(|it| format!("public.\"{it}\"")).collect();
    database.execute(&format!("drop table {}", names.join(", "))).await;
}

/// Gives the running daemon another config and waits until it has it.
pub(super) async fn reload(daemon: &mut TestDaemon, setup: &Setup) {
    daemon.workspace().rewrite("config.yaml", &setup.to_string());
    read_again(daemon).await;
}

/// Makes the running daemon read its config and manifests again.
pub(super) async fn read_again(daemon: &mut TestDaemon) {
    daemon.sighup();
    daemon.wait_for_log("the reload", |it| it.to_string().contains("reloaded")).await;
}
