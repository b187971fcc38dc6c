//! What a message says of several notifications: each cause once, with the same answers that a single
//! notification has, as far as its members agree.
//!
//! Whoever is woken by five hundred databases asks what one asks of one: which, what does it mean,
//! since when, how sure, whose, and what now.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::LEVELS;
use super::Link;
use super::NAME_MAX;
use super::TITLE_MAX;
use super::page;
use super::runbook;
use crate::channel::Message;
use crate::channel::escape;
use crate::channel::words;
use crate::channel::words::Sign;
use crate::notification::Cause;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::digest;
use crate::notification::joined;

/// Causes listed at each level.
const CAUSES: [usize; LEVELS] = [15, 10, 5, 2];
/// Names of tables in one part.
pub(in crate::channel) const PART_NAMES: usize = 3;
/// Ids of incidents that are written out; more are a span.
const IDS_MAX: usize = 3;
/// Databases that are named at each level where there is one cause alone; with several causes, each
/// title names the first.
const SUBJECTS: [usize; LEVELS] = [10, 5, 3, 0];
const SUBJECT_MAX: usize = 40;
/// Kinds whose explanation is pointed to.
const EXPLAINED_MAX: usize = 2;

/// Several notifications, by cause.
#[derive(Clone, Debug)]
pub(in crate::channel) struct Storm {
    pub(in crate::channel) sign: Sign,
    pub(in crate::channel) title: String,
    pub(in crate::channel) parts: Vec<Part>,
    /// How many are in no part.
    pub(in crate::channel) rest: Option<String>,
    /// Commands: how to reach all of them, and what it means.
    pub(in crate::channel) next: Vec<String>,
    pub(in crate::channel) links: Vec<Link>,
}

/// One cause.
#[derive(Clone, Debug)]
pub(in crate::channel) struct Part {
    /// `None` where the title of the message says it.
    pub(in crate::channel) title: Option<String>,
    /// What it means; may be empty.
    pub(in crate::channel) meaning: String,
    pub(in crate::channel) names: Vec<String>,
    pub(in crate::channel) more: Option<String>,
    /// Which, since when, what is new, how sure, whose: one line each.
    pub(in crate::channel) facts: Vec<String>,
    /// The incidents, and the time.
    pub(in crate::channel) footer: String,
}

impl Storm {
    /// Everything but the links in plain text, one line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.title.clone()];
        for part in &self.parts {
            lines.extend(part.title.iter().map(|it| format!("  - {it}")));
            lines.extend(part.below().iter().map(|it| format!("    {it}")));
        }
        lines.extend(self.rest.clone());
        lines.extend(self.next.iter().map(|it| format!("Next: {it}")));
        lines
    }
}

impl Part {
    /// `Absence, Concert, Venue and 18 more`; empty where there are no names.
    pub(in crate::channel) fn row(&self) -> String {
        let row = format!("{} {}", self.names.join(", "), self.more.as_deref().unwrap_or_default());
        row.trim().to_owned()
    }

    /// What stands below the title, one line each.
    pub(in crate::channel) fn below(&self) -> Vec<String> {
        let row = self.row();
        let lines = [&self.meaning, &row].into_iter().chain(&self.facts).chain([&self.footer]);
        lines.filter(|it| !it.is_empty()).cloned().collect()
    }
}

pub(super) fn storm(notifications: &[&Notification], message: &Message<'_>, level: usize) -> Storm {
    let digest = digest(notifications.iter().copied());
    let shown = &digest.causes[..digest.causes.len().min(CAUSES[level])];
    let is_alone = digest.causes.len() == 1;
    let sign = notifications.iter().map(|it| words::sign(it)).min().unwrap_or(Sign::Test);
    let title = match shown {
        [one] if is_alone => headline(one),
        _ => tally(notifications, sign),
    };
    let left: usize = digest.causes[shown.len()..].iter().map(|it| it.members.len()).sum();
    let plural = if left == 1 { "" } else { "s" };
    let part = |cause: &Cause<'_>| part(cause, &message.look.timezone, is_alone, level);
    let mut links: Vec<Link> =
        page(message.look, "deliveries", &message.id.to_string(), "All of them")
            .into_iter()
            .collect();
    links.extend(notifications.first().and_then(|it| runbook(it)));
    Storm {
        sign,
        title: escape::line(&title, TITLE_MAX),
        parts: shown.iter().map(part).collect(),
        rest: (left > 0).then(|| format!("and {left} more notification{plural}")),
        next: next(shown, message),
        links,
    }
}

fn part(cause: &Cause<'_>, zone: &TimeZone, is_alone: bool, level: usize) -> Part {
    let first = cause.first();
    let line = |text: &str| escape::line(text, TITLE_MAX);
    let title = match cause.members.len() {
        _ if is_alone => None,
        1 => Some(words::title(first, TITLE_MAX)),
        _ => Some(line(&headline(cause))),
    };
    // The last resort has room for the time alone.
    let facts = if level + 1 < LEVELS {
        facts(cause, zone, if is_alone { SUBJECTS[level] } else { 0 })
    } else {
        vec![times(cause, zone)]
    };
    let names = first.by_news().into_iter().take(PART_NAMES);
    Part {
        title,
        meaning: line(&agreed(cause, |it| words::meaning(it, 1).into_iter().next())),
        names: names.map(|it| escape::line(&it.name, NAME_MAX)).collect(),
        more: words::more(first, PART_NAMES),
        facts: facts.iter().filter(|it| !it.is_empty()).map(|it| line(it)).collect(),
        footer: line(&footer(cause, zone)),
    }
}

/// What a single notification says in its facts, of all members of a cause.
fn facts(cause: &Cause<'_>, zone: &TimeZone, subjects: usize) -> Vec<String> {
    let members = &cause.members;
    let labelled = |label: &str, text: String| {
        if text.is_empty() { text } else { format!("{label}: {text}") }
    };
    let evidence = |it: &Notification| Some(it.evidence.clone()).filter(|it| !it.is_empty());
    let owners: BTreeSet<String> = members.iter().flat_map(|it| it.owners.clone()).collect();
    let owners: Vec<String> = owners.into_iter().collect();
    vec![
        labelled("In", row_of_subjects(cause, subjects)),
        times(cause, zone),
        labelled("Since the last message", agreed(cause, words::changes)),
        labelled("How sure", agreed(cause, evidence)),
        who(cause, zone),
        labelled("Owner", words::roles(&owners).unwrap_or_default()),
    ]
}

/// Who did most of it, in all members together.
fn who(cause: &Cause<'_>, zone: &TimeZone) -> String {
    let actors = joined(cause.members.iter().flat_map(|it| &it.actors));
    let Some(first) = actors.first() else { return String::new() };
    let others = match actors.len() {
        1 => "",
        _ => "; and others",
    };
    format!("Who: {}{others}", first.sentence(cause.first().audited_at, zone))
}

/// What all members say; where they differ, what the first says and that they do.
fn agreed(cause: &Cause<'_>, says: impl Fn(&Notification) -> Option<String>) -> String {
    let first = says(cause.first());
    if cause.members.iter().all(|it| says(it) == first) {
        return first.unwrap_or_default();
    }
    // The first that says anything at all.
    let one = cause.members.iter().find_map(|it| Some((it, says(it)?)));
    one.map_or_else(String::new, |(it, text)| {
        let about = escape::line(it.about(), SUBJECT_MAX);
        format!("`{about}`: {text}; others differ")
    })
}

/// `sco, scoso, berlin and 28 more`; empty where none is wanted, or none is left to name.
fn row_of_subjects(cause: &Cause<'_>, max: usize) -> String {
    let all = &cause.members;
    if max == 0 {
        return String::new();
    }
    let names = all.iter().take(max).map(|it| escape::line(it.about(), SUBJECT_MAX));
    let names = names.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(max) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// From the first that opened to the last that was seen.
fn times(cause: &Cause<'_>, zone: &TimeZone) -> String {
    let first = cause.first();
    let of = |pick: fn(&Notification) -> Timestamp| cause.members.iter().map(move |it| pick(it));
    let opened_at = of(|it| it.opened_at).min().unwrap_or(first.opened_at);
    let audited_at = of(|it| it.audited_at).max().unwrap_or(first.audited_at);
    let resolved_at = cause.members.iter().filter_map(|it| it.resolved_at).max();
    words::times(&Notification { audited_at, opened_at, resolved_at, ..first.clone() }, zone)
}

/// The incidents and the latest time: what to look it up by.
fn footer(cause: &Cause<'_>, zone: &TimeZone) -> String {
    let first = cause.first();
    if cause.members.len() == 1 {
        return words::footer(first, zone);
    }
    let at = cause.members.iter().map(|it| it.resolved_at.unwrap_or(it.audited_at)).max();
    let at = at.map(|it| words::at(it, zone)).unwrap_or_default();
    let kind = first.incident_kind.clone().unwrap_or_default();
    let parts = [incidents(cause), kind, at];
    parts.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The ids of a cause's incidents, in order: all of few; of many a span where there is no gap in it,
/// else the first few and how many more.
fn incidents(cause: &Cause<'_>) -> String {
    let mut ids: Vec<(u64, String)> = cause
        .members
        .iter()
        .filter_map(|it| it.incident.as_ref())
        .map(|it| (number(it), escape::line(it, 20)))
        .collect();
    ids.sort_unstable();
    let named = |some: &[(u64, String)]| {
        some.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (few, more) = ids.split_at(ids.len().min(IDS_MAX));
    match (ids.first(), ids.last(), more.len()) {
        (_, _, 0) => named(few),
        (Some((first, one)), Some((last, other)), _)
            if last.saturating_sub(*first) + 1 == ids.len() as u64 =>
        {
            format!("{one} to {other}, {} incidents", ids.len())
        }
        _ => format!("{} and {} more incidents", named(few), more.len()),
    }
}

/// The number of `SW-1042`; 0 where it has none.
fn number(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn headline(cause: &Cause<'_>) -> String {
    let sign = words::sign(cause.first());
    format!("{} {} · {}", sign.emoji(), sign.word(), cause.headline())
}

/// What to do about it: read all of it, see what is still open, and learn what it means.
fn next(causes: &[Cause<'_>], message: &Message<'_>) -> Vec<String> {
    let mut next = vec![
        format!("schemawarden deliveries show {}", message.id),
        "schemawarden incidents list".to_owned(),
    ];
    let mut kinds: Vec<&str> = Vec::new();
    for it in causes.iter().map(Cause::first) {
        // The finding says more than the kind of the incident; of what is over nothing is left to do.
        let kind = it.findings.first().map(|it| it.kind.as_str()).or(it.incident_kind.as_deref());
        let known = kind.filter(|it| words::is_kind(it) && !kinds.contains(it));
        kinds.extend(known.filter(|_| words::sign(it) != Sign::Resolved));
    }
    let explain = kinds.into_iter().take(EXPLAINED_MAX);
    next.extend(explain.map(|it| format!("schemawarden explain {it}")));
    next
}

/// `🔴 7 notifications: 4 critical, 3 resolved`; reminders alone are called so.
fn tally(notifications: &[&Notification], worst: Sign) -> String {
    let mut counts: BTreeMap<Sign, usize> = BTreeMap::new();
    for sign in notifications.iter().map(|it| words::sign(it)) {
        *counts.entry(sign).or_default() += 1;
    }
    let words: Vec<String> =
        counts.iter().map(|(sign, count)| format!("{count} {}", sign.word())).collect();
    let reminders = notifications.iter().all(|it| it.kind == NotificationType::Reminder);
    let noun = if reminders { "reminders of what is still open" } else { "notifications" };
    format!("{} {} {noun}: {}", worst.emoji(), notifications.len(), words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::examples;

    fn lines(notifications: &[Notification]) -> Vec<String> {
        let message = Message { look: &examples::ZURICH, ..examples::message(notifications) };
        storm(&notifications.iter().collect::<Vec<_>>(), &message, 0).lines()
    }

    /// What one is asked at 3 a.m. of one database is asked of thirty.
    #[test]
    fn a_digest_answers_what_a_single_message_does() {
        let mut all = examples::storm(31);
        all.pop();
        all[4].opened_at = examples::time("2025-07-05T09:00:00Z");
        all[7].owners = vec!["postgres".to_owned()];
        all[9].audited_at = examples::time("2025-07-05T10:30:00Z");
        let got = lines(&all);
        let first = "🔴 critical · 21 unexpected tables in 31 databases of manifest `orchestra`; first \
                     `tenant-0`, `tenant-1`, `tenant-2`, …";
        let want = [
            first,
            "    21 of 21 unexpected tables belong to manifest `orchestra`: its schema was applied to this \
             database",
            "    Absence, CommunicationLog, Concert and 18 more",
            "    In: tenant-0, tenant-1, tenant-2, tenant-3, tenant-4, tenant-5, tenant-6, tenant-7, tenant-8, \
             tenant-9 and 21 more",
            "    Since 2025-07-05 11:00:00 CEST, last seen 2025-07-05 12:30:00 CEST",
            "    How sure: complete read as role `auditor`; information_schema would have hidden 25 of 25 \
             relations",
            "    Owner: roles `app`, `postgres`",
            "    SW-2000 to SW-2030, 31 incidents · drift · 2025-07-05 12:30:00 CEST",
            "Next: schemawarden deliveries show 00000000-0000-0000-0000-000000000007",
            "Next: schemawarden incidents list",
            "Next: schemawarden explain unexpected_table",
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn ids_are_a_span_only_where_none_is_missing() {
        let of = |ids: &[u64]| {
            let member = |id: &u64| Notification {
                incident: Some(format!("SW-{id}")),
                ..examples::opened()
            };
            let members: Vec<Notification> = ids.iter().map(member).collect();
            incidents(&Cause { members: members.iter().collect() })
        };
        assert_eq!(of(&[1022, 1026]), "SW-1022, SW-1026");
        assert_eq!(of(&[1026, 1022, 1023, 1025, 1024]), "SW-1022 to SW-1026, 5 incidents");
        assert_eq!(of(&[9, 7, 1000, 8, 11]), "SW-7, SW-8, SW-9 and 2 more incidents");
    }

    #[test]
    fn reminders_do_not_look_like_a_second_storm() {
        let of = |id: u64, name: &str| Notification {
            kind: NotificationType::Reminder,
            incident: Some(format!("SW-{id}")),
            findings: vec![examples::finding("unexpected_table", name)],
            ..examples::opened()
        };
        let got = lines(&[of(1, "a"), of(2, "b")]);
        assert!(got[0].contains("2 reminders of what is still open"), "{got:#?}");
    }

    #[test]
    fn where_members_differ_one_speaks_and_the_others_are_not_hidden() {
        let mut all = vec![examples::failing(), examples::failing()];
        all[1].subject = "scoso".to_owned();
        all[1].unknown_reason = Some("timeout".to_owned());
        let got = lines(&all);
        let want = "    `sco`: Why: connection refused by db.example:5432; others differ";
        assert!(got.iter().any(|it| it == want), "{got:#?}");
        assert!(got.iter().any(|it| it == "Next: schemawarden explain audit_failing"), "{got:#?}");
    }

    #[test]
    fn of_what_is_over_nothing_is_left_to_explain() {
        let all = vec![examples::resolved(), examples::resolved()];
        assert!(all.iter().all(|it| it.kind == NotificationType::Resolved));
        let got = lines(&all);
        let want = "    Since 2025-07-05 12:00:00 CEST, resolved 2025-07-05 14:10:05 CEST (after 2 h 10 min)";
        assert!(got.iter().any(|it| it == want), "{got:#?}");
        assert!(!got.iter().any(|it| it.contains("explain")), "{got:#?}");
    }
}
