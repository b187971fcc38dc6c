//! Whether a database is still the one that was known, and still holds what it held.
//!
//! A name diff sees nothing of a database that was emptied and got the right tables back. This rule
//! does: it compares what storage says now with what it said at the last complete audit, and keeps what
//! it finds until it is over or a person accepts it. Pure: values and the instant in, findings and the
//! next memory out.
//!
//! **What counts as proof.**
//!
//! | seen | said |
//! |---|---|
//! | another database behind the same name | `wrong_database` |
//! | most known tables of a schema have another OID, or it has itself and none of them is left | `database_reset` |
//! | another OID, and the old one lives on nowhere | `table_recreated` |
//! | another file, and more live rows went than were deleted | `table_emptied`, critical |
//! | the live rows fell to zero by what was deleted | `table_emptied`: info; a warning where every table did |
//!
//! A new file alone is `VACUUM FULL`, `CLUSTER`, or an `ALTER TABLE` that rewrites. Counters that fell
//! are believed only where no counter of the database shows that the statistics were lost.
//!
//! **Straddling.** An audit may come in the middle of a reset. So a table that is gone is remembered, and
//! what was rebuilt before that audit counts together with what was rebuilt after it. The statistics of
//! a transaction arrive up to a minute after it, so a new file is remembered, too.

mod identity;
mod join;
mod known;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::finding::Finding;
use crate::manifest::Globs;
use crate::schema::Imprint;
use crate::schema::RelationName;

pub use identity::Pin;
pub use identity::unlike_declared;
pub use known::Emptied;
pub use known::Held;
pub use known::How;
pub use known::Known;
pub use known::Recreated;
pub use known::Reset;
pub use known::Rewritten;
pub use known::Rows;
pub use words::IDENTITY;

/// From when on changes are told, as the config says.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// A reset: more than this share of the known tables of a schema are recreated, from 0 to 1,
    pub recreated_share: f64,
    /// and at least so many.
    pub recreated_min: usize,
    /// A table that held fewer rows than this is not told to be emptied.
    pub emptied_rows: u64,
    /// For how long a recreated table is told, and one that is gone remembered.
    pub settle: Duration,
    /// Tables that may be emptied and recreated at any time. They count in a reset all the same.
    pub volatile: Globs,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            recreated_share: 0.5,
            recreated_min: 2,
            emptied_rows: 1,
            settle: Duration::from_hours(24),
            volatile: Globs::default(),
        }
    }
}

/// What is written down at least this often, though nothing happened: how many rows there were.
const REMEMBER_EVERY: Duration = Duration::from_mins(10);
/// The latest resets that are kept until somebody accepts them.
const RESETS_MAX: usize = 10;

/// What a complete audit saw.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    pub imprint: &'a Imprint,
    /// Whether a table is watched: one that the manifest lists, or the ledger of a migration tool. What
    /// should not be there may come and go.
    pub watched: &'a dyn Fn(&RelationName) -> bool,
    /// Whether a table of that name is there at all.
    pub is_there: &'a dyn Fn(&RelationName) -> bool,
    /// What the config says of its identity.
    pub pin: Option<&'a Pin>,
    /// The last complete audit before this one, where that is later than what is known.
    pub last_complete_at: Option<Timestamp>,
    /// When the audit began.
    pub at: Timestamp,
}

/// What is to be said, and remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub known: Known,
    /// Whether that is worth writing down now.
    pub changed: bool,
    /// Unsorted; severities are the default ones.
    pub findings: Vec<Finding>,
}

/// Judges what a complete audit saw by what was `known`. The first one only learns.
#[must_use]
pub fn judge(known: Option<&Known>, now: &Now<'_>, thresholds: &Thresholds) -> Judged {
    let mut findings = Vec::new();
    findings.extend(now.pin.and_then(|pin| identity::unlike_declared(pin, &now.imprint.identity)));
    let Some(before) = known else {
        // The wrong one is not learnt: the right one would be the stranger then.
        let changed = findings.is_empty();
        return Judged { known: Known::learnt(now), changed, findings };
    };
    let next = match identity::meet(before, now) {
        identity::Met::Same => tables::follow(before, now, thresholds),
        // A person pinned what is there now: what was known is of another database.
        identity::Met::Declared => Known::learnt(now),
        identity::Met::Stranger => {
            if findings.is_empty() {
                findings.push(words::stranger(before, now));
            }
            Known { stranger: Some(now.imprint.identity.clone()), ..before.clone() }
        }
    };
    findings.extend(told(&next));
    let age = now.at.duration_since(before.at);
    let is_old = Duration::try_from(age).is_ok_and(|age| age >= REMEMBER_EVERY);
    let changed = is_old || !next.is_alike(before);
    Judged { known: next, changed, findings }
}

/// What is known to have happened and is not over.
///
/// Also for an audit that could not compare: what it did not see is not mended.
#[must_use]
pub fn told(known: &Known) -> Vec<Finding> {
    let resets = known.resets.iter().map(words::reset);
    let emptied = known.emptied.iter().map(|(name, it)| words::emptied(name, it));
    let recreated = known.recreated.iter().map(|(name, it)| words::recreated(name, it));
    resets.chain(emptied).chain(recreated).collect()
}

/// What a person accepts: everything that was told is over, and what answers now is the database that is
/// known. Where that is another one, it is learnt by the next audit.
#[must_use]
pub fn accepted(known: &Known, at: Timestamp) -> Known {
    let mut next = known.clone();
    next.resets.clear();
    next.emptied.clear();
    next.recreated.clear();
    if let Some(identity) = next.stranger.take() {
        next = Known { identity, at, tables: BTreeMap::new(), schemas: BTreeMap::new(), ..next };
    }
    next
}
