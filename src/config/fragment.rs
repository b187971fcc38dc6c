//! A file of tenants: what a discovery by `files` reads, anew at each refresh.

use std::path::Path;

use serde::Deserialize;

use crate::secret::Secret;
use crate::yaml;
use crate::yaml::At;
use crate::yaml::Entries;
use crate::yaml::Position;

/// The shape of such a file. No `Debug`: values may be secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fragment {
    databases: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    url: Option<String>,
    host: Option<String>,
    port: Option<u32>,
    dbname: Option<String>,
    user: Option<String>,
    manifest: Option<String>,
    labels: Option<Entries<At<String>>>,
}

/// One database of a file, as it names it.
#[derive(Clone, Debug)]
pub struct FragmentEntry {
    pub name: Option<String>,
    pub url: Option<Secret>,
    pub host: Option<String>,
    pub port: Option<String>,
    pub dbname: Option<String>,
    pub user: Option<String>,
    pub manifest: Option<String>,
    pub labels: Vec<(String, String)>,
}

/// Reads a file of tenants, with `${VAR}` replaced as in the config.
///
/// # Errors
///
/// Where the first mistake is, and nothing of what stands there: it may be a secret.
pub fn fragment(
    path: &Path,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<FragmentEntry>, Option<Position>> {
    let (read, mistakes) = yaml::read_noting::<Fragment>(path, text, Some(env));
    if let Some(first) = mistakes.first() {
        return Err(first.at);
    }
    let entries = read.map(|it| it.databases).ok_or(None)?;
    Ok(entries.into_iter().map(Entry::taken).collect())
}

impl Entry {
    fn taken(self) -> FragmentEntry {
        let labels = self.labels.into_iter().flat_map(|it| it.0);
        FragmentEntry {
            name: self.name,
            url: self.url.map(Secret::new),
            host: self.host,
            port: self.port.map(|it| it.to_string()),
            dbname: self.dbname,
            user: self.user,
            manifest: self.manifest,
            labels: labels.map(|(name, value)| (name.value, value.value)).collect(),
        }
    }
}
