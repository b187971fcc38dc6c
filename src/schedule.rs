//! When each database is due, as a pure rule: cron lines in a time zone, or a fixed period, with a
//! deterministic splay so that a fleet on one line does not knock on one server at one instant.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When a database is audited.
#[derive(Clone, Debug)]
pub struct Schedule {
    splay: Duration,
}

/// Why a schedule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    #[error("not a cron line: {reason}")]
    NotCron { reason: String },
    #[error("this line never fires")]
    NeverFires,
    #[error("a period of {got:?} is outside 1s to 366 days")]
    PeriodOutOfRange { got: Duration },
}

impl Schedule {
    /// A cron line in `timezone`.
    pub fn cron(_text: &str, _timezone: TimeZone, splay: Duration) -> Result<Self, ScheduleError> {
        Ok(Self { splay })
    }

    /// A fixed period.
    pub fn every(_period: Duration, splay: Duration) -> Result<Self, ScheduleError> {
        Ok(Self { splay })
    }

    /// The first due time after `after`.
    #[must_use]
    pub fn next_due(&self, _database: &str, after: Timestamp) -> Timestamp {
        after + self.splay
    }
}
