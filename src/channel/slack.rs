//! A Slack message: blocks for people, `text` for their lock screens.
//!
//! The order is that of questions at 3 a.m.: what, where and how many; what it means; which tables;
//! since when; how sure; what now; and, small, what to look it up by. Nothing here parses, so nothing
//! in a name can mention, link or format: see [`blocks`]. Every part is bounded, and the whole is
//! measured: Slack refuses messages whose blocks are together longer than some undocumented number
//! (observed between 11,000 and 13,000 characters), so names are left out until it fits.

mod blocks;
mod words;

use serde_json::Value;
use serde_json::json;

use super::escape;
use crate::finding::FindingKind;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::NotifiedFinding;

use blocks::Look;
use blocks::fixed;
use blocks::section;
use blocks::shown;
use words::Sign;
use words::findings_title;
use words::footer;
use words::meaning;
use words::more;
use words::names_in_a_row;
use words::one_kind;
use words::sign;
use words::spoken;
use words::times;
use words::title;

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
        parts.push(section(&pieces));
    }
    if it.kind == NotificationType::Resolved {
        // What is over is said in one line.
        let row = names_in_a_row(it).map(|it| shown(&it, SENTENCE_MAX, Look::Plain));
        parts.extend(row.map(|it| section(&[it])));
    } else if it.findings_total > 0 {
        parts.push(section(&[shown(&findings_title(it), SENTENCE_MAX, Look::Plain)]));
        parts.push(names(it, names_max));
    }
    if it.kind != NotificationType::Test {
        let mut pieces = vec![shown(&times(it), SENTENCE_MAX, Look::Plain)];
        if !it.evidence.is_empty() {
            pieces.push(fixed("\nHow sure: "));
            pieces.push(shown(&it.evidence, SENTENCE_MAX, Look::Plain));
        }
        parts.push(section(&pieces));
    }
    if !it.next_steps.is_empty() {
        let steps = &it.next_steps[..it.next_steps.len().min(NEXT_STEPS_MAX)];
        let steps: Vec<String> = steps.iter().map(|it| escape::line(it, SENTENCE_MAX)).collect();
        parts.push(section(&[fixed("Next:")]));
        parts.push(blocks::preformatted(&steps));
    }
    let mut all = vec![blocks::header(&title(it, blocks::HEADER_MAX))];
    if !parts.is_empty() {
        all.push(blocks::rich_text(&parts));
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
        all.push(blocks::rich_text(&[section(&pieces)]));
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

/// The list of names, and how many more there are.
fn names(it: &Notification, max: usize) -> Value {
    let uniform = one_kind(it).is_some();
    let item = |one: &NotifiedFinding| {
        let mut pieces = vec![shown(&one.name, NAME_MAX, Look::Code)];
        let mut words: Vec<String> = Vec::new();
        if one.kind == FindingKind::WrongDatabase.word() {
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
        section(&pieces)
    };
    let mut items: Vec<Value> = it.findings.iter().take(max).map(item).collect();
    if let Some(more) = more(it, max) {
        items.push(section(&[shown(&more, SENTENCE_MAX, Look::Plain)]));
    }
    blocks::list(&items)
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
                if !one.evidence.is_empty() {
                    lines.push(format!("How sure: {}", one.evidence));
                }
            }
            let steps = one.next_steps.iter().take(NEXT_STEPS_MAX);
            lines.extend(steps.map(|it| format!("Next: {it}")));
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

#[cfg(test)]
mod tests;
