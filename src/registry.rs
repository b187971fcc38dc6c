//! What a registry says, as pure rules: which databases its rows name, and whether it is to be
//! believed.
//!
//! A registry is a table that somebody may have wiped: in the incident that this project answers, it
//! was. So a registry that shrinks is suspicious: [`judge()`] keeps the last known tenants registered,
//! and says why. And a registry is somebody else's text: a row may name hosts, files and secrets that
//! are none of its business. [`tenants()`] and [`database()`] make of each row a database, or one that
//! is `unknown` for a reason; no row makes the whole discovery fail.
//!
//! **Invariant:** no reason holds a piece of a row. Where columns are swapped, a name is a URL.

mod database;
mod judge;
mod row;
mod tenants;
mod words;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::secret::Secret;

pub use database::database;
pub use database::merge;
pub use judge::Doubt;
pub use judge::Judgement;
pub use judge::Why;
pub use judge::judge;
pub use row::Row;
pub use tenants::tenants;
pub use words::Words;
pub use words::doubt;
pub use words::over;

/// One database that a registry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// A name that a database may have; a made-up one where the row has none that will do.
    pub name: String,
    /// Where it is not that of the discovery.
    pub manifest: Option<String>,
    /// Over those of the discovery.
    pub labels: BTreeMap<String, String>,
    pub way: Way,
}

impl Tenant {
    /// Whether its row has no name that will do: nobody misses one that is not there any more.
    #[must_use]
    pub fn is_nameless(&self) -> bool {
        let rest = self.name.rsplit_once(MADE_UP).map_or("", |(_, rest)| rest);
        let number = rest.strip_prefix(UNNAMED).unwrap_or_default();
        let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
        let is_digest =
            rest.len() == DIGEST_DIGITS && rest.bytes().all(|it| it.is_ascii_hexdigit());
        matches!(self.way, Way::Senseless(_)) && (is_number || is_digest)
    }
}

/// What a made-up name holds.
const MADE_UP: &str = "-row-";
/// What follows there, before a number, where the row has no name at all.
const UNNAMED: &str = "unnamed-";
/// What follows otherwise: hexadecimal digits of the name's digest.
const DIGEST_DIGITS: usize = 8;

/// How a tenant is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a URL of the registry, which is a secret.
    Url(Secret),
    /// By what the config's template, or the database of the registry, makes of these.
    Parts(Parts),
    /// Not at all: the row makes no sense, for this reason.
    Senseless(String),
    /// Not until the registry names it again: its URL was not kept over a restart, for this reason; or
    /// cannot be decrypted, and is kept as it is.
    NotKept { reason: String, sealed: Option<Vec<u8>> },
}

/// What a row says of where its database is. None of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Parts {
    pub host: Option<String>,
    pub port: Option<String>,
    pub dbname: Option<String>,
    pub user: Option<String>,
}

/// The last known tenants of one discovery, and what is known of its registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// By name.
    pub tenants: BTreeMap<String, Tenant>,
    /// Those that the registry does not name any more and that stay registered all the same.
    pub gone: BTreeSet<String>,
    /// Those that it named first while it was not believed: they say nothing of what was lost.
    pub fresh: BTreeSet<String>,
    /// Why it is not believed, while it is not.
    pub doubt: Option<Why>,
    /// So many tries in a row could not read it.
    pub failures: u32,
}

#[cfg(test)]
mod tests;
