//! Slack's blocks, each within its limits by construction.
//!
//! Text comes in by two doors: [`fixed`] takes our own words, [`shown`] takes anything else. What comes
//! by either ends in a `plain_text` object or a rich text `text` element, which Slack does not parse:
//! no mention, no link, no markup. The one function that makes `mrkdwn` is [`mention`], and it takes
//! what the configuration says and nothing else.

use serde_json::Value;
use serde_json::json;

use crate::channel::brief::Link;
use crate::channel::escape;

/// A header's text.
pub(super) const HEADER_MAX: usize = 150;

/// Blocks in one message.
pub(super) const BLOCKS_MAX: usize = 50;

/// One piece of dynamic text; Slack's own limit for a text object is 3,000.
const PIECE_MAX: usize = 500;

/// How a piece of text looks.
#[derive(Clone, Copy)]
pub(super) enum Look {
    Plain,
    Bold,
    Code,
}

pub(super) fn header(text: &str) -> Value {
    json!({ "type": "header", "text": plain_text(text, HEADER_MAX) })
}

/// The small grey line below.
pub(super) fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [plain_text(text, PIECE_MAX)] })
}

/// Whom to call, as the route spells it.
pub(super) fn mention(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

/// Links, one after the other; nothing where there are none.
pub(super) fn links(links: &[Link]) -> Option<Value> {
    let mut pieces = Vec::new();
    for (at, it) in links.iter().enumerate() {
        pieces.extend((at > 0).then(|| fixed(" · ")));
        pieces.push(json!({ "type": "link", "url": it.url, "text": it.label }));
    }
    (!pieces.is_empty()).then(|| section(&pieces))
}

pub(super) fn divider() -> Value {
    json!({ "type": "divider" })
}

/// A block of sections, lists and preformatted parts.
pub(super) fn rich_text(elements: &[Value]) -> Value {
    json!({ "type": "rich_text", "elements": elements })
}

pub(super) fn section(pieces: &[Value]) -> Value {
    json!({ "type": "rich_text_section", "elements": pieces })
}

/// A bulleted list, one section an item.
pub(super) fn list(items: &[Value]) -> Value {
    json!({ "type": "rich_text_list", "style": "bullet", "elements": items })
}

/// What a person would copy, one line each.
pub(super) fn preformatted(lines: &[String]) -> Value {
    let lines: Vec<String> = lines.iter().map(|it| escape::line(it, PIECE_MAX)).collect();
    json!({ "type": "rich_text_preformatted", "elements": [text(&lines.join("\n"), Look::Plain)] })
}

/// Our own words.
pub(super) fn fixed(words: &'static str) -> Value {
    text(words, Look::Plain)
}

/// Words from outside, or made with them: one line that cannot act, at most `max` long.
pub(super) fn shown(words: &str, max: usize, look: Look) -> Value {
    text(&escape::line(words, max.min(PIECE_MAX)), look)
}

/// Slack refuses a message with an empty text anywhere in it.
fn filled(words: &str) -> &str {
    if words.is_empty() { "-" } else { words }
}

fn text(words: &str, look: Look) -> Value {
    let words = filled(words);
    match look {
        Look::Plain => json!({ "type": "text", "text": words }),
        Look::Bold => json!({ "type": "text", "text": words, "style": { "bold": true } }),
        Look::Code => json!({ "type": "text", "text": words, "style": { "code": true } }),
    }
}

fn plain_text(words: &str, max: usize) -> Value {
    let words = escape::line(words, max);
    // `emoji: false`: a table named `:fire:` stays a table named `:fire:`.
    json!({ "type": "plain_text", "text": filled(&words), "emoji": false })
}
