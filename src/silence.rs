//! What is not told for a while, by agreement: silences, kept in the state, and maintenance windows,
//! kept in the config. A pure rule.
//!
//! Both mute notifications and nothing else: audits go on, incidents open, change and resolve, and
//! when the last of them ends, one digest tells what is new and still open.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::manifest::Glob;
use crate::route::Facts;
use crate::route::Matcher;
use crate::schema::RelationName;

/// One silence. Reason and end are mandatory: a mute that nobody lifts is a monitor that is off.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Given by the state; 0 before that.
    pub id: i64,
    pub matcher: Matcher,
    /// Only findings about such tables; empty is every finding.
    pub tables: Vec<Glob>,
    pub reason: String,
    /// The name of the token that made it.
    pub author: String,
    pub created_at: Timestamp,
    pub ends_at: Timestamp,
    /// When somebody ended it before that.
    pub expired_at: Option<Timestamp>,
}

impl Silence {
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.expired_at.is_none() && self.created_at <= now && now < self.ends_at
    }

    /// Whether it mutes a notification: its facts match, and, where it is about tables, there are new
    /// findings and each of them is about one of those.
    #[must_use]
    pub fn mutes(&self, facts: &Facts<'_>, new: &[RelationName]) -> bool {
        let about = |it: &RelationName| self.tables.iter().any(|glob| glob.matches(it));
        self.matcher.matches(facts)
            && (self.tables.is_empty() || (!new.is_empty() && new.iter().all(about)))
    }
}

/// One entry of `maintenance:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Maintenance {
    pub name: String,
    pub matcher: Matcher,
    pub when: When,
    pub timezone: TimeZone,
}

/// When a maintenance window is open, in its zone's wall-clock time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// From `from` until the next `to`, which may be on the next day, on each of these days.
    Weekly {
        days: Vec<Weekday>,
        from: Time,
        to: Time,
    },
    Once {
        from: DateTime,
        to: DateTime,
    },
}
pub fn from_json(_: &serde_json::Value) -> Result<(Matcher, Vec<Glob>), String> {
    Ok((Matcher::default(), Vec::new()))
}
pub fn to_json(_: &Matcher, _: &[Glob]) -> serde_json::Value {
    serde_json::Value::Null
}
