//! The shape of one entry of `discover:`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::period::Period;
use crate::yaml::At;
use crate::yaml::Entries;

use super::OwnLimits;
use super::PasswordCommand;
use super::Resets;
use super::Schedule;
use super::Words;
use super::database::severities;

/// A registry that names databases: a query, the databases of a server, or files.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Discover {
    /// Its name in messages, incidents and commands; unique.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,100}$"))]
    pub(in crate::config) name: At<String>,
    /// The registered database that holds the registry, by name. With `query` or `databases`.
    pub(in crate::config) from: Option<At<String>>,
    /// One SELECT, with names of schemas: the columns `name` and `url`, or those that `url_template`
    /// has places for; `manifest` and `labels` (JSON) where they are there. This, `databases` or
    /// `files`.
    pub(in crate::config) query: Option<At<String>>,
    /// The databases of the server of `from`, by name; each is reached as that one is. This, `query`
    /// or `files`.
    pub(in crate::config) databases: Option<At<Databases>>,
    /// Files of entries under `databases:`, relative to this file; `*` and `?` in the last part of the
    /// path. This, `query` or `databases`.
    pub(in crate::config) files: Option<At<String>>,
    /// A URL with places for what a row says: `{name}`, `{host}`, `{port}`, `{dbname}`, `{user}`.
    pub(in crate::config) url_template: Option<At<String>>,
    /// The hosts that URLs of the registry may name, exactly or as `*.example.com`. Mandatory where a
    /// secret of this file would go to a host that the registry names.
    pub(in crate::config) allow_hosts: Option<At<Vec<At<String>>>>,
    /// Networks that no host of the registry may stand for: `169.254.0.0/16`.
    pub(in crate::config) deny_networks: Option<At<Vec<At<String>>>>,
    /// Accept Unix sockets of this machine. Default: false.
    pub(in crate::config) unix_sockets: Option<At<bool>>,
    /// The manifest of its databases, by name; a row's own goes before it.
    pub(in crate::config) manifest: At<String>,
    /// Labels of its databases; a row's own go before them.
    pub(in crate::config) labels: Option<Entries<At<String>>>,
    /// When the registry is read. Default: every `5m`.
    pub(in crate::config) schedule: Option<Schedule>,
    /// A registry with less than this share of the last known databases is not believed: they stay
    /// registered, and that is an incident. Default: 0.8.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(in crate::config) min_fraction: Option<At<f64>>,
    /// When its databases are audited, where not as the defaults say.
    pub(in crate::config) audit_schedule: Option<Schedule>,
    /// As under `databases`.
    pub(in crate::config) min_interval: Option<At<Period>>,
    /// As under `databases`: of all of them.
    pub(in crate::config) observer: Option<At<bool>>,
    /// As under `databases`: of all of them.
    pub(in crate::config) guard: Option<At<bool>>,
    /// As under `databases`: of all of them. Takes as many connections that stay open.
    pub(in crate::config) watch: Option<At<bool>>,
    /// A file that holds their password, reread at each connection. Where the URL holds none.
    pub(in crate::config) password_file: Option<At<String>>,
    /// A command that prints their password: a list of words, or a map with `argv`, `timeout`, `ttl`.
    pub(in crate::config) password_command: Option<At<PasswordCommand>>,
    /// As under `databases`.
    pub(in crate::config) sslrootcert: Option<At<String>>,
    /// As under `databases`.
    pub(in crate::config) insecure: Option<At<bool>>,
    /// As under `databases`.
    #[serde(default)]
    #[schemars(schema_with = "severities")]
    pub(in crate::config) severity: Option<Entries<At<String>>>,
    /// As under `defaults`.
    pub(in crate::config) provision_grace: Option<At<Period>>,
    /// As under `defaults`.
    #[schemars(range(min = 1, max = 10))]
    pub(in crate::config) confirm: Option<At<usize>>,
    /// As under `defaults`; as many tries in a row to read the registry open an incident, too.
    #[schemars(range(min = 1, max = 100))]
    pub(in crate::config) confirm_failing: Option<At<usize>>,
    /// As under `defaults`.
    pub(in crate::config) flap_window: Option<At<Period>>,
    /// From when on its databases are told to be reset or emptied.
    pub(in crate::config) resets: Option<Resets>,
    /// Limits of its databases.
    pub(in crate::config) limits: Option<OwnLimits>,
}

/// Which databases of a server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Databases {
    /// Names, with `*` and `?`: one or a list. Default: all.
    pub(in crate::config) include: Option<At<Words>>,
    /// Names that are left out, with `*` and `?`: one or a list.
    pub(in crate::config) exclude: Option<At<Words>>,
}
