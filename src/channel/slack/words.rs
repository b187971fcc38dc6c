//! The sentences of a Slack message, as plain text: no block and no limit of Slack is known here.
//!
//! What comes out may hold hostile words, still: the callers pass it through `blocks` or `escape`.

use jiff::Timestamp;

use crate::channel::escape;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::incident::IncidentKind;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::lasted;

/// Names in one sentence, so few and short that "and N more" is never cut off.
const ROW_NAMES: usize = 5;
const ROW_NAME_MAX: usize = 40;

/// One part of the footer.
const PART_MAX: usize = 130;
const LABELS_MAX: usize = 5;

/// What a notification looks like from afar, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Critical,
    Warning,
    Unknown,
    Info,
    Resolved,
    Test,
}

impl Sign {
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
    let named = it.kind == NotificationType::Test || it.headline.contains(&it.database);
    let database = if named { String::new() } else { format!("{}: ", it.database) };
    let before = format!("{} {}{state} · ", sign.emoji(), sign.word());
    let after = it.incident.as_ref().map(|id| format!(" · {}", escape::line(id, 20)));
    let after = after.unwrap_or_default();
    let taken = before.encode_utf16().count() + after.encode_utf16().count();
    let headline = escape::line(&format!("{database}{}", it.headline), max.saturating_sub(taken));
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
pub(super) fn times(it: &Notification) -> String {
    let opened = at(it.opened_at);
    match it.resolved_at {
        Some(resolved) => format!(
            "Since {opened}, resolved {} (after {})",
            at(resolved),
            lasted(resolved.duration_since(it.opened_at))
        ),
        None if it.opened_at == it.audited_at => format!("Since {opened}"),
        None => format!("Since {opened}, last seen {}", at(it.audited_at)),
    }
}

/// A point in time to the second, in UTC.
fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What to look it up by.
pub(super) fn footer(it: &Notification) -> String {
    let mut parts: Vec<String> = it.incident.iter().chain(&it.incident_kind).cloned().collect();
    if it.kind != NotificationType::Test {
        parts.push(format!("{} (manifest {})", it.database, it.manifest));
    }
    parts.push(at(it.resolved_at.unwrap_or(it.audited_at)));
    parts.extend(it.labels.iter().take(LABELS_MAX).map(|(key, value)| format!("{key}={value}")));
    let parts: Vec<String> = parts.iter().map(|it| escape::line(it, PART_MAX)).collect();
    parts.join(" · ")
}

/// `21 unexpected tables: Absence, Concert, … and 11 more`.
pub(super) fn names_in_a_row(it: &Notification) -> Option<String> {
    if it.findings_total == 0 {
        return None;
    }
    let names: Vec<String> = it
        .findings
        .iter()
        .take(ROW_NAMES)
        .map(|one| escape::line(&one.name, ROW_NAME_MAX))
        .collect();
    let more = more(it, ROW_NAMES).unwrap_or_default();
    Some(format!("{} {} {more}", findings_title(it), names.join(", ")).trim_end().to_owned())
}
