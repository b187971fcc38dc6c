//! Microsoft Teams: an adaptive card for a workflow that starts "when a Teams webhook request is
//! received".
//!
//! A `TextBlock` reads Markdown, a `TextRun` of a `RichTextBlock` reads nothing; so all that is not our
//! own goes into text runs. A card above some 28 KB is refused, so it is measured and shortened.

use serde_json::Value;
use serde_json::json;

use super::Message;
use super::brief;
use super::brief::Brief;
use super::brief::Content;
use super::brief::Link;
use super::brief::Storm;
use super::escape;
use super::words::Sign;

/// What a payload may weigh. Teams refuses 28 KB; its older connectors refused 21 KB.
pub const BODY_BYTES_MAX: usize = 20 * 1024;

/// The payload.
#[must_use]
pub fn body(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A card cannot do with less than its last resort, and that is far below the limit.
    let levels = if message.minimal { brief::LEVELS - 1..brief::LEVELS } else { 0..brief::LEVELS };
    for level in levels {
        bytes = payload(message, &Content::of(message, level)).to_string().into_bytes();
        if bytes.len() <= BODY_BYTES_MAX {
            break;
        }
    }
    bytes
}

fn payload(message: &Message<'_>, content: &Content) -> Value {
    let mut body = Vec::new();
    let mention = people(&brief::mentions(message));
    if let Some((text, _)) = &mention {
        body.push(json!({ "type": "TextBlock", "text": text, "wrap": true }));
    }
    body.push(json!({
        "type": "RichTextBlock",
        "inlines": [{
            "type": "TextRun", "text": filled(content.title()), "weight": "Bolder", "size": "Medium",
            "color": colour(content.sign()),
        }],
    }));
    if !message.minimal {
        match content {
            Content::Nothing => {}
            Content::One(it) => body.extend(one(it)),
            Content::Many(it) => body.extend(many(it)),
        }
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "fallbackText": escape::line(content.title(), brief::TITLE_MAX),
    });
    let mut settings = json!({ "width": "Full" });
    if let Some((_, entities)) = mention.filter(|(_, entities)| !entities.is_empty()) {
        settings["entities"] = entities.into();
    }
    card["msteams"] = settings;
    let actions: Vec<Value> = content.links().iter().map(action).collect();
    if !actions.is_empty() {
        card["actions"] = actions.into();
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

fn one(it: &Brief) -> Vec<Value> {
    let mut body = Vec::new();
    for (at, sentence) in it.meaning.iter().enumerate() {
        body.push(runs(&[run(sentence, if at == 0 { "Bolder" } else { "Default" })]));
    }
    body.extend(it.findings.iter().map(|it| runs(&[run(it, "Default")])));
    for item in &it.items {
        let mut pieces = vec![run("• ", "Default"), mono(&item.name)];
        if !item.note.is_empty() {
            pieces.push(run(&format!(" {}", item.note), "Default"));
        }
        body.push(runs(&pieces));
    }
    body.extend(it.more.iter().map(|it| runs(&[run(&format!("• {it}"), "Default")])));
    body.extend(it.facts.iter().map(|it| runs(&[run(it, "Default")])));
    body.extend(next(&it.next));
    body.push(small(&it.footer));
    body
}

fn many(it: &Storm) -> Vec<Value> {
    let mut body = Vec::new();
    for part in &it.parts {
        body.extend(part.title.iter().map(|it| runs(&[run(it, "Bolder")])));
        let row = part.row();
        let lines = [&part.meaning, &row].into_iter().chain(&part.facts);
        body.extend(lines.filter(|it| !it.is_empty()).map(|it| runs(&[run(it, "Default")])));
        body.push(small(&part.footer));
    }
    body.extend(it.rest.iter().map(|it| runs(&[run(it, "Default")])));
    body.extend(next(&it.next));
    body
}

/// Commands, to be copied.
fn next(commands: &[String]) -> impl Iterator<Item = Value> {
    commands.iter().map(|it| runs(&[run("Next: ", "Bolder"), mono(it)]))
}

/// Teams refuses an empty run.
fn filled(text: &str) -> String {
    let line = escape::line(text, brief::SENTENCE_MAX);
    if line.is_empty() { "-".to_owned() } else { line }
}

fn runs(pieces: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": pieces, "spacing": "Small" })
}

fn run(text: &str, weight: &str) -> Value {
    json!({ "type": "TextRun", "text": filled(text), "weight": weight })
}

fn mono(text: &str) -> Value {
    json!({ "type": "TextRun", "text": filled(text), "fontType": "Monospace" })
}

fn small(text: &str) -> Value {
    let run = json!({
        "type": "TextRun", "text": filled(text), "size": "Small", "isSubtle": true,
    });
    runs(&[run])
}

fn action(it: &Link) -> Value {
    json!({ "type": "Action.OpenUrl", "title": it.label, "url": it.url })
}

/// Teams' own words for colours.
fn colour(sign: Sign) -> &'static str {
    match sign {
        Sign::Critical => "Attention",
        Sign::Warning => "Warning",
        Sign::Unknown => "Default",
        Sign::Info | Sign::Test => "Accent",
        Sign::Resolved => "Good",
    }
}

/// Routes' mentions for Teams: `Jane Doe <jane@example.com>`, several with commas. Each needs an entity
/// beside its text; what has no address is text. What is in another receiver's syntax (`<!here>`,
/// `<@42>`, `@here`) is left out: an entity without a person makes the whole card fail.
fn people(mentions: &[&str]) -> Option<(String, Vec<Value>)> {
    let mut entities = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for one in mentions.iter().flat_map(|it| it.split(',')).map(str::trim) {
        if let Some((name, id)) = person(one) {
            let text = format!("<at>{name}</at>");
            entities.push(json!({
                "type": "mention", "text": text,
                "mentioned": { "id": id, "name": name },
            }));
            texts.push(text);
        } else if !one.is_empty() && !one.starts_with('@') && !one.contains(['<', '>']) {
            texts.push(one.to_owned());
        }
    }
    (!texts.is_empty()).then(|| (texts.join(", "), entities))
}

/// A name and an address, or the id of an account.
fn person(text: &str) -> Option<(&str, &str)> {
    let (name, id) = text.strip_suffix('>')?.split_once('<')?;
    let (name, id) = (name.trim(), id.trim());
    let is_address = id.split_once('@').is_some_and(|(before, _)| !before.is_empty());
    let is_plain = !id.contains(['<', '>', ' ']) && !name.contains(['<', '>']);
    let is_known = is_address || uuid::Uuid::parse_str(id).is_ok();
    (!name.is_empty() && is_plain && is_known).then_some((name, id))
}

#[cfg(test)]
mod tests;
