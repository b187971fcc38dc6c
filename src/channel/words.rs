//! The sentences of a message, as plain text: no receiver and no limit of one is known here.
//!
//! What comes out may hold hostile words, still: each receiver passes it through its own encoder.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::escape;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::incident::About;
use crate::incident::IncidentKind;
use crate::incident::Reason;
use crate::notification::Actor;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::lasted;

/// Names in one sentence, so few and short that "and N more" is never cut off.
const ROW_NAMES: usize = 5;
const ROW_NAME_MAX: usize = 40;

/// One part of the footer.
const PART_MAX: usize = 130;

/// Of a manifest's hash, as many hexadecimal digits as tell versions apart.
const HASH_SHOWN: usize = 12;

/// Roles that are named as owners.
const OWNERS_MAX: usize = 3;
const LABELS_MAX: usize = 5;

/// What a notification looks like from afar, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Critical,
    Warning,
    Unknown,
    Info,
    Resolved,
    Test,
}

impl Sign {
    /// A circle in the severity's colour, for text that has no other.
    pub(super) fn emoji(self) -> &'static str {
        match self {
            Self::Critical => "🔴",
            Self::Warning => "🟡",
            Self::Unknown => "⚪",
            Self::Info => "🔵",
            Self::Resolved => "✅",
            Self::Test => "🔔",
        }
    }

    /// The severity's colour, as `0xRRGGBB`.
    pub(super) fn colour(self) -> u32 {
        match self {
            Self::Critical => 0x00D9_2D20,
            Self::Warning => 0x00F2_A600,
            Self::Unknown => 0x008C_8C8C,
            Self::Info => 0x002E_7FD0,
            Self::Resolved => 0x002E_B67D,
            Self::Test => 0x007F_5AF0,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

pub(super) fn sign(it: &Notification) -> Sign {
    match it.kind {
        NotificationType::Test => Sign::Test,
        NotificationType::Resolved => Sign::Resolved,
        _ if is_failing(it) => Sign::Unknown,
        _ if it.severity == Severity::Critical.word() => Sign::Critical,
        _ if it.severity == Severity::Info.word() => Sign::Info,
        _ => Sign::Warning,
    }
}

/// Whether this is about audits that cannot tell, not about drift.
fn is_failing(it: &Notification) -> bool {
    it.incident_kind.as_deref() == Some(IncidentKind::AuditFailing.word())
}

/// `🔴 critical · central: 21 tables that should not be there · SW-1042`, the id never cut off.
pub(super) fn title(it: &Notification, max: usize) -> String {
    let sign = sign(it);
    let state = match it.kind {
        NotificationType::Changed => ", changed",
        NotificationType::Reminder => ", still open",
        _ => "",
    };
    let named = it.kind == NotificationType::Test || it.headline.contains(it.about());
    let subject = if named { String::new() } else { format!("{}: ", it.about()) };
    let before = format!("{} {}{state} · ", sign.emoji(), sign.word());
    let after = it.incident.as_ref().map(|id| format!(" · {}", escape::line(id, 20)));
    let after = after.unwrap_or_default();
    let taken = before.encode_utf16().count() + after.encode_utf16().count();
    let headline = escape::line(&format!("{subject}{}", it.headline), max.saturating_sub(taken));
    format!("{before}{headline}{after}")
}

/// What it means, at most `max` sentences: why the audits fail; or the diagnoses, the best first, and
/// what made the read partial.
pub(super) fn meaning(it: &Notification, max: usize) -> Vec<String> {
    let label = if is_failing(it) { "Why" } else { "The read was partial" };
    let reason = it.unknown_reason.iter().map(|reason| format!("{label}: {reason}"));
    let diagnoses = it.diagnoses.iter().cloned();
    if is_failing(it) {
        reason.chain(diagnoses).take(max).collect()
    } else {
        diagnoses.chain(reason).take(max).collect()
    }
}

/// `21 unexpected tables, 3 new:`.
pub(super) fn findings_title(it: &Notification) -> String {
    let total = it.findings_total;
    let plural = if total == 1 { "" } else { "s" };
    let what = match one_kind(it) {
        Some(kind) if kind == FindingKind::WrongDatabase.word() => "What was found".to_owned(),
        Some(kind) => format!("{total} {}{plural}", spoken(kind)),
        None => format!("{total} finding{plural}"),
    };
    let new = match it.kind {
        NotificationType::Changed if it.new_total > 0 => format!(", {} new", it.new_total),
        _ => String::new(),
    };
    let was = if it.kind == NotificationType::Resolved { "It was about " } else { "" };
    format!("{was}{what}{new}:")
}

/// The kind of all findings, where they have one in common.
pub(super) fn one_kind(it: &Notification) -> Option<&str> {
    let first = it.findings.first()?;
    it.findings.iter().all(|one| one.kind == first.kind).then_some(first.kind.as_str())
}

/// Whether only the message of a finding says what happened: how many rows went, and when.
pub(super) fn says_more_than_its_kind(kind: &str) -> bool {
    let told = [
        FindingKind::WrongDatabase,
        FindingKind::SameDatabase,
        FindingKind::TableEmptied,
        FindingKind::TableRecreated,
    ];
    told.into_iter().any(|it| it.word() == kind)
}

/// `unexpected_table` as people say it.
pub(super) fn spoken(kind: &str) -> String {
    kind.replace('_', " ")
}

/// `and 11 more`, where `shown_max` names are shown and there are more.
pub(super) fn more(it: &Notification, shown_max: usize) -> Option<String> {
    let shown = it.findings.len().min(shown_max);
    let left = it.findings_total.saturating_sub(shown);
    match (shown, left) {
        (_, 0) => None,
        (0, left) => Some(format!("{left} in all")),
        (_, left) => Some(format!("and {left} more")),
    }
}

/// Since when, and until when.
pub(super) fn times(it: &Notification, zone: &TimeZone) -> String {
    let opened = at(it.opened_at, zone);
    match it.resolved_at {
        Some(resolved) => format!(
            "Since {opened}, resolved {} (after {})",
            at(resolved, zone),
            lasted(resolved.duration_since(it.opened_at))
        ),
        // An incident opens some milliseconds after the audit that saw it began.
        None if it.audited_at <= it.opened_at => format!("Since {opened}"),
        None => format!("Since {opened}, last seen {}", at(it.audited_at, zone)),
    }
}

/// A point in time to the second, with its zone's abbreviation.
pub(super) fn at(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// What differs from what was told before; nothing for what is told for the first or last time.
pub(super) fn changes(it: &Notification) -> Option<String> {
    let numbers = match (it.new_total, it.gone_total) {
        (0, 0) => None,
        (new, 0) => Some(format!("{new} new")),
        (0, gone) => Some(format!("{gone} gone")),
        (new, gone) => Some(format!("{new} new, {gone} gone")),
    };
    let why = why_now(&it.reason);
    match (it.kind, numbers, why) {
        (NotificationType::Reminder, None, _) => Some("no change".to_owned()),
        (NotificationType::Reminder | NotificationType::Changed, Some(numbers), None) => {
            Some(numbers)
        }
        (NotificationType::Reminder | NotificationType::Changed, Some(numbers), Some(why)) => {
            Some(format!("{numbers}; {why}"))
        }
        (NotificationType::Changed, None, why) => why.map(str::to_owned),
        _ => None,
    }
}

/// Why it is told now, where the numbers do not say it.
fn why_now(reason: &str) -> Option<&'static str> {
    let is = |it: Reason| reason == it.word();
    if is(Reason::Flapping) {
        return Some("what was gone came back within the flap window");
    }
    if is(Reason::MaintenanceEnded) {
        return Some("a maintenance window has ended");
    }
    is(Reason::SilenceEnded).then_some("a silence has ended")
}

/// Who did it, one sentence each; how many of the findings where it is not all of them.
pub(super) fn who<'a>(
    actors: &'a [Actor],
    it: &'a Notification,
    zone: &'a TimeZone,
) -> impl Iterator<Item = String> + 'a {
    let all = match it.new_total {
        0 => it.findings_total,
        new => new,
    };
    actors.iter().map(move |actor| {
        let said = actor.sentence(it.audited_at, zone);
        match actor.findings {
            few if few < all => format!("{said} ({few} of {all})"),
            _ => said,
        }
    })
}

/// Who owns what it is about.
pub(super) fn owners(it: &Notification) -> Option<String> {
    roles(&it.owners)
}

/// "role `app`", "roles `a`, `b` and 3 more"; nothing where there is none.
pub(super) fn roles(roles: &[String]) -> Option<String> {
    let shown: Vec<String> = roles
        .iter()
        .take(OWNERS_MAX)
        .map(|role| format!("`{}`", escape::line(role, ROW_NAME_MAX)))
        .collect();
    let left = roles.len() - shown.len();
    let noun = if roles.len() == 1 { "role" } else { "roles" };
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{noun} {}{more}", shown.join(", ")))
}

/// Whether `schemawarden explain` knows it.
pub(super) fn is_kind(word: &str) -> bool {
    word.parse::<FindingKind>().is_ok() || IncidentKind::from_word(word).is_some()
}

/// What to look it up by.
pub(super) fn footer(it: &Notification, zone: &TimeZone) -> String {
    let mut parts: Vec<String> = it.incident.iter().chain(&it.incident_kind).cloned().collect();
    if it.kind != NotificationType::Test {
        parts.push(whereabouts(it));
    }
    parts.push(at(it.resolved_at.unwrap_or(it.audited_at), zone));
    parts.extend(it.labels.iter().take(LABELS_MAX).map(|(key, value)| format!("{key}={value}")));
    let parts: Vec<String> = parts.iter().map(|it| escape::line(it, PART_MAX)).collect();
    parts.join(" · ")
}

/// `central (manifest central 3f2a91c0d1e2, ref 4be7a)`, `server db.example:5432`.
fn whereabouts(it: &Notification) -> String {
    let kind = it.incident_kind.as_deref().and_then(IncidentKind::from_word);
    let subject = escape::line(it.about(), PART_MAX / 2);
    match kind.map_or(About::Database, IncidentKind::about) {
        About::Server => format!("server {subject}"),
        About::Manifest => format!("manifest {subject}{}", version(it)),
        About::Channel => format!("channel {subject}"),
        About::Discovery => format!("registry {subject}"),
        About::Database if it.manifest.is_empty() => subject,
        About::Database => {
            let manifest = escape::line(&it.manifest, PART_MAX / 2);
            format!("{subject} (manifest {manifest}{})", version(it))
        }
    }
}

/// The manifest's hash, and the reference of the deploy that brought it.
fn version(it: &Notification) -> String {
    let hash: String = it.manifest_hash.chars().take(HASH_SHOWN).collect();
    let hash = if hash.is_empty() { hash } else { format!(" {hash}") };
    let reference = it.manifest_ref.as_deref().map(|it| escape::line(it, ROW_NAME_MAX));
    let reference = reference.map_or_else(String::new, |it| format!(", ref {it}"));
    format!("{hash}{reference}")
}

/// `21 unexpected tables: Absence, Concert, … and 11 more`.
pub(super) fn names_in_a_row(it: &Notification) -> Option<String> {
    if it.findings_total == 0 {
        return None;
    }
    let most = it.told.max_items.unwrap_or(ROW_NAMES).min(ROW_NAMES);
    let names: Vec<String> = it
        .by_news()
        .into_iter()
        .take(most)
        .map(|one| escape::line(&one.name, ROW_NAME_MAX))
        .collect();
    let more = more(it, most).unwrap_or_default();
    Some(format!("{} {} {more}", findings_title(it), names.join(", ")).trim_end().to_owned())
}
