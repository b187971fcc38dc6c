//! Discoveries: each has one registry, a manifest, and rules that no secret gets past.

mod template;

use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;

use crate::config::ConnectionDefaults;
use crate::config::Database;
use crate::config::Discovery;
use crate::config::HostRules;
use crate::config::RegistrySource;
use crate::config::Template;
use crate::config::TenantDefaults;
use crate::config::shape;
use crate::connection::Password;
use crate::route::Pattern;
use crate::yaml::At;
use crate::yaml::Position;
use crate::yaml::nearest;

use super::Noted;
use super::check_name;
use super::database::Shared;
use super::database::password;
use super::network;
use super::own::Own;
use super::schedule::Parts;
use super::unique;

/// The share below which a registry is not believed, if the file does not say.
const DEFAULT_MIN_FRACTION: f64 = 0.8;

/// More discoveries than this are a mistake: each reads a registry on its own schedule.
const MAX_DISCOVERIES: usize = 100;

pub(super) fn all(
    file: &shape::File,
    shared: &Shared<'_>,
    databases: &[Arc<Database>],
    noted: &mut Noted,
) -> Vec<Discovery> {
    let Some(At { value: said, at, .. }) = &file.discover else { return Vec::new() };
    if said.len() > MAX_DISCOVERIES {
        noted.mistake(Some(*at), "discover", format!("more than {MAX_DISCOVERIES} entries"));
    }
    let entries = said.iter().enumerate();
    let names =
        entries.map(|(index, it)| (format!("discover[{index}].name"), &it.name, (index, it)));
    let mut all = Vec::new();
    for (index, entry) in unique(names, noted) {
        let one = One { it: entry, key: format!("discover[{index}]") };
        all.extend(one.read(file, shared, databases, noted));
    }
    all
}

/// One entry and its key.
struct One<'a> {
    it: &'a shape::Discover,
    key: String,
}

impl One<'_> {
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.key)
    }

    fn read(
        &self,
        file: &shape::File,
        shared: &Shared<'_>,
        databases: &[Arc<Database>],
        noted: &mut Noted,
    ) -> Option<Discovery> {
        let it = self.it;
        check_name(&it.name, &self.field("name"), noted);
        let template = self.template(noted);
        let source = self.source(file, databases, template, noted);
        let password =
            password(it.password_file.as_ref(), it.password_command.as_ref(), &self.key, noted);
        let hosts = HostRules {
            allow: self.allow_hosts(noted),
            unix_sockets: it.unix_sockets.as_ref().is_some_and(|it| it.value),
        };
        let root = it.sslrootcert.as_ref().map(|it| noted.file_of(it, &self.field("sslrootcert")));
        let has_password = password.is_some();
        let defaults = ConnectionDefaults {
            insecure: it.insecure.as_ref().is_some_and(|it| it.value),
            ssl_root_cert: root.or_else(|| shared.ssl_root_cert.clone()),
            // What libpq finds by itself (PGPASSWORD, ~/.pgpass) is ours too: it goes to hosts that
            // are named here, and nowhere else.
            password: match password {
                None if hosts.allow.is_empty() => Some(Password::Withheld),
                other => other,
            },
            directory: noted.directory().to_owned(),
            foreign: true,
            database: None,
            denied: self.deny_networks(noted).into(),
        };
        if let Some(Some(template)) = source.as_ref().map(Source::template) {
            self.look_at_template(template, &defaults, has_password, noted);
        } else if has_password {
            self.needs_hosts(
                "a password of this file would go to whatever host a row names",
                noted,
            );
        }
        self.look_together(file, noted);
        let schedule = Parts::refresh();
        let refresh =
            schedule.with(it.schedule.as_ref(), &self.field("schedule"), noted).schedule();
        let audits = (it.audit_schedule.as_ref(), self.field("audit_schedule"));
        let own = Own {
            manifest: &it.manifest,
            severity: it.severity.as_ref(),
            limits: it.limits.as_ref(),
            provision_grace: it.provision_grace.as_ref(),
            confirm: it.confirm.as_ref(),
            confirm_failing: it.confirm_failing.as_ref(),
            flap_window: it.flap_window.as_ref(),
            resets: it.resets.as_ref(),
            min_interval: it.min_interval.as_ref(),
            observer: it.observer.as_ref(),
            guard: it.guard.as_ref(),
            watch: it.watch.as_ref(),
        };
        let own = own.read(&self.key, shared, noted);
        let audits = shared.schedule.with(audits.0, &audits.1, noted);
        let schedule_of_sleepers = audits.clone().for_a_sleeper().schedule();
        let labels = it.labels.iter().flat_map(|it| &it.0);
        labels.clone().for_each(|(name, _)| check_name(name, &self.field("labels"), noted));
        Some(Discovery {
            name: it.name.value.clone(),
            source: source?.0,
            refresh: refresh?,
            min_fraction: self.min_fraction(noted),
            hosts,
            tenants: TenantDefaults {
                manifest: own.manifest?,
                labels: labels.map(|(name, it)| (name.value.clone(), it.value.clone())).collect(),
                schedule: audits.schedule()?,
                schedule_of_sleepers: schedule_of_sleepers?,
                min_interval: own.min_interval,
                observer: own.observer,
                guard: own.guard,
                watch: own.watch,
                severities: own.severities,
                limits: own.limits,
                provision_grace: own.provision_grace,
                life: own.life,
                resets: own.resets,
                connection: defaults,
                known: Arc::new(shared.known.entries.clone()),
            },
        })
    }

    /// Exactly one of the three, with `from` where it is about a database.
    fn source(
        &self,
        file: &shape::File,
        databases: &[Arc<Database>],
        template: Option<Template>,
        noted: &mut Noted,
    ) -> Option<Source> {
        let it = self.it;
        let given = [
            ("query", it.query.as_ref().map(|it| it.at)),
            ("databases", it.databases.as_ref().map(|it| it.at)),
            ("files", it.files.as_ref().map(|it| it.at)),
        ];
        let named: Vec<(&str, Position)> =
            given.into_iter().filter_map(|(name, at)| Some((name, at?))).collect();
        let [(name, _)] = named.as_slice() else {
            let (at, message) = match named.as_slice() {
                [] => (it.name.at, "`query`, `databases` or `files` is required".to_owned()),
                [(one, _), (other, at), ..] => (*at, format!("`{one}` and `{other}` together")),
                [_] => return None,
            };
            noted.mistake_help(Some(at), &self.key, message, "keep one of the three");
            return None;
        };
        let from = self.from(name, file, databases, noted);
        let source = match (&it.query, &it.databases, &it.files) {
            (Some(query), _, _) => {
                let sql = self.query(query, noted);
                RegistrySource::Query { from: from?, sql: sql?, template }
            }
            (_, Some(said), _) => {
                let list = |said: Option<&At<shape::Words>>| {
                    let words = said.map(At::each).unwrap_or_default();
                    words.iter().map(|it| Pattern::new(&it.value)).collect::<Vec<_>>()
                };
                let (include, exclude) =
                    (list(said.value.include.as_ref()), list(said.value.exclude.as_ref()));
                RegistrySource::Databases { from: from?, include, exclude }
            }
            (_, _, Some(files)) => self.files(files, template, noted)?,
            _ => return None,
        };
        Some(Source(source))
    }

    fn from(
        &self,
        kind: &str,
        file: &shape::File,
        databases: &[Arc<Database>],
        noted: &mut Noted,
    ) -> Option<Arc<Database>> {
        match (&self.it.from, kind) {
            (Some(from), "files") => {
                let help = "take it out: files name their databases by themselves";
                noted.mistake_help(
                    Some(from.at),
                    self.field("from"),
                    "is of no use with `files`",
                    help,
                );
                None
            }
            (None, "files") => None,
            (None, _) => {
                let message = format!("`from` is required: the database that `{kind}` is asked of");
                noted.mistake(Some(self.it.name.at), &self.key, message);
                None
            }
            (Some(from), _) => {
                let found = databases.iter().find(|it| it.name == from.value).map(Arc::clone);
                // One with a mistake of its own is there all the same.
                let names = || file.databases.value.iter().map(|it| it.name.value.as_str());
                if found.is_none() && !names().any(|it| it == from.value) {
                    let near = nearest(&from.value, names());
                    noted.no_such(from, &self.field("from"), "database", near);
                }
                found
            }
        }
    }

    /// The query without the semicolon that may end it.
    fn query(&self, said: &At<String>, noted: &mut Noted) -> Option<String> {
        let sql = said.value.trim().trim_end_matches(|it: char| it == ';' || it.is_whitespace());
        if sql.is_empty() {
            noted.mistake(Some(said.at), self.field("query"), "must not be empty");
            return None;
        }
        Some(sql.to_owned())
    }

    fn files(
        &self,
        said: &At<String>,
        template: Option<Template>,
        noted: &mut Noted,
    ) -> Option<RegistrySource> {
        let key = self.field("files");
        let path = noted.path_of(said, &key);
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        let globs = folder.to_string_lossy().contains(['*', '?']);
        if name.is_empty() || globs {
            let message = "`*` and `?` may stand in the last part of the path alone";
            noted.mistake_help(Some(said.at), key, message, "for example: tenants/*.yaml");
            return None;
        }
        if !folder.is_dir() {
            noted.mistake(Some(said.at), key, format!("there is no folder for {}", said.shown()));
        }
        Some(RegistrySource::Files { folder, name: Pattern::new(name), template })
    }

    /// Keys that are of no use together, and URLs that will not outlive a restart.
    fn look_together(&self, file: &shape::File, noted: &mut Noted) {
        let it = self.it;
        if it.databases.is_some() {
            let useless = [
                ("url_template", it.url_template.as_ref().map(|it| it.at)),
                ("allow_hosts", it.allow_hosts.as_ref().map(|it| it.at)),
                ("password_file", it.password_file.as_ref().map(|it| it.at)),
                ("password_command", it.password_command.as_ref().map(|it| it.at)),
            ];
            for (name, at) in useless {
                if let Some(at) = at {
                    let message = "is of no use with `databases`, which are reached as `from` is";
                    noted.mistake_help(Some(at), self.field(name), message, "take it out");
                }
            }
            return;
        }
        let by_url = it.url_template.is_none() && (it.query.is_some() || it.files.is_some());
        let has_key = file.state.as_ref().is_some_and(|it| it.encryption_key_file.is_some());
        if by_url && !has_key {
            let message = "its URLs are not kept over a restart: while the registry cannot be read then, \
                           its databases are `unknown`; `state.encryption_key_file` would keep them";
            noted.warning(it.name.at, &self.field("name"), message);
        }
    }

    fn allow_hosts(&self, noted: &mut Noted) -> Vec<String> {
        let Some(said) = &self.it.allow_hosts else { return Vec::new() };
        let key = self.field("allow_hosts");
        if said.value.is_empty() {
            let message = "allows nothing, so no database could be reached";
            noted.mistake_help(Some(said.at), &key, message, "leave it out to allow every host");
        }
        let mut hosts = Vec::new();
        for (index, host) in said.value.iter().enumerate() {
            let name = host.value.strip_prefix("*.").unwrap_or(&host.value);
            let plain =
                |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | ':');
            if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
                let message = format!("{} is no host", host.shown());
                let help = "write a host as URLs do, or `*.example.com` for every host below it";
                noted.mistake_help(Some(host.at), format!("{key}[{index}]"), message, help);
            }
            hosts.push(host.value.to_ascii_lowercase());
        }
        hosts
    }

    fn deny_networks(&self, noted: &mut Noted) -> Vec<IpNet> {
        network::list(self.it.deny_networks.as_ref(), &self.field("deny_networks"), noted)
    }

    fn min_fraction(&self, noted: &mut Noted) -> f64 {
        let Some(said) = &self.it.min_fraction else { return DEFAULT_MIN_FRACTION };
        if !(0.0..=1.0).contains(&said.value) {
            noted.mistake(Some(said.at), self.field("min_fraction"), "must be from 0 to 1");
        }
        said.value
    }
}

/// A registry whose parts are there.
struct Source(RegistrySource);

impl Source {
    fn template(&self) -> Option<&Template> {
        match &self.0 {
            RegistrySource::Query { template, .. } | RegistrySource::Files { template, .. } => {
                template.as_ref()
            }
            RegistrySource::Databases { .. } => None,
        }
    }
}
