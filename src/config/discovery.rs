//! A discovery: where a registry is, how its rows become databases, and how far they are trusted.
//!
//! What comes from a registry is somebody else's text. [`HostRules`] says where it may lead, and a
//! secret of ours goes only to hosts that the config names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::ConnectionDefaults;
use super::Database;
use super::Limits;
use crate::connection::Connection;
use crate::connection::Endpoint;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::incident::Life;
use crate::manifest::Known;
use crate::manifest::Manifest;
use crate::reset::Thresholds;
use crate::route::Pattern;
use crate::schedule::Schedule;
use crate::secret::Secret;

/// One entry of `discover:`.
#[derive(Clone, Debug)]
pub struct Discovery {
    pub name: String,
    pub source: RegistrySource,
    /// When the registry is read.
    pub refresh: Schedule,
    /// A registry with less than this share of the last known is not believed.
    pub min_fraction: f64,
    pub hosts: HostRules,
    /// What holds for each of its databases.
    pub tenants: TenantDefaults,
}

/// Where a registry is.
#[derive(Clone, Debug)]
pub enum RegistrySource {
    /// The rows of a query in a registered database.
    Query { from: Arc<Database>, sql: String, template: Option<Template> },
    /// The databases of the server of a registered database, by name. Each is reached as that one is.
    Databases { from: Arc<Database>, include: Vec<Pattern>, exclude: Vec<Pattern> },
    /// The entries of files whose name matches.
    Files { folder: PathBuf, name: Pattern, template: Option<Template> },
}

impl Discovery {
    /// The registered database that holds the registry; files hold theirs by themselves.
    #[must_use]
    pub fn from(&self) -> Option<&Arc<Database>> {
        match &self.source {
            RegistrySource::Query { from, .. } | RegistrySource::Databases { from, .. } => {
                Some(from)
            }
            RegistrySource::Files { .. } => None,
        }
    }

    /// The `url_template`, where there is one.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        match &self.source {
            RegistrySource::Query { template, .. } | RegistrySource::Files { template, .. } => {
                template.as_ref()
            }
            RegistrySource::Databases { .. } => None,
        }
    }
}

/// What holds for every database of a registry, unless its row says otherwise.
#[derive(Clone, Debug)]
pub struct TenantDefaults {
    pub manifest: Arc<Manifest>,
    pub labels: BTreeMap<String, String>,
    pub schedule: Schedule,
    /// Of those whose compute is suspended when idle.
    pub schedule_of_sleepers: Schedule,
    /// No audit that nobody asked for begins sooner than this after the last one.
    pub min_interval: Duration,
    pub observer: bool,
    pub guard: bool,
    pub watch: bool,
    pub severities: BTreeMap<FindingKind, Severity>,
    pub limits: Limits,
    pub provision_grace: Duration,
    pub life: Life,
    pub resets: Thresholds,
    /// What the row's URL leaves open.
    pub connection: ConnectionDefaults,
    /// Accepted findings of `known_file`, by the name of a database.
    pub known: Arc<BTreeMap<String, Vec<Known>>>,
}

/// Where the URLs of a registry may lead.
#[derive(Clone, Debug, Default)]
pub struct HostRules {
    /// Host names, or `*.` and what they end with; in lower case. Empty: every host.
    pub allow: Vec<String>,
    /// Whether a Unix socket of this machine may be one.
    pub unix_sockets: bool,
}

impl HostRules {
    /// Why a connection may not be made; `None` where it may. Holds nothing of the connection.
    #[must_use]
    pub fn refusal(&self, connection: &Connection) -> Option<&'static str> {
        connection.hosts.iter().find_map(|host| match host {
            Endpoint::Unix { .. } if self.unix_sockets => None,
            Endpoint::Unix { .. } => Some(
                "its URL names a Unix socket, or no host: the discovery would need `unix_sockets: true`",
            ),
            Endpoint::Tcp { host, .. } if self.allows(host) => None,
            Endpoint::Tcp { .. } => Some("its host is not among `allow_hosts`"),
        })
    }

    fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        let fits = |allowed: &String| match allowed.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == allowed,
        };
        self.allow.is_empty() || self.allow.iter().any(fits)
    }
}

/// A piece of a row that a template has a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    Name,
    Host,
    Port,
    Dbname,
    User,
}

impl Placeholder {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Name, Self::Host, Self::Port, Self::Dbname, Self::User];

    /// The word between the braces, and the column.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Host => "host",
            Self::Port => "port",
            Self::Dbname => "dbname",
            Self::User => "user",
        }
    }
}

/// A `url_template`, in pieces.
#[derive(Clone, Debug)]
pub struct Template {
    /// May hold a secret; what follows each piece, if something does.
    pieces: Vec<(Secret, Option<Placeholder>)>,
}

impl Template {
    /// Reads a template; the word between braces that stands for nothing is the error.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').ok_or_else(|| "{".to_owned())?;
            let found = Placeholder::ALL.into_iter().find(|it| it.word() == word);
            let placeholder = found.ok_or_else(|| word.to_owned())?;
            pieces.push((Secret::new(before), Some(placeholder)));
            rest = after;
        }
        pieces.push((Secret::new(rest), None));
        Ok(Self { pieces })
    }

    /// The placeholders that it has, each once.
    #[must_use]
    pub fn placeholders(&self) -> Vec<Placeholder> {
        let mut all: Vec<_> = self.pieces.iter().filter_map(|(_, it)| *it).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The URL, with each place filled by `value`, percent-encoded so that it stays one piece. The
    /// placeholder that has no value is the error.
    pub fn fill<'v>(
        &self,
        value: impl Fn(Placeholder) -> Option<&'v str>,
    ) -> Result<Secret, Placeholder> {
        let mut url = String::new();
        for (piece, placeholder) in &self.pieces {
            url.push_str(piece.expose());
            let Some(placeholder) = *placeholder else { continue };
            let value = value(placeholder).filter(|it| !it.is_empty()).ok_or(placeholder)?;
            match placeholder {
                // An IPv6 address stands between brackets; a port is looked at before it is decoded.
                Placeholder::Host | Placeholder::Port => url.push_str(value),
                _ => url.extend(percent_encoding::utf8_percent_encode(
                    value,
                    percent_encoding::NON_ALPHANUMERIC,
                )),
            }
        }
        Ok(Secret::new(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::parse;

    #[test]
    fn only_hosts_that_are_named_are_allowed() {
        let allow = vec!["db.example".to_owned(), "*.supabase.co".to_owned()];
        let rules = HostRules { allow, unix_sockets: false };
        #[rustfmt::skip]
        let cases = [
            ("postgres://db.example/x",                       true),
            ("postgres://DB.Example./x",                      true),
            ("postgres://a.b.supabase.co/x",                  true),
            ("postgres://supabase.co/x",                      false),
            ("postgres://evilsupabase.co/x",                  false),
            ("postgres://a.supabase.co.evil.example/x",       false),
            ("postgres://db.example,evil.example/x",          false),
            ("postgres://evil.example/x?host=db.example",     true),
            ("postgres://db.example/x?host=evil.example",     false),
            ("postgres://%2Fvar%2Frun/x",                     false),
            ("host=/tmp dbname=x",                            false),
            ("dbname=x",                                      false),
        ];
        for (url, want) in cases {
            let connection = parse(url, &ConnectionDefaults::default()).unwrap();
            assert_eq!(rules.refusal(&connection).is_none(), want, "{url}");
        }
    }

    #[test]
    fn what_fills_a_template_stays_one_piece() {
        let template = Template::read("postgres://{user}:pw@{host}:{port}/{dbname}").unwrap();
        let filled = template.fill(|it| match it {
            Placeholder::Name => None,
            Placeholder::Host => Some("h.example"),
            Placeholder::Port => Some("6543"),
            Placeholder::Dbname => Some("x?sslmode=disable&host=evil.example"),
            Placeholder::User => Some("a@evil.example/"),
        });
        let url = filled.unwrap();
        let connection = parse(url.expose(), &ConnectionDefaults::default()).unwrap();
        assert_eq!(connection.hosts[0].to_string(), "h.example:6543");
        assert_eq!(connection.hosts.len(), 1);
        assert_eq!(connection.database.as_deref(), Some("x?sslmode=disable&host=evil.example"));
        assert_eq!(connection.user.as_deref(), Some("a@evil.example/"));
        assert_eq!(template.fill(|_| None).unwrap_err(), Placeholder::User);
        assert_eq!(Template::read("postgres://{hosst}/x").unwrap_err(), "hosst");
        assert_eq!(Template::read("postgres://{host/x").unwrap_err(), "{");
    }
}
