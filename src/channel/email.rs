//! Mail: a letter in plain text and in simple HTML, made by [`letter`] and carried by [`smtp`].
//!
//! The crate encodes headers, so that no name in a subject can begin another header; the HTML is
//! escaped, has no script, no image and no style from elsewhere. The `Message-ID` is made of the
//! delivery's id: a mail that came twice can be told by it. Mails of one incident refer to a message
//! that was never sent and is named after it, so mail programs show them as one conversation.

mod shares;
mod smtp;

use std::time::SystemTime;

use lettre::Message as Letter;
use lettre::message::Mailbox;
use lettre::message::MultiPart;
use lettre::message::header::Header;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;

use super::ChannelError;
use super::Message;
use super::brief;
use super::brief::Brief;
use super::brief::Content;
use super::brief::Storm;
use super::escape;
use crate::config::Email;

pub(super) use shares::Shares;
pub(super) use smtp::Carrier;

/// A subject is never longer.
pub const SUBJECT_MAX: usize = 200;

/// Nobody reads a longer mail, and some servers take none above a few hundred kilobytes.
pub const BODY_CHARS_MAX: usize = 60_000;

/// That no machine answers it, by RFC 3834.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The letter for `message`.
pub(super) fn letter(
    channel: &str,
    email: &Email,
    message: &Message<'_>,
) -> Result<Letter, ChannelError> {
    let mailbox = |text: &str| {
        text.parse::<Mailbox>().map_err(|_| ChannelError::Address { channel: channel.to_owned() })
    };
    let from = mailbox(&email.from)?;
    let domain = from.email.domain().to_owned();
    let content = Content::of(message, 0);
    let mut builder = Letter::builder()
        .from(from)
        .subject(escape::line(content.title(), SUBJECT_MAX))
        .message_id(Some(format!("<{}@{domain}>", message.id)))
        .date(SystemTime::from(message.now))
        .header(AutoSubmitted);
    for to in &email.to {
        builder = builder.to(mailbox(to)?);
    }
    if let Some(root) = root(message) {
        let root = format!("<{root}.incident.schemawarden@{domain}>");
        builder = builder.in_reply_to(root.clone()).references(root);
    }
    let plain = escape::cut(&plain(message, &content), BODY_CHARS_MAX);
    let built = if message.minimal {
        builder.body(plain)
    } else {
        builder.multipart(MultiPart::alternative_plain_html(plain, html(message, &content)))
    };
    built.map_err(|_| ChannelError::Address { channel: channel.to_owned() })
}

/// What the conversation is named after. Its characters are those that such an id may have.
fn root(message: &Message<'_>) -> Option<String> {
    let incident = match message.notifications {
        [one] => one.incident.as_deref(),
        _ => None,
    };
    let key = message.thread.map(|it| it.key.as_str()).or(incident)?;
    let plain: String = key
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
        .take(64)
        .collect();
    (!plain.is_empty()).then_some(plain)
}

fn plain(message: &Message<'_>, content: &Content) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(brief::mention(message));
    lines.push(content.title().to_owned());
    lines.push(String::new());
    match content {
        Content::Nothing => {}
        Content::One(it) => one(it, &mut lines),
        Content::Many(it) => many(it, &mut lines),
    }
    lines.extend(content.links().iter().map(|it| format!("{}: {}", it.label, it.url)));
    let lines: Vec<&str> = lines.iter().map(|it| it.trim_end()).collect();
    format!("{}\n", lines.join("\n"))
}

fn one(it: &Brief, lines: &mut Vec<String>) {
    let paragraph = |some: Vec<String>, lines: &mut Vec<String>| {
        if !some.is_empty() {
            lines.extend(some);
            lines.push(String::new());
        }
    };
    paragraph(it.meaning.clone(), lines);
    let items = it.items.iter().map(|it| format!("  - {} {}", it.name, it.note));
    let more = it.more.iter().map(|it| format!("  - {it}"));
    paragraph(it.findings.iter().cloned().chain(items).chain(more).collect(), lines);
    paragraph(it.facts.clone(), lines);
    if !it.next.is_empty() {
        lines.push("Next:".to_owned());
        paragraph(it.next.iter().map(|it| format!("    {it}")).collect(), lines);
    }
    lines.push(it.footer.clone());
}

fn many(it: &Storm, lines: &mut Vec<String>) {
    for part in &it.parts {
        lines.extend(part.title.clone());
        let indent = if part.title.is_some() { "    " } else { "" };
        lines.extend(part.below().iter().map(|it| format!("{indent}{it}")));
        lines.push(String::new());
    }
    if let Some(rest) = &it.rest {
        lines.extend([rest.clone(), String::new()]);
    }
    lines.push("Next:".to_owned());
    lines.extend(it.next.iter().map(|it| format!("    {it}")));
    lines.push(String::new());
}

/// The same as HTML. Every text goes through [`escape::html`].
fn html(message: &Message<'_>, content: &Content) -> String {
    let mut out = String::from("<!doctype html><html><body>");
    let mut tag = |open: &str, text: &str, close: &str| {
        out.push_str(open);
        out.push_str(&escape::html(text));
        out.push_str(close);
        out.push('\n');
    };
    if let Some(mention) = brief::mention(message) {
        tag("<p>", &mention, "</p>");
    }
    let colour = format!("<h2 style=\"color:#{:06x}\">", content.sign().colour());
    tag(&colour, content.title(), "</h2>");
    match content {
        Content::Nothing => {}
        Content::One(it) => {
            it.meaning.iter().for_each(|it| tag("<p><b>", it, "</b></p>"));
            it.findings.iter().for_each(|it| tag("<p>", it, "</p>"));
            if !it.items.is_empty() || it.more.is_some() {
                tag("<ul>", "", "");
                for item in &it.items {
                    tag("<li><code>", &item.name, "</code> ");
                    tag("", &item.note, "</li>");
                }
                it.more.iter().for_each(|it| tag("<li>", it, "</li>"));
                tag("</ul>", "", "");
            }
            it.facts.iter().for_each(|it| tag("<p>", it, "</p>"));
            it.next.iter().for_each(|it| tag("<p>Next: <code>", it, "</code></p>"));
            tag("<p><small>", &it.footer, "</small></p>");
        }
        Content::Many(it) => {
            for part in &it.parts {
                let title = part.title.as_deref().unwrap_or_default();
                tag("<p><b>", title, if title.is_empty() { "</b>" } else { "</b><br>" });
                let lines =
                    [part.meaning.clone(), part.row()].into_iter().chain(part.facts.clone());
                lines.filter(|it| !it.is_empty()).for_each(|it| tag("", &it, "<br>"));
                tag("<small>", &part.footer, "</small></p>");
            }
            it.rest.iter().for_each(|it| tag("<p>", it, "</p>"));
            it.next.iter().for_each(|it| tag("<p>Next: <code>", it, "</code></p>"));
        }
    }
    for link in content.links() {
        let open = format!("<p><a href=\"{}\">", escape::html(&link.url));
        tag(&open, link.label, "</a></p>");
    }
    out.push_str("</body></html>\n");
    out
}

#[cfg(test)]
mod tests;
