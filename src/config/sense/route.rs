//! Routes: every alert goes somewhere, and every route and channel can be reached.

mod mention;
mod reach;
mod target;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use url::Url;

use crate::config::shape;
use crate::notification::ITEMS_MAX;
use crate::route;
use crate::route::GroupBy;
use crate::route::Route;
use crate::yaml::At;

use super::Noted;
use super::matcher;
use super::matcher::For;
use super::matcher::Registered;
use super::matcher::no_such_word;

/// A group that waits longer than this tells of yesterday.
const GROUP_WAIT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(1);
const GROUP_INTERVAL: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(24);
const REPEAT_INTERVAL: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(366 * 24);
/// More names than this are in no message, so a larger wish would not be heeded.
const MAX_ITEMS: RangeInclusive<usize> = 1..=ITEMS_MAX;
/// The longest `mention`, in characters.
const MENTION_MAX: usize = 200;
/// The longest `runbook_url`, in bytes.
const RUNBOOK_MAX: usize = 1000;

/// What `group_by` may name beside `labels.NAME`.
const GROUP_WORDS: [(&str, GroupBy); 5] = [
    ("database", GroupBy::Database),
    ("manifest", GroupBy::Manifest),
    ("kind", GroupBy::Kind),
    ("severity", GroupBy::Severity),
    ("incident", GroupBy::Incident),
];

pub(super) fn all(
    file: &shape::File,
    registered: &Registered<'_>,
    noted: &mut Noted,
) -> Vec<Route> {
    let channels: Vec<&At<String>> =
        file.channels.iter().flat_map(|it| &it.value.0).map(|(name, _)| name).collect();
    let names: BTreeSet<&str> = channels.iter().map(|it| it.value.as_str()).collect();
    let Some(said) = &file.routes else { return Vec::new() };
    let mut all = Vec::new();
    for (index, route) in said.value.iter().enumerate() {
        let key = format!("routes[{index}]");
        all.push(one(route, &key, &names, registered, noted));
    }
    check_last(&said.value, &all, noted);
    mention::check(file, &said.value, &all, registered, noted);
    let reached = reach::routes(&all);
    for (index, (route, by)) in said.value.iter().zip(&reached).enumerate() {
        if let Some(by) = by {
            let message = if all[*by].matcher.is_empty() {
                format!("never reached: routes[{by}] before it matches everything")
            } else {
                format!("never reached: routes[{by}] before it matches all that this one does")
            };
            noted.warning(route.to.at, &format!("routes[{index}]"), message);
        }
    }
    let live = all.iter().zip(&reached).filter(|(_, by)| by.is_none()).map(|(it, _)| it);
    reach::channels(live, &channels, registered, noted);
    all
}

fn one(
    said: &shape::Route,
    key: &str,
    channels: &BTreeSet<&str>,
    registered: &Registered<'_>,
    noted: &mut Noted,
) -> Route {
    let field = |name: &str| format!("{key}.{name}");
    let matcher = matcher::read(said.matcher.as_ref(), For::Route, key, registered, noted);
    let to = target::all(said, key, channels, registered, noted);
    let fallback = target::fallback(said, &to, key, channels, noted);
    let is = |it: Option<&At<bool>>, default| it.map_or(default, |it| it.value);
    Route {
        matcher,
        to,
        fallback,
        goes_on: is(said.goes_on.as_ref(), false),
        mention: said.mention.as_ref().and_then(|it| mention(it, &field("mention"), noted)),
        runbook_url: said
            .runbook_url
            .as_ref()
            .and_then(|it| runbook_url(it, &field("runbook_url"), noted)),
        group_by: group_by(said.group_by.as_ref(), &field("group_by"), registered, noted),
        group_wait: noted.period(
            said.group_wait.as_ref(),
            &field("group_wait"),
            route::GROUP_WAIT,
            GROUP_WAIT,
        ),
        group_interval: noted.period(
            said.group_interval.as_ref(),
            &field("group_interval"),
            route::GROUP_INTERVAL,
            GROUP_INTERVAL,
        ),
        repeat_interval: noted.period(
            said.repeat_interval.as_ref(),
            &field("repeat_interval"),
            route::REPEAT_INTERVAL,
            REPEAT_INTERVAL,
        ),
        send_resolved: is(said.send_resolved.as_ref(), true),
        max_items: noted.number(
            said.max_items.as_ref(),
            &field("max_items"),
            route::MAX_ITEMS,
            MAX_ITEMS,
        ),
    }
}

/// No alert may go nowhere: the last route takes what no other did.
fn check_last(said: &[shape::Route], all: &[Route], noted: &mut Noted) {
    let (Some(said), Some(last)) = (said.last(), all.last()) else { return };
    let key = format!("routes[{}]", all.len() - 1);
    let caught = all.iter().any(|it| it.matcher.is_empty() && !it.goes_on);
    if let Some(matcher) = &said.matcher
        && !caught
    {
        let message = "the last route must match everything: no alert may go nowhere";
        let help = "add a catch-all after it: {to: [ops]}";
        noted.mistake_help(Some(matcher.at), format!("{key}.match"), message, help);
    }
    if let Some(goes_on) = said.goes_on.as_ref().filter(|_| last.goes_on) {
        let message = "the last route has none after it";
        noted.mistake_help(Some(goes_on.at), format!("{key}.continue"), message, "leave it out");
    }
}

fn group_by(
    said: Option<&At<Vec<At<String>>>>,
    key: &str,
    registered: &Registered<'_>,
    noted: &mut Noted,
) -> Vec<GroupBy> {
    let Some(said) = said else { return vec![GroupBy::Manifest, GroupBy::Kind] };
    let mut all = Vec::new();
    for (index, word) in said.value.iter().enumerate() {
        let place = format!("{key}[{index}]");
        let by = if let Some(label) = word.value.strip_prefix("labels.") {
            target::check_label(label, word, &place, registered, noted);
            GroupBy::Label(label.to_owned())
        } else if let Some((_, by)) = GROUP_WORDS.iter().find(|(it, _)| *it == word.value) {
            by.clone()
        } else {
            let mut known: Vec<_> = GROUP_WORDS.iter().map(|(it, _)| *it).collect();
            known.push("labels.NAME");
            no_such_word(word, &place, "group", &known, noted);
            continue;
        };
        if !all.contains(&by) {
            all.push(by);
        }
    }
    all
}

fn mention(said: &At<String>, key: &str, noted: &mut Noted) -> Option<String> {
    let text = said.value.trim();
    if text.is_empty() || text.chars().count() > MENTION_MAX || text.contains(char::is_control) {
        let message = format!("must be one line of 1 to {MENTION_MAX} characters");
        noted.mistake(Some(said.at), key, message);
        return None;
    }
    Some(text.to_owned())
}

fn runbook_url(said: &At<String>, key: &str, noted: &mut Noted) -> Option<String> {
    let url = Url::parse(&said.value).ok().filter(|it| matches!(it.scheme(), "http" | "https"));
    let Some(url) = url.filter(|it| it.as_str().len() <= RUNBOOK_MAX) else {
        let message = format!("not an http or https URL of at most {RUNBOOK_MAX} bytes");
        noted.mistake(Some(said.at), key, message);
        return None;
    };
    Some(url.to_string())
}
