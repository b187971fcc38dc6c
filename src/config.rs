//! The configuration: which databases, on which schedule, told to whom.
//!
//! Two steps, never mixed. *Shape*: the file is read into [`shape`]'s structs, unknown keys and wrong
//! types are mistakes with a position. *Sense* ([`sense`]): the values are checked together and become a
//! [`Config`]; nothing downstream checks again. Both steps collect every mistake.

mod discovery;
mod ending;
mod fragment;
mod http;
mod known;
mod load;
mod period;
mod sense;
mod shape;
mod tls;
mod unregistered;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use url::Host;
use url::Url;

use crate::connection::Connection;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::incident::Life;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::policy::Policy;
use crate::reset::Pin;
use crate::reset::Thresholds;
use crate::schedule::Schedule;
use crate::secret::Secret;
use crate::yaml::Mistake;

pub use crate::connection::ConnectionDefaults;
pub use discovery::Discovery;
pub use discovery::HostRules;
pub use discovery::Placeholder;
pub use discovery::RegistrySource;
pub use discovery::Template;
pub use discovery::TenantDefaults;
pub use fragment::FragmentEntry;
pub use fragment::fragment;
pub use http::Http;
pub use http::Role;
pub use http::Token;
pub use http::TokenSource;
pub use http::TrustedProxies;
pub use known::known_schema;
pub use load::load;
pub use period::period;
pub use sense::is_name;
pub use shape::shape_schema;
pub use tls::Pem;
pub use tls::Tls;
pub use tls::TlsError;

/// The types of channel that this version knows.
pub const CHANNEL_TYPES: [&str; 7] =
    ["slack", "webhook", "pagerduty", "teams", "discord", "alertmanager", "email"];

/// A configuration that makes sense.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// SHA-256 of the bytes of the file and of what `known_file` names, and of every manifest's hash,
    /// first 16 hex digits.
    pub hash: String,
    /// In the order of the file; names are unique.
    pub databases: Vec<Arc<Database>>,
    /// Registries that name more databases; names are unique.
    pub discoveries: Vec<Arc<Discovery>>,
    pub manifests: Manifests,
    /// Files of accepted findings; what they say is under the databases.
    pub known_files: Vec<PathBuf>,
    pub channels: BTreeMap<String, Channel>,
    /// Who hears of what: routes (the last one matches everything), channels, maintenance windows.
    pub policy: Arc<Policy>,
    pub state: State,
    pub http: Http,
    /// Whether `/metrics` has series for each database.
    pub metrics_per_database: bool,
    /// How messages look, whatever the channel.
    pub messages: Messages,
    /// Who is told that the daemon itself is well.
    pub heartbeat: Option<Heartbeat>,
    /// Where messages may go.
    pub networks: Networks,
    /// The longest deploy window.
    pub deploy_max: Duration,
    pub limits: Limits,
    /// What is allowed but worth a word (`insecure: true`, an entry of `known` that ends soon).
    pub warnings: Vec<Mistake>,
    /// The names of the databases, once somebody has asked for one.
    pub names: OnceLock<HashSet<Arc<str>>>,
}

impl Config {
    /// Whether it registers a database of that name. Asked after each audit: not by a walk through a hundred
    /// thousand of them.
    #[must_use]
    pub fn has(&self, database: &str) -> bool {
        self.names
            .get_or_init(|| self.databases.iter().map(|it| Arc::from(it.name.as_str())).collect())
            .contains(database)
    }

    /// What keeps an alert from reaching anybody. `check` needs no channels, so [`load()`] accepts a
    /// file that names neither channels nor routes; the daemon does not.
    #[must_use]
    pub fn require_delivery(&self) -> Vec<Mistake> {
        undelivered(&self.path, !self.channels.is_empty(), !self.policy.routes.is_empty())
    }
}

/// The mistakes of a config without channels or without routes.
fn undelivered(path: &Path, has_channels: bool, has_routes: bool) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if !has_channels {
        let message = "there is no channel, so an alert could go nowhere";
        let help = "add one: channels: {ops: {type: slack, url: \"${SLACK_WEBHOOK_URL}\"}}";
        mistakes.push(Mistake::new(path, None, "channels", message).with_help(help));
    }
    if !has_routes {
        let message = "there is no route, so an alert could go nowhere";
        let help = "add a catch-all at the end: routes: [{to: [ops]}]";
        mistakes.push(Mistake::new(path, None, "routes", message).with_help(help));
    }
    mistakes
}

/// One registered database.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that have nothing to do with each other"
)]
#[derive(Clone, Debug)]
pub struct Database {
    pub name: String,
    pub connection: ConnectionSource,
    pub manifest: Arc<Manifest>,
    pub schedule: Schedule,
    /// No audit that nobody asked for begins sooner than this after the last one.
    pub min_interval: Duration,
    /// Whether each audit may wake a compute that is suspended when idle (Neon).
    pub scales_to_zero: bool,
    pub labels: BTreeMap<String, String>,
    /// The observer is to be there, and whole.
    pub observer: bool,
    /// The guard is to be there, and whole.
    pub guard: bool,
    /// Whatever the observer notes makes an audit at once, beside the schedule.
    pub watch: bool,
    /// What it lives on, where `server:` overrides host and port.
    pub server: Option<String>,
    /// Accepted findings of this database, beside those of its manifest: those under it, then those
    /// of `known_file`.
    pub known: Vec<Known>,
    /// Severities of this config, over those of the manifest.
    pub severities: BTreeMap<FindingKind, Severity>,
    pub limits: Limits,
    /// How long a database that was never seen populated may stay empty.
    pub provision_grace: Duration,
    /// How its incidents live.
    pub life: Life,
    /// From when on changes of its storage are told.
    pub resets: Thresholds,
    /// Which database it is, where the file says so.
    pub pin: Option<Pin>,
    /// The discovery whose registry names it; `None` where the config itself does.
    pub discovery: Option<String>,
}

/// How a database's connection is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionSource {
    /// Parsed at load.
    Parsed(Arc<Connection>),
    /// `url_file`: read and parsed at each connection. The defaults say what the text leaves open.
    File { path: PathBuf, defaults: ConnectionDefaults },
    /// A registry names it in a way that makes no sense, or its URL was not kept: every audit is
    /// `unknown`, for this reason, which holds nothing that came from elsewhere.
    Unusable { reason: Arc<str> },
}

/// One receiver of notifications.
#[derive(Clone, Debug)]
pub struct Channel {
    pub name: String,
    pub kind: ChannelKind,
    /// Whether messages may go beyond loopback without https.
    pub insecure: bool,
}

/// What a channel is, with its secrets.
#[derive(Clone, Debug)]
pub enum ChannelKind {
    /// A Slack incoming webhook, or a receiver that speaks like one.
    Slack { url: SecretSource, format: SlackFormat },
    /// A generic webhook. Each of `secrets` is `whsec_…`; without any, messages are not signed; with
    /// two, each message carries both signatures, for rotation.
    Webhook { url: SecretSource, secrets: Vec<SecretSource>, format: WebhookFormat },
    /// PagerDuty Events v2. `url` is that of its API, or of a stand-in.
    PagerDuty { url: SecretSource, routing_key: SecretSource },
    /// A Microsoft Teams workflow.
    Teams { url: SecretSource },
    /// A Discord webhook.
    Discord { url: SecretSource },
    /// A Prometheus Alertmanager, by its base URL; told again each `resend` while an incident is open.
    Alertmanager { url: SecretSource, token: Option<SecretSource>, resend: Duration },
    /// Mail, by SMTP.
    Email(Email),
}

/// How a Slack message is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlackFormat {
    /// Block Kit: Slack itself.
    Blocks,
    /// The older attachments: Mattermost and Rocket.Chat render nothing else.
    Attachments,
}

/// What a generic webhook carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// Standard Webhooks with our own body.
    Standard,
    /// The webhook body of Alertmanager, version 4.
    Alertmanager,
}

/// A mailbox to write to, and the server that takes the mail.
#[derive(Clone, Debug)]
pub struct Email {
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    /// A user and a password, where the server wants them.
    pub login: Option<(String, SecretSource)>,
    pub from: String,
    pub to: Vec<String>,
    /// PEM certificates that are trusted beside the system's store.
    pub root: Option<PathBuf>,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// STARTTLS, and nothing without it.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: on loopback, or where `insecure: true` stands beside it.
    Plain,
}

/// How messages look, whatever the channel.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The zone of the times in them.
    pub timezone: TimeZone,
    /// Where people reach the dashboard; links are made with it.
    pub external_url: Option<Url>,
}

impl Default for Messages {
    fn default() -> Self {
        Self { timezone: TimeZone::UTC, external_url: None }
    }
}

/// A monitor elsewhere that expects a sign of life.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    pub url: SecretSource,
    pub every: Duration,
    pub insecure: bool,
}

/// Networks that messages may go to, and those that they may not. Where both are empty, all may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// Where not empty, only addresses in one of these.
    pub allow: Vec<IpNet>,
    /// No address in any of these.
    pub deny: Vec<IpNet>,
}

impl Networks {
    /// Whether a message may go to this address. An IPv4 address inside an IPv6 one counts as itself.
    #[must_use]
    pub fn permit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |nets: &[IpNet]| nets.iter().any(|it| it.contains(&address));
        !within(&self.deny) && (self.allow.is_empty() || within(&self.allow))
    }
}

/// Whether `url` is on this machine, where nobody is on the way.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A secret in the config or in a mounted file that is read at each use.
#[derive(Clone, Debug)]
pub enum SecretSource {
    Inline(Secret),
    File(PathBuf),
}

/// Where the daemon keeps what it must not forget.
#[derive(Clone, Debug)]
pub struct State {
    /// The SQLite file; where `postgres` is named, only its folder is used, for the API's token.
    pub sqlite: PathBuf,
    /// The server that holds it in place of the file, for several replicas.
    pub postgres: Option<SharedState>,
    /// How long the history of audits is kept.
    pub keep_audits: Duration,
    /// How long resolved incidents and ended deliveries are kept.
    pub keep_incidents: Duration,
    /// What the URLs of a registry are encrypted with: 32 bytes, as 64 hex digits. Without it they are
    /// not kept.
    pub encryption_key: Option<Secret>,
}

/// A state that several replicas share.
#[derive(Clone, Debug)]
pub struct SharedState {
    /// How its server is reached.
    pub connection: ConnectionSource,
    /// Whose state it is.
    pub fleet: String,
    /// How long a replica that says nothing keeps what it has begun.
    pub lease: Duration,
}

/// Limits of audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Audits at one time, over all servers.
    pub concurrency: usize,
    /// Audits at one time on one server.
    pub per_server: usize,
    /// New connections to one server in each second.
    pub per_server_rate: usize,
    /// Name lookup, TCP, TLS and authentication together, for one host.
    pub connect_timeout: Duration,
    /// The whole audit, on the wall clock.
    pub audit_deadline: Duration,
    /// More relations than this make the read partial.
    pub max_relations: usize,
    /// More bytes than this from the server make the read partial.
    pub max_bytes: u64,
    /// A read replica that lags further behind makes the read partial.
    pub max_replica_lag: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        sense::DEFAULT_LIMITS
    }
}

#[cfg(test)]
mod tests;
