//! One row of a registry: what its columns say, and how it leads to a database.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use super::Parts;
use super::Way;
use crate::config::Discovery;
use crate::config::FragmentEntry;
use crate::config::Placeholder;
use crate::config::RegistrySource;
use crate::config::is_name;
use crate::secret::Secret;

/// The longest value of a label, in bytes; and how many labels a row may have.
const LABEL_BYTES_MAX: usize = 200;
const LABELS_MAX: usize = 50;

/// One row, as the registry has it. Everything in it is somebody else's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub(super) name: Option<String>,
    url: Option<Secret>,
    parts: Parts,
    pub(super) manifest: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    /// What is wrong with it, whatever its name is.
    pub(super) spoilt: Option<&'static str>,
}

impl Row {
    /// A row in JSON, by column. Columns that no row needs are passed over.
    #[must_use]
    pub fn read(columns: &Map<String, Value>) -> Self {
        let mut spoilt = None;
        let mut text = |name: &str| match columns.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()).filter(|it| !it.is_empty()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => {
                spoilt = Some("one of its columns holds something else than a text");
                None
            }
        };
        let mut row = Self {
            name: text("name"),
            url: text("url").map(Secret::new),
            parts: Parts {
                host: text("host"),
                port: text("port"),
                dbname: text("dbname"),
                user: text("user"),
            },
            manifest: text("manifest"),
            ..Self::default()
        };
        row.spoilt = spoilt;
        match columns.get("labels") {
            None | Some(Value::Null) => {}
            Some(labels) => match labels_of(labels) {
                Some(labels) => row.labels = labels,
                None => row.spoilt = Some("its `labels` are no object of texts"),
            },
        }
        row
    }

    /// A database of a server.
    #[must_use]
    pub fn of_server(dbname: String) -> Self {
        let parts = Parts { dbname: Some(dbname.clone()), ..Parts::default() };
        Self { name: Some(dbname), parts, ..Self::default() }
    }

    /// A row that is not even text.
    #[must_use]
    pub fn undecodable() -> Self {
        Self { spoilt: Some("its row is not text"), ..Self::default() }
    }

    /// What is wrong with what it says beside its name and its way.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let fits =
            |(name, value): (&String, &String)| is_name(name) && value.len() <= LABEL_BYTES_MAX;
        let labels_fit = self.labels.len() <= LABELS_MAX && self.labels.iter().all(fits);
        self.spoilt.or_else(|| {
            (!labels_fit).then_some("its `labels` have names or values that labels may not have")
        })
    }

    /// How it leads to its database: by what the template has places for, or by its URL.
    pub(super) fn way(&self, discovery: &Discovery) -> Result<Way, String> {
        if matches!(discovery.source, RegistrySource::Databases { .. }) {
            return Ok(Way::Parts(self.parts.clone()));
        }
        let Some(template) = discovery.template() else {
            let url = self.url.clone().ok_or("its row has no `url`")?;
            return Ok(Way::Url(url));
        };
        for placeholder in template.placeholders() {
            let (value, is_good): (_, fn(&str) -> bool) = match placeholder {
                Placeholder::Name => continue,
                Placeholder::Host => (&self.parts.host, is_host),
                Placeholder::Port => {
                    (&self.parts.port, |it| it.parse::<u16>().is_ok_and(|it| it > 0))
                }
                Placeholder::Dbname => (&self.parts.dbname, |it| !it.contains('\0')),
                Placeholder::User => (&self.parts.user, |it| !it.contains('\0')),
            };
            match value {
                None => return Err(format!("its row has no `{}`", placeholder.word())),
                Some(value) if !is_good(value) => {
                    return Err(format!("its `{}` is none", placeholder.word()));
                }
                Some(_) => {}
            }
        }
        Ok(Way::Parts(self.parts.clone()))
    }
}

impl From<FragmentEntry> for Row {
    fn from(it: FragmentEntry) -> Self {
        Self {
            name: it.name,
            url: it.url,
            parts: Parts { host: it.host, port: it.port, dbname: it.dbname, user: it.user },
            manifest: it.manifest,
            labels: it.labels.into_iter().collect(),
            spoilt: None,
        }
    }
}

/// An object of texts, in JSON or as a text of JSON.
fn labels_of(value: &Value) -> Option<BTreeMap<String, String>> {
    let parsed: Value;
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) => {
            parsed = serde_json::from_str(text).ok()?;
            parsed.as_object()?
        }
        _ => return None,
    };
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        Value::Bool(flag) => Some((name.clone(), flag.to_string())),
        _ => None,
    };
    object.iter().map(one).collect()
}

/// A host name or an address; nothing that means something else in a URL.
fn is_host(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
    let is_address = text.parse::<std::net::Ipv6Addr>().is_ok();
    is_address || (!text.is_empty() && text.len() <= 255 && text.chars().all(plain))
}
