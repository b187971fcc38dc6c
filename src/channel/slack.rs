//! A Slack message: blocks for people, `text` for their lock screens; or attachments, for receivers
//! that speak like Slack and render nothing else.
//!
//! Nothing here parses, so nothing in a name can mention, link or format: see [`blocks`]. Every part
//! is bounded, and the whole is measured: Slack refuses messages whose blocks are together longer than
//! some undocumented number (observed between 11,000 and 13,000 characters), so names are left out
//! until it fits.

mod attachments;
mod blocks;

use serde_json::Value;
use serde_json::json;

use super::Message;
use super::brief;
use super::brief::Brief;
use super::brief::Content;
use super::brief::Storm;
use super::escape;
use crate::config::SlackFormat;

use blocks::Look;
use blocks::fixed;
use blocks::section;
use blocks::shown;

/// `text` is shorter than this, escaped.
pub const TEXT_MAX: usize = 3000;

/// The blocks of one message, as JSON, in characters.
pub const BLOCKS_CHARS_MAX: usize = 10_000;

/// The payload for a Slack incoming webhook. A minimal one is text only, for a receiver that refused
/// the blocks. Pure; never fails; within every limit of Slack whatever the notifications hold.
#[must_use]
pub fn render(message: &Message<'_>, format: SlackFormat) -> Value {
    if format == SlackFormat::Attachments {
        return attachments::render(message);
    }
    let mention = brief::mention(message);
    let mut payload = json!({
        "text": text(message, mention.as_deref()),
        // Nothing is to be made of the text: no markup, no links, no names, no previews. What a route
        // mentions is in Slack's own brackets and needs none of these.
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if !message.minimal && !message.notifications.is_empty() {
        payload["blocks"] = fitting(message, mention.as_deref()).into();
    }
    payload
}

/// The richest blocks that fit.
fn fitting(message: &Message<'_>, mention: Option<&str>) -> Vec<Value> {
    let mut all = Vec::new();
    for level in 0..brief::LEVELS {
        all = match Content::of(message, level) {
            Content::Nothing => Vec::new(),
            Content::One(it) => whole(&it),
            Content::Many(it) => digest(&it),
        };
        // Below the header, where the reader's eye is.
        if let (Some(mention), false) = (mention, all.is_empty()) {
            all.insert(1, blocks::mention(mention));
        }
        let chars = Value::from(all.clone()).to_string().encode_utf16().count();
        if chars <= BLOCKS_CHARS_MAX && all.len() <= blocks::BLOCKS_MAX {
            break;
        }
    }
    all
}

/// One notification.
fn whole(it: &Brief) -> Vec<Value> {
    let mut parts = Vec::new();
    if !it.meaning.is_empty() {
        let mut pieces = Vec::new();
        for (at, sentence) in it.meaning.iter().enumerate() {
            let look = if at == 0 { Look::Bold } else { Look::Plain };
            pieces.extend((at > 0).then(|| fixed("\n")));
            pieces.push(shown(sentence, brief::SENTENCE_MAX, look));
        }
        parts.push(section(&pieces));
    }
    if let Some(title) = &it.findings {
        parts.push(section(&[shown(title, brief::SENTENCE_MAX, Look::Plain)]));
    }
    let mut items: Vec<Value> = it
        .items
        .iter()
        .map(|item| {
            let mut pieces = vec![shown(&item.name, brief::NAME_MAX, Look::Code)];
            if !item.note.is_empty() {
                pieces.push(shown(&format!(" {}", item.note), brief::TITLE_MAX, Look::Plain));
            }
            section(&pieces)
        })
        .collect();
    items.extend(it.more.iter().map(|it| section(&[shown(it, brief::SENTENCE_MAX, Look::Plain)])));
    if !items.is_empty() {
        parts.push(blocks::list(&items));
    }
    if !it.facts.is_empty() {
        parts.push(section(&lines(&it.facts)));
    }
    if !it.next.is_empty() {
        parts.push(section(&[fixed("Next:")]));
        parts.push(blocks::preformatted(&it.next));
    }
    parts.extend(blocks::links(&it.links));
    let mut all = vec![blocks::header(&it.title)];
    if !parts.is_empty() {
        all.push(blocks::rich_text(&parts));
    }
    all.push(blocks::context(&it.footer));
    all
}

/// One line each.
fn lines(lines: &[String]) -> Vec<Value> {
    let mut pieces = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        pieces.extend((at > 0).then(|| fixed("\n")));
        pieces.push(shown(line, brief::SENTENCE_MAX, Look::Plain));
    }
    pieces
}

/// Several notifications, each cause in a few lines.
fn digest(it: &Storm) -> Vec<Value> {
    let mut all = vec![blocks::header(&it.title)];
    for part in &it.parts {
        let mut pieces = Vec::new();
        let begin = |pieces: &mut Vec<Value>| {
            if !pieces.is_empty() {
                pieces.push(fixed("\n"));
            }
        };
        if let Some(title) = &part.title {
            pieces.push(shown(title, brief::TITLE_MAX, Look::Bold));
        }
        if !part.meaning.is_empty() {
            begin(&mut pieces);
            // Where it is the first line, it is what the eye is to fall on.
            let look = if part.title.is_some() { Look::Plain } else { Look::Bold };
            pieces.push(shown(&part.meaning, brief::TITLE_MAX, look));
        }
        for (at, name) in part.names.iter().enumerate() {
            match at {
                0 => begin(&mut pieces),
                _ => pieces.push(fixed(", ")),
            }
            pieces.push(shown(name, brief::NAME_MAX, Look::Code));
        }
        if let Some(more) = &part.more {
            pieces.push(shown(&format!(" {more}"), brief::SENTENCE_MAX, Look::Plain));
        }
        for fact in &part.facts {
            begin(&mut pieces);
            pieces.push(shown(fact, brief::TITLE_MAX, Look::Plain));
        }
        if !pieces.is_empty() {
            all.push(blocks::rich_text(&[section(&pieces)]));
        }
        all.push(blocks::context(&part.footer));
    }
    all.push(blocks::divider());
    let mut end = Vec::new();
    end.extend(it.rest.iter().map(|it| section(&[shown(it, brief::SENTENCE_MAX, Look::Plain)])));
    end.push(section(&[fixed("Next:")]));
    end.push(blocks::preformatted(&it.next));
    end.extend(blocks::links(&it.links));
    all.push(blocks::rich_text(&end));
    all
}

/// The text of lock screens, screen readers, and of a message that may have no blocks. Escaped, but
/// for what the route mentions.
fn text(message: &Message<'_>, mention: Option<&str>) -> String {
    let before = mention.map_or_else(String::new, |it| format!("{it}\n"));
    let room = TEXT_MAX - 1 - before.encode_utf16().count().min(TEXT_MAX / 2);
    let mut text = String::new();
    // Shorter until it fits, so that the last lines, what to do now, are not those that are cut off.
    for level in 0..brief::LEVELS {
        let content = Content::of(message, level);
        let pages = content.links().iter().map(brief::Link::line);
        let lines = content.lines().into_iter().chain(pages).filter(|it| !it.is_empty());
        let lines: Vec<String> = lines.map(|it| escape::line(&it, LINE_MAX)).collect();
        text = escape::slack(&lines.join("\n"), usize::MAX);
        if text.encode_utf16().count() <= room {
            return format!("{before}{text}");
        }
        text = escape::slack(&lines.join("\n"), room);
    }
    format!("{before}{text}")
}

/// A line of `text`: a link is longer than a sentence.
const LINE_MAX: usize = 400;

#[cfg(test)]
mod tests;
