//! Schedules: a database's own words over those of the defaults.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::config::period::Period;
use crate::config::shape;
use crate::schedule::PERIOD_MAX;
use crate::schedule::PERIOD_MIN;
use crate::schedule::Schedule;
use crate::yaml::At;
use crate::yaml::nearest;

use super::Noted;

/// What holds where the file says nothing.
const DEFAULT_CRON: &str = "*/5 * * * *";
/// How often a registry is read, if the file does not say.
const DEFAULT_REFRESH: Duration = Duration::from_mins(5);
/// How often a database is audited that each audit may wake, if the file does not say.
const SLEEPER_PERIOD: Duration = Duration::from_hours(6);
const DEFAULT_SPLAY: Duration = Duration::from_secs(30);
/// A longer splay could only come from a typo: the interval's tenth is the limit anyway.
const MAX_SPLAY: Duration = Duration::from_hours(24);

/// A schedule in its parts, so that another can be laid over it.
#[derive(Clone)]
pub(super) struct Parts {
    when: When,
    timezone: TimeZone,
    splay: Duration,
    /// Somebody said when.
    said: bool,
    /// A mistake about it was noted: what inherits it says nothing more.
    broken: bool,
}

#[derive(Clone)]
enum When {
    Cron(String),
    Every(Duration),
}

impl Parts {
    /// The parts where nothing is said.
    pub(super) fn unsaid() -> Self {
        Self {
            when: When::Cron(DEFAULT_CRON.to_owned()),
            timezone: TimeZone::UTC,
            splay: DEFAULT_SPLAY,
            said: false,
            broken: false,
        }
    }

    /// The parts of a registry's refresh where nothing is said.
    pub(super) fn refresh() -> Self {
        Self { when: When::Every(DEFAULT_REFRESH), ..Self::unsaid() }
    }

    /// These parts with what `said` says over them.
    pub(super) fn with(
        &self,
        said: Option<&shape::Schedule>,
        key: &str,
        noted: &mut Noted,
    ) -> Self {
        let Some(said) = said else { return self.clone() };
        let mut parts = self.clone();
        let before = noted.mistakes.len();
        if let Some(zone) = &said.timezone {
            parts.timezone = timezone(zone, &format!("{key}.timezone"), noted);
        }
        let splay = format!("{key}.splay");
        parts.splay =
            noted.period(said.splay.as_ref(), &splay, self.splay, Duration::ZERO..=MAX_SPLAY);
        match (&said.cron, &said.every) {
            (Some(cron), Some(_)) => {
                let message = "`cron` and `every` together";
                noted.mistake_help(Some(cron.at), key, message, "keep one of the two");
            }
            (Some(cron), None) => parts.take_cron(cron, &format!("{key}.cron"), noted),
            (None, Some(every)) => parts.take_every(every, &format!("{key}.every"), noted),
            (None, None) => {}
        }
        if let (Some(zone), Some(_)) = (&said.timezone, &said.every) {
            let message = "a period has no time zone";
            noted.mistake_help(Some(zone.at), format!("{key}.timezone"), message, "leave it out");
        }
        parts.broken |= noted.mistakes.len() > before;
        parts
    }

    fn take_cron(&mut self, cron: &At<String>, key: &str, noted: &mut Noted) {
        self.when = When::Cron(cron.value.clone());
        self.said = true;
        self.broken = false;
        if let Err(error) = Schedule::cron(&cron.value, TimeZone::UTC, self.splay) {
            // The reason may repeat the line.
            let message = if cron.from_env {
                "not a cron line that fires".to_owned()
            } else {
                error.to_string()
            };
            let help = "for example: */5 * * * * (minute, hour, day, month, weekday)";
            noted.mistake_help(Some(cron.at), key, message, help);
        }
    }

    fn take_every(&mut self, every: &At<Period>, key: &str, noted: &mut Noted) {
        let period = noted.period(Some(every), key, PERIOD_MIN, PERIOD_MIN..=PERIOD_MAX);
        self.when = When::Every(period);
        self.said = true;
        self.broken = false;
    }

    /// These parts for a database whose compute is suspended when idle: where nobody said when, it is woken
    /// four times a day.
    pub(super) fn for_a_sleeper(self) -> Self {
        if self.said { self } else { Self { when: When::Every(SLEEPER_PERIOD), ..self } }
    }

    /// The schedule, unless a mistake was noted about it.
    pub(super) fn schedule(&self) -> Option<Schedule> {
        if self.broken {
            return None;
        }
        match &self.when {
            When::Cron(line) => Schedule::cron(line, self.timezone.clone(), self.splay).ok(),
            When::Every(period) => Schedule::every(*period, self.splay).ok(),
        }
    }
}

pub(super) fn timezone(zone: &At<String>, key: &str, noted: &mut Noted) -> TimeZone {
    if let Ok(found) = TimeZone::get(&zone.value) {
        return found;
    }
    let known: Vec<_> = jiff::tz::db().available().map(|it| it.as_str().to_owned()).collect();
    let known = || known.iter().map(String::as_str);
    // `Zurich` is nearest to nothing, and what is meant is clear.
    let city = |it: &&str| it.rsplit_once('/').is_some_and(|(_, city)| city == zone.value);
    let near = nearest(&zone.value, known()).or_else(|| known().find(city));
    noted.no_such(zone, key, "time zone", near);
    TimeZone::UTC
}
