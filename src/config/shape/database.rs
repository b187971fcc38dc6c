//! The shape of one entry of `databases:`.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use crate::config::period::Period;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::KnownEntry;
use crate::yaml::At;
use crate::yaml::Entries;

use super::Identity;
use super::OwnLimits;
use super::PasswordCommand;
use super::Resets;
use super::Schedule;

/// One database.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Database {
    /// Its name in messages, incidents and commands; unique. Renaming it begins a new history.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,100}$"))]
    pub(in crate::config) name: At<String>,
    /// Where it is and how to log in: `postgres://…`, or libpq keywords. This or `url_file`.
    pub(in crate::config) url: Option<At<String>>,
    /// A file that holds the URL, reread at each connection.
    pub(in crate::config) url_file: Option<At<String>>,
    /// A file that holds the password, reread at each connection. Where the URL holds none.
    pub(in crate::config) password_file: Option<At<String>>,
    /// A command that prints the password: a list of words, or a map with `argv`, `timeout`, `ttl`.
    pub(in crate::config) password_command: Option<At<PasswordCommand>>,
    /// A file of PEM certificates that are trusted beside the system's store.
    pub(in crate::config) sslrootcert: Option<At<String>>,
    /// Accept `sslmode` `prefer` and `allow` to a remote host. Default: false.
    pub(in crate::config) insecure: Option<At<bool>>,
    /// What it lives on, for `per_server` and outages, where host and port do not tell.
    pub(in crate::config) server: Option<At<String>>,
    /// The manifest it is compared with, by name.
    pub(in crate::config) manifest: At<String>,
    /// When it is audited, where not as the defaults say.
    pub(in crate::config) schedule: Option<Schedule>,
    /// No audit begins sooner than this after the last one, whatever calls for it, unless a person asks.
    /// Default: `0s`.
    pub(in crate::config) min_interval: Option<At<Period>>,
    /// Free words that notifications carry and commands select by.
    pub(in crate::config) labels: Option<Entries<At<String>>>,
    /// Whether the observer is installed there (`schemawarden sql observer`): then it is a finding where it is
    /// gone or switched off. Default: as `watch` says.
    pub(in crate::config) observer: Option<At<bool>>,
    /// Whether the guard is installed there (`schemawarden sql guard`): then it is a finding where it is gone.
    /// One that is there is looked at in any case. Default: false.
    pub(in crate::config) guard: Option<At<bool>>,
    /// Audit at once when the observer notes something, beside the schedule. Takes a connection that stays
    /// open, and none through a pooler in transaction mode. Default: false.
    pub(in crate::config) watch: Option<At<bool>>,
    /// Accepted findings, beside those of the manifest and of `known_file`.
    pub(in crate::config) known: Option<Vec<KnownEntry>>,
    /// Severities that differ from those of the manifest, by kind of finding.
    #[serde(default)]
    #[schemars(schema_with = "severities")]
    pub(in crate::config) severity: Option<Entries<At<String>>>,
    /// As under `defaults`.
    pub(in crate::config) provision_grace: Option<At<Period>>,
    /// As under `defaults`.
    #[schemars(range(min = 1, max = 10))]
    pub(in crate::config) confirm: Option<At<usize>>,
    /// As under `defaults`.
    #[schemars(range(min = 1, max = 100))]
    pub(in crate::config) confirm_failing: Option<At<usize>>,
    /// As under `defaults`.
    pub(in crate::config) flap_window: Option<At<Period>>,
    /// Over those of the defaults.
    pub(in crate::config) resets: Option<Resets>,
    /// Which database it is, declared.
    pub(in crate::config) identity: Option<At<Identity>>,
    /// Limits of its own.
    pub(in crate::config) limits: Option<OwnLimits>,
}

pub(super) fn severities(_: &mut SchemaGenerator) -> Schema {
    let mut kinds = serde_json::Map::new();
    for kind in FindingKind::ALL {
        let words: Vec<_> = kind.severities().map(Severity::word).collect();
        let default = kind.default_severity().word();
        let description = format!("Severity of: {}. Default: {default}.", kind.summary());
        let one = serde_json::json!({ "enum": words, "description": description });
        kinds.insert(kind.word().to_owned(), one);
    }
    schemars::json_schema!({
        "type": ["object", "null"],
        "properties": kinds,
        "additionalProperties": false,
    })
}
