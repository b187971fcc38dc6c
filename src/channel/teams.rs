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
    let mention = brief::mention(message).map(|it| people(&it));
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

/// A route's mention for Teams: `Jane Doe <jane@example.com>`, several with commas. Each needs an entity
/// beside its text; what has no address is text.
fn people(mention: &str) -> (String, Vec<Value>) {
    let mut entities = Vec::new();
    let texts: Vec<String> = mention
        .split(',')
        .map(|one| {
            let one = one.trim();
            let Some((name, id)) = one.strip_suffix('>').and_then(|it| it.split_once('<')) else {
                return one.to_owned();
            };
            let text = format!("<at>{}</at>", name.trim());
            entities.push(json!({
                "type": "mention", "text": text,
                "mentioned": { "id": id.trim(), "name": name.trim() },
            }));
            text
        })
        .collect();
    (texts.join(", "), entities)
}

#[cfg(test)]
mod tests;
