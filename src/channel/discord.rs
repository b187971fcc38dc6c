//! Discord: one embed with a colour; above it, where a route mentions somebody, just that.
//!
//! Embeds never notify anybody, but they read Markdown, so each dynamic text is escaped. Discord is
//! told besides that nobody but the mentioned may be notified.

use serde_json::Value;
use serde_json::json;

use super::Message;
use super::brief;
use super::brief::Brief;
use super::brief::Content;
use super::brief::Storm;
use super::escape;
use super::escape::Dialect;

// Discord's limits, in UTF-16 units or more than that.
pub const CONTENT_MAX: usize = 2000;
pub const EMBED_TITLE_MAX: usize = 256;
pub const DESCRIPTION_MAX: usize = 4096;
pub const FOOTER_MAX: usize = 2048;
/// All texts of all embeds of a message together.
pub const EMBEDS_MAX: usize = 6000;

/// Names listed are shortened away until the description is shorter than this.
const BODY_MAX: usize = DESCRIPTION_MAX - 96;
/// A footer of ours.
const FOOTER_SHOWN: usize = 600;

/// The payload.
#[must_use]
pub fn body(message: &Message<'_>) -> Vec<u8> {
    payload(message).to_string().into_bytes()
}

fn payload(message: &Message<'_>) -> Value {
    let mention = brief::mention(message).unwrap_or_default();
    let mut payload = json!({ "allowed_mentions": allowed(&mention) });
    if message.minimal {
        // Names from databases must not become links; our own links must stay some.
        let room = CONTENT_MAX.saturating_sub(mention.encode_utf16().count() + 1);
        let text = brief::plainest(message, room, sentence);
        payload["content"] = format!("{mention}\n{text}").trim().into();
        return payload;
    }
    let mut content = Content::of(message, 0);
    let mut description = described(&content);
    for level in 1..brief::LEVELS {
        if description.encode_utf16().count() <= BODY_MAX {
            break;
        }
        content = Content::of(message, level);
        description = described(&content);
    }
    let mut embed = json!({
        "title": escape::markdown(content.title(), Dialect::Discord, EMBED_TITLE_MAX),
        "color": content.sign().colour(),
    });
    if !description.is_empty() {
        // The last resort is far below the limit; a cut would only be ugly.
        embed["description"] = escape::cut(&description, DESCRIPTION_MAX).into();
    }
    if let Some(link) = brief::main_link(message) {
        embed["url"] = link.into();
    }
    if let Content::One(it) = &content {
        // A footer reads no Markdown.
        embed["footer"] = json!({ "text": escape::line(&it.footer, FOOTER_SHOWN) });
    }
    if !mention.is_empty() {
        payload["content"] = mention.into();
    }
    payload["embeds"] = json!([embed]);
    payload
}

fn sentence(text: &str) -> String {
    let line = escape::line(text, brief::SENTENCE_MAX);
    escape::markdown(&line, Dialect::Discord, 2 * brief::SENTENCE_MAX)
}

fn described(content: &Content) -> String {
    let lines = match content {
        Content::Nothing => Vec::new(),
        Content::One(it) => one(it),
        Content::Many(it) => many(it),
    };
    let runbook = content.links().iter().filter(|it| it.label == "Runbook");
    let shown = runbook
        .map(|it| format!("[{}]({})", it.label, it.url.replace('(', "%28").replace(')', "%29")));
    lines.into_iter().chain(shown).collect::<Vec<_>>().join("\n")
}

fn one(it: &Brief) -> Vec<String> {
    let mut lines: Vec<String> = it.meaning.iter().map(|it| sentence(it)).collect();
    lines.extend(it.findings.iter().map(|it| sentence(it)));
    for item in &it.items {
        let name = escape::code(&item.name, Dialect::Discord, brief::SENTENCE_MAX);
        lines.push(format!("• {name} {}", sentence(&item.note)).trim_end().to_owned());
    }
    lines.extend(it.more.iter().map(|it| format!("• {it}")));
    lines.extend(it.facts.iter().map(|it| sentence(it)));
    lines.extend(next(&it.next));
    lines
}

fn many(it: &Storm) -> Vec<String> {
    let mut lines = Vec::new();
    for part in &it.parts {
        lines.extend(part.title.iter().map(|it| format!("• {}", sentence(it))));
        lines.extend(part.below().iter().map(|it| sentence(it)));
    }
    lines.extend(it.rest.iter().map(|it| sentence(it)));
    lines.extend(next(&it.next));
    lines
}

/// Commands, to be copied.
fn next(commands: &[String]) -> impl Iterator<Item = String> {
    commands
        .iter()
        .map(|it| format!("Next: {}", escape::code(it, Dialect::Discord, brief::SENTENCE_MAX)))
}

/// Who may be notified: those whom the mention names, by id; everybody only where it says so.
fn allowed(mention: &str) -> Value {
    let ids = |open: &str| -> Vec<String> {
        let found = mention.split(open).skip(1).filter_map(|it| it.split_once('>'));
        let ids = found.map(|(id, _)| id.trim_start_matches('!').to_owned());
        ids.filter(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
            .take(100)
            .collect()
    };
    let everybody = mention.split_whitespace().any(|it| it == "@here" || it == "@everyone");
    let parse: &[&str] = if everybody { &["everyone"] } else { &[] };
    json!({ "parse": parse, "users": ids("<@"), "roles": ids("<@&") })
}

#[cfg(test)]
mod tests;
