//! When each database is due, as a pure rule: cron lines in a time zone, or a fixed period, with a
//! deterministic splay so that a fleet on one line does not knock on one server at one instant.
//!
//! Ticks are found by croner (in `Cargo.toml` under the name `cron`), which follows crontab at both
//! daylight-saving changes: a daily job in the skipped hour fires right after it, a daily job in the
//! repeated hour fires once, and `*/5` fires in every five minutes of real time. Here stands what is
//! ours: which lines are refused, the splay, and how missed ticks collapse.

use std::sync::Arc;
use std::time::Duration;

use cron::Cron;
use cron::JobType;
use cron::parser::CronParser;
use cron::parser::Seconds;
use cron::parser::Year;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::Digest;
use sha2::Sha256;

/// The shortest period of `every:`. One audit takes milliseconds, but every one wakes the server.
pub const PERIOD_MIN: Duration = Duration::from_secs(1);
/// The longest period of `every:`.
pub const PERIOD_MAX: Duration = Duration::from_hours(366 * 24);
/// The splay is at most this part of the interval between two ticks.
const SPLAY_SHARE: i32 = 10;
/// Where the search for ticks starts when a line is read: any instant will do to prove that a line
/// fires at all; this one (2024-01-01) is followed by a 29 February.
const PROBE: i64 = 1_704_067_200;

/// When a database is audited.
#[derive(Clone, Debug)]
pub struct Schedule {
    ticks: Ticks,
    splay: Duration,
}

#[derive(Clone, Debug)]
enum Ticks {
    /// Shared: croner's tables are 5 kB, and a whole fleet is on one line.
    Cron {
        cron: Arc<Cron>,
        text: Arc<str>,
        timezone: TimeZone,
    },
    Every(Duration),
}

/// Why a schedule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    #[error("not a cron line: {reason}")]
    NotCron { reason: String },
    #[error("this cron line never fires: no date matches it")]
    NeverFires,
    #[error("a period of {got:?} is outside {PERIOD_MIN:?} to {PERIOD_MAX:?} (366 days)")]
    PeriodOutOfRange { got: Duration },
}

impl Schedule {
    /// Reads a cron line: five fields, six with seconds first, or `@hourly` and its like.
    ///
    /// `splay` is an upper bound; what is used is at most a tenth of the interval.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NotCron`] for what is no cron line, [`ScheduleError::NeverFires`] for one
    /// that no date matches (30 February).
    ///
    /// # Panics
    ///
    /// Never: the instant that the search starts from is a constant.
    pub fn cron(text: &str, timezone: TimeZone, splay: Duration) -> Result<Self, ScheduleError> {
        let fields = text.split_whitespace().count();
        if !(text.trim_start().starts_with('@') || fields == 5 || fields == 6) {
            return Err(ScheduleError::NotCron {
                reason: format!(
                    "it has {fields} fields; a cron line has 5, or 6 with seconds first"
                ),
            });
        }
        let cron = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .build()
            .parse(text)
            .map_err(|error| ScheduleError::NotCron { reason: error.to_string() })?;
        let probe = Timestamp::from_second(PROBE).expect("a constant within range");
        // In UTC, where no change of the clock can hide a match.
        if cron.find_next_occurrence(&probe.to_zoned(TimeZone::UTC), true).is_err() {
            return Err(ScheduleError::NeverFires);
        }
        let ticks = Ticks::Cron { cron: Arc::new(cron), text: text.trim().into(), timezone };
        Ok(Self { ticks, splay })
    }

    /// A fixed period, counted from the Unix epoch, so that a restart does not move the ticks.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::PeriodOutOfRange`] outside [`PERIOD_MIN`] to [`PERIOD_MAX`].
    pub fn every(period: Duration, splay: Duration) -> Result<Self, ScheduleError> {
        if !(PERIOD_MIN..=PERIOD_MAX).contains(&period) {
            return Err(ScheduleError::PeriodOutOfRange { got: period });
        }
        Ok(Self { ticks: Ticks::Every(period), splay })
    }

    /// The first due time of `database` strictly after `after`: a tick and this database's share of
    /// the splay.
    ///
    /// However many ticks lie between the last audit and `after`, they collapse into the one
    /// that this returns.
    #[must_use]
    pub fn next_due(&self, database: &str, after: Timestamp) -> Timestamp {
        // The tick at or before `after` may still be due, by its splay.
        let mut tick = self.tick_at_or_before(after).unwrap_or(after);
        // Two rounds are enough where ticks are regular; the bound is for irregular lines.
        for _ in 0..4 {
            let next = self.tick_after(tick);
            let due = tick.saturating_add(self.share(database, tick, next)).unwrap_or(tick);
            if due > after {
                return due;
            }
            tick = next;
        }
        tick.max(after)
    }

    /// When a database is due that has just been registered, or whose last audit is no longer
    /// current: now, and this database's share of the splay.
    #[must_use]
    pub fn first_due(&self, database: &str, now: Timestamp) -> Timestamp {
        let tick = self.tick_after(now);
        now.saturating_add(self.share(database, tick, self.tick_after(tick))).unwrap_or(now)
    }

    /// Over how long databases that are due at once are spread: the splay, and at most a tenth of the interval.
    #[must_use]
    pub fn spread(&self, now: Timestamp) -> Duration {
        let tick = self.tick_after(now);
        self.share_bound(tick, self.tick_after(tick)).try_into().unwrap_or_default()
    }

    /// The interval between the tick after `after` and the one that follows it.
    #[must_use]
    pub fn interval(&self, after: Timestamp) -> Duration {
        let first = self.tick_after(after);
        self.tick_after(first).duration_since(first).try_into().unwrap_or_default()
    }

    /// The schedule as a person wrote it.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.ticks {
            Ticks::Cron { text, timezone, .. } => {
                format!("{text} ({})", timezone.iana_name().unwrap_or("UTC"))
            }
            Ticks::Every(period) => {
                format!("every {:#}", SignedDuration::try_from(*period).unwrap_or_default())
            }
        }
    }

    /// The zone in which the schedule is read: UTC for a period.
    #[must_use]
    pub fn timezone(&self) -> TimeZone {
        match &self.ticks {
            Ticks::Cron { timezone, .. } => timezone.clone(),
            Ticks::Every(_) => TimeZone::UTC,
        }
    }

    /// This database's share of the splay: the same in every run, spread evenly over a fleet.
    fn share(&self, database: &str, tick: Timestamp, next: Timestamp) -> SignedDuration {
        let millis = u64::try_from(self.share_bound(tick, next).as_millis()).unwrap_or(0);
        let digest = Sha256::digest(database.as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        let share = u64::from_be_bytes(head) % (millis + 1);
        SignedDuration::from_millis(i64::try_from(share).unwrap_or(0))
    }

    fn share_bound(&self, tick: Timestamp, next: Timestamp) -> SignedDuration {
        let splay = SignedDuration::try_from(self.splay).unwrap_or(SignedDuration::MAX);
        (next.duration_since(tick) / SPLAY_SHARE).min(splay)
    }

    /// The last tick at or before `at`; none where the line has not fired yet.
    fn tick_at_or_before(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.ticks {
            Ticks::Cron { cron, timezone, .. } => {
                let at = at.to_zoned(timezone.clone());
                cron.find_previous_occurrence(&at, true).ok().map(|it| it.timestamp())
            }
            Ticks::Every(period) => {
                let period = millis(*period);
                let behind = at.as_millisecond().rem_euclid(period);
                Timestamp::from_millisecond(at.as_millisecond() - behind).ok()
            }
        }
    }

    /// The first tick strictly after `at`. A line that was proven to fire always has one, until
    /// the end of the calendar; there it is "never", spelt as the last instant there is.
    fn tick_after(&self, at: Timestamp) -> Timestamp {
        match &self.ticks {
            Ticks::Cron { cron, timezone, .. } => {
                let zoned = at.to_zoned(timezone.clone());
                match cron.find_next_occurrence(&zoned, false) {
                    Ok(next) => next.timestamp(),
                    Err(_) => Timestamp::MAX,
                }
            }
            Ticks::Every(period) => {
                let period = millis(*period);
                let ahead = period - at.as_millisecond().rem_euclid(period);
                Timestamp::from_millisecond(at.as_millisecond().saturating_add(ahead))
                    .unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Whether the line names fixed times of day, which fire once in a repeated hour.
    #[must_use]
    pub fn is_fixed_time(&self) -> bool {
        matches!(&self.ticks, Ticks::Cron { cron, .. } if cron.determine_job_type() == JobType::FixedTime)
    }
}

/// A period in whole milliseconds; within range because the constructor checked it.
fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_SPLAY: Duration = Duration::ZERO;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn cron(line: &str, zone: &str) -> Schedule {
        Schedule::cron(line, TimeZone::get(zone).unwrap(), NO_SPLAY).unwrap()
    }

    /// The next ticks of `line` after `after`, as `MM-DD HH:MM` in UTC.
    fn check(line: &str, zone: &str, after: &str, want: &[&str]) {
        let schedule = cron(line, zone);
        let mut now = at(after);
        for want in want {
            now = schedule.next_due("central", now);
            assert_eq!(now, at(want), "{line} in {zone} after {after}");
        }
    }

    #[test]
    fn lines_fire_as_crontab_users_expect() {
        check(
            "*/5 * * * *",
            "UTC",
            "2025-07-05T10:01:00Z",
            &["2025-07-05T10:05:00Z", "2025-07-05T10:10:00Z"],
        );
        check(
            "*/30 * * * * *",
            "UTC",
            "2025-07-05T10:01:00Z",
            &["2025-07-05T10:01:30Z", "2025-07-05T10:02:00Z"],
        );
        check("@hourly", "UTC", "2025-07-05T10:01:00Z", &["2025-07-05T11:00:00Z"]);
        // 1-5 is Monday to Friday; 2025-07-05 is a Saturday.
        check("0 9 * * 1-5", "UTC", "2025-07-05T10:00:00Z", &["2025-07-07T09:00:00Z"]);
        check("0 9 * * 0", "UTC", "2025-07-05T10:00:00Z", &["2025-07-06T09:00:00Z"]);
        check("0 9 * * 7", "UTC", "2025-07-05T10:00:00Z", &["2025-07-06T09:00:00Z"]);
        check("0 9 29 2 *", "UTC", "2025-07-05T10:00:00Z", &["2028-02-29T09:00:00Z"]);
    }

    #[test]
    fn both_daylight_saving_changes_are_met_once() {
        // New York, spring: 02:00 becomes 03:00 on 2025-03-09 (07:00 UTC).
        check(
            "30 2 * * *",
            "America/New_York",
            "2025-03-08T08:00:00Z",
            &["2025-03-09T07:00:00Z", "2025-03-10T06:30:00Z"],
        );
        // New York, autumn: 02:00 becomes 01:00 on 2025-11-02 (06:00 UTC). Daily at 01:30: once.
        check(
            "30 1 * * *",
            "America/New_York",
            "2025-11-01T06:00:00Z",
            &["2025-11-02T05:30:00Z", "2025-11-03T06:30:00Z"],
        );
        // Every half hour: each half hour of real time.
        check(
            "*/30 * * * *",
            "America/New_York",
            "2025-11-02T05:10:00Z",
            &[
                "2025-11-02T05:30:00Z",
                "2025-11-02T06:00:00Z",
                "2025-11-02T06:30:00Z",
                "2025-11-02T07:00:00Z",
            ],
        );
        check(
            "*/30 * * * *",
            "Europe/Berlin",
            "2025-03-30T00:40:00Z",
            &["2025-03-30T01:00:00Z", "2025-03-30T01:30:00Z"],
        );
    }

    /// Every transition of many zones: exactly one daily run a civil day, whatever the hour.
    #[test]
    fn a_daily_line_fires_once_a_day_in_every_zone() {
        let zones = [
            "America/New_York",
            "Europe/Berlin",
            "Australia/Lord_Howe",
            "America/Sao_Paulo",
            "Africa/Casablanca",
            "Asia/Tehran",
            "Pacific/Apia",
            "America/St_Johns",
        ];
        for zone in zones {
            for line in ["30 1 * * *", "30 2 * * *", "0 0 * * *", "59 23 * * *"] {
                let schedule = cron(line, zone);
                let mut now = at("2024-01-01T12:00:00Z");
                let end = at("2027-01-01T12:00:00Z");
                let mut runs = 0;
                while now < end {
                    let next = schedule.next_due("central", now);
                    assert!(next > now, "{line} in {zone}: stuck at {now}");
                    now = next;
                    runs += 1;
                }
                assert!(
                    (1095..=1097).contains(&runs),
                    "{line} in {zone}: {runs} runs in 1096 days"
                );
            }
        }
    }

    #[test]
    fn periods_are_counted_from_the_epoch_so_restarts_do_not_move_them() {
        let every = Schedule::every(Duration::from_secs(30), NO_SPLAY).unwrap();
        assert_eq!(every.next_due("a", at("2025-07-05T10:00:10Z")), at("2025-07-05T10:00:30Z"));
        assert_eq!(every.next_due("a", at("2025-07-05T10:00:30Z")), at("2025-07-05T10:01:00Z"));
    }

    #[test]
    fn splay_is_stable_spread_and_at_most_a_tenth() {
        let line = Schedule::cron("*/5 * * * *", TimeZone::UTC, Duration::from_hours(1)).unwrap();
        let tick = at("2025-07-05T10:00:00Z");
        let before = at("2025-07-05T09:59:00Z");
        let dues: Vec<_> = (0..200).map(|n| line.next_due(&format!("db{n}"), before)).collect();
        assert!(
            dues.iter().all(|due| *due >= tick && *due <= at("2025-07-05T10:00:30Z")),
            "{dues:?}"
        );
        let distinct: std::collections::BTreeSet<_> = dues.iter().collect();
        assert!(distinct.len() > 150, "{}", distinct.len());
        // Stable, and the splayed due time of a tick that has passed is still found.
        let due = line.next_due("db7", before);
        assert_eq!(line.next_due("db7", tick), due);
        assert!(line.next_due("db7", due) > at("2025-07-05T10:04:59Z"));
    }

    #[test]
    fn missed_ticks_collapse_into_one() {
        let line = cron("*/5 * * * *", "UTC");
        // Asleep for ten years: one run, at the next tick.
        assert_eq!(line.next_due("a", at("2035-07-05T10:02:00Z")), at("2035-07-05T10:05:00Z"));
    }

    #[test]
    fn impossible_lines_are_refused() {
        let refuse = |line: &str| Schedule::cron(line, TimeZone::UTC, NO_SPLAY).unwrap_err();
        assert_eq!(refuse("0 0 30 2 *"), ScheduleError::NeverFires);
        for line in [
            "",
            "* * * *",
            "* * * * * * *",
            "61 * * * *",
            "@reboot",
            "not a cron line at all",
            "*/0 * * * *",
        ] {
            assert!(matches!(refuse(line), ScheduleError::NotCron { .. }), "{line}");
        }
        let zero = Schedule::every(Duration::ZERO, NO_SPLAY).unwrap_err();
        assert_eq!(zero, ScheduleError::PeriodOutOfRange { got: Duration::ZERO });
    }
}
