//! What is remembered of a database's storage, and the compact form that the state keeps.
//!
//! One row a database, read before each audit, so the form is short: a table is one array. Names are kept
//! in their visible spelling, which gives back the same bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::Now;
use crate::schema::Counters;
use crate::schema::DatabaseIdentity;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::StartedAt;
use crate::schema::Statistics;
use crate::schema::Stored;

/// What is known of a database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Which one it is.
    pub identity: DatabaseIdentity,
    /// What answered in its place at the last audit.
    pub stranger: Option<DatabaseIdentity>,
    /// When its server had started.
    pub started_at: Option<StartedAt>,
    /// What the statistics said of themselves.
    pub statistics: Option<Statistics>,
    /// When this was seen.
    pub at: Timestamp,
    pub schemas: BTreeMap<Name, u32>,
    pub tables: BTreeMap<RelationName, Held>,
    /// Oldest first, as long as nobody accepted them.
    pub resets: Vec<Reset>,
    pub emptied: BTreeMap<RelationName, Emptied>,
    pub recreated: BTreeMap<RelationName, Recreated>,
}

/// About how many rows, and when that was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub count: u64,
    #[serde(with = "milliseconds")]
    pub at: Timestamp,
}

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub oid: u32,
    pub file: u64,
    /// The last that was known; statistics may have been lost since.
    pub rows: Option<Rows>,
    pub counters: Option<Counters>,
    /// It was not there, from this audit on.
    pub gone_since: Option<Timestamp>,
    /// It got a new file lately.
    pub rewritten: Option<Rewritten>,
}

/// What was known of a table before it got a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    pub at: Timestamp,
    pub rows: Option<Rows>,
    pub counters: Counters,
}

/// A reset that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The audit that saw it, and the last one before.
    #[serde(with = "milliseconds")]
    pub at: Timestamp,
    #[serde(with = "milliseconds")]
    pub since: Timestamp,
    /// Of which schemas, visible.
    pub schemas: Vec<String>,
    /// The schema itself is another one.
    pub schema_recreated: bool,
    /// How many of the known tables were built anew, and how many are gone.
    pub recreated: usize,
    pub gone: usize,
    pub of: usize,
    /// The tables that had held most, visible.
    pub held: Vec<(String, Rows)>,
    /// What all of them together had held, as far as that was known.
    pub rows_before: u64,
    /// What those that are there again hold, as far as the statistics say it already.
    pub rows_now: Option<u64>,
    /// Ledgers of migration tools that are gone, visible.
    pub ledgers: Vec<String>,
}

/// A table that lost all its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emptied {
    #[serde(with = "milliseconds")]
    pub at: Timestamp,
    #[serde(with = "milliseconds")]
    pub since: Timestamp,
    pub before: Rows,
    pub how: How,
}

/// How a table came to be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// More went than was deleted, and its file is another one.
    Truncated,
    Deleted,
    /// The same, together with every other table that had held rows.
    AllDeleted,
}

/// A table that was dropped and created again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recreated {
    #[serde(with = "milliseconds")]
    pub at: Timestamp,
    #[serde(with = "milliseconds")]
    pub since: Timestamp,
    pub before: Option<Rows>,
    pub now: Option<u64>,
}

impl Held {
    /// What is remembered of a table that was seen `at`.
    pub(super) fn of(stored: &Stored, at: Timestamp) -> Self {
        Self {
            oid: stored.oid,
            file: stored.file,
            rows: stored.rows.map(|count| Rows { count, at }),
            counters: stored.counters,
            gone_since: None,
            rewritten: None,
        }
    }

    /// What would be worth writing down, were it another one.
    fn essence(&self) -> Essence {
        Essence {
            oid: self.oid,
            file: self.file,
            holds_rows: self.rows.is_some_and(|it| it.count > 0),
            counted: self.counters.map(|it| (it.live > 0, it.inserted > 0)),
            is_gone: self.gone_since.is_some(),
            is_rewritten: self.rewritten.is_some(),
        }
    }
}

/// What of a table is more than a number that grew.
#[derive(PartialEq)]
struct Essence {
    oid: u32,
    file: u64,
    holds_rows: bool,
    /// Whether some are live, and some were inserted: by that counters are believed.
    counted: Option<(bool, bool)>,
    is_gone: bool,
    is_rewritten: bool,
}

impl Known {
    /// What the first complete audit of a database teaches.
    pub(super) fn learnt(now: &Now<'_>) -> Self {
        let watched = now.imprint.tables.iter().filter(|(name, _)| (now.watched)(name));
        Self {
            identity: now.imprint.identity.clone(),
            started_at: now.imprint.started_at,
            statistics: now.imprint.statistics.clone(),
            at: now.at,
            schemas: now.imprint.schemas.clone(),
            tables: watched.map(|(name, it)| (name.clone(), Held::of(it, now.at))).collect(),
            ..Self::default()
        }
    }

    /// Whether something was told that is not over.
    pub(super) fn holds_something(&self) -> bool {
        !(self.resets.is_empty() && self.emptied.is_empty() && self.recreated.is_empty())
    }

    /// Whether they differ in no more than counts of rows.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        (&self.identity, &self.stranger, self.started_at, &self.schemas)
            == (&other.identity, &other.stranger, other.started_at, &other.schemas)
            && (&self.resets, &self.emptied, &self.recreated)
                == (&other.resets, &other.emptied, &other.recreated)
            && self.tables.len() == other.tables.len()
            && self
                .tables
                .iter()
                .zip(&other.tables)
                .all(|((name, it), (other, that))| it.essence() == that.essence() && name == other)
    }

    /// The text that the state keeps.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Form::from(self)).unwrap_or_default()
    }

    /// Reads it back. `None` where it is of another version, or damaged: the database is learnt anew.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str::<Form<'_>>(text).ok()?.into_known()
    }
}

/// The form of [`Known`].
#[derive(Serialize, Deserialize)]
struct Form<'a> {
    identity: IdentityForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stranger: Option<IdentityForm>,
    started_at: Option<StartedAt>,
    /// Reset at, commits.
    #[serde(default)]
    statistics: Option<(Option<String>, u64)>,
    #[serde(with = "milliseconds")]
    at: Timestamp,
    schemas: Vec<(String, u32)>,
    #[serde(borrow)]
    tables: Vec<Row<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resets: Vec<Reset>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    emptied: Vec<(String, String, Emptied)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recreated: Vec<(String, String, Recreated)>,
}

/// Cluster (in decimals: JSON's readers lose digits), OID, name, major version.
#[derive(Serialize, Deserialize)]
struct IdentityForm(Option<String>, u32, String, u32);

/// Schema, name, OID, file, rows and when, counters, gone since, rewritten.
#[derive(Serialize, Deserialize)]
struct Row<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    u32,
    u64,
    Option<(u64, i64)>,
    Option<Counts>,
    Option<i64>,
    Option<RewrittenForm>,
);

/// When, rows and when, counters.
type RewrittenForm = (i64, Option<(u64, i64)>, Counts);

/// Live, inserted, deleted.
type Counts = (u64, u64, u64);

impl From<&DatabaseIdentity> for IdentityForm {
    fn from(it: &DatabaseIdentity) -> Self {
        Self(it.system.map(|it| it.to_string()), it.oid, it.name.clone(), it.major)
    }
}

impl IdentityForm {
    fn into_identity(self) -> Option<DatabaseIdentity> {
        let Self(system, oid, name, major) = self;
        let system = system.map(|it| it.parse()).transpose().ok()?;
        Some(DatabaseIdentity { system, oid, name, major })
    }
}

impl From<&Known> for Form<'_> {
    fn from(it: &Known) -> Self {
        let pair = |name: &RelationName| (name.schema.visible(), name.name.visible());
        Self {
            identity: (&it.identity).into(),
            stranger: it.stranger.as_ref().map(Into::into),
            started_at: it.started_at,
            statistics: it.statistics.clone().map(|it| (it.reset_at, it.commits)),
            at: it.at,
            schemas: it.schemas.iter().map(|(name, oid)| (name.visible(), *oid)).collect(),
            tables: it.tables.iter().map(|(name, held)| row(pair(name), held)).collect(),
            resets: it.resets.clone(),
            emptied: triples(&it.emptied),
            recreated: triples(&it.recreated),
        }
    }
}

fn triples<T: Copy>(all: &BTreeMap<RelationName, T>) -> Vec<(String, String, T)> {
    all.iter().map(|(name, it)| (name.schema.visible(), name.name.visible(), *it)).collect()
}

fn row((schema, name): (String, String), it: &Held) -> Row<'static> {
    let ms = |at: Timestamp| at.as_millisecond();
    let rows = |it: Rows| (it.count, ms(it.at));
    let counts = |it: Counters| (it.live, it.inserted, it.deleted);
    let rewritten = it.rewritten.map(|it| (ms(it.at), it.rows.map(rows), counts(it.counters)));
    let (counters, gone_since) = (it.counters.map(counts), it.gone_since.map(ms));
    Row(
        schema.into(),
        name.into(),
        it.oid,
        it.file,
        it.rows.map(rows),
        counters,
        gone_since,
        rewritten,
    )
}

impl Form<'_> {
    fn into_known(self) -> Option<Known> {
        let schemas =
            self.schemas.into_iter().map(|(name, oid)| Some((Name::parse(&name).ok()?, oid)));
        let mut schema = None;
        let tables = self.tables.into_iter().map(|it| it.into_held(&mut schema));
        Some(Known {
            identity: self.identity.into_identity()?,
            stranger: match self.stranger {
                Some(it) => Some(it.into_identity()?),
                None => None,
            },
            started_at: self.started_at,
            statistics: self.statistics.map(|(reset_at, commits)| Statistics { reset_at, commits }),
            at: self.at,
            schemas: schemas.collect::<Option<_>>()?,
            tables: tables.collect::<Option<_>>()?,
            resets: self.resets,
            emptied: named(self.emptied)?,
            recreated: named(self.recreated)?,
        })
    }
}

fn relation(schema: &str, name: &str) -> Option<RelationName> {
    Some(RelationName { schema: Name::parse(schema).ok()?, name: Name::parse(name).ok()? })
}

fn named<T>(all: Vec<(String, String, T)>) -> Option<BTreeMap<RelationName, T>> {
    all.into_iter().map(|(schema, name, it)| Some((relation(&schema, &name)?, it))).collect()
}

impl Row<'_> {
    /// `last`: the schema of the row before, which is most often this one's, too.
    fn into_held(self, last: &mut Option<(String, Name)>) -> Option<(RelationName, Held)> {
        let Self(schema, name, oid, file, rows, counts, gone_since, rewritten) = self;
        let at = |ms: i64| Timestamp::from_millisecond(ms).ok();
        let some_rows = |(count, ms): (u64, i64)| Some(Rows { count, at: at(ms)? });
        let counters = |(live, inserted, deleted): Counts| Counters { live, inserted, deleted };
        let rewritten = match rewritten {
            Some((ms, rows, counts)) => Some(Rewritten {
                at: at(ms)?,
                rows: rows.and_then(some_rows),
                counters: counters(counts),
            }),
            None => None,
        };
        let held = Held {
            oid,
            file,
            rows: rows.and_then(some_rows),
            counters: counts.map(counters),
            gone_since: gone_since.and_then(at),
            rewritten,
        };
        let schema = match last {
            Some((spelt, it)) if *spelt == schema => it.clone(),
            _ => {
                let parsed = Name::parse(&schema).ok()?;
                last.insert((schema.into_owned(), parsed)).1.clone()
            }
        };
        Some((RelationName { schema, name: Name::parse(&name).ok()? }, held))
    }
}

/// An instant as milliseconds since 1970, as the state keeps all of them.
mod milliseconds {
    use jiff::Timestamp;
    use serde::Deserialize as _;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error as _;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.as_millisecond())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let ms = i64::deserialize(from)?;
        Timestamp::from_millisecond(ms).map_err(|_| D::Error::custom("an instant out of range"))
    }
}
