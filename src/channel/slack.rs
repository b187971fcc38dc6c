//! A Slack message: blocks for people, `text` for their lock screens.
//!
//! The order is that of questions at 3 a.m.: what, where and how many; what it means; which tables;
//! since when; how sure; what now; and, small, what to look it up by. Nothing here parses, so nothing
//! in a name can mention, link or format: see [`blocks`]. Every part is bounded, and the whole is
//! measured: Slack refuses messages whose blocks are together longer than some undocumented number
//! (observed between 11,000 and 13,000 characters), so names are left out until it fits.

mod blocks;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::escape;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::NotifiedFinding;

use blocks::Look;
use blocks::fixed;
use blocks::section;
use blocks::shown;

/// `text` is shorter than this, escaped.
pub const TEXT_MAX: usize = 3000;

/// The blocks of one message, as JSON, in characters.
pub const BLOCKS_CHARS_MAX: usize = 10_000;

/// How many names are listed, from the wish to the last resort.
const NAMES: [usize; 4] = [10, 5, 2, 0];

/// How many notifications of a digest are listed, from the wish to the last resort.
const PARTS: [usize; 4] = [15, 10, 5, 2];

/// Names in one part of a digest.
const PART_NAMES: usize = 3;

const NAME_MAX: usize = 130;
const SENTENCE_MAX: usize = 300;
const DIAGNOSES_MAX: usize = 3;
const NEXT_STEPS_MAX: usize = 4;
const LABELS_MAX: usize = 5;

/// The payload for a Slack incoming webhook. `minimal` is text only, for a receiver that refused the
/// blocks. Pure; never fails; within every limit of Slack whatever the notifications hold.
#[must_use]
pub fn render(notifications: &[Notification], minimal: bool) -> Value {
    let mut payload = json!({
        "text": text(notifications),
        // Nothing is to be made of the text: no markup, no links, no names, no previews.
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if !minimal && !notifications.is_empty() {
        payload["blocks"] = fitting(notifications).into();
    }
    payload
}

/// The richest blocks that fit.
fn fitting(notifications: &[Notification]) -> Vec<Value> {
    let mut blocks = Vec::new();
    for level in 0..NAMES.len() {
        blocks = match notifications {
            [one] => whole(one, NAMES[level]),
            many => digest(many, PARTS[level]),
        };
        let chars = Value::from(blocks.clone()).to_string().encode_utf16().count();
        if chars <= BLOCKS_CHARS_MAX && blocks.len() <= blocks::BLOCKS_MAX {
            break;
        }
    }
    blocks
}

/// One notification.
fn whole(it: &Notification, names_max: usize) -> Vec<Value> {
    let mut parts = Vec::new();
    let meaning = meaning(it, DIAGNOSES_MAX);
    if !meaning.is_empty() {
        let mut pieces = Vec::new();
        for (at, sentence) in meaning.iter().enumerate() {
            if at > 0 {
                pieces.push(fixed("\n"));
            }
            let look = if at == 0 { Look::Bold } else { Look::Plain };
            pieces.push(shown(sentence, SENTENCE_MAX, look));
        }
        parts.push(section(pieces));
    }
    if it.findings_total > 0 {
        parts.push(section(vec![shown(&findings_title(it), SENTENCE_MAX, Look::Plain)]));
        parts.push(names(it, names_max));
    }
    if it.kind != NotificationType::Test {
        let mut pieces = vec![shown(&times(it), SENTENCE_MAX, Look::Plain)];
        if !it.evidence.is_empty() {
            pieces.push(fixed("\nHow sure: "));
            pieces.push(shown(&it.evidence, SENTENCE_MAX, Look::Plain));
        }
        parts.push(section(pieces));
    }
    if !it.next_steps.is_empty() {
        let steps = &it.next_steps[..it.next_steps.len().min(NEXT_STEPS_MAX)];
        let steps: Vec<String> = steps.iter().map(|it| escape::line(it, SENTENCE_MAX)).collect();
        parts.push(section(vec![fixed("Next:")]));
        parts.push(blocks::preformatted(&steps));
    }
    let mut all = vec![blocks::header(&title(it, blocks::HEADER_MAX))];
    if !parts.is_empty() {
        all.push(blocks::rich_text(parts));
    }
    all.push(blocks::context(&footer(it)));
    all
}

/// Several notifications, each in a few lines.
fn digest(notifications: &[Notification], parts_max: usize) -> Vec<Value> {
    let mut all = vec![blocks::header(&digest_title(notifications))];
    for it in notifications.iter().take(parts_max) {
        let mut pieces = vec![shown(&title(it, HEADLINE_MAX), HEADLINE_MAX, Look::Bold)];
        for sentence in meaning(it, 1) {
            pieces.push(fixed("\n"));
            pieces.push(shown(&sentence, HEADLINE_MAX, Look::Plain));
        }
        for (at, one) in it.findings.iter().take(PART_NAMES).enumerate() {
            pieces.push(fixed(if at == 0 { "\n" } else { ", " }));
            pieces.push(shown(&one.name, NAME_MAX, Look::Code));
        }
        if let Some(more) = more(it, PART_NAMES) {
            pieces.push(shown(&format!(" {more}"), SENTENCE_MAX, Look::Plain));
        }
        all.push(blocks::rich_text(vec![section(pieces)]));
        all.push(blocks::context(&footer(it)));
    }
    let left_out = notifications.len().saturating_sub(parts_max);
    if left_out > 0 {
        all.push(blocks::divider());
        all.push(blocks::context(&format!("and {left_out} more notifications")));
    }
    all
}

/// A headline inside a digest.
const HEADLINE_MAX: usize = 200;

fn digest_title(notifications: &[Notification]) -> String {
    let mut counts: Vec<(Sign, usize)> = Vec::new();
    for sign in notifications.iter().map(sign) {
        match counts.iter_mut().find(|(it, _)| *it == sign) {
            Some((_, count)) => *count += 1,
            None => counts.push((sign, 1)),
        }
    }
    counts.sort_by_key(|(sign, _)| *sign);
    let words: Vec<String> =
        counts.iter().map(|(sign, count)| format!("{count} {}", sign.word())).collect();
    let worst = counts.first().map_or(Sign::Test, |(sign, _)| *sign);
    format!("{} {} notifications: {}", worst.emoji(), notifications.len(), words.join(", "))
}

/// What a notification looks like from afar, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Critical,
    Warning,
    Unknown,
    Info,
    Resolved,
    Test,
}

impl Sign {
    fn emoji(self) -> &'static str {
        match self {
            Self::Critical => "🔴",
            Self::Warning => "🟡",
            Self::Unknown => "⚪",
            Self::Info => "🔵",
            Self::Resolved => "✅",
            Self::Test => "🔔",
        }
    }

    fn word(self) -> &'static str {
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

fn sign(it: &Notification) -> Sign {
    match (it.kind, it.incident_kind.as_deref(), it.severity.as_str()) {
        (NotificationType::Test, ..) => Sign::Test,
        (NotificationType::Resolved, ..) => Sign::Resolved,
        (_, Some("audit_failing"), _) => Sign::Unknown,
        (_, _, "critical") => Sign::Critical,
        (_, _, "info") => Sign::Info,
        _ => Sign::Warning,
    }
}

/// `🔴 critical · central: 21 tables that should not be there · SW-1042`, the id never cut off.
fn title(it: &Notification, max: usize) -> String {
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

/// What it means: why the audits fail, or the diagnoses, the best first.
fn meaning(it: &Notification, max: usize) -> Vec<String> {
    let reason = it.unknown_reason.as_ref();
    if it.incident_kind.as_deref() == Some("audit_failing") {
        return reason.map(|it| format!("Why: {it}")).into_iter().collect();
    }
    let partial = reason.map(|it| format!("The read was partial: {it}"));
    it.diagnoses.iter().take(max).cloned().chain(partial).take(max).collect()
}

/// `21 unexpected tables, 3 of them new:`.
fn findings_title(it: &Notification) -> String {
    let total = it.findings_total;
    let plural = if total == 1 { "" } else { "s" };
    let what = match one_kind(it) {
        Some(kind) => format!("{total} {}{plural}", spoken(kind)),
        None => format!("{total} finding{plural}"),
    };
    let new = match it.kind {
        NotificationType::Changed if it.new_total > 0 => format!(", {} new", it.new_total),
        _ => String::new(),
    };
    let was = if it.kind == NotificationType::Resolved { "It held " } else { "" };
    format!("{was}{what}{new}:")
}

/// The kind of all findings, where they have one in common.
fn one_kind(it: &Notification) -> Option<&str> {
    let first = it.findings.first()?;
    it.findings.iter().all(|one| one.kind == first.kind).then_some(first.kind.as_str())
}

/// `unexpected_table` as people say it.
fn spoken(kind: &str) -> String {
    kind.replace('_', " ")
}

/// The list of names, and how many more there are.
fn names(it: &Notification, max: usize) -> Value {
    let uniform = one_kind(it).is_some();
    let item = |one: &NotifiedFinding| {
        let mut pieces = vec![shown(&one.name, NAME_MAX, Look::Code)];
        let mut words: Vec<String> = Vec::new();
        if one.kind == "wrong_database" {
            words.push(one.message.clone());
        } else if !uniform {
            words.push(spoken(&one.kind));
        }
        if one.new && it.kind == NotificationType::Changed {
            words.push("new".to_owned());
        }
        words.extend(one.hints.first().cloned());
        if !words.is_empty() {
            pieces.push(shown(&format!(" {}", words.join(", ")), HEADLINE_MAX, Look::Plain));
        }
        section(pieces)
    };
    let mut items: Vec<Value> = it.findings.iter().take(max).map(item).collect();
    if let Some(more) = more(it, max) {
        items.push(section(vec![shown(&more, SENTENCE_MAX, Look::Plain)]));
    }
    blocks::list(items)
}

/// `and 11 more`, where `shown_max` names are shown and there are more.
fn more(it: &Notification, shown_max: usize) -> Option<String> {
    let shown = it.findings.len().min(shown_max);
    let left = it.findings_total.saturating_sub(shown);
    match (shown, left) {
        (_, 0) => None,
        (0, left) => Some(format!("{left} in all")),
        (_, left) => Some(format!("and {left} more")),
    }
}

/// Since when, and until when.
fn times(it: &Notification) -> String {
    let opened = at(it.opened_at);
    match it.resolved_at {
        Some(resolved) => format!(
            "Since {opened}, resolved {} (after {})",
            at(resolved),
            lasted(it.opened_at, resolved)
        ),
        None if it.opened_at == it.audited_at => format!("Since {opened}"),
        None => format!("Since {opened}, last seen {}", at(it.audited_at)),
    }
}

/// A point in time to the second, in UTC.
fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2h 10m 5s`; nothing finer than a second.
fn lasted(from: Timestamp, to: Timestamp) -> String {
    let whole_seconds = SignedDuration::from_secs(from.duration_until(to).as_secs());
    format!("{whole_seconds:#}")
}

/// What to look it up by.
fn footer(it: &Notification) -> String {
    let mut parts: Vec<String> = it.incident.iter().chain(&it.incident_kind).cloned().collect();
    if it.kind != NotificationType::Test {
        parts.push(format!("{} (manifest {})", it.database, it.manifest));
    }
    parts.push(at(it.resolved_at.unwrap_or(it.audited_at)));
    parts.extend(it.labels.iter().take(LABELS_MAX).map(|(key, value)| format!("{key}={value}")));
    let parts: Vec<String> = parts.iter().map(|it| escape::line(it, NAME_MAX)).collect();
    parts.join(" · ")
}

/// The text of lock screens, screen readers, and of a message that may have no blocks. Escaped.
fn text(notifications: &[Notification]) -> String {
    let mut lines = Vec::new();
    match notifications {
        [] => lines.push("Schemawarden has nothing to say".to_owned()),
        [one] => {
            lines.push(title(one, HEADLINE_MAX));
            lines.extend(meaning(one, DIAGNOSES_MAX));
            lines.extend(names_in_a_row(one));
            if one.kind != NotificationType::Test {
                lines.push(times(one));
                lines.push(one.evidence.clone());
            }
            lines.extend(one.next_steps.iter().take(NEXT_STEPS_MAX).cloned());
        }
        many => {
            lines.push(digest_title(many));
            lines.extend(many.iter().take(PARTS[0]).map(|it| title(it, HEADLINE_MAX)));
            let left_out = many.len().saturating_sub(PARTS[0]);
            lines.extend((left_out > 0).then(|| format!("and {left_out} more")));
        }
    }
    let lines: Vec<String> =
        lines.iter().filter(|it| !it.is_empty()).map(|it| escape::line(it, SENTENCE_MAX)).collect();
    escape::slack(&lines.join("\n"), TEXT_MAX - 1)
}

/// `21 unexpected tables: Absence, Concert, … and 11 more`.
fn names_in_a_row(it: &Notification) -> Option<String> {
    if it.findings_total == 0 {
        return None;
    }
    // Few and short enough that "and N more" is never cut off.
    const NAMES_MAX: usize = 5;
    const SHORT_MAX: usize = 40;
    let names: Vec<String> =
        it.findings.iter().take(NAMES_MAX).map(|one| escape::line(&one.name, SHORT_MAX)).collect();
    let more = more(it, NAMES_MAX).unwrap_or_default();
    Some(format!("{} {} {more}", findings_title(it), names.join(", ")).trim_end().to_owned())
}

#[cfg(test)]
mod tests;
