//! The shape of the config file: which keys there are and what type of value each takes. What the
//! values mean together is the business of [`super::sense`].
//!
//! One flat struct for all kinds of channel, and no `tag`, `untagged` or `flatten`: those forget
//! positions and valid keys. No `Debug`: values may be secrets. The comments on the keys are the
//! descriptions in the JSON Schema.

mod channel;
mod command;
mod database;
mod discover;
mod http;
mod limits;
mod maintenance;
mod resets;
mod route;
mod words;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::yaml::At;
use crate::yaml::Entries;

use super::period::Period;

pub(super) use channel::Channel;
pub(super) use command::PasswordCommand;
pub(super) use database::Database;
pub(super) use discover::Discover;
pub(super) use http::Http;
pub(super) use http::Tls;
pub(super) use http::Token;
pub(super) use http::TrustedProxies;
pub(super) use limits::Limits;
pub(super) use limits::OwnLimits;
pub(super) use maintenance::DAYS;
pub(super) use maintenance::Maintenance;
pub(super) use maintenance::Once;
pub(super) use maintenance::Weekly;
pub(super) use resets::Identity;
pub(super) use resets::Resets;
pub(super) use route::Match;
pub(super) use route::Route;
pub(super) use words::Words;

/// A key of a later version: accepted by its shape, so that it can be refused by its name.
pub(super) type Later = Option<At<IgnoredAny>>;

/// Which databases are audited, on which schedule, against what, and who is told.
#[expect(clippy::struct_field_names, reason = "`known_file` is what the key is called")]
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Schemawarden configuration")]
pub(super) struct File {
    /// What holds for every database that does not say otherwise.
    pub(super) defaults: Option<Defaults>,
    /// The folder of the manifests, `*.yaml`, relative to this file. Default: `expected-schemas`.
    pub(super) manifests: Option<At<String>>,
    /// Where the daemon keeps what it must not forget.
    pub(super) state: Option<State>,
    /// How long history is kept.
    pub(super) retention: Option<Retention>,
    /// The HTTP endpoint: health and the API.
    pub(super) http: Option<Http>,
    /// What `/metrics` tells.
    pub(super) metrics: Option<Metrics>,
    /// Limits of audits.
    pub(super) limits: Option<Limits>,
    /// The databases to audit.
    pub(super) databases: At<Vec<Database>>,
    /// Accepted findings in files of their own: one path or a list, relative to this file. Each holds
    /// lists of entries by the name of their database, beside those under `known` there.
    /// `schemawarden baseline` prints one.
    pub(super) known_file: Option<At<Words>>,
    /// Where notifications go, by name.
    pub(super) channels: Option<At<Entries<Channel>>>,
    /// Which notifications go to which channels. A catch-all is mandatory.
    pub(super) routes: Option<At<Vec<Route>>>,
    /// Times in which notifications are held back.
    pub(super) maintenance: Option<At<Vec<Maintenance>>>,
    /// Deploy windows.
    pub(super) deploy: Option<Deploy>,
    /// How messages look, whatever the channel.
    pub(super) messages: Option<Messages>,
    /// Where messages may go.
    pub(super) networks: Option<Networks>,
    /// A monitor elsewhere that expects a sign of life.
    pub(super) heartbeat: Option<At<Heartbeat>>,
    /// Registries that name more databases: a table, a server, files.
    pub(super) discover: Option<At<Vec<Discover>>>,
    /// Likely words for what `networks` holds, so that they are refused with the right ones.
    #[schemars(skip)]
    pub(super) allow_networks: Later,
    #[schemars(skip)]
    pub(super) deny_networks: Later,
}

/// What `/metrics` tells.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    /// Two series for each database, too: when it was last read whole, and how many findings count. Without
    /// them there are fewer than 400 series, however many databases. Default: false.
    pub(super) per_database: Option<At<bool>>,
}

/// What holds for every database that does not say otherwise.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    /// When databases are audited.
    pub(super) schedule: Option<Schedule>,
    /// A file of PEM certificates that are trusted beside the system's store.
    pub(super) sslrootcert: Option<At<String>>,
    /// How long a database that was never seen populated may stay empty before that is drift.
    /// Default: `15m`.
    pub(super) provision_grace: Option<At<Period>>,
    /// So many audits in a row have to see a finding before it opens an incident or joins one.
    /// Default: 1.
    #[schemars(range(min = 1, max = 10))]
    pub(super) confirm: Option<At<usize>>,
    /// So many audits in a row that could not tell open an `audit_failing` incident. Default: 3.
    #[schemars(range(min = 1, max = 100))]
    pub(super) confirm_failing: Option<At<usize>>,
    /// What returns within this time of having gone is the same incident, told once as flapping;
    /// `0s` switches that off. Default: `10m`.
    pub(super) flap_window: Option<At<Period>>,
    /// From when on a database is told to have been reset or emptied.
    pub(super) resets: Option<Resets>,
}

/// When a database is audited: `cron` or `every`. What is left out is taken from the defaults.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    /// A cron line: five fields, six with seconds first, or `@hourly` and its like. Default:
    /// `*/5 * * * *`.
    pub(super) cron: Option<At<String>>,
    /// A fixed period instead of a cron line: `30s`, `5m`.
    pub(super) every: Option<At<Period>>,
    /// The IANA time zone of the cron line. Default: `UTC`.
    pub(super) timezone: Option<At<String>>,
    /// Databases on one schedule are spread over this time, at most a tenth of the interval.
    /// Default: `30s`.
    pub(super) splay: Option<At<Period>>,
}

/// Where the daemon keeps what it must not forget.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// The SQLite file, relative to this file. Default: `schemawarden.db`.
    pub(super) sqlite: Option<At<String>>,
    /// A file of 32 bytes, in hex or base64, that only its owner may read: with it the URLs of
    /// registries are kept, encrypted, over a restart. `openssl rand -hex 32` makes one.
    pub(super) encryption_key_file: Option<At<String>>,
    /// In place of `sqlite`: the connection to a PostgreSQL database of its own, which several replicas
    /// share. URL or libpq keywords, as under `databases`; not through a pooler in transaction mode.
    pub(super) postgres: Option<At<String>>,
    /// A file that holds it.
    pub(super) postgres_file: Option<At<String>>,
    /// With `postgres`: what this fleet is called. A state that belongs to another fleet is refused. Default:
    /// `default`.
    pub(super) fleet: Option<At<String>>,
    /// With `postgres`: how long a replica that says nothing keeps the audits and deliveries that it has begun.
    /// Longer than every `audit_deadline`. Default: the longest of them and 15 s.
    pub(super) lease: Option<At<Period>>,
    /// As under `databases`.
    pub(super) password_file: Option<At<String>>,
    /// As under `databases`.
    pub(super) password_command: Option<At<PasswordCommand>>,
    /// As under `databases`.
    pub(super) sslrootcert: Option<At<String>>,
    /// As under `databases`.
    pub(super) insecure: Option<At<bool>>,
}

/// How long history is kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    /// Audits that found nothing new. Default: `30d`.
    pub(super) audits: Option<At<Period>>,
    /// Resolved incidents and ended deliveries. Default: `365d`.
    pub(super) incidents: Option<At<Period>>,
}

/// Deploy windows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Deploy {
    /// The longest one. Default: `4h`.
    pub(super) max: Option<At<Period>>,
}

/// How messages look, whatever the channel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages {
    /// The IANA time zone of the times in them. Default: `UTC`.
    pub(super) timezone: Option<At<String>>,
}

/// Where messages may go. Checked on the address that a receiver's name stands for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Networks {
    /// Only to addresses in one of these networks. Default: to all.
    pub(super) allow: Option<At<Vec<At<String>>>>,
    /// To no address in any of these networks, be it allowed or not.
    pub(super) deny: Option<At<Vec<At<String>>>>,
}

/// A monitor elsewhere that raises an alarm when the daemon's sign of life does not come.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Heartbeat {
    /// Pinged while all is well; with `/fail` behind it while not. This or `url_file`.
    pub(super) url: Option<At<String>>,
    /// A file that holds the URL, reread at each ping.
    pub(super) url_file: Option<At<String>>,
    /// How often. Default: `1m`.
    pub(super) every: Option<At<Period>>,
    /// Accept a URL beyond loopback without https. Default: false.
    pub(super) insecure: Option<At<bool>>,
}

/// The JSON Schema of the config file, for editors.
#[must_use]
pub fn shape_schema() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>().into()
}
