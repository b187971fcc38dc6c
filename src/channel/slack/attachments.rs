//! The older shape of a Slack message, which Mattermost and Rocket.Chat render too: one attachment
//! with a colour, and its text in Markdown.
//!
//! Those two read Markdown everywhere, Slack reads its own angle brackets, so each dynamic text goes
//! through [`escape::markdown`], which makes both inert.

use serde_json::Value;
use serde_json::json;

use crate::channel::Message;
use crate::channel::brief;
use crate::channel::brief::Brief;
use crate::channel::brief::Content;
use crate::channel::brief::Storm;
use crate::channel::escape;
use crate::channel::escape::Dialect;

/// The text of one attachment: Mattermost has refused longer ones than 7,900.
pub(super) const ATTACHMENT_TEXT_MAX: usize = 7000;
/// Slack shows the first line or two of a title; Alertmanager cuts at 1,024.
const TITLE_MAX: usize = 400;
const FOOTER_MAX: usize = 500;

/// The payload. Minimal: one text.
pub(super) fn render(message: &Message<'_>) -> Value {
    let mention = brief::mention(message).unwrap_or_default();
    if message.minimal {
        // Names from databases must not become links; our own links must stay some.
        let text = brief::plainest(message, super::TEXT_MAX - 400, sentence);
        let text = format!("{mention}\n{text}");
        return json!({ "text": text.trim() });
    }
    let mut content = Content::of(message, 0);
    let mut text = body(&content);
    for level in 1..brief::LEVELS {
        if text.encode_utf16().count() <= ATTACHMENT_TEXT_MAX {
            break;
        }
        content = Content::of(message, level);
        text = body(&content);
    }
    let mut attachment = json!({
        "fallback": escape::slack(&escape::inert(content.title(), TITLE_MAX), TITLE_MAX),
        "color": format!("#{:06x}", content.sign().colour()),
        "text": text,
        "mrkdwn_in": ["text"],
    });
    if let Some(link) = brief::main_link(message) {
        attachment["title"] = "Details".into();
        attachment["title_link"] = link.into();
    }
    if let Content::One(it) = &content {
        attachment["footer"] = escape::markdown(&it.footer, Dialect::SlackLike, FOOTER_MAX).into();
    }
    // What lock screens and screen readers show; the headline stands here and not in the attachment.
    let title = escape::markdown(content.title(), Dialect::SlackLike, TITLE_MAX);
    let text = format!("{mention} {title}");
    json!({ "text": text.trim(), "link_names": false, "attachments": [attachment] })
}

fn sentence(text: &str) -> String {
    escape::markdown(
        &escape::line(text, brief::SENTENCE_MAX),
        Dialect::SlackLike,
        2 * brief::SENTENCE_MAX,
    )
}

fn body(content: &Content) -> String {
    let lines = match content {
        Content::Nothing => Vec::new(),
        Content::One(it) => one(it),
        Content::Many(it) => many(it),
    };
    let runbook = content.links().iter().filter(|it| it.label == "Runbook");
    let shown: Vec<String> =
        runbook.map(|it| format!("[{}]({})", it.label, target(&it.url))).collect();
    lines.into_iter().chain(shown).collect::<Vec<_>>().join("\n")
}

/// A URL inside the brackets of a Markdown link: percent-encoded by the URL parser but for these.
fn target(url: &str) -> String {
    url.replace('(', "%28").replace(')', "%29").replace('<', "%3C").replace('&', "&amp;")
}

fn one(it: &Brief) -> Vec<String> {
    let mut lines: Vec<String> = it.meaning.iter().map(|it| sentence(it)).collect();
    lines.extend(it.findings.iter().map(|it| sentence(it)));
    for item in &it.items {
        lines.push(
            format!("• {} {}", sentence(&item.name), sentence(&item.note)).trim_end().to_owned(),
        );
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
        .map(|it| format!("Next: {}", escape::code(it, Dialect::SlackLike, brief::SENTENCE_MAX)))
}
