//! What is not told for a while, by agreement: silences, kept in the state, and maintenance windows,
//! kept in the config. A pure rule.
//!
//! Both mute notifications and nothing else: audits go on, incidents open, change and resolve, and
//! when the last of them ends, one digest tells what is new and still open.

mod matching;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Serialize;

use crate::incident::Reason;
use crate::manifest::Glob;
use crate::notification::Resident;
use crate::route::Facts;
use crate::route::Matcher;
use crate::schema::RelationName;

pub use matching::from_json;
pub use matching::to_json;

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

    /// Whether it mutes a notification: it holds for its facts (`residents` are the databases of the
    /// server or manifest that they are about), and, where it is about tables, there are new findings
    /// and each of them is about one of those.
    #[must_use]
    pub fn mutes(&self, facts: &Facts<'_>, residents: &[Resident], new: &[RelationName]) -> bool {
        let about = |it: &RelationName| self.tables.iter().any(|glob| glob.matches(it));
        self.matcher.covers(facts, residents)
            && (self.tables.is_empty() || (!new.is_empty() && new.iter().all(about)))
    }
}

/// What mutes something. As JSON it is published: `{"silence": 3, "author": "alice"}` or
/// `{"maintenance": "move"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mute {
    Silence { silence: i64, author: String },
    Window { maintenance: String },
}

impl Mute {
    /// Why what it kept back is told once it has ended.
    #[must_use]
    pub fn ended(&self) -> Reason {
        match self {
            Self::Silence { .. } => Reason::SilenceEnded,
            Self::Window { .. } => Reason::MaintenanceEnded,
        }
    }
}

impl fmt::Display for Mute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence { silence, author } => write!(f, "silence {silence} by {author}"),
            Self::Window { maintenance } => write!(f, "maintenance window `{maintenance}`"),
        }
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

impl Maintenance {
    /// Whether it is open. Where its zone's clock is set forward or back, a time that does not exist
    /// is taken as late as that clock reads it, and one that exists twice is the first of them.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until(now).is_some()
    }

    /// When the window that is open now ends; `None` where none is.
    #[must_use]
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        let instant = |at: DateTime| self.timezone.to_timestamp(at).ok();
        let within = |from: DateTime, to: DateTime| {
            instant(from).filter(|it| *it <= now)?;
            instant(to).filter(|it| now < *it)
        };
        match &self.when {
            When::Once { from, to } => within(*from, *to),
            When::Weekly { days, from, to } => {
                let today = self.timezone.to_datetime(now).date();
                // One that began yesterday may last until today.
                let starts = [Some(today), today.yesterday().ok()];
                let starts = starts.into_iter().flatten();
                let of_days = starts.filter(|day| days.contains(&day.weekday()));
                let ends = of_days.filter_map(|day| {
                    let last = if to > from { day } else { day.tomorrow().ok()? };
                    within(day.to_datetime(*from), last.to_datetime(*to))
                });
                ends.max()
            }
        }
    }
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

#[cfg(test)]
mod tests;
