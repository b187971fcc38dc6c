//! Maintenance windows: each has an end, a zone, and something that it is about.

use std::str::FromStr as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::civil::Weekday;

use crate::config::shape;
use crate::silence::Maintenance;
use crate::silence::When;
use crate::yaml::At;

use super::Noted;
use super::check_name;
use super::matcher;
use super::matcher::For;
use super::matcher::Registered;
use super::matcher::no_such_word;
use super::schedule::timezone;
use super::unique;

/// The days in the order of [`shape::DAYS`].
const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

pub(super) fn all(
    said: Option<&At<Vec<shape::Maintenance>>>,
    registered: &Registered<'_>,
    now: Timestamp,
    noted: &mut Noted,
) -> Vec<Maintenance> {
    let entries = said.iter().flat_map(|it| it.value.iter().enumerate()).map(|(index, it)| {
        let key = format!("maintenance[{index}]");
        (format!("{key}.name"), &it.name, (key, it))
    });
    let entries: Vec<_> = entries.collect();
    let mut all = Vec::new();
    for (key, it) in unique(entries.into_iter(), noted) {
        all.extend(one(it, &key, registered, now, noted));
    }
    all
}

fn one(
    it: &shape::Maintenance,
    key: &str,
    registered: &Registered<'_>,
    now: Timestamp,
    noted: &mut Noted,
) -> Option<Maintenance> {
    check_name(&it.name, &format!("{key}.name"), noted);
    let before = noted.mistakes.len();
    let timezone = timezone(&it.timezone, &format!("{key}.timezone"), noted);
    let zone_known = noted.mistakes.len() == before;
    let matcher = matcher::read(it.matcher.as_ref(), For::Window, key, registered, noted);
    let when = match (&it.weekly, &it.once) {
        (Some(weekly), None) => weekly_of(weekly, &format!("{key}.weekly"), noted),
        (None, Some(once)) => once_of(once, &format!("{key}.once"), noted),
        (Some(weekly), Some(_)) => {
            let message = "`weekly` and `once` together";
            noted.mistake_help(Some(weekly.at), key, message, "keep one of the two");
            None
        }
        (None, None) => {
            noted.mistake(Some(it.name.at), key, "`weekly` or `once` is required");
            None
        }
    }?;
    if let (When::Once { to, .. }, Some(once), true) = (&when, &it.once, zone_known)
        && to.to_zoned(timezone.clone()).is_ok_and(|it| it.timestamp() <= now)
    {
        noted.warning(once.at, &format!("{key}.once"), "is over");
    }
    Some(Maintenance { name: it.name.value.clone(), matcher, when, timezone })
}

fn weekly_of(said: &At<shape::Weekly>, key: &str, noted: &mut Noted) -> Option<When> {
    let At { value: weekly, at, .. } = said;
    let mut days = Vec::new();
    let place = format!("{key}.days");
    let words = weekly.days.each();
    if words.is_empty() {
        noted.mistake(Some(weekly.days.at), &place, "names no day");
    }
    for word in &words {
        match shape::DAYS.iter().position(|it| *it == word.value) {
            Some(day) if days.contains(&DAYS[day]) => {}
            Some(day) => days.push(DAYS[day]),
            None => no_such_word(word, &place, "day", &shape::DAYS, noted),
        }
    }
    let from = time(&weekly.from, &format!("{key}.from"), noted);
    let to = time(&weekly.to, &format!("{key}.to"), noted);
    let (from, to) = (from?, to?);
    if from == to && days.len() == DAYS.len() {
        noted.mistake(Some(*at), key, "never closes: nothing would ever be told");
    }
    Some(When::Weekly { days, from, to })
}

fn once_of(said: &At<shape::Once>, key: &str, noted: &mut Noted) -> Option<When> {
    let once = &said.value;
    let from = moment(&once.from, &format!("{key}.from"), noted);
    let to = moment(&once.to, &format!("{key}.to"), noted);
    let (from, to) = (from?, to?);
    if to <= from {
        noted.mistake(Some(once.to.at), format!("{key}.to"), "must be after `from`");
    }
    Some(When::Once { from, to })
}

/// A time of day. What its text says beyond that (a day, an offset) would be lost, so it is refused.
fn time(said: &At<String>, key: &str, noted: &mut Noted) -> Option<Time> {
    let plain = |c: char| c.is_ascii_digit() || c == ':';
    let time = Time::from_str(&said.value).ok().filter(|_| said.value.chars().all(plain));
    if time.is_none() || !said.value.contains(':') {
        let message = format!("{} is not a time of day", said.shown());
        noted.mistake_help(Some(said.at), key, message, "write it as \"22:00\"");
        return None;
    }
    time
}

/// A day and a time of day, in the window's zone.
fn moment(said: &At<String>, key: &str, noted: &mut Noted) -> Option<DateTime> {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ':' | '-' | 'T' | ' ');
    let (date, time) = said.value.split_once(['T', ' ']).unwrap_or_default();
    let whole = date.len() == 10 && time.contains(':') && !time.contains('-');
    let moment = DateTime::from_str(&said.value).ok();
    let moment = moment.filter(|_| whole && said.value.chars().all(plain));
    if moment.is_none() {
        let message = format!("{} is not a day and a time", said.shown());
        let help = "write it as \"2026-12-01T22:00\", in the window's `timezone`";
        noted.mistake_help(Some(said.at), key, message, help);
    }
    moment
}
