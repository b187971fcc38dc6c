//! The shape of the config file: which keys there are and what type of value each takes. What the
//! values mean together is the business of [`super::sense`].
//!
//! One flat struct for all kinds of channel, and no `tag`, `untagged` or `flatten`: those forget
//! positions and valid keys. No `Debug`: values may be secrets. The comments on the keys are the
//! descriptions in the JSON Schema.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde::de::value::SeqAccessDeserializer;

use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::KnownEntry;
use crate::yaml::At;
use crate::yaml::Entries;

use super::period::Period;
use super::period::Size;

/// A key of a later version: accepted by its shape, so that it can be refused by its name.
pub(super) type Later = Option<At<IgnoredAny>>;

/// Which databases are audited, on which schedule, against what, and who is told.
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
    /// The HTTP endpoint: health and the reading API.
    pub(super) http: Option<Http>,
    /// Limits of audits.
    pub(super) limits: Option<Limits>,
    /// The databases to audit.
    pub(super) databases: At<Vec<Database>>,
    /// Where notifications go, by name.
    pub(super) channels: Option<At<Entries<Channel>>>,
    /// Which notifications go to which channels. A catch-all is mandatory.
    pub(super) routes: Option<At<Vec<Route>>>,
    #[schemars(skip)]
    pub(super) discover: Later,
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
    #[schemars(skip)]
    pub(super) postgres: Later,
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

/// The HTTP endpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// Address and port; loopback only. Default: `127.0.0.1:9847`.
    pub(super) listen: Option<At<String>>,
    #[schemars(skip)]
    pub(super) tokens: Later,
}

/// Limits of audits.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    /// Audits at one time, over all servers. Default: 32.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) concurrency: Option<At<usize>>,
    /// Audits at one time on one server. Default: 8.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) per_server: Option<At<usize>>,
    /// Name lookup, TCP, TLS and authentication together, for one host. Default: `5s`.
    pub(super) connect_timeout: Option<At<Period>>,
    /// The whole audit. Default: `30s`.
    pub(super) audit_deadline: Option<At<Period>>,
    /// More relations than this make a read partial. Default: 200000.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(super) max_relations: Option<At<usize>>,
    /// More bytes than this from the server make a read partial. Default: `64MiB`.
    pub(super) max_bytes: Option<At<Size>>,
}

/// Limits that a database may have of its own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnLimits {
    /// As under the top-level `limits`.
    pub(super) connect_timeout: Option<At<Period>>,
    /// As under the top-level `limits`.
    pub(super) audit_deadline: Option<At<Period>>,
    /// As under the top-level `limits`.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(super) max_relations: Option<At<usize>>,
    /// As under the top-level `limits`.
    pub(super) max_bytes: Option<At<Size>>,
}

/// One database.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Database {
    /// Its name in messages, incidents and commands; unique. Renaming it begins a new history.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,100}$"))]
    pub(super) name: At<String>,
    /// Where it is and how to log in: `postgres://…`, or libpq keywords. This or `url_file`.
    pub(super) url: Option<At<String>>,
    /// A file that holds the URL, reread at each connection.
    pub(super) url_file: Option<At<String>>,
    /// A file that holds the password, reread at each connection. Where the URL holds none.
    pub(super) password_file: Option<At<String>>,
    /// A command that prints the password: a list of words, or a map with `argv`, `timeout`, `ttl`.
    pub(super) password_command: Option<At<PasswordCommand>>,
    /// A file of PEM certificates that are trusted beside the system's store.
    pub(super) sslrootcert: Option<At<String>>,
    /// Accept `sslmode` `prefer` and `allow` to a remote host. Default: false.
    pub(super) insecure: Option<At<bool>>,
    /// What it lives on, for `per_server` and outages, where host and port do not tell.
    pub(super) server: Option<At<String>>,
    /// The manifest it is compared with, by name.
    pub(super) manifest: At<String>,
    /// When it is audited, where not as the defaults say.
    pub(super) schedule: Option<Schedule>,
    /// Free words that notifications carry and commands select by.
    pub(super) labels: Option<Entries<At<String>>>,
    /// Accepted findings, beside those of the manifest.
    pub(super) known: Option<Vec<KnownEntry>>,
    /// Severities that differ from those of the manifest, by kind of finding.
    #[serde(default)]
    #[schemars(schema_with = "severities")]
    pub(super) severity: Option<Entries<At<String>>>,
    /// As under `defaults`.
    pub(super) provision_grace: Option<At<Period>>,
    /// Limits of its own.
    pub(super) limits: Option<OwnLimits>,
}

/// One receiver of notifications.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    /// `slack` (an incoming webhook) or `webhook` (Standard Webhooks).
    #[serde(rename = "type")]
    #[schemars(schema_with = "channel_types")]
    pub(super) kind: At<String>,
    /// The receiver's URL; https, but on loopback. This or `url_file`.
    pub(super) url: Option<At<String>>,
    /// A file that holds the URL, reread at each send.
    pub(super) url_file: Option<At<String>>,
    /// For `webhook`: the key that signs messages, `whsec_` and 24 to 64 bytes in base64.
    pub(super) secret: Option<At<String>>,
    /// A file that holds the key, reread at each send.
    pub(super) secret_file: Option<At<String>>,
    /// Accept a receiver beyond loopback without https. Default: false.
    pub(super) insecure: Option<At<bool>>,
    #[schemars(skip)]
    pub(super) format: Later,
}

/// Which notifications go where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    /// Names of channels.
    pub(super) to: At<Vec<At<String>>>,
    #[serde(rename = "match")]
    #[schemars(skip)]
    pub(super) matchers: Later,
    #[serde(rename = "continue")]
    #[schemars(skip)]
    pub(super) goes_on: Later,
    #[schemars(skip)]
    pub(super) group_by: Later,
    #[schemars(skip)]
    pub(super) group_wait: Later,
    #[schemars(skip)]
    pub(super) group_interval: Later,
    #[schemars(skip)]
    pub(super) repeat_interval: Later,
}

/// A command whose first line of output is a password: a list of words, or a map.
pub(super) struct PasswordCommand(pub(super) Command);

/// A command, with what may be said beside its words.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    /// The program and its arguments; no shell is between.
    pub(super) argv: Vec<String>,
    /// How long it may take. Default: `10s`.
    pub(super) timeout: Option<At<Period>>,
    /// How long its answer is used. Default: `5m`.
    pub(super) ttl: Option<At<Period>>,
}

impl JsonSchema for PasswordCommand {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PasswordCommand".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [generator.subschema_for::<Vec<String>>(), generator.subschema_for::<Command>()],
        })
    }
}

impl<'de> Deserialize<'de> for PasswordCommand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordsOrMap;

        impl<'de> Visitor<'de> for WordsOrMap {
            type Value = PasswordCommand;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of words, or a map with `argv`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<PasswordCommand, A::Error> {
                let argv = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(PasswordCommand(Command { argv, timeout: None, ttl: None }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PasswordCommand, A::Error> {
                Command::deserialize(MapAccessDeserializer::new(map)).map(PasswordCommand)
            }
        }

        deserializer.deserialize_any(WordsOrMap)
    }
}

/// The JSON Schema of the config file, for editors.
#[must_use]
pub fn shape_schema() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>().into()
}

fn severities(_: &mut SchemaGenerator) -> Schema {
    let mut kinds = serde_json::Map::new();
    for kind in FindingKind::ALL {
        let words: Vec<_> = kind.severities().map(Severity::word).collect();
        kinds.insert(kind.word().to_owned(), serde_json::json!({ "enum": words }));
    }
    schemars::json_schema!({
        "type": ["object", "null"],
        "properties": kinds,
        "additionalProperties": false,
    })
}

fn channel_types(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "enum": super::CHANNEL_TYPES })
}
